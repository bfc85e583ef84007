//! The rows of every table, from cells to the draft. The columns are taken in the order of `columns`.

use luqu_engine::domain::draft::{
    ApplicantRow, GraduatesRow, PlanRow, QuotaRow, RestrictionRow, SchoolRow, SpecialScoreRow,
    TieDecisionRow, WishRow,
};
use luqu_engine::domain::special_part::{SpecialCodes, SpecialPart};
use luqu_engine::domain::wish_part::{Applicants, Code, Codes, WishCodes, WishPart};
use luqu_engine::domain::{
    Evaluation, Fault, FaultCode, Gender, Ownership, Restriction, Score, Stage, Table, Text, Tier,
};

use super::cell::{self, Help, Raw, Unreadable};
use super::layout::{Context, Finds, Layout, Record};

/// A row of a table of the season.
pub(super) trait TableRow: Sized {
    /// The table.
    const TABLE: Table;
    /// What a list of rows is made of: the row with its number, or a part with many.
    type Item: Send + Sync;

    /// Reads the row; a wide row of wishes makes several.
    fn read<R: Record>(cells: &mut Cells<'_, R>, out: &mut Vec<Self::Item>);

    /// A list with room for about so many rows.
    fn room(rows: usize) -> Vec<Self::Item> {
        Vec::with_capacity(rows)
    }
}

/// The cells of one row. Takes the columns one after the other and reports what cannot be read.
pub(super) struct Cells<'a, R> {
    pub(super) record: &'a R,
    pub(super) row: u32,
    pub(super) layout: &'a Layout,
    pub(super) context: &'a Context,
    pub(super) found: &'a mut Finds,
    /// The next column.
    pub(super) next: usize,
}

/// A cell that was read.
pub(super) enum Cell<T> {
    /// The file does not have the column.
    Absent,
    Blank,
    Unreadable,
    Value(T),
}

impl<T> Cell<T> {
    pub(super) fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            _ => None,
        }
    }
}

impl<R: Record> Cells<'_, R> {
    /// The next column, which is `key`: its cell, reported if it cannot be read.
    pub(super) fn optional<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(Raw<'_>) -> Result<T, Unreadable>,
    ) -> Cell<T> {
        let at = self.next;
        self.next += 1;
        debug_assert_eq!(self.layout.columns.get(at).map(|c| c.key), Some(key));
        match self.layout.slots.get(at).copied().flatten() {
            Some(slot) => self.at_slot(slot, key, read),
            None => Cell::Absent,
        }
    }

    fn at_slot<T>(
        &mut self,
        slot: usize,
        key: &str,
        read: impl FnOnce(Raw<'_>) -> Result<T, Unreadable>,
    ) -> Cell<T> {
        let raw = self.record.cell(slot);
        match raw {
            Raw::Blank => return Cell::Blank,
            Raw::Error(_) => {
                self.report(
                    Fault::at(FaultCode::BadValue, self.layout.table, self.row, key)
                        .found(raw)
                        .expected("一个值，而不是公式的错误结果")
                        .help("请改正公式，或改填数值"),
                );
                return Cell::Unreadable;
            }
            Raw::Formula => {
                self.report(
                    Fault::at(FaultCode::UncomputedFormula, self.layout.table, self.row, key)
                        .expected("一个值；写出这个文件的程序没有算出公式的结果")
                        .help("请在 Excel 或 WPS 中打开并保存，或把公式粘贴为数值"),
                );
                return Cell::Unreadable;
            }
            _ => {}
        }
        match read(raw) {
            Ok(value) => Cell::Value(value),
            Err(why) => {
                let help = match why.help {
                    Help::Say(words) => words.to_owned(),
                    Help::MakeText => format!(
                        "在 Excel 中把{}设为“文本”后重新粘贴",
                        self.layout.column_words(slot)
                    ),
                };
                self.report(
                    Fault::at(why.code, self.layout.table, self.row, key)
                        .found(raw)
                        .expected(why.expected)
                        .help(help),
                );
                Cell::Unreadable
            }
        }
    }

    /// The next column, whose cells must be filled where the file has the column.
    pub(super) fn required<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(Raw<'_>) -> Result<T, Unreadable>,
    ) -> Option<T> {
        let cell = self.optional(key, read);
        if matches!(cell, Cell::Blank) {
            self.blank(key);
        }
        cell.value()
    }

    pub(super) fn blank(&mut self, key: &str) {
        let label =
            self.layout.columns.iter().find(|c| c.key == key).map_or(key, |c| c.label).to_owned();
        self.report(
            Fault::at(FaultCode::MissingValue, self.layout.table, self.row, key)
                .expected(format!("“{label}”不能空白"))
                .help("请补填"),
        );
    }

    pub(super) fn report(&mut self, fault: Fault) {
        self.found.push(fault.into());
    }

    pub(super) fn batch(&mut self) -> Option<Text> {
        let context = self.context;
        self.required("batch", |raw| cell::code(raw).map(|t| context.batch_id(t)))
    }

    pub(super) fn category(&mut self) -> Option<Text> {
        let context = self.context;
        self.required("category", |raw| cell::code(raw).map(|t| context.category_id(t)))
    }
}

