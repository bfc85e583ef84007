//! `luqu policy list`, `check` and `explain`.

use std::process::{Command, Output};

fn luqu(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_luqu"));
    command.arg("policy").args(args).env("NO_COLOR", "1").output().expect("runs")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

#[test]
fn list_names_the_shipped_policies() {
    let output = luqu(&["list"]);
    assert_eq!(output.status.code(), Some(0));
    let text = stdout(&output);
    assert_eq!(text.lines().count(), 7, "{text}");
    assert!(text.starts_with("qijiang-2026"), "{text}");
    let json: serde_json::Value =
        serde_json::from_str(&stdout(&luqu(&["list", "--json"]))).expect("JSON");
    assert_eq!(json[0]["district"], "綦江区");
}

#[test]
fn explain_says_the_rules_and_the_properties_in_both_languages() {
    let zh = stdout(&luqu(&["explain", "harbin"]));
    assert!(zh.starts_with("哈尔滨市 2026 年招生政策"), "{zh}");
    assert!(zh.contains("性质：整个招生季") && zh.contains("不成立"), "{zh}");
    assert!(zh.contains("待定或待核"), "{zh}");
    let en = stdout(&luqu(&["explain", "harbin", "--lang", "en"]));
    assert!(en.contains("Properties of the whole season") && en.contains("broken"), "{en}");
    let json: serde_json::Value =
        serde_json::from_str(&stdout(&luqu(&["explain", "harbin", "--json"]))).expect("JSON");
    assert_eq!(json["properties"].as_array().map(Vec::len), Some(6));
    assert_eq!(json["properties"][3]["answer"], "broken");
    assert!(json["policy"]["batches"][0]["heading"]["zh"].is_string());
}

#[test]
fn check_lists_every_refusal_with_its_line() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("policy.toml");
    let path = file.to_str().expect("UTF-8");
    let good = "[season]\nid = \"t\"\ndistrict = \"綦江区\"\nyear = 2026\nseed = \"s\"\n\
                [[batches]]\nid = \"b\"\nname = \"第一批\"\npriority = [\"total\", \"lottery\"]\n\
                [categories.unified]\nname = \"统招\"\n";
    std::fs::write(&file, good).expect("written");
    let output = luqu(&["check", path]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let odd = good.to_owned()
        + "[categories.sport]\nname = \"体育\"\ncomposite = { academic_pct = 60, special_pct = 30 }\n";
    std::fs::write(&file, odd).expect("written");
    let output = luqu(&["check", path]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stderr(&output).contains("warning[W515]"), "{}", stderr(&output));
    let json = stdout(&luqu(&["check", path, "--json"]));
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((&json["ok"], &json["warnings"][0]["code"]), (&true.into(), &"W515".into()));
    let bad = good
        .replace(", \"lottery\"", "")
        .replace("name = \"统招\"", "name = \"统招\"\nreturns_to = \"x\"");
    std::fs::write(&file, bad).expect("written");
    let output = luqu(&["check", path]);
    assert_eq!(output.status.code(), Some(3));
    let text = stderr(&output);
    assert!(text.contains("policy.toml:9   batches[0].priority"), "{text}");
    assert!(text.contains("policy.toml:12   categories.unified.returns_to"), "{text}");
    assert!(text.contains("例：一中 1 个名额") && text.contains("共 2 处不成立"), "{text}");
    assert_eq!(stdout(&output), "");
    let json = luqu(&["check", path, "--json"]);
    assert_eq!(json.status.code(), Some(3));
    let json: serde_json::Value = serde_json::from_str(&stdout(&json)).expect("JSON");
    assert_eq!(json["refusals"][0]["kind"], "no_last_key");
    let explain = luqu(&["explain", path]);
    assert_eq!((explain.status.code(), stdout(&explain).as_str()), (Some(3), ""));
}

#[test]
fn a_policy_that_is_nowhere_is_a_failure_that_names_the_shipped_ones() {
    let output = luqu(&["explain", "atlantis"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("qijiang-2026、"), "{}", stderr(&output));
}
