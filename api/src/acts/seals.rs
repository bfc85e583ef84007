//! What two people signed, beside what the tables hold now: the seals that the audit looks at.

use std::sync::Arc;

use luqu_engine::domain::digest::{Digest, of_bytes};
use luqu_engine::domain::{Score, Season};
use luqu_engine::rules::Seal;
use luqu_engine::verify::Certificate;

use super::lookups::{last_published, signed_files};
use super::memory::away;
use super::{ActError, Office};
use crate::store::{Admission, Round};
use crate::tables::seals::of_inputs;

impl Office {
    /// The last published round, which rests on all before it, and the season that went into it. None before anything
    /// is published and after personal data are destroyed.
    pub(super) async fn sealed_last(
        &self,
        season: &str,
    ) -> Result<Option<(Round, Arc<Season>)>, ActError> {
        let rounds = self.store.read().rounds(season).await?;
        let Some(last) = last_published(&rounds) else { return Ok(None) };
        if self.is_destroyed(season).await? {
            return Ok(None);
        }
        let inputs = self.season_of_batch(season, &last.batch).await?;
        Ok(Some((last.clone(), Arc::new(inputs))))
    }

    /// The seals of a season: what went into its last round, what came out, and the admissions that rounds gave.
    ///
    /// # Errors
    /// What is read cannot be a season at all.
    pub async fn seals(&self, season: &str) -> Result<Vec<Seal>, ActError> {
        match self.sealed_last(season).await? {
            Some((last, inputs)) => self.seals_of(season, &last, inputs).await,
            None => Ok(Vec::new()),
        }
    }

    /// The seals of a published round, beside the season that goes into it now.
    pub(super) async fn seals_of(
        &self,
        season: &str,
        last: &Round,
        inputs: Arc<Season>,
    ) -> Result<Vec<Seal>, ActError> {
        let read = self.store.read();
        let Ok(certificate) = serde_json::from_str::<Certificate>(&last.certificate) else {
            return Ok(vec![Seal::beside("certificate.json", &*last.answer_digest, None)]);
        };
        let packed = read.round(season, last.id).await?.map(|(_, packed)| packed);
        let signed = signed_files(last, &packed.unwrap_or_default());
        let given = read.published(season).await?;
        let mut seals = away(move || of_inputs(&inputs, &certificate)).await?;
        seals.push(match signed {
            Err(_) => Seal::beside("placements.csv", &*last.answer_digest, None),
            Ok((placements, _)) => {
                let seated = placements.iter().filter(|p| !p.school_id.is_empty());
                let signed = seated.map(|p| {
                    let place = [&p.applicant_id, &p.batch, &p.school_id, &p.category, &p.total];
                    line(place.map(String::as_str), p.position.unwrap_or(0))
                });
                let admission = |a: &Admission| {
                    let total = Score::from_hundredths(a.total).to_string();
                    line([&a.applicant, &a.batch, &a.school, &a.category, &total], a.position)
                };
                let given = of_lines(given.iter().map(admission));
                Seal::beside("录取名单", of_lines(signed).to_string(), Some(given))
            }
        });
        Ok(seals)
    }
}

fn line(place: [&str; 5], position: u16) -> String {
    format!("{}\t{position}", place.join("\t"))
}

/// One digest of lines in any order.
fn of_lines(lines: impl Iterator<Item = String>) -> Digest {
    let mut lines: Vec<String> = lines.collect();
    lines.sort_unstable();
    of_bytes(lines.join("\n").as_bytes())
}
