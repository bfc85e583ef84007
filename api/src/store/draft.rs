//! A season read back from the tables, as the draft that the engine checks.

use std::collections::BTreeMap;

use luqu_engine::domain::draft::{
    ApplicantRow, Draft, GraduatesRow, PlanRow, QuotaRow, RestrictionRow, Rows, SchoolRow,
    SpecialScoreRow, TieDecisionRow, WishRow,
};
use luqu_engine::domain::{
    Evaluation, Gender, Ownership, Restriction, Score, Stage, Text, Tier, YearMonth,
};
use luqu_engine::policy::Policy;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};

use super::db::Db;
use super::entities::{
    applicant, graduates, plan_line, restriction, school, special_score, tie_decision, wish,
    wish_list,
};
use super::plan::count;
use super::{DecisionKind, StoreError};

/// Opens what was sealed of an id number.
pub type OpenId<'a> = &'a (dyn Fn(&[u8]) -> Option<String> + Sync);

impl<C: ConnectionTrait> Db<C> {
    /// The season as it stands: the plan as frozen, the latest version of every list of wishes.
    ///
    /// # Errors
    /// What the database said, or a value that this program never writes.
    pub async fn draft(&self, policy: &Policy, open: OpenId<'_>) -> Result<Draft, StoreError> {
        let lines = self.plan_lines(&policy.id).await?;
        self.draft_of(policy, open, lines).await
    }

    /// The season with the plan as it was before any correction added to it.
    ///
    /// # Errors
    /// What the database said, or a value that this program never writes.
    pub async fn draft_before_corrections(
        &self,
        policy: &Policy,
        open: OpenId<'_>,
    ) -> Result<Draft, StoreError> {
        let mut lines = self.plan_lines(&policy.id).await?;
        lines.retain(|line| line.decision_kind != DecisionKind::Correction.word());
        self.draft_of(policy, open, lines).await
    }

    async fn draft_of(
        &self,
        policy: &Policy,
        open: OpenId<'_>,
        lines: Vec<plan_line::Model>,
    ) -> Result<Draft, StoreError> {
        let season = policy.id.as_str();
        Ok(Draft {
            applicants: self.applicants(policy, open, None).await?,
            wishes: self.wishes(policy).await?,
            special_scores: self.special_scores(season).await?,
            restrictions: self.restrictions(season).await?,
            tie_decisions: self.ties(season).await?,
            ..self.plan_of(season, lines).await?
        })
    }

    /// Schools, graduates, plan and cells alone.
    ///
    /// # Errors
    /// What the database said, or a value that this program never writes.
    pub async fn plan_draft(&self, season: &str) -> Result<Draft, StoreError> {
        let lines = self.plan_lines(season).await?;
        self.plan_of(season, lines).await
    }

    /// Schools, graduates, plan and cells, and of the applicants these alone, without their id numbers.
    ///
    /// # Errors
    /// What the database said, or a value that this program never writes.
    pub async fn draft_of_few(
        &self,
        policy: &Policy,
        applicants: &[&str],
    ) -> Result<Draft, StoreError> {
        Ok(Draft {
            applicants: self.applicants(policy, &|_| None, Some(applicants)).await?,
            ..self.plan_draft(&policy.id).await?
        })
    }

    async fn plan_of(
        &self,
        season: &str,
        lines: Vec<plan_line::Model>,
    ) -> Result<Draft, StoreError> {
        let (plan, quotas) = plan_rows(lines)?;
        Ok(Draft {
            schools: self.schools(season).await?,
            plan,
            quotas,
            graduates: self.graduates(season).await?,
            ..Draft::default()
        })
    }

    async fn schools(&self, season: &str) -> Result<Rows<SchoolRow>, StoreError> {
        let rows = school::Entity::find()
            .filter(school::Column::SeasonId.eq(season))
            .order_by_asc(school::Column::Position)
            .all(self.on())
            .await?;
        let row = |s: school::Model| {
            Ok(SchoolRow {
                school_id: text(s.school_id),
                name: text(s.name),
                stage: word(Stage::from_cell, Some(&s.stage))?,
                ownership: word(Ownership::from_cell, s.ownership.as_deref())?,
                tier: word(Tier::from_cell, s.tier.as_deref())?,
                region: text(s.region),
                is_new: Some(s.is_new == 1),
                enrolled: (s.enrolled_known == 1).then(|| count(s.enrolled)).transpose()?,
                group: s.school_group.and_then(text),
                boarding_places: s.boarding_places.map(count).transpose()?,
            })
        };
        table(rows, &["school_id", "name", "stage", "region"], row)
    }

