//! The policy of a season: numbers, dates, shares and orders, with their sources. Logic lives in code.
//!
//! [`Policy::load`] reads `policy.toml` (SPEC §4) and refuses what contradicts itself; a `Policy` that
//! exists is consistent.

mod judge;
mod load;
mod raw;
mod refusal;
mod shape;

use serde::Serialize;

use crate::domain::{BatchIx, CategoryIx, Evaluation, Moment, Score, Share, SubjectIx, Text};

pub use refusal::{Refusal, RefusalKind};

/// The law's class size: 「新入学年级班额不得超过55人」, item 4 of the plan of 綦江区.
pub const CLASS_SIZE: u32 = 55;

/// The seed of the shipped policies, which stands for the one that is published when wishes have closed.
pub const PLACEHOLDER_SEED: &str = "published after wishes close";

/// A legal number with its source.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Clause {
    /// The number.
    pub value: u32,
    /// What it counts.
    pub unit: String,
    /// The item of the policy document, such as `4`.
    pub item: String,
    /// The words of the document that hold the number, letter for letter.
    pub quote: String,
}

impl Clause {
    /// Whether the quote gives other numbers only than the value. Full-width digits are read, and commas between
    /// digits as dividing them or not; a quote without digits says nothing against the value.
    pub fn contradicted(&self) -> bool {
        let plain: String = self
            .quote
            .chars()
            .map(|c| match u32::from(c) {
                wide @ 0xFF10..=0xFF19 => char::from_u32(wide - 0xFF10 + 0x30).unwrap_or(c),
                _ if c == '，' => ',',
                _ => c,
            })
            .collect();
        let whole = plain.replace(',', "");
        let numbers = |text: &str| -> Vec<Option<u32>> {
            let runs = text.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty());
            runs.map(|run| run.parse().ok()).collect()
        };
        let found = [numbers(&plain), numbers(&whole)].concat();
        !found.is_empty() && !found.contains(&Some(self.value))
    }

    /// The source as shown to people: 「第4条「…」」 with a quote, else the item alone, else that there is none.
    pub fn citation(&self) -> String {
        match (self.item.as_str(), self.quote.as_str()) {
            ("", "") => "出处未注明".to_owned(),
            (item, "") => item.to_owned(),
            ("", quote) => format!("「{quote}」"),
            (item, quote) => format!("第{item}条「{quote}」"),
        }
    }
}

/// The limits of classes and schools; a limit that is not set is not checked.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Limits {
    /// Most students in a class of a new intake.
    pub class_size: Option<Clause>,
    /// Most students in a new senior school.
    pub new_school_size: Option<Clause>,
    /// From this size on a class of any grade is 大班额.
    pub oversize_class: Option<Clause>,
    /// From this size on a class of any grade is 超大班额.
    pub super_oversize_class: Option<Clause>,
    /// Most students of a school for every ten of its staff 教职工; read by the plan advisor.
    pub students_per_ten_staff: Option<Clause>,
}

/// The policy of one season.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Policy {
    /// The season's id, such as `qijiang-2026`.
    pub id: String,
    /// The district 区县.
    pub district: String,
    /// The year of the examination.
    pub year: u16,
    /// The lottery seed, if the file holds it.
    pub seed: Option<String>,
    /// SHA-256 of the seed in hex, published before the wishes close; a seed that does not hash to it is refused.
    pub seed_commitment: Option<String>,
    /// The legal limits.
    pub limits: Limits,
    /// The subjects, in the order of the file.
    pub subjects: Vec<Subject>,
    /// How a total is made, if the program is to check it.
    pub total: Option<TotalRule>,
    /// The batches, in the order of processing.
    pub batches: Vec<Batch>,
    /// The categories, in the order of the file.
    pub categories: Vec<Category>,
    /// How quota seats are distributed to junior schools.
    pub quota: Option<QuotaRule>,
    /// The file as read, for its digest.
    pub text: String,
}

/// A subject 科目.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subject {
    /// The key of its column.
    pub id: Text,
    /// Its Chinese name, an alias of the column.
    pub name: String,
    /// The full mark.
    pub max: Score,
}

/// How a total is made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TotalRule {
    /// The subjects added.
    pub parts: Vec<SubjectIx>,
    /// Whether `bonus` is added too.
    pub bonus_included: bool,
    /// Whether the sum is then rounded half up to whole points.
    pub half_up: bool,
}

