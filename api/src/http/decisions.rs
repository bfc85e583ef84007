//! What two people decide together: plan, quota, corrections, revocations.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use luqu_engine::domain::Score;
use luqu_engine::domain::score::DecimalError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::applicants::must_exist;
use super::extract::{Json, Path};
use super::guard::Guard;
use super::listing::{FormParams, PageParams, Row, Wanted};
use super::tags::{IfMatch, IfMatchParams};
use super::{App, Problem};
use crate::acts::Mistake;
use crate::store::{DecisionKind, DecisionStatus, Role};
use crate::tables::write::listing::{Listed, number, text, time, word};
use crate::tables::write::words;

/// A decision.
#[derive(Serialize, ToSchema)]
pub(super) struct Decision {
    id: i64,
    #[schema(value_type = String)]
    kind: DecisionKind,
    /// SHA-256 of what is decided: what the second person signs.
    digest: String,
    note: String,
    /// What is decided, as JSON.
    body: String,
    #[schema(value_type = String)]
    status: DecisionStatus,
    proposed_by: String,
    /// Microseconds of UTC.
    proposed_at: i64,
    approved_by: Option<String>,
}

/// Something to decide.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Proposal {
    /// Freezes schools, graduates and plan as imported.
    FreezePlan {
        /// A note for the second person.
        #[serde(default)]
        note: String,
    },
    /// Distributes the quota seats of the frozen plan.
    Quota {
        /// A note for the second person.
        #[serde(default)]
        note: String,
    },
    /// Revokes an admission.
    Revocation {
        /// 报名号
        applicant: String,
        /// Why.
        reason: String,
    },
    /// Destroys the personal data of a season past its date.
    Retention {
        /// On what ground.
        reason: String,
    },
    /// Puts wrong figures of an applicant right, in what is published and in what is to come.
    Correction {
        /// 报名号
        applicant: String,
        /// The right marks of the subjects that were wrong, by key, such as `{"chinese": "92"}`.
        #[serde(default)]
        marks: BTreeMap<String, String>,
        /// The right total, such as `612.5`.
        total: String,
        /// 计划文号 of the supplementary seats.
        approval_no: String,
        /// Why.
        reason: String,
    },
}

/// What was proposed.
#[derive(Serialize, ToSchema)]
pub(super) struct Proposed {
    id: i64,
    /// What the second person signs.
    digest: String,
}

/// A signature: the digest that was looked at.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Signature {
    pub(super) digest: String,
}

impl Row for Decision {
    const NAME: (&'static str, &'static str) = ("decisions", "事项");
    const COLUMNS: &'static [Listed] = &[
        number("id", "编号"),
        word("kind", "事项", words::DECISIONS),
        word("status", "状态", words::DECISION_STATES),
        text("note", "说明"),
        text("digest", "摘要"),
        text("proposed_by", "提交人"),
        time("proposed_at", "提交时间"),
        text("approved_by", "复核人"),
    ];
}

impl From<crate::store::Decision> for Decision {
    fn from(d: crate::store::Decision) -> Self {
        Self {
            id: d.id,
            kind: d.kind,
            digest: d.digest,
            note: d.note,
            body: d.body,
            status: d.status,
            proposed_by: d.proposed_by,
            proposed_at: d.proposed_at,
            approved_by: d.approved_by,
        }
    }
}

/// The decisions of a season, in the order of their proposal.
#[utoipa::path(get, path = "/v1/seasons/{season}/decisions", tag = "office",
    params(("season" = String, Path), FormParams, PageParams),
    responses((status = 200, body = Vec<Decision>), (status = 404, body = Problem)))]
pub(super) async fn list(
    State(app): State<App>,
    guard: Guard,
    Path(season): Path<String>,
    wanted: Wanted,
) -> Result<Response, Problem> {
    guard.must_read()?;
    must_exist(&app, &season).await?;
    let all = app.office.store().read().decisions(&season).await?;
    wanted.numbered(all.into_iter().map(Decision::from), |row| row.id)
}

async fn found(app: &App, season: &str, id: i64) -> Result<Decision, Problem> {
    let all = app.office.store().read().decisions(season).await?;
    let found = all.into_iter().find(|d| d.id == id).map(Decision::from);
    found.ok_or_else(|| Problem::not_found("没有这个事项"))
}

