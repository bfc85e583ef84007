//! Reads a policy file, resolves its names and refuses what contradicts itself. All refusals at once.

use serde::Deserialize as _;
use sha2::{Digest as _, Sha256};

use super::raw::{
    Raw, RawBatch, RawBonus, RawCategories, RawCategory, RawClause, RawKey, RawMethod,
    RawPredicate, RawRounding, RawTotalRounding, unsupported_keys,
};
use super::{
    Batch, Category, Clause, Composite, Floor, Key, Limits, Policy, Predicate, PriorityList,
    QuotaMethod, QuotaRule, Refusal, RefusalKind, RelativeFloor, Rounding, Subject, TotalRule,
};
use crate::domain::{BatchIx, CategoryIx, Score, SubjectIx, Text};

impl Policy {
    /// Reads `policy.toml`. `seed` replaces the file's own seed.
    ///
    /// # Errors
    /// Every refusal of SPEC §4 that the file deserves; never empty.
    pub fn load(text: &str, seed: Option<&str>) -> Result<Self, Vec<Refusal>> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let table: toml::Table =
            toml::from_str(text).map_err(|e| vec![unreadable(text, e.span(), e.message())])?;
        let mut refusals = Vec::new();
        find_unsupported(text, &table, "", &mut refusals);
        if !refusals.is_empty() {
            return Err(refusals);
        }
        let raw: Raw =
            toml::from_str(text).map_err(|e| vec![unreadable(text, e.span(), e.message())])?;
        let explicit = raw.batches.iter().map(|b| b.seat_order.is_some()).collect();
        let mut loader = Loader { text, refusals, explicit };
        let policy = loader.resolve(raw, seed);
        match policy {
            Some(policy) if loader.refusals.is_empty() => Ok(policy),
            _ => Err(loader.refusals),
        }
    }
}

fn unreadable(text: &str, span: Option<std::ops::Range<usize>>, message: &str) -> Refusal {
    let line = span.map(|s| line_of(text, s.start));
    Refusal {
        kind: RefusalKind::Unreadable,
        path: String::new(),
        line,
        message: message.to_owned(),
    }
}

fn line_of(text: &str, offset: usize) -> u32 {
    let newlines = text.bytes().take(offset).filter(|&b| b == b'\n').count();
    u32::try_from(newlines + 1).unwrap_or(u32::MAX)
}

/// Finds keys that name a rule which no policy here may have, anywhere in the file.
fn find_unsupported(text: &str, table: &toml::Table, path: &str, out: &mut Vec<Refusal>) {
    let known = unsupported_keys();
    for (key, value) in table {
        let here = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        // Names of categories are free; only keys of the format are judged.
        if path != "categories"
            && let Some(&kind) = known.get(key.as_str())
        {
            out.push(Refusal {
                kind,
                path: here.clone(),
                line: line_of_key(text, key),
                message: format!("不支持 {here}"),
            });
        }
        match value {
            toml::Value::Table(inner) => find_unsupported(text, inner, &here, out),
            toml::Value::Array(items) => {
                for inner in items.iter().filter_map(toml::Value::as_table) {
                    find_unsupported(text, inner, &here, out);
                }
            }
            _ => {}
        }
    }
}

fn line_of_key(text: &str, key: &str) -> Option<u32> {
    text.lines()
        .position(|l| {
            l.trim_start().trim_start_matches('[').starts_with(key)
                || l.contains(&format!(" {key} ="))
        })
        .and_then(|at| u32::try_from(at + 1).ok())
}

struct Loader<'t> {
    text: &'t str,
    refusals: Vec<Refusal>,
    /// Per batch: the file gives a seat order, which then says where each category has its seats.
    explicit: Vec<bool>,
}

