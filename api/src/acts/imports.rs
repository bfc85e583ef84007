//! Imports: a file is staged with all its faults at their cells, committed, undone. Nothing is half imported.
//!
//! The tables of a season before it is frozen are a fold: each table as the last committed file that has it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};

use luqu_engine::domain::{Draft, Season, Table};
use luqu_engine::policy::Policy;
use serde_json::{Value, json};
use tempfile::TempDir;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::memory::away;
use super::plan::must_be_unfrozen;
use super::turns::READING;
use super::{ActError, Actor, Office, digest, now};
use crate::error::Failure;
use crate::ledger::Event;
use crate::store::{Import, ImportStatus, Look, NewImport, Role, Window};
use crate::tables::load::{Loaded, POLICY_FILE, Purpose, load_layers};
use crate::tables::located::echoed;
use crate::tables::{annotate, season_csv, template};

/// The most lines of the CSV files of one upload: the reader holds every row in memory, and the server has others to
/// serve. A district of 100,000 has 700,000 in all its tables.
const MOST_LINES: usize = 2_000_000;

/// What is frozen with the plan is neither imported nor taken back any more.
const FROZEN: &str =
    "招生计划已经冻结，学校、初中毕业生、招生计划、指标分配不再导入或撤销；请只上传其余的表";

/// In the summary of an import: whether it holds what is frozen with the plan.
const OF_PLAN: &str = "of_plan";

/// A file as it was brought.
#[derive(Clone, Debug)]
pub struct Upload {
    /// Its name, with its ending: `.csv` or `.xlsx`.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// An import as it was read.
#[derive(Debug)]
pub struct ReadImport {
    /// Its number.
    pub id: i64,
    /// What became of it: refused where faults block it.
    pub status: ImportStatus,
    /// What was found, faults at their cells.
    pub loaded: Loaded,
}

impl Office {
    /// Reads files against what is committed so far. They are kept, sealed: to be committed where nothing blocks, else
    /// to be given back with their faults.
    ///
    /// # Errors
    /// No permission; the applicants are written; a table that was frozen with the plan; names that are none, or twice
    /// the same.
    pub async fn stage(
        &self,
        actor: &Actor,
        season: &str,
        uploads: Vec<Upload>,
    ) -> Result<ReadImport, ActError> {
        actor.must_be(&[Role::Clerk, Role::Reviewer, Role::Machine])?;
        self.must_be_kept(season).await?;
        must_be_unopened(&self.store.read().windows(season).await?)?;
        must_be_readable(&uploads)?;
        let packed = pack(&uploads)?;
        let mut layers = self.layers(season, None).await?;
        let brought = layers.add(&packed)?;
        let (_, loaded) = layers.load(Purpose::Distribution).await?;
        let read: Vec<Table> = loaded
            .sources
            .iter()
            .filter(|s| s.path.starts_with(&brought))
            .map(|s| s.table)
            .collect();
        let of_plan = read.iter().any(|table| season_csv::is_of_plan(*table));
        if of_plan {
            must_be_unfrozen(&self.store.read().decisions(season).await?, FROZEN)?;
        }
        if !loaded.blocked() && read.is_empty() {
            let words = "上传的文件中没有认得的表，没有可导入的内容；请用模板中的表名作文件名或工作表名，如 applicants.csv（考生）";
            return Err(ActError::Conflict(words.to_owned()));
        }
        let names: Vec<&str> = uploads.iter().map(|u| u.name.as_str()).collect();
        let summary = json!({
            "schools": loaded.counts.schools,
            "applicants": loaded.counts.applicants,
            "wishes": loaded.counts.wishes,
            "warnings": loaded.warnings(),
            OF_PLAN: of_plan,
        });
        let status = if loaded.blocked() { ImportStatus::Refused } else { ImportStatus::Staged };
        let sealed = self.keys.seal(&place(season), &packed)?;
        let tx = self.write_kept(season).await?;
        let id = tx
            .stage(NewImport {
                season,
                status,
                file_name: &names.join(", "),
                digest: &digest(&packed),
                content: sealed,
                summary: &summary.to_string(),
                by: &actor.name,
                at: now(),
            })
            .await?;
        tx.commit().await?;
        Ok(ReadImport { id, status, loaded })
    }

