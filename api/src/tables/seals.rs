//! What a certificate sealed, beside the same figures now: tables, policy, seed, answer files.

use std::collections::BTreeMap;
use std::path::Path;

use luqu_engine::domain::digest::of_bytes;
use luqu_engine::domain::{Season, Table};
use luqu_engine::rules::Seal;
use luqu_engine::verify::{Certificate, table_digest};

use super::{answer, files};
use crate::error::Failure;

/// Every seal of the certificate with what is found now. The answer files are those of `answer`, or those
/// beside the certificate; where none of them is there, they are not judged.
///
/// # Errors
/// A certificate or an answer that cannot be read from the disk. One that is no certificate is a broken seal.
pub fn seals(
    season: &Season,
    certificate: &Path,
    answer: Option<&Path>,
) -> Result<Vec<Seal>, Failure> {
    let bytes = files::read_regular(certificate, files::MOST_CERTIFICATE)
        .map_err(Failure::io(certificate))?;
    let Ok(given) = serde_json::from_slice::<Certificate>(&bytes) else {
        return Ok(vec![Seal::beside("certificate.json", "可读的证书", None)]);
    };
    let mut seals = of_inputs(season, &given);
    let beside = certificate.parent().unwrap_or(Path::new("."));
    let folder = answer.unwrap_or(beside);
    if answer.is_some() || answer::is_answer(folder) {
        for (name, now) in answer::digests(season, folder)? {
            seals.push(Seal::beside(name, sealed(&given.files, name), now));
        }
    }
    Ok(seals)
}

fn sealed(list: &BTreeMap<String, String>, name: &str) -> String {
    list.get(name).cloned().unwrap_or_else(|| "证书中没有".to_owned())
}

/// The seals of what went into an answer, and the certificate's own.
pub fn of_inputs(season: &Season, given: &Certificate) -> Vec<Seal> {
    let table = |t: Table| table_digest(season, t);
    let mut seals = vec![Seal::beside("policy", &*given.policy, Some(table(Table::Policy)))];
    for t in Table::SEASON {
        seals.push(Seal::beside(t.key(), sealed(&given.inputs, t.key()), Some(table(t))));
    }
    let policy = season.policy();
    let seed = policy.seed.as_deref().filter(|_| policy.needs_seed());
    let digest = |seed: Option<&str>| of_bytes(seed.unwrap_or_default().as_bytes());
    let then = digest(given.seed.as_deref()).to_string();
    seals.push(Seal::beside("seed", then, Some(digest(seed))));
    let mut own = Seal::beside("certificate.json", &*given.seal, None);
    own.found = Some(given.sealed());
    seals.push(own);
    seals
}
