//! `violations.csv` (SPEC §10): UTF-8 without BOM, LF, one row per violation.

use luqu_engine::rules::{Violation, severity_key};

use super::defused;

const HEADER: &str =
    "code,severity,school_id,applicant_id,batch,category,found,allowed,item,detail\n";

/// The bytes of `violations.csv`, in the order given. A cell that begins like a formula gets an
/// apostrophe in front.
pub fn violations_csv(violations: &[Violation]) -> Vec<u8> {
    let mut out = String::with_capacity(200 * violations.len() + HEADER.len());
    out.push_str(HEADER);
    for v in violations {
        let cells: [&str; 10] = [
            v.code.key(),
            severity_key(v.severity),
            &v.school,
            &v.applicant,
            &v.batch,
            &v.category,
            &v.found,
            &v.allowed,
            &v.item,
            &v.detail,
        ];
        for (at, cell) in cells.into_iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            field(&mut out, &defused(cell));
        }
        out.push('\n');
    }
    out.into_bytes()
}

fn field(out: &mut String, text: &str) {
    if text.contains([',', '"', '\n', '\r']) {
        out.push('"');
        out.push_str(&text.replace('"', "\"\""));
        out.push('"');
    } else {
        out.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_formulas_defused() {
        let mut out = String::new();
        for text in ["a", "a,b", "say \"no\"", "=1+1", "-5", "@x", "5-1"] {
            field(&mut out, &defused(text));
            out.push(';');
        }
        assert_eq!(out, "a;\"a,b\";\"say \"\"no\"\"\";'=1+1;'-5;'@x;5-1;");
    }
}
