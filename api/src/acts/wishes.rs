//! Windows of wishes: opened when the applicants are written, closed for good under a lock.

use luqu_engine::audit;
use luqu_engine::domain::{Applicant, ApplicantIx, CategoryIx, Moment, SchoolIx, Season};
use luqu_engine::policy::Policy;
use serde_json::json;

use super::memory::away;
use super::{ActError, Actor, Office, digest, now};
use crate::ledger::Event;
use crate::store::{Calendar, Intake, Mode, Role, SealedId, SeasonRow, WindowStatus, WishList};

impl Office {
    /// Opens wishes of a batch. The first opening writes the applicants of the committed imports, and ends imports;
    /// the wishes that the imports hold for the batch are its first versions.
    ///
    /// # Errors
    /// The plan has no lines yet; the imports have faults, or change meanwhile; it was opened before; no permission.
    pub async fn open_wishes(
        &self,
        actor: &Actor,
        season: &str,
        batch: &str,
    ) -> Result<(), ActError> {
        actor.must_be(&[Role::Clerk, Role::Reviewer])?;
        if self.season_row(season).await?.1.batch_ix(batch).is_none() {
            return Err(ActError::NotFound(format!("批次 {batch}")));
        }
        self.must_be_kept(season).await?;
        if !self.store.read().has_plan(season).await? {
            return Err(ActError::Conflict("请先冻结计划并分配指标".to_owned()));
        }
        let windows = self.store.read().windows(season).await?;
        if windows.contains_key(batch) {
            return Err(ActError::Conflict("该批次志愿已经开放过".to_owned()));
        }
        let (row, policy) = self.season_row(season).await?;
        let calendar = calendar(&policy, batch, row.mode)?;
        if now() < calendar.opens {
            return Err(ActError::Conflict(early("开放", calendar.opens)));
        }
        let imports = self.store.read().in_force(season).await?;
        let imported = self.folded_on_plan(season).await?;
        let batch_ix = super::batch_of(&imported, batch)?;
        if imported.applicants().is_empty() {
            return Err(ActError::Conflict("还没有考生，请先导入考生".to_owned()));
        }
        let lists = WishList::all_of(&imported, batch_ix);
        let intakes = if windows.is_empty() { self.intakes(&row, &imported)? } else { vec![] };
        let tx = self.write_kept(season).await?;
        if tx.in_force(season).await? != imports || tx.windows(season).await? != windows {
            return Err(ActError::Conflict("开放期间导入或志愿状态有变动，请重试".to_owned()));
        }
        // Whoever is admitted leaves, so that nothing comes before what is published.
        for later in policy.batches.iter().skip(batch_ix.at() + 1) {
            if tx.published_round(season, &later.id).await?.is_some() {
                let text = format!("后面的批次 {} 已经公布，不能再开放前面的批次", later.name);
                return Err(ActError::Conflict(text));
            }
        }
        if windows.is_empty() {
            tx.store_applicants(&imported, intakes).await?;
            let counts = json!({"applicants": imported.applicants().len()});
            self.record(&tx, Event::new("scores_committed", &actor.name, season, counts)).await?;
        }
        tx.open_window(season, batch, calendar, now()).await?;
        tx.store_wishes(season, batch, &lists, &actor.name, now()).await?;
        let counts = json!({"batch": batch, "lists": lists.len()});
        self.record(&tx, Event::new("wishes_opened", &actor.name, season, counts)).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Closes the wishes of a batch: writers under way finish first, later ones are refused. The first close of a
    /// season publishes the seed of its lottery, with the word that a witness gave.
    ///
    /// # Errors
    /// It is not open; it is early; no permission.
    pub async fn close_wishes(
        &self,
        actor: &Actor,
        season: &str,
        batch: &str,
        witness: Option<&str>,
    ) -> Result<String, ActError> {
        actor.must_be(&[Role::Clerk, Role::Reviewer])?;
        let (row, policy) = self.season_row(season).await?;
        let calendar = calendar(&policy, batch, row.mode)?;
        if now() < calendar.closes {
            return Err(ActError::Conflict(early("截止", calendar.closes)));
        }
        let tx = self.store.write().await?;
        let window = tx.lock_window(season, batch).await?;
        if window.is_none_or(|w| w.status != WindowStatus::Open) {
            return Err(ActError::Conflict("该批次志愿不在开放状态".to_owned()));
        }
        // Id numbers stay sealed: wishes are summed up without them.
        let draft = tx.draft(&policy, &|_| None).await?;
        let lists: Vec<String> = draft
            .wishes
            .rows
            .iter()
            .filter(|(_, w)| w.batch.as_deref() == Some(batch))
            .map(|(_, w)| {
                let text =
                    |t: &Option<luqu_engine::domain::Text>| t.as_deref().unwrap_or("").to_owned();
                format!(
                    "{},{},{},{},{}",
                    text(&w.applicant_id),
                    w.position.unwrap_or(0),
                    text(&w.school_id),
                    text(&w.category),
                    w.adjust == Some(true)
                )
            })
            .collect();
        let mut sorted = lists;
        sorted.sort();
        let sum = digest(sorted.join("\n").as_bytes());
        tx.close_window(season, batch, &sum, &actor.name, now()).await?;
        let told = json!({"batch": batch, "wishes": sorted.len(), "digest": sum});
        self.record(&tx, Event::new("wishes_closed", &actor.name, season, told)).await?;
        self.reveal_lottery(&tx, actor, season, witness).await?;
        self.seal(tx).await?;
        Ok(sum)
    }

    fn intakes(&self, season: &SeasonRow, imported: &Season) -> Result<Vec<Intake>, ActError> {
        let quota = Quota::of(imported);
        let intake = |(at, applicant): (usize, &Applicant)| {
            let quota_eligible = quota.may_hold(imported, at.into());
            Ok(Intake { sealed: self.sealed(season, applicant)?, quota_eligible })
        };
        imported.applicants().iter().enumerate().map(intake).collect()
    }

    /// What is kept of an applicant's id number and exam slip.
    fn sealed(&self, of: &SeasonRow, applicant: &Applicant) -> Result<SealedId, ActError> {
        let season = of.id.as_str();
        let (cipher, person) = match &applicant.id_number {
            Some(number) => {
                let upper = number.to_uppercase();
                let cipher = self.keys.seal(&id_place(season), upper.as_bytes())?;
                (Some(cipher), self.person_hash(of, number))
            }
            None => {
                (None, self.keys.hash("person", format!("{season}/{}", applicant.id).as_bytes()))
            }
        };
        let code = self.slip_code(season, &applicant.id);
        let lookup =
            self.keys.hash("lookup", format!("{season}/{}/{code}", applicant.id).as_bytes());
        Ok(SealedId { cipher, person: person.to_vec(), lookup: Some(lookup.to_vec()) })
    }

    /// The keyed hash of an id number, by which a person is found and has one record. In a rehearsal it is the
    /// rehearsal's own, so that what is rehearsed stands in nobody's way.
    pub(super) fn person_hash(&self, season: &SeasonRow, number: &str) -> [u8; 32] {
        let number = number.trim().to_uppercase();
        let named = match season.mode {
            Mode::Live => number,
            Mode::Drill => format!("{}/{number}", season.id),
        };
        self.keys.hash("person", named.as_bytes())
    }

    /// The code of eight characters printed on an applicant's exam slip: letters and digits that are not mistaken for
    /// one another.
    #[must_use]
    pub fn slip_code(&self, season: &str, applicant: &str) -> String {
        const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
        let hash = self.keys.hash("slip", format!("{season}/{applicant}").as_bytes());
        hash.iter().take(8).map(|b| char::from(LETTERS[usize::from(b % 32)])).collect()
    }

    pub(super) fn opened_id(&self, season: &str, sealed: &[u8]) -> Option<String> {
        String::from_utf8(self.keys.open(&id_place(season), sealed)?).ok()
    }

    /// The season as the tables of the store have it now, with everything that two people put right.
    ///
    /// # Errors
    /// It is not there; its tables contradict each other.
    pub async fn current(&self, season: &str) -> Result<Season, ActError> {
        let (_, policy) = self.season_row(season).await?;
        let open = |sealed: &[u8]| self.opened_id(season, sealed);
        let mut draft = self.store.read().draft(&policy, &open).await?;
        let made = self.corrections(season).await?;
        super::correct::put_right(&mut draft, &policy, made.iter().map(|m| &m.body.mistake));
        away(move || super::run::checked(policy, draft)).await?
    }
}

/// When wishes of a batch may open and close: as the policy says in a live season, at any time in a rehearsal.
fn calendar(policy: &Policy, batch: &str, mode: Mode) -> Result<Calendar, ActError> {
    let Some(at) = policy.batch_ix(batch) else {
        return Err(ActError::NotFound(format!("批次 {batch}")));
    };
    let batch = policy.batch(at);
    let micros = |moment: &Option<Moment>| {
        moment.as_ref().filter(|_| mode == Mode::Live).map_or(0, |m| m.seconds() * 1_000_000)
    };
    Ok(Calendar { opens: micros(&batch.opens), closes: micros(&batch.closes) })
}

fn early(what: &str, at: i64) -> String {
    let at = Moment::from_unix_seconds(at / 1_000_000);
    format!("正式招生季按政策的日程办理：该批次志愿不能早于 {at} {what}")
}

/// Where id numbers of a season are sealed for.
fn id_place(season: &str) -> String {
    format!("applicant.id_cipher/{season}")
}

/// The quota lines of a season: who may hold a seat of one of them.
struct Quota {
    lines: Vec<(SchoolIx, CategoryIx)>,
}

impl Quota {
    fn of(season: &Season) -> Self {
        let by_junior = |c: CategoryIx| season.policy().category(c).by_junior;
        let lines = season.plan().iter().filter(|l| by_junior(l.category));
        Self { lines: lines.map(|l| (l.school, l.category)).collect() }
    }

    fn may_hold(&self, season: &Season, applicant: ApplicantIx) -> bool {
        let eligible = |&(school, category): &(SchoolIx, CategoryIx)| {
            audit::eligible(season, applicant, category, school)
        };
        self.lines.iter().any(eligible)
    }
}
