//! A season that `luqu init --demo` writes is read back as the season that was made.

use std::process::Command;

use luqu::tables::load;
use luqu_engine::domain::{ApplicantIx, Season};
use luqu_fixtures::policies::SHIPPED;
use luqu_fixtures::{DistrictSpec, district};

#[test]
fn what_is_written_is_what_was_made() {
    let room = tempfile::tempdir().expect("a folder");
    for shipped in SHIPPED {
        let dir = room.path().join(shipped.name);
        let out = Command::new(env!("CARGO_BIN_EXE_luqu"))
            .arg("init")
            .arg(&dir)
            .args(["--demo", "900", "--seed", "11", "--policy", shipped.name])
            .output()
            .expect("the program runs");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        let loaded = load(&dir, None).expect("a season");
        assert!(loaded.faults.is_empty(), "{}: {:#?}", shipped.name, loaded.faults);
        let read = loaded.season.expect("a season");

        let source = district(&DistrictSpec::with_policy(900, 11, shipped.text).expect("loads"));
        let (made, _) = Season::check(source.policy, source.draft).expect("no faults");
        assert_eq!(debug(&read), debug(&made), "{}", shipped.name);
    }
}

/// Everything in a season, as text.
fn debug(season: &Season) -> String {
    let applicants = season.applicants().iter().enumerate().map(|(at, applicant)| {
        let ix = ApplicantIx::from(at);
        let subjects = 0..season.policy().subjects.len();
        let scores: Vec<_> = subjects.map(|s| season.subject_score(ix, s.into())).collect();
        format!("{applicant:?} {scores:?} {:?}\n", season.wishes(ix))
    });
    let rest = format!(
        "{}{:?}{:?}{:?}{:?}{:?}{:?}{:?}",
        season.policy().text,
        season.schools(),
        season.plan(),
        season.graduates(),
        season.quotas(),
        season.special_scores().collect::<Vec<_>>(),
        season.restrictions().collect::<Vec<_>>(),
        season.tie_decisions().collect::<Vec<_>>(),
    );
    applicants.collect::<String>() + &rest
}
