//! Retention: every table is accounted for, personal data are gone from the files, and the ledger verifies as before.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use axum::http::Method;
use luqu::acts::{ActError, Actor, Choice, HandOver, Kept, Mistake, SectionsAsked, Upload};
use luqu::ledger::bundle::{Outside, check};
use luqu::store::{Emptied, Mode, RETAINED, Role, WishLine, WishList};
use luqu::tables::write::handover::Headings;
use luqu_engine::domain::Table;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};
use serde_json::json;

use crate::acts_world::{PASSWORD, World};
use crate::databases::{TestDb, block_on};
use crate::http_kit::Client;
use crate::ops_kit::{luqu, must_exit, told};

/// Words about a person that somebody typed where they had a reason to give.
const GOSSIP: &str = "欧阳若兰之母来电询问";

/// The database with the program bypassed.
struct Bare<'a> {
    db: &'a TestDb,
    on: DatabaseConnection,
}

impl<'a> Bare<'a> {
    async fn of(db: &'a TestDb) -> Self {
        Self { db, on: Database::connect(&db.url).await.expect("a connection") }
    }

    /// The first column of what is asked.
    async fn asked(&self, sql: &str) -> Vec<String> {
        let statement = Statement::from_string(self.on.get_database_backend(), sql);
        let rows = self.on.query_all_raw(statement).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
        rows.iter().map(|row| row.try_get_by_index(0).expect("a text")).collect()
    }

    /// Every table of the database but those of the machinery.
    async fn tables(&self) -> BTreeSet<String> {
        let sql = match self.db.is_postgres() {
            true => {
                "SELECT relname::text FROM pg_class \
                 WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'"
            }
            false => {
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            }
        };
        let all = self.asked(sql).await;
        all.into_iter().filter(|t| t != "seaql_migrations").collect()
    }

    /// What stands in a column that is to be emptied, as the database writes bytes and texts.
    async fn values(
        &self,
        table: &str,
        column: &str,
        emptied: &Emptied,
        season: &str,
    ) -> Vec<String> {
        let rows = emptied.rows.replace("$1", &format!("'{season}'"));
        let text = match self.db.is_postgres() {
            true => format!("{column}::text"),
            false => format!(
                "CASE typeof({column}) WHEN 'blob' THEN '\\x' || lower(hex({column})) ELSE {column} END"
            ),
        };
        let sql =
            format!("SELECT DISTINCT {text} FROM {table} WHERE ({rows}) AND length({column}) > 0");
        self.asked(&sql).await
    }

    /// All that the database holds: the bytes of SQLite's files, the rows of PostgreSQL's tables.
    async fn held(&self) -> Vec<u8> {
        if self.db.is_postgres() {
            let mut all = String::new();
            for table in self.tables().await {
                let rows = self.asked(&format!("SELECT t::text FROM {table} t")).await;
                all += &rows.join("\n");
            }
            return all.into_bytes();
        }
        let path = self.db.url.trim_start_matches("sqlite://");
        let files = ["", "-wal", "-shm", "-journal"].map(|ending| format!("{path}{ending}"));
        let there = files.iter().filter(|name| Path::new(name).exists());
        there.flat_map(|name| std::fs::read(name).expect("a file")).collect()
    }

    /// A value of a column as it stands in what the database holds, or the beginning of a long one.
    fn needle(&self, value: &str) -> Vec<u8> {
        let Some(digits) = value.strip_prefix("\\x") else { return value.as_bytes().to_vec() };
        let digits = &digits[..digits.len().min(64)];
        if self.db.is_postgres() {
            return digits.as_bytes().to_vec();
        }
        (0..digits.len() / 2)
            .map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).expect("a byte"))
            .collect()
    }
}

/// Which of these stand somewhere among the bytes. Each is at least four bytes long.
fn standing<'n>(bytes: &[u8], needles: &'n [(String, Vec<u8>)]) -> BTreeSet<&'n str> {
    let mut begun: HashMap<&[u8], Vec<&(String, Vec<u8>)>> = HashMap::new();
    for needle in needles {
        begun.entry(&needle.1[..4]).or_default().push(needle);
    }
    let mut found = BTreeSet::new();
    for at in 0..bytes.len().saturating_sub(3) {
        for (what, needle) in begun.get(&bytes[at..at + 4]).into_iter().flatten() {
            if bytes[at..].starts_with(needle) {
                found.insert(what.as_str());
            }
        }
    }
    found
}

