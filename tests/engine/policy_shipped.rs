//! The shipped policy files: each loads, and each number stands in the words it cites.

use luqu_engine::policy::{Clause, Policy};
use luqu_fixtures::policies::{SHIPPED, find};

fn clauses(policy: &Policy) -> Vec<(&'static str, &Clause)> {
    let limits = &policy.limits;
    [
        ("class_size", &limits.class_size),
        ("new_school_size", &limits.new_school_size),
        ("oversize_class", &limits.oversize_class),
        ("super_oversize_class", &limits.super_oversize_class),
    ]
    .into_iter()
    .filter_map(|(key, clause)| clause.as_ref().map(|c| (key, c)))
    .collect()
}

/// The number stands in the text as a whole number, not as part of a longer one.
fn holds_number(text: &str, value: u32) -> bool {
    text.split(|c: char| !c.is_ascii_digit()).any(|digits| digits == value.to_string())
}

#[test]
fn every_shipped_policy_loads_under_its_own_name() {
    for shipped in SHIPPED {
        let policy = Policy::load(shipped.text, None)
            .unwrap_or_else(|refusals| panic!("{}: {refusals:#?}", shipped.name));
        assert_eq!(policy.id, shipped.name);
        assert_eq!(find(&policy.id), Some(shipped));
    }
    assert_eq!(find("qijiang").map(|s| s.name), Some("qijiang-2026"));
    assert_eq!(find("atlantis"), None);
}

#[test]
fn every_legal_number_stands_in_its_quote_or_names_where_it_comes_from() {
    for shipped in SHIPPED {
        let policy = Policy::load(shipped.text, None).expect("loads");
        let clauses = clauses(&policy);
        assert_eq!(clauses.len(), 4, "{}", shipped.name);
        for (key, clause) in clauses {
            assert!(!clause.unit.is_empty(), "{}.{key} has a unit", shipped.name);
            let source = if clause.quote.is_empty() { &clause.item } else { &clause.quote };
            let found = holds_number(source, clause.value);
            assert!(found, "{}.{key}: {} in {source}", shipped.name, clause.value);
        }
    }
}

#[test]
fn qijiang_quotes_the_document_for_three_numbers_and_not_for_the_fourth() {
    let policy = Policy::load(SHIPPED[0].text, None).expect("loads");
    let quoted: Vec<_> = clauses(&policy)
        .into_iter()
        .map(|(_, c)| (c.value, c.item == "4", c.quote.as_str()))
        .collect();
    assert_eq!(
        quoted,
        [
            (55, true, "普通高中新入学年级班额不得超过55人"),
            (3000, true, "新建普通高中学校高中生规模不得超过3000人"),
            (56, true, "全面消除56人及以上大班额"),
            (66, false, ""),
        ]
    );
}

#[test]
fn qijiang_marks_everything_the_document_does_not_say() {
    let policy = Policy::load(SHIPPED[0].text, None).expect("loads");
    let pending = |source: &Option<String>| source.as_deref() == Some("local, pending");
    assert!(policy.batches.iter().all(|b| pending(&b.source)));
    assert!(policy.categories.iter().all(|c| pending(&c.source)));
    assert!(policy.quota.iter().all(|q| pending(&q.source)));
}

#[test]
fn every_other_city_says_where_each_rule_comes_from() {
    for shipped in &SHIPPED[1..] {
        let policy = Policy::load(shipped.text, None).expect("loads");
        let batches = policy.batches.iter().map(|b| &b.source);
        let categories = policy.categories.iter().map(|c| &c.source);
        for source in batches.chain(categories).chain(policy.quota.iter().map(|q| &q.source)) {
            let source = source.as_deref().unwrap_or_default();
            let marked = source.starts_with(['O', 'D', 'S']) || source.starts_with("pending");
            assert!(marked, "{}: {source:?}", shipped.name);
        }
    }
}
