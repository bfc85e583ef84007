//! Whatever ends a run, the answer folder is the old one or the new one.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use luqu::error::Failure;
use luqu::tables::write::answer::is_answer_file;
use luqu::tables::write::atomic::replace_folder;

type Files = BTreeMap<String, Vec<u8>>;

fn files(dir: &Path) -> Files {
    fs::read_dir(dir)
        .expect("a folder")
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, fs::read(path).expect("a file"))
        })
        .collect()
}

fn place(season: &Path, out: &Path, seed: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_luqu"))
        .arg("place")
        .arg(season)
        .arg("--out")
        .arg(out)
        .args(["--seed", seed])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program runs")
}

/// Two hundred applicants, equal on every score, for forty seats.
fn lottery_season(dir: &Path) {
    let policy = "[season]\nid = \"t-2026\"\ndistrict = \"甲区\"\nyear = 2026\n\
        [[batches]]\nid = \"b1\"\nname = \"第一批\"\nseat_order = [\"unified\"]\n\
        priority = [\"total\", \"lottery\"]\n[categories.unified]\nname = \"统招\"\n";
    let mut applicants = "applicant_id,name,junior_id,region,total\n".to_owned();
    let mut wishes = "applicant_id,batch,position,school_id\n".to_owned();
    for id in 1000..1200 {
        applicants.push_str(&format!("{id},甲,J1,甲区,600\n"));
        wishes.push_str(&format!("{id},b1,1,H1\n"));
    }
    fs::create_dir(dir).expect("a folder");
    for (name, content) in [
        ("policy.toml", policy),
        ("schools.csv", "school_id,name,stage,region\nH1,一中,senior,甲区\nJ1,二初,junior,甲区\n"),
        ("plan.csv", "school_id,batch,category,seats,document\nH1,b1,unified,40,文1号\n"),
        ("applicants.csv", &applicants),
        ("wishes.csv", &wishes),
    ] {
        fs::write(dir.join(name), content).expect("a file");
    }
}

/// The two answers of a season under two seeds, the second in place, and how long a run takes.
fn stage(room: &Path) -> ([Files; 2], Duration) {
    let season = room.join("season");
    lottery_season(&season);
    let mut took = Duration::ZERO;
    let answers = ["a", "b"].map(|seed| {
        let began = Instant::now();
        let out = room.join("out");
        assert!(place(&season, &out, seed).wait().expect("it ends").success());
        took = began.elapsed();
        files(&out)
    });
    assert!(answers[0] != answers[1], "the seeds must matter");
    (answers, took)
}

fn leftovers(room: &Path) -> usize {
    let hidden = |e: &fs::DirEntry| e.file_name().to_string_lossy().starts_with(".out.luqu-");
    fs::read_dir(room).expect("a folder").flatten().filter(hidden).count()
}

/// Waits for the run to begin writing, at most as long as it lives.
fn until_it_writes(room: &Path, child: &mut Child) {
    while leftovers(room) == 0 && child.try_wait().expect("it runs").is_none() {
        std::thread::yield_now();
    }
}

