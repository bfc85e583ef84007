//! The bundle of a season: everything that a stranger needs to check it offline, in one file.
//!
//! It holds names and id numbers, as the sealed inputs do, and so is for the regulator and the office alone.

use std::io::{Cursor, Write};

use luqu_engine::domain::draft::Draft;
use luqu_engine::policy::Policy;
use serde_json::json;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{ActError, Actor, Office, now};
use crate::error::Failure;
use crate::ledger::bundle::{ANSWER, CHECKPOINTS, KEY, LEAVES, SEASON};
use crate::store::{Look, Role, RoundStatus};
use crate::tables::load::POLICY_FILE;
use crate::tables::season_csv::tables_csv;

impl Office {
    /// The bundle of a season: the whole ledger with its checkpoints, and for every published round the season as it
    /// was placed and the answer as it was signed. That somebody took it is logged. Once the personal data of the season
    /// are destroyed there is the ledger alone: it verifies, and nothing can be placed again.
    ///
    /// # Errors
    /// No permission; what the store said.
    pub async fn bundle(&self, actor: &Actor, season: &str) -> Result<Vec<u8>, ActError> {
        actor.must_be(&[Role::Clerk, Role::Reviewer, Role::Regulator])?;
        let (_, policy) = self.season_row(season).await?;
        let read = self.store().read();
        // People sign meanwhile: what the ledger bears out is read before it, so that the ledger covers it all.
        let rounds = read.rounds(season).await?;
        let notes: Vec<String> = read.checkpoints().await?.into_iter().map(|(_, n)| n).collect();
        let size = read.ledger_size().await?;
        let leaves: Vec<String> = read.leaves(0, size).await?.iter().map(hex::encode).collect();
        let mut files = vec![
            (SEASON.to_owned(), season.as_bytes().to_vec()),
            (LEAVES.to_owned(), leaves.join("\n").into_bytes()),
            (CHECKPOINTS.to_owned(), json!(notes).to_string().into_bytes()),
            (KEY.to_owned(), hex::encode(self.keys().verifying().as_bytes()).into_bytes()),
        ];
        let kept = !self.is_destroyed(season).await?;
        for round in rounds.into_iter().filter(|_| kept) {
            if round.status != RoundStatus::Published {
                continue;
            }
            let draft = self.draft_of_batch(season, &policy, &round.batch).await?;
            let at = format!("rounds/{}", round.id);
            for (name, bytes) in season_files(&policy, &draft)? {
                files.push((format!("{at}/season/{name}"), bytes));
            }
            for name in ANSWER {
                let bytes = self.round_file(season, round.id, name).await?;
                files.push((format!("{at}/answer/{name}"), bytes));
            }
        }
        let look = Look {
            at: now(),
            account: actor.name.clone(),
            action: "bundle".to_owned(),
            subject: season.to_owned(),
            reason: "复算".to_owned(),
        };
        let tx = self.store().jot().await?;
        tx.record_look(&look).await?;
        tx.commit().await?;
        zipped(&files)
    }
}

fn season_files(policy: &Policy, draft: &Draft) -> Result<Vec<(&'static str, Vec<u8>)>, Failure> {
    let mut files = vec![(POLICY_FILE, policy.text.clone().into_bytes())];
    files.extend(tables_csv(policy, draft)?);
    Ok(files)
}

fn zipped(files: &[(String, Vec<u8>)]) -> Result<Vec<u8>, ActError> {
    let broken = |e: &dyn std::fmt::Display| Failure::Internal(format!("packing: {e}"));
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(name.as_str(), SimpleFileOptions::default()).map_err(|e| broken(&e))?;
        zip.write_all(bytes).map_err(|e| broken(&e))?;
    }
    Ok(zip.finish().map_err(|e| broken(&e))?.into_inner())
}
