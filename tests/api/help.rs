//! Help and usage errors of every command are in one language, and say something about everything.

use std::process::Command;

fn help(of: &[&str]) -> String {
    let run = Command::new(env!("CARGO_BIN_EXE_luqu")).args(of).arg("--help").output();
    String::from_utf8(run.expect("the program runs").stdout).expect("UTF-8")
}

/// The subcommands that a page of help lists.
fn commands(page: &str) -> Vec<String> {
    let list = page.lines().skip_while(|l| *l != "命令:").skip(1);
    let names = list.take_while(|l| !l.is_empty()).filter_map(|l| l.split_whitespace().next());
    names.filter(|n| *n != "help").map(str::to_owned).collect()
}

#[test]
fn all_help_is_in_chinese() {
    let english = [
        "Usage:",
        "Options:",
        "Arguments:",
        "Commands:",
        "Print ",
        "[default",
        "[possible",
        "[env",
    ];
    let chinese = |line: &str| line.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    let mut wrong = Vec::new();
    let mut pages = vec![(String::new(), help(&[]))];
    for command in commands(&pages[0].1) {
        let page = help(&[&command]);
        for act in commands(&page) {
            pages.push((format!("{command} {act}"), help(&[&command, &act])));
        }
        pages.push((command, page));
    }
    assert!(pages.len() > 12, "{}", pages.len());
    for (name, page) in pages {
        for line in page.lines().map(str::trim) {
            let words = line.split(' ').filter(|w| w.len() > 2).count() > 2;
            let flag_alone = line.starts_with('-') && !line.contains("  ");
            let of_the_parser = english.iter().any(|start| line.contains(start));
            if of_the_parser || words && !flag_alone && !chinese(line) {
                wrong.push(format!("luqu {name}: {line}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn usage_errors_are_in_chinese() {
    let cases: [(&[&str], &[&str]); 12] = [
        (&["check"], &["缺少参数：<SEASON>", "用法：luqu check"]),
        (&["place", "s"], &["缺少参数：--out <DIR>"]),
        (&["check", "s", "--jsn"], &["没有这个参数：--jsn", "是不是：--json"]),
        (&["check", "a", "b"], &["没有这个参数：b"]),
        (&["chekc"], &["没有这个命令：chekc", "是不是：check"]),
        (&["check", "s", "--max"], &["--max <MAX> 后面缺少值"]),
        (&["check", "s", "--max", "ten"], &["--max <MAX> 的值“ten”不合要求：须是整数"]),
        (&["init", "d", "--demo", "0"], &["--demo <N> 的值“0”不合要求：须在 1..=20000000 之内"]),
        (&["policy", "explain", "p", "--lang", "fr"], &["不在可选范围内", "可选：zh、en"]),
        (&["audit", "s", "--answer", "a", "--admissions", "b"], &["不能与", "同时使用"]),
        (&["check", "s", "--force"], &["缺少参数：--annotate <OUT.xlsx>"]),
        (&["check", "s", "--seed", "a", "--seed", "b"], &["只能给出一次"]),
    ];
    for (arguments, words) in cases {
        let run = Command::new(env!("CARGO_BIN_EXE_luqu")).args(arguments).output();
        let run = run.expect("the program runs");
        let told = String::from_utf8(run.stderr).expect("UTF-8");
        assert_eq!(run.status.code(), Some(2), "{arguments:?}: {told}");
        assert!(told.starts_with("luqu: ") && run.stdout.is_empty(), "{told}");
        for word in words {
            assert!(told.contains(word), "{arguments:?}: {told}");
        }
        for english in ["error:", "Usage", "For more", "tip:", "required"] {
            assert!(!told.contains(english), "{arguments:?}: {told}");
        }
    }
    // An argument that is a person's number is not repeated whole.
    let mut run = Command::new(env!("CARGO_BIN_EXE_luqu"));
    let run = run.args(["check", "s", "11010519491231002X"]).output().expect("the program runs");
    let told = String::from_utf8(run.stderr).expect("UTF-8");
    assert!(told.contains("110105********002X"), "{told}");
}

#[test]
fn version_and_help_are_no_errors() {
    for asked in [&["--version"][..], &["check", "--version"], &["help", "plan", "check"], &["-h"]]
    {
        let run = Command::new(env!("CARGO_BIN_EXE_luqu")).args(asked).output();
        let run = run.expect("the program runs");
        assert_eq!(run.status.code(), Some(0), "{asked:?}");
        assert!(!run.stdout.is_empty() && run.stderr.is_empty(), "{asked:?}");
    }
}