    async fn graduates(&self, season: &str) -> Result<Rows<GraduatesRow>, StoreError> {
        let rows = graduates::Entity::find()
            .filter(graduates::Column::SeasonId.eq(season))
            .order_by_asc(graduates::Column::JuniorId)
            .all(self.on())
            .await?;
        let row = |g: graduates::Model| {
            Ok(GraduatesRow {
                junior_id: text(g.junior_id),
                graduates: Some(count(g.graduates)?),
                eligible: Some(count(g.eligible)?),
                tilt: Some(g.tilt == 1),
                boarding: Some(g.boarding == 1),
            })
        };
        table(rows, &["junior_id", "graduates", "eligible", "tilt"], row)
    }

    async fn applicants(
        &self,
        policy: &Policy,
        open: OpenId<'_>,
        only: Option<&[&str]>,
    ) -> Result<Rows<ApplicantRow>, StoreError> {
        let mut query = applicant::Entity::find()
            .filter(applicant::Column::SeasonId.eq(policy.id.as_str()))
            .order_by_asc(applicant::Column::ApplicantId);
        if let Some(only) = only {
            query = query.filter(applicant::Column::ApplicantId.is_in(only.iter().copied()));
        }
        let rows = query.all(self.on()).await?;
        let row = |a: applicant::Model| {
            let marks = a.marks.split(',').filter(|m| !m.is_empty()).map(|m| m.parse().ok());
            let marks: Option<Vec<i32>> = marks.collect();
            let marks = marks.ok_or_else(|| StoreError::foreign("applicant.marks"))?;
            let since = a.junior_since.map(|m| m.parse::<YearMonth>()).transpose();
            Ok(ApplicantRow {
                applicant_id: text(a.applicant_id),
                name: text(a.name),
                gender: word(Gender::from_cell, a.gender.as_deref())?,
                id_number: a.id_cipher.and_then(|c| open(&c)).and_then(text),
                registry_no: a.registry_no.and_then(text),
                junior_id: text(a.junior_id),
                region: text(a.region),
                fresh: Some(a.fresh == 1),
                junior_since: since.map_err(|_| StoreError::foreign("applicant.junior_since"))?,
                attended: Some(a.attended == 1),
                scores: marks.into_iter().map(|m| Some(Score::from_hundredths(m))).collect(),
                bonus: Some(Score::from_hundredths(a.bonus)),
                total: Some(Score::from_hundredths(a.total)),
                evaluation: word(Evaluation::from_cell, a.evaluation.as_deref())?,
                tie_class: Some(a.tie_class),
                sum_unknown: false,
            })
        };
        const COLUMNS: [&str; 14] = [
            "applicant_id",
            "name",
            "gender",
            "id_number",
            "registry_no",
            "junior_id",
            "region",
            "fresh",
            "junior_since",
            "attended",
            "bonus",
            "total",
            "evaluation",
            "tie_class",
        ];
        let subjects = policy.subjects.iter().map(|s| s.id.as_str());
        let columns: Vec<&str> = COLUMNS.into_iter().chain(subjects).collect();
        table(rows, &columns, row)
    }

    async fn wishes(&self, policy: &Policy) -> Result<Rows<WishRow>, StoreError> {
        let mut found = Vec::new();
        for batch in &policy.batches {
            let lists = self.latest_lists(&policy.id, &batch.id).await?;
            let applicant_of: BTreeMap<i64, String> =
                lists.into_values().map(|row| (row.id, row.applicant_id)).collect();
            let of_batch = wish_list::Entity::find()
                .select_only()
                .column(wish_list::Column::Id)
                .filter(wish_list::Column::SeasonId.eq(policy.id.as_str()))
                .filter(wish_list::Column::Batch.eq(batch.id.as_str()))
                .into_query();
            let rows = wish::Entity::find()
                .filter(wish::Column::ListId.in_subquery(of_batch))
                .order_by_asc(wish::Column::ListId)
                .order_by_asc(wish::Column::Position)
                .all(self.on())
                .await?;
            for row in rows {
                let Some(applicant) = applicant_of.get(&row.list_id) else { continue };
                let position = u16::try_from(row.position);
                found.push(WishRow {
                    applicant_id: text(applicant.clone()),
                    batch: Some(batch.id.clone()),
                    position: Some(position.map_err(|_| StoreError::foreign("wish.position"))?),
                    school_id: text(row.school_id),
                    category: row.category.and_then(text),
                    adjust: Some(row.adjust == 1),
                    wide: false,
                });
            }
        }
        table(found, &["applicant_id", "batch", "position", "school_id"], Ok)
    }

    async fn special_scores(&self, season: &str) -> Result<Rows<SpecialScoreRow>, StoreError> {
        let rows = special_score::Entity::find()
            .filter(special_score::Column::SeasonId.eq(season))
            .all(self.on())
            .await?;
        let row = |s: special_score::Model| {
            Ok(SpecialScoreRow {
                applicant_id: text(s.applicant_id),
                category: text(s.category),
                school_id: text(s.school_id),
                score: Some(Score::from_hundredths(s.score)),
                qualified: Some(s.qualified == 1),
                test_date: text(s.test_date),
            })
        };
        table(rows, &["applicant_id", "category", "school_id", "score", "qualified"], row)
    }

