//! A season folder or workbook to a season: everything is read, and all faults are told at once.

use std::path::{Path, PathBuf};

use luqu_engine::domain::draft::{Rows, SpecialScoreRow, WishRow};
use luqu_engine::domain::wish_part::WishPart;
use luqu_engine::domain::{Draft, Fault, FaultCode, Season, Table, Text};
use luqu_engine::policy::{Policy, Refusal, RefusalKind};

use crate::error::Failure;

use super::csv_file;
use super::files;
use super::folder::{self, Candidate, Content, Inputs};
use super::frames::Sheet;
use super::layout::{Context, Found};
use super::located::{Located, Source, clipped, name_of};
use super::read::{MAX_FAULTS, TableRead, from_sheet};
use super::report;
use super::rows::TableRow;
use super::workbook::FileFault;

/// The largest policy file, in bytes.
const MAX_POLICY: u64 = 4 << 20;
/// The policy file of a season folder.
pub const POLICY_FILE: &str = "policy.toml";

/// What was read of a season.
#[derive(Debug)]
pub struct Loaded {
    /// The season, if nothing blocks it.
    pub season: Option<Season>,
    /// Every fault, warnings too, ordered by table, row and column.
    pub faults: Vec<Located>,
    /// Blocking faults beyond the 200,000 of a table, which are counted and not kept.
    pub omitted: u64,
    /// Warnings beyond as many, which are counted and not kept.
    pub omitted_warnings: u64,
    /// Where each table was read from.
    pub sources: Vec<Source>,
    /// The policy, if it could be read.
    pub policy: Option<Policy>,
    /// How many rows were read: schools, applicants, wishes.
    pub counts: Counts,
}

/// Rows read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Rows of `schools`.
    pub schools: usize,
    /// Rows of `applicants`.
    pub applicants: usize,
    /// Wishes, wide rows counted by wish.
    pub wishes: usize,
}

impl Loaded {
    /// Whether a fault stops the season.
    pub fn blocked(&self) -> bool {
        self.season.is_none()
    }

    /// How many faults block, those not kept included.
    pub fn errors(&self) -> u64 {
        self.faults.iter().filter(|f| f.blocks()).count() as u64 + self.omitted
    }

    /// How many faults only warn.
    pub fn warnings(&self) -> u64 {
        self.faults.iter().filter(|f| !f.blocks()).count() as u64 + self.omitted_warnings
    }
}

/// Reads the season at `path`: a folder with `policy.toml` and its tables, or an `.xlsx` beside a
/// `policy.toml`. `seed` replaces the policy's own.
///
/// # Errors
/// A path that does not exist or cannot be listed. What is wrong inside the files is no failure but
/// [`Loaded::faults`].
pub fn load(path: &Path, seed: Option<&str>) -> Result<Loaded, Failure> {
    load_for(Purpose::Placement, path, seed)
}

/// What a season is read for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Purpose {
    /// Everything that placement needs must be there.
    #[default]
    Placement,
    /// Quota seats are distributed in May, before there are applicants, wishes or cells.
    Distribution,
    /// A plan is drafted before all of them.
    Planning,
    /// Somebody's admissions are held against it, and the plan they used may be part of what is wrong.
    Audit,
}

impl Purpose {
    /// Before there are applicants.
    const fn is_early(self) -> bool {
        matches!(self, Self::Distribution | Self::Planning)
    }

    fn requires(self, table: Table) -> bool {
        let later = matches!(table, Table::Applicants | Table::Wishes);
        super::columns::table_required(table) && !(self.is_early() && later)
    }
}

/// Reads the season at `path` for a purpose.
///
/// # Errors
/// As [`load`].
pub fn load_for(purpose: Purpose, path: &Path, seed: Option<&str>) -> Result<Loaded, Failure> {
    load_found(purpose, folder::find(path)?, seed)
}

