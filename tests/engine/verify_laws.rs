//! The laws of deferred acceptance on tiny markets, and the policies that are known to break them; the
//! example `laws` of the fixtures tries as many markets as one likes.

use luqu_fixtures::laws::{lies_and_scores, seats_and_withdrawals};
use luqu_fixtures::tiny::Shape;

/// Markets per law in a test run.
const MARKETS: u64 = 1_500;

#[test]
fn with_fixed_orders_lies_never_help_and_higher_scores_never_hurt() {
    assert_eq!(lies_and_scores(&Shape::PLAIN, |text| text, 0..MARKETS), (0, 0));
}

#[test]
fn wish_first_orders_are_found_to_reward_lies() {
    let shape = Shape { floors: false, ..Shape::PLAIN };
    let wish_first = |text: String| text.replacen("priority = [", "priority = [\"wish\", ", 1);
    let (lies, _) = lies_and_scores(&shape, wish_first, 0..MARKETS);
    assert!(lies > 0 && lies < MARKETS, "{lies}");
}

#[test]
fn locked_batches_are_found_to_reward_lies_and_to_punish_scores() {
    let shape = Shape { batches: 2, floors: false, ..Shape::PLAIN };
    let (lies, scores) = lies_and_scores(&shape, |text| text, 0..MARKETS * 2);
    assert!(lies > 0 && scores > 0, "{lies} lies, {scores} scores");
    assert!(lies < MARKETS && scores < MARKETS, "{lies} lies, {scores} scores");
}

#[test]
fn a_seat_more_or_an_applicant_less_hurts_nobody() {
    assert_eq!(seats_and_withdrawals(0..MARKETS), (0, 0));
}