/// More than any table of a season counts of anything.
const MOST: u32 = 10_000_000;

pub(super) fn count(raw: Raw<'_>) -> Result<u32, Unreadable> {
    const WANTED: &str = "0 至 10000000 的整数";
    cell::whole(raw, WANTED)
        .and_then(|n| if n > MOST { Err(cell::out_of_range(WANTED)) } else { Ok(n) })
}

impl TableRow for SchoolRow {
    type Item = (u32, Self);

    const TABLE: Table = Table::Schools;

    fn read<R: Record>(c: &mut Cells<'_, R>, out: &mut Vec<(u32, Self)>) {
        let row = Self {
            school_id: c.required("school_id", cell::code),
            name: c.required("name", cell::text),
            stage: c.required("stage", |r| cell::choice(r, Stage::ALL)),
            ownership: c.optional("ownership", |r| cell::choice(r, Ownership::ALL)).value(),
            tier: c.optional("tier", |r| cell::choice(r, Tier::ALL)).value(),
            region: c.required("region", cell::text),
            is_new: c.optional("is_new", cell::yes_no).value(),
            enrolled: c.optional("enrolled", count).value(),
            group: c.optional("group", cell::text).value(),
            boarding_places: c.optional("boarding_places", count).value(),
        };
        out.push((c.row, row));
    }
}

impl TableRow for PlanRow {
    type Item = (u32, Self);

    const TABLE: Table = Table::Plan;

    fn read<R: Record>(c: &mut Cells<'_, R>, out: &mut Vec<(u32, Self)>) {
        let school_id = c.required("school_id", cell::code);
        let batch = c.batch();
        let category = c.category();
        let seats = c.optional("seats", count);
        let seats_blank = matches!(seats, Cell::Blank);
        if seats_blank && !c.context.seats_may_be_blank(category.as_ref()) {
            c.blank("seats");
        }
        let row = Self {
            school_id,
            batch,
            category,
            seats: seats.value(),
            seats_blank,
            classes: c.optional("classes", count).value(),
            quota_share: c.optional("quota_share", cell::share).value(),
            region_scope: c.optional("region_scope", cell::text).value(),
            // A blank document is no mere omission: the check reports it as admission without a plan.
            document: c.optional("document", cell::text).value(),
        };
        out.push((c.row, row));
    }
}

impl TableRow for GraduatesRow {
    type Item = (u32, Self);

    const TABLE: Table = Table::Graduates;

    fn read<R: Record>(c: &mut Cells<'_, R>, out: &mut Vec<(u32, Self)>) {
        let row = Self {
            junior_id: c.required("junior_id", cell::code),
            graduates: c.required("graduates", count),
            eligible: c.required("eligible", count),
            tilt: c.optional("tilt", cell::yes_no).value(),
            boarding: c.optional("boarding", cell::yes_no).value(),
        };
        out.push((c.row, row));
    }
}

impl TableRow for QuotaRow {
    type Item = (u32, Self);

    const TABLE: Table = Table::Quotas;

