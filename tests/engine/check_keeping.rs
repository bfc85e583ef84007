//! A check that keeps few faults counts the others, and lets none of them pass.

use luqu_engine::domain::draft::WishRow;
use luqu_engine::domain::{Draft, FaultCode, Score, Season, Severity, Table};
use luqu_engine::policy::Policy;
use luqu_fixtures::{DistrictSpec, Source, district};

fn made() -> Source {
    district(&DistrictSpec::new(400, 3))
}

/// Makes the totals of the first applicants wrong.
fn spoil_totals(draft: &mut Draft, count: usize) {
    for (_, row) in draft.applicants.rows.iter_mut().take(count) {
        row.total = row.total.map(|t| t.plus(Score::from_hundredths(1)));
    }
}

/// Makes second wishes repeat the first.
fn repeat_wishes(draft: &mut Draft, count: usize) {
    let of = |w: &WishRow| (w.applicant_id.clone(), w.batch.clone());
    let rows = &mut draft.wishes.rows;
    let mut done = 0;
    for at in (1..rows.len()).step_by(2) {
        let (before, after) = rows.split_at_mut(at);
        let (Some((_, first)), Some((_, second))) = (before.last(), after.first_mut()) else {
            break;
        };
        if done < count && of(first) == of(second) {
            second.school_id.clone_from(&first.school_id);
            second.category.clone_from(&first.category);
            done += 1;
        }
    }
    assert_eq!(done, count);
}

fn rows(policy: &Policy, draft: &Draft, most: usize) -> (Vec<(FaultCode, Option<u32>)>, u64, u64) {
    let checked = Season::check_keeping(most, policy.clone(), draft.clone());
    assert_eq!(
        checked.season.is_none(),
        checked.faults.iter().any(|f| f.code.severity() == Severity::Error)
    );
    let kept = checked.faults.iter().map(|f| (f.code, f.row)).collect();
    (kept, checked.omitted_errors, checked.omitted_warnings)
}

#[test]
fn the_first_faults_of_each_table_are_kept_and_the_others_counted() {
    let Source { policy, mut draft } = made();
    spoil_totals(&mut draft, 7);
    repeat_wishes(&mut draft, 5);
    let last = draft.wishes.rows.len() - 1;
    draft.wishes.rows[last].1.applicant_id = Some("nobody".into());
    let (all, ..) = rows(&policy, &draft, usize::MAX);
    let of = |table: Table| -> Vec<_> {
        let checked = Season::check_keeping(usize::MAX, policy.clone(), draft.clone());
        checked.faults.iter().filter(|f| f.table == table).map(|f| f.code).collect()
    };
    assert_eq!(of(Table::Applicants), vec![FaultCode::TotalMismatch; 7]);
    assert!(of(Table::Wishes).contains(&FaultCode::UnknownCode));

    let (kept, errors, warnings) = rows(&policy, &draft, 2);
    assert_eq!((kept.len(), errors, warnings), (5, 5, 3), "of {}: {kept:?}", all.len());
    let totals = [(FaultCode::TotalMismatch, Some(2)), (FaultCode::TotalMismatch, Some(3))];
    assert_eq!(kept[..2], totals);
    assert_eq!(kept[4], (FaultCode::UnknownCode, Some(draft.wishes.rows[last].0)));
}

#[test]
fn warnings_never_take_the_place_of_a_fault_that_blocks() {
    let Source { policy, mut draft } = made();
    repeat_wishes(&mut draft, 5);
    let (kept, errors, warnings) = rows(&policy, &draft, 1);
    assert_eq!((kept.len(), errors, warnings), (1, 0, 4));
    let last = draft.wishes.rows.len() - 1;
    draft.wishes.rows[last].1.school_id = Some("nowhere".into());
    let (kept, errors, warnings) = rows(&policy, &draft, 1);
    assert_eq!((kept.len(), errors, warnings), (2, 0, 4), "{kept:?}");
}
