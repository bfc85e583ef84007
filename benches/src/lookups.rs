//! Prepares a published season for the load test of look-ups: `lookups DIR DATABASE_URL [APPLICANTS]` writes the keys,
//! the questions as a script of `wrk`, and one answer as a file for a static server to give.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use luqu::acts::{Actor, Office, RunOutcome, Upload};
use luqu::auth::hash_password;
use luqu::auth::keys::Keys;
use luqu::store::{Account, Mode, Role, Store};
use luqu::tables::season_csv::tables_csv;
use luqu_fixtures::{DistrictSpec, district};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The questions, as a script of `wrk`; each thread begins somewhere else.
const SCRIPT: &str = r#"
local bodies = {}
for line in io.lines("QUESTIONS") do bodies[#bodies + 1] = line end
local at = math.random(#bodies)
local headers = { ["Content-Type"] = "application/json" }
function request()
  at = at % #bodies + 1
  return wrk.format("POST", "/v1/public/results", headers, bodies[at])
end
"#;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let (Some(folder), Some(url)) = (arguments.get(1), arguments.get(2)) else {
        eprintln!("usage: lookups DIR DATABASE_URL [APPLICANTS]");
        return ExitCode::from(2);
    };
    let applicants = arguments.get(3).and_then(|a| a.parse().ok()).unwrap_or(10_000);
    let Ok(runtime) = tokio::runtime::Runtime::new() else { return ExitCode::FAILURE };
    match runtime.block_on(prepare(Path::new(folder), url, applicants)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lookups: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn prepare(folder: &Path, url: &str, applicants: u32) -> Outcome<()> {
    std::fs::create_dir_all(folder)?;
    let keys = Keys::open_or_create(&folder.join("keys.toml"))?;
    let office = Office::new(Store::open(url).await?, Arc::new(keys));
    let [clerk, reviewer] = people(&office).await?;
    let source = district(&DistrictSpec::new(applicants, 7));
    let season = office.create_season(&clerk, &source.policy.text, Mode::Drill).await?.id;
    let files = tables_csv(&source.policy, &source.draft)?.into_iter();
    let uploads = files.map(|(name, bytes)| Upload { name: name.to_owned(), bytes }).collect();
    let mut lap = Lap(Instant::now());
    let staged = office.stage(&clerk, &season, uploads).await?;
    lap.tell("import: read, checked, sealed");
    office.commit_import(&clerk, &season, staged.id).await?;
    let frozen = office.propose_freeze(&clerk, &season, "2026").await?;
    office.approve_freeze(&reviewer, &season, frozen.decision, &frozen.digest).await?;
    if !office.store().read().has_plan(&season).await? {
        let quota = office.propose_quota(&clerk, &season, "").await?;
        office.approve_quota(&reviewer, &season, quota.decision, &quota.digest).await?;
    }
    lap.tell("commit, freeze, distribute");
    let batches: Vec<String> = source.policy.batches.iter().map(|b| b.id.to_string()).collect();
    for batch in &batches {
        office.open_wishes(&clerk, &season, batch).await?;
        lap.tell(&format!("{batch}: wishes opened and stored"));
        office.close_wishes(&clerk, &season, batch, None).await?;
        lap.tell(&format!("{batch}: wishes closed"));
        office.queue_run(&clerk, &season, batch).await?;
        let Some((_, RunOutcome::Round(round))) = office.work_once("bench").await? else {
            return Err("the run made no round".into());
        };
        lap.tell(&format!("{batch}: run"));
        let found = office.store().read().round(&season, round).await?.ok_or("the round")?;
        let digest = found.0.answer_digest;
        office.sign(&clerk, &season, round, &digest).await?;
        lap.tell(&format!("{batch}: signed"));
        let admitted = office.publish(&reviewer, &season, round, &digest).await?;
        lap.tell(&format!("{batch}: {admitted} admissions published"));
    }
    let results = office.public_results(&season).await?.results;
    lap.tell("results read into memory");
    let mut questions = String::new();
    for result in &results {
        let code = office.slip_code(&season, &result.applicant);
        questions += &format!(
            "{{\"season\":\"{season}\",\"applicant_id\":\"{}\",\"code\":\"{code}\"}}\n",
            result.applicant
        );
    }
    let path = folder.join("questions.txt");
    std::fs::write(&path, questions)?;
    std::fs::write(folder.join("wrk.lua"), SCRIPT.replace("QUESTIONS", &path.to_string_lossy()))?;
    let answers: Vec<Vec<u8>> =
        results.iter().map(|r| serde_json::to_vec(&r.answer)).collect::<Result<_, _>>()?;
    let mean = answers.iter().map(Vec::len).sum::<usize>() / answers.len().max(1);
    std::fs::write(folder.join("answer.json"), vec![b' '; mean])?;
    println!("{} results, {mean} bytes each on the average", results.len());
    Ok(())
}

async fn people(office: &Office) -> Outcome<[Actor; 2]> {
    let password_hash = hash_password("of a benchmark, never served")?;
    let tx = office.store().write().await?;
    let mut actors = Vec::new();
    for (name, role) in [("zhao", Role::Clerk), ("qian", Role::Reviewer)] {
        let account = Account {
            name: name.to_owned(),
            display: name.to_owned(),
            role,
            school: None,
            password_hash: password_hash.clone(),
            must_change: false,
            disabled: false,
        };
        tx.create_account(&account, 1).await?;
        actors.push(Actor::of(&account));
    }
    tx.commit().await?;
    actors.try_into().map_err(|_| "two people".into())
}

/// Tells how long each step took, and the most memory that the process had so far.
struct Lap(Instant);

impl Lap {
    fn tell(&mut self, what: &str) {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
        let peak: u64 = peak.and_then(|p| p.split_whitespace().next()?.parse().ok()).unwrap_or(0);
        println!("{:>8.2} s {:>6} MiB  {what}", self.0.elapsed().as_secs_f64(), peak >> 10);
        self.0 = Instant::now();
    }
}