/// A batch 批次.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Batch {
    /// Its id.
    pub id: Text,
    /// Its Chinese name.
    pub name: String,
    /// When wishes open; a test or an admission before it is early.
    pub opens: Option<Moment>,
    /// When wishes close.
    pub closes: Option<Moment>,
    /// Most wishes per applicant.
    pub wishes: Option<u32>,
    /// What a wish without a category means, in this order.
    pub seat_order: Vec<CategoryIx>,
    /// The order of applicants in every class whose category has none of its own.
    pub priority: PriorityList,
    /// The categories that adjustment 服从调剂 fills, in this order; none for no adjustment.
    pub adjustment: Vec<CategoryIx>,
    /// Where the rule comes from.
    pub source: Option<String>,
}

/// A category of admission 招生类别.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Category {
    /// Its id.
    pub id: Text,
    /// Its Chinese name.
    pub name: String,
    /// Seats come from `quotas`, one cell per junior school.
    pub by_junior: bool,
    /// All must hold, and are tested in this order.
    pub eligible: Vec<Predicate>,
    /// The least total, if there is one.
    pub floor: Option<Floor>,
    /// The category of the same school and batch that gets the unfilled seats.
    pub returns_to: Option<CategoryIx>,
    /// The later batch and category that get the unfilled seats.
    pub carry_to: Option<(BatchIx, CategoryIx)>,
    /// The mixing formula of `composite`.
    pub composite: Option<Composite>,
    /// The order of applicants, if it is not the batch's.
    pub priority: Option<PriorityList>,
    /// Most seats as a share of the school's whole plan; judged by the audit.
    pub share_cap: Option<Share>,
    /// Where the rule comes from.
    pub source: Option<String>,
}

/// A condition of eligibility.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Predicate {
    /// 应届
    Fresh,
    /// 实际就读
    Attended,
    /// In the junior registry since September three years before, or earlier.
    RegisteredThreeYears,
    /// Not `quota_ineligible`.
    QuotaListed,
    /// A qualified special score for the category.
    Qualified,
    /// This grade or a better one.
    EvaluationAtLeast(Evaluation),
    /// This total or more.
    TotalAtLeast(Score),
}

impl Predicate {
    /// The word of the policy file and of `reasons.csv`.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Attended => "attended",
            Self::RegisteredThreeYears => "registered_three_years",
            Self::QuotaListed => "quota_listed",
            Self::Qualified => "qualified",
            Self::EvaluationAtLeast(_) => "evaluation_at_least",
            Self::TotalAtLeast(_) => "total_at_least",
        }
    }
}

/// The least total that a class takes: the higher of both where both are set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Floor {
    /// An announced line.
    pub at_least: Option<Score>,
    /// A line relative to a cut-off.
    pub relative: Option<RelativeFloor>,
}

/// Not lower than the cut-off of a class at the same school, minus so much.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RelativeFloor {
    /// The category whose cut-off counts.
    pub line: CategoryIx,
    /// How far below it one may be; a total of exactly line − minus passes.
    pub minus: Score,
    /// An earlier batch in which the cut-off was found; nothing for the same batch.
    pub batch: Option<BatchIx>,
}

/// `composite` = `academic_pct` × total + `special_pct` × special, exact.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Composite {
    /// Per cent of the total.
    pub academic_pct: u32,
    /// Per cent of the special score.
    pub special_pct: u32,
}

impl Composite {
    /// The composite in ten-thousandths of a point.
    pub fn of(self, total: Score, special: Score) -> i64 {
        i64::from(self.academic_pct) * i64::from(total.hundredths())
            + i64::from(self.special_pct) * i64::from(special.hundredths())
    }
}

/// The keys that order applicants in a class, compared left to right; the last is `lottery` or `manual`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PriorityList {
    /// At least one key.
    pub keys: Vec<Key>,
}

impl PriorityList {
    /// Whether the order is the same whatever wish it is.
    pub fn wish_free(&self) -> bool {
        !self.keys.iter().any(Key::reads_wish)
    }

    /// Whether the order reads the special score, and so differs between categories.
    pub fn reads_special(&self) -> bool {
        self.keys.iter().any(|k| matches!(k, Key::Composite | Key::Special))
    }

    /// Whether ties are left to a recorded decision.
    pub fn manual(&self) -> bool {
        self.keys.last() == Some(&Key::Manual)
    }
}

/// A key of a priority list (SPEC §4).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Key {
    /// The total, higher first.
    Total,
    /// The category's composite, higher first.
    Composite,
    /// The special score, higher first; none counts as zero.
    Special,
    /// The sum of these subjects, higher first.
    Subjects(Vec<SubjectIx>),
    /// The evaluation grade, A first, blank last.
    Evaluation,
    /// Smaller first.
    TieClass,
    /// The wish position, smaller first.
    Wish,
    /// ⌈position / N⌉, smaller first.
    WishGroup(u16),
    /// The block that the position falls in, sizes given, the last repeating; smaller first.
    WishGroups(Vec<u16>),
    /// ⌊total / W⌋, higher first.
    Band(Score),
    /// How many of the lines are ≤ total, higher first.
    Lines(Vec<Score>),
    /// The committed lottery number, then the applicant id.
    Lottery,
    /// The recorded order among equals.
    Manual,
}

