//! V18 Justified envy (合理嫉妒): nobody eligible with better priority is passed over.
//!
//! Policy: item 18, 「加强普通高中招生管理」; the `priority` of the batch or category.

use std::collections::BTreeMap;

use super::case::Holder;
use super::eligibility::failing;
use super::seats::ClassKey;
use super::standing::Standing;
use super::violation::Blocks;
use super::{Case, Code, Violation};
use crate::domain::{ApplicantIx, BatchIx, Score};

/// Lists each applicant with each class that they preferred to what they got and could lawfully hold,
/// while somebody who stands behind them by the class's own priority holds a seat of it. Whoever has lost a published
/// seat by decision, or was settled by a correction, claims none; and the seats of the latter are claimed by nobody.
///
/// The violation names the applicant passed over; it is the holder whose clearance waits. Preferences are
/// the wishes, batch by batch, up to the seat held. Equal standing that nobody has decided is no envy; an
/// empty seat is no envy either. Linear in the number of proposals.
pub fn check(case: &Case<'_>) -> Vec<Violation> {
    let season = case.season;
    let policy = season.policy();
    let mut seat: BTreeMap<ApplicantIx, Vec<ClassKey>> = BTreeMap::new();
    let mut until: BTreeMap<ApplicantIx, BatchIx> = BTreeMap::new();
    for held in &case.admissions {
        let (Some(applicant), Some(batch)) = (held.applicant, held.batch) else { continue };
        let last = until.entry(applicant).or_insert(batch);
        *last = batch.min(*last);
        seat.entry(applicant).or_default().extend(held.class);
    }
    let lowest_totals = lowest_totals(case);
    let mut found: Vec<Violation> = Vec::new();
    // Per class, who stands best of those passed over, and the place of that violation.
    let mut best: BTreeMap<ClassKey, (Standing, usize)> = BTreeMap::new();
    for at in 0..season.applicants().len() {
        let applicant = ApplicantIx::from(at);
        let person = season.applicant(applicant);
        let decided = case.left.contains(&applicant) || case.settled.contains(&applicant);
        if person.barred || decided {
            continue;
        }
        let own = seat.get(&applicant).map_or(&[][..], Vec::as_slice);
        let mut seen: Vec<ClassKey> = Vec::new();
        'wishes: for wish in season.wishes(applicant) {
            if until.get(&applicant).is_some_and(|&b| wish.batch > b) {
                break;
            }
            let named = wish.category;
            let order = policy.batch(wish.batch).seat_order.as_slice();
            let categories = named.as_ref().map_or(order, std::slice::from_ref);
            for &category in categories {
                let junior = policy.category(category).by_junior.then_some(person.junior);
                let class = ((wish.school, wish.batch, category), junior);
                if own.contains(&class) {
                    break 'wishes;
                }
                if seen.contains(&class) || !may_hold(case, applicant, class, &lowest_totals) {
                    continue;
                }
                seen.push(class);
                let mine = case.standings.of(applicant, class.0, wish.position);
                let Some(violation) = envy(case, applicant, class, wish.position, &mine) else {
                    continue;
                };
                let place = found.len();
                match best.get_mut(&class) {
                    Some((standing, at)) if mine < *standing => (*standing, *at) = (mine, place),
                    Some(_) => {}
                    None => _ = best.insert(class, (mine, place)),
                }
                found.push(violation);
            }
        }
    }
    for (class, (standing, at)) in best {
        let behind = contested(case, class);
        let behind = behind.filter(|h| h.standing.as_ref().is_none_or(|theirs| standing < *theirs));
        let ids = behind.map(|h| case.admissions[h.admission].row.applicant.clone());
        found[at].blocks = Blocks::Applicants(ids.collect());
    }
    found
}

/// The envy of an applicant who may hold a seat of the class, against its last holder.
fn envy(
    case: &Case<'_>,
    applicant: ApplicantIx,
    class: ClassKey,
    position: u16,
    mine: &Standing,
) -> Option<Violation> {
    let last = contested(case, class).next_back()?;
    if last.standing.as_ref().is_some_and(|theirs| mine >= theirs) {
        return None;
    }
    let held = &case.admissions[last.admission];
    let person = case.season.applicant(applicant);
    let total = held.applicant.map(|a| case.season.applicant(a).total);
    let figure = total.map_or(String::new(), |t| format!("（总分{t}）"));
    let sentence = format!(
        "{} {}录取了考生 {}{figure}；考生 {}（总分{}）第{position}志愿填报，符合条件、录取顺序在前而未被录取",
        case.school_name(&held.row.school),
        case.seat_name(&held.row.batch, &held.row.category),
        held.row.applicant,
        person.id,
        person.total,
    );
    let row = held.row;
    let code = Code::V18;
    let allowed = format!("先录取 {}", person.id);
    let v = Violation::of_applicant(
        code,
        &row.school,
        &person.id,
        format!("录取 {}", row.applicant),
        allowed,
        sentence,
    );
    let v = v.at(&row.batch, &row.category);
    Some(Violation { blocks: Blocks::Applicants(vec![row.applicant.clone()]), ..v })
}

/// The holders of a class against whom a claim can be held, best first.
fn contested<'c>(
    case: &'c Case<'_>,
    class: ClassKey,
) -> impl DoubleEndedIterator<Item = &'c Holder> {
    let holders = case.holders.get(&class).into_iter().flatten();
    let who = |h: &Holder| case.admissions[h.admission].applicant;
    holders.filter(move |h| who(h).is_none_or(|applicant| !case.settled.contains(&applicant)))
}

/// Whether a class exists and would take the applicant: region, conditions, floor.
///
/// A relative floor of the same batch may have been frozen before seats were returned, above the line that
/// the admissions show; so a claim must also reach the lowest total that the class holds.
fn may_hold(
    case: &Case<'_>,
    applicant: ApplicantIx,
    class: ClassKey,
    lowest_totals: &BTreeMap<ClassKey, Score>,
) -> bool {
    let season = case.season;
    let (offer, _) = class;
    let person = season.applicant(applicant);
    if case.seats.of(class).is_none()
        || !case.seats.scope(offer).is_some_and(|s| s.covers(person.region))
        || failing(season, applicant, offer.2, offer.0).next().is_some()
    {
        return false;
    }
    let Some(floor) = &season.policy().category(offer.2).floor else { return true };
    let floors = case.floors(offer);
    let frozen = floor.relative.as_ref().is_some_and(|r| r.batch.is_none_or(|b| b == offer.1));
    floors.at_least.is_none_or(|least| person.total >= least)
        && floors.relative.is_none_or(|r| person.total >= r.least)
        && (!frozen || lowest_totals.get(&class).is_some_and(|&low| person.total >= low))
}

fn lowest_totals(case: &Case<'_>) -> BTreeMap<ClassKey, Score> {
    let mut lowest = BTreeMap::new();
    for (&class, holders) in &case.holders {
        let applicants = holders.iter().filter_map(|h| case.admissions[h.admission].applicant);
        if let Some(total) = applicants.map(|a| case.season.applicant(a).total).min() {
            lowest.insert(class, total);
        }
    }
    lowest
}
