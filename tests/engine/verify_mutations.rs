//! Every way of tampering with an answer is found, also by whoever signs the digests again.

use luqu_engine::domain::{
    Answer, ApplicantIx, BatchIx, CategoryIx, Line, Outcome, Reason, ReasonKind, SchoolIx, Score,
    Season,
};
use luqu_engine::placement::place;
use luqu_engine::policy::Policy;
use luqu_engine::verify::{
    AnswerBytes, Certificate, Finding, Property, Report, check_certificate, verify,
};
use luqu_fixtures::tiny::{Shape, tiny};

use crate::verify_lines::season;

type Mutation = fn(&mut Answer) -> bool;

fn seats(answer: &Answer) -> Vec<usize> {
    (0..answer.outcomes.len()).filter(|&a| answer.outcomes[a].seat().is_some()).collect()
}

fn seat(answer: &mut Answer, at: usize, change: fn(&mut Outcome)) -> bool {
    let all = seats(answer);
    let Some(&who) = all.get(at) else { return false };
    let before = answer.outcomes[who];
    change(&mut answer.outcomes[who]);
    answer.outcomes[who] != before
}

fn line(answer: &mut Answer, which: fn(&Line) -> bool, change: fn(&mut Line)) -> bool {
    let Some(found) = answer.lines.iter_mut().find(|l| which(l)) else { return false };
    let before = *found;
    change(found);
    *found != before
}

fn reason(answer: &mut Answer, which: fn(&Reason) -> bool, change: fn(&mut Reason)) -> bool {
    let Some(found) = answer.reasons.iter_mut().find(|r| which(r)) else { return false };
    let before = found.clone();
    change(found);
    *found != before
}

fn first(answer: &mut Answer, which: Outcome, to: Outcome) -> bool {
    let found = answer.outcomes.iter_mut().find(|o| **o == which);
    found.map(|o| *o = to).is_some()
}

/// Hands the first seat to the first applicant who holds nothing.
fn hand_over(answer: &mut Answer, to: Outcome) -> bool {
    let (Some(&from), Some(free)) =
        (seats(answer).first(), answer.outcomes.iter().position(|o| *o == to))
    else {
        return false;
    };
    answer.outcomes.swap(from, free);
    true
}