impl Key {
    /// Whether the key depends on the wish and not only on the applicant.
    pub const fn reads_wish(&self) -> bool {
        matches!(self, Self::Wish | Self::WishGroup(_) | Self::WishGroups(_))
    }
}

/// How quota seats are rounded from a share.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rounding {
    /// Up to the next whole seat.
    Up,
    /// Down.
    Down,
    /// To the nearest, halves up.
    HalfUp,
}

/// How quota seats are spread over junior schools (SPEC §8).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum QuotaMethod {
    /// Controlled rounding of the whole table.
    Matrix,
    /// A pool of seats and a draw of senior schools.
    Pool,
}

/// Quota-to-school distribution 指标到校.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QuotaRule {
    /// The by-junior category that the cells of `quotas` belong to.
    pub category: CategoryIx,
    /// The share of the whole plan, where rows do not say their own.
    pub share: Option<Share>,
    /// How share × plan becomes whole seats.
    pub rounding: Rounding,
    /// The way of spreading.
    pub method: QuotaMethod,
    /// One seat per so many eligible graduates for tilted junior schools, with its rounding.
    pub tilt: Option<(u32, Rounding)>,
    /// Seats that every junior school gets at least, or as many as it has eligible graduates; 0 for no such rule.
    pub min_per_junior: u32,
    /// Where the rule comes from.
    pub source: Option<String>,
}

impl Policy {
    /// The most pupils of a class or a section: the policy's class size, never above [`CLASS_SIZE`].
    pub fn class_cap(&self) -> u32 {
        self.limits.class_size.as_ref().map_or(CLASS_SIZE, |law| law.value.clamp(1, CLASS_SIZE))
    }

    /// The classes that seats of one may be held in: itself, what it returns to in its batch or carries to in a later
    /// one, and so on from there.
    pub fn held_as(
        &self,
        batch: BatchIx,
        category: CategoryIx,
    ) -> impl Iterator<Item = (BatchIx, CategoryIx)> {
        std::iter::successors(Some((batch, category)), |&(batch, category)| {
            let rule = self.category(category);
            // A category that returns cannot also carry, so that there is one way on.
            match (rule.returns_to, rule.carry_to) {
                (Some(to), _) => Some((batch, to)),
                (None, Some((later, to))) if later > batch => Some((later, to)),
                (None, _) => None,
            }
        })
    }

    /// The batch with the id.
    pub fn batch_ix(&self, id: &str) -> Option<BatchIx> {
        self.batches.iter().position(|b| b.id == id).map(BatchIx::from)
    }

    /// The category with the id.
    pub fn category_ix(&self, id: &str) -> Option<CategoryIx> {
        self.categories.iter().position(|c| c.id == id).map(CategoryIx::from)
    }

    /// The batch that a person calls by its id or its name; no name stands for two.
    pub fn batch_called(&self, text: &str) -> Option<BatchIx> {
        let named = || self.batches.iter().position(|b| b.name == text).map(BatchIx::from);
        self.batch_ix(text).or_else(named)
    }

    /// The category that a person calls by its id or its name.
    pub fn category_called(&self, text: &str) -> Option<CategoryIx> {
        let named = || self.categories.iter().position(|c| c.name == text).map(CategoryIx::from);
        self.category_ix(text).or_else(named)
    }

    /// The subject with the id.
    pub fn subject_ix(&self, id: &str) -> Option<SubjectIx> {
        self.subjects.iter().position(|s| s.id == id).map(SubjectIx::from)
    }

    /// A batch.
    pub fn batch(&self, batch: BatchIx) -> &Batch {
        &self.batches[batch.at()]
    }

    /// A category.
    pub fn category(&self, category: CategoryIx) -> &Category {
        &self.categories[category.at()]
    }

    /// The order of applicants in a class of the category in the batch.
    pub fn priority(&self, batch: BatchIx, category: CategoryIx) -> &PriorityList {
        self.category(category).priority.as_ref().unwrap_or(&self.batch(batch).priority)
    }

    /// Whether any order ends with the lottery, so that a seed is needed.
    pub fn needs_seed(&self) -> bool {
        let batches = self.batches.iter().map(|b| &b.priority);
        let categories = self.categories.iter().filter_map(|c| c.priority.as_ref());
        batches.chain(categories).any(|p| p.keys.contains(&Key::Lottery)) || self.quota.is_some()
    }
}
