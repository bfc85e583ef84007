//! Batches: how far each has come, the windows of wishes, and decided ties.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use luqu_engine::policy::Policy;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::{Json, Path};
use super::guard::Guard;
use super::listing::{FormParams, Row, Wanted};
use super::{App, Problem};
use crate::store::{Round, RoundStatus, TieRow, Window, WindowStatus};
use crate::tables::write::listing::{Listed, number, text, time, word};
use crate::tables::write::words;

/// A batch and how far it has come.
#[derive(Serialize, ToSchema)]
pub(super) struct Batch {
    id: String,
    name: String,
    /// When wishes open and close by the policy, as it writes them.
    opens: Option<String>,
    closes: Option<String>,
    /// The most wishes of an applicant.
    most_wishes: Option<u32>,
    /// `open` or `closed`; absent while it was never opened.
    #[schema(value_type = Option<String>)]
    window: Option<WindowStatus>,
    /// Digest of the wishes at the close.
    wishes_digest: Option<String>,
    /// The round that goes furthest, and how far.
    round: Option<i64>,
    #[schema(value_type = Option<String>)]
    round_status: Option<RoundStatus>,
}

impl Row for Batch {
    const NAME: (&'static str, &'static str) = ("batches", "批次");
    const COLUMNS: &'static [Listed] = &[
        text("id", "批次"),
        text("name", "名称"),
        text("opens", "填报开始"),
        text("closes", "填报结束"),
        number("most_wishes", "志愿数"),
        word("window", "填报", words::WINDOW_STATES),
        number("round", "轮次"),
        word("round_status", "轮次状态", words::ROUND_STATES),
    ];
}

/// The round of a batch that goes furthest, of those that are not given up.
pub(super) fn furthest<'r>(batch: &str, rounds: &'r [Round]) -> Option<&'r Round> {
    let live = |r: &&Round| r.batch == batch && r.status != RoundStatus::Discarded;
    rounds.iter().filter(live).max_by_key(|r| (r.status, r.id))
}

fn batch(of: &luqu_engine::policy::Batch, window: Option<&Window>, rounds: &[Round]) -> Batch {
    let furthest = furthest(&of.id, rounds);
    Batch {
        id: of.id.to_string(),
        name: of.name.clone(),
        opens: of.opens.as_ref().map(ToString::to_string),
        closes: of.closes.as_ref().map(ToString::to_string),
        most_wishes: of.wishes,
        window: window.map(|w| w.status),
        wishes_digest: window.and_then(|w| w.digest.clone()),
        round: furthest.map(|r| r.id),
        round_status: furthest.map(|r| r.status),
    }
}

async fn all(app: &App, season: &str) -> Result<Vec<Batch>, Problem> {
    let read = app.office.store().read();
    let Some(row) = read.season(season).await? else {
        return Err(Problem::not_found("没有这个招生季"));
    };
    let policy = Policy::load(&row.policy, None).map_err(|_| Problem::internal("stored policy"))?;
    let (windows, rounds) = (read.windows(season).await?, read.rounds(season).await?);
    let of = |b: &luqu_engine::policy::Batch| batch(b, windows.get(b.id.as_str()), &rounds);
    Ok(policy.batches.iter().map(of).collect())
}

/// One batch as it stands.
pub(super) async fn found(app: &App, season: &str, id: &str) -> Result<Batch, Problem> {
    let found = all(app, season).await?.into_iter().find(|b| b.id == id);
    found.ok_or_else(|| Problem::not_found("没有这个批次"))
}

/// The batches of a season, in the order of processing.
#[utoipa::path(get, path = "/v1/seasons/{season}/batches", tag = "office",
    params(("season" = String, Path), FormParams),
    responses((status = 200, body = Vec<Batch>), (status = 404, body = Problem)))]
pub(super) async fn list(
    State(app): State<App>,
    _: Guard,
    Path(season): Path<String>,
    wanted: Wanted,
) -> Result<Response, Problem> {
    wanted.whole(all(&app, &season).await?)
}

