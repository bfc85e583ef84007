//! Class formation: sums, balance, groups, the draw, and refusals that name the right rules.

use std::collections::{BTreeMap, BTreeSet};

use luqu_engine::audit::audit;
use luqu_engine::classes::{
    Bind, Formation, Groups, Kind, PupilRow, Remedy, Request, Rule, Unformed, Wants, check, form,
};
use luqu_engine::domain::{Outcome, Season};
use luqu_engine::rules::{AuditInputs, ClassRow};
use luqu_engine::solver::{Effort, End};
use luqu_fixtures::{Rng, RollSpec, rolls, rolls_outcomes, rolls_source};
use proptest::prelude::*;

const SEED: &str = "drawn in public";

/// What a test asks for.
#[derive(Default)]
struct Ask {
    classes: Option<u32>,
    groups: Groups,
    seed: Option<String>,
}

impl Ask {
    /// Words for the pupils of the first school: number, column, word.
    fn words(season: &Season, words: &[(usize, &str, &str)]) -> Self {
        let mut rows: BTreeMap<usize, Wants> = BTreeMap::new();
        for &(nth, column, word) in words {
            let wants = rows.entry(nth).or_default();
            match column {
                "together" => wants.together = Some(word.into()),
                "apart" => wants.apart = Some(word.into()),
                "squad" => wants.squad = Some(word.into()),
                "combination" => wants.combination = Some(word.into()),
                _ => wants.boarding = Some(word == "yes"),
            }
        }
        let row = |(nth, wants): (usize, Wants)| PupilRow {
            applicant: Some(season.applicants()[nth].id.clone()),
            wants,
        };
        let rows = (2..).zip(rows.into_iter().map(row)).collect();
        Self { groups: Groups::check(season, rows).expect("no faults"), ..Self::default() }
    }

