//! Placement and verification, which share no code, on tiny seasons over every mode of the policy.

use luqu_engine::placement::place;
use luqu_engine::verify::verify;
use luqu_fixtures::tiny::Shape;
use rayon::prelude::*;

use crate::verify_lines::season;

/// How many seasons a test run compares; the example `agree` of the fixtures takes any number.
const SEASONS: u64 = 20_000;

#[test]
fn placement_has_every_property_and_agrees_with_the_second_algorithm() {
    let undecided: u64 = (0..SEASONS)
        .into_par_iter()
        .map(|seed| {
            let season = season(seed, &Shape::FULL);
            let Ok(answer) = place(&season) else { return 1 };
            let report = verify(&season, &answer);
            assert!(report.clean(), "seed {seed}: {:#?}", report.findings);
            0
        })
        .sum();
    assert!(undecided < SEASONS / 20, "{undecided} seasons are undecided");
}
