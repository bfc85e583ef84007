//! Throws mutated season files at the reader: `fuzz csv|policy|xlsx|xlsx-parser COUNT [SEED]`.
//!
//! A stand-in for a coverage-guided fuzzer that needs no nightly toolchain: bytes are flipped, cut, doubled
//! and spliced with words that mean something to the reader. Every input must end as a season or as
//! faults; a panic ends the run with the seed of the input. Workbooks are read in the worker process, as
//! always (by the `luqu` built beside this), so that the worker may die and this process may not. A process for every input
//! is slow: `xlsx-parser` has one process parse a thousand of them, under the same limits, and starts another where it dies.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use luqu::tables::{load, season_csv, worker};
use luqu_engine::policy::Policy;
use luqu_fixtures::{DistrictSpec, Rng};
use rust_xlsxwriter::Workbook;

/// Words that a reader treats in its own way.
const WORDS: [&[u8]; 20] = [
    b",",
    b"\"",
    b"\n",
    b"\r",
    b"\0",
    b"=",
    b"*",
    b";",
    b"[",
    b"]",
    b"99999999999",
    b"-1",
    b"1e309",
    b"0.005",
    "\u{feff}".as_bytes(),
    "\u{3000}".as_bytes(),
    "是".as_bytes(),
    b"\xff\xfe",
    b"\x81\x30",
    b"2026-13-40",
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (target, count, seed) = match words[..] {
        [target, count] => (target, count.parse().unwrap_or(0_u64), 1),
        // What `xlsx-parser` starts.
        ["xlsx-parse-lot", span, seed] => return parse_lot(span, seed.parse().unwrap_or(1)),
        [target, count, seed] => (target, count.parse().unwrap_or(0), seed.parse().unwrap_or(1)),
        _ => {
            eprintln!("usage: fuzz csv|policy|xlsx|xlsx-parser COUNT [SEED]");
            return ExitCode::from(2);
        }
    };
    let done = match target {
        "xlsx-parser" => parsed_apart(count, seed),
        _ => run(target, count, seed),
    };
    match done {
        Ok((seasons, faults)) => {
            println!("{count} inputs: {seasons} seasons, {faults} refused with faults, 0 panics");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("fuzz: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(target: &str, count: u64, seed: u64) -> Result<(u64, u64), Box<dyn std::error::Error>> {
    let room = tempfile::tempdir()?;
    let folder = room.path().join("season");
    season_csv::write_district(&folder, &DistrictSpec::new(12, seed).schools(3, 2))?;
    let files: Vec<PathBuf> = match target {
        "csv" => std::fs::read_dir(&folder)?
            .filter_map(|e| Some(e.ok()?.path()))
            .filter(|p| p.extension().is_some_and(|e| e == "csv"))
            .collect(),
        "policy" => vec![folder.join("policy.toml")],
        "xlsx" => vec![workbook_of(&folder)?],
        _ => return Err("no such target".into()),
    };
    let mut files = files;
    files.sort();
    let originals: Vec<Vec<u8>> = files.iter().map(std::fs::read).collect::<Result<_, _>>()?;
    let (mut seasons, mut refused) = (0, 0);
    for input in 0..count {
        let mut rng = Rng::new(seed, input);
        let at = rng.below(files.len());
        let mut bytes = originals[at].clone();
        for _ in 0..=rng.below(6) {
            mutate(&mut bytes, &mut rng);
        }
        let judged = std::panic::catch_unwind(|| {
            if target == "policy" {
                return Policy::load(&String::from_utf8_lossy(&bytes), None).is_ok();
            }
            let written = std::fs::write(&files[at], &bytes).is_ok();
            written && load::load(&folder, None).is_ok_and(|loaded| !loaded.blocked())
        });
        match judged {
            Ok(true) => seasons += 1,
            Ok(false) => refused += 1,
            Err(_) => return Err(format!("input {input} of seed {seed} panics").into()),
        }
        if target != "policy" {
            std::fs::write(&files[at], &originals[at])?;
        }
    }
    Ok((seasons, refused))
}

/// Inputs that one process parses.
const LOT: u64 = 1_000;

/// Parses `count` inputs in lots. What ends a process by itself – a signal, which is a limit at work – counts as refused; a
/// panic ends the run.
fn parsed_apart(count: u64, seed: u64) -> Result<(u64, u64), Box<dyn std::error::Error>> {
    let (mut parsed, mut refused, mut died) = (0, 0, 0_u64);
    let mut next = 0;
    while next < count {
        let most = LOT.min(count - next);
        let lot = std::process::Command::new(std::env::current_exe()?)
            .args(["xlsx-parse-lot", &format!("{next}+{most}"), &seed.to_string()])
            .stderr(std::process::Stdio::null())
            .output()?;
        let words = String::from_utf8_lossy(&lot.stdout);
        let done = words.bytes().filter(|b| b".x".contains(b)).count() as u64;
        parsed += words.bytes().filter(|&b| b == b'.').count() as u64;
        refused += words.bytes().filter(|&b| b == b'x').count() as u64;
        next += done;
        if words.contains('!') || lot.status.code() == Some(101) {
            return Err(format!("input {next} of seed {seed} panics").into());
        }
        if done < most {
            // The input that the process died of.
            died += 1;
            next += 1;
        }
    }
    println!("the parsing process died of {died} inputs");
    Ok((parsed, refused + died))
}

/// Parses the inputs `FROM+COUNT` and writes a sign for each: parsed `.`, refused `x`, panicked `!`.
fn parse_lot(span: &str, seed: u64) -> ExitCode {
    let span = span.split_once('+').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    let Some((from, count)) = span else { return ExitCode::from(2) };
    match parse_inputs(from, count, seed) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fuzz: {error}");
            ExitCode::FAILURE
        }
    }
}

fn parse_inputs(from: u64, count: u64, seed: u64) -> Result<(), Box<dyn std::error::Error>> {
    let room = tempfile::tempdir()?;
    let folder = room.path().join("season");
    season_csv::write_district(&folder, &DistrictSpec::new(12, seed).schools(3, 2))?;
    let file = workbook_of(&folder)?;
    let original = std::fs::read(&file)?;
    for input in from..from + count {
        let mut bytes = original.clone();
        // As `run` draws them, which picks one of its files first.
        let mut rng = Rng::new(seed, input);
        rng.below(1);
        for _ in 0..=rng.below(6) {
            mutate(&mut bytes, &mut rng);
        }
        std::fs::write(&file, &bytes)?;
        let mut frames = Vec::new();
        let sign = match std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            worker::run(&file, &mut frames).is_ok()
        })) {
            // Read to its end.
            Ok(true) if frames.last() == Some(&b'Z') => '.',
            Ok(_) => 'x',
            Err(_) => '!',
        };
        // Written at once: the next input may end this process.
        print!("{sign}");
        std::io::stdout().flush()?;
    }
    Ok(())
}

