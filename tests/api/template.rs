//! The template of `luqu init`: filled in through its own writer it reads back without a fault.

use std::fs;
use std::process::Command;

use luqu::tables::{load, template};
use luqu_engine::domain::Season;
use luqu_engine::placement::place;
use luqu_fixtures::policies::SHIPPED;
use luqu_fixtures::{DistrictSpec, district};

#[test]
fn a_filled_in_template_is_the_season() {
    let room = tempfile::tempdir().expect("a folder");
    for shipped in SHIPPED {
        let dir = room.path().join(shipped.name);
        fs::create_dir(&dir).expect("a folder");
        let source = district(&DistrictSpec::with_policy(200, 9, shipped.text).expect("loads"));
        let book = template::workbook(&source.policy, &source.draft).expect("a workbook");
        fs::write(dir.join("season.xlsx"), book).expect("a file");
        fs::write(dir.join("policy.toml"), &source.policy.text).expect("a file");
        let loaded = load(&dir, None).expect("a season");
        assert!(loaded.faults.is_empty(), "{}: {:#?}", shipped.name, loaded.faults);
        let read = loaded.season.expect("a season");
        let (made, _) = Season::check(source.policy, source.draft).expect("no faults");
        assert_eq!(read.applicants().len(), made.applicants().len());
        assert_eq!(place(&read), place(&made), "{}", shipped.name);
    }
}

#[test]
fn init_makes_a_template_and_a_policy_and_overwrites_nothing() {
    let room = tempfile::tempdir().expect("a folder");
    for policy in ["qijiang", "chengdu-2024"] {
        let dir = room.path().join(policy);
        let init = || {
            Command::new(env!("CARGO_BIN_EXE_luqu"))
                .arg("init")
                .arg(&dir)
                .args(["--policy", policy])
                .output()
                .expect("the program runs")
        };
        let made = init();
        assert_eq!(made.status.code(), Some(0), "{}", String::from_utf8_lossy(&made.stderr));
        let mut names: Vec<_> = fs::read_dir(&dir)
            .expect("a folder")
            .map(|e| e.expect("an entry").file_name())
            .collect();
        names.sort();
        assert_eq!(names, ["policy.toml", "season.xlsx"]);
        let text = fs::read_to_string(dir.join("policy.toml")).expect("a file");
        assert!(text.contains("# priority：") && text.contains("# seat_order："));
        let loaded = load(&dir, None).expect("a season");
        let codes: Vec<_> = loaded.faults.iter().map(|f| f.fault.code.code()).collect();
        assert!(loaded.faults.iter().all(|f| !f.cell.contains("season.xlsx")), "{codes:?}");
        let book = fs::read(dir.join("season.xlsx")).expect("a file");
        assert_eq!(init().status.code(), Some(2), "a folder with files is refused");
        assert_eq!(fs::read(dir.join("season.xlsx")).expect("a file"), book);
    }
}