    /// Reads an import once more: a committed one against what was committed before it, another against all that is.
    ///
    /// # Errors
    /// There is none, or its content is gone; no permission.
    pub async fn read_import(
        &self,
        actor: &Actor,
        season: &str,
        id: i64,
    ) -> Result<ReadImport, ActError> {
        const READERS: [Role; 4] = [Role::Clerk, Role::Reviewer, Role::Regulator, Role::Machine];
        actor.must_be(&READERS)?;
        let (import, layers) = self.import_layers(season, id).await?;
        let (_, loaded) = layers.load(Purpose::Distribution).await?;
        Ok(ReadImport { id, status: import.status, loaded })
    }

    /// The clerk's own tables of an import as a workbook with its faults marked. It holds what the files held, id
    /// numbers too, so that it is for the office alone, until the import is committed, and that somebody took it is logged.
    ///
    /// # Errors
    /// There is none, its content is gone, or it is in force; no permission.
    pub async fn annotated_import(
        &self,
        actor: &Actor,
        season: &str,
        id: i64,
    ) -> Result<Vec<u8>, ActError> {
        actor.must_be(&[Role::Clerk, Role::Reviewer])?;
        let (import, layers) = self.import_layers(season, id).await?;
        if import.status == ImportStatus::Committed {
            let words = "该批导入已经提交，标注工作簿只供提交之前核对；须更正的，请先撤销";
            return Err(ActError::Conflict(words.to_owned()));
        }
        let book = layers.annotated().await?;
        let look = Look {
            at: now(),
            account: actor.name.clone(),
            action: "annotated_import".to_owned(),
            subject: format!("{season}/{id}"),
            reason: "核对导入".to_owned(),
        };
        let tx = self.store.jot().await?;
        tx.record_look(&look).await?;
        tx.commit().await?;
        Ok(book)
    }

    /// The workbook to fill in for a season, empty: one sheet for every table, with its columns, lists and notes.
    ///
    /// # Errors
    /// There is no such season; no permission.
    pub async fn template(&self, actor: &Actor, season: &str) -> Result<Vec<u8>, ActError> {
        actor.must_be(&[Role::Clerk, Role::Reviewer, Role::Machine])?;
        let (_, policy) = self.season_row(season).await?;
        Ok(away(move || template::workbook(&policy, &Draft::default())).await??)
    }

    /// An import, and its files over those that it is read against.
    async fn import_layers(&self, season: &str, id: i64) -> Result<(Import, Layers), ActError> {
        let import = find(self.store.read().imports(season).await?, id)?;
        let Some(sealed) = self.store.read().import_content(season, id).await? else {
            return Err(ActError::Conflict("该批导入已经撤销，内容不再保存".to_owned()));
        };
        let mut layers = self.layers(season, Some(id)).await?;
        layers.add(&self.opened(season, id, &sealed)?)?;
        Ok((import, layers))
    }