    fn with<T>(&self, season: &Season, ask: impl FnOnce(&Request<'_>) -> T) -> T {
        let first = season.find_school("S0001").expect("a school");
        let classes = self.classes.map(|k| (first, k)).into_iter().collect();
        let seed = self.seed.as_deref().unwrap_or(SEED);
        ask(&Request { schools: &[], classes: &classes, groups: &self.groups, seed })
    }

    fn form(&self, season: &Season, outcomes: &[Outcome]) -> Result<Formation, Unformed> {
        let effort = Effort::nodes(500);
        self.with(season, |request| form(season, outcomes, request, &effort)).remove(0).1
    }
}

fn school(pupils: u32, classes: u32, juniors: u32, seed: u64) -> (Season, Vec<Outcome>) {
    rolls(&[RollSpec { pupils, classes: Some(classes), juniors }], seed)
}

/// The place of the class of a pupil.
fn class_of(season: &Season, formation: &Formation, nth: usize) -> usize {
    let id = season.find_applicant(&season.applicants()[nth].id).expect("there");
    formation.classes.iter().position(|c| c.contains(&id)).expect("in a class")
}

#[test]
fn a_school_of_a_thousand_is_even_in_everything() {
    let (season, outcomes) = school(1_000, 19, 20, 7);
    let formation = Ask::default().form(&season, &outcomes).expect("classes");
    assert_eq!((formation.objective, formation.bound, formation.end), (0, 0, End::Optimal));
    assert_eq!(formation.beyond(), 0);
    let sizes: BTreeSet<usize> = formation.classes.iter().map(Vec::len).collect();
    assert_eq!(sizes, BTreeSet::from([52, 53]));
    for margin in &formation.margins {
        let nearest = margin.total / 19..=margin.total.div_ceil(19);
        assert!(margin.counts.iter().all(|c| nearest.contains(c)), "{margin:?}");
    }
    let quarters = formation.margins.iter().filter(|m| m.kind == Kind::Quarter);
    assert_eq!(quarters.map(|m| m.total).sum::<u32>(), 1_000);
}

#[test]
fn the_audit_finds_nothing_in_classes_formed() {
    let spec = |pupils, classes| RollSpec { pupils, classes: Some(classes), juniors: 5 };
    let (season, outcomes) = rolls(&[spec(110, 2), spec(54, 1), spec(111, 3)], 3);
    let effort = Effort::nodes(500);
    let formed = Ask::default().with(&season, |r| form(&season, &outcomes, r, &effort));
    assert_eq!(formed.len(), 3);
    let mut classes = Vec::new();
    for (at, formation) in formed {
        let formation = formation.expect("classes");
        for (number, members) in formation.classes.iter().enumerate() {
            classes.extend(members.iter().map(|&id| ClassRow {
                school: season.school(at).id.clone(),
                grade: "高一".into(),
                class_no: (number + 1).to_string().into(),
                applicant: season.applicant(id).id.clone(),
                size: None,
            }));
        }
    }
    assert_eq!(classes.len(), 275);
    let inputs = AuditInputs { classes: classes.clone(), ..AuditInputs::default() };
    assert_eq!(audit(&season, &inputs), vec![]);
    // The audit does judge: one more pupil in a full class and it objects.
    classes.push(ClassRow { applicant: "another".into(), ..classes[0].clone() });
    let inputs = AuditInputs { classes, ..AuditInputs::default() };
    assert_eq!(audit(&season, &inputs).len(), 1);
}

#[test]
fn groups_are_kept_and_all_else_is_even() {
    let (season, outcomes) = school(200, 4, 6, 11);
    let mut words = vec![(0, "together", "twins"), (9, "together", "twins")];
    words.extend([(20, "apart", "a"), (21, "apart", "a"), (22, "apart", "a"), (23, "apart", "a")]);
    words.extend((100..130).map(|nth| (nth, "squad", "田径队")));
    words.extend((140..180).map(|nth| (nth, "boarding", "yes")));
    let ask = Ask::words(&season, &words);
    let formation = ask.form(&season, &outcomes).expect("classes");
    let class = |nth| class_of(&season, &formation, nth);
    assert_eq!(class(0), class(9));
    assert_eq!((20..24).map(class).collect::<BTreeSet<_>>().len(), 4);
    assert_eq!((100..130).map(class).collect::<BTreeSet<_>>().len(), 1);
    let boarders = formation.margins.iter().find(|m| m.kind == Kind::Boarding && m.value == "yes");
    assert_eq!(boarders.expect("a margin").counts.iter().sum::<u32>(), 40);
    assert_eq!((formation.objective, formation.beyond()), (0, 0));
}

#[test]
fn a_squad_from_one_school_costs_what_counting_says() {
    let (season, outcomes) = school(200, 4, 6, 11);
    let first = season.find_school("C001").expect("a school");
    let from_there = (0..200).filter(|&n| season.applicants()[n].junior == first);
    let words: Vec<_> = from_there.take(24).map(|nth| (nth, "squad", "田径队")).collect();
    let formation = Ask::words(&season, &words).form(&season, &outcomes).expect("classes");
    // Of 67 pupils 24 are in one class, 7 above the share of 17; the other 43 leave three classes 5 short of 16. The 26
    // seats left in that class are 4 fewer than the other schools' least, and those 4 are too many elsewhere.
    assert_eq!(formation.beyond(), 7 + 5 + 4 + 4);
    assert_eq!(formation.objective, 20 * (1 + formation.heavy));
    assert_eq!((formation.gap(), formation.end), (0, End::Optimal));
}

#[test]
fn combinations_gather_where_balance_allows() {
    let (season, outcomes) = school(150, 3, 1, 5);
    let word = |nth: usize| if nth < 100 { "物化生" } else { "史政地" };
    let words: Vec<_> = (0..150).map(|nth| (nth, "combination", word(nth))).collect();
    let formation = Ask::words(&season, &words).form(&season, &outcomes).expect("classes");
    assert_eq!(formation.beyond(), 0);
    let mut history: Vec<u32> = formation
        .margins
        .iter()
        .filter(|m| m.value == "史政地")
        .flat_map(|m| m.counts.clone())
        .collect();
    history.sort_unstable();
    // Spread evenly they would be 16 or 17 everywhere.
    assert!(history[2] >= 35, "{history:?}");
}

/// The least objective over all ways to fill the classes.
fn least(formation: &Formation, groups: &[BTreeSet<usize>], traits: &[Vec<usize>]) -> i64 {
    fn go(state: &mut State<'_>, nth: usize) {
        if nth == state.traits.len() {
            let fits = |g: &BTreeSet<usize>| {
                g.iter().all(|&p| state.at[p] == state.at[*g.first().expect("one")])
            };
            if state.groups.iter().all(fits) {
                let cost: i64 = (0..state.totals.len()).map(|v| state.cost(v)).sum();
                state.best = state.best.min(cost);
            }
            return;
        }
        for class in 0..state.room.len() {
            if state.room[class] > 0 {
                state.room[class] -= 1;
                state.at[nth] = class;
                go(state, nth + 1);
                state.room[class] += 1;
            }
        }
    }
    struct State<'a> {
        traits: &'a [Vec<usize>],
        groups: &'a [BTreeSet<usize>],
        totals: Vec<i64>,
        heavy: i64,
        room: Vec<usize>,
        at: Vec<usize>,
        best: i64,
    }
    impl State<'_> {
        fn cost(&self, value: usize) -> i64 {
            let classes = self.room.len() as i64;
            let mut counts = vec![0_i64; self.room.len()];
            for (held, &class) in self.traits.iter().zip(&self.at) {
                counts[class] += i64::from(held.contains(&value));
            }
            let total = self.totals[value];
            let (floor, ceiling) = (total / classes, (total + classes - 1) / classes);
            let off = |low: i64, high: i64, c: i64| (low - c).max(c - high).max(0);
            let one =
                |&c: &i64| off(floor, ceiling, c) + self.heavy * off(ceiling - 1, floor + 1, c);
            counts.iter().map(one).sum()
        }
    }
    let mut state = State {
        traits,
        groups,
        totals: formation.margins.iter().map(|m| i64::from(m.total)).collect(),
        heavy: formation.heavy,
        room: formation.classes.iter().map(Vec::len).collect(),
        at: vec![0; traits.len()],
        best: i64::MAX,
    };
    // The sizes are interchangeable but for their order.
    go(&mut state, 0);
    state.best
}

