//! V17 Tampered (数据篡改): what was sealed is what is there.
//!
//! Policy: item 18, 「加强普通高中招生录取系统和学籍系统数据对接」.

use super::violation::Blocks;
use super::{Case, Code, Violation};

/// Lists the sealed inputs, plans and results whose digest is another now, or which are gone. While one
/// stands nobody is cleared, since nothing else can be relied on.
pub fn check(case: &Case<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for seal in case.inputs.sealed.iter().filter(|seal| !seal.holds()) {
        let now = seal.found.as_deref().unwrap_or("缺失");
        let sentence =
            format!("{} 与封存时不同：现摘要 {now}，封存摘要 {}", seal.what, seal.sealed);
        let v = Violation::of_school(Code::V17, "", now, &seal.sealed, sentence);
        found.push(Violation { blocks: Blocks::Everyone, ..v });
    }
    found
}