/// A batch; its `ETag` is what closing the wishes asks for.
#[utoipa::path(get, path = "/v1/seasons/{season}/batches/{batch}", tag = "office",
    params(("season" = String, Path), ("batch" = String, Path)),
    responses((status = 200, body = Batch), (status = 404, body = Problem)))]
pub(super) async fn one(
    State(app): State<App>,
    _: Guard,
    Path((season, batch)): Path<(String, String)>,
) -> Result<Json<Batch>, Problem> {
    Ok(Json(found(&app, &season, &batch).await?))
}

/// The recorded place of an applicant among equals.
#[derive(Serialize, ToSchema)]
pub(super) struct Tie {
    applicant_id: String,
    /// Smaller goes first; absent while nobody has decided.
    order: Option<u32>,
    document: Option<String>,
    recorded_by: Option<String>,
    /// Microseconds of UTC.
    recorded_at: Option<i64>,
    /// Which undecided tie at a cut the applicant is in, from 1.
    undecided: Option<usize>,
}

impl Row for Tie {
    const NAME: (&'static str, &'static str) = ("ties", "同分裁定");
    const COLUMNS: &'static [Listed] = &[
        text("applicant_id", "报名号"),
        number("order", "次序"),
        text("document", "文号"),
        text("recorded_by", "录入人"),
        time("recorded_at", "录入时间"),
        number("undecided", "待裁定组"),
    ];
}

/// The decided ties of a batch, and those at a cut that nobody has decided yet.
#[utoipa::path(get, path = "/v1/seasons/{season}/batches/{batch}/ties", tag = "office",
    params(("season" = String, Path), ("batch" = String, Path), FormParams),
    responses((status = 200, body = Vec<Tie>), (status = 404, body = Problem)))]
pub(super) async fn ties(
    State(app): State<App>,
    guard: Guard,
    Path((season, batch)): Path<(String, String)>,
    wanted: Wanted,
) -> Result<Response, Problem> {
    guard.must_read()?;
    let stands = found(&app, &season, &batch).await?;
    let decided = app.office.store().read().tie_rows(&season, &batch).await?;
    let open = match stands.window {
        Some(WindowStatus::Closed) => app.office.undecided(&season, &batch).await?,
        _ => Vec::new(),
    };
    let row = |t: TieRow| Tie {
        applicant_id: t.applicant,
        order: Some(t.order),
        document: Some(t.document),
        recorded_by: Some(t.recorded_by),
        recorded_at: Some(t.recorded_at),
        undecided: None,
    };
    let waiting = |(at, group): (usize, Vec<String>)| {
        group.into_iter().map(move |applicant_id| Tie {
            applicant_id,
            order: None,
            document: None,
            recorded_by: None,
            recorded_at: None,
            undecided: Some(at + 1),
        })
    };
    let rows = decided.into_iter().map(row);
    wanted.whole(rows.chain(open.into_iter().enumerate().flat_map(waiting)).collect())
}

/// A decision of a tie.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TieOrder {
    /// 文号
    #[schema(example = "綦招办〔2026〕9号", min_length = 1)]
    document: String,
    /// 报名号 in order, the first goes first; after those that are recorded already.
    #[schema(min_items = 1)]
    applicants: Vec<String>,
}

/// Records who goes first among equals. It stays; a batch that is signed takes no more.
#[utoipa::path(post, path = "/v1/seasons/{season}/batches/{batch}/ties", tag = "office",
    params(("season" = String, Path), ("batch" = String, Path)), request_body = TieOrder,
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn decide(
    State(app): State<App>,
    guard: Guard,
    Path((season, batch)): Path<(String, String)>,
    Json(sent): Json<TieOrder>,
) -> Result<StatusCode, Problem> {
    let TieOrder { document, applicants } = sent;
    app.office.decide_ties(&guard.actor, &season, &batch, &applicants, &document).await?;
    Ok(StatusCode::NO_CONTENT)
}