/// Reads a season that came in several folders: each table is taken from the last that has it. The policy lies in
/// `folder`; `seed` replaces its own.
///
/// # Errors
/// As [`load`].
pub fn load_layers(
    purpose: Purpose,
    folder: &Path,
    layers: &[PathBuf],
    seed: Option<&str>,
) -> Result<Loaded, Failure> {
    let mut all = Inputs { folder: folder.to_owned(), candidates: vec![], faults: vec![] };
    for layer in layers {
        let found = folder::find(layer)?;
        all.candidates.retain(|c| found.candidates.iter().all(|new| new.table != c.table));
        all.candidates.extend(found.candidates);
        all.faults.extend(found.faults);
    }
    load_found(purpose, all, seed)
}

fn load_found(purpose: Purpose, inputs: Inputs, seed: Option<&str>) -> Result<Loaded, Failure> {
    // A table may well be in a workbook that could not be read: it is not called missing.
    let complete = !inputs.faults.iter().any(Located::blocks);
    let mut gather = Gather { purpose, faults: inputs.faults, complete, ..Gather::default() };
    let policy = gather.policy(&inputs.folder.join(POLICY_FILE), seed);
    let context = Context::of(policy.as_ref());
    let draft = gather.tables(&inputs.candidates, &inputs.folder, &context);
    let counts = Counts {
        schools: draft.schools.rows.len(),
        applicants: draft.applicants.rows.len(),
        wishes: draft.packed_wishes.iter().map(WishPart::len).sum(),
    };
    let kept = policy.clone();
    let mut season = None;
    let structure = gather.faults.iter().any(|f| is_structural(f.fault.code));
    if let (Some(policy), false) = (policy, structure) {
        let checked = Season::check_keeping(MAX_FAULTS, policy, draft);
        season = checked.season;
        gather.omitted += checked.omitted_errors;
        gather.omitted_warnings += checked.omitted_warnings;
        gather.check_faults(checked.faults);
    }
    let Gather { mut faults, omitted, omitted_warnings, sources, .. } = gather;
    faults.sort_by(|a, b| place_key(a).cmp(&place_key(b)));
    if faults.iter().any(Located::blocks) {
        season = None;
    }
    Ok(Loaded { season, faults, omitted, omitted_warnings, sources, policy: kept, counts })
}

/// The policy of a season's folder alone, for what needs no season, and its faults.
pub(super) fn policy_of(folder: &Path, seed: Option<&str>) -> (Option<Policy>, Vec<Located>) {
    let mut gather = Gather::default();
    let policy = gather.policy(&folder.join(POLICY_FILE), seed);
    (policy, gather.faults)
}

/// Reads the season, tells its faults on stderr, and gives the season where none blocks.
///
/// # Errors
/// As [`load`].
pub fn season_or_report(path: &Path, seed: Option<&str>) -> Result<Option<Season>, Failure> {
    season_or_report_for(Purpose::Placement, path, seed)
}

/// [`season_or_report`] for a purpose.
///
/// # Errors
/// As [`load`].
pub fn season_or_report_for(
    purpose: Purpose,
    path: &Path,
    seed: Option<&str>,
) -> Result<Option<Season>, Failure> {
    let mut loaded = load_for(purpose, path, seed)?;
    let season = loaded.season.take();
    let mut err = anstream::stderr().lock();
    let shown = report::faults(&mut err, &loaded, report::DEFAULT_MOST)
        .and_then(|()| if season.is_none() { report::summary(&mut err, &loaded) } else { Ok(()) });
    // A closed stderr is nobody's fault.
    drop(shown);
    Ok(season)
}

/// Where a fault stands in the list.
fn place_key(f: &Located) -> (Table, Option<u32>, Option<u32>, &Option<String>, FaultCode) {
    (f.fault.table, f.fault.row, f.at, &f.fault.column, f.fault.code)
}

/// Faults after which rows, or columns of all rows, are missing: judging what hangs on them would
/// accuse the innocent.
pub(super) const fn is_structural(code: FaultCode) -> bool {
    matches!(
        code,
        FaultCode::MissingTable
            | FaultCode::UnsupportedFile
            | FaultCode::UnreadableFile
            | FaultCode::FileTooLarge
            | FaultCode::AmbiguousTable
            | FaultCode::BadEncoding
            | FaultCode::EmptyTable
            | FaultCode::MissingColumn
            | FaultCode::DuplicateColumn
            | FaultCode::OneColumn
            | FaultCode::PolicyUnreadable
            | FaultCode::PolicyRefused
    )
}

