//! What the public is told of a season, and the check before it is told: every answer against the signed result.

use std::collections::{BTreeMap, BTreeSet};

use luqu_engine::domain::Score;
use luqu_engine::domain::digest::of_bytes;
use luqu_engine::policy::Policy;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::results::{csv_rows, packed_file};
use super::{ActError, Office};
use crate::store::{Admission, Round, RoundStatus};
use crate::tables::write::words;

/// What a family is told.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct PublicAnswer {
    /// `placed`, `adjusted`, `unplaced`, `barred` or `no_wishes`.
    pub outcome: String,
    /// In words.
    pub words: String,
    /// 录取学校
    pub school: Option<String>,
    /// 批次
    pub batch: Option<String>,
    /// 类别
    pub category: Option<String>,
    /// 下一步
    pub next: String,
    /// Why, for every wish that came to nothing.
    pub reasons: Vec<String>,
}

/// The result of one applicant, for their family.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublicResult {
    /// 报名号
    pub applicant: String,
    /// Keyed hash of the code on the exam slip.
    pub check: Vec<u8>,
    /// What is told.
    pub answer: PublicAnswer,
}

/// What the public is told of a season.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PublicResults {
    /// The round whose answers these are: the last one published.
    pub round: Option<i64>,
    /// By applicant; none before the first publication.
    pub results: Vec<PublicResult>,
    /// Whose result two people changed after the round.
    pub moved: BTreeSet<String>,
    /// Why results stay closed though a round is published.
    pub closed: Option<Closed>,
}

/// Why results are no longer told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Closed {
    /// What families would be told is not what was signed; what differs.
    Differs(String),
    /// The personal data were destroyed when their time was over.
    Destroyed,
}

impl std::fmt::Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Differs(what) => f.write_str(what),
            Self::Destroyed => f.write_str("个人数据已按保存期限销毁，不再提供查询"),
        }
    }
}

/// A row of `placements.csv`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct PlacementRow {
    /// 报名号
    pub applicant_id: String,
    /// `placed`, `adjusted`, `unplaced`, `barred` or `no_wishes`.
    pub outcome: String,
    /// 批次
    pub batch: String,
    /// 志愿序号; 0 when adjusted.
    pub position: Option<u16>,
    /// The senior school.
    pub school_id: String,
    /// 类别
    pub category: String,
    /// Points.
    pub total: String,
}

/// A row of `reasons.csv`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ReasonRow {
    /// 报名号
    pub applicant_id: String,
    /// 批次
    pub batch: String,
    /// 志愿序号
    pub position: u16,
    /// The senior school.
    pub school_id: String,
    /// 类别
    pub category: String,
    /// Why the proposal did not stick.
    pub reason: String,
    /// The floor or the cut-off that decided.
    pub detail: String,
}

/// Who holds what: school, batch and category, and whether by adjustment.
type Held = BTreeMap<String, (String, String, String, bool)>;

impl Office {
    /// The keyed hash of a code that somebody typed: spaces and small letters are forgiven.
    #[must_use]
    pub fn lookup_check(&self, season: &str, applicant: &str, code: &str) -> [u8; 32] {
        let code: String =
            code.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect();
        self.keys().hash("lookup", format!("{season}/{applicant}/{code}").as_bytes())
    }

    /// What the public is told of a season: from the admissions that are in force, and only if they are what two people
    /// signed, for every applicant. Otherwise nothing is told, and it says what differs, without naming anybody.
    ///
    /// # Errors
    /// What the store said.
    pub async fn public_results(&self, season: &str) -> Result<PublicResults, ActError> {
        let read = self.store().read();
        let rounds = read.rounds(season).await?;
        let Some(last) = last_published(&rounds) else { return Ok(PublicResults::default()) };
        let closed = |why: Closed| PublicResults {
            round: Some(last.id),
            closed: Some(why),
            ..PublicResults::default()
        };
        if self.is_destroyed(season).await? {
            return Ok(closed(Closed::Destroyed));
        }
        let differs = |what: &str| closed(Closed::Differs(what.to_owned()));
        let Some((_, packed)) = read.round(season, last.id).await? else {
            return Ok(differs("公布的轮次读不到"));
        };
        let (placements, reasons) = match signed_files(last, &packed) {
            Ok(files) => files,
            Err(why) => return Ok(differs(why)),
        };
        let all = read.admissions(season).await?;
        let corrected = read.corrected(season).await?;
        let due = due(&placements, &all, &corrected);
        let (_, policy) = self.season_row(season).await?;
        let told = self.told(season, &policy, &placements, reasons, &all).await?;
        match difference(&due, &placements, &told, &policy, &corrected) {
            None => {
                let schools = read.school_names(season).await?;
                let left = all.iter().filter(|a| !a.active).map(|a| a.applicant.clone());
                let moved: BTreeSet<String> = left.chain(corrected.into_keys()).collect();
                let last_of_all = policy.batches.last().is_some_and(|b| b.id == last.batch);
                let say = Saying { schools: &schools, policy: &policy, moved: &moved, last_of_all };
                let results = told.into_iter().map(|t| say.result(t)).collect();
                Ok(PublicResults { round: Some(last.id), results, moved, closed: None })
            }
            Some(why) => Ok(differs(&why)),
        }
    }

