//! Rounds beside one another, and beside what they might be: who moved and why, what if, and why for one applicant.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use luqu_engine::explain::compare::{Comparison, Move};
use luqu_engine::explain::whatif::{Change, WhatIfError};
use luqu_engine::explain::{Lang, Seat};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract::{Json, Path, Query};
use super::guard::Guard;
use super::listing::{FormParams, Row, Wanted};
use super::{App, Problem};
use crate::tables::write::listing::{Listed, text, word};
use crate::tables::write::words;

/// In which language sentences are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Language {
    /// `zh` or `en`.
    #[param(value_type = Option<String>, example = "zh")]
    lang: Option<Tongue>,
}

/// A language.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Tongue {
    Zh,
    En,
}

impl Language {
    fn lang(&self) -> Lang {
        match self.lang {
            Some(Tongue::En) => Lang::En,
            _ => Lang::Zh,
        }
    }
}

/// Somebody who moved, in one row.
#[derive(Serialize)]
struct Moved {
    applicant_id: String,
    direction: serde_json::Value,
    from: String,
    to: String,
    why: String,
}

impl Row for Moved {
    const NAME: (&'static str, &'static str) = ("moved", "变动");
    const COLUMNS: &'static [Listed] = &[
        text("applicant_id", "报名号"),
        word("direction", "变动", words::DIRECTIONS),
        text("from", "原结果"),
        text("to", "新结果"),
        text("why", "原因"),
    ];
}

fn seat(outcome: Option<&'static str>, seat: Option<&Seat>) -> String {
    match seat {
        Some(s) => format!("{}{}（{} 志愿 {}）", s.school, s.category_name, s.batch, s.position),
        None => words::told(words::OUTCOMES, outcome.unwrap_or_default()).to_owned(),
    }
}

fn moved(m: Move) -> Moved {
    Moved {
        direction: serde_json::to_value(m.direction).unwrap_or_default(),
        from: seat(m.from_outcome, m.from.as_ref()),
        to: seat(m.to_outcome, m.to.as_ref()),
        applicant_id: m.applicant_id,
        why: m.why,
    }
}

/// The whole comparison in JSON; in a file, those who moved.
fn answer(found: Comparison, wanted: Wanted) -> Result<Response, Problem> {
    if wanted.is_json() {
        return Ok(Json(found).into_response());
    }
    wanted.whole(found.moves.into_iter().map(moved).collect())
}

/// The rounds to compare.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Pair {
    /// The round before.
    #[param(example = 1)]
    a: i64,
    /// The round after.
    #[param(example = 2)]
    b: i64,
}

/// Who moved between two rounds, and why; which lines changed 方案对比.
#[utoipa::path(get, path = "/v1/seasons/{season}/compare", tag = "office",
    params(("season" = String, Path), Pair, Language, FormParams),
    responses((status = 200, body = Object), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn compare(
    State(app): State<App>,
    guard: Guard,
    Path(season): Path<String>,
    Query(Pair { a, b }): Query<Pair>,
    Query(language): Query<Language>,
    wanted: Wanted,
) -> Result<Response, Problem> {
    guard.must_read()?;
    let found = app.office.compared_rounds(&season, (a, b), language.lang()).await?;
    answer(found, wanted)
}

/// What to change, in the words of `luqu whatif`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WhatIf {
    /// `学校:类别+20`, `-5` or `=300`; a batch as in `S01:unified@key+20`.
    #[serde(default)]
    #[schema(max_items = 50)]
    seats: Vec<String>,
    /// The quota share, such as `0.6`.
    share: Option<String>,
    /// `-30` for every relative floor, `quota=-30` for one, `sports=380` for an announced one.
    #[serde(default)]
    #[schema(max_items = 50, example = json!(["-30"]))]
    floor: Vec<String>,
    /// `批次=键,键,…,lottery`.
    #[serde(default)]
    #[schema(max_items = 50)]
    priority: Vec<String>,
    /// Another lottery seed.
    seed: Option<String>,
}

/// The most changes of a kind in one question.
const MOST: usize = 50;

impl WhatIf {
    fn changes(self) -> Result<Vec<Change>, WhatIfError> {
        let mut changes = Vec::new();
        for text in &self.seats {
            changes.push(Change::seats(text)?);
        }
        if let Some(text) = &self.share {
            changes.push(Change::share(text)?);
        }
        for text in &self.floor {
            changes.push(Change::floor(text)?);
        }
        for text in &self.priority {
            changes.push(Change::priority(text)?);
        }
        changes.extend(self.seed.map(Change::Seed));
        Ok(changes)
    }
}

/// A round as it would be with something changed, beside what it is 试算. Nothing is kept.
#[utoipa::path(post, path = "/v1/seasons/{season}/rounds/{round}/what-if", tag = "office",
    params(("season" = String, Path), ("round" = i64, Path), Language, FormParams), request_body = WhatIf,
    responses((status = 200, body = Object), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn what_if(
    State(app): State<App>,
    guard: Guard,
    Path((season, round)): Path<(String, i64)>,
    Query(language): Query<Language>,
    wanted: Wanted,
    Json(sent): Json<WhatIf>,
) -> Result<Response, Problem> {
    guard.must_read()?;
    if [&sent.seats, &sent.floor, &sent.priority].iter().any(|list| list.len() > MOST) {
        return Err(Problem::bad_request("一次至多改变 50 处"));
    }
    let changes = sent.changes().map_err(|e| Problem::bad_request(&e.to_string()))?;
    let found = app.office.what_if(&season, round, changes, language.lang()).await?;
    answer(found, wanted)
}

/// Why an applicant is where a round puts them: every wish, the place, the last place admitted, and by how much.
#[utoipa::path(get, path = "/v1/seasons/{season}/rounds/{round}/explanations/{applicant}", tag = "office",
    params(("season" = String, Path), ("round" = i64, Path), ("applicant" = String, Path), Language),
    responses((status = 200, body = Object), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn explain(
    State(app): State<App>,
    guard: Guard,
    Path((season, round, applicant)): Path<(String, i64, String)>,
    Query(language): Query<Language>,
) -> Result<Response, Problem> {
    guard.must_read()?;
    let said = app.office.explained(&season, round, &applicant, language.lang()).await?;
    Ok(Json(said).into_response())
}

/// What a round's inputs give when they are placed once more.
#[derive(Serialize, ToSchema)]
pub(super) struct Recomputed {
    /// Whether inputs and answer have the digests of the round.
    same: bool,
    input_digest: String,
    answer_digest: String,
}

/// Places and verifies the sealed inputs of a round once more 复算. Nothing is kept.
#[utoipa::path(post, path = "/v1/seasons/{season}/rounds/{round}/recompute", tag = "regulator",
    params(("season" = String, Path), ("round" = i64, Path)),
    responses((status = 200, body = Recomputed), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn recompute(
    State(app): State<App>,
    guard: Guard,
    Path((season, round)): Path<(String, i64)>,
) -> Result<Json<Recomputed>, Problem> {
    guard.must_read()?;
    let done = app.office.recompute(&season, round).await?;
    let crate::acts::Recomputed { same, input_digest, answer_digest } = done;
    Ok(Json(Recomputed { same, input_digest, answer_digest }))
}
