//! Schools and the plan as frozen: every seat in a numbered line with its approval and its decision by two.

use luqu_engine::domain::{BatchIx, CategoryIx, Season};
use luqu_engine::policy::Policy;
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel,
    QueryFilter, QueryOrder,
};

use super::db::{Db, Tx};
use super::entities::{graduates, plan_line, plan_scope, school, seat_flow};
use super::{DecisionKind, DecisionStatus, StoreError};

/// A line of seats: of a school, batch and category, and of a junior school where it is a quota cell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SeatLine {
    /// Its number.
    pub id: i64,
    /// The senior school.
    pub school: String,
    /// 批次
    pub batch: String,
    /// 类别
    pub category: String,
    /// The junior school of a quota cell.
    pub junior: Option<String>,
    /// 计划数
    pub seats: u32,
    /// 计划文号
    pub approval_no: String,
    /// Why and under which document a quota cell was set by hand, where it was.
    pub edit: Option<CellEdit>,
    /// The regions it admits from; `*` is any.
    pub scope: Vec<String>,
    /// Whether a correction added it.
    pub added: bool,
}

/// What stands behind a quota cell that was set by hand 手工调整.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CellEdit {
    /// 调整理由
    pub reason: String,
    /// 文号
    pub document: String,
}

/// Seats of one category that may be held under another, or under itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Flow<'p> {
    plan: (&'p str, &'p str),
    held: (&'p str, &'p str),
    held_quota: bool,
}

impl<C: ConnectionTrait> Db<C> {
    /// The lines of a season, in the order of their numbers.
    ///
    /// # Errors
    /// What the database said.
    pub async fn seat_lines(&self, season: &str) -> Result<Vec<SeatLine>, StoreError> {
        let lines = self.plan_lines(season).await?;
        let line = |row: plan_line::Model| {
            Ok(SeatLine {
                id: row.id,
                school: row.school_id,
                batch: row.batch,
                category: row.category,
                junior: (row.quota == 1).then_some(row.junior_id),
                seats: count(row.seats)?,
                approval_no: row.approval_no,
                edit: row
                    .edit_reason
                    .zip(row.edit_document)
                    .map(|(reason, document)| CellEdit { reason, document }),
                scope: regions(&row.scope),
                added: row.decision_kind == DecisionKind::Correction.word(),
            })
        };
        lines.into_iter().map(line).collect()
    }

    /// Whether the plan of a season has its lines.
    ///
    /// # Errors
    /// What the database said.
    pub async fn has_plan(&self, season: &str) -> Result<bool, StoreError> {
        let any = plan_line::Entity::find().filter(plan_line::Column::SeasonId.eq(season));
        Ok(any.one(self.on()).await?.is_some())
    }

    pub(super) async fn plan_lines(
        &self,
        season: &str,
    ) -> Result<Vec<plan_line::Model>, StoreError> {
        Ok(plan_line::Entity::find()
            .filter(plan_line::Column::SeasonId.eq(season))
            .order_by_asc(plan_line::Column::Id)
            .all(self.on())
            .await?)
    }
}

impl Tx {
    /// Writes the schools and graduates of a season, once.
    ///
    /// # Errors
    /// They are there already; what the database said.
    pub async fn store_schools(&self, season: &Season) -> Result<(), StoreError> {
        let id = season.policy().id.to_string();
        let schools = season.schools().iter().zip(1..).map(|(s, position)| school::Model {
            season_id: id.clone(),
            school_id: s.id.to_string(),
            position,
            name: s.name.to_string(),
            stage: s.stage.key().to_owned(),
            ownership: s.ownership.map(|o| o.key().to_owned()),
            tier: s.tier.map(|t| t.key().to_owned()),
            region: season.region_name(s.region).to_owned(),
            is_new: s.is_new.into(),
            enrolled: s.enrolled.map_or(0, stored),
            enrolled_known: s.enrolled.is_some().into(),
            school_group: s.group.as_ref().map(ToString::to_string),
            boarding_places: s.boarding_places.map(stored),
        });
        self.insert_all::<school::Entity>(schools.collect()).await?;
        let rows = season.graduates().iter().map(|g| graduates::Model {
            season_id: id.clone(),
            junior_id: season.school(g.junior).id.to_string(),
            graduates: stored(g.graduates),
            eligible: stored(g.eligible),
            tilt: g.tilt.into(),
            boarding: g.boarding.into(),
        });
        Ok(self.insert_all::<graduates::Entity>(rows.collect()).await?)
    }

    /// Writes which category's seats may be held under which, under the decision that froze the plan.
    ///
    /// # Errors
    /// What the database said.
    pub async fn store_flows(&self, policy: &Policy, decision: i64) -> Result<(), StoreError> {
        let rows = flows(policy).into_iter().map(|flow| seat_flow::Model {
            season_id: policy.id.to_string(),
            plan_batch: flow.plan.0.to_owned(),
            plan_category: flow.plan.1.to_owned(),
            batch: flow.held.0.to_owned(),
            category: flow.held.1.to_owned(),
            held_quota: flow.held_quota.into(),
            decision_id: decision,
            decision_kind: DecisionKind::FreezePlan.word().to_owned(),
            decision_status: DecisionStatus::Approved.word().to_owned(),
        });
        Ok(self.insert_all::<seat_flow::Entity>(rows.collect()).await?)
    }

