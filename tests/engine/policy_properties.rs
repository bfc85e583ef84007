//! What theory and search say about policies whose properties are known.

use luqu_engine::explain_policy::{Answer, Property, Scope, Theory, Verdict, explain, judge};
use luqu_engine::policy::Policy;
use luqu_fixtures::policies::SHIPPED;

const HEAD: &str = "[season]\nid = \"t\"\ndistrict = \"綦江区\"\nyear = 2026\nseed = \"s\"\n";

fn policy(rest: &str) -> Policy {
    Policy::load(&format!("{HEAD}{rest}"), None).expect("loads")
}

/// One batch of one category with this order.
fn single(priority: &str) -> Policy {
    policy(&format!(
        "[[batches]]\nid = \"b\"\nname = \"第一批\"\nwishes = 3\npriority = [{priority}]\n\
         [categories.unified]\nname = \"统招\"\n"
    ))
}

fn of(verdicts: &[Verdict], scope: Scope, property: Property) -> &Verdict {
    let found = verdicts.iter().find(|v| (v.scope, v.property) == (scope, property));
    found.expect("every property is judged")
}

fn zh(verdict: &Verdict) -> String {
    verdict.example.iter().map(|l| l.zh.as_str()).collect::<Vec<_>>().join("\n")
}

#[test]
fn plain_parallel_wishes_have_all_three_properties() {
    let verdicts = judge(&single("\"total\", \"lottery\""));
    assert_eq!(verdicts.len(), 3, "one batch is the whole season");
    for verdict in &verdicts {
        assert_eq!(verdict.answer, Answer::Holds, "{verdict:#?}");
        assert!(verdict.markets >= 1000, "{}", verdict.markets);
    }
}

#[test]
fn wish_first_is_manipulable_and_envious_but_rewards_scores() {
    for order in ["\"wish\", \"total\", \"lottery\"", "\"wish_group:2\", \"total\", \"lottery\""] {
        let verdicts = judge(&single(order));
        let truth = of(&verdicts, Scope::Batch, Property::StrategyProof);
        assert_eq!((truth.answer, truth.theory), (Answer::Broken, Theory::NotPromised), "{order}");
        assert!(zh(truth).contains("改填"), "{}", zh(truth));
        assert!(zh(truth).ends_with("得到了更喜欢的结果。"), "{}", zh(truth));
        let envy = of(&verdicts, Scope::Batch, Property::EnvyFree);
        assert_eq!(envy.answer, Answer::Broken, "{order}");
        let rewards = of(&verdicts, Scope::Batch, Property::RewardsScores);
        assert_eq!(rewards.answer, Answer::Holds, "{order}");
    }
}

#[test]
fn one_block_for_all_wishes_is_plain_parallel() {
    let verdicts = judge(&single("\"wish_group:3\", \"total\", \"lottery\""));
    let truth = of(&verdicts, Scope::Batch, Property::StrategyProof);
    assert_eq!((truth.answer, truth.theory), (Answer::Holds, Theory::Holds));
}

const LOCKED: &str = r#"
[[batches]]
id = "quota"
name = "指标批"
seat_order = ["quota"]
priority = ["total", "lottery"]
[[batches]]
id = "open"
name = "统招批"
seat_order = ["unified"]
priority = ["total", "lottery"]
[categories.quota]
name = "指标到校"
by_junior = true
[categories.unified]
name = "统招"
[quota]
category = "quota"
"#;

#[test]
fn a_locked_quota_batch_first_loses_all_three_over_the_season() {
    let verdicts = judge(&policy(LOCKED));
    for property in Property::ALL {
        assert_eq!(of(&verdicts, Scope::Batch, property).answer, Answer::Holds, "{property:?}");
        let season = of(&verdicts, Scope::Season, property);
        assert_eq!(season.answer, Answer::Broken, "{property:?}");
        let story = zh(season);
        assert!(story.contains("指标批：") && story.contains("统招批："), "{story}");
        assert!(!story.contains('丙'), "two applicants are enough: {story}");
    }
    let raise = zh(of(&verdicts, Scope::Season, Property::RewardsScores));
    assert!(raise.contains("若多考") && raise.ends_with("录取结果反而变差。"), "{raise}");
    let envy = zh(of(&verdicts, Scope::Season, Property::EnvyFree));
    assert!(envy.ends_with("手里。"), "{envy}");
}

