//! The shape of a policy file: which keys each table has and what a value may be.
//!
//! The walk looks at the whole file before anything is resolved, so that every misspelt key and every
//! value of the wrong kind is told at once, each with its line and in a clerk's words.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use super::raw::unsupported_keys;
use super::{Refusal, RefusalKind};
use crate::domain::near::nearest;
use crate::domain::{Moment, Score, Share};

/// What a value may be.
enum Kind {
    Text,
    Whole,
    Decimal,
    Fraction,
    Flag,
    Instant,
    Texts,
    Wholes,
    Decimals,
    Word(&'static [&'static str]),
    Table(&'static Shape),
    /// An array of tables, `[[…]]`.
    Tables(&'static Shape),
    /// A table whose keys are names that the file gives.
    Named(&'static Shape),
    /// A list of words and tables.
    Words(&'static Shape),
}

/// A table of the format.
struct Shape {
    keys: &'static [(&'static str, Kind)],
    required: &'static [&'static str],
}

const FILE: Shape = Shape {
    keys: &[
        ("season", Kind::Table(&SEASON)),
        ("limits", Kind::Table(&LIMITS)),
        ("subjects", Kind::Tables(&SUBJECT)),
        ("total", Kind::Table(&TOTAL)),
        ("batches", Kind::Tables(&BATCH)),
        ("categories", Kind::Named(&CATEGORY)),
        ("quota", Kind::Table(&QUOTA)),
    ],
    required: &["season", "batches", "categories"],
};
const SEASON: Shape = Shape {
    keys: &[
        ("id", Kind::Text),
        ("district", Kind::Text),
        ("year", Kind::Whole),
        ("seed", Kind::Text),
        ("seed_commitment", Kind::Text),
    ],
    required: &["id", "district", "year"],
};
const LIMITS: Shape = Shape {
    keys: &[
        ("class_size", Kind::Table(&CLAUSE)),
        ("new_school_size", Kind::Table(&CLAUSE)),
        ("oversize_class", Kind::Table(&CLAUSE)),
        ("super_oversize_class", Kind::Table(&CLAUSE)),
        ("students_per_ten_staff", Kind::Table(&CLAUSE)),
    ],
    required: &[],
};
const CLAUSE: Shape = Shape {
    keys: &[
        ("value", Kind::Whole),
        ("unit", Kind::Text),
        ("item", Kind::Text),
        ("quote", Kind::Text),
    ],
    required: &["value"],
};
const SUBJECT: Shape = Shape {
    keys: &[("id", Kind::Text), ("name", Kind::Text), ("max", Kind::Decimal)],
    required: &["id", "name", "max"],
};
const TOTAL: Shape = Shape {
    keys: &[
        ("parts", Kind::Texts),
        ("bonus", Kind::Word(&["included", "none"])),
        ("rounding", Kind::Word(&["none", "half_up"])),
    ],
    required: &["parts"],
};
const BATCH: Shape = Shape {
    keys: &[
        ("id", Kind::Text),
        ("name", Kind::Text),
        ("opens", Kind::Instant),
        ("closes", Kind::Instant),
        ("wishes", Kind::Whole),
        ("seat_order", Kind::Texts),
        ("priority", Kind::Words(&KEY)),
        ("adjustment", Kind::Texts),
        ("source", Kind::Text),
    ],
    required: &["id", "name", "priority"],
};
const KEY: Shape =
    Shape { keys: &[("wish_groups", Kind::Wholes), ("lines", Kind::Decimals)], required: &[] };
