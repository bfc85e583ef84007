//! Who is the same person: records of one student under different numbers.
//!
//! The identity number decides; where it is blank, the identity number inside the national registry
//! number (`L` or `G` and 18 characters); where that is not to be had, the applicant id. The registry
//! number itself is never a key: its letter changes with the state of the record, behind a `J` stands no
//! identity number, and a municipality's own number says nothing of the person.

use std::collections::{BTreeMap, BTreeSet};

use super::input::{AuditInputs, RegistryRecord};
use crate::domain::{ApplicantIx, Season, Text};

/// The persons behind the registry records of one audit.
pub(super) struct Persons {
    by_number: BTreeMap<Text, ApplicantIx>,
    by_id: BTreeMap<Text, ApplicantIx>,
    /// The person of each record, by the place of the first record of that person.
    of_record: Vec<usize>,
}

impl Persons {
    pub(super) fn new(season: &Season, inputs: &AuditInputs) -> Self {
        let mut this =
            Self { by_number: BTreeMap::new(), by_id: BTreeMap::new(), of_record: Vec::new() };
        for (at, a) in season.applicants().iter().enumerate() {
            let ix = ApplicantIx::from(at);
            this.by_id.insert(a.id.clone(), ix);
            let registry = a.registry_no.as_deref().and_then(national_part);
            // The applicant's own identity number wins over one read out of another's registry number.
            if let Some(number) = registry {
                this.by_number.entry(number).or_insert(ix);
            }
        }
        for (at, a) in season.applicants().iter().enumerate() {
            if let Some(number) = a.id_number.as_deref().map(normal).filter(|n| !n.is_empty()) {
                this.by_number.insert(number, ApplicantIx::from(at));
            }
        }
        let mut parents: Vec<usize> = (0..inputs.registry.len()).collect();
        let mut first: BTreeMap<(bool, Text), usize> = BTreeMap::new();
        for (at, record) in inputs.registry.iter().enumerate() {
            let mut keys = Vec::with_capacity(2);
            keys.extend(number_of(record).map(|n| (false, n)));
            if let Some(a) = this.applicant_of(record) {
                keys.push((true, season.applicant(a).id.clone()));
            } else if !record.applicant.is_empty() {
                keys.push((true, record.applicant.clone()));
            }
            for key in keys {
                let other = *first.entry(key).or_insert(at);
                let (a, b) = (root(&mut parents, other), root(&mut parents, at));
                parents[a.max(b)] = a.min(b);
            }
        }
        this.of_record = (0..parents.len()).map(|at| root(&mut parents, at)).collect();
        this
    }

    /// The applicant whom a record is about: by the id it claims, else by its numbers.
    pub(super) fn applicant_of(&self, record: &RegistryRecord) -> Option<ApplicantIx> {
        let claimed = self.by_id.get(&record.applicant).copied();
        claimed.or_else(|| self.by_number.get(&number_of(record)?).copied())
    }

    /// The places of the active records of each person, in the order of the registry. A temporary record that a
    /// formal one of the same number continues at the same school is not counted beside it.
    pub(super) fn active_records(&self, inputs: &AuditInputs) -> Vec<Vec<usize>> {
        let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (at, _) in inputs.registry.iter().enumerate().filter(|(_, r)| r.active()) {
            groups.entry(self.of_record[at]).or_default().push(at);
        }
        for group in groups.values_mut().filter(|g| g.len() > 1) {
            let numbers = |at: usize, letter| numbered(&inputs.registry[at], letter);
            let formal: BTreeSet<_> = group.iter().filter_map(|&at| numbers(at, 'G')).collect();
            group.retain(|&at| numbers(at, 'L').is_none_or(|n| !formal.contains(&n)));
        }
        groups.into_values().collect()
    }
}

fn root(parents: &mut [usize], mut at: usize) -> usize {
    while parents[at] != at {
        parents[at] = parents[parents[at]];
        at = parents[at];
    }
    at
}

/// An identity number as it is compared.
pub(crate) fn normal(text: &str) -> Text {
    text.trim().to_ascii_uppercase().into()
}

/// The identity number that a record gives, outright or inside its registry number.
pub(crate) fn number_of(record: &RegistryRecord) -> Option<Text> {
    let own = normal(&record.id_number);
    if own.is_empty() { national_part(&record.registry_no) } else { Some(own) }
}

/// A national registry number 全国学籍号: its letter – `L` temporary, `G` formal, `J` without a usable identity
/// number – and the 18 characters behind it. Nothing for a number of another make, such as a municipality's.
pub(crate) fn national(registry_no: &str) -> Option<(char, Text)> {
    let number = normal(registry_no);
    let mut chars = number.chars();
    let letter = chars.next().filter(|c| matches!(c, 'L' | 'G' | 'J'))?;
    let rest = chars.as_str();
    let whole = rest.len() == 18 && rest.bytes().all(|b| b.is_ascii_alphanumeric());
    whole.then(|| (letter, rest.into()))
}

/// The identity number inside a national registry number.
fn national_part(registry_no: &str) -> Option<Text> {
    national(registry_no).filter(|(letter, _)| *letter != 'J').map(|(_, number)| number)
}

/// The number and the school of a record whose national number has this letter: a formal record (`G`) goes on from the
/// temporary one (`L`) that has the same.
pub(crate) fn numbered(record: &RegistryRecord, letter: char) -> Option<(Text, &Text)> {
    let (found, number) = national(&record.registry_no)?;
    (found == letter).then_some((number, &record.school))
}

/// An identity number for a list that many read: its ends only.
pub(crate) fn masked(number: &str) -> String {
    let chars: Vec<char> = number.trim().chars().collect();
    if chars.len() < 10 {
        return "***".to_owned();
    }
    let front: String = chars[..4].iter().collect();
    let back: String = chars[chars.len() - 2..].iter().collect();
    format!("{front}****{back}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_letter_of_a_registry_number_is_not_the_person() {
        assert_eq!(national_part("G50022220110101002X"), national_part("l50022220110101002x"));
        assert_eq!(national_part("5002222011010100"), None);
        assert_eq!(national_part("J50022220110101002X"), None);
        assert_eq!(national_part("C50022220110101002X"), None);
        assert_eq!(national("J50022220110101002X").map(|(letter, _)| letter), Some('J'));
        assert_eq!(masked("50022220110101002X"), "5002****2X");
        assert_eq!(masked("A123"), "***");
    }
}