    fn read<R: Record>(c: &mut Cells<'_, R>, out: &mut Vec<(u32, Self)>) {
        let row = Self {
            school_id: c.required("school_id", cell::code),
            batch: c.batch(),
            junior_id: c.required("junior_id", cell::code),
            seats: c.required("seats", count),
            reason: c.optional("reason", cell::text).value(),
            document: c.optional("document", cell::text).value(),
        };
        out.push((c.row, row));
    }
}

impl TableRow for ApplicantRow {
    type Item = (u32, Self);

    const TABLE: Table = Table::Applicants;

    fn read<R: Record>(c: &mut Cells<'_, R>, out: &mut Vec<(u32, Self)>) {
        let mut row = Self {
            applicant_id: c.required("applicant_id", cell::code),
            name: c.required("name", cell::text),
            gender: c.optional("gender", |r| cell::choice(r, Gender::ALL)).value(),
            id_number: c.optional("id_number", cell::id_number).value(),
            registry_no: c.optional("registry_no", cell::code).value(),
            junior_id: c.required("junior_id", cell::code),
            region: c.required("region", cell::text),
            fresh: c.optional("fresh", cell::yes_no).value(),
            junior_since: c.optional("junior_since", cell::month).value(),
            attended: c.optional("attended", cell::yes_no).value(),
            ..Self::default()
        };
        let bonus = c.optional("bonus", |r| cell::score(r, None));
        row.sum_unknown = c.context.bonus_counts() && matches!(bonus, Cell::Unreadable);
        row.bonus = bonus.value();
        row.total = c.required("total", |r| cell::score(r, None));
        row.evaluation = c.optional("evaluation", |r| cell::choice(r, Evaluation::ALL)).value();
        row.tie_class = c.optional("tie_class", |r| cell::whole(r, "整数")).value();
        subjects(c, &mut row);
        out.push((c.row, row));
    }
}

/// The subject columns. A subject that the total is made of must have a score for the total to be judged.
fn subjects<R: Record>(c: &mut Cells<'_, R>, row: &mut ApplicantRow) {
    let context = c.context;
    row.scores.reserve_exact(context.subjects.len());
    for (subject, slot) in context.subjects.iter().zip(&c.layout.subjects) {
        let score: Cell<Score> = match *slot {
            Some(slot) => c.at_slot(slot, &subject.id, |r| cell::score(r, Some(subject.max))),
            None => Cell::Absent,
        };
        if subject.in_total {
            if matches!(score, Cell::Blank) {
                c.report(
                    Fault::at(FaultCode::MissingValue, Table::Applicants, c.row, &*subject.id)
                        .expected("计入总分的科目不能空白")
                        .help("请补填；缺考填 0"),
                );
            }
            row.sum_unknown |= !matches!(score, Cell::Value(_));
        }
        row.scores.push(score.value());
    }
}

impl TableRow for WishRow {
    type Item = WishPart;

    const TABLE: Table = Table::Wishes;

    fn read<R: Record>(c: &mut Cells<'_, R>, out: &mut Vec<WishPart>) {
        if !out.last().is_some_and(WishPart::has_room) {
            out.push(WishPart::default());
        }
        let Some(part) = out.last_mut() else { return };
        let (layout, context) = (c.layout, c.context);
        let applicants = &mut part.applicants;
        let applicant_id = c.required("applicant_id", |raw| known(applicants, raw));
        let batches = &mut part.batches;
        let batch = c.required("batch", |raw| {
            seen(batches, raw, |raw| cell::code(raw).map(|t| context.batch_id(t)))
        });
        let position = |r: Raw<'_>| {
            cell::whole::<u16>(r, POSITIONS)
                .and_then(|n| if n == 0 { Err(cell::out_of_range(POSITIONS)) } else { Ok(n) })
        };
        let schools = &mut part.schools;
        let school = |raw: Raw<'_>| seen(schools, raw, cell::code);
        // A header with the columns of both forms is refused; the cells are read all the same, for their faults.
        let (position, school_id) = if layout.is_wide() {
            (c.optional("position", position).value(), c.optional("school_id", school).value())
        } else {
            (c.required("position", position), c.required("school_id", school))
        };
        let categories = &mut part.categories;
        let category = c
            .optional("category", |raw| {
                seen(categories, raw, |raw| cell::code(raw).map(|t| context.category_id(t)))
            })
            .value();
        let adjust = c.optional("adjust", cell::yes_no).value();
        let row =
            WishCodes { applicant_id, batch, position, school_id, category, adjust, wide: false };
        if !layout.is_wide() {
            part.push(c.row, row);
            return;
        }
        for &(number, slot) in &layout.wide {
            if c.record.cell(slot) == Raw::Blank {
                continue;
            }
            let schools = &mut part.schools;
            let school = |raw: Raw<'_>| seen(schools, raw, cell::code);
            let school_id = c.at_slot(slot, &format!("wish_{number}"), school).value();
            part.push(c.row, WishCodes { position: Some(number), school_id, wide: true, ..row });
        }
    }

    fn room(rows: usize) -> Vec<WishPart> {
        vec![WishPart::with_room(rows)]
    }
}

