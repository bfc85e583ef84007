//! Imports: a file is staged with all its faults at their cells, committed, undone. Nothing is half imported.
//!
//! The tables of a season before it is frozen are a fold: each table as the last committed file that has it.

use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};

use luqu_engine::domain::Season;
use luqu_engine::policy::Policy;
use serde_json::json;
use tempfile::TempDir;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::{ActError, Actor, Office, digest, now};
use crate::error::Failure;
use crate::ledger::Event;
use crate::store::{NewImport, Role};
use crate::tables::load::{Loaded, POLICY_FILE, Purpose, load_layers};
use crate::tables::season_csv;

/// A file as it was brought.
#[derive(Clone, Debug)]
pub struct Upload {
    /// Its name, with its ending: `.csv` or `.xlsx`.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What came of staging.
#[derive(Debug)]
pub struct Staged {
    /// The number of the import; none where faults block it, and then nothing was kept.
    pub id: Option<i64>,
    /// What was found, faults at their cells.
    pub loaded: Loaded,
    /// The uploads on disk, for an annotated workbook; gone with this value.
    pub folder: TempDir,
}

impl Office {
    /// Reads files against what is committed so far. Where nothing blocks they are kept, sealed, to be committed.
    ///
    /// # Errors
    /// No permission; the plan is frozen and the applicants are written; names that are none.
    pub async fn stage(
        &self,
        actor: &Actor,
        season: &str,
        uploads: Vec<Upload>,
    ) -> Result<Staged, ActError> {
        actor.must_be(&[Role::Clerk, Role::Reviewer, Role::Machine])?;
        self.must_be_importing(season).await?;
        for upload in &uploads {
            plain_name(&upload.name)?;
        }
        let packed = pack(&uploads)?;
        let mut layers = self.layers(season).await?;
        layers.add(&packed)?;
        let (folder, loaded) = layers.load(Purpose::Distribution).await?;
        let names: Vec<&str> = uploads.iter().map(|u| u.name.as_str()).collect();
        let id = if loaded.blocked() {
            None
        } else {
            let summary = json!({
                "schools": loaded.counts.schools,
                "applicants": loaded.counts.applicants,
                "wishes": loaded.counts.wishes,
                "warnings": loaded.warnings(),
            });
            let sealed = self.keys.seal(&place(season), &packed)?;
            let tx = self.store.write().await?;
            let id = tx
                .stage(NewImport {
                    season,
                    file_name: &names.join(", "),
                    digest: &digest(&packed),
                    content: sealed,
                    summary: &summary.to_string(),
                    by: &actor.name,
                    at: now(),
                })
                .await?;
            tx.commit().await?;
            Some(id)
        };
        Ok(Staged { id, loaded, folder })
    }

    /// Puts a staged import into force.
    ///
    /// # Errors
    /// It is not staged; what was committed since makes it faulty; no permission.
    pub async fn commit_import(
        &self,
        actor: &Actor,
        season: &str,
        id: i64,
    ) -> Result<(), ActError> {
        actor.must_be(&[Role::Clerk, Role::Reviewer])?;
        self.must_have(season, id).await?;
        self.must_be_importing(season).await?;
        let tx = self.store.write().await?;
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
    /// It was taken back before; the season has gone on; no permission.
    pub async fn undo_import(&self, actor: &Actor, season: &str, id: i64) -> Result<(), ActError> {
        actor.must_be(&[Role::Clerk, Role::Reviewer])?;
        self.must_have(season, id).await?;
        self.must_be_importing(season).await?;
        let tx = self.store.write().await?;
        if !tx.undo_import(season, id).await? {
            return Err(ActError::Conflict("该批导入已经撤销".to_owned()));
        }
        let event = Event::new("import_undone", &actor.name, season, json!({"import": id}));
        self.record(&tx, event).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The tables of the committed imports, read and checked together.
    pub(super) async fn folded(&self, season: &str) -> Result<Loaded, ActError> {
        let layers = self.layers(season).await?;
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
        let mut layers = self.layers(season).await?;
        layers.put(&uploads.collect::<Vec<_>>())?;
        let mut loaded = layers.load(Purpose::Distribution).await?.1;
        loaded.season.take().ok_or(ActError::Faults(loaded.faults))
    }

    async fn layers(&self, season: &str) -> Result<Layers, ActError> {
        let (_, policy) = self.season_row(season).await?;
        let mut layers = Layers::new(&policy)?;
        for (id, sealed) in self.store.read().committed(season).await? {
            let Some(packed) = self.keys.open(&place(season), &sealed) else {
                let text = format!("import {id} was sealed with other keys");
                return Err(Failure::Internal(text).into());
            };
            layers.add(&packed)?;
        }
        Ok(layers)
    }

    async fn must_have(&self, season: &str, import: i64) -> Result<(), ActError> {
        match self.store.read().imports(season).await?.iter().any(|i| i.id == import) {
            true => Ok(()),
            false => Err(ActError::NotFound(format!("导入 {import}"))),
        }
    }

    /// Imports end when the applicants are written, at the first opening of wishes.
    async fn must_be_importing(&self, season: &str) -> Result<(), ActError> {
        self.must_be_kept(season).await?;
        if self.store.read().windows(season).await?.is_empty() {
            return Ok(());
        }
        Err(ActError::Conflict("志愿已开放填报，考生与计划不再从文件导入".to_owned()))
    }
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

    fn add(&mut self, packed: &[u8]) -> Result<(), Failure> {
        unpack(packed, &self.next()?)
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
        let work = tokio::task::spawn_blocking(move || {
            let loaded = load_layers(purpose, &self.root, &self.paths, self.seed.as_deref())?;
            Ok::<_, Failure>((self.folder, loaded))
        });
        let done = work.await.map_err(|e| Failure::Internal(e.to_string()))?;
        Ok(done?)
    }
}

/// Where an import is sealed for.
fn place(season: &str) -> String {
    format!("import_batch/{season}")
}

/// A file name and nothing else, of a kind that is read.
pub(super) fn plain_name(name: &str) -> Result<(), ActError> {
    let path = Path::new(name);
    let plain = path.file_name().is_some_and(|f| f == name) && !name.starts_with('.');
    let kind = path
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("csv") || e.eq_ignore_ascii_case("xlsx"));
    if plain && kind && name.len() <= 200 && !name.contains(['/', '\\', '\0']) {
        return Ok(());
    }
    Err(ActError::Conflict(format!(
        "文件名须以 .csv 或 .xlsx 结尾且不含路径：{}",
        name.escape_debug()
    )))
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
