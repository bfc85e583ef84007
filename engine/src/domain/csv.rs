//! CSV for machines: UTF-8 without BOM, LF, fields quoted where they must be.

/// A table in the making: a header, then fields row by row.
pub(crate) struct Csv {
    text: String,
    fresh: bool,
}

impl Csv {
    pub(crate) fn new(header: &str) -> Self {
        Self { text: format!("{header}\n"), fresh: true }
    }

    pub(crate) fn field(&mut self, text: &str) {
        if !self.fresh {
            self.text.push(',');
        }
        self.fresh = false;
        if text.bytes().any(|b| matches!(b, b',' | b'"' | b'\n' | b'\r')) {
            self.text.push('"');
            self.text.push_str(&text.replace('"', "\"\""));
            self.text.push('"');
        } else {
            self.text.push_str(text);
        }
    }

    pub(crate) fn option(&mut self, value: Option<impl ToString>) {
        self.field(&value.map(|v| v.to_string()).unwrap_or_default());
    }

    pub(crate) fn end(&mut self) {
        self.text.push('\n');
        self.fresh = true;
    }

    pub(crate) fn bytes(self) -> Vec<u8> {
        self.text.into_bytes()
    }
}