const CATEGORY: Shape = Shape {
    keys: &[
        ("name", Kind::Text),
        ("by_junior", Kind::Flag),
        ("eligible", Kind::Words(&PREDICATE)),
        ("floor", Kind::Table(&FLOOR)),
        ("returns_to", Kind::Text),
        ("composite", Kind::Table(&COMPOSITE)),
        ("priority", Kind::Words(&KEY)),
        ("share_cap", Kind::Fraction),
        ("carry_to", Kind::Table(&CARRY)),
        ("source", Kind::Text),
    ],
    required: &["name"],
};
const PREDICATE: Shape = Shape {
    keys: &[
        ("evaluation_at_least", Kind::Word(&["A", "B", "C", "D"])),
        ("total_at_least", Kind::Decimal),
    ],
    required: &[],
};
const FLOOR: Shape = Shape {
    keys: &[
        ("at_least", Kind::Decimal),
        ("line", Kind::Text),
        ("minus", Kind::Decimal),
        ("batch", Kind::Text),
    ],
    required: &[],
};
const COMPOSITE: Shape = Shape {
    keys: &[("academic_pct", Kind::Whole), ("special_pct", Kind::Whole)],
    required: &["academic_pct", "special_pct"],
};
const CARRY: Shape = Shape {
    keys: &[("batch", Kind::Text), ("category", Kind::Text)],
    required: &["batch", "category"],
};
const ROUNDINGS: &[&str] = &["up", "down", "half_up"];
const QUOTA: Shape = Shape {
    keys: &[
        ("category", Kind::Text),
        ("share", Kind::Fraction),
        ("rounding", Kind::Word(ROUNDINGS)),
        ("method", Kind::Word(&["matrix", "pool"])),
        ("tilt", Kind::Table(&TILT)),
        ("min_per_junior", Kind::Whole),
        ("source", Kind::Text),
    ],
    required: &["category"],
};
const TILT: Shape = Shape {
    keys: &[("per", Kind::Whole), ("rounding", Kind::Word(ROUNDINGS))],
    required: &["per"],
};

/// The most keys of a priority list, conditions or lines of a class, subjects of a sum: no rule book has a tenth.
pub(super) const MOST_WORDS: usize = 64;

/// The most batches, categories or subjects, and keys of a table.
const MOST_ITEMS: usize = 1_000;

/// Where each key of the file stands, and what is wrong with its shape.
pub(super) struct Walk {
    /// Where each line of the file begins.
    starts: Vec<usize>,
    /// The line of each dotted path, such as `batches[0].priority`.
    pub(super) lines: BTreeMap<String, u32>,
    pub(super) refusals: Vec<Refusal>,
}

/// Walks a file that is TOML.
///
/// # Errors
/// The one refusal of a file that is not.
pub(super) fn walk(text: &str) -> Result<Walk, Refusal> {
    let root = DeTable::parse(text).map_err(|e| not_toml(text, &e))?;
    let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
    let mut walk = Walk { starts, lines: BTreeMap::new(), refusals: Vec::new() };
    walk.table(root.get_ref(), &FILE, "", 1);
    Ok(walk)
}

/// The line, from 1, that a byte offset stands in.
pub(super) fn line_of(text: &str, offset: usize) -> u32 {
    let newlines = text.bytes().take(offset).filter(|&b| b == b'\n').count();
    u32::try_from(newlines + 1).unwrap_or(u32::MAX)
}

fn not_toml(text: &str, error: &toml::de::Error) -> Refusal {
    let line = error.span().map(|s| line_of(text, s.start));
    let source = line.and_then(|n| text.lines().nth(n as usize - 1)).unwrap_or_default();
    let full_width: Vec<String> =
        source.chars().filter(|c| "“”‘’＝，［］｛｝＃：".contains(*c)).map(String::from).collect();
    let message = if error.message().contains("duplicate key") {
        format!("同一个键在同一处写了两次：{}", source.trim())
    } else if full_width.is_empty() {
        format!(
            "这一行读不懂：{}（{}）。常见原因：少了引号或等号、方括号没有成对",
            source.trim(),
            error.message()
        )
    } else {
        let marks = full_width.join(" ");
        format!("这一行读不懂：{}。行内有全角标点 {marks}，请改成半角", source.trim())
    };
    Refusal { kind: RefusalKind::Unreadable, path: String::new(), line, message }
}

impl Walk {
    /// The line, from 1, that a byte offset stands in.
    fn line_at(&self, offset: usize) -> u32 {
        u32::try_from(self.starts.partition_point(|&start| start <= offset)).unwrap_or(u32::MAX)
    }

