//! What sections are formed from: the tables 选科 and 走班条件 of a season's folder or workbook, or files of their own.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::Path;

use luqu_engine::domain::{Fault, FaultCode, Table, Text};
use luqu_engine::policy::Policy;
use luqu_engine::sections::{Cap, Combination, Pupil, Resource, Subject};

use crate::error::Failure;

use super::audit_inputs::Reader;
use super::cell::{self, Raw, Unreadable};
use super::folder;
use super::layout::{Context, Record};
use super::load::{Part, policy_of};
use super::located::{Located, Source};
use super::rows::{Cell, Cells, TableRow, count};

/// The choices of one school.
#[derive(Clone, Debug, Default)]
pub struct SchoolChoices {
    /// Its pupils.
    pub pupils: Vec<Pupil>,
    /// Its rooms and teachers.
    pub caps: Vec<Cap>,
}

/// The choices as read, with every fault found; where one blocks they must not be used.
#[derive(Debug)]
pub struct LoadedChoices {
    /// The policy, unless it was refused.
    pub policy: Option<Policy>,
    /// The schools by code.
    pub schools: BTreeMap<Text, SchoolChoices>,
    /// The faults, warnings too.
    pub faults: Vec<Located>,
    /// Faults beyond those kept.
    pub omitted: u64,
}

impl LoadedChoices {
    /// Whether a fault blocks.
    pub fn blocked(&self) -> bool {
        self.omitted > 0 || self.faults.iter().any(Located::blocks)
    }
}

/// Reads policy, choices and capacity of the season at `path`; `choices` and `capacity` are files instead of its
/// tables. A capacity in a block outside `blocks` is a fault.
///
/// # Errors
/// A path that does not exist or cannot be listed, a file given that is neither CSV nor a workbook, no choices at all.
pub fn load_choices(
    path: &Path,
    [choices, capacity]: [Option<&Path>; 2],
    seed: Option<&str>,
    blocks: u8,
) -> Result<LoadedChoices, Failure> {
    let home = folder::find(path)?;
    let (policy, faults) = policy_of(&home.folder, seed);
    let context = Context::of(policy.as_ref());
    let mut reader = Reader { home: &home.candidates, context: &context, faults, omitted: 0 };
    let unread = home.faults.into_iter().filter(Located::blocks);
    reader.faults.extend(unread);
    let Some(chosen) = reader.table::<ChoiceRow>(choices)? else {
        if reader.faults.iter().any(Located::blocks) {
            let Reader { faults, omitted, .. } = reader;
            return Ok(LoadedChoices { policy, schools: BTreeMap::new(), faults, omitted });
        }
        return Err(Failure::NotFound(format!(
            "{} 中没有选科表：请放入 choices.csv（选科），或用 --choices 指明",
            path.display()
        )));
    };
    let limits = reader.table::<CapacityRow>(capacity)?;
    let mut schools = BTreeMap::new();
    reader.faults.extend(pupils(chosen, &mut schools));
    if let Some(limits) = limits {
        reader.faults.extend(caps(limits, blocks, &mut schools));
    }
    let Reader { faults, omitted, .. } = reader;
    Ok(LoadedChoices { policy, schools, faults, omitted })
}

/// Sorts the pupils by school; nobody may stand there twice.
fn pupils(part: Part<ChoiceRow>, schools: &mut BTreeMap<Text, SchoolChoices>) -> Vec<Located> {
    let mut first: BTreeMap<Text, u32> = BTreeMap::new();
    let mut faults = Vec::new();
    for (number, row) in part.rows {
        let ChoiceRow { school: Some(school), pupil: Some(pupil) } = row else { continue };
        if let Some(earlier) = first.get(&pupil.id) {
            let fault = Fault::at(FaultCode::DuplicateKey, Table::Choices, number, "applicant_id")
                .found(&pupil.id)
                .expected(format!("每名学生只有一行；第 {earlier} 行已有此人"))
                .help("请删去重复的一行");
            faults.extend(located(part.source.as_ref(), fault));
            continue;
        }
        first.insert(pupil.id.clone(), number);
        schools.entry(school).or_default().pupils.push(pupil);
    }
    faults
}

