//! The bundle of a season: clean as it comes, and every rewriting found by whoever kept a checkpoint.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};

use luqu::ledger::bundle::{Checked, Outside, check};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use crate::acts_world::World;
use crate::databases::{TestDb, block_on};

type Files = BTreeMap<String, Vec<u8>>;

fn unzip(bytes: &[u8]) -> Files {
    let mut zip = ZipArchive::new(Cursor::new(bytes)).expect("a zip");
    let mut files = Files::new();
    for at in 0..zip.len() {
        let mut file = zip.by_index(at).expect("a file");
        let name = file.name().expect("a name").into_owned();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).expect("bytes");
        files.insert(name, bytes);
    }
    files
}

fn zipped(files: &Files) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(name.as_str(), SimpleFileOptions::default()).expect("a file");
        zip.write_all(bytes).expect("bytes");
    }
    zip.finish().expect("a zip").into_inner()
}

/// Two published batches, the checkpoint after the first, and the bundle after the second.
async fn published(world: &World) -> (String, Files) {
    world.import().await;
    world.freeze().await;
    world.import_people().await;
    let batches = world.batches();
    let mut witness = String::new();
    for (at, batch) in batches.iter().take(2).enumerate() {
        world.collect(batch).await;
        world.publish(batch).await;
        if at == 0 {
            let all = world.office.store().read().checkpoints().await.expect("checkpoints");
            witness = all.last().expect("a checkpoint").1.clone();
        }
    }
    let bundle = world.office.bundle(&world.clerk, &world.season).await.expect("a bundle");
    (witness, unzip(&bundle))
}

fn checked(files: &Files, witness: &str) -> Checked {
    let outside = Outside { witness: Some(witness.to_owned()), key: None };
    check(&zipped(files), &outside).expect("a bundle")
}

fn lines(files: &Files) -> Vec<String> {
    String::from_utf8_lossy(&files["ledger.txt"]).lines().map(str::to_owned).collect()
}

fn with_lines(files: &Files, lines: &[String]) -> Files {
    let mut files = files.clone();
    files.insert("ledger.txt".to_owned(), lines.join("\n").into_bytes());
    files
}

/// The bundle with one file changed as text.
fn changed(files: &Files, ending: &str, change: impl Fn(&str) -> String) -> Files {
    let mut files = files.clone();
    let name = files.keys().rfind(|n| n.ends_with(ending)).expect("the file").clone();
    let text = String::from_utf8_lossy(&files[&name]).into_owned();
    let after = change(&text);
    assert_ne!(text, after, "nothing was changed in {name}");
    files.insert(name, after.into_bytes());
    files
}

#[test]
fn a_bundle_is_clean_and_every_rewriting_is_found() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::new(&db, 150).await;
        let (witness, files) = published(&world).await;
        let clean = checked(&files, &witness);
        assert_eq!(clean.findings, [""; 0]);
        assert_eq!(clean.rounds, 2);
        assert!(clean.entries > 10 && clean.checkpoints > 5, "{clean:?}");

        let all = lines(&files);
        let mut rewritten: Vec<(&str, Files)> = Vec::new();
        for (what, at) in
            [("the first entry", 0), ("an entry", 5), ("the last signed entry", all.len() - 2)]
        {
            let mut lines = all.clone();
            let last = lines[at].pop().expect("a digit");
            lines[at].push(if last == '0' { '1' } else { '0' });
            rewritten.push((what, with_lines(&files, &lines)));
        }
        let mut lines = all.clone();
        lines.remove(3);
        rewritten.push(("an entry removed", with_lines(&files, &lines)));
        let mut lines = all.clone();
        lines.swap(3, 4);
        rewritten.push(("two entries swapped", with_lines(&files, &lines)));
        let mut lines = all.clone();
        lines.insert(2, all[2].clone());
        rewritten.push(("an entry twice", with_lines(&files, &lines)));
        rewritten.push(("the ledger cut short", with_lines(&files, &all[..6])));

        let swap = |text: &str| {
            // The first two who are placed change places.
            let mut rows: Vec<&str> = text.lines().collect();
            let placed: Vec<usize> =
                (0..rows.len()).filter(|&i| rows[i].contains(",placed,")).take(2).collect();
            let (a, b) = (placed[0], placed[1]);
            let (first, second) =
                (rows[a].split_once(',').unwrap(), rows[b].split_once(',').unwrap());
            let one = format!("{},{}", first.0, second.1);
            let other = format!("{},{}", second.0, first.1);
            rows[a] = &one;
            rows[b] = &other;
            rows.join("\n") + "\n"
        };
        rewritten.push(("two results swapped", changed(&files, "answer/placements.csv", swap)));
        let drop_last = |text: &str| {
            let rows: Vec<&str> = text.lines().collect();
            rows[..rows.len() - 1].join("\n") + "\n"
        };
        for ending in [
            "answer/placements.csv",
            "answer/reasons.csv",
            "answer/cutoffs.csv",
            "season/applicants.csv",
            "season/wishes.csv",
        ] {
            rewritten.push((ending, changed(&files, ending, drop_last)));
        }
        let digest = |text: &str| text.replacen("\"answer\": \"", "\"answer\": \"0", 1);
        rewritten.push(("the certificate", changed(&files, "answer/certificate.json", digest)));
        let policy = |text: &str| text.replacen("value = 55", "value = 60", 1);
        rewritten.push(("the policy", changed(&files, "season/policy.toml", policy)));
        let plan = |text: &str| text.replacen(",unified,", ",unified,9", 1);
        rewritten.push(("the plan", changed(&files, "season/plan.csv", plan)));
        let note = |text: &str| text.replacen("luqu/ledger\\n1", "luqu/ledger\\n2", 1);
        rewritten.push(("a checkpoint", changed(&files, "checkpoints.json", note)));
        let mut missing = files.clone();
        missing.retain(|name, _| !name.ends_with("answer/reasons.csv"));
        rewritten.push(("a file missing", missing));
        let mut stowaway = files.clone();
        let renamed: Vec<(String, Vec<u8>)> = files
            .iter()
            .filter(|(n, _)| n.starts_with("rounds/"))
            .map(|(n, b)| (format!("rounds/99/{}", n.rsplit_once("rounds/").unwrap().1), b.clone()))
            .collect();
        stowaway.extend(renamed);
        rewritten.push(("a round that was never published", stowaway));

        for (what, files) in &rewritten {
            let found = checked(files, &witness);
            assert!(!found.findings.is_empty(), "{what} went unnoticed");
        }

        // A whole new history under a new key is consistent in itself, and found by what was kept outside.
        let other_db = TestDb::sqlite();
        let other = World::new(&other_db, 150).await;
        let (_, forged) = published(&other).await;
        let alone = check(&zipped(&forged), &Outside::default()).expect("a bundle");
        assert_eq!(alone.findings, [""; 0]);
        assert!(!checked(&forged, &witness).findings.is_empty(), "a forged history went unnoticed");
        let key = Some(world.office.keys().verifying());
        let found = check(&zipped(&forged), &Outside { witness: None, key }).expect("a bundle");
        assert!(!found.findings.is_empty(), "another key went unnoticed");
    });
}

#[test]
fn what_is_no_bundle_is_refused() {
    for bytes in [&b""[..], b"PK", b"not a zip at all"] {
        assert!(check(bytes, &Outside::default()).is_err());
    }
    assert!(check(&zipped(&Files::new()), &Outside::default()).is_err());
}
