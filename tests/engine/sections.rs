//! Teaching sections: made schools against their bounds, small ones against all their timetables, every rule broken.

use std::collections::BTreeMap;

use luqu_engine::domain::lottery::Lottery;
use luqu_engine::sections::{
    Breach, Budget, Cap, Combination, Figures, Pupil, Resource, Room, Stuck, Subject, Terms,
    Timetable, form, verify,
};
use luqu_engine::solver::Backend;
use luqu_fixtures::{Rng, choices};

fn terms(limit: u32, blocks: u8) -> Terms {
    Terms { limit, blocks, caps: Vec::new(), seed: "a seed".to_owned() }
}

fn formed(pupils: &[Pupil], terms: &Terms) -> Timetable {
    let made = form(pupils, terms, &Budget::usual(Backend::default())).expect("a timetable");
    assert_eq!(verify(pupils, terms, &made.sections), []);
    made
}

fn pupil(id: &str, class_no: &str, combination: &str) -> Pupil {
    Pupil {
        id: id.into(),
        name: "某".into(),
        class_no: class_no.into(),
        combination: combination.parse().expect("a combination"),
    }
}

#[test]
fn a_school_meets_its_bounds() {
    for (n, blocks) in [(600, 3), (300, 4), (1000, 3)] {
        let pupils = choices(n, 1);
        let made = formed(&pupils, &terms(55, blocks));
        let fewest: usize = Subject::ALL
            .iter()
            .map(|s| {
                pupils.iter().filter(|p| p.combination.subjects().contains(s)).count().div_ceil(55)
            })
            .sum();
        assert!(made.opened.value as usize >= fewest);
        assert_eq!((made.opened.gap(), made.staying.gap()), (0, 0), "{n}: {made:?}");
        assert!(made.moves.gap() * 50 <= made.moves.value, "{n}: {:?}", made.moves);
        assert!(made.sections.iter().all(|s| s.pupils.len() <= 55));
        assert!(!made.stopped);
    }
}

#[test]
fn rows_in_any_order_are_one_school() {
    let pupils = choices(200, 3);
    let made = formed(&pupils, &terms(55, 3));
    let mut order: Vec<usize> = (0..pupils.len()).collect();
    Rng::new(9, 9).shuffle(&mut order);
    let shuffled: Vec<Pupil> = order.iter().map(|&at| pupils[at].clone()).collect();
    let again = formed(&shuffled, &terms(55, 3));
    let by_id = |made: &Timetable, pupils: &[Pupil]| -> Vec<_> {
        let ids = |at: &[usize]| {
            let mut ids: Vec<_> = at.iter().map(|&at| pupils[at].id.clone()).collect();
            ids.sort();
            ids
        };
        made.sections.iter().map(|s| (s.name(), s.room.clone(), ids(&s.pupils))).collect()
    };
    assert_eq!(by_id(&made, &pupils), by_id(&again, &shuffled));
}

/// For each pupil, the sections by name, and the lessons away from the class.
fn lists(made: &Timetable, pupils: &[Pupil]) -> Vec<(Vec<String>, usize)> {
    let mut lists = vec![(Vec::new(), 0); pupils.len()];
    for section in &made.sections {
        for &at in &section.pupils {
            lists[at].0.push(section.name());
            lists[at].1 += usize::from(section.room != Room::Home(pupils[at].class_no.clone()));
        }
    }
    lists
}

#[test]
fn the_lottery_says_who_of_one_type_moves() {
    let pupils = choices(300, 5);
    let one = terms(55, 3);
    let other = Terms { seed: "another".to_owned(), ..one.clone() };
    let (first, second) = (formed(&pupils, &one), formed(&pupils, &other));
    let sizes = |t: &Timetable| t.sections.iter().map(|s| s.pupils.len()).collect::<Vec<_>>();
    assert_eq!(sizes(&first), sizes(&second), "the seed changes names only");
    assert_ne!(lists(&first, &pupils), lists(&second, &pupils));
    for (terms, made) in [(&one, &first), (&other, &second)] {
        let lottery = Lottery::new(&terms.seed);
        let mut types: BTreeMap<_, Vec<(u64, usize)>> = BTreeMap::new();
        for (pupil, (_, moves)) in pupils.iter().zip(lists(made, &pupils)) {
            let of_type = types.entry((&pupil.class_no, pupil.combination)).or_default();
            of_type.push((lottery.number(&pupil.id), moves));
        }
        for drawn in types.values_mut() {
            drawn.sort_unstable();
            assert!(drawn.is_sorted_by_key(|d| d.1), "smaller numbers move less");
        }
    }
}

