//! What a school asks of its teaching sections: the combinations of its pupils and its rooms and teachers, read into
//! what the engine takes, or everything that is wrong with them.

use std::collections::{BTreeMap, BTreeSet};

use luqu_engine::domain::{Fault, FaultCode, Table, Text};
use luqu_engine::policy::Policy;
use luqu_engine::sections::{BLOCKS, Cap, Combination, Pupil, Resource, Subject, Terms};

use super::ActError;
use crate::store::Place;
use crate::tables::Located;

/// What is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SectionsAsked {
    /// 选科: everybody in the classes of the school, once.
    pub choices: Vec<Choice>,
    /// 走班条件: rooms and teachers, where there are not enough.
    pub capacity: Vec<Capacity>,
    /// Blocks of the timetable.
    pub blocks: u8,
    /// Fewer pupils to a section than the class size.
    pub limit: Option<u32>,
}

/// What a pupil has chosen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Choice {
    /// 报名号
    pub applicant: String,
    /// 选科组合
    pub combination: String,
}

/// How many rooms and teachers there are.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Capacity {
    /// Of a subject; of all together where absent.
    pub subject: Option<String>,
    /// In a block, from 1; in every block where absent.
    pub block: Option<u8>,
    /// 教室
    pub rooms: Option<u32>,
    /// 教师
    pub teachers: Option<u32>,
}

/// What is asked for as the engine takes it, pupils in the order of the places; or everything that is wrong with it.
pub(super) fn read(
    asked: &SectionsAsked,
    places: &[Place],
    policy: &Policy,
    seed: String,
) -> Result<(Vec<Pupil>, Terms), ActError> {
    let mut faults = Vec::new();
    let most = policy.class_cap();
    let limit = asked.limit.unwrap_or(most);
    if !(1..=most).contains(&limit) {
        let expected = format!("1 至 {most}：教学班不得高于班额上限");
        let fault = Fault::of_table(FaultCode::OutOfRange, Table::Capacity, expected).found(limit);
        faults.push(Located::in_file(fault.help("请降低人数上限"), "limit"));
    }
    if !BLOCKS.contains(&asked.blocks) {
        let expected = format!("{} 至 {}", BLOCKS.start(), BLOCKS.end());
        let fault = Fault::of_table(FaultCode::OutOfRange, Table::Capacity, expected);
        let fault = fault.found(asked.blocks).help("请核对课表的节段数");
        faults.push(Located::in_file(fault, "blocks"));
    }
    let (chosen, wrong) = combinations(&asked.choices, places);
    faults.extend(wrong.into_iter().map(|f| Located::in_file(f, "choices")));
    let (caps, wrong) = caps(&asked.capacity, asked.blocks);
    faults.extend(wrong.into_iter().map(|f| Located::in_file(f, "capacity")));
    if !faults.is_empty() {
        return Err(ActError::Faults(faults));
    }
    let pupil = |place: &Place| {
        Some(Pupil {
            id: place.applicant.as_str().into(),
            // For lists, which take it from the store.
            name: Text::from(""),
            class_no: place.class_no.to_string().into(),
            combination: *chosen.get(place.applicant.as_str())?,
        })
    };
    let pupils = places.iter().filter_map(pupil).collect();
    Ok((pupils, Terms { limit, blocks: asked.blocks, caps, seed }))
}

/// What everybody in the classes has chosen. Nobody else may be there, nobody twice, and nobody may be missing.
fn combinations<'a>(
    choices: &'a [Choice],
    places: &[Place],
) -> (BTreeMap<&'a str, Combination>, Vec<Fault>) {
    let seated: BTreeSet<&str> = places.iter().map(|p| p.applicant.as_str()).collect();
    let mut first: BTreeMap<&str, u32> = BTreeMap::new();
    let mut chosen = BTreeMap::new();
    let mut faults = Vec::new();
    for (row, Choice { applicant, combination }) in (1..).zip(choices) {
        let at = |code, column| Fault::at(code, Table::Choices, row, column);
        if !seated.contains(applicant.as_str()) {
            let fault = at(FaultCode::UnknownCode, "applicant_id").found(applicant);
            faults.push(
                fault.expected("该校行政班中学生的报名号").help("请核对报名号，或先编入班级"),
            );
        } else if let Some(earlier) = first.insert(applicant, row) {
            let fault = at(FaultCode::DuplicateKey, "applicant_id").found(applicant);
            let expected = format!("每名学生只有一行；第 {earlier} 行已有此人");
            faults.push(fault.expected(expected).help("请删去重复的一行"));
        }
        match combination.parse::<Combination>() {
            Ok(combination) => {
                chosen.insert(applicant.as_str(), combination);
            }
            Err(why) => {
                let fault = at(FaultCode::BadValue, "combination").found(combination);
                faults.push(fault.expected(why.to_string()).help("请核对选科组合"));
            }
        }
    }
    for place in places.iter().filter(|p| !first.contains_key(p.applicant.as_str())) {
        let expected = format!("{}班该生的选科组合", place.class_no);
        let fault = Fault::of_table(FaultCode::MissingValue, Table::Choices, expected);
        faults.push(fault.found(&place.applicant).help("请补上此人的选科"));
    }
    (chosen, faults)
}

/// The limits of capacity, in their own order. The same place twice and a block that the timetable does not have are
/// faults.
fn caps(capacity: &[Capacity], blocks: u8) -> (Vec<Cap>, Vec<Fault>) {
    let mut first: BTreeMap<(Option<Subject>, Option<u8>), u32> = BTreeMap::new();
    let mut caps = Vec::new();
    let mut faults = Vec::new();
    for (row, limit) in (1..).zip(capacity) {
        let at = |code, column| Fault::at(code, Table::Capacity, row, column);
        let subject = limit.subject.as_deref().map(str::trim).filter(|word| !word.is_empty());
        let named = subject.and_then(Subject::named);
        if let Some(word) = subject.filter(|_| named.is_none()) {
            let expected = "物理、历史、化学、生物、政治、地理；空白表示全部";
            let fault = at(FaultCode::BadValue, "subject").found(word).expected(expected);
            faults.push(fault.help("请核对科目"));
            continue;
        }
        if let Some(block) = limit.block.filter(|b| !(1..=blocks).contains(b)) {
            let expected = format!("1 至 {blocks}：课表有 {blocks} 个节段");
            let fault = at(FaultCode::OutOfRange, "block").found(block).expected(expected);
            faults.push(fault.help("请核对节段，或增加 blocks"));
            continue;
        }
        if let Some(earlier) = first.insert((named, limit.block), row) {
            let expected = format!("同一科目、节段只有一行；第 {earlier} 行已有");
            let fault = at(FaultCode::DuplicateKey, "subject").expected(expected);
            faults.push(fault.help("请删去重复的一行"));
            continue;
        }
        let given = [(Resource::Rooms, limit.rooms), (Resource::Teachers, limit.teachers)];
        if given.iter().all(|(_, most)| most.is_none()) {
            let fault = at(FaultCode::MissingValue, "teachers").expected("教室数或教师数");
            faults.push(fault.help("请至少填写一项，或删去此行"));
        }
        for (resource, most) in given {
            let cap = |most| Cap { subject: named, block: limit.block, resource, most };
            caps.extend(most.map(cap));
        }
    }
    caps.sort_unstable();
    (caps, faults)
}
