//! The draw 抽签: which pupil of a type goes where, and which class gets which number, by the season's lottery.

use super::model::{Counts, Model};
use super::pupils::Pupils;
use crate::domain::{ApplicantIx, Lottery, Season};

/// The classes by number, each in the order of applicant ids.
///
/// 1. The units of a type stand in the order of their lottery numbers (a group by its first), then of ids, and fill the
///    classes in the order in which the balance made them.
/// 2. The classes are numbered in the order of HMAC(seed, `class/<school id>/<place in that order, from 1>`).
pub(super) fn draw(
    season: &Season,
    lottery: &Lottery,
    school: &str,
    pupils: &Pupils,
    model: &Model,
    counts: &Counts,
) -> Vec<Vec<ApplicantIx>> {
    let classes = model.classes();
    let mut made: Vec<Vec<ApplicantIx>> = vec![Vec::new(); classes];
    let number = |p: u32| {
        let id = pupils.ids[p as usize];
        (lottery.number(&season.applicant(id).id), id)
    };
    for (kind, row) in model.types.iter().zip(counts.chunks(classes)) {
        let mut units: Vec<_> =
            kind.units.iter().map(|unit| (unit.iter().map(|&p| number(p)).min(), unit)).collect();
        units.sort_unstable();
        let places = row.iter().enumerate().flat_map(|(k, &n)| std::iter::repeat_n(k, n as usize));
        for ((_, unit), class) in units.into_iter().zip(places) {
            made[class].extend(unit.iter().map(|&p| pupils.ids[p as usize]));
        }
    }
    let mut numbered: Vec<_> = made.into_iter().zip(class_lots(lottery, school, classes)).collect();
    numbered.sort_by_key(|&(_, lot)| lot);
    let mut classes: Vec<Vec<ApplicantIx>> = numbered.into_iter().map(|(class, _)| class).collect();
    for class in &mut classes {
        class.sort_unstable();
    }
    classes
}

/// The lots of the classes of a school in the order in which they were made; smaller lots get smaller numbers.
pub(super) fn class_lots(lottery: &Lottery, school: &str, classes: usize) -> Vec<(u64, usize)> {
    (1..=classes).map(|k| (lottery.number(&format!("class/{school}/{k}")), k)).collect()
}
