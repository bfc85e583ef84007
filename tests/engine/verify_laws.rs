//! The laws of deferred acceptance on tiny markets, and the policies that are known to break them.
//!
//! RULEBOOK §9: with fixed wish-free priorities and one batch nobody gains by misreporting, a higher
//! score never hurts, a seat more hurts nobody, and neither does somebody who withdraws. Orders that read
//! the wish and batches that lock seats break the first two, and the same search must find that.

use luqu_engine::domain::{ApplicantIx, Draft, Season, Text};
use luqu_engine::policy::Policy;
use luqu_engine::verify::{market, second};
use luqu_fixtures::Rng;
use luqu_fixtures::tiny::{Shape, tiny};

/// Markets per law in a test run.
const MARKETS: u64 = 1_500;

fn check(text: &str, draft: &Draft) -> Option<Season> {
    Some(Season::check(Policy::load(text, None).ok()?, draft.clone()).ok()?.0)
}

/// The wishes of an applicant as classes in order: the truth that outcomes are judged by. With several
/// batches the later ones are liked better, as general seats are by many who also try for a quota seat.
fn truth(season: &Season, who: ApplicantIx) -> Vec<(usize, usize)> {
    let markets = market::markets(season);
    markets
        .iter()
        .enumerate()
        .rev()
        .flat_map(|(b, m)| m.proposals(who).iter().filter_map(move |p| Some((b, p.class?))))
        .collect()
}

/// How good the applicant's outcome is by that truth: the place of its seat, more is worse.
fn place_of(season: &Season, who: ApplicantIx, truth: &[(usize, usize)]) -> usize {
    let outcome = second::place(season).outcomes[who.at()];
    let Some((batch, _, school, category)) = outcome.seat() else { return usize::MAX };
    let class = market::markets(season)[batch.at()].class_for(who, school, category);
    truth.iter().position(|&t| Some(t) == class.map(|c| (batch.at(), c))).unwrap_or(usize::MAX)
}

fn find(season: &Season, id: &Text) -> Option<ApplicantIx> {
    season.find_applicant(id)
}

/// A draft in which one applicant's wishes are shuffled and some are left out.
fn misreport(rng: &mut Rng, draft: &Draft, id: &Text) -> Draft {
    let mut lie = draft.clone();
    let mine = |w: &luqu_engine::domain::draft::WishRow| w.applicant_id.as_ref() == Some(id);
    let mut kept: Vec<_> = lie.wishes.rows.iter().filter(|(_, w)| mine(w)).cloned().collect();
    lie.wishes.rows.retain(|(_, w)| !mine(w));
    rng.shuffle(&mut kept);
    if kept.len() > 1 && rng.below(2) == 0 {
        kept.pop();
    }
    for batch in 0..3 {
        let name = format!("b{batch}");
        let here = kept.iter_mut().filter(|(_, w)| w.batch.as_deref() == Some(name.as_str()));
        for (position, (_, wish)) in (1..).zip(here) {
            wish.position = Some(position);
        }
    }
    lie.wishes.rows.extend(kept);
    lie
}

/// Markets in which somebody does better by a lie, or by a lower score: (lies, scores).
fn violations(shape: &Shape, policy: impl Fn(String) -> String, markets: u64) -> (u32, u32) {
    let (mut lies, mut scores) = (0, 0);
    for seed in 0..markets {
        let (text, draft) = tiny(seed, shape);
        let text = policy(text);
        let season = check(&text, &draft).expect("a season");
        let mut rng = Rng::new(seed, 1);
        let who = ApplicantIx::from(rng.below(season.applicants().len()));
        let id = season.applicant(who).id.clone();
        let truth = truth(&season, who);
        let honest = place_of(&season, who, &truth);
        for _ in 0..4 {
            if let Some(lie) = check(&text, &misreport(&mut rng, &draft, &id))
                && let Some(who) = find(&lie, &id)
                && place_of(&lie, who, &truth) < honest
            {
                lies += 1;
                break;
            }
        }
        let mut raised = draft.clone();
        let row =
            raised.applicants.rows.iter_mut().find(|(_, a)| a.applicant_id == Some(id.clone()));
        let more = luqu_engine::domain::Score::from_points(1 + rng.below(3) as i32);
        if let Some((_, row)) = row {
            row.total = row.total.map(|t| t.plus(more));
        }
        if let Some(raised) = check(&text, &raised)
            && place_of(&raised, who, &truth) > honest
        {
            scores += 1;
        }
    }
    (lies, scores)
}

#[test]
fn with_fixed_orders_lies_never_help_and_higher_scores_never_hurt() {
    assert_eq!(violations(&Shape::PLAIN, |text| text, MARKETS), (0, 0));
}

#[test]
fn wish_first_orders_are_found_to_reward_lies() {
    let shape = Shape { floors: false, ..Shape::PLAIN };
    let wish_first = |text: String| text.replacen("priority = [", "priority = [\"wish\", ", 1);
    let (lies, _) = violations(&shape, wish_first, MARKETS);
    assert!(lies > 0);
}

#[test]
fn locked_batches_are_found_to_reward_lies_and_to_punish_scores() {
    let shape = Shape { batches: 2, floors: false, ..Shape::PLAIN };
    let (lies, scores) = violations(&shape, |text| text, MARKETS * 2);
    assert!(lies > 0 && scores > 0, "{lies} lies, {scores} scores");
}

#[test]
fn a_seat_more_or_an_applicant_less_hurts_nobody() {
    for seed in 0..MARKETS {
        let (text, draft) = tiny(seed, &Shape { applicants: 8, ..Shape::PLAIN });
        let season = check(&text, &draft).expect("a season");
        let mut rng = Rng::new(seed, 2);
        let mut larger = draft.clone();
        let open: Vec<usize> = (0..larger.plan.rows.len())
            .filter(|&at| larger.plan.rows[at].1.category.as_deref() != Some("quota"))
            .collect();
        if let Some(at) = rng.pick(&open) {
            let seats = &mut larger.plan.rows[at].1.seats;
            *seats = seats.map(|s| s + 1);
        }
        let gone = season.applicant(ApplicantIx::from(rng.below(season.applicants().len())));
        let mut fewer = draft.clone();
        fewer.wishes.rows.retain(|(_, w)| w.applicant_id.as_ref() != Some(&gone.id));
        for other in [larger, fewer] {
            let Some(after) = check(&text, &other) else { continue };
            for at in (0..season.applicants().len()).map(ApplicantIx::from) {
                if after.wishes(at).is_empty() {
                    continue;
                }
                let truth = truth(&season, at);
                let (was, is) = (place_of(&season, at, &truth), place_of(&after, at, &truth));
                assert!(is <= was, "seed {seed}: {} {was} → {is}", season.applicant(at).id);
            }
        }
    }
}
