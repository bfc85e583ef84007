//! Explanations: exact sentences on a small town, and claims tried by placing random seasons again.

use luqu_engine::domain::{ApplicantIx, Outcome, Score, Season};
use luqu_engine::explain::{Explanation, Lang, ProposalSaid, explain, explain_in};
use luqu_engine::placement::{place, place_outcomes};
use luqu_fixtures::tiny::Shape;

use crate::explain_town::{PEOPLE, tiny_season, town, town_of};

fn said(season: &Season, id: &str, lang: Lang) -> Explanation {
    let answer = place(season).expect("decided");
    explain_in(season, &answer, season.find_applicant(id).expect("an applicant"), lang)
}

fn proposals(explanation: &Explanation) -> Vec<&ProposalSaid> {
    explanation.batches.iter().flat_map(|b| &b.wishes).flat_map(|w| &w.proposals).collect()
}

/// Every sentence of an explanation, line by line.
fn lines(explanation: &Explanation) -> Vec<String> {
    let mut lines = vec![explanation.sentence.clone()];
    for batch in &explanation.batches {
        lines.extend(batch.note.iter().map(|note| format!("{}: {note}", batch.name)));
        for wish in &batch.wishes {
            for p in &wish.proposals {
                lines.push(format!("{} {} {}", wish.position, p.category_name, p.sentence));
                lines.extend(p.condition.iter().map(|c| format!("→ {c}")));
            }
        }
    }
    lines
}

#[test]
fn a_floor_before_a_cell_without_seats_does_not_hide_that_there_are_none() {
    let told =
        |cells: &[(&str, u32)]| lines(&said(&town_of(PEOPLE, 2, cells), "A5", Lang::Zh)).join("\n");
    let with = told(&[("J1", 1)]);
    assert!(with.contains("低于指标到校的录取下限 600 分") && !with.contains("没有名额"), "{with}");
    let without = told(&[("J1", 0), ("J2", 1)]);
    assert!(without.contains("低于指标到校的录取下限 600 分"), "{without}");
    assert!(without.contains("而且这里最后没有名额"), "{without}");
}

#[test]
fn every_wish_has_a_sentence_that_a_parent_understands() {
    let season = town(PEOPLE, 2);
    let told = |id: &str| lines(&said(&season, id, Lang::Zh)).join("\n");
    assert_eq!(
        told("A3"),
        "已录取：二中，统招，第一批第 2 志愿\n\
         1 统招 未录取：2 个名额，你排第 3 位，录取到第 2 位，差 1 位；录取线 650 分；同分比较语文、数学之和，少 2 分\n\
         → 其他都不变时，总分达到 650.01 分（多 0.01 分），或再多 1 个名额即可录取\n\
         1 指标到校 未录取：该校没有分配给西初的指标到校名额\n\
         2 统招 录取：1 个名额，你排第 1 位，录取到第 1 位，录取线 650 分\n\
         第二批: 已在第一批录取，本批次志愿不再考虑\n\
         1 普通统招 已在第一批录取，此志愿不再考虑"
    );
    assert_eq!(
        told("A4"),
        "已录取：三中，普通统招，第二批第 1 志愿\n\
         1 统招 未录取：2 个名额，你排第 4 位，录取到第 2 位，差 2 位；录取线 650 分，差 10 分\n\
         → 其他都不变时，总分达到 650.01 分（多 10.01 分），或再多 2 个名额即可录取\n\
         1 指标到校 未录取：不符合指标到校的条件，在籍起始 2024-02，须不晚于 2023-09\n\
         → 登记如有误，请持证明材料向毕业学校或招办申请更正\n\
         2 统招 未录取：1 个名额，你排第 2 位，录取到第 1 位，差 1 位；录取线 650 分，差 10 分\n\
         → 其他都不变时，总分达到 650.01 分（多 10.01 分，届时录取在更靠前的一中志愿 1），或再多 1 个名额即可录取\n\
         1 普通统招 录取：1 个名额，你排第 1 位，录取到第 1 位，录取线 640 分"
    );
    assert_eq!(
        told("A5"),
        "未录取：所填志愿都没有录取，原因见下\n\
         1 指标到校 未录取：总分 599.5 分，低于指标到校的录取下限 600 分，差 0.5 分（本校统招录取线 650 分减 50 分）\n\
         → 其他都不变时，总分达到 610.01 分（多 10.51 分）即可录取\n\
         第二批: 没有勾选服从调剂，未参加剩余名额的调剂\n\
         2 普通统招 未录取：1 个名额，你排第 2 位，录取到第 1 位，差 1 位；录取线 640 分；先比较志愿顺序，录取到第 1 志愿，你在第 2 志愿\n\
         → 其他都不变时，总分达到 610.01 分（多 10.51 分，届时录取在更靠前的一中志愿 1），或再多 1 个名额即可录取"
    );
    assert_eq!(
        told("A9"),
        "未录取：所填志愿都没有录取，原因见下\n\
         1 统招 未录取：学籍所在区县为南川区，招生范围是綦江区\n\
         → 学籍所在区县须在招生范围（綦江区）内\n\
         3 指标到校 未录取：该校没有分配给南初的指标到校名额"
    );
    assert_eq!(told("A7"), "未参加录取：没有填报志愿");
    assert_eq!(
        told("A8"),
        "未参加录取：已被取消录取资格（冒名报考，綦招处〔2026〕2号）\n\
         1 统招 已被取消录取资格，此志愿不参加录取\n\
         1 指标到校 已被取消录取资格，此志愿不参加录取"
    );
}

