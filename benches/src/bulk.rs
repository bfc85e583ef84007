//! Storing many applicants and wishes, beside the database's own loader of the same rows into the same tables, keys and
//! triggers: `bulk [APPLICANTS] [POSTGRES_URL]`. Needs `sqlite3`, and `psql` for PostgreSQL, whose URL must end with the
//! name of a database that is not there yet.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::error::Error;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

use luqu::store::{
    Account, Calendar, DecisionKind, Intake, Mode, Proposal, Role, SealedId, SeasonRow, Store,
    WishList,
};
use luqu_engine::domain::{Applicant, BatchIx, Season};
use luqu_fixtures::{DistrictSpec, district};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The tables that are filled, in the order in which keys let them be.
const TABLES: [&str; 5] = ["applicant", "special_score", "restriction", "wish_list", "wish"];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let applicants = arguments.get(1).and_then(|a| a.parse().ok()).unwrap_or(100_000);
    let Ok(runtime) = tokio::runtime::Runtime::new() else { return ExitCode::FAILURE };
    let measured = runtime.block_on(async {
        let season = made(applicants)?;
        sqlite(&season).await?;
        match arguments.get(2) {
            Some(url) => postgres(&season, url).await,
            None => Ok(()),
        }
    });
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bulk: {error}");
            ExitCode::FAILURE
        }
    }
}

fn made(applicants: u32) -> Outcome<Season> {
    let source = district(&DistrictSpec::new(applicants, 7));
    match Season::check(source.policy, source.draft) {
        Ok((season, _)) => Ok(season),
        Err(faults) => Err(format!("{} faults", faults.len()).into()),
    }
}

