//! The header of a table: which column of the file is which column of the contract.

use luqu_engine::domain::near::nearest;
use luqu_engine::domain::{Fault, FaultCode, Score, SubjectIx, Table, Text};
use luqu_engine::policy::Policy;

use super::cell::{self, Raw};
use super::columns::{BACK_LINK, Column, columns, normal_header, plain_header, wide_wish};
use super::located::clipped;

/// A fault with the column of the file it stands in, where the column's key does not say it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Found {
    pub(super) fault: Fault,
    /// From 0.
    pub(super) at: Option<u32>,
}

/// Faults as they are found, up to a bound; those beyond it are counted.
pub(super) struct Finds {
    pub(super) list: Vec<Found>,
    most: usize,
    pub(super) omitted: u64,
}

impl Finds {
    pub(super) const fn at_most(most: usize) -> Self {
        Self { list: Vec::new(), most, omitted: 0 }
    }

    pub(super) fn push(&mut self, found: Found) {
        if self.list.len() < self.most {
            self.list.push(found);
        } else {
            self.omitted += 1;
        }
    }

    /// How many more are kept.
    pub(super) const fn room(&self) -> usize {
        self.most - self.list.len()
    }

    /// Takes over what the next part of the table found.
    pub(super) fn append(&mut self, mut other: Self) {
        let over = other.list.len().saturating_sub(self.room());
        other.list.truncate(other.list.len() - over);
        self.list.append(&mut other.list);
        self.omitted += other.omitted + over as u64;
    }
}

impl From<Fault> for Found {
    fn from(fault: Fault) -> Self {
        Self { fault, at: None }
    }
}

/// A row of cells, by column of the file.
pub(super) trait Record {
    /// The number of cells, blank ones at the end included where the file has them.
    fn width(&self) -> usize;
    /// A cell; beyond the last it is blank.
    fn cell(&self, at: usize) -> Raw<'_>;

    /// One more than the place of the last cell that is not blank.
    fn filled_to(&self) -> usize {
        (0..self.width()).rev().find(|&at| self.cell(at) != Raw::Blank).map_or(0, |at| at + 1)
    }

    /// Whether every cell is blank.
    fn is_blank(&self) -> bool {
        (0..self.width()).all(|at| self.cell(at) == Raw::Blank)
    }
}

/// What the readers know of the policy.
#[derive(Default)]
pub(super) struct Context {
    /// Whether there is a policy; without one, no column is called unknown.
    known: bool,
    pub(super) subjects: Vec<SubjectColumn>,
    batches: Vec<(Text, String)>,
    categories: Vec<(Text, String)>,
    quota: Option<Text>,
    bonus_counts: bool,
}

/// A subject as a column of `applicants`.
pub(super) struct SubjectColumn {
    pub(super) id: Text,
    name: String,
    pub(super) max: Score,
    /// Whether the total is made of it.
    pub(super) in_total: bool,
}

impl SubjectColumn {
    fn is_named(&self, header: &str) -> bool {
        self.id.eq_ignore_ascii_case(header) || normal_header(&self.name) == header
    }
}

impl Context {
    /// What the policy says, or nothing where it was refused.
    pub(super) fn of(policy: Option<&Policy>) -> Self {
        let Some(policy) = policy else { return Self::default() };
        let parts = |at: usize| {
            policy.total.as_ref().is_some_and(|t| t.parts.contains(&SubjectIx::from(at)))
        };
        Self {
            known: true,
            subjects: policy
                .subjects
                .iter()
                .enumerate()
                .map(|(at, s)| SubjectColumn {
                    id: s.id.clone(),
                    name: s.name.clone(),
                    max: s.max,
                    in_total: parts(at),
                })
                .collect(),
            batches: policy.batches.iter().map(|b| (b.id.clone(), b.name.clone())).collect(),
            categories: policy.categories.iter().map(|c| (c.id.clone(), c.name.clone())).collect(),
            quota: policy.quota.as_ref().map(|q| policy.category(q.category).id.clone()),
            bonus_counts: policy.total.as_ref().is_some_and(|t| t.bonus_included),
        }
    }

