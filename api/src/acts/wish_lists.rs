//! Wishes as new versions while their window is open: one by one, or a file of many with every fault at its cell.
//!
//! Both are judged by the checks that a season folder meets; nothing of them is written again here.

use std::collections::BTreeSet;

use luqu_engine::domain::draft::{Draft, Rows, WishRow};
use luqu_engine::domain::{BatchIx, Fault, FaultCode, Season, Table, Text};
use luqu_engine::policy::Policy;
use serde_json::json;

use super::imports::{Layers, must_be_readable};
use super::{ActError, Actor, Office, Upload, digest, now};
use crate::ledger::Event;
use crate::store::{Role, WindowStatus, WishLine, WishList};
use crate::tables::Located;
use crate::tables::load::{Loaded, Purpose};
use crate::tables::season_csv::tables_csv;

/// What came of a file of wishes.
#[derive(Debug)]
pub struct Brought {
    /// The applicants whose lists are new versions now; none where faults block.
    pub lists: usize,
    /// What was found, faults at their cells.
    pub loaded: Loaded,
}

impl Office {
    /// Writes the wishes of applicants as new versions; a list without wishes withdraws those there are.
    ///
    /// # Errors
    /// The window is not open; an unknown applicant; a list that the policy does not allow; no permission.
    pub async fn submit_wishes(
        &self,
        actor: &Actor,
        season: &str,
        batch: &str,
        lists: &[WishList],
    ) -> Result<(), ActError> {
        actor.must_be(&[Role::Clerk, Role::Reviewer, Role::Machine])?;
        self.must_be_kept(season).await?;
        let (_, policy) = self.season_row(season).await?;
        let read = self.store.read();
        for list in lists {
            if !read.has_applicant(season, &list.applicant).await? {
                return Err(ActError::NotFound(format!("考生 {}", list.applicant)));
            }
        }
        // Only those who wish are needed to judge their wishes, and there are many others.
        let who: Vec<&str> = lists.iter().map(|l| l.applicant.as_str()).collect();
        let mut draft = read.draft_of_few(&policy, &who).await?;
        draft.wishes = rows_of(&policy, batch, lists)?;
        judged(policy, draft, lists)?;
        let tx = self.write_kept(season).await?;
        tx.store_wishes(season, batch, lists, &actor.name, now()).await?;
        for list in lists {
            let wishes = list.wishes.iter().map(|w| format!("{}:{}", w.position, w.school));
            let about = (season, list.applicant.as_str());
            let details = json!({"wishes": wishes.collect::<Vec<_>>()});
            let told = json!({"batch": batch});
            self.record_about(&tx, ("wishes_changed", actor), about, told, details).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Reads a file of wishes of a batch, such as those of a supplementary round; the list of everybody in it becomes
    /// a new version. Where a fault blocks, nothing is written. `rehearse` only reads.
    ///
    /// # Errors
    /// The window is not open; other tables or batches are in the file; no permission.
    pub async fn bring_wishes(
        &self,
        actor: &Actor,
        season: &str,
        batch: &str,
        uploads: &[Upload],
        rehearse: bool,
    ) -> Result<Brought, ActError> {
        actor.must_be(&[Role::Clerk, Role::Reviewer, Role::Machine])?;
        self.must_be_kept(season).await?;
        let (_, policy) = self.season_row(season).await?;
        let windows = self.store.read().windows(season).await?;
        if windows.get(batch).is_none_or(|w| w.status != WindowStatus::Open) {
            return Err(ActError::Conflict("该批次志愿不在开放状态".to_owned()));
        }
        must_be_readable(uploads)?;
        // Id numbers stay sealed: wishes are not judged by them.
        let known =
            Draft { wishes: Rows::default(), ..self.store.read().draft(&policy, &|_| None).await? };
        let known = tables_csv(&policy, &known)?
            .into_iter()
            .map(|(name, bytes)| Upload { name: name.to_owned(), bytes });
        let mut layers = Layers::new(&policy)?;
        layers.put(&known.collect::<Vec<_>>())?;
        let named = under_the_table(uploads);
        let brought = layers.put(&named)?;
        let (_folder, mut loaded) = layers.load(Purpose::Placement).await?;
        for (given, taken) in uploads.iter().zip(&named).filter(|(g, t)| g.name != t.name) {
            loaded.faults.iter_mut().for_each(|f| f.rename(&taken.name, &given.name));
        }
        let others = loaded.sources.iter().filter(|s| s.path.starts_with(&brought));
        let others: BTreeSet<Table> =
            others.map(|s| s.table).filter(|t| *t != Table::Wishes).collect();
        if let Some(other) = others.first() {
            return Err(ActError::Conflict(format!(
                "此处只收志愿表，文件中还有 {}",
                other.label()
            )));
        }
        let Some(found) = &loaded.season else { return Ok(Brought { lists: 0, loaded }) };
        let at = super::batch_of(found, batch)?;
        only_of(found, at)?;
        let lists = WishList::all_of(found, at);
        if !rehearse {
            let tx = self.store.write().await?;
            tx.store_wishes(season, batch, &lists, &actor.name, now()).await?;
            let files: Vec<String> = uploads.iter().map(|u| digest(&u.bytes)).collect();
            let told = json!({"batch": batch, "lists": lists.len(), "files": files});
            self.record(&tx, Event::new("wishes_brought", &actor.name, season, told)).await?;
            tx.commit().await?;
        }
        Ok(Brought { lists: lists.len(), loaded })
    }
}

/// The files, a lone CSV under the name of the table: nothing else is taken here, so it may be called anything.
fn under_the_table(uploads: &[Upload]) -> Vec<Upload> {
    let mut named = uploads.to_vec();
    if let [only] = named.as_mut_slice()
        && only.name.to_ascii_lowercase().ends_with(".csv")
    {
        only.name = "wishes.csv".to_owned();
    }
    named
}

/// Refuses wishes of other batches than the one that is open.
fn only_of(season: &Season, batch: BatchIx) -> Result<(), ActError> {
    let has = |other: &BatchIx| {
        (0..season.applicants().len()).any(|a| !season.wishes_in(a.into(), *other).is_empty())
    };
    let others = (0..season.policy().batches.len()).map(BatchIx::from).filter(|b| *b != batch);
    match others.clone().find(has) {
        None => Ok(()),
        Some(other) => Err(ActError::Conflict(format!(
            "文件中还有批次 {} 的志愿，请分开上传",
            season.policy().batch(other).name
        ))),
    }
}

/// Judges lists by the checks of a season. A fault stands at its wish.
fn judged(policy: Policy, draft: Draft, lists: &[WishList]) -> Result<(), ActError> {
    // What a reader of tables would have said of the cell.
    let mut faults: Vec<Fault> = placed(lists)
        .filter(|(_, wish)| wish.position == 0)
        .map(|(row, wish)| {
            Fault::at(FaultCode::OutOfRange, Table::Wishes, row, "position")
                .found(wish.position)
                .expected("志愿序号从 1 起")
                .help("请按先后次序给出志愿")
        })
        .collect();
    if faults.is_empty() {
        faults = Season::check(policy, draft).err().unwrap_or_default();
    }
    if faults.is_empty() {
        return Ok(());
    }
    let located = |fault: Fault| {
        let of_wishes = fault.table == Table::Wishes;
        let wish = placed(lists).find(|(row, _)| of_wishes && fault.row == Some(*row));
        let place = wish.map_or("数据库".to_owned(), |(_, w)| format!("志愿 {}", w.position));
        Located { cell: place.clone(), ..Located::in_file(fault, place) }
    };
    Err(ActError::Faults(faults.into_iter().map(located).collect()))
}

/// The wishes of lists, each with its row.
fn placed(lists: &[WishList]) -> impl Iterator<Item = (u32, &WishLine)> {
    (2..).zip(lists.iter().flat_map(|list| &list.wishes))
}

/// Lists as rows of the table of wishes.
fn rows_of(policy: &Policy, batch: &str, lists: &[WishList]) -> Result<Rows<WishRow>, ActError> {
    let Some(batch) = policy.batch_ix(batch) else {
        return Err(ActError::NotFound(format!("批次 {batch}")));
    };
    let batch = &policy.batch(batch).id;
    let row = |(list, wish): (&WishList, &WishLine)| WishRow {
        applicant_id: Some(list.applicant.as_str().into()),
        batch: Some(batch.clone()),
        position: Some(wish.position),
        school_id: Some(wish.school.as_str().into()),
        category: wish.category.as_deref().map(Text::from),
        adjust: Some(wish.adjust),
        wide: false,
    };
    let wishes = lists.iter().flat_map(|list| list.wishes.iter().map(move |w| (list, w)));
    let columns = ["applicant_id", "batch", "position", "school_id", "category", "adjust"];
    Ok(Rows {
        present: true,
        columns: columns.map(Text::from).to_vec(),
        rows: (2..).zip(wishes.map(row)).collect(),
    })
}
