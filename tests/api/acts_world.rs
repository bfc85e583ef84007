//! An office over a test database, with its people and a made season to bring in.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use luqu::acts::{Actor, Mistake, Office, Upload};
use luqu::auth::hash_password;
use luqu::auth::keys::Keys;
use luqu::store::{Account, Mode, Role};
use luqu::tables::season_csv::table_csv;
use luqu_engine::domain::draft::ApplicantRow;
use luqu_engine::domain::{Draft, Score, Table};
use luqu_engine::policy::Policy;
use luqu_fixtures::{DistrictSpec, district};
use tempfile::TempDir;

use crate::databases::TestDb;

/// An office and the people who act in it.
pub(crate) struct World {
    pub(crate) office: Office,
    pub(crate) clerk: Actor,
    pub(crate) reviewer: Actor,
    pub(crate) season: String,
    policy: Policy,
    draft: Draft,
    keys_folder: TempDir,
}

/// The password of everybody.
pub(crate) const PASSWORD: &str = "ten characters";

fn person(name: &str, role: Role, school: Option<&str>, hash: &str) -> Account {
    Account {
        name: name.to_owned(),
        display: name.to_owned(),
        role,
        school: school.map(str::to_owned),
        password_hash: hash.to_owned(),
        must_change: false,
        disabled: false,
    }
}

impl World {
    /// An office with a season that is begun and empty. Its quota seats are still to be computed.
    pub(crate) async fn new(db: &TestDb, applicants: u32) -> Self {
        Self::begun(db, applicants, Mode::Drill, str::to_owned).await
    }

    /// The same of another district.
    pub(crate) async fn of(db: &TestDb, spec: &DistrictSpec) -> Self {
        Self::made(db, spec, Mode::Drill, str::to_owned).await
    }

    /// The same in another mode, under the made policy with its text changed.
    pub(crate) async fn begun(
        db: &TestDb,
        applicants: u32,
        mode: Mode,
        change: impl Fn(&str) -> String,
    ) -> Self {
        Self::made(db, &DistrictSpec::new(applicants, 7), mode, change).await
    }

    async fn made(
        db: &TestDb,
        spec: &DistrictSpec,
        mode: Mode,
        change: impl Fn(&str) -> String,
    ) -> Self {
        let keys = tempfile::tempdir().expect("a folder");
        let store = db.open().await;
        let tx = store.write().await.expect("a transaction");
        let hash = hash_password(PASSWORD).expect("a hash");
        let people = [
            person("zhao", Role::Clerk, None, &hash),
            person("qian", Role::Reviewer, None, &hash),
            person("sun", Role::Regulator, None, &hash),
            person("li", Role::Machine, None, &hash),
            person("zhou", Role::Admin, None, &hash),
        ];
        for account in &people {
            tx.create_account(account, 1).await.expect("an account");
        }
        tx.commit().await.expect("a commit");
        let held = Keys::open_or_create(&keys.path().join("keys.toml")).expect("keys");
        let office = Office::new(store, Arc::new(held));
        let [clerk, reviewer, ..] = people.each_ref().map(Actor::of);
        let source = district(spec);
        let mut draft = source.draft;
        undistribute(&source.policy, &mut draft);
        let text = change(&source.policy.text);
        let row = office.create_season(&clerk, &text, mode).await.expect("a season");
        Self {
            office,
            clerk,
            reviewer,
            season: row.id,
            policy: source.policy,
            draft,
            keys_folder: keys,
        }
    }

    /// An account of a school.
    pub(crate) async fn school_account(&self, name: &str, school: &str) {
        let hash = hash_password(PASSWORD).expect("a hash");
        let tx = self.office.store().write().await.expect("a transaction");
        let account = person(name, Role::School, Some(school), &hash);
        tx.create_account(&account, 1).await.expect("an account");
        tx.commit().await.expect("a commit");
    }

