//! What must stay absent, as ARCHITECTURE.md promises.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry").path()) {
        if entry.is_dir() {
            sources(&entry, found);
        } else if entry.extension().is_some_and(|e| e == "rs") {
            found.push(entry);
        }
    }
}

#[test]
fn verify_rules_and_audit_never_import_placement() {
    let engine = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut judges = vec![engine.join("audit.rs")];
    sources(&engine.join("verify"), &mut judges);
    sources(&engine.join("rules"), &mut judges);
    assert!(judges.len() > 20, "{judges:?}");
    for file in judges {
        let text = fs::read_to_string(&file).expect("a source");
        let imports = text.contains("crate::placement") || text.contains("super::placement");
        assert!(!imports, "{} imports placement", file.display());
    }
}

#[test]
fn the_engine_depends_on_nothing_that_touches_the_world() {
    const ALLOWED: [&str; 13] = [
        "compact_str",
        "good_lp",
        "hex",
        "highs",
        "hmac",
        "microlp",
        "rayon",
        "rustc-hash",
        "serde",
        "serde_json",
        "sha2",
        "thiserror",
        "toml",
    ];
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let text = fs::read_to_string(manifest).expect("a manifest");
    let (_, rest) = text.split_once("[dependencies]\n").expect("a list of dependencies");
    let names = rest.lines().take_while(|l| !l.starts_with('[')).filter(|l| !l.trim().is_empty());
    for name in names.map(|l| l.split(['.', ' ', '=']).next().unwrap_or_default()) {
        assert!(ALLOWED.contains(&name), "the engine is not to depend on {name}");
    }
}