/// For every pupil the places of the values among the margins.
fn traits(season: &Season, formation: &Formation) -> Vec<Vec<usize>> {
    let totals: Vec<_> = season.applicants().iter().map(|a| a.total).collect();
    let of = |nth: usize| {
        let person = &season.applicants()[nth];
        let higher = totals.iter().filter(|&&t| t > person.total).count();
        let words = [
            (Kind::Gender, person.gender.expect("known").key().to_owned()),
            (Kind::Junior, season.school(person.junior).id.to_string()),
            (Kind::Quarter, (4 * higher / totals.len() + 1).to_string()),
        ];
        let place = |(kind, word): &(Kind, String)| {
            let found = formation.margins.iter().position(|m| m.kind == *kind && m.value == *word);
            found.expect("a margin")
        };
        words.iter().map(place).collect()
    };
    (0..season.applicants().len()).map(of).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn small_schools_are_as_even_as_any_way_of_filling_the_classes(
        pupils in 4_u32..9, classes in 2_u32..4, juniors in 1_u32..4, seed: u64, pair: bool,
    ) {
        let (season, outcomes) = school(pupils, classes, juniors, seed);
        let mut groups = Vec::new();
        let ask = if pair {
            groups.push(BTreeSet::from([0, 1]));
            Ask::words(&season, &[(0, "together", "t"), (1, "together", "t")])
        } else {
            Ask::default()
        };
        let formation = ask.form(&season, &outcomes).expect("classes");
        let best = least(&formation, &groups, &traits(&season, &formation));
        prop_assert!(formation.bound <= best, "bound {} above {best}", formation.bound);
        prop_assert_eq!(formation.objective, best);
    }

    #[test]
    fn everybody_is_in_one_class_and_groups_hold(
        pupils in 5_u32..90, classes in 1_u32..6, juniors in 1_u32..7, seed: u64, bound in 0_usize..6,
    ) {
        let (season, outcomes) = school(pupils, classes, juniors, seed);
        let mut rng = Rng::new(seed, 99);
        let mut words = Vec::new();
        for group in 0..bound {
            let (column, name) = [("together", "x"), ("apart", "y"), ("squad", "z")][group % 3];
            let name = ["", "1", "2"][group / 3].to_owned() + name;
            for _ in 0..rng.between(2, 4) {
                words.push((rng.below(pupils as usize), column, name.clone()));
            }
        }
        let words: Vec<_> = words.iter().map(|(n, c, w)| (*n, *c, w.as_str())).collect();
        let ask = Ask::words(&season, &words);
        match ask.form(&season, &outcomes) {
            Ok(formation) => {
                let mut all: Vec<_> = formation.classes.concat();
                all.sort_unstable();
                all.dedup();
                prop_assert_eq!(all.len(), pupils as usize);
                for margin in &formation.margins {
                    prop_assert_eq!(margin.counts.iter().sum::<u32>(), margin.total);
                }
                let sizes = || formation.classes.iter().map(Vec::len);
                prop_assert!(sizes().max() <= sizes().min().map(|n| n + 1));
                prop_assert!(sizes().max() <= Some(55));
                prop_assert!(formation.bound <= formation.objective);
                let again = ask.form(&season, &outcomes).expect("classes");
                prop_assert_eq!(again, formation);
            }
            Err(Unformed::Conflict(conflict)) => {
                let full = pupils > 55 * classes;
                let named = conflict.rules.iter().any(|r| matches!(r, Rule::Group { .. }));
                prop_assert!(full != named, "{conflict:?}");
            }
            Err(other) => prop_assert!(false, "{other:?}"),
        }
    }

    #[test]
    fn the_order_of_rows_does_not_matter(seed: u64) {
        let specs = [30, 47].map(|pupils| RollSpec { pupils, classes: Some(2), juniors: 4 });
        let ids = |source| {
            let luqu_fixtures::Source { policy, draft } = source;
            let (season, _) = Season::check(policy, draft).expect("no faults");
            let outcomes = rolls_outcomes(&season);
            let effort = Effort::nodes(100);
            let formed = Ask::default().with(&season, |r| form(&season, &outcomes, r, &effort));
            let formed: Vec<_> = formed.into_iter().map(|(_, f)| f.expect("classes")).collect();
            luqu_engine::classes::files::classes(&season, &formed)
        };
        let plain = ids(rolls_source(&specs, seed));
        let mut mixed = rolls_source(&specs, seed);
        let mut rng = Rng::new(seed, 1);
        rng.shuffle(&mut mixed.draft.applicants.rows);
        rng.shuffle(&mut mixed.draft.schools.rows);
        rng.shuffle(&mut mixed.draft.plan.rows);
        prop_assert_eq!(ids(mixed), plain);
    }
}

