//! A placement's own answer audits clean, whatever the policy; a spoiled one does not.

use luqu_engine::audit::{audit, clear};
use luqu_engine::domain::Season;
use luqu_engine::placement::place;
use luqu_engine::rules::{AuditInputs, Code};
use luqu_fixtures::policies::SHIPPED;
use luqu_fixtures::{DistrictSpec, district};

fn season(spec: &DistrictSpec) -> Season {
    let source = district(spec);
    Season::check(source.policy, source.draft).expect("a made district has no faults").0
}

#[test]
fn what_placement_admits_no_rule_objects_to() {
    let mut admitted = 0;
    for shipped in SHIPPED {
        for seed in 0..40 {
            let applicants = 12 + 7 * u32::try_from(seed).expect("small");
            let spec = DistrictSpec::with_policy(applicants, seed, shipped.text).expect("policy");
            let season = season(&spec.schools(1 + applicants % 6, 1 + applicants % 5));
            let answer = place(&season).expect("decided");
            let inputs = AuditInputs::of_answer(&season, &answer);
            let (violations, clearances) = clear(&season, &inputs);
            let of = format!("{} seed {seed}", shipped.name);
            assert_eq!(violations, [], "{of}");
            assert_eq!(Some(clearances.len()), inputs.admissions.map(|a| a.len()), "{of}");
            admitted += clearances.len();
        }
    }
    assert!(admitted > 5_000, "{admitted} admitted: too few to mean anything");
}

#[test]
fn an_exchange_of_two_seats_is_found() {
    let mut exchanged = 0;
    for seed in 0..60 {
        let season = season(&DistrictSpec::new(120, seed).schools(4, 3));
        let answer = place(&season).expect("decided");
        let inputs = AuditInputs::of_answer(&season, &answer);
        let list = inputs.admissions.clone().expect("a list");
        // The holder of a seat in the first key class changes places with somebody of an ordinary one
        // who asked for that class and was refused.
        for (a, first) in list.iter().enumerate().filter(|(_, r)| r.batch == "key") {
            let refused = list.iter().position(|r| {
                let Some(who) = season.find_applicant(&r.applicant) else { return false };
                r.batch == "ordinary"
                    && first.category == "unified"
                    && season.wishes(who).iter().any(|w| {
                        let category = w.category.map(|c| &season.policy().category(c).id);
                        season.school(w.school).id == first.school
                            && category.is_none_or(|c| c == "unified")
                            && season.policy().batch(w.batch).id == "key"
                    })
            });
            let Some(b) = refused else { continue };
            let mut spoiled = list.clone();
            spoiled[a].applicant = list[b].applicant.clone();
            spoiled[b].applicant = list[a].applicant.clone();
            let spoiled = AuditInputs { admissions: Some(spoiled), ..AuditInputs::default() };
            let found = audit(&season, &spoiled);
            let wronged = &first.applicant;
            assert!(
                found.iter().any(|v| v.code == Code::V18 && v.applicant == *wronged),
                "seed {seed}: {wronged} was passed over"
            );
            exchanged += 1;
            break;
        }
    }
    assert!(exchanged >= 30, "{exchanged} exchanges: too few to mean anything");
}
