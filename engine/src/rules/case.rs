//! The case before the audit: the inputs with their codes resolved, and what the rules have in common.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::input::{AuditInputs, RegistryRecord, RollAdmission};
use super::persons::Persons;
use super::seats::{ClassKey, Offer, Seats};
use super::standing::{NO_WISH, Standing, Standings};
use crate::domain::{ApplicantIx, BatchIx, CategoryIx, SchoolIx, Score, Season, Text};

/// An admission with whatever of it resolves.
pub(crate) struct Held<'a> {
    pub(crate) row: &'a RollAdmission,
    pub(super) applicant: Option<ApplicantIx>,
    pub(super) school: Option<SchoolIx>,
    pub(super) batch: Option<BatchIx>,
    pub(super) category: Option<CategoryIx>,
    /// The class that the admission takes a seat of, if there is such a class.
    pub(super) class: Option<ClassKey>,
}

impl Held<'_> {
    /// School, batch and category, if all three exist.
    pub(super) fn offer(&self) -> Option<Offer> {
        Some((self.school?, self.batch?, self.category?))
    }

    /// The applicant and the offer, if all of it exists.
    pub(super) fn resolved(&self) -> Option<(ApplicantIx, Offer)> {
        Some((self.applicant?, self.offer()?))
    }
}

/// The season and the inputs of one audit, prepared once for all rules.
pub struct Case<'a> {
    pub(crate) season: &'a Season,
    pub(crate) inputs: &'a AuditInputs,
    /// Whether there is a list of admissions at all.
    pub(super) has_roll: bool,
    /// Each admission once, ordered by applicant, batch, time, school and category.
    pub(super) admissions: Vec<Held<'a>>,
    pub(super) seats: Seats,
    pub(super) standings: Standings<'a>,
    pub(super) persons: Persons,
    /// The holders of each class, best first; an applicant nobody knows comes last.
    pub(super) holders: BTreeMap<ClassKey, Vec<Holder>>,
    /// The cut-offs of the admissions as they are.
    lines: BTreeMap<Offer, Line>,
    /// The cut-offs that the holders with a wish make alone.
    wished_lines: BTreeMap<Offer, Line>,
    /// Whoever had a seat that was published, and has none any more.
    pub(super) left: BTreeSet<ApplicantIx>,
    /// Whose seat two people settled by a correction.
    pub(super) settled: BTreeSet<ApplicantIx>,
}

/// One holder of a class.
pub(super) struct Holder {
    /// The place in [`Case::admissions`].
    pub(super) admission: usize,
    /// Where the holder stands; nothing for an applicant nobody knows.
    pub(super) standing: Option<Standing>,
    /// Whether the holder has a wish for the class.
    pub(super) wished: bool,
}

impl Holder {
    /// What the holders of a class are ordered by, the best first.
    pub(super) fn order(&self) -> impl Ord + '_ {
        (self.standing.is_none(), &self.standing, self.admission)
    }
}

impl<'a> Case<'a> {
    /// Resolves the codes and seats every admission.
    pub fn new(season: &'a Season, inputs: &'a AuditInputs) -> Self {
        let mut admissions = resolve(season, inputs.admissions.as_deref().unwrap_or_default());
        let mut held: FxHashMap<ClassKey, u32> = FxHashMap::default();
        for offer in admissions.iter().filter_map(|h| class_of(season, h)) {
            *held.entry(offer).or_insert(0) += 1;
        }
        let seats = Seats::new(season, &held);
        for h in &mut admissions {
            h.class = class_of(season, h).filter(|class| seats.of(*class).is_some());
        }
        let standings = Standings::new(season);
        let mut holders: BTreeMap<ClassKey, Vec<Holder>> = BTreeMap::new();
        for (at, h) in admissions.iter().enumerate() {
            let Some(class) = h.class else { continue };
            let position = h.applicant.and_then(|a| wish_position(season, a, class.0));
            let standing =
                h.applicant.map(|a| standings.of(a, class.0, position.unwrap_or(NO_WISH)));
            let wished = position.is_some();
            holders.entry(class).or_default().push(Holder { admission: at, standing, wished });
        }
        for list in holders.values_mut() {
            list.sort_by(|a, b| a.order().cmp(&b.order()));
        }
        let line = |(class, list): (&ClassKey, &Vec<Holder>), adjusted| {
            let seats = seats.of(*class).filter(|_| class.1.is_none())?;
            Some((class.0, line(&standings, &admissions, class.0, seats, list, adjusted)?))
        };
        let lines = holders.iter().filter_map(|c| line(c, true)).collect();
        let wished_lines = holders.iter().filter_map(|c| line(c, false)).collect();
        Self {
            lines,
            wished_lines,
            season,
            inputs,
            has_roll: inputs.admissions.is_some(),
            admissions,
            seats,
            standings,
            persons: Persons::new(season, inputs),
            holders,
            left: BTreeSet::new(),
            settled: BTreeSet::new(),
        }
    }