/// The conflict of a school with groups.
fn conflict(
    pupils: u32,
    classes: u32,
    words: &[(usize, &str, &str)],
) -> (Vec<String>, bool, Option<Remedy>) {
    let (season, outcomes) = school(pupils, classes, 3, 1);
    match Ask::words(&season, words).form(&season, &outcomes) {
        Err(Unformed::Conflict(c)) => {
            (c.rules.iter().map(ToString::to_string).collect(), c.smallest, c.remedy)
        }
        other => panic!("no conflict: {other:?}"),
    }
}

fn squad(
    from: usize,
    to: usize,
    name: &'static str,
) -> impl Iterator<Item = (usize, &'static str, &'static str)> {
    (from..to).map(move |nth| (nth, "squad", name))
}

#[test]
fn too_few_classes_name_the_approval_and_the_class_size() {
    let (rules, smallest, remedy) = conflict(111, 2, &[]);
    assert_eq!(rules, ["核准班数 2 个", "班额不超过 55 人", "录取学生 111 人"]);
    assert!(smallest);
    assert_eq!(remedy, Some(Remedy::Approve { more: 1, classes: 3 }));
    // At the limit there is room.
    let (season, outcomes) = school(110, 2, 3, 1);
    assert!(Ask::default().form(&season, &outcomes).is_ok());
}