/// Sorts the limits by school. The same place twice, a school without choices and a block that the timetable does not
/// have are faults.
fn caps(
    part: Part<CapacityRow>,
    blocks: u8,
    schools: &mut BTreeMap<Text, SchoolChoices>,
) -> Vec<Located> {
    let mut first: BTreeMap<(Text, Option<Subject>, Option<u8>), u32> = BTreeMap::new();
    let mut faults = Vec::new();
    for (number, row) in part.rows {
        let at = |code, column| Fault::at(code, Table::Capacity, number, column);
        let Some(school) = row.school else { continue };
        if let Some(block) = row.block.filter(|b| *b > blocks) {
            let fault = at(FaultCode::OutOfRange, "block")
                .found(block)
                .expected(format!("1 至 {blocks}：课表有 {blocks} 个节段"))
                .help("请核对节段，或用 --blocks 增加节段");
            faults.extend(located(part.source.as_ref(), fault));
            continue;
        }
        let Some(known) = schools.get_mut(&school) else {
            let fault = at(FaultCode::UnknownCode, "school_id")
                .found(&school)
                .expected("选科表中有的学校代码")
                .help("请核对学校代码");
            faults.extend(located(part.source.as_ref(), fault));
            continue;
        };
        if let Some(earlier) = first.insert((school, row.subject, row.block), number) {
            let fault = at(FaultCode::DuplicateKey, "school_id")
                .expected(format!("同一学校、科目、节段只有一行；第 {earlier} 行已有"))
                .help("请删去重复的一行");
            faults.extend(located(part.source.as_ref(), fault));
            continue;
        }
        for (resource, most) in [(Resource::Rooms, row.rooms), (Resource::Teachers, row.teachers)] {
            let cap = |most| Cap { subject: row.subject, block: row.block, resource, most };
            known.caps.extend(most.map(cap));
        }
    }
    // In the order of the limits, not of the rows.
    schools.values_mut().for_each(|school| school.caps.sort_unstable());
    faults
}

fn located(source: Option<&Source>, fault: Fault) -> Option<Located> {
    source.map(|source| source.locate(fault, None))
}

/// A row of `choices`; nothing of it where a cell cannot be read.
struct ChoiceRow {
    school: Option<Text>,
    pupil: Option<Pupil>,
}

impl TableRow for ChoiceRow {
    type Item = (u32, Self);

    const TABLE: Table = Table::Choices;

    fn read<R: Record>(c: &mut Cells<'_, R>, out: &mut Vec<(u32, Self)>) {
        let school = c.required("school_id", cell::code);
        let class_no = c.required("class_no", cell::text);
        let id = c.required("applicant_id", cell::code);
        let name = c.required("name", cell::text);
        let combination = c.required("combination", combination);
        let pupil = (|| {
            let combination = combination?;
            Some(Pupil { id: id?, name: name?, class_no: class_no?, combination })
        })();
        out.push((c.row, Self { school, pupil }));
    }
}

fn combination(raw: Raw<'_>) -> Result<Combination, Unreadable> {
    const WANTED: &str = "物理、历史中一门，化学、生物、政治、地理中两门，如 物化生";
    cell::text(raw)?.parse().map_err(|_| cell::bad(WANTED))
}

/// A row of `capacity`.
struct CapacityRow {
    school: Option<Text>,
    subject: Option<Subject>,
    block: Option<u8>,
    rooms: Option<u32>,
    teachers: Option<u32>,
}

impl TableRow for CapacityRow {
    type Item = (u32, Self);

    const TABLE: Table = Table::Capacity;

    fn read<R: Record>(c: &mut Cells<'_, R>, out: &mut Vec<(u32, Self)>) {
        let school = c.required("school_id", cell::code);
        let subject = c.optional("subject", subject).value();
        let block = c.optional("block", block).value();
        let rooms = c.optional("rooms", count);
        let teachers = c.optional("teachers", count);
        let nothing = |cell: &Cell<u32>| matches!(cell, Cell::Absent | Cell::Blank);
        if nothing(&rooms) && nothing(&teachers) {
            c.blank("teachers");
        }
        let row = Self { school, subject, block, rooms: rooms.value(), teachers: teachers.value() };
        out.push((c.row, row));
    }
}

fn subject(raw: Raw<'_>) -> Result<Subject, Unreadable> {
    const WANTED: &str = "物理、历史、化学、生物、政治、地理；空白表示全部";
    Subject::named(&cell::text(raw)?).ok_or_else(|| cell::bad(WANTED))
}

fn block(raw: Raw<'_>) -> Result<u8, Unreadable> {
    const WANTED: &str = "1 至 6 的整数";
    const RANGE: RangeInclusive<u8> = 1..=6;
    let block = cell::whole(raw, WANTED)?;
    if RANGE.contains(&block) { Ok(block) } else { Err(cell::out_of_range(WANTED)) }
}