#[test]
fn a_killed_run_leaves_the_old_answer_or_the_new_one() {
    let room = tempfile::tempdir().expect("a folder");
    let (answers, took) = stage(room.path());
    let (season, out) = (room.path().join("season"), room.path().join("out"));
    let (mut killed_while_writing, mut seen) = (0, [0, 0]);
    for run in 0..110_u32 {
        let lines = || fs::read(out.join("placements.csv")).ok();
        let before = lines();
        let mut child = place(&season, &out, if run % 2 == 0 { "a" } else { "b" });
        if run % 3 == 0 {
            std::thread::sleep(took * run / 110);
        } else {
            // Most moments are sampled where it matters: from the first file to the last rename.
            until_it_writes(room.path(), &mut child);
            std::thread::sleep(Duration::from_micros(u64::from(run) * 20));
        }
        if run % 5 == 0 {
            // However slow the machine is, some runs get as far as their rename.
            while lines() == before && child.try_wait().expect("it runs").is_none() {
                std::thread::yield_now();
            }
        }
        let _ = child.kill();
        let _ = child.wait();
        killed_while_writing += u32::from(leftovers(room.path()) > 0);
        let now = files(&out);
        let which = answers.iter().position(|a| *a == now);
        seen[which.expect("one of the two answers, whole")] += 1;
    }
    assert!(killed_while_writing > 0, "no run was killed in the act");
    assert!(seen[0] > 0 && seen[1] > 0, "{seen:?}");
    assert!(place(&season, &out, "a").wait().expect("it ends").success());
    assert!(files(&out) == answers[0]);
    assert_eq!(leftovers(room.path()), 0, "what killed runs left is removed");
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_ends_with_130_and_leaves_no_trace() {
    use std::os::unix::process::ExitStatusExt as _;
    let room = tempfile::tempdir().expect("a folder");
    let (answers, took) = stage(room.path());
    let (season, out) = (room.path().join("season"), room.path().join("out"));
    let mut interrupted = 0;
    for run in 0..40_u32 {
        let mut child = place(&season, &out, if run % 2 == 0 { "a" } else { "b" });
        if run % 2 == 0 {
            std::thread::sleep(took * run / 40);
        } else {
            until_it_writes(room.path(), &mut child);
        }
        let sent = Command::new("sh").args(["-c", &format!("kill -INT {}", child.id())]).output();
        sent.expect("kill runs");
        let status = child.wait().expect("it ends");
        // Before the program listens, the signal itself ends it; after the rename, it is too late.
        assert!(matches!(status.code(), Some(0 | 130)) || status.signal() == Some(2), "{status:?}");
        interrupted += u32::from(status.code() == Some(130));
        assert!(answers.contains(&files(&out)));
        assert_eq!(leftovers(room.path()), 0, "an interrupted run cleans up");
    }
    assert!(interrupted > 0, "no run was interrupted");
}

#[test]
fn what_is_refused_or_stopped_changes_nothing() {
    let room = tempfile::tempdir().expect("a folder");
    let out = room.path().join("out");
    let go = || Ok(());
    let stop = || Err(Failure::Interrupted);
    let old = [("placements.csv", b"old".to_vec()), ("reasons.csv", b"old".to_vec())];
    let new = [("placements.csv", b"new".to_vec())];
    replace_folder(&out, is_answer_file, &old, go).expect("a new folder");
    assert!(matches!(replace_folder(&out, is_answer_file, &new, stop), Err(Failure::Interrupted)));
    assert_eq!(files(&out).len(), 2);
    replace_folder(&out, is_answer_file, &new, go).expect("replaced as a whole");
    assert_eq!(files(&out), Files::from([("placements.csv".to_owned(), b"new".to_vec())]));

    // A folder of an answer's name is no file of an answer.
    fs::create_dir(out.join("reasons.csv")).expect("a folder");
    assert!(matches!(replace_folder(&out, is_answer_file, &old, go), Err(Failure::Usage(_))));
    fs::remove_dir(out.join("reasons.csv")).expect("removed");

    // A run that died between two renames left the only copy under another name: it comes back.
    fs::rename(&out, room.path().join(".out.luqu-old-1")).expect("renamed");
    assert!(matches!(replace_folder(&out, is_answer_file, &old, stop), Err(Failure::Interrupted)));
    assert_eq!(files(&out), Files::from([("placements.csv".to_owned(), b"new".to_vec())]));
    assert_eq!(leftovers(room.path()), 0);

    let file = room.path().join("file");
    fs::write(&file, "mine").expect("a file");
    assert!(matches!(replace_folder(&file, is_answer_file, &new, go), Err(Failure::Usage(_))));
    assert_eq!(fs::read(&file).expect("a file"), b"mine");
}

#[test]
fn whoever_comes_second_is_told_so_and_changes_nothing() {
    use std::sync::OnceLock;
    static DIR: OnceLock<std::path::PathBuf> = OnceLock::new();
    let room = tempfile::tempdir().expect("a folder");
    let dir = DIR.get_or_init(|| room.path().join("answer"));
    // Another run puts its answer there just before this one would.
    let meanwhile = || -> Result<(), Failure> {
        let dir = DIR.get().expect("set");
        fs::create_dir_all(dir).expect("a folder");
        fs::write(dir.join("placements.csv"), "theirs").expect("a file");
        Ok(())
    };
    let mine = [("placements.csv", b"mine".to_vec())];
    let lost = replace_folder(dir, is_answer_file, &mine, meanwhile).expect_err("too late");
    assert!(matches!(lost, Failure::Conflict(_)), "{lost}");
    assert_eq!(files(dir)["placements.csv"], b"theirs");
    assert_eq!(fs::read_dir(room.path()).expect("a folder").count(), 1, "nothing is left beside");
}