#[derive(Default)]
pub(super) struct Gather {
    pub(super) purpose: Purpose,
    pub(super) faults: Vec<Located>,
    pub(super) omitted: u64,
    pub(super) omitted_warnings: u64,
    pub(super) sources: Vec<Source>,
    /// Every workbook could be read, so that a table not found is not there.
    pub(super) complete: bool,
}

/// One table, read or not.
pub(super) struct Part<T: TableRow> {
    pub(super) present: bool,
    /// The English keys of the columns found.
    pub(super) columns: Vec<Text>,
    pub(super) rows: Vec<T::Item>,
    pub(super) faults: Vec<Located>,
    pub(super) omitted: u64,
    pub(super) source: Option<Source>,
}

impl Gather {
    pub(super) fn policy(&mut self, path: &Path, seed: Option<&str>) -> Option<Policy> {
        let file = name_of(path);
        let mut refuse = |code, found: &str, expected: &str, help: &str| {
            let fault = Fault::of_table(code, Table::Policy, expected).found(found).help(help);
            self.faults.push(Located::in_file(fault, file.clone()));
        };
        let length = match std::fs::metadata(path) {
            Ok(data) if data.is_file() => data.len(),
            _ => {
                refuse(
                    FaultCode::MissingTable,
                    "",
                    "文件夹中有政策文件 policy.toml",
                    "请放入政策文件；可用 luqu init 生成一份带说明的样例",
                );
                return None;
            }
        };
        if length > MAX_POLICY {
            refuse(FaultCode::FileTooLarge, "", "不超过 4 MB 的政策文件", "请核对文件");
            return None;
        }
        let text = match files::read_regular(path, MAX_POLICY).map(String::from_utf8) {
            Ok(Ok(text)) => text,
            Ok(Err(_)) => {
                refuse(FaultCode::BadEncoding, "", "UTF-8 文本", "请另存为 UTF-8");
                return None;
            }
            Err(error) => {
                refuse(FaultCode::UnreadableFile, &error.to_string(), "可读的文件", "请核对权限");
                return None;
            }
        };
        match Policy::load(&text, seed) {
            Ok(policy) => Some(policy),
            Err(refusals) => {
                let refused = |r| Located::in_file(refusal_fault(r), file.clone());
                self.faults.extend(refusals.into_iter().map(refused));
                None
            }
        }
    }

    pub(super) fn tables(
        &mut self,
        candidates: &[Candidate],
        folder: &Path,
        context: &Context,
    ) -> Draft {
        let of = |table: Table| -> Vec<&Candidate> {
            candidates.iter().filter(|c| c.table == table).collect()
        };
        let missing_in = self.complete.then_some(folder);
        let purpose = self.purpose;
        macro_rules! part {
            ($table:ident) => {
                read_table(
                    Table::$table,
                    &of(Table::$table),
                    missing_in.filter(|_| purpose.requires(Table::$table)),
                    context,
                )
            };
        }
        // All side by side, the longest taken up first.
        let (applicants, (wishes, short)) = rayon::join(
            || part!(Applicants),
            || {
                let short = || {
                    let quotas = part!(Quotas);
                    let (special, restrictions) = (part!(SpecialScores), part!(Restrictions));
                    let (schools, plan, graduates) =
                        (part!(Schools), part!(Plan), part!(Graduates));
                    (schools, plan, graduates, quotas, special, restrictions, part!(TieDecisions))
                };
                rayon::join(|| part!(Wishes), short)
            },
        );
        let (schools, plan, graduates, quotas, special, restrictions, ties) = short;
        let packed_wishes = self.note::<WishRow>(wishes).rows;
        let packed_special = self.note::<SpecialScoreRow>(special).rows;
        Draft {
            wishes: Rows::default(),
            special_scores: Rows::default(),
            packed_special,
            schools: self.take(schools),
            plan: self.take(plan),
            graduates: self.take(graduates),
            quotas: self.take(quotas),
            applicants: self.take(applicants),
            packed_wishes,
            restrictions: self.take(restrictions),
            tie_decisions: self.take(ties),
            undistributed: purpose.is_early(),
            judged: purpose == Purpose::Audit,
        }
    }

