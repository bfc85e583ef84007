//! The rules of a policy in sentences.

use serde::Serialize;

use super::Said;
use crate::domain::{BatchIx, CategoryIx, Evaluation};
use crate::policy::{
    Batch, Category, Clause, Key, Policy, Predicate, PriorityList, QuotaMethod, QuotaRule, Rounding,
};

/// A policy in words.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Explanation {
    /// District, year and id.
    pub title: Said,
    /// The legal numbers, each with its source.
    pub limits: Vec<Said>,
    /// How the total is made.
    pub total: Vec<Said>,
    /// The batches, in the order of processing.
    pub batches: Vec<BatchWords>,
    /// How quota seats are distributed.
    pub quota: Vec<Said>,
    /// What still has to be decided or confirmed: the path in the file and its `source`.
    pub pending: Vec<(String, String)>,
}

/// A batch in words.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct BatchWords {
    /// Its number and name.
    pub heading: Said,
    /// Its rules, one sentence each.
    pub lines: Vec<Said>,
}

/// Puts a policy into words, in the order of the file.
pub fn explain(policy: &Policy) -> Explanation {
    let batches = policy.batches.iter().enumerate();
    Explanation {
        title: Said::new(
            format!("{} {} 年招生政策（{}）", policy.district, policy.year, policy.id),
            format!("Admission policy of {} {} ({})", policy.district, policy.year, policy.id),
        ),
        limits: limits(policy),
        total: total(policy),
        batches: batches.map(|(at, batch)| batch_words(policy, at, batch)).collect(),
        quota: policy.quota.as_ref().map(|q| quota(policy, q)).unwrap_or_default(),
        pending: pending(policy),
    }
}

fn limits(policy: &Policy) -> Vec<Said> {
    let limits = &policy.limits;
    let rows: [(&Option<Clause>, &str, &str); 5] = [
        (&limits.class_size, "新生班额上限", "most students in a class of a new intake"),
        (&limits.new_school_size, "新建高中规模上限", "most students in a new senior school"),
        (&limits.oversize_class, "大班额起点", "a class is oversize from"),
        (&limits.super_oversize_class, "超大班额起点", "a class is super-oversize from"),
        (&limits.students_per_ten_staff, "每 10 名教职工的学生数", "students per ten staff"),
    ];
    rows.into_iter()
        .filter_map(|(clause, zh, en)| {
            let clause = clause.as_ref()?;
            Some(Said::new(
                format!("{zh} {} 人：{}", clause.value, clause.citation()),
                format!("{en} {}: {}", clause.value, clause.citation()),
            ))
        })
        .collect()
}

fn total(policy: &Policy) -> Vec<Said> {
    let Some(rule) = &policy.total else { return vec![] };
    let names = |f: &dyn Fn(usize) -> String, sep: &str| {
        rule.parts.iter().map(|s| f(s.at())).collect::<Vec<_>>().join(sep)
    };
    let zh = names(&|s| policy.subjects[s].name.clone(), "＋");
    let en = names(&|s| policy.subjects[s].id.to_string(), " + ");
    let full = super::market::full_mark(policy);
    let bonus = if rule.bonus_included { ("＋照顾加分", " + bonus") } else { ("", "") };
    let half_up = if rule.half_up {
        ("，求和后四舍五入到整数", ", rounded half up to whole points")
    } else {
        ("", "")
    };
    vec![Said::new(
        format!("总分＝{zh}{}（各科满分合计 {full}）{}", bonus.0, half_up.0),
        format!("total = {en}{} (full marks {full}){}", bonus.1, half_up.1),
    )]
}