/// A season lived to its classes and sections, with something typed, uploaded or answered wherever that can be done.
async fn lived(world: &World) -> Client {
    let (office, season, clerk) = (&world.office, world.season.as_str(), &world.clerk);
    world.import().await;
    let noted = office.propose_freeze(clerk, season, GOSSIP).await.expect("a proposal");
    office.withdraw(clerk, season, noted.decision).await.expect("a withdrawal");
    world.freeze().await;
    world.import_people().await;
    let again = world.upload(Table::Applicants, "applicants.csv").expect("applicants");
    let faulty = Upload { bytes: b"applicant_id,name\n1,x\n".to_vec(), ..again.clone() };
    office.stage(clerk, season, vec![again]).await.expect("a reading");
    office.stage(clerk, season, vec![faulty]).await.expect("a reading");
    for batch in world.batches() {
        office.open_wishes(clerk, season, &batch).await.expect("an opening");
        let held = office.store().read().wishes_of(season, &world.applicant(0)).await;
        let wishes: Vec<WishLine> = held.expect("wishes").remove(&batch).unwrap_or_default();
        let list = WishList { applicant: world.applicant(0), wishes };
        office.submit_wishes(clerk, season, &batch, &[list]).await.expect("a new version");
        office.close_wishes(clerk, season, &batch, None).await.expect("a close");
        world.publish(&batch).await;
    }
    let admitted = office.store().read().admissions(season).await.expect("admissions");
    for one in &admitted {
        office.arrive(clerk, season, &one.applicant, true).await.expect("them");
    }
    office.clear(clerk, season).await.expect("an audit");
    let school = &admitted[0].school;
    office.open_records(clerk, season, school).await.expect("records");
    office.form_classes(clerk, season, school, Default::default()).await.expect("classes");
    let places = office.store().read().places(season, Some(school)).await.expect("places");
    let chosen = |applicant| Choice { applicant, combination: "物化生".to_owned() };
    let choices = places.into_iter().map(|p| chosen(p.applicant)).collect();
    let asked = SectionsAsked { choices, capacity: Vec::new(), blocks: 3, limit: None };
    office.form_sections(clerk, season, school, &asked).await.expect("sections");

    let [left, other] = [&admitted[0].applicant, &admitted[1].applicant];
    let gone = office.propose_revocation(clerk, season, left, GOSSIP).await.expect("a proposal");
    office
        .approve_revocation(&world.reviewer, season, gone.decision, &gone.digest)
        .await
        .expect("a revocation");
    let mistake = Mistake { reason: GOSSIP.to_owned(), ..world.mistake(other, "0") };
    office.propose_correction(clerk, season, mistake).await.expect("a proposal");
    office.hand_over(clerk, season, &handed_over()).await.expect("a list");
    office.oneroster(clerk, season, None).await.expect("an archive");
    office.bundle(clerk, season).await.expect("a bundle");
    // Explained once, a round stays in memory with everybody's name.
    office.known_round(season, admitted[0].round).await.expect("the round");
    let number = world.id_numbers().remove(0);
    let dump = Upload {
        name: format!("{GOSSIP}.csv"),
        bytes: format!("id_number,school_id\n{number},{school}\n").into_bytes(),
    };
    office.bring_dump(clerk, season, dump).await.expect("a dump").id.expect("a dump");

    let client = Client::anonymous(world).signed_in("zhao").await;
    reveal(world, &client).await.must_be(200);
    client
}

fn handed_over() -> HandOver {
    HandOver { school: None, reason: GOSSIP.to_owned(), headings: Headings::Codes, workbook: false }
}

/// Looks at an id number, as a request that may be sent again.
async fn reveal(world: &World, client: &Client) -> crate::http_kit::Reply {
    let place = format!("/v1/seasons/{}/applicants/{}/reveal", world.season, world.applicant(1));
    let key = [("idempotency-key", "k-1")];
    client.send_with(Method::POST, &place, Some(json!({"reason": GOSSIP})), &key).await
}

#[test]
fn every_table_is_emptied_or_says_why_it_stays() {
    for db in TestDb::all() {
        block_on(async {
            db.open().await.close().await.expect("a close");
            let found = Bare::of(&db).await.tables().await;
            let listed: BTreeSet<String> = RETAINED.iter().map(|r| r.table.to_owned()).collect();
            assert!(found.len() > 30, "{found:?}");
            assert_eq!(found, listed, "{}: tables that retention does not account for", db.name);
        });
    }
}