    /// Whether there are more of a thing than a policy can need, which is refused without a look at them.
    fn too_many(&mut self, count: usize, most: usize, path: &str, line: u32) -> bool {
        if count > most {
            let message = format!("{}有 {count} 项，至多 {most} 项", inside(path));
            self.refuse(RefusalKind::BadNumber, path, line, message);
        }
        count > most
    }

    fn refuse(&mut self, kind: RefusalKind, path: &str, line: u32, message: String) {
        let path = path.to_owned();
        self.refusals.push(Refusal { kind, path, line: Some(line), message });
    }

    fn table(&mut self, table: &DeTable<'_>, shape: &Shape, path: &str, line: u32) {
        if self.too_many(table.len(), MOST_ITEMS, path, line) {
            return;
        }
        for (key, value) in table {
            let name: &str = key.get_ref();
            let here = join(path, name);
            let line = self.line_at(key.span().start);
            self.lines.insert(here.clone(), line);
            match shape.keys.iter().find(|(k, _)| *k == name) {
                Some((_, kind)) => self.value(value.get_ref(), kind, &here, line),
                None => self.unknown(name, shape, path, &here, line),
            }
        }
        for required in shape.required {
            if !table.keys().any(|k| k.get_ref() == required) {
                let message = format!("{}缺少必填的键 {required}", inside(path));
                self.refuse(RefusalKind::Unreadable, &join(path, required), line, message);
            }
        }
    }

    fn unknown(&mut self, name: &str, shape: &Shape, path: &str, here: &str, line: u32) {
        if let Some(&kind) = unsupported_keys().get(name) {
            self.refuse(kind, here, line, format!("不支持 {here}"));
            return;
        }
        let allowed: Vec<&str> = shape.keys.iter().map(|(k, _)| *k).collect();
        let message =
            format!("{}{}", inside(path), not_known("未知的键", name, "这里可用的键", &allowed));
        self.refuse(RefusalKind::Unreadable, here, line, message);
    }

    fn value(&mut self, value: &DeValue<'_>, kind: &Kind, path: &str, line: u32) {
        let (count, most) = match kind {
            Kind::Named(_) => (value.as_table().map_or(0, DeTable::len), MOST_ITEMS),
            Kind::Tables(_) | Kind::Texts => (items(value).map_or(0, <[_]>::len), MOST_ITEMS),
            _ => (items(value).map_or(0, <[_]>::len), MOST_WORDS),
        };
        if self.too_many(count, most, path, line) {
            return;
        }
        let fits = match kind {
            Kind::Text => value.is_str(),
            Kind::Flag => value.is_bool(),
            Kind::Whole => whole(value),
            Kind::Decimal => number(value).is_some_and(|n| n.parse::<Score>().is_ok()),
            Kind::Fraction => number(value).is_some_and(|n| n.parse::<Share>().is_ok()),
            Kind::Instant => {
                let written = value.as_str().map(str::to_owned);
                let written = written.or_else(|| value.as_datetime().map(ToString::to_string));
                written.is_some_and(|t| t.parse::<Moment>().is_ok())
            }
            Kind::Texts => items(value).is_some_and(|v| v.iter().all(|i| i.get_ref().is_str())),
            Kind::Wholes => items(value).is_some_and(|v| v.iter().all(|i| whole(i.get_ref()))),
            Kind::Decimals => items(value).is_some_and(|v| {
                let score = |n: String| n.parse::<Score>().is_ok();
                v.iter().all(|i| number(i.get_ref()).is_some_and(score))
            }),
            Kind::Word(allowed) => match value.as_str() {
                Some(word) if !allowed.contains(&word) => {
                    let message = not_known("不认识的取值", word, "可用的取值", allowed);
                    self.refuse(RefusalKind::Unreadable, path, line, format!("{path}：{message}"));
                    return;
                }
                word => word.is_some(),
            },
            Kind::Table(shape) => match value.as_table() {
                Some(table) => return self.table(table, shape, path, line),
                None => false,
            },
            Kind::Named(shape) => match value.as_table() {
                Some(table) => return self.named(table, shape, path),
                None => false,
            },
            Kind::Tables(shape) => match items(value) {
                Some(list) => return self.tables(list, shape, path),
                None => false,
            },
            Kind::Words(shape) => match items(value) {
                Some(list) => return self.words(list, shape, path),
                None => false,
            },
        };
        if !fits {
            let message = format!("{path} 应写成{}", expected(kind));
            self.refuse(RefusalKind::Unreadable, path, line, message);
        }
    }

