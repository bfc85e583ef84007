//! The help of every command is in one language, and says something about everything.

use std::process::Command;

fn help(of: &[&str]) -> String {
    let run = Command::new(env!("CARGO_BIN_EXE_luqu")).args(of).arg("--help").output();
    String::from_utf8(run.expect("the program runs").stdout).expect("UTF-8")
}

/// The subcommands that a page of help lists.
fn commands(page: &str) -> Vec<String> {
    let list = page.lines().skip_while(|l| *l != "Commands:").skip(1);
    let names = list.take_while(|l| !l.is_empty()).filter_map(|l| l.split_whitespace().next());
    names.filter(|n| *n != "help").map(str::to_owned).collect()
}

#[test]
fn all_help_is_in_chinese() {
    let of_the_parser = ["Usage:", "Print ", "Possible values:", "[default", "[possible"];
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
            let parser = of_the_parser.iter().any(|start| line.starts_with(start))
                || line.contains("  Print ")
                || line.starts_with('-') && !line.contains("  ");
            if words && !parser && !chinese(line) {
                wrong.push(format!("luqu {name}: {line}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