const MUTATIONS: &[(&str, Mutation)] = &[
    ("two admissions swapped", |a| {
        let all = seats(a);
        let pair = all.iter().flat_map(|&x| all.iter().map(move |&y| (x, y)));
        let found = pair
            .filter(|&(x, y)| x < y)
            .find(|&(x, y)| a.outcomes[x].seat() != a.outcomes[y].seat());
        found.map(|(x, y)| a.outcomes.swap(x, y)).is_some()
    }),
    ("a seat handed to somebody unplaced", |a| hand_over(a, Outcome::Unplaced)),
    ("a seat handed to somebody barred", |a| hand_over(a, Outcome::Barred)),
    ("a seat handed to somebody without wishes", |a| hand_over(a, Outcome::NoWishes)),
    ("an admission dropped", |a| seat(a, 0, |o| *o = Outcome::Unplaced)),
    ("another admission dropped", |a| seat(a, 1, |o| *o = Outcome::Unplaced)),
    ("all admissions dropped", |a| {
        let any = !seats(a).is_empty();
        a.outcomes.iter_mut().filter(|o| o.seat().is_some()).for_each(|o| *o = Outcome::Unplaced);
        any
    }),
    ("an admitted applicant said to be barred", |a| seat(a, 0, |o| *o = Outcome::Barred)),
    ("an admitted applicant said to have no wishes", |a| seat(a, 0, |o| *o = Outcome::NoWishes)),
    ("an unplaced applicant said to be barred", |a| first(a, Outcome::Unplaced, Outcome::Barred)),
    ("an unplaced applicant said to have no wishes", |a| {
        first(a, Outcome::Unplaced, Outcome::NoWishes)
    }),
    ("a barred applicant said to be unplaced", |a| first(a, Outcome::Barred, Outcome::Unplaced)),
    ("an applicant without wishes said to be unplaced", |a| {
        first(a, Outcome::NoWishes, Outcome::Unplaced)
    }),
    ("a placement called an adjustment", |a| {
        seat(a, 0, |o| {
            if let Outcome::Placed { batch, school, category, .. } = *o {
                *o = Outcome::Adjusted { batch, school, category };
            }
        })
    }),
    ("an adjustment called a placement", |a| {
        let found = a.outcomes.iter_mut().find(|o| matches!(o, Outcome::Adjusted { .. }));
        let Some(outcome) = found else { return false };
        if let Outcome::Adjusted { batch, school, category } = *outcome {
            *outcome = Outcome::Placed { batch, position: 1, school, category };
        }
        true
    }),
    ("another wish position", |a| {
        seat(a, 0, |o| {
            if let Outcome::Placed { position, .. } = o {
                *position += 1;
            }
        })
    }),
    ("another school", |a| {
        seat(a, 0, |o| {
            if let Outcome::Placed { school, .. } | Outcome::Adjusted { school, .. } = o {
                *school = SchoolIx(u32::from(school.0 == 0));
            }
        })
    }),
    ("another category", |a| {
        seat(a, 0, |o| {
            if let Outcome::Placed { category, .. } | Outcome::Adjusted { category, .. } = o {
                *category = CategoryIx(u16::from(category.0 == 0));
            }
        })
    }),
    ("another batch", |a| {
        seat(a, 0, |o| {
            if let Outcome::Placed { batch, .. } | Outcome::Adjusted { batch, .. } = o {
                *batch = BatchIx(u16::from(batch.0 == 0));
            }
        })
    }),
    ("an outcome too few", |a| a.outcomes.pop().is_some()),
    ("an outcome too many", |a| {
        a.outcomes.push(Outcome::Unplaced);
        true
    }),
    ("a seat more on a line", |a| line(a, |_| true, |l| l.seats += 1)),
    ("a seat less on a line", |a| line(a, |l| l.seats > 0, |l| l.seats -= 1)),
    ("a holder more on a line", |a| line(a, |_| true, |l| l.placed += 1)),
    ("a holder less on a line", |a| line(a, |l| l.placed > 0, |l| l.placed -= 1)),
    ("a line made full", |a| line(a, |l| !l.full() && l.placed > 0, |l| l.seats = l.placed)),
    ("a full line opened", |a| line(a, Line::full, |l| l.seats += 1)),
    ("a higher lowest total", |a| {
        line(
            a,
            |l| l.lowest_total.is_some(),
            |l| {
                l.lowest_total = l.lowest_total.map(|t| t.plus(Score::from_hundredths(1)));
            },
        )
    }),
    ("a lower lowest total", |a| {
        line(
            a,
            |l| l.lowest_total.is_some(),
            |l| {
                l.lowest_total = l.lowest_total.map(|t| t.minus(Score::from_points(1)));
            },
        )
    }),
    ("a lowest total hidden", |a| line(a, |l| l.lowest_total.is_some(), |l| l.lowest_total = None)),
    ("a lowest total made up", |a| {
        line(a, |l| l.lowest_total.is_none(), |l| l.lowest_total = Some(Score::ZERO))
    }),
    ("another lowest position", |a| {
        line(
            a,
            |l| l.lowest_position.is_some(),
            |l| {
                l.lowest_position = l.lowest_position.map(|p| p + 1);
            },
        )
    }),
    ("a lowest position hidden", |a| {
        line(a, |l| l.lowest_position.is_some(), |l| l.lowest_position = None)
    }),
    ("another floor", |a| {
        line(
            a,
            |l| l.floor.is_some(),
            |l| l.floor = l.floor.map(|f| f.minus(Score::from_points(1))),
        )
    }),
    ("a floor hidden", |a| line(a, |l| l.floor.is_some(), |l| l.floor = None)),
    ("a floor made up", |a| line(a, |l| l.floor.is_none(), |l| l.floor = Some(Score::ZERO))),
    ("a line of another school", |a| {
        line(a, |_| true, |l| l.school = SchoolIx(u32::from(l.school.0 == 0)))
    }),
    ("a line of another category", |a| {
        line(a, |_| true, |l| l.category = CategoryIx(u16::from(l.category.0 == 0)))
    }),
    ("a line of another batch", |a| {
        line(a, |_| true, |l| l.batch = BatchIx(u16::from(l.batch.0 == 0)))
    }),
    ("a line of a cell that is none", |a| {
        line(a, |l| l.junior.is_none(), |l| l.junior = Some(SchoolIx(0)))
    }),
    ("a line dropped", |a| a.lines.pop().is_some()),
    ("a line twice", |a| {
        let Some(&again) = a.lines.first() else { return false };
        a.lines.insert(0, again);
        true
    }),
    ("two lines in the other order", |a| {
        let enough = a.lines.len() > 1;
        if enough {
            a.lines.swap(0, 1);
        }
        enough
    }),
    ("a frozen line moved", |a| {
        let found = a.frozen.first_mut();
        found.map(|f| f.total = f.total.minus(Score::from_points(1))).is_some()
    }),
    ("a frozen line dropped", |a| a.frozen.pop().is_some()),
    ("a frozen line twice", |a| {
        let Some(&again) = a.frozen.first() else { return false };
        a.frozen.push(again);
        true
    }),
    ("a reason deleted", |a| a.reasons.pop().is_some()),
    ("the first reason deleted", |a| {
        let any = !a.reasons.is_empty();
        a.reasons.drain(..usize::from(any));
        any
    }),
    ("a reason twice", |a| {
        let Some(again) = a.reasons.last().cloned() else { return false };
        a.reasons.push(again);
        true
    }),
    ("two reasons swapped", |a| {
        let at = a.reasons.windows(2).position(|w| w[0] != w[1]);
        at.map(|at| a.reasons.swap(at, at + 1)).is_some()
    }),
    ("a reason of another kind", |a| {
        reason(a, |r| r.kind != ReasonKind::OutOfRegion, |r| r.kind = ReasonKind::OutOfRegion)
    }),
    ("below the cut-off said of everything", |a| {
        reason(a, |r| r.kind != ReasonKind::BelowCutoff, |r| r.kind = ReasonKind::BelowCutoff)
    }),
    ("another bound of a cut-off", |a| {
        reason(
            a,
            |r| r.kind == ReasonKind::BelowCutoff,
            |r| {
                r.bound = r.bound.map(|b| b.plus(Score::from_points(1)));
            },
        )
    }),
    ("another bound of a floor", |a| {
        reason(
            a,
            |r| r.kind == ReasonKind::BelowFloor,
            |r| {
                r.bound = r.bound.map(|b| b.plus(Score::from_points(1)));
            },
        )
    }),
    ("a bound hidden", |a| reason(a, |r| r.bound.is_some(), |r| r.bound = None)),
    ("a bound made up", |a| reason(a, |r| r.bound.is_none(), |r| r.bound = Some(Score::ZERO))),
    ("a reason for another wish", |a| reason(a, |_| true, |r| r.position += 1)),
    ("a reason for another school", |a| {
        reason(a, |_| true, |r| r.school = SchoolIx(u32::from(r.school.0 == 0)))
    }),
    ("a reason for another category", |a| {
        reason(a, |_| true, |r| r.category = CategoryIx(u16::from(r.category.0 == 0)))
    }),
    ("a reason for another batch", |a| {
        reason(a, |_| true, |r| r.batch = BatchIx(u16::from(r.batch.0 == 0)))
    }),
    ("a reason for another applicant", |a| {
        reason(a, |_| true, |r| r.applicant = ApplicantIx(u32::from(r.applicant.0 == 0)))
    }),
];