    fn named(&mut self, table: &DeTable<'_>, shape: &Shape, path: &str) {
        for (key, value) in table {
            let here = join(path, key.get_ref());
            let line = self.line_at(key.span().start);
            self.lines.insert(here.clone(), line);
            match value.get_ref().as_table() {
                Some(inner) => self.table(inner, shape, &here, line),
                None => {
                    let message = format!("{here} 应写成一张表：[{here}]");
                    self.refuse(RefusalKind::Unreadable, &here, line, message);
                }
            }
        }
    }

    fn tables(&mut self, list: &[toml::Spanned<DeValue<'_>>], shape: &Shape, path: &str) {
        for (at, item) in list.iter().enumerate() {
            let here = format!("{path}[{at}]");
            let line = self.line_at(item.span().start);
            self.lines.insert(here.clone(), line);
            match item.get_ref().as_table() {
                Some(inner) => self.table(inner, shape, &here, line),
                None => {
                    let message = format!("{path} 的每一项应写成一张表：[[{path}]]");
                    self.refuse(RefusalKind::Unreadable, &here, line, message);
                }
            }
        }
    }

    fn words(&mut self, list: &[toml::Spanned<DeValue<'_>>], shape: &Shape, path: &str) {
        for item in list {
            let line = self.line_at(item.span().start);
            match item.get_ref() {
                DeValue::String(_) => {}
                DeValue::Table(inner) => self.table(inner, shape, path, line),
                _ => {
                    let message = format!("{path} 的每一项应是带引号的词，或 {{ 键 = 值 }}");
                    self.refuse(RefusalKind::Unreadable, path, line, message);
                }
            }
        }
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn inside(path: &str) -> String {
    if path.is_empty() { "文件".to_owned() } else { format!("{path} ") }
}

fn items<'v, 'i>(value: &'v DeValue<'i>) -> Option<&'v [toml::Spanned<DeValue<'i>>]> {
    value.as_array().map(|a| &a[..])
}

fn whole(value: &DeValue<'_>) -> bool {
    let integer = value.as_integer();
    integer.is_some_and(|i| u32::from_str_radix(i.as_str(), i.radix()).is_ok())
}

fn number(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.trim().to_owned()),
        DeValue::Integer(i) if i.radix() == 10 => Some(i.as_str().to_owned()),
        DeValue::Float(f) => Some(f.as_str().to_owned()),
        _ => None,
    }
}

const fn expected(kind: &Kind) -> &'static str {
    match kind {
        Kind::Text | Kind::Word(_) => "带引号的文字，如 \"…\"",
        Kind::Whole => "不带引号的非负整数，如 55",
        Kind::Decimal => "至多两位小数的分数，如 \"380\"",
        Kind::Fraction => "0 到 1 之间的比例，如 \"0.70\"",
        Kind::Flag => "true 或 false",
        Kind::Instant => "带时区的时间，如 \"2026-07-05T09:00:00+08:00\"",
        Kind::Texts => "带引号文字的列表，如 [\"unified\", \"quota\"]",
        Kind::Wholes => "正整数的列表，如 [1, 3]",
        Kind::Decimals => "分数的列表，如 [\"689\", \"650\"]",
        Kind::Table(_) | Kind::Named(_) => "一张表（[…] 或 { … }）",
        Kind::Tables(_) => "表的列表（[[…]]）",
        Kind::Words(_) => "列表，如 [\"total\", \"lottery\"]",
    }
}

/// Says that a word is not known, which words are, and the one that was probably meant.
pub(super) fn not_known(what: &str, word: &str, which: &str, allowed: &[&str]) -> String {
    let list = allowed.join("、");
    match nearest(word, allowed.iter().copied()) {
        Some(meant) => format!("{what} {word}；{which}：{list}。是不是想写 {meant}？"),
        None => format!("{what} {word}；{which}：{list}"),
    }
}