    /// The file of the keys.
    pub(crate) fn keys_file(&self) -> PathBuf {
        self.keys_folder.path().join("keys.toml")
    }

    /// The text of the season's policy.
    pub(crate) fn policy_text(&self) -> &str {
        &self.policy.text
    }

    /// The batches of the season, in order.
    pub(crate) fn batches(&self) -> Vec<String> {
        self.policy.batches.iter().map(|b| b.id.to_string()).collect()
    }

    /// How many applicants there are.
    pub(crate) fn applicants(&self) -> usize {
        self.draft.applicants.rows.len()
    }

    /// The number of an applicant.
    pub(crate) fn applicant(&self, at: usize) -> String {
        let (_, row) = &self.draft.applicants.rows[at];
        row.applicant_id.as_deref().expect("a number").to_owned()
    }

    /// A mistake whose right total is about this: with marks, and a bonus, that add up to it.
    pub(crate) fn mistake(&self, applicant: &str, total: &str) -> Mistake {
        let own = |row: &ApplicantRow| row.applicant_id.as_deref() == Some(applicant);
        let row = self.draft.applicants.rows.iter().find(|(_, row)| own(row));
        let mut total: Score = total.parse().expect("a score");
        let mut marks = BTreeMap::new();
        if let (Some(rule), true) = (&self.policy.total, total >= Score::ZERO) {
            let bonus = row.and_then(|(_, row)| row.bonus).filter(|_| rule.bonus_included);
            let mut left = total.minus(bonus.unwrap_or_default()).max(Score::ZERO);
            total = bonus.unwrap_or_default().plus(left);
            for part in &rule.parts {
                let subject = &self.policy.subjects[part.at()];
                let mark = left.min(subject.max);
                left = left.minus(mark);
                marks.insert(subject.id.to_string(), mark);
            }
        }
        Mistake {
            applicant: applicant.to_owned(),
            marks,
            total,
            approval_no: "綦教补〔2026〕1号".to_owned(),
            reason: "登分错误".to_owned(),
        }
    }

    /// The id numbers of the applicants, as far as they have one.
    pub(crate) fn id_numbers(&self) -> Vec<String> {
        let rows = self.draft.applicants.rows.iter();
        rows.filter_map(|(_, row)| row.id_number.as_deref().map(str::to_owned)).collect()
    }

    /// A season lived to its last publication.
    pub(crate) async fn lived(db: &TestDb, applicants: u32) -> Self {
        let world = Self::new(db, applicants).await;
        world.live().await;
        world
    }

    /// Everything from the imports to the last publication; the admissions.
    pub(crate) async fn live(&self) -> usize {
        self.bring_in().await;
        let mut admitted = 0;
        for batch in self.batches() {
            self.collect(&batch).await;
            admitted += self.publish(&batch).await;
        }
        admitted
    }

    /// A table of the made season as a file.
    pub(crate) fn upload(&self, table: Table, name: &str) -> Option<Upload> {
        let bytes = table_csv(table, &self.policy, &self.draft).expect("a table")?;
        Some(Upload { name: name.to_owned(), bytes })
    }

    /// The made season in two imports: what belongs to the plan, then the people.
    pub(crate) async fn import(&self) {
        let plan = [
            (Table::Schools, "schools.csv"),
            (Table::Plan, "plan.csv"),
            (Table::Graduates, "graduates.csv"),
        ];
        self.bring(&plan).await;
    }

    /// The applicants and what is recorded of them.
    pub(crate) async fn import_people(&self) {
        let people = [
            (Table::Applicants, "applicants.csv"),
            (Table::Wishes, "wishes.csv"),
            (Table::SpecialScores, "special_scores.csv"),
            (Table::Restrictions, "restrictions.csv"),
        ];
        self.bring(&people).await;
    }