fn batch_words(policy: &Policy, at: usize, batch: &Batch) -> BatchWords {
    let ix = BatchIx::from(at);
    let mut lines = Vec::new();
    match (&batch.opens, &batch.closes) {
        (Some(opens), Some(closes)) => lines.push(Said::new(
            format!("填报时间：{opens} 至 {closes}；此前的测试、录取、建籍都是提前招生"),
            format!("wishes from {opens} to {closes}; any test or admission before is early"),
        )),
        (Some(opens), None) => {
            lines.push(Said::new(format!("{opens} 开始"), format!("opens {opens}")))
        }
        (None, Some(closes)) => {
            lines.push(Said::new(format!("{closes} 截止"), format!("closes {closes}")))
        }
        (None, None) => lines.push(Said::new("时间未定", "no dates yet")),
    }
    lines.push(match batch.wishes {
        Some(most) => {
            Said::new(format!("每人至多 {most} 个志愿"), format!("at most {most} wishes each"))
        }
        None => Said::new("志愿数不限", "any number of wishes"),
    });
    let categories = batch.seat_order.iter().map(|&c| policy.category(c));
    let (zh, en): (Vec<&str>, Vec<&str>) =
        categories.map(|c| (c.name.as_str(), c.id.as_str())).unzip();
    if zh.len() > 1 {
        lines.push(Said::new(
            format!("志愿不写类别的，依次尝试：{}", zh.join(" → ")),
            format!("a wish without a category tries: {}", en.join(" → ")),
        ));
    }
    let shared = batch.seat_order.iter().any(|&c| policy.category(c).priority.is_none());
    if shared || batch.seat_order.is_empty() {
        let order = order_words(policy, &batch.priority);
        lines.push(Said::new(
            format!("录取顺序：{}", order.zh),
            format!("who goes first: {}", order.en),
        ));
    }
    for &c in &batch.seat_order {
        lines.extend(category_words(policy, ix, c));
    }
    if batch.adjustment.is_empty() {
        lines.push(Said::new("不设服从调剂", "no adjustment"));
    } else {
        let names = batch.adjustment.iter().map(|&c| policy.category(c));
        let (zh, en): (Vec<&str>, Vec<&str>) =
            names.map(|c| (c.name.as_str(), c.id.as_str())).unzip();
        lines.push(Said::new(
            format!("落选而服从调剂的，按录取顺序、学校表次序安排到仍有缺额的{}", zh.join("、")),
            format!(
                "adjustment: those who agreed and hold nothing fill free seats of {}",
                en.join(", ")
            ),
        ));
    }
    let number = at + 1;
    BatchWords {
        heading: Said::new(
            format!("第 {number} 批次 {}（{}）", batch.name, batch.id),
            format!("Batch {number}: {} ({})", batch.id, batch.name),
        ),
        lines,
    }
}

fn category_words(policy: &Policy, batch: BatchIx, ix: CategoryIx) -> Option<Said> {
    let category = policy.category(ix);
    let mut zh: Vec<String> = Vec::new();
    let mut en: Vec<String> = Vec::new();
    if category.by_junior {
        zh.push("名额分到各毕业初中，只与本校同学竞争".into());
        en.push("seats belong to junior schools, one competes with one's own schoolmates".into());
    }
    if !category.eligible.is_empty() {
        let said: Vec<Said> = category.eligible.iter().map(|p| predicate(policy, p)).collect();
        zh.push(format!("须{}", said.iter().map(|s| s.zh.as_str()).collect::<Vec<_>>().join("、")));
        en.push(format!(
            "needs: {}",
            said.iter().map(|s| s.en.as_str()).collect::<Vec<_>>().join(", ")
        ));
    }
    if let Some(said) = floor(policy, batch, category) {
        zh.push(said.zh);
        en.push(said.en);
    }
    if let Some(mix) = category.composite {
        zh.push(format!("综合分＝{}% 总分＋{}% 专业分", mix.academic_pct, mix.special_pct));
        en.push(format!("composite = {}% total + {}% special", mix.academic_pct, mix.special_pct));
    }
    if let Some(order) = &category.priority {
        let order = order_words(policy, order);
        zh.push(format!("录取顺序：{}", order.zh));
        en.push(format!("who goes first: {}", order.en));
    }
    if let Some(to) = category.returns_to {
        let to = policy.category(to);
        zh.push(format!("缺额当批转给本校{}", to.name));
        en.push(format!("unfilled seats go to {} of the same school at once", to.id));
    }
    if let Some((later, to)) = category.carry_to {
        let (later, to) = (policy.batch(later), policy.category(to));
        zh.push(format!("缺额转入{}的{}", later.name, to.name));
        en.push(format!("unfilled seats join {} in batch {}", to.id, later.id));
    }
    if let Some(cap) = category.share_cap {
        zh.push(format!("不超过学校全部计划的 {cap}（审计检查）"));
        en.push(format!("at most {cap} of the school's plan (audited)"));
    }
    if zh.is_empty() {
        return None;
    }
    Some(Said::new(
        format!("{}：{}", category.name, zh.join("；")),
        format!("{}: {}", category.id, en.join("; ")),
    ))
}