/// A decision; its `ETag` is what approving or withdrawing it asks for.
#[utoipa::path(get, path = "/v1/seasons/{season}/decisions/{decision}", tag = "office",
    params(("season" = String, Path), ("decision" = i64, Path)),
    responses((status = 200, body = Decision), (status = 404, body = Problem)))]
pub(super) async fn one(
    State(app): State<App>,
    guard: Guard,
    Path((season, decision)): Path<(String, i64)>,
) -> Result<Json<Decision>, Problem> {
    guard.must_read()?;
    Ok(Json(found(&app, &season, decision).await?))
}

/// Proposes something for another person to approve.
#[utoipa::path(post, path = "/v1/seasons/{season}/decisions", tag = "office", params(("season" = String, Path)),
    request_body = Proposal,
    responses((status = 201, body = Proposed), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn propose(
    State(app): State<App>,
    guard: Guard,
    Path(season): Path<String>,
    Json(proposal): Json<Proposal>,
) -> Result<(StatusCode, Json<Proposed>), Problem> {
    let (office, actor) = (&app.office, &guard.actor);
    actor.must_be(&[Role::Clerk, Role::Reviewer])?;
    must_exist(&app, &season).await?;
    let made = match proposal {
        Proposal::FreezePlan { note } => office.propose_freeze(actor, &season, &note).await?,
        Proposal::Quota { note } => office.propose_quota(actor, &season, &note).await?,
        Proposal::Revocation { applicant, reason } => {
            office.propose_revocation(actor, &season, &applicant, &reason).await?
        }
        Proposal::Retention { reason } => office.propose_retention(actor, &season, &reason).await?,
        Proposal::Correction { applicant, marks, total, approval_no, reason } => {
            let marks = marks.into_iter().map(|(key, mark)| Ok((key, points(&mark)?)));
            let marks = marks.collect::<Result<_, Problem>>()?;
            let total = points(&total)?;
            let mistake = Mistake { applicant, marks, total, approval_no, reason };
            office.propose_correction(actor, &season, mistake).await?.0
        }
    };
    Ok((StatusCode::CREATED, Json(Proposed { id: made.decision, digest: made.digest })))
}

fn points(text: &str) -> Result<Score, Problem> {
    text.parse().map_err(|error| {
        Problem::bad_request(match error {
            DecimalError::TooLarge => "分数过大",
            DecimalError::NotANumber | DecimalError::TooPrecise => "分数须是至多两位小数的数",
        })
    })
}

/// Approves what another person proposed, over its digest.
#[utoipa::path(post, path = "/v1/seasons/{season}/decisions/{decision}/approve", tag = "office",
    params(("season" = String, Path), ("decision" = i64, Path), IfMatchParams), request_body = Signature,
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn approve(
    State(app): State<App>,
    guard: Guard,
    Path((season, decision)): Path<(String, i64)>,
    seen: IfMatch,
    Json(Signature { digest }): Json<Signature>,
) -> Result<StatusCode, Problem> {
    let (office, actor) = (&app.office, &guard.actor);
    actor.must_be(&[Role::Reviewer])?;
    let stands = found(&app, &season, decision).await?;
    seen.must_be(&stands)?;
    match stands.kind {
        DecisionKind::FreezePlan => {
            office.approve_freeze(actor, &season, decision, &digest).await?
        }
        DecisionKind::Quota => office.approve_quota(actor, &season, decision, &digest).await?,
        DecisionKind::Revocation => {
            office.approve_revocation(actor, &season, decision, &digest).await?;
        }
        DecisionKind::Retention => {
            office.approve_retention(actor, &season, decision, &digest).await?;
        }
        DecisionKind::Correction => {
            office.approve_correction(actor, &season, decision, &digest).await?;
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Withdraws one's own proposal; a reviewer rejects another's with it 退回.
#[utoipa::path(post, path = "/v1/seasons/{season}/decisions/{decision}/withdraw", tag = "office",
    params(("season" = String, Path), ("decision" = i64, Path), IfMatchParams),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn withdraw(
    State(app): State<App>,
    guard: Guard,
    Path((season, decision)): Path<(String, i64)>,
    seen: IfMatch,
) -> Result<StatusCode, Problem> {
    guard.actor.must_be(&[Role::Clerk, Role::Reviewer])?;
    seen.must_be(&found(&app, &season, decision).await?)?;
    app.office.withdraw(&guard.actor, &season, decision).await?;
    Ok(StatusCode::NO_CONTENT)
}
