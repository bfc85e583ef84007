//! Placement: the fast path agrees with the general one; the answer depends on nothing but the season.

use luqu_engine::domain::{Answer, Draft, Season, answer_csv};
use luqu_engine::placement::{place, place_general};
use luqu_engine::policy::Policy;
use luqu_fixtures::laws::permutations;
use luqu_fixtures::policies::SHIPPED;
use luqu_fixtures::{DistrictSpec, Source, district};

/// One batch, one order, nothing returned: what the fast path is for.
const COMMON: &str = r#"
[season]
id = "common"
district = "试区"
year = 2026
seed = "seed"
[[subjects]]
id = "chinese"
name = "语文"
max = "150"
[[subjects]]
id = "math"
name = "数学"
max = "150"
[total]
parts = ["chinese", "math"]
bonus = "included"
[[batches]]
id = "one"
name = "第一批"
wishes = 6
seat_order = ["unified", "second"]
priority = ["total", "tie_class", "math", "lottery"]
[[batches]]
id = "two"
name = "第二批"
wishes = 6
seat_order = ["unified"]
priority = ["total", "lottery"]
adjustment = ["unified"]
[categories.unified]
name = "统招"
[categories.second]
name = "乙类"
floor = { at_least = "120" }
"#;

fn season(policy: Policy, draft: Draft) -> Season {
    match Season::check(policy, draft) {
        Ok((season, _)) => season,
        Err(faults) => panic!("the made season has faults: {:?}", &faults[..faults.len().min(5)]),
    }
}

fn bytes(season: &Season, answer: &Answer) -> [Vec<u8>; 3] {
    [
        answer_csv::placements(season, answer),
        answer_csv::cutoffs(season, answer),
        answer_csv::reasons(season, answer),
    ]
}

#[test]
fn one_pass_and_deferred_acceptance_agree() {
    for seed in 0..40 {
        let spec =
            DistrictSpec::with_policy(60 + seed as u32 * 25, seed, COMMON).expect("a policy");
        let Source { policy, draft } = district(&spec.schools(5, 4));
        let season = season(policy, draft);
        let fast = place(&season).expect("decided");
        let general = place_general(&season).expect("decided");
        assert!(fast.outcomes.iter().any(|o| o.seat().is_some()));
        assert_eq!(bytes(&season, &fast), bytes(&season, &general), "seed {seed}");
    }
}

#[test]
fn rows_and_threads_do_not_matter() {
    // Three orders of each shipped policy, on 1, 2 and 8 threads.
    assert_eq!(permutations(3 * SHIPPED.len() as u64, 1_500), 0);
}