/// The place of a cell's code. Text that is a code seen before needs no second look: reading leaves the
/// codes that it gives as they are.
fn seen(
    codes: &mut Codes,
    raw: Raw<'_>,
    read: impl FnOnce(Raw<'_>) -> Result<Text, Unreadable>,
) -> Result<Code, Unreadable> {
    match text_of(raw).and_then(|text| codes.find(text)) {
        Some(code) => Ok(code),
        None => read(raw).map(|text| codes.add(text)),
    }
}

/// The place of a cell's applicant. The last one's id needs no second look.
fn known(applicants: &mut Applicants, raw: Raw<'_>) -> Result<Code, Unreadable> {
    match text_of(raw).and_then(|id| applicants.find(id)) {
        Some(code) => Ok(code),
        None => cell::code(raw).map(|id| applicants.add(id)),
    }
}

fn text_of(raw: Raw<'_>) -> Option<&str> {
    match raw {
        Raw::Text(text) => Some(text),
        _ => None,
    }
}

const POSITIONS: &str = "1 至 65535 的整数";

impl TableRow for SpecialScoreRow {
    type Item = SpecialPart;

    const TABLE: Table = Table::SpecialScores;

    fn read<R: Record>(c: &mut Cells<'_, R>, out: &mut Vec<SpecialPart>) {
        if !out.last().is_some_and(SpecialPart::has_room) {
            out.push(SpecialPart::default());
        }
        let Some(part) = out.last_mut() else { return };
        let context = c.context;
        let applicants = &mut part.applicants;
        let applicant_id = c.required("applicant_id", |raw| known(applicants, raw));
        let categories = &mut part.categories;
        let category = c.required("category", |raw| {
            seen(categories, raw, |raw| cell::code(raw).map(|t| context.category_id(t)))
        });
        let schools = &mut part.schools;
        let school_id = c.optional("school_id", |raw| seen(schools, raw, cell::code)).value();
        let score = c.required("score", |r| cell::score(r, None));
        let qualified = c.required("qualified", cell::yes_no);
        let dates = &mut part.dates;
        let test_date = c.optional("test_date", |raw| cell::date(raw).map(|d| dates.add(d)));
        let test_date = test_date.value();
        let codes = SpecialCodes { applicant_id, category, school_id, score, qualified, test_date };
        part.push(c.row, codes);
    }

    fn room(_: usize) -> Vec<SpecialPart> {
        Vec::new()
    }
}

impl TableRow for RestrictionRow {
    type Item = (u32, Self);

    const TABLE: Table = Table::Restrictions;

    fn read<R: Record>(c: &mut Cells<'_, R>, out: &mut Vec<(u32, Self)>) {
        let row = Self {
            applicant_id: c.required("applicant_id", cell::code),
            kind: c.required("kind", |r| cell::choice(r, Restriction::ALL)),
            reason: c.required("reason", cell::text),
            document: c.optional("document", cell::text).value(),
        };
        out.push((c.row, row));
    }
}

impl TableRow for TieDecisionRow {
    type Item = (u32, Self);

    const TABLE: Table = Table::TieDecisions;

    fn read<R: Record>(c: &mut Cells<'_, R>, out: &mut Vec<(u32, Self)>) {
        let row = Self {
            batch: c.batch(),
            applicant_id: c.required("applicant_id", cell::code),
            order: c.required("order", count),
            document: c.required("document", cell::text),
        };
        out.push((c.row, row));
    }
}
