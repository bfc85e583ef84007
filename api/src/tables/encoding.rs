//! The encodings of text files: UTF-8 with or without its mark, UTF-16 with its mark, GB18030. What is
//! none of them is refused; nothing is replaced and nothing is guessed in silence.

use encoding_rs::{Encoding, GB18030, UTF_16BE, UTF_16LE};
use luqu_engine::domain::FaultCode;

/// Why bytes are not the text of a table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct NotText {
    pub(super) code: FaultCode,
    pub(super) expected: &'static str,
    pub(super) help: &'static str,
}

const OLE: &[u8] = &[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];

/// Whether the bytes begin an OLE container: an `.xls` workbook, or an encrypted `.xlsx`.
pub(super) fn is_ole(bytes: &[u8]) -> bool {
    bytes.starts_with(OLE)
}

/// The text of the bytes. Borrows nothing and copies nothing where the bytes are UTF-8.
pub(super) fn decode(mut bytes: Vec<u8>) -> Result<String, NotText> {
    if is_ole(&bytes) {
        return Err(NotText {
            code: FaultCode::UnsupportedFile,
            expected: "CSV 文本",
            help: "这是 .xls 工作簿：请在 Excel 中另存为 .xlsx",
        });
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return Err(NotText {
            code: FaultCode::UnreadableFile,
            expected: "CSV 文本",
            help: "这是 .xlsx 工作簿：请把扩展名改为 .xlsx",
        });
    }
    if bytes.starts_with(&[0xFF, 0xFE]) {
        return whole(UTF_16LE, &bytes[2..]);
    }
    if bytes.starts_with(&[0xFE, 0xFF]) {
        return whole(UTF_16BE, &bytes[2..]);
    }
    let marked = bytes.starts_with(&[0xEF, 0xBB, 0xBF]);
    if marked {
        bytes.drain(..3);
    }
    if bytes.contains(&0) {
        return Err(BINARY);
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) if marked || is_damaged_utf8(error.as_bytes()) => Err(BAD),
        Err(error) => whole(GB18030, error.as_bytes()),
    }
}

const BINARY: NotText = NotText {
    code: FaultCode::UnreadableFile,
    expected: "CSV 文本，不含二进制内容",
    help: "请重新另存为“CSV UTF-8（逗号分隔）”",
};

const BAD: NotText = NotText {
    code: FaultCode::BadEncoding,
    expected: "UTF-8、GB18030 或带 BOM 的 UTF-16 文本",
    help: "请重新另存为“CSV UTF-8（逗号分隔）”",
};

fn whole(encoding: &'static Encoding, bytes: &[u8]) -> Result<String, NotText> {
    let text = encoding
        .decode_without_bom_handling_and_without_replacement(bytes)
        .ok_or(BAD)?
        .into_owned();
    if text.contains('\0') { Err(BINARY) } else { Ok(text) }
}

/// Whether the bytes are UTF-8 with a few broken places rather than GB18030: three-byte characters that
/// are whole outnumber the broken places ten to one. In GB18030 text such sequences are rare accidents.
fn is_damaged_utf8(bytes: &[u8]) -> bool {
    let (mut whole, mut broken) = (0usize, 0usize);
    for chunk in bytes.utf8_chunks() {
        whole += chunk.valid().chars().filter(|c| c.len_utf8() == 3).count();
        broken += usize::from(!chunk.invalid().is_empty());
    }
    whole > broken.saturating_mul(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "报名号,姓名\nA001,欧阳小明，綦江区第一中学\n";

    #[test]
    fn every_encoding_gives_the_same_text() {
        let utf16 = |be: bool| -> Vec<u8> {
            let units = std::iter::once(0xFEFF).chain(TEXT.encode_utf16());
            units.flat_map(|u| if be { u.to_be_bytes() } else { u.to_le_bytes() }).collect()
        };
        let gb = GB18030.encode(TEXT).0.into_owned();
        let marked = [&[0xEF, 0xBB, 0xBF], TEXT.as_bytes()].concat();
        for bytes in [TEXT.as_bytes().to_vec(), marked, gb, utf16(true), utf16(false)] {
            assert_eq!(decode(bytes).as_deref(), Ok(TEXT));
        }
    }

    #[test]
    fn what_is_no_text_is_refused() {
        let code = |bytes: &[u8]| decode(bytes.to_vec()).map_err(|e| e.code);
        assert_eq!(code(b"a,b\0c"), Err(FaultCode::UnreadableFile));
        assert_eq!(code(b"PK\x03\x04rest"), Err(FaultCode::UnreadableFile));
        assert_eq!(code(OLE), Err(FaultCode::UnsupportedFile));
        assert_eq!(code(b"\xff\xfea\0\0\xd8a\0"), Err(FaultCode::BadEncoding), "half a surrogate");
        assert_eq!(code(b"name\n\xff\xff\xff\n"), Err(FaultCode::BadEncoding));
        let mut damaged = TEXT.as_bytes().to_vec();
        damaged[40] = 0xFF;
        assert_eq!(code(&damaged), Err(FaultCode::BadEncoding), "UTF-8 with one broken character");
    }
}