    /// Writes the whole plan of a season whose seats are all known: a line for every line of the plan, and in place of
    /// a quota line one for each of its cells.
    ///
    /// # Errors
    /// A line whose seats are still to be computed; a decision that is not approved; what the database said.
    pub async fn store_plan(
        &self,
        season: &Season,
        decision: i64,
        kind: DecisionKind,
        at: i64,
    ) -> Result<(), StoreError> {
        let policy = season.policy();
        let mut rows = Vec::new();
        for line in season.plan() {
            let Some(seats) = line.seats else {
                return Err(StoreError::Foreign("a plan line has no seats yet".to_owned()));
            };
            let row = plan_line::Model {
                id: 0,
                season_id: policy.id.to_string(),
                school_id: season.school(line.school).id.to_string(),
                batch: policy.batch(line.batch).id.to_string(),
                category: policy.category(line.category).id.to_string(),
                quota: 0,
                junior_id: String::new(),
                seats: stored(seats),
                classes: line.classes.map(stored),
                quota_share: line.quota_share.map(|s| s.to_string()),
                scope: season.scope_text(&line.scope),
                approval_no: line.document.to_string(),
                edit_reason: None,
                edit_document: None,
                decision_id: decision,
                decision_kind: kind.word().to_owned(),
                decision_status: DecisionStatus::Approved.word().to_owned(),
                recorded_at: at,
            };
            let cells = season.quotas().iter().filter(|c| {
                policy.category(line.category).by_junior
                    && (c.school, c.batch) == (line.school, line.batch)
            });
            let mut cells = cells.peekable();
            if cells.peek().is_none() {
                rows.push(row);
                continue;
            }
            rows.extend(cells.map(|cell| {
                let (reason, document) = season.quota_paper(cell).unzip();
                plan_line::Model {
                    quota: 1,
                    junior_id: season.school(cell.junior).id.to_string(),
                    seats: stored(cell.seats),
                    edit_reason: reason.map(ToString::to_string),
                    edit_document: document.map(ToString::to_string),
                    ..row.clone()
                }
            }));
        }
        self.insert_numbered::<plan_line::Entity>(rows, plan_line::Column::Id).await?;
        let stored = plan_line::Entity::find()
            .filter(plan_line::Column::DecisionId.eq(decision))
            .all(self.on())
            .await?;
        let scopes = stored.iter().flat_map(|line| {
            regions(&line.scope)
                .into_iter()
                .map(|region| plan_scope::Model { plan_id: line.id, region })
        });
        Ok(self.insert_all::<plan_scope::Entity>(scopes.collect()).await?)
    }
}

impl Tx {
    /// Writes a line of supplementary seats under a correction, and gives it its number.
    ///
    /// # Errors
    /// The decision is no approved correction; what the database said.
    pub async fn store_supplementary(
        &self,
        season: &str,
        line: &SeatLine,
        decision: i64,
        at: i64,
    ) -> Result<SeatLine, StoreError> {
        let row = plan_line::Model {
            id: 0,
            season_id: season.to_owned(),
            school_id: line.school.clone(),
            batch: line.batch.clone(),
            category: line.category.clone(),
            quota: line.junior.is_some().into(),
            junior_id: line.junior.clone().unwrap_or_default(),
            seats: stored(line.seats),
            classes: None,
            quota_share: None,
            scope: line.scope.join(";"),
            approval_no: line.approval_no.clone(),
            edit_reason: None,
            edit_document: None,
            decision_id: decision,
            decision_kind: DecisionKind::Correction.word().to_owned(),
            decision_status: DecisionStatus::Approved.word().to_owned(),
            recorded_at: at,
        };
        let mut row = row.into_active_model().reset_all();
        row.id = ActiveValue::NotSet;
        let id = plan_line::Entity::insert(row).exec(self.on()).await?.last_insert_id;
        let scopes =
            line.scope.iter().map(|r| plan_scope::Model { plan_id: id, region: r.clone() });
        self.insert_all::<plan_scope::Entity>(scopes.collect()).await?;
        Ok(SeatLine { id, ..line.clone() })
    }
}

/// Every category under itself, and under what it returns or carries to, however far that goes.
fn flows(policy: &Policy) -> Vec<Flow<'_>> {
    let mut found = Vec::new();
    for batch in (0..policy.batches.len()).map(BatchIx::from) {
        for category in (0..policy.categories.len()).map(CategoryIx::from) {
            let name = |(b, c)| (policy.batch(b).id.as_str(), policy.category(c).id.as_str());
            let plan = name((batch, category));
            found.extend(policy.held_as(batch, category).map(|held| Flow {
                plan,
                held: name(held),
                held_quota: policy.category(held.1).by_junior,
            }));
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn regions(text: &str) -> Vec<String> {
    text.split(';').filter(|r| !r.is_empty()).map(str::to_owned).collect()
}

/// A count of a season fits any column: seasons hold far fewer than 2³¹ of anything.
pub(super) fn stored(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// A count of the database.
pub(super) fn count(value: i32) -> Result<u32, StoreError> {
    u32::try_from(value).map_err(|_| StoreError::foreign("a negative count"))
}