/// The best of all timetables, by enumeration: sections, then pupils who stay, then moves.
fn best_of_all(pupils: &[Pupil], limit: usize) -> Figures {
    const PATTERNS: [[usize; 3]; 6] =
        [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let classes: Vec<_> = {
        let mut all: Vec<_> = pupils.iter().map(|p| &p.class_no).collect();
        all.sort();
        all.dedup();
        all
    };
    let class = |p: &Pupil| classes.iter().position(|c| **c == p.class_no).expect("a class");
    let subjects: Vec<[usize; 3]> =
        pupils.iter().map(|p| p.combination.subjects().map(|s| s as usize)).collect();
    let mut best: Option<(usize, isize, usize)> = None;
    for code in 0..6_usize.pow(pupils.len() as u32) {
        let pattern = |at: usize| PATTERNS[code / 6_usize.pow(at as u32) % 6];
        let mut load = [[0_usize; 3]; 6];
        let mut own = vec![[[0_usize; 3]; 6]; classes.len()];
        for (at, p) in pupils.iter().enumerate() {
            for (&s, b) in subjects[at].iter().zip(pattern(at)) {
                load[s][b] += 1;
                own[class(p)][s][b] += 1;
            }
        }
        let open = |s: usize, b: usize| load[s][b].div_ceil(limit);
        let sections: usize =
            (0..6).flat_map(|s| (0..3).map(move |b| (s, b))).map(|(s, b)| open(s, b)).sum();
        if best.is_some_and(|b| b.0 < sections) {
            continue;
        }
        // Home to what some of the class take there, in every block and class.
        let options: Vec<Vec<usize>> = (0..classes.len() * 3)
            .map(|at| {
                let taken = (0..6).filter(|&s| own[at / 3][s][at % 3] > 0);
                taken.chain([6]).collect()
            })
            .collect();
        let many: usize = options.iter().map(Vec::len).product();
        for mut hosts in 0..many {
            let home: Vec<usize> = options
                .iter()
                .map(|o| {
                    let s = o[hosts % o.len()];
                    hosts /= o.len();
                    s
                })
                .collect();
            let crowded = (0..6).any(|s| {
                (0..3).any(|b| {
                    (0..classes.len()).filter(|c| home[c * 3 + b] == s).count() > open(s, b)
                })
            });
            if crowded {
                continue;
            }
            let moves = |at: usize| {
                let lessons = subjects[at].iter().zip(pattern(at));
                lessons.filter(|&(&s, b)| home[class(&pupils[at]) * 3 + b] != s).count()
            };
            let staying = (0..pupils.len()).filter(|&at| moves(at) == 0).count() as isize;
            let candidate = (sections, -staying, (0..pupils.len()).map(moves).sum());
            best = Some(best.map_or(candidate, |b| b.min(candidate)));
        }
    }
    let (sections, staying, moves) = best.expect("a timetable");
    Figures { sections: sections as u32, staying: -staying as u32, moves: moves as u32 }
}

#[test]
fn small_schools_against_all_their_timetables() {
    let combinations = Combination::all();
    for seed in 0..12 {
        let mut rng = Rng::new(seed, 1);
        let n = 2 + rng.below(3);
        let pupils: Vec<Pupil> = (0..n)
            .map(|at| Pupil {
                id: at.to_string().into(),
                name: "某".into(),
                class_no: (1 + at % 2).to_string().into(),
                combination: combinations[rng.below(if seed % 2 == 0 { 12 } else { 3 })],
            })
            .collect();
        let limit = 2 + rng.below(2);
        let best = best_of_all(&pupils, limit);
        let made = formed(&pupils, &terms(limit as u32, 3));
        assert_eq!(
            (made.opened.value, made.opened.bound),
            (best.sections, best.sections),
            "{pupils:?}"
        );
        assert_eq!(
            (made.staying.value, made.moves.value),
            (best.staying, best.moves),
            "{pupils:?}"
        );
        assert!(made.staying.bound >= best.staying, "{pupils:?}");
        assert!(made.moves.bound <= best.moves, "{pupils:?}");
    }
}

#[test]
fn a_class_that_chose_alike_never_moves() {
    let pupils: Vec<Pupil> = (0..100)
        .map(|at| {
            pupil(
                &at.to_string(),
                if at < 50 { "1" } else { "2" },
                if at < 50 { "物化生" } else { "史政地" },
            )
        })
        .collect();
    let made = formed(&pupils, &terms(55, 3));
    assert_eq!((made.opened.value, made.staying.value, made.moves.value), (6, 100, 0));
    // At the limit one section holds all; one pupil more needs another.
    let alike: Vec<Pupil> = (0..56).map(|at| pupil(&at.to_string(), "1", "物化生")).collect();
    assert_eq!(formed(&alike[..55], &terms(55, 3)).opened.value, 3);
    let over = formed(&alike, &terms(55, 3));
    assert_eq!((over.opened.value, over.opened.bound), (6, 6));
    assert_eq!(formed(&[], &terms(55, 3)).sections, []);
}

#[test]
fn more_blocks_and_scarce_teachers_are_kept() {
    let pupils = choices(300, 2);
    let cap = |subject, most| Cap { subject, block: None, resource: Resource::Teachers, most };
    let scarce = Terms {
        caps: vec![cap(Some(Subject::Biology), 1), cap(Some(Subject::Chemistry), 2), cap(None, 5)],
        ..terms(55, 5)
    };
    let made = formed(&pupils, &scarce);
    assert_eq!(made.opened.gap(), 0);
}

fn conflict(pupils: &[Pupil], terms: &Terms) -> luqu_engine::sections::Conflict {
    match form(pupils, terms, &Budget::usual(Backend::default())) {
        Err(Stuck::Conflict(conflict)) => conflict,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_conflict_names_the_fewest_limits_and_the_cheapest_change() {
    let four: Vec<Pupil> = (0..4).map(|at| pupil(&at.to_string(), "1", "物化生")).collect();
    let physics = |block, most| Cap {
        subject: Some(Subject::Physics),
        block: Some(block),
        resource: Resource::Teachers,
        most,
    };
    let idle =
        Cap { subject: Some(Subject::History), block: None, resource: Resource::Rooms, most: 0 };
    // Four pupils in twos need two sections of physics, and only the third block has a teacher: for one.
    let caps = vec![idle, physics(1, 0), physics(2, 0), physics(3, 1)];
    let found = conflict(&four, &Terms { caps: caps.clone(), ..terms(2, 3) });
    assert_eq!(found.limits, caps[1..]);
    assert_eq!(found.changes.iter().map(|c| c.more).sum::<u32>(), 1);
    assert!(found.proved);
    let enough =
        Terms { caps: vec![idle, physics(1, 1), physics(2, 0), physics(3, 1)], ..terms(2, 3) };
    // Two of them have physics in the first block, two in the third.
    assert_eq!(formed(&four, &enough).opened.value, 6);
    // One room: every block needs two.
    let rooms = Cap { subject: None, block: None, resource: Resource::Rooms, most: 1 };
    let found = conflict(&four, &Terms { caps: vec![idle, rooms], ..terms(2, 3) });
    assert_eq!(found.limits, [rooms]);
    assert_eq!(
        found.changes.iter().map(|c| (c.block, c.more)).collect::<Vec<_>>(),
        [(1, 1), (2, 1), (3, 1)]
    );
}

#[test]
fn whoever_stops_a_search_has_the_best_so_far() {
    let pupils = choices(400, 3);
    let mut budget = Budget::usual(Backend::default());
    budget.effort.stop = &|| true;
    let made = form(&pupils, &terms(55, 3), &budget).expect("a timetable");
    assert!(made.stopped);
    assert_eq!(verify(&pupils, &terms(55, 3), &made.sections), []);
    assert!(made.moves.value >= made.moves.bound && made.staying.value <= made.staying.bound);
}

#[test]
fn every_broken_rule_is_found() {
    let pupils = choices(120, 4);
    let mut terms = terms(55, 3);
    let made = formed(&pupils, &terms).sections;
    let judged = |change: &dyn Fn(&mut Vec<luqu_engine::sections::Section>)| {
        let mut sections = made.clone();
        change(&mut sections);
        verify(&pupils, &terms, &sections)
    };
    let found = judged(&|s| {
        s[0].pupils.pop();
    });
    assert!(matches!(found[..], [Breach::NotOnce { times: 0, .. }]), "{found:?}");
    let found = judged(&|s| {
        let again = s[0].pupils[0];
        s[0].pupils.push(again);
    });
    assert!(matches!(found[0], Breach::NotOnce { times: 2, .. }), "{found:?}");
    assert!(matches!(found[1], Breach::TwoAtOnce { times: 2, .. }), "{found:?}");
    let found = judged(&|s| s[0].subject = Subject::History);
    assert!(found.iter().any(|b| matches!(b, Breach::NotChosen { .. })), "{found:?}");
    let found = judged(&|s| s[0].block = 9);
    assert!(found.iter().any(|b| matches!(b, Breach::Unknown { what: "节段", .. })), "{found:?}");
    let found = judged(&|s| s[0].pupils.push(999));
    assert!(found.iter().any(|b| matches!(b, Breach::Unknown { what: "学生", .. })), "{found:?}");
    let found = judged(&|s| s[0].room = Room::Home("99".into()));
    assert!(found.iter().any(|b| matches!(b, Breach::Unknown { what: "班级", .. })), "{found:?}");
    let found = judged(&|s| {
        let twin = s[0].room.clone();
        let block = s[0].block;
        s.iter_mut().skip(1).filter(|s| s.block == block).for_each(|s| s.room = twin.clone());
    });
    assert!(found.iter().any(|b| matches!(b, Breach::Room { .. })), "{found:?}");
    let found = judged(&|s| s.push(s[0].clone()));
    assert!(found.iter().any(|b| matches!(b, Breach::Repeated(_))), "{found:?}");
    let largest = made.iter().map(|s| s.pupils.len()).max().unwrap_or(0) as u32;
    terms.limit = largest - 1;
    let found = verify(&pupils, &terms, &made);
    assert!(matches!(found[0], Breach::Size { limit, .. } if limit == largest - 1), "{found:?}");
    terms.limit = largest;
    let at_once = made.iter().filter(|s| s.block == 2).count() as u32;
    for (most, breaches) in [(at_once, 0), (at_once - 1, 1)] {
        terms.caps = vec![Cap { subject: None, block: Some(2), resource: Resource::Rooms, most }];
        assert_eq!(verify(&pupils, &terms, &made).len(), breaches);
    }
}