    /// The answer for every applicant of the season, from what the tables hold.
    async fn told(
        &self,
        season: &str,
        policy: &Policy,
        placements: &[PlacementRow],
        reasons: Vec<ReasonRow>,
        all: &[Admission],
    ) -> Result<Vec<Told>, ActError> {
        let read = self.store().read();
        let mut why: BTreeMap<String, Vec<ReasonRow>> = BTreeMap::new();
        for row in reasons {
            why.entry(row.applicant_id.clone()).or_default().push(row);
        }
        let outcomes: BTreeMap<&str, &str> =
            placements.iter().map(|p| (p.applicant_id.as_str(), p.outcome.as_str())).collect();
        let mut held: BTreeMap<&str, &Admission> =
            all.iter().filter(|a| a.active).map(|a| (a.applicant.as_str(), a)).collect();
        let hashes = read.lookup_hashes(season).await?;
        let told = hashes.into_iter().map(|(applicant, check)| {
            let signed = outcomes.get(applicant.as_str()).copied().unwrap_or_default();
            let held = held.remove(applicant.as_str()).cloned();
            let name = |a: &Admission| {
                let batch = policy.batch_ix(&a.batch).map(|b| policy.batch(b).name.clone());
                let category =
                    policy.category_ix(&a.category).map(|c| policy.category(c).name.clone());
                (batch.unwrap_or_default(), category.unwrap_or_default())
            };
            let outcome = match &held {
                Some(a) if a.position == 0 => "adjusted",
                Some(_) => "placed",
                None if ["barred", "no_wishes"].contains(&signed) => signed,
                None => "unplaced",
            };
            Told {
                names: held.as_ref().map(name),
                outcome: outcome.to_owned(),
                reasons: why.remove(&applicant).unwrap_or_default(),
                held,
                applicant,
                check,
            }
        });
        Ok(told.collect())
    }
}

/// What one applicant is told, before it is put into words.
struct Told {
    applicant: String,
    check: Vec<u8>,
    outcome: String,
    held: Option<Admission>,
    /// Batch and category by name.
    names: Option<(String, String)>,
    reasons: Vec<ReasonRow>,
}

/// What answers are put into words with.
struct Saying<'s> {
    schools: &'s BTreeMap<String, String>,
    policy: &'s Policy,
    /// Whose result two people changed after the round.
    moved: &'s BTreeSet<String>,
    /// Whether the last batch of the policy is out.
    last_of_all: bool,
}

impl Saying<'_> {
    fn result(&self, told: Told) -> PublicResult {
        let school = |id: &str| self.schools.get(id).cloned().unwrap_or_else(|| id.to_owned());
        let moved = self.moved.contains(&told.applicant);
        let (said, next) = match told.outcome.as_str() {
            "adjusted" => ("调剂录取", "请按学校通知的时间报到"),
            "placed" => ("已录取", "请按学校通知的时间报到"),
            "barred" => ("取消资格", "如有疑问请与招生办公室联系"),
            _ if moved => ("录取已撤销", "如有疑问请与招生办公室联系"),
            "no_wishes" if self.last_of_all => ("未填志愿", "各批次录取已经结束"),
            _ if self.last_of_all => ("未录取", "各批次录取已经结束"),
            "no_wishes" => ("已公布的批次未填志愿", "请留意后续批次和征集志愿公告"),
            _ => ("尚未录取", "请留意后续批次和征集志愿公告"),
        };
        let several = self.policy.batches.len() > 1;
        let reason = |r: &ReasonRow| {
            let why = words::reason_key(&r.reason, &r.detail);
            let batch = self.policy.batch_ix(&r.batch).filter(|_| several);
            let batch = batch.map_or("", |b| self.policy.batch(b).name.as_str());
            let wish = format!("第 {} 志愿 {}：{why}", r.position, school(&r.school_id));
            if batch.is_empty() { wish } else { format!("{batch} {wish}") }
        };
        let (batch, category) = told.names.unzip();
        PublicResult {
            answer: PublicAnswer {
                words: said.to_owned(),
                school: told.held.as_ref().map(|a| school(&a.school)),
                batch,
                category,
                next: next.to_owned(),
                // The round does not explain what two people changed after it.
                reasons: told.reasons.iter().filter(|_| !moved).map(reason).collect(),
                outcome: told.outcome,
            },
            applicant: told.applicant,
            check: told.check,
        }
    }
}

