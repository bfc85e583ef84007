//! What may be known of a published result: by the family, and by whoever reads a round's files.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use serde::Serialize;
use utoipa::ToSchema;

use super::{ActError, Office};
use crate::error::Failure;
use crate::store::RoundStatus;
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

impl Office {
    /// A file of a round: `placements.csv`, `cutoffs.csv`, `reasons.csv` or `certificate.json`.
    ///
    /// # Errors
    /// There is no such round or file.
    pub async fn round_file(
        &self,
        season: &str,
        round: i64,
        name: &str,
    ) -> Result<Vec<u8>, ActError> {
        let Some((found, packed)) = self.store().read().round(season, round).await? else {
            return Err(ActError::NotFound(format!("轮次 {round}")));
        };
        if name == "certificate.json" {
            return Ok(found.certificate.into_bytes());
        }
        packed_file(&packed, name)
    }

    /// The keyed hash of a code that somebody typed: spaces and small letters are forgiven.
    #[must_use]
    pub fn lookup_check(&self, season: &str, applicant: &str, code: &str) -> [u8; 32] {
        let code: String =
            code.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect();
        self.keys().hash("lookup", format!("{season}/{applicant}/{code}").as_bytes())
    }

    /// The results of all applicants as far as they are published, by applicant; none before the first publication.
    ///
    /// # Errors
    /// What the store said.
    pub async fn public_results(&self, season: &str) -> Result<Vec<PublicResult>, ActError> {
        let read = self.store().read();
        let rounds = read.rounds(season).await?;
        let published: Vec<_> =
            rounds.iter().filter(|r| r.status == RoundStatus::Published).collect();
        // A later round knows everything of the earlier ones.
        let Some(last) = published.iter().max_by_key(|r| r.published_at) else { return Ok(vec![]) };
        let (_, policy) = self.season_row(season).await?;
        let Some((_, packed)) = read.round(season, last.id).await? else { return Ok(vec![]) };
        let schools = read.school_names(season).await?;
        let school = |id: &str| schools.get(id).cloned().unwrap_or_else(|| id.to_owned());
        let mut reasons: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for row in rows(&packed_file(&packed, "reasons.csv")?)? {
            let text = |at: usize| row.get(at).unwrap_or("");
            let told = format!(
                "第 {} 志愿 {}：{}",
                text(2),
                school(text(3)),
                words::reason_key(text(5), text(6))
            );
            reasons.entry(text(0).to_owned()).or_default().push(told);
        }
        let active: BTreeMap<String, _> = read
            .admissions(season)
            .await?
            .into_iter()
            .filter(|a| a.active)
            .map(|a| (a.applicant.clone(), a))
            .collect();
        let mut all = Vec::new();
        for (applicant, check) in read.lookup_hashes(season).await? {
            let held = active.get(&applicant);
            let batch =
                held.and_then(|a| policy.batch_ix(&a.batch)).map(|b| policy.batch(b).name.clone());
            let category = held
                .and_then(|a| policy.category_ix(&a.category))
                .map(|c| policy.category(c).name.clone());
            let (outcome, said, next) = match held {
                Some(a) if a.position == 0 => ("adjusted", "调剂录取", "请按学校通知的时间报到"),
                Some(_) => ("placed", "已录取", "请按学校通知的时间报到"),
                None => ("unplaced", "尚未录取", "请留意后续批次和征集志愿公告"),
            };
            all.push(PublicResult {
                answer: PublicAnswer {
                    outcome: outcome.to_owned(),
                    words: said.to_owned(),
                    school: held.map(|a| school(&a.school)),
                    batch,
                    category,
                    next: next.to_owned(),
                    reasons: reasons.remove(&applicant).unwrap_or_default(),
                },
                applicant,
                check,
            });
        }
        Ok(all)
    }
}

fn packed_file(packed: &[u8], name: &str) -> Result<Vec<u8>, ActError> {
    let missing = || ActError::NotFound(format!("文件 {name}"));
    let mut zip = zip::ZipArchive::new(Cursor::new(packed)).map_err(|_| missing())?;
    let mut file = zip.by_name(name).map_err(|_| missing())?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(|e| Failure::Internal(e.to_string()))?;
    Ok(bytes)
}

fn rows(bytes: &[u8]) -> Result<Vec<csv::StringRecord>, ActError> {
    let rows: Result<Vec<_>, _> = csv::Reader::from_reader(bytes).records().collect();
    rows.map_err(|e| ActError::Failure(Failure::Internal(e.to_string())))
}