    /// The id of the batch that a cell names by id or by name; other text stays for the check to refuse.
    pub(super) fn batch_id(&self, cell: Text) -> Text {
        id_of(&self.batches, cell)
    }

    /// The id of the category that a cell names by id or by name.
    pub(super) fn category_id(&self, cell: Text) -> Text {
        id_of(&self.categories, cell)
    }

    /// Whether seats of the category may be left blank, to be computed. Where the category cannot be
    /// known, nobody is accused of leaving them blank.
    pub(super) fn seats_may_be_blank(&self, category: Option<&Text>) -> bool {
        !self.known || category.is_none() || category == self.quota.as_ref()
    }

    /// Whether the total contains the bonus.
    pub(super) const fn bonus_counts(&self) -> bool {
        self.bonus_counts
    }
}

fn id_of(list: &[(Text, String)], cell: Text) -> Text {
    if list.iter().any(|(id, _)| *id == cell) {
        return cell;
    }
    match list.iter().find(|(_, name)| name.as_str() == cell.as_str()) {
        Some((id, _)) => id.clone(),
        None => cell,
    }
}

/// Whether a header, made normal, names a column of the table.
fn is_column(table: Table, header: &str, context: &Context) -> bool {
    columns(table).iter().any(|c| c.is_named(header))
        || (table == Table::Applicants && context.subjects.iter().any(|s| s.is_named(header)))
        || (table == Table::Wishes && wide_wish(header).is_some())
}

/// How many columns of the table a record names. A header names two at least; no other row does.
pub(super) fn named(table: Table, record: &impl Record, context: &Context) -> usize {
    let cells = (0..record.width().min(MOST_HEADERS)).map(|at| record.cell(at).to_string());
    cells.filter(|cell| is_column(table, &normal_header(cell), context)).count()
}

/// The most cells of a row that are looked at for column names, and the most columns of a table.
pub(super) const MOST_HEADERS: usize = 256;

/// The mark that would divide the one cell of a header into columns of the table, if there is one.
pub(super) fn crammed(table: Table, record: &impl Record, context: &Context) -> Option<char> {
    if record.filled_to() != 1 {
        return None;
    }
    let cell = match record.cell(0) {
        Raw::Text(text) => text,
        _ => return None,
    };
    let divides = |mark: &char| {
        let parts = cell.split(*mark).take(MOST_HEADERS);
        parts.filter(|p| is_column(table, &normal_header(p), context)).count() > 1
    };
    [',', ';', '\t', '，', '；', '、', '|'].into_iter().find(divides)
}

/// The columns of `wishes` that the wide wish columns stand for.
const PLACES_OF_A_WISH: [&str; 2] = ["position", "school_id"];

/// Where the columns of a table are in its file.
pub(super) struct Layout {
    pub(super) table: Table,
    /// The columns of the contract.
    pub(super) columns: &'static [Column],
    /// For each of them, its place in the file.
    pub(super) slots: Vec<Option<usize>>,
    /// For each subject of the policy, its place in the file.
    pub(super) subjects: Vec<Option<usize>>,
    /// The wide wish columns by number: `wish_N` and its place.
    pub(super) wide: Vec<(u16, usize)>,
    /// The headers of the file, as written.
    headers: Vec<String>,
    /// Whether the file is a workbook, whose columns people know by letter.
    pub(super) sheet: bool,
}

impl Layout {
    /// Finds the columns in the header `record` of row `row`.
    pub(super) fn read(
        table: Table,
        record: &impl Record,
        row: u32,
        sheet: bool,
        context: &Context,
        found: &mut Finds,
    ) -> Self {
        let columns = columns(table);
        let mut layout = Self {
            table,
            columns,
            slots: vec![None; columns.len()],
            subjects: vec![None; context.subjects.len()],
            wide: Vec::new(),
            headers: Vec::with_capacity(record.width()),
            sheet,
        };
        for at in 0..record.width() {
            let raw = record.cell(at);
            let written = raw.to_string();
            layout.place(at, &written, row, context, found);
            layout.headers.push(written);
        }
        layout.wide.sort_unstable();
        let meant = layout.meant(context);
        suggest(&meant, found);
        layout.refuse_both_forms(row, found);
        layout.require(row, context, &meant, found);
        layout
    }