impl Loader<'_> {
    fn refuse(&mut self, kind: RefusalKind, path: impl Into<String>, message: impl Into<String>) {
        let path = path.into();
        let line = self.line_of_path(&path);
        self.refusals.push(Refusal { kind, path, line, message: message.into() });
    }

    /// The line of the last key of a dotted path, below the header of its table if that is found.
    fn line_of_path(&self, path: &str) -> Option<u32> {
        let (table, key) = path.rsplit_once('.').unwrap_or(("", path));
        let (table, index) = match table.split_once('[') {
            Some((name, rest)) => (name, rest.trim_end_matches(']').parse().unwrap_or(0)),
            None => (table, 0),
        };
        let headers = [format!("[{table}]"), format!("[[{table}]]")];
        let mut seen = 0;
        let mut header_line = None;
        for (at, line) in self.text.lines().enumerate() {
            let line = line.trim();
            if header_line.is_none() {
                if headers.iter().any(|h| line.starts_with(h.as_str())) {
                    if seen == index {
                        header_line = Some(at);
                    }
                    seen += 1;
                }
            } else if line.starts_with('[') {
                break;
            } else if line.strip_prefix(key).is_some_and(|r| r.trim_start().starts_with('=')) {
                return u32::try_from(at + 1).ok();
            }
        }
        header_line.and_then(|at| u32::try_from(at + 1).ok())
    }

    fn resolve(&mut self, raw: Raw, seed: Option<&str>) -> Option<Policy> {
        let raw_categories = self.categories_as_written(&raw.categories)?;
        let subjects: Vec<Subject> = raw
            .subjects
            .into_iter()
            .map(|s| Subject { id: s.id.into(), name: s.name, max: s.max })
            .collect();
        let batch_ids: Vec<Text> = raw.batches.iter().map(|b| b.id.as_str().into()).collect();
        let category_ids: Vec<Text> =
            raw_categories.iter().map(|(id, _)| id.as_str().into()).collect();
        self.unique("subjects", subjects.iter().map(|s| &s.id));
        self.unique("batches", batch_ids.iter());
        if raw.batches.is_empty() {
            self.refuse(RefusalKind::Unreadable, "batches", "至少要有一个批次");
        }
        for (at, s) in subjects.iter().enumerate() {
            if s.max <= Score::ZERO {
                self.refuse(
                    RefusalKind::BadNumber,
                    format!("subjects[{at}].max"),
                    "满分必须大于 0",
                );
            }
        }
        let names = Names { subjects: &subjects, batches: &batch_ids, categories: &category_ids };

        let total = raw.total.map(|t| TotalRule {
            parts: t.parts.iter().filter_map(|p| self.subject(&names, p, "total.parts")).collect(),
            bonus_included: t.bonus == RawBonus::Included,
            half_up: t.rounding == RawTotalRounding::HalfUp,
        });
        let batches: Vec<Batch> =
            raw.batches.into_iter().enumerate().map(|(at, b)| self.batch(&names, at, b)).collect();
        let categories: Vec<Category> =
            raw_categories.into_iter().map(|(id, c)| self.category(&names, id, c)).collect();
        let quota = raw.quota.and_then(|q| {
            let category = self.category_name(&names, &q.category, "quota.category")?;
            if q.tilt.as_ref().is_some_and(|t| t.per == 0) {
                self.refuse(RefusalKind::BadNumber, "quota.tilt", "per 必须大于 0");
            }
            Some(QuotaRule {
                category,
                share: q.share,
                rounding: rounding(q.rounding),
                method: match q.method {
                    RawMethod::Matrix => QuotaMethod::Matrix,
                    RawMethod::Pool => QuotaMethod::Pool,
                },
                tilt: q.tilt.map(|t| (t.per, rounding(t.rounding))),
                source: q.source,
            })
        });

        let policy = Policy {
            id: raw.season.id,
            district: raw.season.district,
            year: raw.season.year,
            seed: seed.map(str::to_owned).or(raw.season.seed),
            seed_commitment: raw.season.seed_commitment,
            limits: Limits {
                class_size: raw.limits.class_size.map(clause),
                new_school_size: raw.limits.new_school_size.map(clause),
                oversize_class: raw.limits.oversize_class.map(clause),
                super_oversize_class: raw.limits.super_oversize_class.map(clause),
            },
            subjects,
            total,
            batches,
            categories,
            quota,
            text: self.text.to_owned(),
        };
        self.judge(&policy);
        Some(policy)
    }

    fn categories_as_written(&mut self, table: &toml::Table) -> Option<RawCategories> {
        let mut categories = Vec::with_capacity(table.len());
        for (id, value) in table {
            match RawCategory::deserialize(value.clone()) {
                Ok(category) => categories.push((id.clone(), category)),
                Err(e) => self.refuse(
                    RefusalKind::Unreadable,
                    format!("categories.{id}.name"),
                    format!("categories.{id}: {}", e.message()),
                ),
            }
        }
        self.refusals.is_empty().then_some(categories)
    }

    fn unique<'a>(&mut self, what: &str, ids: impl Iterator<Item = &'a Text>) {
        let mut seen = std::collections::BTreeSet::new();
        for id in ids {
            if !seen.insert(id) {
                self.refuse(RefusalKind::UnknownName, what, format!("{what} 中 {id} 定义了两次"));
            }
        }
    }

    fn subject(&mut self, names: &Names<'_>, id: &str, path: &str) -> Option<SubjectIx> {
        let found = names.subjects.iter().position(|s| s.id == id).map(SubjectIx::from);
        if found.is_none() {
            self.refuse(RefusalKind::UnknownName, path, format!("没有科目 {id}"));
        }
        found
    }

    fn category_name(&mut self, names: &Names<'_>, id: &str, path: &str) -> Option<CategoryIx> {
        let found = names.categories.iter().position(|c| c == id).map(CategoryIx::from);
        if found.is_none() {
            self.refuse(RefusalKind::UnknownName, path, format!("没有类别 {id}"));
        }
        found
    }

    fn batch_name(&mut self, names: &Names<'_>, id: &str, path: &str) -> Option<BatchIx> {
        let found = names.batches.iter().position(|b| b == id).map(BatchIx::from);
        if found.is_none() {
            self.refuse(RefusalKind::UnknownName, path, format!("没有批次 {id}"));
        }
        found
    }

    fn category_list(&mut self, names: &Names<'_>, ids: &[String], path: &str) -> Vec<CategoryIx> {
        let mut list = Vec::with_capacity(ids.len());
        for id in ids {
            if let Some(category) = self.category_name(names, id, path) {
                if list.contains(&category) {
                    self.refuse(RefusalKind::UnknownName, path, format!("{id} 出现两次"));
                }
                list.push(category);
            }
        }
        list
    }

    fn batch(&mut self, names: &Names<'_>, at: usize, b: RawBatch) -> Batch {
        let path = |key: &str| format!("batches[{at}].{key}");
        let seat_order = match &b.seat_order {
            Some(ids) => self.category_list(names, ids, &path("seat_order")),
            None => (0..names.categories.len()).map(CategoryIx::from).collect(),
        };
        if let (Some(opens), Some(closes)) = (&b.opens, &b.closes)
            && opens >= closes
        {
            self.refuse(RefusalKind::BadNumber, path("closes"), "截止时间不晚于开始时间");
        }
        if b.wishes == Some(0) {
            self.refuse(RefusalKind::BadNumber, path("wishes"), "志愿数必须大于 0");
        }
        Batch {
            priority: self.priority(names, &b.priority, &path("priority")),
            adjustment: self.category_list(names, &b.adjustment, &path("adjustment")),
            seat_order,
            id: b.id.into(),
            name: b.name,
            opens: b.opens,
            closes: b.closes,
            wishes: b.wishes,
            source: b.source,
        }
    }

    fn category(&mut self, names: &Names<'_>, id: String, c: RawCategory) -> Category {
        let path = |key: &str| format!("categories.{id}.{key}");
        let eligible =
            c.eligible.iter().flat_map(|p| self.predicates(p, &path("eligible"))).collect();
        let floor = c.floor.map(|f| {
            let relative = match (f.line, f.minus) {
                (Some(line), minus) => {
                    self.category_name(names, &line, &path("floor")).map(|line| {
                        let batch = f
                            .batch
                            .as_deref()
                            .and_then(|b| self.batch_name(names, b, &path("floor")));
                        RelativeFloor { line, minus: minus.unwrap_or(Score::ZERO), batch }
                    })
                }
                (None, Some(_)) => {
                    self.refuse(RefusalKind::Unreadable, path("floor"), "minus 需要同时写明 line");
                    None
                }
                (None, None) => None,
            };
            if relative.is_none() && f.at_least.is_none() {
                self.refuse(RefusalKind::Unreadable, path("floor"), "下限需写 at_least 或 line");
            }
            Floor { at_least: f.at_least, relative }
        });
        let returns_to = c
            .returns_to
            .as_deref()
            .and_then(|to| self.category_name(names, to, &path("returns_to")));
        let carry_to = c.carry_to.and_then(|to| {
            let batch = self.batch_name(names, &to.batch, &path("carry_to"));
            let category = self.category_name(names, &to.category, &path("carry_to"));
            batch.zip(category)
        });
        let priority = c.priority.map(|p| self.priority(names, &p, &path("priority")));
        Category {
            eligible,
            floor,
            returns_to,
            carry_to,
            composite: c
                .composite
                .map(|m| Composite { academic_pct: m.academic_pct, special_pct: m.special_pct }),
            priority,
            by_junior: c.by_junior,
            share_cap: c.share_cap,
            source: c.source,
            name: c.name,
            id: id.into(),
        }
    }

    fn predicates(&mut self, raw: &RawPredicate, path: &str) -> Vec<Predicate> {
        match raw {
            RawPredicate::Word(word) => match word.as_str() {
                "fresh" => vec![Predicate::Fresh],
                "attended" => vec![Predicate::Attended],
                "registered_three_years" => vec![Predicate::RegisteredThreeYears],
                "quota_listed" => vec![Predicate::QuotaListed],
                "qualified" => vec![Predicate::Qualified],
                other => {
                    self.refuse(RefusalKind::Unreadable, path, format!("没有资格条件 {other}"));
                    vec![]
                }
            },
            RawPredicate::Table(t) => {
                let grade = t.evaluation_at_least.map(Predicate::EvaluationAtLeast);
                let total = t.total_at_least.map(Predicate::TotalAtLeast);
                grade.into_iter().chain(total).collect()
            }
        }
    }

    fn priority(&mut self, names: &Names<'_>, raw: &[RawKey], path: &str) -> PriorityList {
        let keys: Vec<Key> = raw.iter().flat_map(|k| self.key(names, k, path)).collect();
        let last_at = keys.iter().position(|k| matches!(k, Key::Lottery | Key::Manual));
        if last_at.is_none_or(|at| at + 1 != keys.len()) {
            self.refuse(
                RefusalKind::NoLastKey,
                path,
                "录取顺序须以 lottery 或 manual 结尾，且只在结尾出现",
            );
        }
        PriorityList { keys }
    }

    fn key(&mut self, names: &Names<'_>, raw: &RawKey, path: &str) -> Option<Key> {
        let word = match raw {
            RawKey::Word(word) => word.as_str(),
            RawKey::Table(t) => {
                return match (&t.wish_groups, &t.lines) {
                    (Some(sizes), None) if !sizes.is_empty() && !sizes.contains(&0) => {
                        Some(Key::WishGroups(sizes.clone()))
                    }
                    (None, Some(lines)) if !lines.is_empty() => Some(Key::Lines(lines.clone())),
                    _ => {
                        self.refuse(
                            RefusalKind::BadNumber,
                            path,
                            "表形式的键须是 { wish_groups = [1, 3] } 或 { lines = [\"689\"] }，且不为空、不含 0",
                        );
                        None
                    }
                };
            }
        };
        let simple = match word {
            "total" => Some(Key::Total),
            "composite" => Some(Key::Composite),
            "special" => Some(Key::Special),
            "evaluation" => Some(Key::Evaluation),
            "tie_class" => Some(Key::TieClass),
            "wish" => Some(Key::Wish),
            "lottery" => Some(Key::Lottery),
            "manual" => Some(Key::Manual),
            _ => None,
        };
        if simple.is_some() {
            return simple;
        }
        if let Some(size) = word.strip_prefix("wish_group:") {
            let size = size.trim().parse().ok().filter(|&n: &u16| n > 0);
            if size.is_none() {
                self.refuse(RefusalKind::BadNumber, path, format!("{word}：组的大小须是正整数"));
            }
            return size.map(Key::WishGroup);
        }
        if let Some(width) = word.strip_prefix("band:") {
            let width = width.trim().parse().ok().filter(|&w: &Score| w > Score::ZERO);
            if width.is_none() {
                self.refuse(RefusalKind::BadNumber, path, format!("{word}：分段宽度须是正数"));
            }
            return width.map(Key::Band);
        }
        if let Some(lines) = word.strip_prefix("lines:") {
            let lines: Result<Vec<Score>, _> = lines
                .trim_matches(['[', ']'])
                .split(',')
                .map(|l| l.trim().trim_matches('"').parse())
                .collect();
            return match lines {
                Ok(lines) => Some(Key::Lines(lines)),
                Err(_) => {
                    self.refuse(RefusalKind::BadNumber, path, format!("{word}：分数线须是数字"));
                    None
                }
            };
        }
        let parts: Option<Vec<SubjectIx>> = word
            .split('+')
            .map(|part| {
                names.subjects.iter().position(|s| s.id == part.trim()).map(SubjectIx::from)
            })
            .collect();
        if parts.is_none() {
            self.refuse(
                RefusalKind::UnknownName,
                path,
                format!("录取顺序中没有 {word} 这个键或科目"),
            );
        }
        parts.map(Key::Subjects)
    }

    /// The refusals that need the whole policy.
    fn judge(&mut self, policy: &Policy) {
        self.judge_returns(policy);
        self.judge_carries(policy);
        self.judge_floors(policy);
        self.judge_orders(policy);
        self.judge_quota(policy);
        self.judge_seed(policy);
    }

    fn judge_returns(&mut self, policy: &Policy) {
        for (at, category) in policy.categories.iter().enumerate() {
            let Some(to) = category.returns_to else { continue };
            let path = format!("categories.{}.returns_to", category.id);
            let mut next = Some(to);
            let mut steps = 0;
            while let Some(there) = next {
                if there.at() == at {
                    let to = &policy.category(to).id;
                    self.refuse(
                        RefusalKind::ReturnsInCircle,
                        &path,
                        format!("{} → {to} → … 回到自身", category.id),
                    );
                    break;
                }
                steps += 1;
                if steps > policy.categories.len() {
                    break;
                }
                next = policy.category(there).returns_to;
            }
            for batch in &policy.batches {
                let place = |c: CategoryIx| batch.seat_order.iter().position(|&o| o == c);
                if let (Some(from), Some(to_at)) = (place(CategoryIx::from(at)), place(to))
                    && to_at < from
                {
                    self.refuse(
                        RefusalKind::ReturnsBackward,
                        &path,
                        format!(
                            "批次 {} 中 {} 排在 {} 之前",
                            batch.id,
                            policy.category(to).id,
                            category.id
                        ),
                    );
                }
            }
            if policy.category(to).by_junior {
                self.refuse(
                    RefusalKind::NoQuotaCells,
                    &path,
                    "剩余计划不能转给按毕业初中分配的类别",
                );
            }
            if category.carry_to.is_some() {
                self.refuse(
                    RefusalKind::ReturnsAndCarries,
                    format!("categories.{}.carry_to", category.id),
                    format!("{} 同时设了 returns_to 和 carry_to", category.id),
                );
            }
        }
    }

    fn judge_carries(&mut self, policy: &Policy) {
        for (at, category) in policy.categories.iter().enumerate() {
            let Some((batch, to)) = category.carry_to else { continue };
            let path = format!("categories.{}.carry_to", category.id);
            let first = policy
                .batches
                .iter()
                .zip(&self.explicit)
                .position(|(b, &given)| given && b.seat_order.contains(&CategoryIx::from(at)));
            let backward = first.is_some_and(|first| first >= batch.at());
            if backward || batch.at() == 0 {
                self.refuse(
                    RefusalKind::CarryBackward,
                    &path,
                    format!("{} 不晚于 {} 所在的批次", policy.batch(batch).id, category.id),
                );
            }
            if policy.category(to).by_junior {
                self.refuse(
                    RefusalKind::NoQuotaCells,
                    &path,
                    "剩余计划不能转给按毕业初中分配的类别",
                );
            }
        }
    }

    fn judge_floors(&mut self, policy: &Policy) {
        for (at, category) in policy.categories.iter().enumerate() {
            let Some(relative) = category.floor.as_ref().and_then(|f| f.relative.as_ref()) else {
                continue;
            };
            let path = format!("categories.{}.floor", category.id);
            let line = policy.category(relative.line);
            if line.by_junior {
                self.refuse(
                    RefusalKind::FloorOnLaterLine,
                    &path,
                    format!("{} 按毕业初中分配，没有一条统一的线", line.id),
                );
            }
            for (b, batch) in policy.batches.iter().enumerate() {
                if !batch.seat_order.contains(&CategoryIx::from(at)) {
                    continue;
                }
                match relative.batch {
                    Some(earlier) if earlier.at() > b => self.refuse(
                        RefusalKind::FloorOnLaterLine,
                        &path,
                        format!("批次 {} 晚于 {}", policy.batch(earlier).id, batch.id),
                    ),
                    Some(earlier) if earlier.at() < b => {}
                    _ => self.judge_same_batch_floor(
                        policy,
                        b,
                        CategoryIx::from(at),
                        relative,
                        &path,
                    ),
                }
            }
        }
    }

    fn judge_same_batch_floor(
        &mut self,
        policy: &Policy,
        batch_at: usize,
        category: CategoryIx,
        relative: &RelativeFloor,
        path: &str,
    ) {
        let batch = &policy.batches[batch_at];
        if relative.line == category {
            self.refuse(RefusalKind::FloorOnLaterLine, path, "下限不能以本类别自己的线为准");
        }
        let orders: Vec<&PriorityList> =
            batch.seat_order.iter().map(|&c| policy.priority(BatchIx::from(batch_at), c)).collect();
        let common = orders.windows(2).all(|pair| pair[0] == pair[1]);
        let plain = orders.iter().all(|o| o.wish_free() && !o.reads_special());
        if !(common && plain) {
            self.refuse(
                RefusalKind::UncommonOrder,
                path,
                format!("批次 {} 的各类别没有共用一个与志愿序号无关的录取顺序", batch.id),
            );
        }
    }

    fn judge_orders(&mut self, policy: &Policy) {
        for category in &policy.categories {
            let reads = |p: &PriorityList| p.keys.contains(&Key::Composite);
            if category.composite.is_none() && category.priority.as_ref().is_some_and(reads) {
                self.refuse(
                    RefusalKind::UnknownName,
                    format!("categories.{}.priority", category.id),
                    "用了 composite，却没有写 composite 的比例",
                );
            }
        }
        for (at, batch) in policy.batches.iter().enumerate() {
            if batch.priority.keys.contains(&Key::Composite) {
                for &c in &batch.seat_order {
                    let category = policy.category(c);
                    if category.composite.is_none() && category.priority.is_none() {
                        self.refuse(
                            RefusalKind::UnknownName,
                            format!("batches[{at}].priority"),
                            format!(
                                "用了 composite，类别 {} 却没有写 composite 的比例",
                                category.id
                            ),
                        );
                    }
                }
            }
            if batch.priority.reads_special() && !batch.adjustment.is_empty() {
                self.refuse(
                    RefusalKind::UncommonOrder,
                    format!("batches[{at}].adjustment"),
                    "服从调剂按批次的录取顺序进行，该顺序不能取决于某一类别的专业分",
                );
            }
        }
    }

    fn judge_quota(&mut self, policy: &Policy) {
        let quota = policy.quota.as_ref().map(|q| q.category);
        if let Some(category) = quota
            && !policy.category(category).by_junior
        {
            self.refuse(
                RefusalKind::NoQuotaCells,
                "quota.category",
                format!("{} 没有设 by_junior = true", policy.category(category).id),
            );
        }
        for (at, category) in policy.categories.iter().enumerate() {
            if category.by_junior && quota != Some(CategoryIx::from(at)) {
                self.refuse(
                    RefusalKind::NoQuotaCells,
                    format!("categories.{}.by_junior", category.id),
                    format!("{} 不是 [quota].category，不会有指标分配", category.id),
                );
            }
        }
    }

    fn judge_seed(&mut self, policy: &Policy) {
        let seed = policy.seed.as_deref().unwrap_or_default();
        if let Some(commitment) = &policy.seed_commitment
            && !seed.is_empty()
            && !hex::encode(Sha256::digest(seed.as_bytes())).eq_ignore_ascii_case(commitment)
        {
            self.refuse(RefusalKind::Seed, "season.seed_commitment", "种子与事先公布的承诺值不符");
        }
    }
}

struct Names<'a> {
    subjects: &'a [Subject],
    batches: &'a [Text],
    categories: &'a [Text],
}

fn clause(raw: RawClause) -> Clause {
    Clause { value: raw.value, unit: raw.unit, item: raw.item, quote: raw.quote }
}

const fn rounding(raw: RawRounding) -> Rounding {
    match raw {
        RawRounding::Up => Rounding::Up,
        RawRounding::Down => Rounding::Down,
        RawRounding::HalfUp => Rounding::HalfUp,
    }
}
