//! What lies in a season folder: which file or sheet holds which table.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use luqu_engine::domain::{Fault, FaultCode, Table};

use crate::error::Failure;

use super::columns::table_named;
use super::frames::{self, Sheet, Stream, Trouble};
use super::located::{Located, name_of};
use super::workbook::{self, FileFault};

/// Sheets and files beside the tables that nobody needs to be warned about: the template's own, the
/// inputs of the audit, the answers.
const COMPANIONS: &[&str] = &[
    "说明",
    "代码表",
    "错误清单",
    "admissions",
    "录取名单",
    "registry",
    "学籍",
    "classes",
    "行政班",
    "sections",
    "教学班",
    "placements",
    "cutoffs",
    "reasons",
    "violations",
];

/// A place that holds a table.
pub(super) struct Candidate {
    pub(super) table: Table,
    pub(super) path: PathBuf,
    pub(super) sheet: Option<String>,
    pub(super) content: Content,
}

impl Candidate {
    /// The place in words.
    pub(super) fn place(&self) -> String {
        match &self.sheet {
            Some(sheet) => format!("{} › {sheet}", name_of(&self.path)),
            None => name_of(&self.path),
        }
    }
}

/// How the rows are had.
pub(super) enum Content {
    /// Text, still to be read.
    Csv,
    /// A sheet of a workbook that was read, by its place among the sheets.
    Rows(Arc<Book>, usize),
}

/// The frames of a workbook, and where its sheets and rows are among them.
pub(super) struct Book {
    pub(super) bytes: Vec<u8>,
    pub(super) sheets: Vec<Sheet>,
}

impl Book {
    /// Reads the workbook at `path`.
    ///
    /// # Errors
    /// What the file is to blame for.
    pub(super) fn open(path: &Path) -> Result<Self, FileFault> {
        let bytes = workbook::frames(path)?;
        match frames::read(&bytes) {
            Stream::Sheets(sheets) => Ok(Self { bytes, sheets }),
            Stream::Fault(Trouble::Unreadable, words) => Err(workbook::unreadable(words)),
            Stream::Fault(Trouble::TooLarge, words) => Err(workbook::too_large(words)),
            Stream::Broken => Err(workbook::unreadable("解析中断")),
        }
    }
}

/// Everything found.
pub(super) struct Inputs {
    /// The folder of the season.
    pub(super) folder: PathBuf,
    pub(super) candidates: Vec<Candidate>,
    pub(super) faults: Vec<Located>,
}

/// Looks into the folder, or takes the one workbook.
pub(super) fn find(path: &Path) -> Result<Inputs, Failure> {
    let kind = std::fs::metadata(path).map_err(Failure::io(path))?;
    let mut inputs = Inputs { folder: path.to_owned(), candidates: vec![], faults: vec![] };
    if kind.is_file() {
        inputs.folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        if !is(path, "xlsx") && !is(path, "xls") {
            return Err(Failure::Usage(format!(
                "{}：请给出工作季文件夹，或其中的 .xlsx",
                path.display()
            )));
        }
        inputs.file(path.to_owned());
        return Ok(inputs);
    }
    let entries = std::fs::read_dir(path).map_err(Failure::io(path))?;
    let mut files = Vec::new();
    for entry in entries {
        let file = entry.map_err(Failure::io(path))?.path();
        let name = name_of(&file);
        // Lock files of spreadsheet programs and hidden files are not the clerk's.
        if file.is_file() && !name.starts_with('.') && !name.starts_with("~$") {
            files.push(file);
        }
    }
    files.sort();
    let books: Vec<&PathBuf> = files.iter().filter(|f| is(f, "xlsx")).collect();
    if let [first, more @ ..] = books.as_slice() {
        for other in more {
            let fault = Fault::of_table(
                FaultCode::AmbiguousTable,
                Table::Schools,
                format!("只有一个工作簿；另一个是 {}", name_of(first)),
            )
            .help("请只留一个 .xlsx，程序不会代为选择");
            inputs.faults.push(Located::in_file(fault, name_of(other)));
        }
        if !more.is_empty() {
            files.retain(|f| !is(f, "xlsx"));
        }
    }
    for file in files {
        inputs.file(file);
    }
    Ok(inputs)
}

/// A table in a file of its own: any CSV, or a workbook with a sheet of its name. The faults are those that
/// block.
///
/// # Errors
/// `Usage` for a file without the table, `Io`.
pub(super) fn find_in(file: &Path, table: Table) -> Result<Inputs, Failure> {
    if is(file, "csv") {
        std::fs::metadata(file).map_err(Failure::io(file))?;
        let path = file.to_owned();
        let candidates = vec![Candidate { table, path, sheet: None, content: Content::Csv }];
        return Ok(Inputs { folder: PathBuf::new(), candidates, faults: vec![] });
    }
    let mut found = find(file)?;
    found.faults.retain(Located::blocks);
    found.candidates.retain(|c| c.table == table);
    if found.candidates.is_empty() && found.faults.is_empty() {
        return Err(Failure::Usage(format!(
            "{} 中没有“{}”（{}）",
            file.display(),
            table.label(),
            table.key()
        )));
    }
    Ok(found)
}

fn is(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case(ending))
}

impl Inputs {
    fn file(&mut self, path: PathBuf) {
        if is(&path, "xls") {
            self.refuse(&path, workbook::old_format());
        } else if is(&path, "xlsx") {
            self.book(path);
        } else if is(&path, "csv") {
            let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned());
            let stem = stem.unwrap_or_default();
            match table_named(&stem) {
                Some(table) => self.candidates.push(Candidate {
                    table,
                    path,
                    sheet: None,
                    content: Content::Csv,
                }),
                None => self.unknown(&path, None, &stem),
            }
        }
    }

    /// A workbook that cannot be read is a fault of the season's first table: it might hold any.
    fn refuse(&mut self, path: &Path, why: FileFault) {
        self.faults.push(Located::in_file(why.fault(Table::Schools), name_of(path)));
    }

    fn book(&mut self, path: PathBuf) {
        let book = match Book::open(&path) {
            Ok(book) => Arc::new(book),
            Err(why) => return self.refuse(&path, why),
        };
        for (at, Sheet { name, known, .. }) in book.sheets.iter().enumerate() {
            match table_named(name).filter(|_| *known) {
                Some(table) => self.candidates.push(Candidate {
                    table,
                    path: path.clone(),
                    sheet: Some(name.clone()),
                    content: Content::Rows(Arc::clone(&book), at),
                }),
                None => self.unknown(&path, Some(name), name),
            }
        }
    }

    fn unknown(&mut self, path: &Path, sheet: Option<&str>, name: &str) {
        if COMPANIONS.iter().any(|c| c.eq_ignore_ascii_case(name)) {
            return;
        }
        let fault = Fault::of_table(FaultCode::UnknownTable, Table::Schools, "约定的表名")
            .found(name)
            .help("如需导入，请改用模板中的表名");
        self.faults.push(Located::in_sheet(fault, name_of(path), sheet));
    }
}