#[test]
fn more_classes_than_approved_are_refused() {
    let (season, outcomes) = school(90, 2, 3, 1);
    let ask = |classes| Ask { classes: Some(classes), ..Ask::default() };
    let Err(Unformed::Conflict(found)) = ask(3).form(&season, &outcomes) else { panic!("formed") };
    assert_eq!(found.rules, [Rule::Classes(3), Rule::Approved(2)]);
    assert_eq!(found.remedy, Some(Remedy::Form { classes: 2 }));
    let Err(Unformed::Conflict(found)) = ask(1).form(&season, &outcomes) else { panic!("formed") };
    assert_eq!(found.rules, [Rule::Classes(1), Rule::ClassSize(55), Rule::Pupils(90)]);
    assert_eq!(found.remedy, Some(Remedy::Form { classes: 2 }));
}

#[test]
fn a_squad_above_the_class_size_names_just_that() {
    let words: Vec<_> = squad(0, 60, "田径队").collect();
    let (rules, smallest, remedy) = conflict(100, 2, &words);
    assert_eq!(rules, ["班额不超过 55 人", "专项队“田径队” 60 人编在同一个班"]);
    assert!(smallest);
    let leave = Remedy::Leave { bind: Bind::Squad, name: "田径队".into(), pupils: 10 };
    assert_eq!(remedy, Some(leave));
}

#[test]
fn an_apart_group_larger_than_the_classes_needs_one_more() {
    let words: Vec<_> = (0..3).map(|nth| (nth, "apart", "甲")).collect();
    let (rules, smallest, remedy) = conflict(80, 2, &words);
    assert_eq!(rules, ["核准班数 2 个", "分班组“甲” 3 人互不同班"]);
    assert!(smallest);
    assert_eq!(remedy, Some(Remedy::Leave { bind: Bind::Apart, name: "甲".into(), pupils: 1 }));
}

#[test]
fn together_and_apart_contradict_each_other_whatever_the_classes() {
    let words = [
        (4, "together", "双胞胎"),
        (5, "together", "双胞胎"),
        (4, "apart", "乙"),
        (5, "apart", "乙"),
    ];
    let (rules, smallest, remedy) = conflict(80, 2, &words);
    assert_eq!(rules, ["同班组“双胞胎” 2 人编在同一个班", "分班组“乙” 2 人互不同班"]);
    assert!(smallest);
    assert!(matches!(remedy, Some(Remedy::Leave { pupils: 1, .. })), "{remedy:?}");
}

#[test]
fn three_squads_that_two_classes_cannot_hold_are_all_named() {
    let words: Vec<_> =
        squad(0, 30, "一").chain(squad(30, 60, "二")).chain(squad(60, 90, "三")).collect();
    let (rules, _, remedy) = conflict(100, 2, &words);
    assert_eq!(rules.iter().filter(|r| r.contains("专项队")).count(), 3, "{rules:?}");
    assert!(rules.iter().any(|r| r.contains("核准班数")), "{rules:?}");
    // Two of them in a class of fifty: ten must leave one.
    assert!(matches!(remedy, Some(Remedy::Leave { pupils: 10, .. })), "{remedy:?}");
}

#[test]
fn blank_approvals_mean_the_fewest_classes() {
    let (season, outcomes) = rolls(&[RollSpec { pupils: 111, classes: None, juniors: 3 }], 1);
    let formation = Ask::default().form(&season, &outcomes).expect("classes");
    assert_eq!(formation.classes.iter().map(Vec::len).collect::<Vec<_>>(), [37, 37, 37]);
}

#[test]
fn a_search_that_is_stopped_still_gives_whole_classes() {
    let (season, outcomes) = school(300, 6, 9, 2);
    let effort = Effort { stop: &|| true, ..Effort::nodes(500) };
    let formed = Ask::default().with(&season, |r| form(&season, &outcomes, r, &effort)).remove(0).1;
    let formation = formed.expect("classes");
    assert_eq!(formation.pupils(), 300);
    assert_eq!(formation.end, if formation.objective == 0 { End::Optimal } else { End::Stopped });
}