#[test]
fn what_is_destroyed_is_gone_from_the_file_and_the_ledger_still_verifies() {
    for db in TestDb::all() {
        block_on(async {
            let world = World::new(&db, 150).await;
            let (office, season) = (&world.office, world.season.as_str());
            let client = lived(&world).await;
            // Another season, whose name begins alike, is none of this one's business.
            let second = format!("{season}-2");
            let text = world.policy_text().replace(season, &second);
            office.create_season(&world.clerk, &text, Mode::Drill).await.expect("a season");
            office.bundle(&world.clerk, &second).await.expect("a bundle");
            let read = office.store().read();
            let bare = Bare::of(&db).await;

            let mut needles = vec![("gossip".to_owned(), GOSSIP.as_bytes().to_vec())];
            let names = read.names(season).await.expect("names");
            needles
                .extend(names.iter().map(|(a, n)| (format!("name {a}"), n.clone().into_bytes())));
            let numbers = world.id_numbers().into_iter().enumerate();
            needles.extend(numbers.map(|(at, n)| (format!("number {at}"), n.into_bytes())));
            let mut filled = BTreeMap::new();
            for retained in RETAINED {
                for emptied in retained.emptied {
                    for (column, _) in emptied.columns {
                        let values = bare.values(retained.table, column, emptied, season).await;
                        let bytes = values.iter().filter(|v| v.starts_with("\\x"));
                        let what = format!("{}.{column}", retained.table);
                        needles.extend(bytes.map(|v| (what.clone(), bare.needle(v))));
                        filled.insert(what, values.len());
                    }
                }
            }
            let bare_columns: Vec<_> = filled.iter().filter(|(_, n)| **n == 0).collect();
            assert!(
                bare_columns.iter().all(|(c, _)| c.ends_with("registry_no")),
                "{bare_columns:?}"
            );
            let before = bare.held().await;
            let before = standing(&before, &needles);
            let told: BTreeSet<&str> = needles.iter().map(|(what, _)| what.as_str()).collect();
            let unseen: Vec<_> = told.difference(&before).collect();
            assert!(unseen.iter().all(|w| w.starts_with("number")), "{}: {unseen:?}", db.name);

            let (size, witness, _) =
                read.last_checkpoint().await.expect("checkpoints").expect("a checkpoint");
            client.refresh().await;
            let lines = client.get(&format!("/v1/public/seasons/{season}/lines")).await;
            let lines = lines.must_be(200);
            let proposed = office
                .propose_retention(&world.clerk, season, "保存期满")
                .await
                .expect("a proposal");
            let alone = office
                .approve_retention(&world.clerk, season, proposed.decision, &proposed.digest)
                .await;
            assert!(matches!(alone, Err(ActError::NotPermitted(_))), "{alone:?}");
            let done = office
                .approve_retention(&world.reviewer, season, proposed.decision, &proposed.digest)
                .await
                .expect("a destruction");
            assert_eq!(done.rows["applicant"] as usize, world.applicants());
            assert!(done.rows.values().all(|rows| *rows > 0) && done.scrubbed, "{done:?}");

            let after = bare.held().await;
            assert_eq!(standing(&after, &needles), BTreeSet::new(), "{}", db.name);
            for retained in RETAINED {
                for emptied in retained.emptied {
                    for (column, _) in emptied.columns {
                        let values = bare.values(retained.table, column, emptied, season).await;
                        assert_eq!(values, [""; 0], "{}.{column}", retained.table);
                    }
                }
            }
            let looks = read.looks(None, 100).await.expect("looks");
            let kept: Vec<_> = looks.iter().filter(|(_, l)| !l.reason.is_empty()).collect();
            assert!(kept.iter().all(|(_, l)| l.subject == second) && kept.len() == 1, "{kept:?}");
            assert!(looks.iter().any(|(_, l)| l.action == "reveal" && l.account == "zhao"));
            let replayed = reveal(&world, &client).await.must_be(409);
            assert_eq!(replayed["type"], "/problems/idempotency-key", "{replayed}");

            assert_eq!(kept_payloads(&world).await, 0);
            let kept = Kept { place: "外部".to_owned(), note: witness.clone() };
            assert_eq!(office.lost(&[kept]).await.expect("the ledger"), None);
            let checked = office.check_up().await.expect("the ledger");
            assert_eq!(checked.findings, [""; 0]);
            assert!(checked.entries > size);
            let bundle = office.bundle(&world.clerk, season).await.expect("a bundle");
            let found =
                check(&bundle, &Outside { witnesses: vec![witness], key: None }).expect("a bundle");
            assert_eq!(found.findings, [""; 0], "{}", db.name);

            nothing_goes_on(&world).await;
            client.refresh().await;
            let open = client.get("/v1/public/seasons").await.must_be(200);
            let why = open.as_array().expect("seasons").iter().find(|s| s["id"] == season);
            let why = why.and_then(|s| s["closed"].as_str()).expect("a reason");
            assert!(why.contains("已按保存期限销毁"), "{why}");
            let still = client.get(&format!("/v1/public/seasons/{season}/lines")).await;
            assert_eq!(still.must_be(200), lines, "lines are of nobody");
        });
    }
}

