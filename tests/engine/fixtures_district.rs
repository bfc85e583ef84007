//! Made districts are seasons without faults, for every shipped policy and any size.

use std::collections::BTreeSet;

use luqu_engine::domain::{ApplicantIx, Draft, FaultCode, Season};
use luqu_fixtures::policies::SHIPPED;
use luqu_fixtures::{District, DistrictSpec, district};

fn season(spec: &DistrictSpec) -> Season {
    let source = district(spec);
    match Season::check(source.policy, source.draft) {
        Ok((season, mut warnings)) => {
            // A handful of schools may leave the few applicants of the next region without a plan.
            warnings.retain(|w| w.code != FaultCode::UncoveredRegion || season.schools().len() > 8);
            assert_eq!(warnings, [], "{spec:?}");
            season
        }
        Err(faults) => panic!("{:#?}", &faults[..faults.len().min(5)]),
    }
}

#[test]
fn every_shipped_policy_gets_districts_without_faults() {
    for shipped in SHIPPED {
        for (applicants, seed) in [(1, 0), (10, 1), (11, 2), (60, 3), (700, 4), (3500, 5)] {
            let spec = DistrictSpec::with_policy(applicants, seed, shipped.text)
                .unwrap_or_else(|r| panic!("{}: {r:?}", shipped.name));
            let season = season(&spec);
            assert_eq!(season.applicants().len(), applicants as usize, "{}", shipped.name);
            if applicants >= 60 {
                assert!(season.wish_count() > applicants as usize, "{}", shipped.name);
                assert!(!season.quotas().is_empty(), "{}", shipped.name);
                let tested = season.policy().categories.iter().any(|c| c.composite.is_some());
                assert_eq!(season.special_scores().count() > 0, tested, "{}", shipped.name);
            }
        }
    }
}

#[test]
fn tiny_districts_of_many_seeds_have_no_faults() {
    for seed in 0..200 {
        season(&DistrictSpec::new(10 + seed as u32 % 40, seed).schools(1 + seed as u32 % 5, 3));
    }
}

#[test]
fn a_district_is_its_spec() {
    let text = |seed| format!("{:?}", district(&DistrictSpec::new(300, seed)).draft);
    assert_eq!(text(1), text(1));
    assert_ne!(text(1), text(2));
}

#[test]
fn the_blocks_of_a_district_are_its_rows() {
    for shipped in SHIPPED {
        let spec = DistrictSpec::with_policy(500, 6, shipped.text).expect("a shipped policy");
        let whole = district(&spec).draft;
        let made = District::of(&spec);
        let blocks: Vec<Draft> = [0..1, 1..130, 130..499, 499..600].map(|r| made.block(r)).into();
        let mut wishers = Vec::new();
        blocks.iter().for_each(|block| made.note_wishers(block, &mut wishers));

        let all =
            |of: fn(&Draft) -> Vec<String>| -> Vec<String> { blocks.iter().flat_map(of).collect() };
        let people = |d: &Draft| d.applicants.rows.iter().map(|r| format!("{r:?}")).collect();
        assert_eq!(all(people), people(&whole), "{}", shipped.name);
        let wishes = |d: &Draft| d.wishes.rows.iter().map(|(_, r)| format!("{r:?}")).collect();
        assert_eq!(all(wishes), wishes(&whole), "{}", shipped.name);
        let scores =
            |d: &Draft| d.special_scores.rows.iter().map(|(_, r)| format!("{r:?}")).collect();
        assert_eq!(all(scores), scores(&whole), "{}", shipped.name);
        let ties = |d: &Draft| format!("{:?}", d.tie_decisions);
        assert_eq!(ties(&made.ties(&wishers)), ties(&whole), "{}", shipped.name);
    }
}

#[test]
fn a_district_is_like_a_district() {
    let season = season(&DistrictSpec::new(30_000, 2026));
    let n = season.applicants().len();
    let seats: u32 = season.plan().iter().filter_map(|l| l.seats).sum();
    assert!((n * 6 / 10..=n * 9 / 10).contains(&(seats as usize)), "{seats} seats");

    // Scores heap: the fullest point has about a hundred for thirty thousand.
    let mut points = vec![0; 800];
    for applicant in season.applicants() {
        points[applicant.total.hundredths() as usize / 100] += 1;
    }
    let fullest = points.iter().max().copied().unwrap_or(0);
    assert!((60..=200).contains(&fullest), "{fullest}");

    // Everything that rules read occurs, in both of its values.
    let share = |what: &str, count: usize, low: usize, high: usize| {
        assert!((low..=high).contains(&(count * 1000 / n)), "{what}: {count} of {n}");
    };
    let people = season.applicants();
    share("fresh", people.iter().filter(|a| a.fresh).count(), 950, 995);
    share("attended", people.iter().filter(|a| a.attended).count(), 970, 998);
    share("quota ineligible", people.iter().filter(|a| a.quota_ineligible).count(), 3, 30);
    assert!(people.iter().any(|a| a.barred));
    assert!(people.iter().any(|a| a.name.contains('䶮')));
    let regions: BTreeSet<_> = people.iter().map(|a| a.region).collect();
    assert_eq!(regions.len(), 2);

    let all = (0..n).map(|at| season.wishes(ApplicantIx::from(at)));
    let wishes: Vec<_> = all.clone().flatten().collect();
    assert!(wishes.iter().any(|w| w.category.is_none()));
    assert!(wishes.iter().any(|w| w.category.is_some()));
    assert!(wishes.iter().any(|w| w.adjust));
    let gaps = all
        .flat_map(|w| w.windows(2))
        .filter(|p| p[0].batch == p[1].batch && p[1].position > p[0].position + 1);
    assert!(gaps.count() > 0);
    assert!(season.special_scores().any(|(.., s, _)| !s.qualified));
    assert!(season.special_scores().any(|(_, _, school, ..)| school.is_some()));
}
