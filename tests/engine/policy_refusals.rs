//! Each refusal of a policy: its kind, its line and what the clerk is told.

use luqu_engine::policy::{Policy, Refusal, RefusalKind};

const BASE: &str = r#"[season]
id = "t"
district = "綦江区"
year = 2026
seed = "s"

[[subjects]]
id = "math"
name = "数学"
max = "150"

[[batches]]
id = "first"
name = "第一批"
wishes = 3
seat_order = ["unified", "quota", "returned"]
priority = ["total", "lottery"]

[[batches]]
id = "second"
name = "第二批"
seat_order = ["late"]
priority = ["total", "lottery"]

[categories.unified]
name = "统招"

[categories.quota]
name = "指标到校"
by_junior = true
returns_to = "returned"

[categories.returned]
name = "配转统"

[categories.late]
name = "第二批统招"

[quota]
category = "quota"
"#;

/// The base with one line replaced, or with lines added after it where `new` begins with the old one.
fn with(old: &str, new: &str) -> String {
    assert_eq!(BASE.matches(old).count(), 1, "{old} once in the base");
    BASE.replacen(old, new, 1)
}

fn refusals(text: &str) -> Vec<Refusal> {
    Policy::load(text, None).expect_err("refused")
}

/// The line, from 1, that holds the needle first.
fn line_of(text: &str, needle: &str) -> Option<u32> {
    let at = text.lines().position(|l| l.contains(needle)).expect("the needle is there");
    u32::try_from(at + 1).ok()
}

/// The file is refused once, for this, at the line that holds `needle`.
#[track_caller]
fn refused(text: &str, kind: RefusalKind, needle: &str, says: &str) {
    let found = refusals(text);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0].kind, kind, "{found:#?}");
    assert_eq!(found[0].line, line_of(text, needle), "{found:#?}");
    assert!(found[0].message.contains(says), "{found:#?}");
}

#[test]
fn the_base_is_sound() {
    Policy::load(BASE, None).expect("loads");
}

#[test]
fn a_priority_list_needs_a_last_key() {
    let text = with(
        "seat_order = [\"late\"]\npriority = [\"total\", \"lottery\"]",
        "seat_order = [\"late\"]\npriority = [\"wish\", \"total\"]",
    );
    refused(&text, RefusalKind::NoLastKey, "[\"wish\", \"total\"]", "lottery 或 manual");
    let early = text.replace("[\"wish\", \"total\"]", "[\"lottery\", \"total\", \"manual\"]");
    refused(&early, RefusalKind::NoLastKey, "[\"lottery\", \"total\"", "只在结尾");
    let empty = text.replace("[\"wish\", \"total\"]", "[]");
    refused(&empty, RefusalKind::NoLastKey, "priority = []", "lottery");
    let own = with("name = \"配转统\"", "name = \"配转统\"\npriority = [\"total\"]");
    refused(&own, RefusalKind::NoLastKey, "priority = [\"total\"]", "lottery");
}

#[test]
fn a_same_batch_floor_needs_one_common_wish_free_order() {
    let floored = with(
        "by_junior = true",
        "by_junior = true\nfloor = { line = \"unified\", minus = \"50\" }",
    );
    Policy::load(&floored, None).expect("a common order is fine");
    let own = floored
        .replace("name = \"配转统\"", "name = \"配转统\"\npriority = [\"math\", \"lottery\"]");
    refused(&own, RefusalKind::UncommonOrder, "floor =", "first");
    let wish =
        floored.replacen("[\"total\", \"lottery\"]", "[\"wish\", \"total\", \"lottery\"]", 1);
    refused(&wish, RefusalKind::UncommonOrder, "floor =", "志愿序号");
    let group = floored.replacen("[\"total\"", "[\"wish_group:3\", \"total\"", 1);
    refused(&group, RefusalKind::UncommonOrder, "floor =", "志愿序号");
}

