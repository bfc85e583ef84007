//! The files of a round, read back.

use std::io::{Cursor, Read};

use serde::de::DeserializeOwned;

use super::{ActError, Office};
use crate::error::Failure;

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

    /// The rows of a file of a round.
    ///
    /// # Errors
    /// There is no such round or file.
    pub async fn round_rows<T: DeserializeOwned>(
        &self,
        season: &str,
        round: i64,
        name: &str,
    ) -> Result<Vec<T>, ActError> {
        csv_rows(&self.round_file(season, round, name).await?)
    }
}

/// One of the three files of an answer as a round keeps it.
pub(super) fn packed_file(packed: &[u8], name: &str) -> Result<Vec<u8>, ActError> {
    let missing = || ActError::NotFound(format!("文件 {name}"));
    let mut zip = zip::ZipArchive::new(Cursor::new(packed)).map_err(|_| missing())?;
    let mut file = zip.by_name(name).map_err(|_| missing())?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(|e| Failure::Internal(e.to_string()))?;
    Ok(bytes)
}

/// The rows of a CSV file of our own, by the names of its columns.
pub(super) fn csv_rows<T: DeserializeOwned>(bytes: &[u8]) -> Result<Vec<T>, ActError> {
    let rows: Result<Vec<T>, _> = csv::Reader::from_reader(bytes).deserialize().collect();
    rows.map_err(|e| ActError::Failure(Failure::Internal(e.to_string())))
}