#[test]
fn english_is_complete() {
    let season = town(PEOPLE, 2);
    let told = lines(&said(&season, "A4", Lang::En)).join("\n");
    assert_eq!(
        told,
        "Admitted: 三中, ordinary, wish 1 of 第二批\n\
         1 统招 not admitted: 2 seats, you are number 4, the last admitted is number 2, 2 places short; cut-off 650, 10 points short\n\
         → All else equal, a total of 650.01 (+10.01), or 2 more seats would have been enough\n\
         1 指标到校 not admitted: not eligible for quota: in the junior registry since 2024-02; must be since 2023-09 or earlier\n\
         → If the record is wrong, ask the junior school or the admissions office to correct it\n\
         2 统招 not admitted: 1 seat, you are number 2, the last admitted is number 1, 1 place short; cut-off 650, 10 points short\n\
         → All else equal, a total of 650.01 (+10.01, on the earlier wish 1, 一中), or 1 more seat would have been enough\n\
         1 普通统招 admitted: 1 seat, you are number 1, the last admitted is number 1, cut-off 640"
    );
    for &(id, ..) in PEOPLE {
        let english = said(&season, id, Lang::En);
        let mut text = lines(&english).join(" ") + &english.next_step;
        // What is left of Chinese are names and recorded words.
        for name in ["一中", "二中", "三中", "东初", "西初", "南初", "第一批", "第二批", "綦江区"]
            .iter()
            .chain(&["南川区", "统招", "指标到校", "普通统招", "普通", "冒名报考", "语文", "数学"])
            .chain(&["綦招处〔2026〕2号"])
        {
            text = text.replace(name, "");
        }
        let rest: String = text.chars().filter(|c| !c.is_ascii()).collect();
        assert!(rest.chars().all(|c| c == '→'), "{id}: {rest}");
    }
}

#[test]
fn the_five_outcomes_have_a_next_step() {
    let season = town(PEOPLE, 2);
    let step = |id: &str| said(&season, id, Lang::Zh).next_step;
    assert!(step("A1").contains("到一中报到"));
    assert!(step("A5").contains("征集志愿"));
    assert!(step("A7").contains("征集志愿"));
    assert!(step("A8").contains("复核"));
    let mut answer = place(&season).expect("decided");
    let a5 = season.find_applicant("A5").expect("there");
    let (batch, school) = (season.policy().batch_ix("late"), season.find_school("S3"));
    let category = season.policy().category_ix("ordinary");
    answer.outcomes[a5.at()] = Outcome::Adjusted {
        batch: batch.expect("late"),
        school: school.expect("S3"),
        category: category.expect("ordinary"),
    };
    let told = explain(&season, &answer, a5);
    assert_eq!(told.sentence, "已录取：三中，普通统招，第二批服从调剂");
    assert!(told.next_step.contains("到三中报到"));
    let note = told.batches[1].note.as_deref();
    assert_eq!(note, Some("各志愿都未录取，按服从调剂录取到三中（普通统招）"));
}