#[test]
fn seats_return_forward_only_and_never_in_a_circle() {
    let backward = with("returns_to = \"returned\"", "returns_to = \"unified\"");
    refused(&backward, RefusalKind::ReturnsBackward, "returns_to", "unified 排在 quota 之前");
    let own = with("returns_to = \"returned\"", "returns_to = \"quota\"");
    let kinds: Vec<_> = refusals(&own).iter().map(|r| r.kind).collect();
    assert!(kinds.contains(&RefusalKind::ReturnsInCircle), "{kinds:?}");
    let circle = BASE
        .replace("name = \"统招\"", "name = \"统招\"\nreturns_to = \"returned\"")
        .replace("name = \"配转统\"", "name = \"配转统\"\nreturns_to = \"unified\"");
    let found = refusals(&circle);
    let circles = found.iter().filter(|r| r.kind == RefusalKind::ReturnsInCircle).count();
    assert_eq!(circles, 2, "both ends are named: {found:#?}");
}

#[test]
fn a_floor_stands_on_a_line_that_is_already_known() {
    let later = with(
        "name = \"统招\"",
        "name = \"统招\"\nfloor = { line = \"late\", minus = \"50\", batch = \"second\" }",
    );
    refused(&later, RefusalKind::FloorOnLaterLine, "floor =", "second 晚于 first");
    let own =
        with("name = \"统招\"", "name = \"统招\"\nfloor = { line = \"unified\", minus = \"5\" }");
    refused(&own, RefusalKind::FloorOnLaterLine, "floor =", "自己的线");
    let cells = with("name = \"配转统\"", "name = \"配转统\"\nfloor = { line = \"quota\" }");
    refused(&cells, RefusalKind::FloorOnLaterLine, "floor =", "没有一条统一的线");
    let earlier = with(
        "name = \"第二批统招\"",
        "name = \"第二批统招\"\nfloor = { line = \"unified\", minus = \"50\", batch = \"first\" }",
    );
    Policy::load(&earlier, None).expect("an earlier line is known");
}

#[test]
fn seats_carry_to_a_later_batch_only_and_once() {
    let carry = |to: &str| format!("carry_to = {{ batch = \"{to}\", category = \"unified\" }}");
    let back = with("name = \"第二批统招\"", &format!("name = \"第二批统招\"\n{}", carry("first")));
    refused(&back, RefusalKind::CarryBackward, "carry_to", "first 不晚于");
    let own = with("name = \"统招\"", &format!("name = \"统招\"\n{}", carry("first")));
    refused(&own, RefusalKind::CarryBackward, "carry_to", "first 不晚于");
    let both = with(
        "returns_to = \"returned\"",
        &format!("returns_to = \"returned\"\n{}", carry("second")),
    );
    refused(&both, RefusalKind::ReturnsAndCarries, "carry_to", "同时设了");
    let target = with("name = \"配转统\"", &format!("name = \"配转统\"\n{}", carry("second")));
    Policy::load(&target, None).expect("the target of a return may carry");
}

#[test]
fn a_by_junior_category_needs_quota_cells() {
    let none = with("[quota]\ncategory = \"quota\"\n", "");
    refused(&none, RefusalKind::NoQuotaCells, "by_junior", "指标分配");
    let plain = with("by_junior = true\n", "");
    refused(&plain, RefusalKind::NoQuotaCells, "category = \"quota\"", "by_junior = true");
    let second = with("name = \"配转统\"", "name = \"配转统\"\nby_junior = true");
    let found = refusals(&second);
    assert!(found.iter().all(|r| r.kind == RefusalKind::NoQuotaCells), "{found:#?}");
    assert_eq!(found[0].line, line_of(&second, "returns_to"), "nothing returns to cells");
}

#[test]
fn overlapping_caps_and_lower_bounds_are_refused_wherever_they_stand() {
    for key in ["joint_cap", "group_cap", "region_cap", "max_seats", "cap"] {
        let text = with("name = \"配转统\"", &format!("name = \"配转统\"\n{key} = 30"));
        refused(&text, RefusalKind::OverlappingCaps, key, key);
    }
    let table = format!("{BASE}\n[[caps]]\nregions = [\"城区\"]\nmax = 30\n");
    refused(&table, RefusalKind::OverlappingCaps, "[[caps]]", "caps");
    for key in ["min_seats", "lower_bound", "minimum", "lower_quota", "min_share"] {
        let text = with("name = \"配转统\"", &format!("name = \"配转统\"\n{key} = 30"));
        refused(&text, RefusalKind::LowerBound, key, key);
    }
    let floor = with("name = \"统招\"", "name = \"统招\"\nfloor = { at_least = \"1\", min = 3 }");
    refused(&floor, RefusalKind::LowerBound, "floor =", "categories.unified.floor.min");
}

