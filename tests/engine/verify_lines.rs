//! The second algorithm against the definitions and against brute force.

use luqu_engine::domain::{Answer, ApplicantIx, Season};
use luqu_engine::policy::Policy;
use luqu_engine::verify::{Property, market, order, second, verify};
use luqu_fixtures::tiny::{Shape, tiny};

pub(crate) fn season(seed: u64, shape: &Shape) -> Season {
    let (text, draft) = tiny(seed, shape);
    let policy = Policy::load(&text, None).unwrap_or_else(|r| panic!("seed {seed}: {r:#?}"));
    Season::check(policy, draft).unwrap_or_else(|f| panic!("seed {seed}: {f:#?}")).0
}

/// The second algorithm's own answer, without reasons.
fn answer(season: &Season) -> Answer {
    let found = second::place(season);
    Answer {
        outcomes: found.outcomes,
        lines: found.lines,
        frozen: found.frozen,
        reasons: Vec::new(),
    }
}

#[test]
fn what_the_second_algorithm_finds_has_every_property() {
    for seed in 0..4000 {
        let season = season(seed, &Shape::FULL);
        let report = verify(&season, &answer(&season));
        let others: Vec<_> =
            report.findings.iter().filter(|f| f.property != Property::Reasons).collect();
        assert!(others.is_empty(), "seed {seed}: {others:#?}");
    }
}

/// What everybody gets in the applicant-optimal stable assignment, found by trying all assignments:
/// per applicant the place of its best proposal in any stable one.
fn best_stable(season: &Season) -> Vec<Option<usize>> {
    let markets = market::markets(season);
    let market = &markets[0];
    let count = season.applicants().len();
    let proposals: Vec<Vec<(usize, u16)>> = (0..count)
        .map(|at| {
            let a = ApplicantIx::from(at);
            let who = season.applicant(a);
            let takes = |class: usize| {
                let category = season.policy().category(market.classes[class].category);
                let floor = category.floor.as_ref().and_then(|f| f.at_least);
                !who.barred
                    && market.barrier(a, class).is_none()
                    && floor.is_none_or(|f| who.total >= f)
            };
            let all = market.proposals(a).iter().filter_map(|p| Some((p.class()?, p.position)));
            all.filter(|(class, _)| takes(*class)).collect()
        })
        .collect();
    let mut best: Vec<Option<usize>> = vec![None; count];
    let mut chosen = vec![0; count];
    loop {
        let held = |class: usize| -> Vec<(ApplicantIx, u16)> {
            (0..count)
                .filter_map(|a| {
                    let &(c, position) = proposals[a].get(chosen[a])?;
                    (c == class).then_some((ApplicantIx::from(a), position))
                })
                .collect()
        };
        let holders: Vec<_> = (0..market.classes.len()).map(held).collect();
        let fits = holders.iter().zip(&market.classes).all(|(h, c)| h.len() <= c.own as usize);
        let stable = fits
            && (0..count).all(|a| {
                proposals[a].iter().take(chosen[a]).all(|&(class, position)| {
                    let order = order::Order::of_class(market, class);
                    let mine = (ApplicantIx::from(a), position);
                    holders[class].len() == market.classes[class].own as usize
                        && holders[class]
                            .iter()
                            .all(|&h| h.0 != mine.0 && order.compare(h, mine).is_lt())
                })
            });
        if stable {
            for a in 0..count {
                let here = (chosen[a] < proposals[a].len()).then_some(chosen[a]);
                best[a] = match (best[a], here) {
                    (Some(b), Some(h)) => Some(b.min(h)),
                    (b, h) => b.or(h),
                };
            }
        }
        // The next assignment, counting with one digit per applicant; the last digit value is no seat.
        let mut at = 0;
        while at < count && chosen[at] == proposals[at].len() {
            chosen[at] = 0;
            at += 1;
        }
        match chosen.get_mut(at) {
            Some(digit) => *digit += 1,
            None => break,
        }
    }
    (0..count)
        .map(|a| best[a].map(|b| usize::from(proposals[a][b].1) * 100 + proposals[a][b].0))
        .collect()
}

#[test]
fn the_second_algorithm_is_the_best_stable_assignment() {
    let mut placed = 0;
    for wish_keys in [false, true] {
        let shape = Shape { applicants: 6, wish_keys, special: wish_keys, ..Shape::PLAIN };
        for seed in 0..600 {
            let season = season(seed, &shape);
            let combinations: usize = (0..season.applicants().len())
                .map(|a| market::markets(&season)[0].proposals(ApplicantIx::from(a)).len() + 1)
                .product();
            if combinations > 20_000 {
                continue;
            }
            let found = second::place(&season);
            let market = &market::markets(&season)[0];
            let seats: Vec<Option<usize>> = (0..found.outcomes.len())
                .map(|a| {
                    let (_, position, school, category) = found.outcomes[a].seat()?;
                    let class = market.class_for(ApplicantIx::from(a), school, category)?;
                    Some(usize::from(position) * 100 + class)
                })
                .collect();
            placed += seats.iter().flatten().count();
            assert_eq!(seats, best_stable(&season), "wish keys {wish_keys}, seed {seed}");
        }
    }
    assert!(placed > 1000, "{placed}");
}

#[test]
fn threads_do_not_matter() {
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let (one, eight) = (pool(1), pool(8));
    for seed in 0..200 {
        let season = season(seed, &Shape { applicants: 40, ..Shape::FULL });
        let alone = one.install(|| second::place(&season));
        assert_eq!(alone, eight.install(|| second::place(&season)), "seed {seed}");
    }
}