    async fn bring(&self, tables: &[(Table, &str)]) {
        let uploads = tables.iter().filter_map(|(t, name)| self.upload(*t, name)).collect();
        let staged =
            self.office.stage(&self.clerk, &self.season, uploads).await.expect("a reading");
        let faults: Vec<String> =
            staged.loaded.faults.iter().filter(|f| f.blocks()).map(|f| format!("{f:?}")).collect();
        assert_eq!(faults, [""; 0]);
        self.office.commit_import(&self.clerk, &self.season, staged.id).await.expect("a commit");
    }

    /// The plan frozen and its quota distributed, each by two.
    pub(crate) async fn freeze(&self) {
        let (office, season) = (&self.office, self.season.as_str());
        let frozen = office.propose_freeze(&self.clerk, season, "2026").await.expect("a proposal");
        office
            .approve_freeze(&self.reviewer, season, frozen.decision, &frozen.digest)
            .await
            .expect("an approval");
        let quota = office.propose_quota(&self.clerk, season, "").await.expect("a distribution");
        office
            .approve_quota(&self.reviewer, season, quota.decision, &quota.digest)
            .await
            .expect("an approval");
    }

    /// Everything until wishes open: the plan brought in, frozen and distributed, and the people brought in.
    pub(crate) async fn bring_in(&self) {
        self.import().await;
        self.freeze().await;
        self.import_people().await;
    }

    /// The wishes of a batch opened and closed.
    pub(crate) async fn collect(&self, batch: &str) {
        self.office.open_wishes(&self.clerk, &self.season, batch).await.expect("an opening");
        self.office.close_wishes(&self.clerk, &self.season, batch, None).await.expect("a close");
    }

    /// A run of a batch; the number and the digest of the round.
    pub(crate) async fn run(&self, batch: &str) -> (i64, String) {
        self.office.queue_run(&self.clerk, &self.season, batch).await.expect("a job");
        let (_, outcome) = self.office.work_once("test").await.expect("work").expect("a job");
        let luqu::acts::RunOutcome::Round(id) = outcome else { panic!("{outcome:?}") };
        let found = self.office.store().read().round(&self.season, id).await.expect("rounds");
        (id, found.expect("the round").0.answer_digest)
    }

    /// Somebody gives the seat up, and two people revoke the admission.
    pub(crate) async fn revoke(&self, applicant: &str) {
        let (office, season) = (&self.office, self.season.as_str());
        let proposed = office.propose_revocation(&self.clerk, season, applicant, "自愿放弃").await;
        let proposed = proposed.expect("a proposal");
        office
            .approve_revocation(&self.reviewer, season, proposed.decision, &proposed.digest)
            .await
            .expect("a revocation");
    }

    /// A batch from wishes to publication; the admissions.
    pub(crate) async fn publish(&self, batch: &str) -> usize {
        let (round, digest) = self.run(batch).await;
        let (office, season) = (&self.office, self.season.as_str());
        office.sign(&self.clerk, season, round, &digest).await.expect("a signature");
        office.publish(&self.reviewer, season, round, &digest).await.expect("a publication")
    }
}

/// Takes the distribution back: the unified line carries the whole plan, the quota line waits.
fn undistribute(policy: &Policy, draft: &mut Draft) {
    let is_quota =
        |category: &str| policy.category_ix(category).is_some_and(|c| policy.category(c).by_junior);
    let mut whole = std::collections::BTreeMap::new();
    for (_, row) in &mut draft.plan.rows {
        if row.category.as_deref().is_some_and(is_quota) {
            let key = (row.school_id.clone(), row.batch.clone());
            *whole.entry(key).or_insert(0) += row.seats.take().unwrap_or(0);
            row.seats_blank = true;
        }
    }
    for (_, row) in &mut draft.plan.rows {
        let key = (row.school_id.clone(), row.batch.clone());
        if row.category.as_deref() == Some("unified")
            && let Some(more) = whole.get(&key)
        {
            row.seats = row.seats.map(|s| s + more);
        }
    }
    draft.quotas = Default::default();
}