    /// The case of admissions that were corrected and revoked since they were published: the lines are those of then.
    pub(crate) fn since(self, before: Case<'_>, settled: &BTreeSet<Text>) -> Self {
        let now: BTreeSet<ApplicantIx> =
            self.admissions.iter().filter_map(|h| h.applicant).collect();
        let then = before.admissions.iter().filter_map(|h| h.applicant);
        Self {
            left: then.filter(|applicant| !now.contains(applicant)).collect(),
            settled: settled.iter().filter_map(|id| self.season.find_applicant(id)).collect(),
            lines: before.lines,
            wished_lines: before.wished_lines,
            ..self
        }
    }

    /// The admissions of an applicant id, in order; none for a blank one.
    pub(crate) fn admissions_of(&self, applicant: &str) -> &[Held<'a>] {
        if applicant.is_empty() {
            return &[];
        }
        let start = self.admissions.partition_point(|h| h.row.applicant.as_str() < applicant);
        let end = self.admissions.partition_point(|h| h.row.applicant.as_str() <= applicant);
        &self.admissions[start..end]
    }

    /// The admissions of the person whom a registry record is about.
    pub(super) fn admissions_of_record(&self, record: &RegistryRecord) -> &[Held<'a>] {
        let by_claim = self.admissions_of(&record.applicant);
        if !by_claim.is_empty() {
            return by_claim;
        }
        match self.persons.applicant_of(record) {
            Some(a) => self.admissions_of(&self.season.applicant(a).id),
            None => &[],
        }
    }

    /// The applicant id to name for a record: the one it claims, else the one its numbers lead to.
    pub(crate) fn applicant_of_record(&self, record: &RegistryRecord) -> String {
        match self.persons.applicant_of(record) {
            _ if !record.applicant.is_empty() => record.applicant.to_string(),
            Some(a) => self.season.applicant(a).id.to_string(),
            None => String::new(),
        }
    }

    /// A school's name with its id, or the id as written.
    pub(crate) fn school_name(&self, id: &str) -> String {
        match self.season.find_school(id) {
            Some(school) => format!("{}（{id}）", self.season.school(school).name),
            None if id.is_empty() => "（未写学校）".to_owned(),
            None => id.to_owned(),
        }
    }

    /// Batch and category in Chinese, or as written.
    pub(super) fn seat_name(&self, batch: &str, category: &str) -> String {
        let policy = self.season.policy();
        let batch = policy.batch_ix(batch).map_or(batch, |b| &policy.batch(b).name);
        let category = policy.category_ix(category).map_or(category, |c| &policy.category(c).name);
        format!("{batch}{category}")
    }

    /// The admissions judged, each once, in order.
    pub(crate) fn admissions(&self) -> impl Iterator<Item = &'a RollAdmission> {
        self.admissions.iter().map(|h| h.row)
    }

    /// What a category asks of a total at an offer, read off the admissions' own lines.
    pub(super) fn floors(&self, offer: Offer) -> Floors<'_> {
        let (school, batch, category) = offer;
        let Some(floor) = &self.season.policy().category(category).floor else {
            return Floors { at_least: None, relative: None };
        };
        let relative = floor.relative.as_ref().and_then(|r| {
            let there = r.batch.unwrap_or(batch);
            let same_batch = there == batch;
            // Adjustment comes after the floors of its own batch, and before those of a later one.
            let lines = if same_batch { &self.wished_lines } else { &self.lines };
            let line = lines.get(&(school, there, r.line))?;
            Some(RelativeLine {
                least: line.total.minus(r.minus),
                line: line.total,
                minus: r.minus,
                last: same_batch.then_some(&line.standing),
            })
        });
        Floors { at_least: floor.at_least, relative }
    }
}

