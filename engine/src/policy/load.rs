//! Reads a policy file, resolves its names and refuses what contradicts itself. All refusals at once.

use std::collections::BTreeMap;

use serde::Deserialize as _;

use super::raw::{
    Raw, RawBatch, RawBonus, RawCategories, RawCategory, RawClause, RawKey, RawMethod,
    RawPredicate, RawRounding, RawTotalRounding,
};
use super::shape::{self, Walk, not_known};
use super::{
    Batch, Category, Clause, Composite, Floor, Key, Limits, Policy, Predicate, PriorityList,
    QuotaMethod, QuotaRule, Refusal, RefusalKind, RelativeFloor, Rounding, Subject, TotalRule,
};
use crate::domain::{BatchIx, CategoryIx, Score, SubjectIx, Text};

impl Policy {
    /// Reads `policy.toml`. `seed` replaces the file's own seed.
    ///
    /// # Errors
    /// Every refusal of SPEC §4 that the file deserves, in the order of the file's lines; never empty.
    /// A file with a misspelt key or a value of the wrong kind is judged for those first.
    pub fn load(text: &str, seed: Option<&str>) -> Result<Self, Vec<Refusal>> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let Walk { lines, mut refusals, .. } = shape::walk(text).map_err(|r| vec![r])?;
        if !refusals.is_empty() {
            refusals.sort_by_key(|r| r.line);
            return Err(refusals);
        }
        let raw: Raw = toml::from_str(text).map_err(|e| vec![unreadable(text, &e)])?;
        let explicit = raw.batches.iter().map(|b| b.seat_order.is_some()).collect();
        let mut loader = Loader { text, lines, refusals, explicit };
        let policy = loader.resolve(raw, seed);
        let mut refusals = loader.refusals;
        refusals.sort_by_key(|r| r.line);
        match policy {
            Some(policy) if refusals.is_empty() => Ok(policy),
            _ => Err(refusals),
        }
    }
}

/// What the shapes let through and the types do not.
fn unreadable(text: &str, error: &toml::de::Error) -> Refusal {
    Refusal {
        kind: RefusalKind::Unreadable,
        path: String::new(),
        line: error.span().map(|s| shape::line_of(text, s.start)),
        message: format!("取值不合要求（{}）", error.message()),
    }
}

pub(super) struct Loader<'t> {
    text: &'t str,
    /// The line of each dotted path.
    lines: BTreeMap<String, u32>,
    refusals: Vec<Refusal>,
    /// Per batch: the file gives a seat order, which then says where each category has its seats.
    pub(super) explicit: Vec<bool>,
}

impl Loader<'_> {
    pub(super) fn refuse(
        &mut self,
        kind: RefusalKind,
        path: impl Into<String>,
        message: impl Into<String>,
    ) {
        let path = path.into();
        let line = self.line_of_path(&path);
        self.refusals.push(Refusal { kind, path, line, message: message.into() });
    }

    /// The line of a dotted path, or of the nearest table around it.
    fn line_of_path(&self, path: &str) -> Option<u32> {
        let mut path = path;
        loop {
            if let Some(&line) = self.lines.get(path) {
                return Some(line);
            }
            path = path.rsplit_once('.')?.0;
        }
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
        // Cells may say a name for an id, and a workbook says names only.
        self.unique_names("subjects", subjects.iter().map(|s| (&*s.id, &*s.name)));
        self.unique_names("batches", raw.batches.iter().map(|b| (&*b.id, &*b.name)));
        self.unique_names("categories", raw_categories.iter().map(|(id, c)| (&**id, &*c.name)));
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
                min_per_junior: q.min_per_junior,
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
                students_per_ten_staff: raw.limits.students_per_ten_staff.map(clause),
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

    /// No name stands for two things, be it the name of both or the name of one and the id of the other.
    fn unique_names<'a>(&mut self, what: &str, list: impl Iterator<Item = (&'a str, &'a str)>) {
        let list: Vec<_> = list.collect();
        let mut meant: BTreeMap<&str, &str> = list.iter().map(|&(id, _)| (id, id)).collect();
        for (id, name) in list {
            let other = *meant.entry(name).or_insert(id);
            if other != id {
                let message = format!("{what} 中 {name} 既是 {other} 又是 {id} 的名称");
                self.refuse(RefusalKind::UnknownName, what, message);
            }
        }
    }

    fn subject(&mut self, names: &Names<'_>, id: &str, path: &str) -> Option<SubjectIx> {
        let found = names.subjects.iter().position(|s| s.id == id).map(SubjectIx::from);
        if found.is_none() {
            let known: Vec<&str> = names.subjects.iter().map(|s| s.id.as_str()).collect();
            let message = not_known("没有这个科目：", id, "已有的科目", &known);
            self.refuse(RefusalKind::UnknownName, path, message);
        }
        found
    }

    fn category_name(&mut self, names: &Names<'_>, id: &str, path: &str) -> Option<CategoryIx> {
        let found = names.categories.iter().position(|c| c == id).map(CategoryIx::from);
        if found.is_none() {
            let known: Vec<&str> = names.categories.iter().map(Text::as_str).collect();
            let message = not_known("没有这个类别：", id, "已有的类别", &known);
            self.refuse(RefusalKind::UnknownName, path, message);
        }
        found
    }

    fn batch_name(&mut self, names: &Names<'_>, id: &str, path: &str) -> Option<BatchIx> {
        let found = names.batches.iter().position(|b| b == id).map(BatchIx::from);
        if found.is_none() {
            let known: Vec<&str> = names.batches.iter().map(Text::as_str).collect();
            let message = not_known("没有这个批次：", id, "已有的批次", &known);
            self.refuse(RefusalKind::UnknownName, path, message);
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
            if f.minus.is_some_and(|minus| minus < Score::ZERO) {
                // A sign written twice would put the floor above the line.
                self.refuse(
                    RefusalKind::BadNumber,
                    path("floor"),
                    "minus 是录取线减去的分数，不带负号",
                );
            }
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
                    let message = not_known("不认识的资格条件", other, "可用的条件", PREDICATES);
                    self.refuse(RefusalKind::Unreadable, path, message);
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
        if word.split(['+', ',']).nth(shape::MOST_WORDS).is_some() {
            let message = format!("一个键至多 {} 项", shape::MOST_WORDS);
            self.refuse(RefusalKind::BadNumber, path, message);
            return None;
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
            let subjects = names.subjects.iter().map(|s| s.id.as_str());
            let known: Vec<&str> = KEYS.iter().copied().chain(subjects).collect();
            let message = not_known("录取顺序中没有这个键或科目：", word, "可用的键", &known);
            self.refuse(RefusalKind::UnknownName, path, message);
        }
        parts.map(Key::Subjects)
    }
}

/// The words of a priority list, besides the subjects.
const KEYS: &[&str] = &[
    "total",
    "composite",
    "special",
    "evaluation",
    "tie_class",
    "wish",
    "wish_group:3",
    "band:1",
    "lottery",
    "manual",
];

/// The words of `eligible`.
const PREDICATES: &[&str] =
    &["fresh", "attended", "registered_three_years", "quota_listed", "qualified"];

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
