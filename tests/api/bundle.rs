//! The bundle of a season: clean as it comes, and every rewriting found by whoever kept a checkpoint.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use luqu::ledger::Entry;
use luqu::ledger::bundle::{Checked, Outside, check};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use crate::acts_world::World;
use crate::databases::{TestDb, block_on};

pub(crate) type Files = BTreeMap<String, Vec<u8>>;

pub(crate) fn unzip(bytes: &[u8]) -> Files {
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

pub(crate) fn zipped(files: &Files) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(name.as_str(), SimpleFileOptions::default()).expect("a file");
        zip.write_all(bytes).expect("bytes");
    }
    zip.finish().expect("a zip").into_inner()
}

/// Two published batches, the checkpoint after the first, and the bundle after the second.
async fn published(world: &World) -> (String, Files) {
    world.bring_in().await;
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
    let outside = Outside { witnesses: vec![witness.to_owned()], key: None };
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

/// Whether a bundle is refused outright.
fn unreadable(files: &Files) -> bool {
    check(&zipped(files), &Outside::default()).is_err()
}

/// A leaf whose field of this number (kind, actor, subject, facts) is changed, lengths kept true.
fn releafed(hex_leaf: &str, field: usize, change: impl Fn(&str) -> String) -> String {
    let entry = Entry::of_leaf(&hex::decode(hex_leaf).expect("hex")).expect("a leaf");
    let mut entry = entry;
    let text = match field {
        0 => &mut entry.kind,
        1 => &mut entry.actor,
        2 => &mut entry.subject,
        _ => &mut entry.facts,
    };
    *text = change(text);
    hex::encode(entry.leaf())
}

/// Kinds of rewriting, each with the bundle as it would be brought.
fn rewritings(files: &Files) -> Vec<(String, Files)> {
    let mut all = of_the_ledger(files);
    all.extend(of_the_rounds(files));
    all
}

fn of_the_ledger(files: &Files) -> Vec<(String, Files)> {
    let all = lines(files);
    let mut rewritten: Vec<(String, Files)> = Vec::new();
    let mut ledger = |what: &str, change: &dyn Fn(&mut Vec<String>)| {
        let mut lines = all.clone();
        change(&mut lines);
        assert_ne!(lines, all, "{what} changes nothing");
        rewritten.push((what.to_owned(), with_lines(files, &lines)));
    };
    let flip = |line: &mut String| {
        let last = line.pop().expect("a digit");
        line.push(if last == '0' { '1' } else { '0' });
    };
    let last = all.len() - 2;
    ledger("the first entry", &|l| flip(&mut l[0]));
    ledger("an entry", &|l| flip(&mut l[5]));
    ledger("the last signed entry", &|l| flip(&mut l[last]));
    ledger("an entry removed", &|l| drop(l.remove(3)));
    ledger("the first entry removed", &|l| drop(l.remove(0)));
    ledger("two entries swapped", &|l| l.swap(3, 4));
    ledger("an entry twice", &|l| l.insert(2, l[2].clone()));
    ledger("an entry inserted", &|l| l.insert(4, releafed(&l[4], 1, |_| "mallory".to_owned())));
    ledger("the ledger cut short", &|l| l.truncate(6));
    ledger("the ledger emptied", &|l| l.clear());
    ledger("the ledger turned round", &|l| l.reverse());
    ledger("another kind of act", &|l| l[5] = releafed(&l[5], 0, |k| format!("{k}_x")));
    ledger("another actor", &|l| l[5] = releafed(&l[5], 1, |_| "mallory".to_owned()));
    ledger("another subject", &|l| l[5] = releafed(&l[5], 2, |s| format!("{s}x")));
    ledger("other facts", &|l| l[5] = releafed(&l[5], 3, |f| f.replacen('{', "{\"x\":1,", 1)));
    ledger("an earlier time", &|l| {
        // The eight bytes after the version.
        let mut leaf = hex::decode(&l[5]).expect("hex");
        leaf[8] ^= 1;
        l[5] = hex::encode(leaf);
    });
    ledger("another version", &|l| {
        let rest = l[5].split_off(2);
        l[5] = format!("02{rest}");
    });
    ledger("an entry cut short", &|l| l[5].truncate(40));
    ledger("the acts after the checkpoint of a new history", &|l| {
        let fresh = l[..4].to_vec();
        l.splice(..l.len() / 2, fresh);
    });
    ledger("another signer of a published round", &|l| {
        let published = l.iter_mut().find(|l| kind_of(l) == "round_published").expect("one");
        *published = releafed(published, 3, |f| f.replace("\"zhao\"", "\"sun\""));
    });
    ledger("another digest of a published round", &|l| {
        let published = l.iter_mut().find(|l| kind_of(l) == "round_published").expect("one");
        *published = releafed(published, 3, |f| f.replacen("\"digest\":\"", "\"digest\":\"0", 1));
    });
    ledger("other inputs of a published round", &|l| {
        let published = l.iter_mut().find(|l| kind_of(l) == "round_published").expect("one");
        *published = releafed(published, 3, |f| f.replacen("\"inputs\":\"", "\"inputs\":\"0", 1));
    });
    ledger("another commitment of the lottery", &|l| {
        let committed = l.iter_mut().find(|l| kind_of(l) == "lottery_committed").expect("one");
        *committed = releafed(committed, 3, |f| f.replacen(":\"", ":\"0", 1));
    });
    ledger("a publication hidden", &|l| l.retain(|l| kind_of(l) != "round_published"));
    ledger("the close of wishes hidden", &|l| l.retain(|l| kind_of(l) != "wishes_closed"));
    ledger("the freezing of the plan hidden", &|l| l.retain(|l| kind_of(l) != "plan_frozen"));

    let mut notes = |what: &str, change: &dyn Fn(&str) -> String| {
        rewritten.push((what.to_owned(), changed(files, "checkpoints.json", change)));
    };
    notes("a larger size in a checkpoint", &|t| {
        t.replacen("luqu/ledger\\n1", "luqu/ledger\\n2", 1)
    });
    notes("another origin of a checkpoint", &|t| t.replacen("luqu/ledger\\n", "luqu/other\\n", 1));
    notes("a checkpoint without signature", &|t| t.replacen("\\n\\n\u{2014}", "\\n\\n", 1));
    notes("a checkpoint with another signature", &|t| {
        let at = t.rfind("\\n\"").expect("an end") - 6;
        let other = if t.as_bytes()[at] == b'A' { "B" } else { "A" };
        format!("{}{other}{}", &t[..at], &t[at + 1..])
    });
    let mut key = files.clone();
    key.insert("key.txt".to_owned(), hex::encode([9; 32]).into_bytes());
    rewritten.push(("another key".to_owned(), key));
    let round = files.keys().find(|n| n.starts_with("rounds/")).expect("a round");
    let round = round.split_inclusive('/').take(2).collect::<String>();
    for (what, left_out) in
        [("a published round left out", round.as_str()), ("all rounds left out", "rounds/")]
    {
        let kept = files.iter().filter(|(name, _)| !name.starts_with(left_out));
        rewritten.push((what.to_owned(), kept.map(|(n, b)| (n.clone(), b.clone())).collect()));
    }
    for (what, name, bytes) in [
        ("no checkpoints", "checkpoints.json".to_owned(), &b"[]"[..]),
        ("another season", "season.txt".to_owned(), b"2025"),
        ("a file that is none of a bundle's", format!("{round}season/more.csv"), b"x"),
        ("a file beside the rounds", "more.txt".to_owned(), b"x"),
    ] {
        let mut with = files.clone();
        with.insert(name, bytes.to_vec());
        rewritten.push((what.to_owned(), with));
    }
    rewritten
}

fn kind_of(leaf: &str) -> String {
    Entry::of_leaf(&hex::decode(leaf).expect("hex")).expect("a leaf").kind
}

fn of_the_rounds(files: &Files) -> Vec<(String, Files)> {
    let mut rewritten: Vec<(String, Files)> = Vec::new();
    let mut file = |what: &str, ending: &str, change: &dyn Fn(&str) -> String| {
        rewritten.push((format!("{what} ({ending})"), changed(files, ending, change)));
    };
    let swap = |text: &str| {
        // The first two who are placed change places.
        let mut rows: Vec<&str> = text.lines().collect();
        let placed: Vec<usize> =
            (0..rows.len()).filter(|&i| rows[i].contains(",placed,")).take(2).collect();
        let (a, b) = (placed[0], placed[1]);
        let (first, second) =
            (rows[a].split_once(',').expect("columns"), rows[b].split_once(',').expect("columns"));
        let one = format!("{},{}", first.0, second.1);
        let other = format!("{},{}", second.0, first.1);
        rows[a] = &one;
        rows[b] = &other;
        rows.join("\n") + "\n"
    };
    let drop_last = |text: &str| {
        let rows: Vec<&str> = text.lines().collect();
        rows[..rows.len() - 1].join("\n") + "\n"
    };
    let twice = |text: &str| format!("{text}{}\n", text.lines().last().expect("a row"));
    file("two results swapped", "answer/placements.csv", &swap);
    file("somebody unplaced", "answer/placements.csv", &|t| {
        t.replacen(",placed,", ",unplaced,", 1)
    });
    for ending in [
        "answer/placements.csv",
        "answer/reasons.csv",
        "answer/cutoffs.csv",
        "season/applicants.csv",
        "season/wishes.csv",
        "season/plan.csv",
        "season/quotas.csv",
    ] {
        file("a row dropped", ending, &drop_last);
    }
    for ending in [
        "answer/placements.csv",
        "answer/cutoffs.csv",
        "season/applicants.csv",
        "season/wishes.csv",
    ] {
        file("a row twice", ending, &twice);
    }
    file("another reason", "answer/reasons.csv", &|t| t.replacen("below_cutoff", "ineligible", 1));
    file("another digest", "answer/certificate.json", &|t| {
        t.replacen("\"answer\": \"", "\"answer\": \"0", 1)
    });
    file("another seed", "answer/certificate.json", &|t| {
        t.replacen("\"seed\": \"", "\"seed\": \"0", 1)
    });
    file("another legal number", "season/policy.toml", &|t| {
        t.replacen("value = 55", "value = 60", 1)
    });
    file("another order of keys", "season/policy.toml", &|t| t.replacen("\"tie_class\", ", "", 1));
    file("more seats", "season/plan.csv", &|t| t.replacen(",unified,", ",unified,9", 1));
    file("another approval", "season/plan.csv", &|t| t.trim_end().to_owned() + "x\n");

    for name in ["answer/reasons.csv", "answer/certificate.json", "season/applicants.csv"] {
        let mut missing = files.clone();
        missing.retain(|n, _| !n.ends_with(name));
        rewritten.push((format!("a file missing ({name})"), missing));
    }
    let mut stowaway = files.clone();
    let renamed: Vec<(String, Vec<u8>)> = files
        .iter()
        .filter(|(n, _)| n.starts_with("rounds/"))
        .map(|(n, b)| {
            (format!("rounds/99/{}", n.rsplit_once("rounds/").expect("a round").1), b.clone())
        })
        .collect();
    stowaway.extend(renamed);
    rewritten.push(("a round that was never published".to_owned(), stowaway));
    let mut exchanged = files.clone();
    let [first, second] = [1, 2].map(|r| {
        files.keys().find(|n| **n == format!("rounds/{r}/answer/placements.csv")).cloned()
    });
    if let (Some(first), Some(second)) = (first, second) {
        exchanged.insert(first, files[&second].clone());
        rewritten.push(("the answer of another round".to_owned(), exchanged));
    }
    rewritten
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

        let rewritten = rewritings(&files);
        assert!(rewritten.len() >= 40, "{} kinds", rewritten.len());
        for (what, files) in &rewritten {
            // Where the parts no longer make a bundle at all, that is found too.
            let outside = Outside { witnesses: vec![witness.clone()], key: None };
            let found = check(&zipped(files), &outside);
            assert!(
                found.is_ok_and(|c| !c.findings.is_empty()) || unreadable(files),
                "{what} went unnoticed"
            );
        }

        // A whole new history under a new key is consistent in itself, and found by what was kept outside.
        let other_db = TestDb::sqlite();
        let other = World::new(&other_db, 150).await;
        let (_, forged) = published(&other).await;
        let alone = check(&zipped(&forged), &Outside::default()).expect("a bundle");
        assert_eq!(alone.findings, [""; 0]);
        assert!(!checked(&forged, &witness).findings.is_empty(), "a forged history went unnoticed");
        let key = Some(world.office.keys().verifying());
        let found =
            check(&zipped(&forged), &Outside { witnesses: Vec::new(), key }).expect("a bundle");
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

/// Rounds are computed, signed and given up while bundles are taken: each is whole as of a moment.
#[test]
fn a_bundle_taken_while_people_sign_is_clean() {
    for db in TestDb::all() {
        block_on(async {
            let world = Arc::new(World::new(&db, 60).await);
            world.bring_in().await;
            let batch = world.batches().remove(0);
            world.collect(&batch).await;
            let done = Arc::new(AtomicBool::new(false));
            let takers: Vec<_> = (0..2)
                .map(|_| tokio::spawn(take_until(Arc::clone(&world), Arc::clone(&done))))
                .collect();
            let (office, season) = (&world.office, world.season.as_str());
            for _ in 0..10 {
                let (round, digest) = world.run(&batch).await;
                office.sign(&world.clerk, season, round, &digest).await.expect("a signature");
                office.discard(&world.clerk, season, round).await.expect("given up");
            }
            world.publish(&batch).await;
            done.store(true, Ordering::SeqCst);
            let mut taken = 0;
            for taker in takers {
                taken += taker.await.expect("clean bundles");
            }
            assert!(taken > 10, "{}: {taken}", db.name);
            let bundle = world.office.bundle(&world.reviewer, &world.season).await;
            let whole = check(&bundle.expect("a bundle"), &Outside::default()).expect("a bundle");
            assert_eq!((whole.findings, whole.rounds), (Vec::new(), 1), "{}", db.name);
        });
    }
}

/// Takes bundles until others are done, each of which must hold the entries that its checkpoints cover; how many.
async fn take_until(world: Arc<World>, done: Arc<AtomicBool>) -> usize {
    let mut taken = 0;
    while !done.load(Ordering::SeqCst) {
        let bundle = world.office.bundle(&world.reviewer, &world.season).await.expect("a bundle");
        let files = unzip(&bundle);
        let notes: Vec<String> = serde_json::from_slice(&files["checkpoints.json"]).expect("notes");
        let sizes = notes.iter().filter_map(|n| n.lines().nth(1)?.parse::<usize>().ok());
        let (covered, held) = (sizes.max().expect("a size"), lines(&files).len());
        assert!(covered <= held, "{covered} entries are covered and {held} are there");
        taken += 1;
    }
    taken
}