    pub(super) fn take<T: TableRow<Item = (u32, T)>>(&mut self, part: Part<T>) -> Rows<T> {
        let Part { present, columns, rows, .. } = self.note(part);
        Rows { present, columns, rows }
    }

    /// Notes what was found in a table, and where it was.
    fn note<T: TableRow>(&mut self, mut part: Part<T>) -> Part<T> {
        self.faults.append(&mut part.faults);
        self.omitted += part.omitted;
        self.sources.extend(part.source.take());
        part
    }

    /// Adds what the check found, without the cells already reported and without the echoes of keys that
    /// could not be read.
    pub(super) fn check_faults(&mut self, faults: Vec<Fault>) {
        let told: std::collections::BTreeSet<(Table, u32, String)> = self
            .faults
            .iter()
            .filter_map(|f| Some((f.fault.table, f.fault.row?, f.fault.column.clone()?)))
            .collect();
        let lost = Echoes::of(&self.faults, &faults);
        for fault in faults {
            if let (Some(row), Some(column)) = (fault.row, &fault.column)
                && told.contains(&(fault.table, row, column.clone()))
            {
                continue;
            }
            if lost.explain(&fault) {
                continue;
            }
            let located = match self.sources.iter().find(|s| s.table == fault.table) {
                Some(source) => source.locate(fault, None),
                None if fault.table == Table::Policy => Located::in_file(fault, POLICY_FILE),
                None => {
                    let file = format!("{}.csv", fault.table.key());
                    Located::in_file(fault, file)
                }
            };
            self.faults.push(located);
        }
    }
}

/// Codes called unknown only because the row that defines them could not be read. Each unread key may
/// explain one code; where more codes are unknown than keys unread, all are told.
struct Echoes {
    schools: bool,
    applicants: bool,
}

impl Echoes {
    fn of(read: &[Located], check: &[Fault]) -> Self {
        let unread = |table: Table, key: &str| {
            let at_key =
                |f: &&Located| f.fault.table == table && f.fault.column.as_deref() == Some(key);
            read.iter().filter(at_key).filter(|f| f.blocks()).count()
        };
        let unknown = |columns: &[&str]| {
            let codes: std::collections::BTreeSet<&str> =
                check.iter().filter(|f| is_unknown(f, columns)).map(|f| f.found.as_str()).collect();
            codes.len()
        };
        Self {
            schools: unknown(SCHOOL_KEYS) <= unread(Table::Schools, "school_id"),
            applicants: unknown(APPLICANT_KEYS) <= unread(Table::Applicants, "applicant_id"),
        }
    }

    fn explain(&self, fault: &Fault) -> bool {
        (self.schools && is_unknown(fault, SCHOOL_KEYS))
            || (self.applicants && is_unknown(fault, APPLICANT_KEYS))
    }
}

const SCHOOL_KEYS: &[&str] = &["school_id", "junior_id", "wish_"];
const APPLICANT_KEYS: &[&str] = &["applicant_id"];

fn is_unknown(fault: &Fault, columns: &[&str]) -> bool {
    let column = fault.column.as_deref().unwrap_or("");
    fault.code == FaultCode::UnknownCode && columns.iter().any(|c| column.starts_with(c))
}

fn refusal_fault(refusal: Refusal) -> Fault {
    let code = match refusal.kind {
        RefusalKind::Unreadable => FaultCode::PolicyUnreadable,
        _ => FaultCode::PolicyRefused,
    };
    let mut fault = Fault::of_table(code, Table::Policy, clipped(&refusal.message))
        .found(clipped(&refusal.path))
        .help(format!("{}{}", refusal.kind.why(), refusal.kind.example()));
    fault.row = refusal.line;
    fault.column = (!refusal.path.is_empty()).then_some(refusal.path);
    fault
}