/// A cut-off with the standing of the holder who made it.
pub(super) struct Line {
    total: Score,
    standing: Standing,
}

/// The floors of an offer.
pub(super) struct Floors<'c> {
    pub(super) at_least: Option<Score>,
    pub(super) relative: Option<RelativeLine<'c>>,
}

/// A relative floor with its figures.
pub(super) struct RelativeLine<'c> {
    pub(super) least: Score,
    pub(super) line: Score,
    pub(super) minus: Score,
    /// The last holder of the line's class, where it is of the same batch: the floor binds only behind.
    pub(super) last: Option<&'c Standing>,
}

/// The cut-off of a class that is not split by junior school: the total of its last holder by priority, if
/// it had seats and they were all taken. `adjusted` says whether holders without a wish count.
fn line(
    standings: &Standings<'_>,
    admissions: &[Held<'_>],
    offer: Offer,
    seats: u32,
    holders: &[Holder],
    adjusted: bool,
) -> Option<Line> {
    let mut counted: Vec<(Standing, ApplicantIx)> = Vec::with_capacity(holders.len());
    for holder in holders.iter().filter(|h| h.wished || adjusted) {
        let Some(applicant) = admissions[holder.admission].applicant else { continue };
        // The adjusted read wish keys as 0, so under wish-first they are not last by that alone.
        let standing = match &holder.standing {
            Some(standing) if holder.wished => standing.clone(),
            _ => standings.of(applicant, offer, 0),
        };
        counted.push((standing, applicant));
    }
    if seats == 0 || counted.len() < seats as usize {
        return None;
    }
    let (standing, applicant) = counted.into_iter().max()?;
    Some(Line { total: standings.total(applicant), standing })
}

fn resolve<'a>(season: &Season, rows: &'a [RollAdmission]) -> Vec<Held<'a>> {
    let policy = season.policy();
    let schools: FxHashMap<&str, SchoolIx> = season
        .schools()
        .iter()
        .enumerate()
        .map(|(at, s)| (s.id.as_str(), SchoolIx::from(at)))
        .collect();
    let mut admissions: Vec<Held<'a>> = rows
        .iter()
        .map(|row| Held {
            row,
            applicant: season.find_applicant(&row.applicant),
            school: schools.get(row.school.as_str()).copied(),
            batch: policy.batch_ix(&row.batch),
            category: policy.category_ix(&row.category),
            class: None,
        })
        .collect();
    admissions.sort_by(|a, b| {
        let key = |h: &Held<'a>| {
            let r = h.row;
            (&r.applicant, h.batch.is_none(), h.batch, &r.admitted_at, &r.school, &r.category)
        };
        key(a).cmp(&key(b))
    });
    // A line written twice is one admission, and takes one seat.
    admissions.dedup_by(|a, b| {
        !a.row.applicant.is_empty()
            && a.row.applicant == b.row.applicant
            && a.row.school == b.row.school
            && a.row.batch == b.row.batch
            && a.row.category == b.row.category
    });
    admissions
}

/// The class that an admission is to: the applicant's own cell where the category is split.
fn class_of(season: &Season, held: &Held<'_>) -> Option<ClassKey> {
    let offer = held.offer()?;
    if season.policy().category(offer.2).by_junior {
        let junior = season.applicant(held.applicant?).junior;
        Some((offer, Some(junior)))
    } else {
        Some((offer, None))
    }
}

/// The first wish of an applicant that proposes to an offer; nothing where there is none.
pub(super) fn wish_position(
    season: &Season,
    applicant: ApplicantIx,
    (school, batch, category): Offer,
) -> Option<u16> {
    let order = &season.policy().batch(batch).seat_order;
    season
        .wishes_in(applicant, batch)
        .iter()
        .find(|w| {
            w.school == school && w.category.map_or(order.contains(&category), |c| c == category)
        })
        .map(|w| w.position)
}