#[test]
fn an_unknown_key_is_refused_at_every_level_with_the_key_that_was_meant() {
    for (old, new, path, meant) in [
        ("[quota]\n", "[quota]\nshares = \"0.7\"\n", "quota.shares", "share"),
        ("[quota]\n", "[quota]\ntilt = { per = 30, perr = 1 }\n", "quota.tilt.perr", "per"),
        ("year = 2026", "year = 2026\nsede = \"s\"", "season.sede", "seed"),
        ("max = \"150\"", "max = \"150\"\nnames = \"x\"", "subjects[0].names", "name"),
        ("wishes = 3", "wishes = 3\nwishs = 3", "batches[0].wishs", "wishes"),
        (
            "by_junior = true",
            "by_junior = true\neligable = []",
            "categories.quota.eligable",
            "eligible",
        ),
        (
            "name = \"统招\"",
            "name = \"统招\"\nfloor = { at_lest = \"3\" }",
            "categories.unified.floor.at_lest",
            "at_least",
        ),
        (
            "name = \"统招\"",
            "name = \"统招\"\neligible = [{ total_atleast = \"3\" }]",
            "categories.unified.eligible.total_atleast",
            "total_at_least",
        ),
        (
            "name = \"统招\"",
            "name = \"统招\"\ncarry_to = { batch = \"second\", category = \"late\", catgory = \"x\" }",
            "categories.unified.carry_to.catgory",
            "category",
        ),
        ("[quota]\n", "[limit.class_size]\nvalue = 55\n\n[quota]\n", "limit", "limits"),
        (
            "[quota]\n",
            "[limits.class_sise]\nvalue = 55\n\n[quota]\n",
            "limits.class_sise",
            "class_size",
        ),
        (
            "[quota]\n",
            "[limits.class_size]\nvalue = 55\nqoute = \"55\"\n\n[quota]\n",
            "limits.class_size.qoute",
            "quote",
        ),
    ] {
        let text = with(old, new);
        let found = refusals(&text);
        assert_eq!(found.len(), 1, "{found:#?}");
        assert_eq!((found[0].kind, found[0].path.as_str()), (RefusalKind::Unreadable, path));
        let message = &found[0].message;
        assert!(message.contains("未知的键") && message.contains("可用的键"), "{message}");
        assert!(message.ends_with(&format!("是不是想写 {meant}？")), "{message}");
        let key = path.rsplit('.').next().expect("a key");
        assert_eq!(found[0].line, line_of(&text, key), "{path}");
    }
}

#[test]
fn an_unknown_mode_is_refused_with_the_modes_there_are() {
    for (old, new, word, meant) in [
        ("[quota]\n", "[quota]\nmethod = \"pol\"\n", "pol", Some("pool")),
        ("[quota]\n", "[quota]\nrounding = \"halfup\"\n", "halfup", Some("half_up")),
        ("[quota]\n", "[total]\nparts = [\"math\"]\nbonus = \"extra\"\n\n[quota]\n", "extra", None),
        ("[quota]\n", "[total]\nparts = [\"math\"]\nrounding = \"up\"\n\n[quota]\n", "up", None),
        ("by_junior = true", "by_junior = true\neligible = [\"frseh\"]", "frseh", None),
        (
            "by_junior = true",
            "by_junior = true\neligible = [\"atended\"]",
            "atended",
            Some("attended"),
        ),
        (
            "by_junior = true",
            "by_junior = true\neligible = [{ evaluation_at_least = \"E\" }]",
            "E",
            Some("A"),
        ),
    ] {
        let text = with(old, new);
        let found = refusals(&text);
        assert_eq!(found.len(), 1, "{found:#?}");
        assert_eq!(found[0].kind, RefusalKind::Unreadable);
        assert!(found[0].message.contains(&format!("{word}；可用的")), "{found:#?}");
        if let Some(meant) = meant.filter(|m| m.len() > 1) {
            assert!(found[0].message.contains(&format!("是不是想写 {meant}？")), "{found:#?}");
        }
    }
    let key = with(
        "seat_order = [\"late\"]\npriority = [\"total\"",
        "seat_order = [\"late\"]\npriority = [\"totl\"",
    );
    refused(&key, RefusalKind::UnknownName, "totl", "是不是想写 total？");
    let key = with(
        "seat_order = [\"late\"]\npriority = [\"total\"",
        "seat_order = [\"late\"]\npriority = [{ line = [\"600\"] }",
    );
    refused(&key, RefusalKind::Unreadable, "line = [\"600\"]", "是不是想写 lines？");
}