fn floor(policy: &Policy, batch: BatchIx, category: &Category) -> Option<Said> {
    let floor = category.floor.as_ref()?;
    let mut zh = Vec::new();
    let mut en = Vec::new();
    if let Some(least) = floor.at_least {
        zh.push(format!("总分不低于 {least}"));
        en.push(format!("total at least {least}"));
    }
    if let Some(relative) = &floor.relative {
        let line = policy.category(relative.line);
        let earlier = relative.batch.filter(|&b| b != batch).map(|b| policy.batch(b));
        let (of_zh, of_en) = earlier.map_or((String::new(), String::new()), |b| {
            (b.name.clone(), format!(" in batch {}", b.id))
        });
        zh.push(format!(
            "总分不低于本校{of_zh}{}线减 {}（未录满则无此下限）",
            line.name, relative.minus
        ));
        en.push(format!(
            "total at least the school's {} line{of_en} minus {} (none where it did not fill)",
            line.id, relative.minus
        ));
        let listed = policy.batch(batch).seat_order.iter().map(|&c| policy.category(c));
        if earlier.is_none() && listed.clone().any(|c| c.returns_to.is_some()) {
            zh.push("该线以转移缺额之前的计划先算定并公布，不再变动".to_owned());
            en.push(
                "that line is found before unfilled seats move, published and frozen".to_owned(),
            );
        }
    }
    Some(Said::new(zh.join("，"), en.join(", ")))
}

fn predicate(policy: &Policy, predicate: &Predicate) -> Said {
    match predicate {
        Predicate::Fresh => Said::new("应届", "fresh graduate"),
        Predicate::Attended => Said::new("实际就读", "attended the school of registry"),
        Predicate::RegisteredThreeYears => {
            let since = policy.year.saturating_sub(3);
            Said::new(
                format!("{since} 年 9 月或以前已在籍（连续三年）"),
                format!("registered since September {since} or earlier"),
            )
        }
        Predicate::QuotaListed => Said::new("未被取消指标资格", "not barred from quota seats"),
        Predicate::Qualified => Said::new("专业测试合格", "qualified in the special test"),
        Predicate::EvaluationAtLeast(grade) => {
            let key = Evaluation::key(*grade);
            Said::new(format!("综合素质评价 {key} 及以上"), format!("evaluation {key} or better"))
        }
        Predicate::TotalAtLeast(total) => {
            Said::new(format!("总分 {total} 及以上"), format!("total {total} or more"))
        }
    }
}

/// A priority list in words, key by key.
fn order_words(policy: &Policy, order: &PriorityList) -> Said {
    let keys: Vec<Said> = order.keys.iter().map(|k| key_words(policy, k)).collect();
    let zh: Vec<&str> = keys.iter().map(|k| k.zh.as_str()).collect();
    let en: Vec<&str> = keys.iter().map(|k| k.en.as_str()).collect();
    Said::new(zh.join("；相同再看"), en.join("; then "))
}