/// Seasons and their answers, enough for every mutation to find something to change.
fn worlds() -> Vec<(Season, Answer)> {
    (0..150)
        .filter_map(|seed| {
            let season = season(seed, &Shape::FULL);
            let answer = place(&season).ok()?;
            (season.schools().len() > 1 && season.policy().categories.len() > 1)
                .then_some((season, answer))
        })
        .collect()
}

/// Whether two answers would be written as the same three files and the same frozen lines.
fn same_files(season: &Season, a: &Answer, b: &Answer) -> bool {
    a.outcomes.len() == b.outcomes.len()
        && a.frozen == b.frozen
        && AnswerBytes::of(season, a) == AnswerBytes::of(season, b)
}

#[test]
fn every_mutation_of_an_answer_is_found_without_any_digest() {
    let worlds = worlds();
    for (name, mutate) in MUTATIONS {
        let mut tried = 0;
        for (season, answer) in &worlds {
            let mut changed = answer.clone();
            let known = |a: &Answer| {
                let batches = season.policy().batches.len();
                let lines = a.lines.iter().all(|l| l.batch.at() < batches);
                let outcomes =
                    a.outcomes.iter().filter_map(|o| o.seat()).all(|s| s.0.at() < batches);
                let people = season.applicants().len();
                let reasons =
                    a.reasons.iter().all(|r| r.batch.at() < batches && r.applicant.at() < people);
                lines && outcomes && reasons
            };
            let mutated = mutate(&mut changed);
            if mutated && (!known(&changed) || !same_files(season, answer, &changed)) {
                tried += 1;
                assert!(!verify(season, &changed).clean(), "{name}: {changed:?}");
            }
        }
        assert!(tried > 0, "{name} was never tried");
    }
}

fn certified(season: &Season) -> Option<(Answer, Certificate)> {
    let answer = place(season).ok()?;
    let report = verify(season, &answer);
    Some((answer.clone(), Certificate::of(season, &answer, &report)?))
}

fn p8(season: &Season, answer: &Answer, certificate: &Certificate) -> Vec<Finding> {
    check_certificate(season, answer, &AnswerBytes::of(season, answer), certificate)
}