#[test]
fn a_name_that_nothing_defines_is_refused_with_the_names_there_are() {
    let order =
        with("[\"unified\", \"quota\", \"returned\"]", "[\"unified\", \"quotas\", \"returned\"]");
    refused(&order, RefusalKind::UnknownName, "seat_order = [\"unified\"", "是不是想写 quota？");
    let twice = with(
        "[\"unified\", \"quota\", \"returned\"]",
        "[\"unified\", \"unified\", \"quota\", \"returned\"]",
    );
    refused(&twice, RefusalKind::UnknownName, "seat_order = [\"unified\"", "出现两次");
    let batch = with("id = \"second\"", "id = \"first\"");
    refused(&batch, RefusalKind::UnknownName, "[[batches]]", "定义了两次");
}

#[test]
fn a_value_of_the_wrong_kind_is_told_in_words() {
    for (old, new, needle, says) in [
        ("year = 2026", "year = \"2026\"", "year", "不带引号的非负整数"),
        ("wishes = 3", "wishes = -3", "wishes", "不带引号的非负整数"),
        ("max = \"150\"", "max = \"150分\"", "150分", "至多两位小数的分数"),
        ("[quota]\n", "[quota]\nshare = \"1.7\"\n", "share", "0 到 1 之间的比例"),
        ("by_junior = true", "by_junior = \"yes\"", "by_junior", "true 或 false"),
        ("wishes = 3", "opens = \"7月5日\"", "opens", "带时区的时间"),
        ("id = \"second\"\n", "", "id = \"first\"", ""),
    ] {
        let text = with(old, new);
        let found = refusals(&text);
        if says.is_empty() {
            assert!(found[0].message.contains("缺少必填的键 id"), "{found:#?}");
            continue;
        }
        refused(&text, RefusalKind::Unreadable, needle, says);
    }
}

#[test]
fn a_file_that_is_not_toml_points_at_the_line() {
    let quotes = with("name = \"统招\"", "name = “统招”");
    refused(&quotes, RefusalKind::Unreadable, "“统招”", "全角标点 “ ”，请改成半角");
    let open = with("name = \"统招\"", "name = \"统招");
    refused(&open, RefusalKind::Unreadable, "name = \"统招", "少了引号");
    let twice = with("year = 2026", "year = 2026\nyear = 2027");
    refused(&twice, RefusalKind::Unreadable, "year = 2027", "写了两次");
}

#[test]
fn numbers_that_no_rule_can_have_are_refused() {
    for key in ["wish_group:0", "wish_group:x", "band:0", "lines:[a]"] {
        let old = "seat_order = [\"late\"]\npriority = [\"total\"";
        let text = with(old, &format!("seat_order = [\"late\"]\npriority = [\"{key}\""));
        refused(&text, RefusalKind::BadNumber, key, key);
    }
    let wishes = with("wishes = 3", "wishes = 0");
    refused(&wishes, RefusalKind::BadNumber, "wishes = 0", "大于 0");
    let above = with(
        "by_junior = true",
        "by_junior = true\nfloor = { line = \"unified\", minus = \"-50\" }",
    );
    refused(&above, RefusalKind::BadNumber, "minus = \"-50\"", "不带负号");
    let seed = with("seed = \"s\"", "seed = \"s\"\nseed_commitment = \"00\"");
    refused(&seed, RefusalKind::Seed, "seed_commitment", "承诺");
}

