//! What any plan can reach under some of the rules, in exact arithmetic.
//!
//! The seats W of a school may be any whole number between a least and a most: its uncapped lines take up whatever is
//! wanted, in the proportion that the quota share asks. A further class brings a school at most as many seats as the one before;
//! so handing classes out one by one, each where it brings most, gives the most seats of the district. No solver is asked,
//! so "impossible" is nobody's word but arithmetic's.

use std::cmp::Reverse;

use super::{DraftPlan, Rule, SchoolDraft};
use crate::domain::{Share, Text};
use crate::quota::rounded;

/// A set of rules.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Active(u16);

impl Active {
    /// Exactly these.
    #[must_use]
    pub fn of(rules: &[Rule]) -> Self {
        Self(rules.iter().fold(0, |set, &rule| set | 1 << rule as u16))
    }

    /// Whether the rule is among them.
    #[must_use]
    pub const fn has(self, rule: Rule) -> bool {
        self.0 & (1 << rule as u16) != 0
    }
}

/// Why no plan keeps all the rules.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Shortfall {
    /// A school needs more seats than it may have; `None` where no number would do.
    School {
        /// 学校代码
        id: Text,
        /// 学校名称
        name: Text,
        /// Seats it must have.
        least: Option<u64>,
        /// Seats it may have; below zero where its older grades alone are too many.
        most: i64,
    },
    /// The schools need more classes than are approved.
    Classes {
        /// Needed.
        least: u64,
        /// Approved.
        most: u64,
    },
    /// The schools need more seats than are approved.
    Seats {
        /// Needed.
        least: u64,
        /// Approved.
        most: u64,
    },
    /// The district cannot have the seats it wants.
    Intake {
        /// Wanted.
        least: u64,
        /// The most that any plan has.
        most: u64,
    },
}

/// The rules that say anything about this plan, in order.
pub(super) fn present(plan: &DraftPlan) -> Vec<Rule> {
    let any = |test: &dyn Fn(&SchoolDraft) -> bool| plan.schools.iter().any(test);
    let says = |rule: &Rule| match rule {
        Rule::ClassSize | Rule::ApprovedClasses => plan.class_size().is_some(),
        Rule::NewSchoolSize => any(&|s| plan.new_school_room(s).is_some()),
        Rule::ApprovedSeats => true,
        Rule::SpecialShare => any(&|s| !s.capped().is_empty()),
        Rule::QuotaShare => any(&|s| s.lines.iter().any(|l| l.quota.is_some())),
        Rule::Intake => plan.intake.is_some(),
        Rule::Least => any(&|s| s.least > 0 || s.lines.iter().any(|l| l.least > 0)),
        Rule::Rooms => any(&|s| s.rooms.is_some()),
        Rule::Staff => any(&|s| plan.staff_room(s).is_some()),
    };
    Rule::ALL.into_iter().filter(says).collect()
}

/// What stands in the way of every plan under these rules; nothing if some plan keeps them all.
///
/// O(schools × log classes) and one sort of the schools.
pub fn shortfall(plan: &DraftPlan, rules: Active) -> Option<Shortfall> {
    let size = plan.class_size().filter(|_| rules.has(Rule::ClassSize));
    let (mut least_seats, mut least_classes) = (0_u64, 0_u64);
    let mut spans = Vec::with_capacity(plan.schools.len());
    for school in &plan.schools {
        let rooms = school.rooms.filter(|_| rules.has(Rule::Rooms)).map(u64::from);
        let most = most(plan, school, rules, size.zip(rooms).map(|(size, rooms)| size * rooms));
        let least = least(plan, school, rules);
        let fits = least.and_then(|l| i64::try_from(l).ok()).is_some_and(|l| l <= most);
        let (Some(least), true) = (least, fits) else {
            let (id, name) = (school.id.clone(), school.name.clone());
            return Some(Shortfall::School { id, name, least, most });
        };
        least_seats += least;
        least_classes += size.map_or(0, |size| least.div_ceil(size));
        spans.push((least, most.unsigned_abs()));
    }
    let approved = rules.has(Rule::ApprovedClasses) && size.is_some();
    let classes = if approved { u64::from(plan.approved_classes) } else { u64::MAX };
    if least_classes > classes {
        return Some(Shortfall::Classes { least: least_classes, most: classes });
    }
    let seats = if rules.has(Rule::ApprovedSeats) { plan.approved_seats.into() } else { u64::MAX };
    if least_seats > seats {
        return Some(Shortfall::Seats { least: least_seats, most: seats });
    }
    let want = plan.intake.filter(|_| rules.has(Rule::Intake)).map_or(0, u64::from);
    let reach = match size {
        Some(size) => handed_out(&spans, size, classes - least_classes),
        None => spans.iter().fold(0_u64, |sum, &(_, most)| sum.saturating_add(most)),
    };
    let most = reach.min(seats);
    (want > most).then_some(Shortfall::Intake { least: want, most })
}