/// How many personal data of the ledger are not emptied.
async fn kept_payloads(world: &World) -> usize {
    let rows = world.office.store().read().payload_rows().await.expect("payloads");
    rows.values().filter(|row| row.kept.is_some()).count()
}

/// Nothing is computed on what is no longer there, nothing destroyed twice, and nothing new said of anybody.
async fn nothing_goes_on(world: &World) {
    let (office, season, clerk) = (&world.office, world.season.as_str(), &world.clerk);
    let again = office.propose_retention(clerk, season, "再次").await;
    assert!(matches!(again, Err(ActError::Conflict(_))), "{again:?}");
    let admitted = office.store().read().admissions(season).await.expect("admissions");
    let active = admitted.iter().find(|a| a.active).expect("an admission");
    let revoked = office.propose_revocation(clerk, season, &active.applicant, GOSSIP).await;
    assert!(matches!(revoked, Err(ActError::Conflict(_))), "{revoked:?}");
    let bytes = b"registry_no,school_id\nJ1,S1\n".to_vec();
    let dump = Upload { name: "registry.csv".to_owned(), bytes };
    let dump = office.bring_dump(clerk, season, dump).await;
    assert!(matches!(dump, Err(ActError::Conflict(_))), "{dump:?}");
    let handed = office.hand_over(clerk, season, &handed_over()).await;
    assert!(matches!(handed, Err(ActError::Conflict(_))), "{handed:?}");
    let known = office.known_round(season, admitted[0].round).await;
    assert!(matches!(known, Err(ActError::Conflict(_))), "{known:?}");
    // A fact is still written down, and says nothing of anybody beside the ledger.
    let arrived = office.arrive(clerk, season, &active.applicant, true).await;
    arrived.expect("an arrival");
    let undone = office.arrive(clerk, season, &active.applicant, false).await;
    undone.expect("an arrival undone");
    assert_eq!(kept_payloads(world).await, 0);
}

#[test]
fn the_command_takes_two_people() {
    let db = TestDb::sqlite();
    let room = tempfile::tempdir().expect("a folder");
    block_on(async {
        let world = World::new(&db, 60).await;
        world.import().await;
        world.import_people().await;
        let run = |names: [&str; 2], lines: &str| {
            let args = [
                "retention",
                &world.season,
                "--reason",
                "演练结束",
                "--by",
                names[0],
                "--and",
                names[1],
            ];
            told(&mut luqu(&db.url, &world.keys_file(), room.path(), &args), lines)
        };
        let passwords = format!("{PASSWORD}\n{PASSWORD}\n");
        must_exit(&run(["zhao", "qian"], "a\nb\n"), 4);
        must_exit(&run(["qian", "qian"], &passwords), 4);
        must_exit(&run(["zhao", "sun"], &passwords), 4);
        // Whoever gave a password knows it: until it is changed it signs for nobody.
        let zhou = Actor { name: "zhou".to_owned(), role: Role::Admin, school: None };
        let given = world.office.reset_password(&zhou, "qian").await.expect("a password");
        must_exit(&run(["zhao", "qian"], &format!("{PASSWORD}\n{given}\n")), 4);
        let qian = Actor { name: "qian".to_owned(), role: Role::Reviewer, school: None };
        world.office.change_password(&qian, "", &given, PASSWORD).await.expect("a change");
        assert!(must_exit(&run(["zhao", "qian"], &passwords), 0).contains("import_batch"));
        must_exit(&run(["zhao", "qian"], &passwords), 6);
    });
}
