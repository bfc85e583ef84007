//! Ctrl-C in the middle of a long search: the best so far is written, marked as stopped, and the exit code is 130.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use luqu_engine::sections::Combination;
use serde_json::Value;

/// A season with one school of so many pupils who all get in.
fn season(folder: &Path, pupils: u32) {
    let policy = "[season]\nid = \"long\"\ndistrict = \"演练区\"\nyear = 2026\nseed = \"drawn in public\"\n\
                  [limits.class_size]\nvalue = 55\nunit = \"students\"\nitem = \"4\"\n\
                  quote = \"普通高中新入学年级班额不得超过55人\"\n\
                  [[batches]]\nid = \"one\"\nname = \"第一批\"\nwishes = 1\nseat_order = [\"unified\"]\n\
                  priority = [\"total\", \"lottery\"]\n[categories.unified]\nname = \"统招\"\n";
    let mut schools = "school_id,name,stage,region\nS1,一中,senior,演练区\n".to_owned();
    for junior in 0..20 {
        let _ = writeln!(schools, "J{junior:02},初中{junior},junior,演练区");
    }
    let mut applicants = "applicant_id,name,gender,junior_id,region,total\n".to_owned();
    let mut wishes = "applicant_id,batch,position,school_id\n".to_owned();
    // Squads of forty and twelve combinations in no relation to anything else: nothing comes out even.
    let mut groups = "applicant_id,squad,combination\n".to_owned();
    let combinations = Combination::all();
    for n in 0..pupils {
        let mixed = n.wrapping_mul(2_654_435_761) >> 7;
        let (gender, junior) = (["F", "M"][mixed as usize % 2], mixed / 2 % 20);
        let _ =
            writeln!(applicants, "A{n:05},生,{gender},J{junior:02},演练区,{}", 400 + mixed % 200);
        let _ = writeln!(wishes, "A{n:05},one,1,S1");
        let squad = if n < 240 { format!("队{}", n / 40) } else { String::new() };
        let combination = combinations[(mixed / 40 % 12) as usize];
        let _ = writeln!(groups, "A{n:05},{squad},{combination}");
    }
    let plan = format!(
        "school_id,batch,category,seats,classes,document\nS1,one,unified,{pupils},{},文〔2026〕1号\n",
        pupils.div_ceil(53)
    );
    for (name, text) in [
        ("policy.toml", policy),
        ("schools.csv", &schools),
        ("plan.csv", &plan),
        ("applicants.csv", &applicants),
        ("wishes.csv", &wishes),
        ("pupils.csv", &groups),
    ] {
        fs::write(folder.join(name), text).expect("a file");
    }
}

#[test]
fn classes_are_written_as_they_are_and_marked() {
    let room = tempfile::tempdir().expect("a folder");
    let at = |name: &str| room.path().join(name);
    fs::create_dir(at("s")).expect("a folder");
    season(&at("s"), 3_000);
    let luqu = || Command::new(env!("CARGO_BIN_EXE_luqu"));
    let placed = luqu().arg("place").arg(at("s")).arg("--out").arg(at("a")).output();
    let placed = placed.expect("the program runs");
    assert!(placed.status.success(), "{}", String::from_utf8_lossy(&placed.stderr));
    let mut child = luqu()
        .arg("classes")
        .arg(at("s"))
        .arg("--from")
        .arg(at("a"))
        .arg("--out")
        .arg(at("c"))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut said = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    let begun = said.by_ref().map_while(Result::ok).any(|line| line.contains("正在编班"));
    assert!(begun, "the search says when it begins");
    let sent = Command::new("sh").args(["-c", &format!("kill -INT {}", child.id())]).status();
    assert!(sent.expect("kill runs").success());
    let rest: Vec<String> = said.map_while(Result::ok).collect();
    assert_eq!(child.wait().expect("an end").code(), Some(130), "{rest:?}");
    assert!(rest.iter().any(|line| line.contains("stopped")), "{rest:?}");
    let summary: Value =
        serde_json::from_slice(&fs::read(at("c/class_summary.json")).expect("a summary"))
            .expect("JSON");
    let school = &summary["schools"][0];
    assert_eq!(school["end"], "stopped");
    assert!(school["objective"].as_i64() > school["bound"].as_i64());
    let rows = fs::read_to_string(at("c/classes.csv")).expect("the classes");
    assert_eq!(rows.lines().count(), 3_001, "everybody has a class all the same");
}