#[test]
fn every_mutation_of_a_certificate_is_found_even_when_it_is_sealed_again() {
    let (season, (answer, certificate)) = (0..50)
        .find_map(|seed| {
            let season = season(seed, &Shape::FULL);
            let certified = certified(&season)?;
            (certified.1.lines.len() > 1).then_some((season, certified))
        })
        .expect("a season with lines");
    assert_eq!(p8(&season, &answer, &certificate), []);
    let mutations: [fn(&mut Certificate); 14] = [
        |c| c.contract += 1,
        |c| c.engine.push('1'),
        |c| c.season.push('1'),
        |c| c.seed = Some("another".to_owned()),
        |c| c.policy.replace_range(..1, "x"),
        |c| drop(c.inputs.remove("wishes")),
        |c| drop(c.inputs.insert("applicants".to_owned(), "0".repeat(64))),
        |c| c.counts.placed += 1,
        |c| c.counts.seats += 1,
        |c| c.lines.truncate(0),
        |c| c.lines[0].total.push('1'),
        |c| drop(c.files.insert("reasons.csv".to_owned(), "0".repeat(64))),
        |c| c.answer.replace_range(..1, "x"),
        |c| drop(c.properties.remove(&Property::NoEnvy)),
    ];
    for (at, mutate) in mutations.into_iter().enumerate() {
        for sealed in [false, true] {
            let mut changed = certificate.clone();
            mutate(&mut changed);
            if sealed {
                changed.seal = changed.sealed();
            }
            assert!(!p8(&season, &answer, &changed).is_empty(), "mutation {at}, sealed {sealed}");
        }
    }
    let mut unsealed = certificate;
    unsealed.seal.clear();
    assert_eq!(p8(&season, &answer, &unsealed).len(), 1);
}

#[test]
fn only_a_clean_report_gets_a_certificate() {
    let season = season(1, &Shape::FULL);
    let (answer, _) = certified(&season).expect("a certificate");
    let finding = Finding::new(Property::NoEnvy, vec![], "…");
    assert!(Certificate::of(&season, &answer, &Report::of(vec![finding])).is_none());
}

#[test]
fn a_change_of_any_input_after_the_run_is_found() {
    let shape = Shape { applicants: 20, ..Shape::FULL };
    let mut tried = [0; 9];
    for seed in 0..60 {
        let (text, draft) = tiny(seed, &shape);
        let load = |text: &str, seed: Option<&str>| Policy::load(text, seed).expect("a policy");
        let before = Season::check(load(&text, None), draft.clone()).expect("a season").0;
        let Some((answer, certificate)) = certified(&before) else { continue };
        for (kind, tried) in tried.iter_mut().enumerate() {
            let mut changed = draft.clone();
            let mut policy = load(&text, None);
            match kind {
                0 => changed.applicants.rows[0].1.total = Some(Score::from_hundredths(1)),
                1 => changed.applicants.rows[0].1.name = Some("乙".into()),
                2 => changed.schools.rows[0].1.name = Some("乙".into()),
                3 => changed.schools.rows.reverse(),
                4 if !changed.plan.rows.is_empty() => {
                    changed.plan.rows[0].1.document = Some("9号".into());
                }
                5 if !changed.wishes.rows.is_empty() => {
                    let adjust = &mut changed.wishes.rows[0].1.adjust;
                    *adjust = Some(*adjust != Some(true));
                }
                6 => {
                    if let Some((_, row)) = changed.restrictions.rows.first_mut() {
                        row.reason = Some("别".into());
                    } else {
                        continue;
                    }
                }
                7 if before.policy().needs_seed() => policy = load(&text, Some("another")),
                8 => policy = load(&text.replace("year = 2026", "year = 2027"), None),
                _ => continue,
            }
            let after = Season::check(policy, changed).expect("a season").0;
            *tried += 1;
            assert!(!p8(&after, &answer, &certificate).is_empty(), "seed {seed}, kind {kind}");
        }
    }
    assert!(tried.iter().all(|&n| n > 0), "{tried:?}");
}

#[test]
fn digests_do_not_see_the_order_of_rows() {
    for seed in 0..100 {
        let (text, draft) = tiny(seed, &Shape::FULL);
        let policy = || Policy::load(&text, None).expect("a policy");
        let mut turned = draft.clone();
        turned.applicants.rows.reverse();
        turned.wishes.rows.reverse();
        turned.plan.rows.reverse();
        turned.quotas.rows.reverse();
        turned.special_scores.rows.reverse();
        turned.restrictions.rows.reverse();
        turned.tie_decisions.rows.reverse();
        let one = Season::check(policy(), draft).expect("a season").0;
        let other = Season::check(policy(), turned).expect("a season").0;
        let (Some((_, one)), Some((_, other))) = (certified(&one), certified(&other)) else {
            continue;
        };
        assert_eq!(one, other, "seed {seed}");
    }
}