    /// Puts a staged import into force.
    ///
    /// # Errors
    /// It is not staged; the season has gone on; no permission.
    pub async fn commit_import(
        &self,
        actor: &Actor,
        season: &str,
        id: i64,
    ) -> Result<(), ActError> {
        actor.must_be(&[Role::Clerk, Role::Reviewer])?;
        let tx = self.write_kept(season).await?;
        let import = find(tx.imports(season).await?, id)?;
        must_be_unopened(&tx.windows(season).await?)?;
        if is_of_plan(&import) {
            must_be_unfrozen(&tx.decisions(season).await?, FROZEN)?;
        }
        if !tx.commit_import(season, id, now()).await? {
            return Err(ActError::Conflict("该批导入不在待提交状态".to_owned()));
        }
        let event = Event::new("import_committed", &actor.name, season, json!({"import": id}));
        self.record(&tx, event).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Takes an import back: the tables are again what the others say.
    ///
    /// # Errors
    /// It was taken back before, or refused; the season has gone on; no permission.
    pub async fn undo_import(&self, actor: &Actor, season: &str, id: i64) -> Result<(), ActError> {
        actor.must_be(&[Role::Clerk, Role::Reviewer])?;
        let tx = self.write_kept(season).await?;
        let import = find(tx.imports(season).await?, id)?;
        must_be_unopened(&tx.windows(season).await?)?;
        if import.status == ImportStatus::Committed && is_of_plan(&import) {
            must_be_unfrozen(&tx.decisions(season).await?, FROZEN)?;
        }
        if !tx.undo_import(season, id).await? {
            return Err(ActError::Conflict("该批导入已经撤销，或有错误而未曾接收".to_owned()));
        }
        let event = Event::new("import_undone", &actor.name, season, json!({"import": id}));
        self.record(&tx, event).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The tables of the committed imports, read and checked together.
    pub(super) async fn folded(&self, season: &str) -> Result<Loaded, ActError> {
        let layers = self.layers(season, None).await?;
        Ok(layers.load(Purpose::Distribution).await?.1)
    }

    /// The season of the committed imports with schools, graduates, plan and cells as the store has them frozen.
    pub(super) async fn folded_on_plan(&self, season: &str) -> Result<Season, ActError> {
        let (_, policy) = self.season_row(season).await?;
        let draft = self.store.read().plan_draft(season).await?;
        let frozen = super::run::checked(policy, draft)?;
        let uploads = season_csv::frozen(&frozen)?
            .into_iter()
            .map(|(name, text)| Upload { name: name.to_owned(), bytes: text.into_bytes() });
        let mut layers = self.layers(season, None).await?;
        layers.put(&uploads.collect::<Vec<_>>())?;
        let mut loaded = layers.load(Purpose::Distribution).await?.1;
        loaded.season.take().ok_or(ActError::Faults(loaded.faults))
    }

    /// The committed imports, those before one of them if it is named.
    async fn layers(&self, season: &str, before: Option<i64>) -> Result<Layers, ActError> {
        let (_, policy) = self.season_row(season).await?;
        let mut layers = Layers::new(&policy)?;
        let committed = self.store.read().committed(season).await?;
        for (id, sealed) in committed.iter().take_while(|(id, _)| Some(*id) != before) {
            layers.add(&self.opened(season, *id, sealed)?)?;
        }
        Ok(layers)
    }

    /// The files of an import as they were packed.
    fn opened(&self, season: &str, id: i64, sealed: &[u8]) -> Result<Vec<u8>, Failure> {
        let other = || Failure::Internal(format!("import {id} was sealed with other keys"));
        self.keys.open(&place(season), sealed).ok_or_else(other)
    }
}

fn find(imports: Vec<Import>, id: i64) -> Result<Import, ActError> {
    let found = imports.into_iter().find(|i| i.id == id);
    found.ok_or_else(|| ActError::NotFound(format!("导入 {id}")))
}

/// Whether an import holds what is frozen with the plan.
fn is_of_plan(import: &Import) -> bool {
    let summary: Value = serde_json::from_str(&import.summary).unwrap_or_default();
    summary[OF_PLAN] != json!(false)
}

/// Imports end when the applicants are written, at the first opening of wishes.
fn must_be_unopened(windows: &BTreeMap<String, Window>) -> Result<(), ActError> {
    if windows.is_empty() {
        return Ok(());
    }
    Err(ActError::Conflict("志愿已开放填报，考生与计划不再从文件导入".to_owned()))
}

/// Imports on disk, oldest first, beside the policy.
pub(super) struct Layers {
    folder: TempDir,
    /// Within the folder; its name is told where a table is missing.
    root: PathBuf,
    paths: Vec<PathBuf>,
    seed: Option<String>,
}

impl Layers {
    /// The policy alone.
    pub(super) fn new(policy: &Policy) -> Result<Self, Failure> {
        let folder = tempfile::Builder::new().prefix("luqu-").tempdir().map_err(temporary)?;
        let root = folder.path().join("上传的文件");
        std::fs::create_dir(&root).map_err(Failure::io(&root))?;
        let file = root.join(POLICY_FILE);
        std::fs::write(&file, &policy.text).map_err(Failure::io(&file))?;
        Ok(Self { folder, root, paths: Vec::new(), seed: policy.seed.clone() })
    }

    /// Puts an import over those there are; gives the folder it lies in.
    fn add(&mut self, packed: &[u8]) -> Result<PathBuf, Failure> {
        let folder = self.next()?;
        unpack(packed, &folder)?;
        Ok(folder)
    }

    /// Puts files over those there are; gives the folder they lie in.
    pub(super) fn put(&mut self, uploads: &[Upload]) -> Result<PathBuf, Failure> {
        let folder = self.next()?;
        for Upload { name, bytes } in uploads {
            let path = folder.join(name);
            std::fs::write(&path, bytes).map_err(Failure::io(&path))?;
        }
        Ok(folder)
    }

    fn next(&mut self) -> Result<PathBuf, Failure> {
        let path = self.root.join(format!("{:06}", self.paths.len()));
        std::fs::create_dir(&path).map_err(Failure::io(&path))?;
        self.paths.push(path.clone());
        Ok(path)
    }

    /// Reads them for a purpose; each table is what the last layer that has it says.
    pub(super) async fn load(self, purpose: Purpose) -> Result<(TempDir, Loaded), ActError> {
        let work = move || {
            let loaded = load_layers(purpose, &self.root, &self.paths, self.seed.as_deref())?;
            Ok::<_, Failure>((self.folder, loaded))
        };
        Ok(READING.work(work).await??)
    }

    /// Reads them, and gives the last as a workbook with the faults marked.
    async fn annotated(self) -> Result<Vec<u8>, ActError> {
        let last = self.paths.last().unwrap_or(&self.root).clone();
        let (folder, loaded) = self.load(Purpose::Distribution).await?;
        let work = move || {
            let book = annotate::workbook(&last, &loaded);
            drop(folder);
            book
        };
        Ok(READING.work(work).await??)
    }
}

/// Where an import is sealed for.
fn place(season: &str) -> String {
    format!("import_batch/{season}")
}

/// Refuses files that are not to be read: names that are none, or twice the same; more lines than are read.
pub(super) fn must_be_readable(uploads: &[Upload]) -> Result<(), ActError> {
    let mut seen = BTreeSet::new();
    for Upload { name, .. } in uploads {
        plain_name(name)?;
        // A disk may hold two names for one that differ in case alone.
        if !seen.insert(name.to_lowercase()) {
            return Err(ActError::Conflict(format!("有两个文件同名：{name}")));
        }
    }
    // Workbooks have bounds of their own.
    let lines: usize = uploads.iter().filter(|u| !is_workbook(&u.name)).map(lines).sum();
    if lines > MOST_LINES {
        return Err(ActError::TooLarge(format!(
            "文件共 {lines} 行，一次上传最多 {MOST_LINES} 行；请按表分次上传，志愿表可改用一人一行的形式"
        )));
    }
    Ok(())
}

/// The lines of a file of text, whether it ends them with line feeds or, as old spreadsheets do, without.
fn lines(upload: &Upload) -> usize {
    let ends = |end: u8| upload.bytes.iter().filter(|byte| **byte == end).count();
    ends(b'\n').max(ends(b'\r'))
}

fn is_workbook(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|e| e.eq_ignore_ascii_case("xlsx"))
}

/// The longest file name, in bytes.
const LONGEST_NAME: usize = 200;

/// A file name and nothing else, of a kind that is read.
fn plain_name(name: &str) -> Result<(), ActError> {
    let path = Path::new(name);
    let plain = path.file_name().is_some_and(|f| f == name) && !name.starts_with('.');
    let kind = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv")) || is_workbook(name);
    let seen = !name.contains(['/', '\\']) && !name.chars().any(char::is_control);
    let words = match (plain && kind && seen, name.len() <= LONGEST_NAME) {
        (true, true) => return Ok(()),
        (_, false) => "文件名过长",
        (false, true) => "文件名须以 .csv 或 .xlsx 结尾且不含路径",
    };
    Err(ActError::Conflict(format!("{words}：{}", echoed(name))))
}

pub(super) fn pack(uploads: &[Upload]) -> Result<Vec<u8>, Failure> {
    let broken = |e: &dyn std::fmt::Display| Failure::Internal(format!("packing: {e}"));
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for upload in uploads {
        zip.start_file(upload.name.as_str(), SimpleFileOptions::default())
            .map_err(|e| broken(&e))?;
        zip.write_all(&upload.bytes).map_err(|e| broken(&e))?;
    }
    Ok(zip.finish().map_err(|e| broken(&e))?.into_inner())
}

fn unpack(packed: &[u8], to: &Path) -> Result<(), Failure> {
    let broken = |e: &dyn std::fmt::Display| Failure::Internal(format!("unpacking: {e}"));
    let mut zip = ZipArchive::new(Cursor::new(packed)).map_err(|e| broken(&e))?;
    for at in 0..zip.len() {
        let mut file = zip.by_index(at).map_err(|e| broken(&e))?;
        let name = file.name().map_err(|e| broken(&e))?.into_owned();
        let path = to.join(name);
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|e| broken(&e))?;
        std::fs::write(&path, bytes).map_err(Failure::io(&path))?;
    }
    Ok(())
}

pub(super) fn temporary(error: std::io::Error) -> Failure {
    Failure::Io { path: std::env::temp_dir(), source: error }
}
