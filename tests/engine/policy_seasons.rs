//! Every shipped policy runs: small made seasons of it are placed, and verification has nothing to say.

use luqu_engine::domain::{Outcome, Season};
use luqu_engine::placement::place;
use luqu_engine::verify::verify;
use luqu_fixtures::policies::SHIPPED;
use luqu_fixtures::{DistrictSpec, district};

#[test]
fn a_made_season_of_every_shipped_policy_is_placed_and_verified() {
    for shipped in SHIPPED {
        for seed in [1, 2] {
            let spec = DistrictSpec::with_policy(400, seed, shipped.text).expect("loads");
            let source = district(&spec);
            let (season, _) = Season::check(source.policy, source.draft).expect("no faults");
            let answer = place(&season).unwrap_or_else(|u| panic!("{}: {u:?}", shipped.name));
            let placed = answer.outcomes.iter().filter(|o| matches!(o, Outcome::Placed { .. }));
            assert!(placed.count() > 100, "{} places people", shipped.name);
            let report = verify(&season, &answer);
            assert!(report.findings.is_empty(), "{}: {:#?}", shipped.name, report.findings);
        }
    }
}
