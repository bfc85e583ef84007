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
        // However it is written: `crate::placement`, `crate::{domain, placement}`, `super::super::placement`.
        let code = text.lines().filter(|l| !l.trim_start().starts_with("//"));
        let named = code.flat_map(|l| l.split(|c: char| !c.is_alphanumeric() && c != '_'));
        let imports = named.into_iter().any(|word| word == "placement");
        assert!(!imports, "{} names placement", file.display());
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
    let manifest: toml::Table = text.parse().expect("TOML");
    let mut lists = vec![&manifest];
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    lists.extend(targets.into_iter().flatten().filter_map(|(_, of)| of.as_table()));
    let mut named = 0;
    for list in lists {
        for kind in ["dependencies", "build-dependencies"] {
            let list = list.get(kind).and_then(toml::Value::as_table);
            for (name, _) in list.into_iter().flatten() {
                named += 1;
                assert!(ALLOWED.contains(&name.as_str()), "the engine is not to depend on {name}");
            }
        }
    }
    assert!(named > 5, "the list of dependencies was found");
}

#[test]
fn sql_stands_in_the_store_alone() {
    let api = Path::new(env!("CARGO_MANIFEST_DIR")).join("../api/src");
    let mut all = Vec::new();
    sources(&api, &mut all);
    let others = all.iter().filter(|f| !f.starts_with(api.join("store")));
    let mut read = 0;
    for file in others {
        let text = fs::read_to_string(file).expect("a source");
        let code: String = text
            .lines()
            .filter(|l| !l.trim_start().starts_with("//"))
            .collect::<Vec<_>>()
            .join("\n");
        for sign in [
            "Statement::from",
            "execute_unprepared",
            "EntityTrait",
            "entities::",
            "\"SELECT ",
            "\"UPDATE ",
            "\"INSERT ",
        ] {
            assert!(!code.contains(sign), "{} has SQL: {sign}", file.display());
        }
        read += 1;
    }
    assert!(read > 100, "{read}");
}