const FROZEN: &str = r#"
[[batches]]
id = "key"
name = "第一批"
seat_order = ["unified", "quota", "returned"]
priority = ["total", "lottery"]
[categories.unified]
name = "统招"
[categories.quota]
name = "指标到校"
by_junior = true
floor = { line = "unified", minus = "50" }
returns_to = "returned"
[categories.returned]
name = "配转统"
[quota]
category = "quota"
"#;

#[test]
fn frozen_floors_with_returned_seats_promise_neither_truth_nor_the_reward_of_scores() {
    let verdicts = judge(&policy(FROZEN));
    for property in [Property::StrategyProof, Property::RewardsScores] {
        let verdict = of(&verdicts, Scope::Batch, property);
        assert_eq!(verdict.theory, Theory::NotPromised);
        assert_ne!(verdict.answer, Answer::Holds);
    }
    assert_eq!(of(&verdicts, Scope::Batch, Property::EnvyFree).answer, Answer::Holds);
}

#[test]
fn a_floor_on_the_returned_seats_too_breaks_both() {
    let dalian = SHIPPED.iter().find(|s| s.name.starts_with("dalian")).expect("shipped");
    let verdicts = judge(&Policy::load(dalian.text, None).expect("loads"));
    for property in [Property::StrategyProof, Property::RewardsScores] {
        let broken = |v: &&Verdict| {
            (v.scope, v.property, v.answer) == (Scope::Batch, property, Answer::Broken)
                && v.theory == Theory::NotPromised
        };
        assert!(verdicts.iter().any(|v| broken(&v)), "{property:?}: {verdicts:#?}");
    }
}

#[test]
fn a_floor_without_returned_seats_keeps_all_three() {
    let text = FROZEN.replace("returns_to = \"returned\"\n", "");
    for verdict in judge(&policy(&text)) {
        assert_eq!(verdict.answer, Answer::Holds, "{verdict:#?}");
    }
}

#[test]
fn the_verdicts_are_the_same_every_time() {
    assert_eq!(judge(&policy(LOCKED)), judge(&policy(LOCKED)));
}

#[test]
fn search_never_contradicts_theory_on_a_shipped_policy() {
    for shipped in SHIPPED {
        let policy = Policy::load(shipped.text, None).expect("loads");
        for verdict in judge(&policy) {
            let broken = verdict.answer == Answer::Broken;
            assert!(!(broken && verdict.theory == Theory::Holds), "{}: {verdict:#?}", shipped.name);
            assert_eq!(broken, !verdict.example.is_empty());
            let season = verdict.scope == Scope::Season;
            assert!(broken || !season, "{}: batches lock: {verdict:#?}", shipped.name);
        }
    }
}

#[test]
fn qijiang_in_words_quotes_the_document_and_names_what_is_pending() {
    let policy = Policy::load(SHIPPED[0].text, None).expect("loads");
    let words = explain(&policy);
    let limits: Vec<&str> = words.limits.iter().map(|l| l.zh.as_str()).collect();
    assert_eq!(limits[0], "新生班额上限 55 人：第4条「普通高中新入学年级班额不得超过55人」");
    assert!(limits[3].contains("不在实施方案中") && !limits[3].contains('「'), "{}", limits[3]);
    let lines = |at: usize| {
        words.batches[at].lines.iter().map(|l| l.zh.as_str()).collect::<Vec<_>>().join("\n")
    };
    assert!(lines(1).contains("依次尝试：统招 → 指标到校 → 配转统"), "{}", lines(1));
    assert!(lines(1).contains("总分高者先；相同再看同分优先级小者先"), "{}", lines(1));
    assert!(lines(1).contains("总分不低于本校统招线减 50"), "{}", lines(1));
    assert!(lines(1).contains("缺额当批转给本校配转统"), "{}", lines(1));
    assert!(lines(1).contains("2023 年 9 月或以前已在籍"), "{}", lines(1));
    assert!(lines(0).contains("综合分＝40% 总分＋60% 专业分"), "{}", lines(0));
    assert!(lines(2).contains("服从调剂的"), "{}", lines(2));
    assert_eq!(words.pending.len(), policy.batches.len() + policy.categories.len() + 1);
    assert!(words.batches.iter().flat_map(|b| &b.lines).all(|l| !l.en.is_empty()));
}