/// Whatever must be there before applicants are.
async fn prepare(store: &Store, season: &Season) -> Outcome<()> {
    let policy = season.policy();
    let tx = store.write().await?;
    for (name, role) in [("zhao", Role::Clerk), ("qian", Role::Reviewer)] {
        let (name, display) = (name.to_owned(), name.to_owned());
        let password_hash = String::new();
        let must_change = false;
        let account = Account {
            name,
            display,
            role,
            school: None,
            password_hash,
            must_change,
            disabled: false,
        };
        tx.create_account(&account, 1).await?;
    }
    let row = SeasonRow {
        id: policy.id.to_string(),
        district: policy.district.to_string(),
        year: policy.year,
        mode: Mode::Drill,
        policy: policy.text.clone(),
    };
    tx.create_season(&row, "zhao", 1).await?;
    let digest = "0".repeat(64);
    let proposal = Proposal {
        season: &policy.id,
        kind: DecisionKind::FreezePlan,
        digest: &digest,
        note: "",
        body: "",
        by: "zhao",
        at: 1,
    };
    let decision = tx.propose(&proposal).await?;
    tx.approve(decision, "qian", 2).await?;
    tx.store_schools(season).await?;
    tx.store_flows(policy, decision).await?;
    tx.store_plan(season, decision, DecisionKind::FreezePlan, 2).await?;
    for batch in &policy.batches {
        tx.open_window(&policy.id, &batch.id, Calendar::default(), 3).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Stores the people and their wishes in one transaction; seconds.
async fn fill(store: &Store, season: &Season) -> Outcome<f64> {
    // Ciphers and hashes as long as real ones, in letters, so that every loader can read them.
    let padded = |a: &Applicant, length: usize| format!("{:0>length$}", a.id.as_str()).into_bytes();
    let intake = |a: &Applicant| Intake {
        sealed: SealedId {
            cipher: Some(padded(a, 46)),
            person: padded(a, 32),
            lookup: Some(padded(a, 32)),
        },
        quota_eligible: !a.quota_ineligible,
    };
    let policy = season.policy();
    let begun = Instant::now();
    let tx = store.write().await?;
    tx.store_applicants(season, season.applicants().iter().map(intake).collect()).await?;
    for (at, batch) in policy.batches.iter().enumerate() {
        let lists = WishList::all_of(season, BatchIx::from(at));
        tx.store_wishes(&policy.id, &batch.id, &lists, "zhao", 3).await?;
    }
    tx.commit().await?;
    Ok(begun.elapsed().as_secs_f64())
}

fn tell(database: &str, rows: &[usize], ours: f64, loader: &str, theirs: f64) {
    let all: usize = rows.iter().sum();
    println!(
        "{database}: {all} rows ({} applicants, {} wishes) luqu {ours:.2} s, {loader} {theirs:.2} s: {:.2} ×",
        rows[0],
        rows[4],
        ours / theirs
    );
}

async fn sqlite(season: &Season) -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let (mine, theirs) = (folder.path().join("mine.db"), folder.path().join("theirs.db"));
    let store = Store::open(&format!("sqlite://{}", mine.display())).await?;
    prepare(&store, season).await?;
    store.copy_to(&theirs).await?;
    let ours = fill(&store, season).await?;
    store.close().await?;
    let mut load = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=1; \
                    PRAGMA recursive_triggers=1; PRAGMA secure_delete=1;\n.mode csv\n"
        .to_owned();
    let mut rows = Vec::new();
    for table in TABLES {
        let file = folder.path().join(table);
        let csv = ran(Command::new("sqlite3")
            .arg(&mine)
            .args(["-csv", &format!("SELECT * FROM {table}")]))?;
        std::fs::write(&file, csv)?;
        load += &format!(".import {} {table}\n", file.display());
        rows.push(counted(&mine, table)?);
    }
    let script = folder.path().join("load.sql");
    std::fs::write(&script, load)?;
    let begun = Instant::now();
    ran(Command::new("sqlite3").arg(&theirs).arg(format!(".read {}", script.display())))?;
    let seconds = begun.elapsed().as_secs_f64();
    for (table, rows) in TABLES.iter().zip(&rows) {
        let loaded = counted(&theirs, table)?;
        if loaded != *rows {
            return Err(format!("sqlite3 loaded {loaded} of {rows} rows of {table}").into());
        }
    }
    tell("SQLite", &rows, ours, "sqlite3 .import", seconds);
    Ok(())
}

fn counted(database: &Path, table: &str) -> Outcome<usize> {
    let count =
        ran(Command::new("sqlite3").arg(database).arg(format!("SELECT count(*) FROM {table}")))?;
    Ok(String::from_utf8_lossy(&count).trim().parse()?)
}

async fn postgres(season: &Season, url: &str) -> Outcome<()> {
    let (server, name) = url.rsplit_once('/').ok_or("a URL ends with /name")?;
    let other = format!("{name}_copy");
    let psql = |base: &str, sql: &str| {
        ran(Command::new("psql")
            .args(["-qAt", "-v", "ON_ERROR_STOP=1", "-c", sql, "-d"])
            .arg(format!("{server}/{base}")))
    };
    psql("postgres", &format!("CREATE DATABASE {name}"))?;
    let store = Store::open(url).await?;
    prepare(&store, season).await?;
    store.close().await?;
    psql("postgres", &format!("CREATE DATABASE {other} TEMPLATE {name}"))?;
    let store = Store::open(url).await?;
    let ours = fill(&store, season).await?;
    store.close().await?;
    let folder = tempfile::tempdir()?;
    let mut load = "BEGIN;\n".to_owned();
    let mut rows = Vec::new();
    for table in TABLES {
        let file = folder.path().join(table);
        psql(name, &format!("\\copy {table} TO '{}' CSV", file.display()))?;
        load += &format!("\\copy {table} FROM '{}' CSV\n", file.display());
        let count = psql(name, &format!("SELECT count(*) FROM {table}"))?;
        rows.push(String::from_utf8_lossy(&count).trim().parse()?);
    }
    let script = folder.path().join("load.sql");
    std::fs::write(&script, load + "COMMIT;\n")?;
    let begun = Instant::now();
    ran(Command::new("psql")
        .args(["-q", "-v", "ON_ERROR_STOP=1", "-f"])
        .arg(&script)
        .arg("-d")
        .arg(format!("{server}/{other}")))?;
    tell("PostgreSQL", &rows, ours, "COPY", begun.elapsed().as_secs_f64());
    psql("postgres", &format!("DROP DATABASE {name}"))?;
    psql("postgres", &format!("DROP DATABASE {other}"))?;
    Ok(())
}

fn ran(command: &mut Command) -> Outcome<Vec<u8>> {
    let output = command.output()?;
    if output.status.success() && output.stderr.is_empty() {
        return Ok(output.stdout);
    }
    let said: String = String::from_utf8_lossy(&output.stderr).chars().take(300).collect();
    Err(format!("{}: {said}", command.get_program().to_string_lossy()).into())
}