fn key_words(policy: &Policy, key: &Key) -> Said {
    match key {
        Key::Total => Said::new("总分高者先", "higher total"),
        Key::Composite => Said::new("综合分高者先", "higher composite"),
        Key::Special => Said::new("专业分高者先", "higher special score"),
        Key::Subjects(parts) => {
            let of = |s: &crate::domain::SubjectIx| &policy.subjects[s.at()];
            let zh: Vec<&str> = parts.iter().map(|s| of(s).name.as_str()).collect();
            let en: Vec<&str> = parts.iter().map(|s| of(s).id.as_str()).collect();
            Said::new(format!("{}高者先", zh.join("＋")), format!("higher {}", en.join(" + ")))
        }
        Key::Evaluation => Said::new("综合素质评价等级高者先", "better evaluation"),
        Key::TieClass => Said::new("同分优先级小者先", "smaller tie class"),
        Key::Wish => Said::new("志愿靠前者先", "earlier wish"),
        Key::WishGroup(size) => Said::new(
            format!("每 {size} 个志愿为一组，组靠前者先"),
            format!("earlier group of {size} wishes"),
        ),
        Key::WishGroups(sizes) => {
            let sizes: Vec<String> = sizes.iter().map(ToString::to_string).collect();
            Said::new(
                format!("志愿按 {} 个分组（末组重复），组靠前者先", sizes.join("、")),
                format!("earlier block of {} wishes, the last repeating", sizes.join(", ")),
            )
        }
        Key::Band(width) => Said::new(
            format!("总分每 {width} 分为一段，段高者先"),
            format!("higher band of {width} points"),
        ),
        Key::Lines(lines) => {
            let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
            Said::new(
                format!("达到的梯度线（{}）多者先", lines.join("、")),
                format!("more of the lines {} reached", lines.join(", ")),
            )
        }
        Key::Lottery => Said::new("随机号小者先", "smaller lottery number"),
        Key::Manual => Said::new("人工裁定并留痕", "a recorded ruling"),
    }
}

fn quota(policy: &Policy, rule: &QuotaRule) -> Vec<Said> {
    let name = &policy.category(rule.category).name;
    let rounding = |r: Rounding| match r {
        Rounding::Up => Said::new("向上取整", "rounded up"),
        Rounding::Down => Said::new("向下取整", "rounded down"),
        Rounding::HalfUp => Said::new("四舍五入", "rounded half up"),
    };
    let how = rounding(rule.rounding);
    let mut lines = vec![match rule.share {
        Some(share) => Said::new(
            format!("{name}占学校计划的 {share}，{}；计划表另写比例的从其规定", how.zh),
            format!(
                "quota seats are {share} of a school's plan, {}, unless its row says otherwise",
                how.en
            ),
        ),
        None => Said::new(
            format!("{name}的比例由计划表逐校写明，{}", how.zh),
            format!("each plan row gives its quota share, {}", how.en),
        ),
    }];
    lines.push(match rule.method {
        QuotaMethod::Matrix => Said::new(
            "按各初中有资格人数的比例分到各校，每格与各校合计都只在理想值上下取整，总偏差最小",
            "spread in proportion to eligible graduates; every cell and every school's total is its ideal rounded up or down, with the least total deviation",
        ),
        QuotaMethod::Pool => Said::new(
            "各初中的名额总数按最大余数法分配，属于哪所高中由公开种子不放回抽取",
            "junior schools share the pool by largest remainder; which senior school a seat belongs to is drawn without replacement from the published seed",
        ),
    });
    if let Some((per, how)) = rule.tilt {
        let how = rounding(how);
        lines.push(Said::new(
            format!("倾斜初中先按每 {per} 名有资格毕业生 1 个名额分配，{}", how.zh),
            format!(
                "tilted junior schools first get 1 seat per {per} eligible graduates, {}",
                how.en
            ),
        ));
    }
    match rule.min_per_junior {
        0 => {}
        k => lines.push(Said::new(
            format!("每所初中至少 {k} 个名额，有资格人数不足 {k} 的按人数"),
            format!(
                "every junior school gets at least {k}, or as many as it has eligible graduates"
            ),
        )),
    }
    lines
}

fn pending(policy: &Policy) -> Vec<(String, String)> {
    let batches = policy.batches.iter().map(|b| (format!("batches.{}", b.id), &b.source));
    let categories = policy.categories.iter().map(|c| (format!("categories.{}", c.id), &c.source));
    let quota = policy.quota.iter().map(|q| ("quota".to_owned(), &q.source));
    batches
        .chain(categories)
        .chain(quota)
        .filter_map(|(path, source)| source.as_ref().map(|s| (path, s.clone())))
        .filter(|(_, source)| source.contains("pending"))
        .collect()
}