#[test]
fn nobody_s_class_is_anybody_s_choice() {
    let (season, outcomes) = school(24, 3, 2, 4);
    let mut seen = [[0_u32; 3]; 2];
    for seed in 0..600 {
        let ask = Ask { seed: Some(format!("seed {seed}")), ..Ask::default() };
        let formation = ask.form(&season, &outcomes).expect("classes");
        for (row, nth) in seen.iter_mut().zip([0, 17]) {
            row[class_of(&season, &formation, nth)] += 1;
        }
    }
    // Two hundred each, give or take four standard deviations.
    assert!(seen.iter().flatten().all(|n| (153..=247).contains(n)), "{seen:?}");
}

#[test]
fn every_change_to_the_classes_is_found() {
    let (season, outcomes) = school(60, 2, 4, 8);
    let ask = Ask::words(&season, &[(0, "together", "t"), (1, "together", "t")]);
    let good = ask.form(&season, &outcomes).expect("classes");
    let roll: Vec<_> = {
        let mut all = good.classes.concat();
        all.sort_unstable();
        all
    };
    let judge = |f: &Formation| ask.with(&season, |r| check(&season, &roll, r, f));
    assert_eq!(judge(&good), vec![]);
    // Every exchange of two pupils breaks the counts, a group or the draw.
    for a in 0..good.classes[0].len() {
        for b in 0..good.classes[1].len() {
            let mut bad = good.clone();
            let kept = bad.classes[0][a];
            bad.classes[0][a] = bad.classes[1][b];
            bad.classes[1][b] = kept;
            assert_ne!(judge(&bad), vec![], "pupils {a} and {b}");
        }
    }
    let changes: [fn(&mut Formation); 6] = [
        |f| _ = f.classes[0].pop(),
        |f| {
            let twice = f.classes[0][0];
            f.classes[1][0] = twice;
        },
        |f| {
            let moved = f.classes[0].pop().expect("a pupil");
            f.classes[1].push(moved);
        },
        |f| f.margins[0].counts[0] += 1,
        |f| f.objective += 1,
        |f| f.classes.swap(0, 1),
    ];
    for (nth, change) in changes.into_iter().enumerate() {
        let mut bad = good.clone();
        change(&mut bad);
        assert_ne!(judge(&bad), vec![], "change {nth}");
    }
}

#[test]
fn the_table_of_wants_has_its_faults_at_the_cell() {
    let (season, _) = school(5, 1, 1, 1);
    let row = |id: &str, combination: &str| PupilRow {
        applicant: Some(id.into()),
        wants: Wants { combination: Some(combination.into()), ..Wants::default() },
    };
    let rows = vec![
        (2, row("000100001", "物化生")),
        (3, row("nobody", "物化生")),
        (4, row("000100001", "物化体")),
        (5, row("000100002", "物史化")),
    ];
    let faults = Groups::check(&season, rows).expect_err("faults");
    let at: Vec<_> = faults
        .iter()
        .map(|f| (f.code.code(), f.row, f.column.as_deref().expect("a cell")))
        .collect();
    assert_eq!(
        at,
        [
            ("E202", Some(3), "applicant_id"),
            ("E106", Some(4), "combination"),
            ("E201", Some(4), "applicant_id"),
            ("E106", Some(5), "combination"),
        ]
    );
    assert!(faults.iter().all(|f| !f.help.is_empty()));
}

#[test]
fn a_combination_is_one_however_it_is_written() {
    let (season, outcomes) = school(4, 1, 1, 1);
    let ways = ["物化生", "生化物", "物理+化学+生物", "物理、生物、化学"];
    let words: Vec<_> = (0..).zip(ways).map(|(nth, way)| (nth, "combination", way)).collect();
    let formation = Ask::words(&season, &words).form(&season, &outcomes).expect("classes");
    let gathered: Vec<_> =
        formation.margins.iter().filter(|m| m.kind == Kind::Combination).collect();
    assert_eq!(gathered.len(), 1, "{gathered:?}");
    assert_eq!((gathered[0].value.as_str(), gathered[0].total), ("物化生", 4));
}