/// The round that was published last: it knows everything of the earlier ones.
pub(super) fn last_published(rounds: &[Round]) -> Option<&Round> {
    let published = rounds.iter().filter(|r| r.status == RoundStatus::Published);
    published.max_by_key(|r| r.published_at)
}

/// Placements and reasons of a round, if they are the bytes that the signed certificate names.
pub(super) fn signed_files(
    round: &Round,
    packed: &[u8],
) -> Result<(Vec<PlacementRow>, Vec<ReasonRow>), &'static str> {
    const CHANGED: &str = "轮次的结果文件与签发的摘要不符";
    let certificate: serde_json::Value =
        serde_json::from_str(&round.certificate).map_err(|_| CHANGED)?;
    if certificate["answer"].as_str() != Some(&round.answer_digest) {
        return Err(CHANGED);
    }
    let file = |name: &str| {
        let bytes = packed_file(packed, name).map_err(|_| CHANGED)?;
        let signed = certificate["files"][name].as_str();
        (signed == Some(of_bytes(&bytes).to_string().as_str())).then_some(bytes).ok_or(CHANGED)
    };
    let placements = csv_rows(&file("placements.csv")?).map_err(|_| CHANGED)?;
    let reasons = csv_rows(&file("reasons.csv")?).map_err(|_| CHANGED)?;
    Ok((placements, reasons))
}

/// Who is to hold what: the signed placements, but for those whom two people moved or revoked since.
fn due(
    placements: &[PlacementRow],
    all: &[Admission],
    corrected: &BTreeMap<String, (String, i64)>,
) -> Held {
    let seat =
        |a: &Admission| (a.school.clone(), a.batch.clone(), a.category.clone(), a.position == 0);
    let mut due: Held = placements
        .iter()
        .filter(|p| ["placed", "adjusted"].contains(&p.outcome.as_str()))
        .map(|p| {
            let seat = (p.school_id.clone(), p.batch.clone(), p.category.clone());
            let adjusted = p.outcome == "adjusted";
            (p.applicant_id.clone(), (seat.0, seat.1, seat.2, adjusted))
        })
        .collect();
    for admission in all {
        if !admission.active {
            due.remove(&admission.applicant);
        }
    }
    for admission in all.iter().filter(|a| a.active && corrected.contains_key(&a.applicant)) {
        due.insert(admission.applicant.clone(), seat(admission));
    }
    due
}

/// What of the answers is not as it is due, if anything.
fn difference(
    due: &Held,
    placements: &[PlacementRow],
    told: &[Told],
    policy: &Policy,
    corrected: &BTreeMap<String, (String, i64)>,
) -> Option<String> {
    let known: BTreeMap<&str, &Told> = told.iter().map(|t| (t.applicant.as_str(), t)).collect();
    if placements.len() != told.len() {
        let (signed, told) = (placements.len(), told.len());
        return Some(format!("签发结果有考生 {signed} 人，查询有 {told} 人"));
    }
    let is_not = |a: &Admission, p: &PlacementRow| {
        a.position != p.position.unwrap_or(0)
            || Score::from_hundredths(a.total).to_string() != p.total
    };
    let wrong = |p: &&PlacementRow| {
        let Some(told) = known.get(p.applicant_id.as_str()) else { return true };
        let held = told
            .held
            .as_ref()
            .map(|a| (a.school.clone(), a.batch.clone(), a.category.clone(), a.position == 0));
        let stated = match due.get(&p.applicant_id) {
            Some((.., true)) => "adjusted",
            Some(_) => "placed",
            None if ["barred", "no_wishes"].contains(&p.outcome.as_str()) => &p.outcome,
            None => "unplaced",
        };
        held.as_ref() != due.get(&p.applicant_id)
            || told.outcome != stated
            || !corrected.contains_key(&p.applicant_id)
                && told.held.as_ref().is_some_and(|a| is_not(a, p))
            || told.held.as_ref().is_some_and(|a| policy.batch_ix(&a.batch).is_none())
    };
    let count = placements.iter().filter(wrong).count();
    (count > 0).then(|| format!("{count} 名考生的查询答案与签发结果不同"))
}