/// Moves the tables of a season folder into one workbook.
fn workbook_of(folder: &Path) -> Result<PathBuf, Box<dyn std::error::Error>> {
    let mut book = Workbook::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|e| e != "csv") {
            continue;
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let sheet = book.add_worksheet().set_name(name)?;
        let mut rows = csv::ReaderBuilder::new().has_headers(false).from_path(&path)?;
        for (row, record) in (0_u32..).zip(rows.records()) {
            for (column, cell) in (0_u16..).zip(&record?) {
                sheet.write_string(row, column, cell)?;
            }
        }
        std::fs::remove_file(&path)?;
    }
    let path = folder.join("season.xlsx");
    book.save(&path)?;
    Ok(path)
}

fn mutate(bytes: &mut Vec<u8>, rng: &mut Rng) {
    let at = rng.below(bytes.len() + 1);
    let length = rng.below(8).min(bytes.len() - at);
    match rng.below(5) {
        0 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << rng.below(8);
            }
        }
        1 => drop(bytes.drain(at..at + length)),
        2 => {
            let copy = bytes[at..at + length].to_vec();
            bytes.splice(at..at, copy);
        }
        3 => {
            let word = WORDS[rng.below(WORDS.len())];
            bytes.splice(at..at, word.iter().copied());
        }
        _ => bytes.truncate(bytes.len() - length),
    }
}