pub(super) fn read_table<T: TableRow>(
    table: Table,
    candidates: &[&Candidate],
    missing_in: Option<&Path>,
    context: &Context,
) -> Part<T> {
    let mut part = Part {
        present: false,
        columns: Vec::new(),
        rows: Vec::new(),
        faults: Vec::new(),
        omitted: 0,
        source: None,
    };
    let candidate = match candidates {
        [] => {
            if let Some(folder) = missing_in {
                let fault = Fault::of_table(
                    FaultCode::MissingTable,
                    table,
                    format!("有 {}.csv，或工作簿中有“{}”表", table.key(), table.label()),
                )
                .help("请放入该表；可用 luqu init 生成模板");
                let mut located = Located::in_file(fault, name_of(folder));
                located.cell = format!("{}.csv", table.key());
                part.faults.push(located);
            }
            return part;
        }
        [one] => *one,
        [first, more @ ..] => {
            for other in more {
                let fault = Fault::of_table(
                    FaultCode::AmbiguousTable,
                    table,
                    format!("“{}”只有一份；另一份是 {}", table.label(), first.place()),
                )
                .help("请只留一份，程序不会代为选择");
                let (file, sheet) = (name_of(&other.path), other.sheet.as_deref());
                part.faults.push(Located::in_sheet(fault, file, sheet));
            }
            return part;
        }
    };
    let read: TableRead<T> = match &candidate.content {
        Content::Rows(book, at) => match book.sheets.get(*at) {
            Some(sheet) if sheet.rows.is_empty() && !super::columns::table_required(table) => {
                return part;
            }
            Some(sheet) => {
                part.faults.extend(unseen(table, candidate, sheet));
                from_sheet(sheet, &book.bytes, context)
            }
            None => return part,
        },
        Content::Csv => match csv_file::read(&candidate.path, context) {
            Ok(read) => read,
            Err(why) => {
                part.faults.push(Located::in_file(why.fault(table), name_of(&candidate.path)));
                return part;
            }
        },
    };
    let source = Source {
        table,
        path: candidate.path.clone(),
        sheet: candidate.sheet.clone(),
        header_row: read.header_row,
        places: read.places,
    };
    let located = |f: Found| source.locate(f.fault, f.at);
    part.faults.extend(read.finds.list.into_iter().map(located));
    part.omitted = read.finds.omitted;
    part.present = true;
    part.columns = read.columns;
    part.rows = read.rows;
    part.source = Some(source);
    part
}

/// What nobody sees who opens the workbook, the whole sheet or some of its rows: read, since it may well be meant, and
/// said.
fn unseen(table: Table, candidate: &Candidate, sheet: &Sheet) -> Vec<Located> {
    let fault = |code, expected: String, help: &str| {
        let fault = Fault::of_table(code, table, expected).help(help);
        Located::in_sheet(fault, name_of(&candidate.path), candidate.sheet.as_deref())
    };
    let hidden = sheet.hidden.then(|| {
        let expected = "读入的表都看得见；这张表被隐藏，打开工作簿时看不到它，程序照常读取";
        let help = "在 Excel 中右击工作表标签，选“取消隐藏”核对；不用的表请删去，或改名";
        fault(FaultCode::HiddenSheet, expected.to_owned(), help)
    });
    let rows = (sheet.hidden_rows > 0).then(|| {
        let rows = sheet.hidden_rows;
        let expected = format!("各行都看得见；有 {rows} 行被筛选或隐藏，程序照常读取");
        let help = "请在 Excel 中清除筛选、取消隐藏行后核对；不用的行请删去";
        fault(FaultCode::HiddenRows, expected, help)
    });
    hidden.into_iter().chain(rows).collect()
}

impl FileFault {
    /// The fault, of the table that the file was to hold.
    pub(super) fn fault(self, table: Table) -> Fault {
        Fault::of_table(self.code, table, self.expected).found(self.found).help(self.help)
    }
}