/// The most seats when each school has the classes of its least seats, and `more` classes are handed out.
fn handed_out(spans: &[(u64, u64)], size: u64, more: u64) -> u64 {
    let mut seats = 0_u64;
    let mut full = 0_u64;
    let mut partial = Vec::new();
    for &(least, most) in spans {
        let now = (least.div_ceil(size) * size).min(most);
        seats = seats.saturating_add(now);
        full = full.saturating_add((most - now) / size);
        partial.push((most - now) % size);
    }
    if more <= full {
        return seats.saturating_add(more.saturating_mul(size));
    }
    partial.sort_unstable_by_key(|&p| Reverse(p));
    let rest = usize::try_from(more - full).unwrap_or(usize::MAX);
    let rest: u64 = partial.iter().take(rest).sum();
    seats.saturating_add(full.saturating_mul(size)).saturating_add(rest)
}

/// The most seats of a school, `within` what its rooms hold; no more than 2⁴⁰ where nothing binds.
pub(super) fn most(
    plan: &DraftPlan,
    school: &SchoolDraft,
    rules: Active,
    within: Option<u64>,
) -> i64 {
    let mut most = 1_i64 << 40;
    if let Some(room) = plan.new_school_room(school).filter(|_| rules.has(Rule::NewSchoolSize)) {
        most = most.min(room);
    }
    let staff =
        plan.staff_room(school).filter(|_| rules.has(Rule::Staff)).map(|(room, _)| room / 10);
    for limit in [staff, within].into_iter().flatten() {
        most = most.min(i64::try_from(limit).unwrap_or(i64::MAX));
    }
    // With capped lines alone and caps that do not add up to the whole, the only plan is none.
    let open = school.lines.iter().any(|l| l.seats.is_some() && l.cap.is_none());
    let caps: u64 = school.capped().iter().map(|(cap, _)| cap.millionths()).sum();
    if rules.has(Rule::SpecialShare) && !open && caps < Share::ONE {
        most = most.min(0);
    }
    most
}

/// The least seats of a school; nothing where its promises cannot be kept by any number.
pub(super) fn least(plan: &DraftPlan, school: &SchoolDraft, rules: Active) -> Option<u64> {
    if !rules.has(Rule::Least) {
        return Some(0);
    }
    let floor = |at: usize| u64::from(school.lines[at].least);
    let mut sum: u64 = (0..school.lines.len()).map(floor).sum();
    if rules.has(Rule::QuotaShare) {
        for (at, line) in school.lines.iter().enumerate() {
            let Some((share, mate)) = line.quota else { continue };
            sum += whole_of(floor(at), floor(mate), share, plan)? - floor(at) - floor(mate);
        }
    }
    let mut least = sum.max(u64::from(school.least));
    if rules.has(Rule::SpecialShare) {
        for (cap, places) in school.capped() {
            let own: u64 = places.into_iter().map(floor).sum();
            if own > 0 {
                least = least
                    .max((own * Share::ONE).div_ceil(Some(cap.millionths()).filter(|&c| c > 0)?));
            }
        }
    }
    Some(least)
}

/// The least whole of a batch with so many quota and unified seats at least: the quota share takes seats only up, and the
/// unified seats that a whole leaves grow with it, so halving finds it.
fn whole_of(quota: u64, unified: u64, share: Share, plan: &DraftPlan) -> Option<u64> {
    let enough = |whole: u64| {
        let need = rounded(whole * share.millionths(), Share::ONE, plan.rounding).max(quota);
        whole >= need + unified
    };
    let (mut low, mut high) = (quota + unified, 1_u64 << 40);
    if !enough(high) {
        return None;
    }
    while low < high {
        let middle = low + (high - low) / 2;
        if enough(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Some(low)
}