#[test]
fn an_explanation_names_nobody_else() {
    let season = town(PEOPLE, 2);
    for &(id, ..) in PEOPLE {
        let told = serde_json::to_string(&said(&season, id, Lang::Zh)).expect("json");
        for &(other, ..) in PEOPLE.iter().filter(|p| p.0 != id) {
            assert!(!told.contains(other), "{id} is told of {other}: {told}");
        }
    }
}

/// The place of the seat held among all proposals, in order; nothing without one.
fn held(season: &Season, told: &Explanation, outcome: Outcome) -> Option<usize> {
    let Outcome::Placed { batch, position, category, .. } = outcome else { return None };
    let policy = season.policy();
    let (batch, category) = (&policy.batch(batch).id, &policy.category(category).id);
    let all = told.batches.iter().flat_map(|b| {
        b.wishes.iter().flat_map(move |w| w.proposals.iter().map(move |p| (b, w.position, p)))
    });
    all.enumerate()
        .find(|(_, (b, at, p))| b.batch == **batch && *at == position && p.category == **category)
        .map(|(at, _)| at)
}

#[test]
fn every_reason_is_explained_and_every_claim_holds_when_placed_again() {
    let (mut claims, mut gaps, mut seasons) = (0, 0, 0);
    let shapes = [Shape::PLAIN, Shape::FULL, Shape { wish_keys: true, ..Shape::PLAIN }];
    for (seed, shape) in (0..150).flat_map(|seed| shapes.iter().map(move |s| (seed, s))) {
        let Some((season, answer)) = tiny_season(seed, shape) else { continue };
        seasons += 1;
        for at in 0..season.applicants().len() {
            let me = ApplicantIx::from(at);
            let told = explain(&season, &answer, me);
            let reasons: Vec<_> = answer.reasons.iter().filter(|r| r.applicant == me).collect();
            let all = proposals(&told);
            let turned_down: Vec<&str> = all
                .iter()
                .map(|p| p.kind.as_str())
                .filter(|k| !["granted", "not_considered", "barred"].contains(k))
                .collect();
            let kinds: Vec<String> = reasons.iter().map(|r| r.kind.key()).collect();
            assert_eq!(turned_down, kinds, "seed {seed}");
            for (index, p) in all.iter().enumerate() {
                assert!(!p.sentence.is_empty(), "seed {seed}: {p:?}");
                let queued =
                    p.kind == "below_cutoff" || (p.kind == "no_seats" && p.place.is_some());
                assert_eq!(p.gap_places.is_some(), queued, "seed {seed}: {p:?}");
                if let (Some(place), Some(last), Some(gap)) = (p.place, p.last_place, p.gap_places)
                {
                    assert_eq!(place, last + gap);
                    assert!(p.more_seats.is_none_or(|more| (1..=gap).contains(&more)));
                    gaps += 1;
                }
                if p.kind == "granted" {
                    assert!(p.place <= p.last_place, "seed {seed}: {p:?}");
                }
                let Some(least) = &p.least_total else { continue };
                let reached = |total: Score| {
                    let other = season.with_total(me, total);
                    let outcome = place_outcomes(&other).ok().map(|a| a.outcomes[at]);
                    outcome.and_then(|o| held(&season, &told, o)).is_some_and(|h| h <= index)
                };
                let below = |by: i32| Score::from_hundredths(least.total.hundredths() - by);
                assert!(reached(least.total), "seed {seed}: {p:?}");
                assert!(!reached(below(1)), "seed {seed}: {p:?}");
                if least.least_of_all {
                    let mine = season.applicants()[at].total;
                    let span = least.total.minus(mine).hundredths();
                    for part in 2..6 {
                        assert!(!reached(below(1 + span / part)), "seed {seed}: {p:?}");
                    }
                }
                claims += 1;
            }
        }
    }
    assert!(seasons > 200 && claims > 200 && gaps > 200, "{seasons} {claims} {gaps}");
}