#[test]
fn all_refusals_come_at_once_in_the_order_of_the_lines() {
    let shape = BASE
        .replace("year = 2026", "year = 2026\nyaer = 1")
        .replace("wishes = 3", "wishes = \"three\"")
        .replace("[quota]\n", "[quota]\nshares = 1\nmin_seats = 3\n");
    let lines: Vec<_> = refusals(&shape).iter().map(|r| r.line).collect();
    assert_eq!(lines.len(), 4);
    assert!(lines.is_sorted(), "{lines:?}");
    let rules = BASE
        .replacen("[\"total\", \"lottery\"]", "[\"total\"]", 1)
        .replace("returns_to = \"returned\"", "returns_to = \"unified\"")
        .replace("[quota]\ncategory = \"quota\"\n", "");
    let kinds: Vec<_> = refusals(&rules).iter().map(|r| r.kind).collect();
    use RefusalKind::{NoLastKey, NoQuotaCells, ReturnsBackward};
    assert_eq!(kinds, [NoLastKey, NoQuotaCells, ReturnsBackward]);
}

#[test]
fn each_kind_of_contradiction_tells_a_market_with_people_in_it() {
    use RefusalKind::*;
    for kind in [
        NoLastKey,
        UncommonOrder,
        ReturnsBackward,
        ReturnsInCircle,
        FloorOnLaterLine,
        CarryBackward,
        ReturnsAndCarries,
        NoQuotaCells,
        OverlappingCaps,
        LowerBound,
        Seed,
    ] {
        assert!(!kind.why().is_empty());
        let example = kind.example();
        assert!(example.starts_with("例："), "{kind:?}");
        assert!(
            example.contains('甲') && example.contains(|c: char| c.is_ascii_digit()),
            "{kind:?}"
        );
    }
}

#[test]
fn a_legal_number_that_its_quote_contradicts_is_refused() {
    let limit = |value: u32, quote: &str| {
        let clause =
            format!("[limits.class_size]\nvalue = {value}\nquote = \"{quote}\"\n\n[quota]\n");
        with("[quota]\n", &clause)
    };
    for (value, quote) in [
        (55, "班额不得超过55人"),
        (55, "班额不得超过５５人"),
        (55, "第4条：班额45至55人"),
        (3000, "不得超过3,000人"),
        (55, "45,55"),
        (55, "班额不得超过五十五人"),
        (55, ""),
    ] {
        Policy::load(&limit(value, quote), None).unwrap_or_else(|r| panic!("{quote}: {r:#?}"));
    }
    for (value, quote) in [(60, "班额不得超过55人"), (5, "班额不得超过55人"), (300, "3,000人")]
    {
        let says = format!("「{quote}」里没有这个数");
        refused(&limit(value, quote), RefusalKind::WrongSource, "value =", &says);
    }
}

#[test]
fn a_name_means_one_thing() {
    let twice = with("name = \"配转统\"", "name = \"统招\"");
    refused(
        &twice,
        RefusalKind::UnknownName,
        "[categories.unified]",
        "统招 既是 unified 又是 returned",
    );
    let id = with("name = \"第二批\"", "name = \"first\"");
    refused(&id, RefusalKind::UnknownName, "[[batches]]", "first 既是 first 又是 second");
}

#[test]
fn lists_beyond_any_rule_book_are_refused_at_once() {
    let keys = vec!["\"math\""; 100_000].join(",");
    let long = with("[\"total\", \"lottery\"]\n\n[categories", &format!("[{keys}]\n\n[categories"));
    refused(&long, RefusalKind::BadNumber, "\"math\",\"math\"", "100000 项，至多 64 项");
    let sum = vec!["math"; 65].join("+");
    let sum = with(
        "[\"total\", \"lottery\"]\n\n[categories",
        &format!("[\"{sum}\", \"lottery\"]\n\n[categories"),
    );
    refused(&sum, RefusalKind::BadNumber, "math+math", "至多 64 项");
    let categories: String =
        (0..20_000).map(|n| format!("[categories.c{n}]\nname = \"c{n}\"\n")).collect();
    let many = with("[quota]\n", &format!("{categories}[quota]\n"));
    let found = refusals(&many);
    assert_eq!(found.len(), 1, "{}", found.len());
    assert!(found[0].message.contains("至多 1000 项"), "{found:#?}");
    let keys: String = (0..20_000).map(|n| format!("k{n} = 1\n")).collect();
    let found = refusals(&with("year = 2026\n", &format!("year = 2026\n{keys}")));
    assert_eq!(found.len(), 1, "{}", found.len());
}