    async fn restrictions(&self, season: &str) -> Result<Rows<RestrictionRow>, StoreError> {
        let rows = restriction::Entity::find()
            .filter(restriction::Column::SeasonId.eq(season))
            .all(self.on())
            .await?;
        let row = |r: restriction::Model| {
            Ok(RestrictionRow {
                applicant_id: text(r.applicant_id),
                kind: word(Restriction::from_cell, Some(&r.kind))?,
                reason: text(r.reason),
                document: text(r.document),
            })
        };
        table(rows, &["applicant_id", "kind", "reason", "document"], row)
    }

    async fn ties(&self, season: &str) -> Result<Rows<TieDecisionRow>, StoreError> {
        let rows = tie_decision::Entity::find()
            .filter(tie_decision::Column::SeasonId.eq(season))
            .all(self.on())
            .await?;
        let row = |t: tie_decision::Model| {
            Ok(TieDecisionRow {
                batch: text(t.batch),
                applicant_id: text(t.applicant_id),
                order: Some(count(t.ord)?),
                document: text(t.document),
            })
        };
        table(rows, &["batch", "applicant_id", "order", "document"], row)
    }
}

/// The lines of the plan table, and its quota cells. Lines added by a correction join the one they add to,
/// and their document stands beside its own; of a cell too, where it was set by hand.
fn plan_rows(lines: Vec<plan_line::Model>) -> Result<(Rows<PlanRow>, Rows<QuotaRow>), StoreError> {
    let mut plan: BTreeMap<(String, String, String), PlanRow> = BTreeMap::new();
    let mut cells: BTreeMap<(String, String, String), QuotaRow> = BTreeMap::new();
    for line in lines {
        let seats = count(line.seats)?;
        if line.quota == 1 {
            let key = (line.school_id.clone(), line.batch.clone(), line.junior_id.clone());
            let cell = cells.entry(key).or_insert_with(|| QuotaRow {
                school_id: text(line.school_id.clone()),
                batch: text(line.batch.clone()),
                junior_id: text(line.junior_id.clone()),
                seats: Some(0),
                reason: line.edit_reason.and_then(text),
                document: None,
            });
            cell.seats = cell.seats.map(|s| s + seats);
            if cell.reason.is_some() {
                let document = line.edit_document.as_ref().unwrap_or(&line.approval_no);
                cell.document = Some(beside(cell.document.take(), document));
            }
        }
        let share = line.quota_share.as_deref().map(str::parse).transpose();
        let share = share.map_err(|_| StoreError::foreign("plan_line.quota_share"))?;
        let classes = line.classes.map(count).transpose()?;
        let added = line.decision_kind == DecisionKind::Correction.word();
        let key = (line.school_id.clone(), line.batch.clone(), line.category.clone());
        let row = plan.entry(key).or_insert_with(|| PlanRow {
            school_id: text(line.school_id),
            batch: text(line.batch),
            category: text(line.category),
            seats: Some(0),
            classes,
            quota_share: share,
            region_scope: text(line.scope),
            ..PlanRow::default()
        });
        row.seats = row.seats.map(|s| s + seats);
        row.document = Some(beside(row.document.take(), &line.approval_no));
        // Seats that were added later are not of the classes that were approved; the school makes as many as it needs.
        if added {
            row.classes = None;
        }
    }
    const PLAN: [&str; 6] = ["school_id", "batch", "category", "seats", "region_scope", "document"];
    const CELLS: [&str; 6] = ["school_id", "batch", "junior_id", "seats", "reason", "document"];
    Ok((table(plan.into_values(), &PLAN, Ok)?, table(cells.into_values(), &CELLS, Ok)?))
}

/// Documents, and one more beside them unless it is among them.
fn beside(documents: Option<Text>, more: &str) -> Text {
    match documents {
        Some(known) if known.split('；').any(|d| d == more) => known,
        Some(known) if !known.is_empty() => format!("{known}；{more}").into(),
        _ => more.into(),
    }
}

/// Rows of the database as rows of a table.
fn table<M, R>(
    models: impl IntoIterator<Item = M>,
    columns: &[&str],
    row: impl Fn(M) -> Result<R, StoreError>,
) -> Result<Rows<R>, StoreError> {
    let rows: Vec<R> = models.into_iter().map(row).collect::<Result<_, _>>()?;
    Ok(Rows::of(rows).with_columns(columns))
}

fn text(value: String) -> Option<Text> {
    (!value.is_empty()).then(|| value.into())
}

fn word<T>(read: fn(&str) -> Option<T>, value: Option<&str>) -> Result<Option<T>, StoreError> {
    let Some(value) = value else { return Ok(None) };
    read(value).map(Some).ok_or_else(|| StoreError::foreign(value))
}
