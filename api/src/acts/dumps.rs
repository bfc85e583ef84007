//! Dumps of the registry system: brought in, kept sealed, and reconciled with the admissions in both directions.

use std::collections::BTreeMap;
use std::sync::Arc;

use luqu_engine::domain::Text;
use luqu_engine::reconcile::{Gate, reconcile};
use luqu_engine::rules::AuditInputs;
use serde_json::json;

use super::imports::{must_be_readable, temporary};
use super::memory::away;
use super::registry::{Standing, rolled};
use super::turns::READING;
use super::{ActError, Actor, Office, Upload, digest, now};
use crate::error::Failure;
use crate::ledger::Event;
use crate::store::{NewDump, Role, Which};
use crate::tables::audit_inputs::{LoadedDump, load_dump};
use crate::tables::write::reconciliation::{Row, rows};

/// What came of bringing a dump in.
#[derive(Debug)]
pub struct DumpRead {
    /// The number of the dump; none where faults block it, and then nothing was kept.
    pub id: Option<i64>,
    /// What was read, faults at their cells.
    pub loaded: LoadedDump,
}

const OFFICE: &[Role] = &[Role::Clerk, Role::Reviewer];

impl Office {
    /// Reads a dump of the registry – CSV in UTF-8 or GB18030, or a workbook with the sheet 学籍 – and keeps it where
    /// nothing blocks it.
    ///
    /// # Errors
    /// No permission; a file name that is none; a file that is neither; the persons to compare with were destroyed.
    pub async fn bring_dump(
        &self,
        actor: &Actor,
        season: &str,
        upload: Upload,
    ) -> Result<DumpRead, ActError> {
        actor.must_be(&[Role::Clerk, Role::Reviewer, Role::Machine])?;
        must_be_readable(std::slice::from_ref(&upload))?;
        let known = Arc::new(self.current(season).await?);
        self.must_be_kept(season).await?;
        let (name, sum) = (upload.name.clone(), digest(&upload.bytes));
        let sealed = self.keys.seal(&place(season), &upload.bytes)?;
        let loaded = read(known, upload).await?;
        if loaded.blocked() {
            return Ok(DumpRead { id: None, loaded });
        }
        let rows = u32::try_from(loaded.records.len()).unwrap_or(u32::MAX);
        let tx = self.write_kept(season).await?;
        let new = NewDump {
            season,
            file_name: &name,
            digest: &sum,
            content: sealed,
            rows,
            by: &actor.name,
            at: now(),
        };
        let id = tx.store_dump(new).await?;
        let facts = json!({"dump": id, "records": rows, "digest": sum});
        self.record(&tx, Event::new("dump_imported", &actor.name, season, facts)).await?;
        tx.commit().await?;
        Ok(DumpRead { id: Some(id), loaded })
    }

    /// The differences between a dump and the admissions as they stand now.
    ///
    /// # Errors
    /// No permission; no such dump, or its content was destroyed; it was sealed with other keys.
    pub async fn reconciled(
        &self,
        actor: &Actor,
        season: &str,
        dump: i64,
    ) -> Result<Vec<Row>, ActError> {
        actor.must_be(&[OFFICE, &[Role::Regulator]].concat())?;
        let (row, _) = self.season_row(season).await?;
        let none = || ActError::NotFound(format!("学籍对账表 {dump}"));
        let (name, content) =
            self.store.read().dump_content(season, dump).await?.ok_or_else(none)?;
        let sealed = content.ok_or_else(none)?;
        let Some(bytes) = self.keys.open(&place(season), &sealed) else {
            return Err(Failure::Internal(format!("dump {dump} was sealed with other keys")).into());
        };
        let known = Arc::new(self.current(season).await?);
        let loaded = read(Arc::clone(&known), Upload { name, bytes }).await?;
        if loaded.blocked() {
            return Err(ActError::Faults(loaded.faults));
        }
        let stands = self.store.read().gate_rows(season, Which::All).await?;
        let active: Vec<_> = stands.into_iter().filter(|r| r.admission.active).collect();
        let gate: BTreeMap<Text, Gate> = active
            .iter()
            .map(|r| {
                let stands = match Standing::of(r) {
                    Standing::Registered => Gate::Open,
                    Standing::Eligible => Gate::Ready,
                    _ => Gate::Waiting,
                };
                (r.admission.applicant.as_str().into(), stands)
            })
            .collect();
        let inputs = AuditInputs {
            admissions: Some(active.iter().map(|r| rolled(&r.admission, row.mode)).collect()),
            registry: loaded.records,
            ..AuditInputs::default()
        };
        let places = loaded.rows;
        away(move || {
            let found = reconcile(&known, &inputs, Some(&gate));
            rows(&known, &found, &inputs.registry, &places)
        })
        .await
    }
}

/// Where the dumps of a season are sealed for.
fn place(season: &str) -> String {
    format!("registry_dump/{season}")
}

async fn read(
    season: Arc<luqu_engine::domain::Season>,
    upload: Upload,
) -> Result<LoadedDump, ActError> {
    let work = READING.work(move || {
        let folder = tempfile::Builder::new().prefix("luqu-").tempdir().map_err(temporary)?;
        let path = folder.path().join(&upload.name);
        std::fs::write(&path, &upload.bytes).map_err(Failure::io(&path))?;
        load_dump(&path, &season)
    });
    match work.await? {
        Ok(loaded) => Ok(loaded),
        // The name of a temporary folder is nobody's business.
        Err(Failure::Usage(_)) => Err(ActError::Conflict(
            "文件中没有“学籍”表；请给出 CSV，或含“学籍”表的 .xlsx".to_owned(),
        )),
        Err(other) => Err(other.into()),
    }
}
