//! The codes of the exam slips, for whoever prints them: with one, and the number, a family looks its result up.

use serde_json::{Value, json};

use super::{ActError, Actor, Office, now, typed};
use crate::ledger::Event;
use crate::store::{Look, Role};
use crate::tables::located::masked;
use crate::tables::write::listing::{self, Listed, text};

const COLUMNS: &[Listed] = &[
    text("applicant_id", "报名号"),
    text("name", "姓名"),
    text("junior_id", "毕业学校代码"),
    text("junior", "毕业学校"),
    text("code", "查询码"),
];

/// Which slips are wanted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SlipsAsked {
    /// Those of one junior school, or all.
    pub junior: Option<String>,
    /// For what, in the office's words; it is logged.
    pub reason: String,
    /// A workbook, or CSV.
    pub workbook: bool,
}

impl Office {
    /// The codes of the applicants, by number, as a file. Who took it and why is logged, and that it was taken stands in
    /// the ledger.
    ///
    /// # Errors
    /// No permission; no reason; no such junior school; no applicants yet; the persons were destroyed.
    pub async fn slips(
        &self,
        actor: &Actor,
        season: &str,
        asked: &SlipsAsked,
    ) -> Result<Vec<u8>, ActError> {
        actor.must_be(&[Role::Clerk, Role::Reviewer])?;
        let reason = typed::reason(&asked.reason)?;
        self.season_row(season).await?;
        let tx = self.write_kept(season).await?;
        let schools = tx.school_names(season).await?;
        let junior = asked.junior.as_deref();
        if let Some(junior) = junior.filter(|j| !schools.contains_key(*j)) {
            return Err(ActError::NotFound(format!("学校 {junior}")));
        }
        let all = tx.identities(season).await?.into_iter();
        let wanted = all.filter(|(_, who)| junior.is_none_or(|junior| who.junior == junior));
        let rows: Vec<Value> = wanted
            .map(|(applicant, who)| {
                json!({
                    "code": self.slip_code(season, &applicant),
                    "junior": schools.get(&who.junior),
                    "applicant_id": applicant, "name": who.name, "junior_id": who.junior,
                })
            })
            .collect();
        if rows.is_empty() {
            return Err(ActError::Conflict("还没有考生：首次开放志愿时写入考生".to_owned()));
        }
        let look = Look {
            at: now(),
            account: actor.name.clone(),
            action: "slips".to_owned(),
            subject: format!("{season}/{}", junior.unwrap_or("*")),
            reason: masked(reason),
        };
        tx.record_look(&look).await?;
        let facts = json!({"junior": junior, "slips": rows.len()});
        self.record(&tx, Event::new("slips_exported", &actor.name, season, facts)).await?;
        let bytes = match asked.workbook {
            true => listing::xlsx("查询码", COLUMNS, &rows)?,
            false => listing::csv(COLUMNS, &rows),
        };
        tx.commit().await?;
        Ok(bytes)
    }
}