    /// Reports columns of one wish a row beside columns of many: which of them hold the wishes is not for a
    /// program to say, and those not taken would be lost.
    fn refuse_both_forms(&self, row: u32, found: &mut Finds) {
        if !self.is_wide() {
            return;
        }
        for (column, slot) in self.columns.iter().zip(&self.slots) {
            let Some(at) = slot.filter(|_| PLACES_OF_A_WISH.contains(&column.key)) else {
                continue;
            };
            let fault = Fault::at(FaultCode::DuplicateColumn, self.table, row, column.key)
                .found(&self.headers[at])
                .expected("志愿每行一个（志愿序号、学校代码），或每列一个（志愿1、志愿2……）")
                .help("两种写法只留一种，请删去另一种的列；其中的志愿先并入留下的列");
            found.push(Found { fault, at: u32::try_from(at).ok() });
        }
    }

    /// For each header that names no column, the label of the column not found that it comes nearest to.
    fn meant<'a>(&self, context: &'a Context) -> Vec<Option<&'a str>> {
        let names = self.names_not_found(context);
        let headers = self.headers.iter().map(|h| normal_header(h));
        headers
            .map(|h| if is_column(self.table, &h, context) { None } else { nearest_of(&names, &h) })
            .collect()
    }

    /// The names of the columns not found, each with the label of its column.
    fn names_not_found<'a>(&self, context: &'a Context) -> Vec<(&'a str, &'a str)> {
        let missing = self.columns.iter().zip(&self.slots).filter(|(_, slot)| slot.is_none());
        let mut names: Vec<(&str, &str)> = missing
            .flat_map(|(c, _)| {
                let others = c.aliases.iter().copied();
                [c.key, c.label].into_iter().chain(others).map(|name| (name, c.label))
            })
            .collect();
        if self.table == Table::Applicants {
            let subjects = context.subjects.iter().zip(&self.subjects);
            let missing = subjects.filter(|(_, slot)| slot.is_none());
            names.extend(missing.flat_map(|(s, _)| [(&*s.id, &*s.name), (&*s.name, &*s.name)]));
        }
        names
    }

    fn place(&mut self, at: usize, written: &str, row: u32, context: &Context, found: &mut Finds) {
        let header = normal_header(written);
        if header.is_empty() || header == BACK_LINK {
            return;
        }
        let slot = if let Some(column) = self.columns.iter().position(|c| c.is_named(&header)) {
            Some((&mut self.slots[column], self.columns[column].key.to_owned()))
        } else if self.table == Table::Applicants {
            let subject = context.subjects.iter().position(|s| s.is_named(&header));
            subject.map(|s| (&mut self.subjects[s], context.subjects[s].id.to_string()))
        } else {
            None
        };
        let column = u32::try_from(at).ok();
        let mut report = |code, key: String, expected: String, help: &str| {
            let fault = Fault::at(code, self.table, row, key).found(written);
            found.push(Found { fault: fault.expected(expected).help(help), at: column });
        };
        if let Some((slot, key)) = slot {
            match slot {
                Some(_) => report(
                    FaultCode::DuplicateColumn,
                    key.clone(),
                    format!("只有一列表示 {key}"),
                    "请删去其中一列",
                ),
                None => *slot = Some(at),
            }
        } else if self.table == Table::Wishes
            && let Some(number) = wide_wish(&header)
        {
            if self.wide.iter().any(|(n, _)| *n == number) {
                report(
                    FaultCode::DuplicateColumn,
                    format!("wish_{number}"),
                    format!("只有一列表示第 {number} 志愿"),
                    "请删去其中一列",
                );
            } else {
                self.wide.push((number, at));
            }
        } else if context.known || self.table != Table::Applicants {
            report(
                FaultCode::UnknownColumn,
                clipped(&header),
                "约定的列名".to_owned(),
                "如需导入，请改用模板中的列名",
            );
        }
    }

    fn require(&self, row: u32, context: &Context, meant: &[Option<&str>], found: &mut Finds) {
        let wide = self.is_wide();
        let missing = |key: &str, label: &str| {
            // An unknown column that was probably meant is named where the missing one is.
            let near = self.headers.iter().zip(meant).find(|(_, meant)| **meant == Some(label));
            let help = match near {
                Some((near, _)) => {
                    format!("“{}”一列是不是“{label}”？如果是，请改表头", clipped(near))
                }
                None => "请补上该列，或把现有列的表头改为模板中的列名".to_owned(),
            };
            Fault::at(FaultCode::MissingColumn, self.table, row, key)
                .expected(format!("有一列“{label}”（{key}）"))
                .help(help)
        };
        for (column, slot) in self.columns.iter().zip(&self.slots) {
            let elsewhere = wide && PLACES_OF_A_WISH.contains(&column.key);
            if column.required && slot.is_none() && !elsewhere {
                found.push(missing(column.key, column.label).into());
            }
        }
        for (subject, slot) in context.subjects.iter().zip(&self.subjects) {
            if self.table == Table::Applicants && subject.in_total && slot.is_none() {
                found.push(missing(&subject.id, &subject.name).into());
            }
        }
    }

    /// Whether the wishes of a row stand beside each other.
    pub(super) fn is_wide(&self) -> bool {
        !self.wide.is_empty()
    }

    /// The English keys of the columns found, and where they are.
    pub(super) fn places(&self, context: &Context) -> Vec<(Text, u32)> {
        let known = self.columns.iter().zip(&self.slots).map(|(c, at)| (Text::from(c.key), *at));
        let subjects =
            context.subjects.iter().zip(&self.subjects).map(|(s, at)| (s.id.clone(), *at));
        let wide = self.wide.iter().map(|(n, at)| (Text::from(format!("wish_{n}")), Some(*at)));
        known
            .chain(subjects)
            .chain(wide)
            .filter_map(|(key, at)| Some((key, u32::try_from(at?).ok()?)))
            .collect()
    }

    /// How a person finds the column: ` E 列` in a workbook, with the space that Latin letters have around
    /// them, and `“证件号码”列` in text.
    pub(super) fn column_words(&self, at: usize) -> String {
        if self.sheet {
            format!(" {} 列", letters(at))
        } else {
            let header = self.headers.get(at).map_or("", |h| h.trim_matches(cell::is_space));
            format!("“{header}”列")
        }
    }

    /// The number of columns of the header.
    pub(super) const fn width(&self) -> usize {
        self.headers.len()
    }
}

