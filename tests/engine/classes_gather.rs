//! Classes whose pupils are gathered by combination: against every way to fill tiny classes, and of the size of real schools.

use std::collections::BTreeMap;

use luqu_engine::classes::{Broken, Formation, Groups, Kind, Request, check, form};
use luqu_engine::domain::{ApplicantIx, Outcome, Season};
use luqu_engine::solver::{Effort, End};
use luqu_fixtures::{RollSpec, WantsSpec, rolls, wants};
use proptest::prelude::*;

/// Asks for classes of the one school of a season.
fn asked<T>(groups: &Groups, ask: impl FnOnce(&Request<'_>) -> T) -> T {
    let classes = BTreeMap::new();
    ask(&Request { schools: &[], classes: &classes, groups, seed: "drawn in public" })
}

struct School {
    season: Season,
    outcomes: Vec<Outcome>,
    groups: Groups,
}

impl School {
    fn of((pupils, classes, juniors): (u32, u32, u32), spec: &WantsSpec<'_>, seed: u64) -> Self {
        let spec_of = RollSpec { pupils, classes: Some(classes), juniors };
        let (season, outcomes) = rolls(&[spec_of], seed);
        let groups = Groups::check(&season, wants(&season, spec, seed)).expect("no faults");
        Self { season, outcomes, groups }
    }

    fn form(&self) -> Formation {
        let effort = Effort::nodes(500);
        let formed = asked(&self.groups, |r| form(&self.season, &self.outcomes, r, &effort));
        formed.into_iter().next().expect("a school").1.expect("classes")
    }

    /// What classes cost by the definitions of the check.
    fn cost(&self, like: &Formation, classes: Vec<Vec<ApplicantIx>>) -> i64 {
        let mut other = Formation { classes, ..like.clone() };
        let before: Vec<(Kind, String)> =
            like.margins.iter().map(|m| (m.kind, m.value.to_string())).collect();
        for (at, (kind, value)) in before.iter().enumerate() {
            let holds = |id: &ApplicantIx| self.holds(*id, *kind, value);
            let counts =
                other.classes.iter().map(|c| c.iter().filter(|id| holds(id)).count() as u32);
            other.margins[at].counts = counts.collect();
        }
        // No cost: the check says what it should be.
        (other.objective, other.bound) = (-1, -1);
        let mut roll: Vec<ApplicantIx> = other.classes.concat();
        roll.sort_unstable();
        let broken = asked(&self.groups, |r| check(&self.season, &roll, r, &other));
        let due = broken.iter().find_map(|b| match b {
            Broken::Objective(-1, due) => Some(*due),
            _ => None,
        });
        due.unwrap_or_else(|| panic!("no cost told: {broken:?}"))
    }

    fn holds(&self, id: ApplicantIx, kind: Kind, value: &str) -> bool {
        let person = self.season.applicant(id);
        let wants = self.groups.of(id);
        match kind {
            Kind::Gender => person.gender.is_some_and(|g| g.key() == value),
            Kind::Junior => self.season.school(person.junior).id == value,
            Kind::Quarter => {
                let all = self.season.applicants();
                let higher = all.iter().filter(|a| a.total > person.total).count();
                (4 * higher / all.len() + 1).to_string() == value
            }
            Kind::Boarding => {
                let boards = wants.and_then(|w| w.boarding).unwrap_or(false);
                (if boards { "yes" } else { "no" }) == value
            }
            Kind::Combination => {
                wants.and_then(|w| w.combination.as_deref()).is_some_and(|c| c == value)
            }
        }
    }
}

/// Every way to fill classes of these sizes with pupils.
fn ways(pupils: &[ApplicantIx], sizes: &[usize]) -> Vec<Vec<Vec<ApplicantIx>>> {
    let mut all = vec![vec![Vec::new(); sizes.len()]];
    for &pupil in pupils {
        let with = |classes: Vec<Vec<ApplicantIx>>| {
            let open = (0..sizes.len()).filter(|&k| classes[k].len() < sizes[k]);
            let seated = open.map(|k| {
                let mut next = classes.clone();
                next[k].push(pupil);
                next
            });
            seated.collect::<Vec<_>>()
        };
        all = all.into_iter().flat_map(with).collect();
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_way_to_fill_tiny_classes_is_cheaper(
        pupils in 4_u32..9, classes in 2_u32..4, juniors in 1_u32..4, boarders in 0_usize..600, seed: u64,
    ) {
        let boarders = if boarders < 200 { 0 } else { boarders };
        let spec = WantsSpec { combinations: true, boarders, ..WantsSpec::default() };
        let school = School::of((pupils, classes, juniors), &spec, seed);
        let formation = school.form();
        let sizes: Vec<usize> = formation.classes.iter().map(Vec::len).collect();
        let mut roll = formation.classes.concat();
        roll.sort_unstable();
        let costs = ways(&roll, &sizes).into_iter().map(|way| school.cost(&formation, way));
        let least = costs.min().expect("a way");
        prop_assert!(formation.bound <= least, "bound {} above {least}", formation.bound);
        prop_assert_eq!(formation.objective, least);
    }
}

#[test]
fn a_real_school_gathers_its_combinations_close_to_the_bound() {
    let plain = WantsSpec { combinations: true, ..WantsSpec::default() };
    let boarding = WantsSpec { boarders: 400, ..plain };
    let cases = [((1_000, 19, 20), plain), ((1_000, 19, 20), boarding), ((200, 4, 6), boarding)];
    for (nth, (size, spec)) in cases.into_iter().enumerate() {
        let school = School::of(size, &spec, 1);
        let formation = school.form();
        assert_eq!(formation.beyond(), 0, "the balance goes first");
        let gap = formation.gap();
        assert!(10 * gap <= formation.objective, "case {nth}: {gap} of {}", formation.objective);
        assert_eq!(formation.end == End::Optimal, gap == 0);
        let again = school.form();
        assert_eq!(again, formation, "case {nth}: the same classes twice");
    }
}

#[test]
fn squads_and_twins_keep_their_classes_while_the_others_gather() {
    let spec = WantsSpec { combinations: true, boarders: 400, squads: &[24, 18], twins: 6 };
    let school = School::of((1_000, 19, 20), &spec, 1);
    let formation = school.form();
    assert!(
        formation.bound > formation.objective / 2,
        "{} of {}",
        formation.bound,
        formation.objective
    );
    // A clerk who spreads combinations evenly leaves most pupils away from the classes of theirs; here most are at home.
    let away = formation.objective - i64::from(formation.beyond()) * (1 + formation.heavy);
    assert!(away < 200, "{away} of 1,000");
}