/// Adds to the unknown columns what they were probably meant to be.
fn suggest(meant: &[Option<&str>], found: &mut Finds) {
    for Found { fault, at } in &mut found.list {
        let at = at.filter(|_| fault.code == FaultCode::UnknownColumn);
        if let Some(label) = at.and_then(|at| *meant.get(at as usize)?) {
            fault.help =
                format!("是不是“{label}”？如果是，请把表头改为“{label}”；程序不会代为认定");
        }
    }
}

/// The label of the name that a header comes nearest to.
fn nearest_of<'a>(names: &[(&'a str, &'a str)], header: &str) -> Option<&'a str> {
    let plain = plain_header(header);
    let same = |name: &str| normal_header(name) == plain;
    // A longer word that ends with the name, such as 考生总分; one letter would end too many.
    let inside = |name: &str| name.chars().count() > 1 && plain.ends_with(&normal_header(name));
    let found = names.iter().find(|(name, _)| same(name));
    let found = found.or_else(|| names.iter().find(|(name, _)| inside(name)));
    let found = found.or_else(|| {
        let near = nearest(&plain, names.iter().map(|(name, _)| *name))?;
        names.iter().find(|(name, _)| *name == near)
    });
    found.map(|(_, label)| *label)
}

/// The letters by which a spreadsheet calls the column at `at`, from 0: `A`, `Z`, `AA`.
pub(super) fn letters(at: usize) -> String {
    let mut name = Vec::new();
    let mut rest = at + 1;
    while rest > 0 {
        rest -= 1;
        name.push(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"[rest % 26]);
        rest /= 26;
    }
    name.iter().rev().map(|&b| char::from(b)).collect()
}

#[cfg(test)]
mod tests {
    use super::letters;

    #[test]
    fn letters_are_those_of_the_spreadsheet() {
        for (at, name) in
            [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA"), (16_383, "XFD")]
        {
            assert_eq!(letters(at), name);
        }
    }
}
