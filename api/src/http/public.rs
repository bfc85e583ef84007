//! What anybody may ask, answered from memory: one result by application number and the code of the exam slip, why it
//! is so, and the lines, the plan and the calendar of a season.
//!
//! A wrong number, a wrong code and a question before the results are open get one answer. Once they are, wrong answers for a number are counted; past the budget it rests.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use luqu_engine::explain::{Lang, explain_in};
use metrics::counter;
use serde::Deserialize;
use utoipa::ToSchema;

use super::extract::{Json, Path};
use super::listing::{FormParams, Wanted};
use super::lookups::{Day, Line, Open, PublicPlan};
use super::{App, Problem};
use crate::acts::{ActError, PublicAnswer};

/// Wrong answers for one number before it rests.
const BUDGET: u32 = 10;

/// What a family asks.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Question {
    #[schema(max_length = 100)]
    season: String,
    /// 报名号
    #[schema(max_length = 100)]
    applicant_id: String,
    /// The eight characters printed on the exam slip.
    #[schema(max_length = 32, example = "K7MPW2QX")]
    code: String,
}

/// Longer numbers and codes are nobody's.
const LONGEST: usize = 100;

/// A question as it is looked for.
struct Asked {
    /// Season and application number.
    key: (String, String),
    /// Keyed hash of the code.
    check: [u8; 32],
    /// What wrong answers are counted by.
    about: String,
}

/// A question, unless its season is closed, or its number rests or is nobody's.
fn asked(app: &App, question: Question) -> Result<Asked, Problem> {
    let Question { season, applicant_id, code } = question;
    if [&season, &applicant_id, &code].iter().any(|t| t.len() > LONGEST) {
        return Err(wrong());
    }
    // Whoever asks too early is no guesser: nothing is counted, so that no number rests when results open.
    if !app.lookups.told(&season, |told| told.open.open).unwrap_or(false) {
        counter!("luqu_lookups_total", "outcome" => "early").increment(1);
        return Err(wrong());
    }
    let about = format!("{season}/{applicant_id}");
    if app.lookups.wrong.rests(&about, BUDGET) {
        counter!("luqu_lookups_total", "outcome" => "resting").increment(1);
        return Err(Problem::too_many("输入错误次数过多，请 15 分钟后再试"));
    }
    let check = app.office.lookup_check(&season, &applicant_id, &code);
    Ok(Asked { key: (season, applicant_id), check, about })
}

fn wrong() -> Problem {
    Problem::not_found("报名号或查询码不对，或结果尚未公布")
}

/// Looks up one result. A wrong number and a wrong code are told apart by nobody.
#[utoipa::path(post, path = "/v1/public/results", tag = "public", request_body = Question, security(()),
    responses((status = 200, body = PublicAnswer), (status = 404, body = Problem), (status = 429, body = Problem)))]
pub(super) async fn look_up(
    State(app): State<App>,
    Json(question): Json<Question>,
) -> Result<Response, Problem> {
    let Asked { key, check, about } = asked(&app, question)?;
    match app.lookups.ask(&key, &check) {
        Some(body) => {
            counter!("luqu_lookups_total", "outcome" => "found").increment(1);
            Ok(([(header::CONTENT_TYPE, "application/json")], body.to_vec()).into_response())
        }
        None => {
            counter!("luqu_lookups_total", "outcome" => "wrong").increment(1);
            app.lookups.wrong.count(&about);
            Err(wrong())
        }
    }
}

/// Why a result is so: every wish with the place, the last place admitted and by how much it fell short. For the same
/// number and code as the result; worked out when it is asked, a few at a time.
#[utoipa::path(post, path = "/v1/public/explanations", tag = "public", request_body = Question, security(()),
    responses((status = 200, body = Object), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 429, body = Problem)))]
pub(super) async fn explain(
    State(app): State<App>,
    Json(question): Json<Question>,
) -> Result<Response, Problem> {
    let Asked { key, check, about } = asked(&app, question)?;
    if app.lookups.ask(&key, &check).is_none() {
        app.lookups.wrong.count(&about);
        return Err(wrong());
    }
    let found = app.lookups.explaining(&key.0, &key.1).await;
    let found = found.and_then(|(known, turn)| {
        let at = known.season.find_applicant(&key.1)?;
        Some((known, turn, at))
    });
    let Some((known, turn, at)) = found else {
        let words = "该结果经更正或撤销，不能逐志愿说明，请向招生办公室查询";
        return Err(ActError::Conflict(words.to_owned()).into());
    };
    let work = tokio::task::spawn_blocking(move || {
        let said = explain_in(&known.season, &known.answer, at, Lang::Zh);
        drop(turn);
        said
    });
    let said = work.await.map_err(|e| Problem::internal(&e.to_string()))?;
    Ok(Json(said).into_response())
}

/// The seasons, and whether results can be looked up.
#[utoipa::path(get, path = "/v1/public/seasons", tag = "public", params(FormParams), security(()),
    responses((status = 200, body = Vec<Open>)))]
pub(super) async fn seasons(State(app): State<App>, wanted: Wanted) -> Result<Response, Problem> {
    wanted.whole(app.lookups.seasons())
}

fn unknown() -> Problem {
    Problem::not_found("没有这个招生季")
}

/// The lines of the published batches 分数线.
#[utoipa::path(get, path = "/v1/public/seasons/{season}/lines", tag = "public", security(()),
    params(("season" = String, Path), FormParams),
    responses((status = 200, body = Vec<Line>), (status = 404, body = Problem)))]
pub(super) async fn lines(
    State(app): State<App>,
    Path(season): Path<String>,
    wanted: Wanted,
) -> Result<Response, Problem> {
    wanted.whole(app.lookups.told(&season, |s| s.lines.clone()).ok_or_else(unknown)?)
}

/// The plan as approved 招生计划.
#[utoipa::path(get, path = "/v1/public/seasons/{season}/plan", tag = "public", security(()),
    params(("season" = String, Path), FormParams),
    responses((status = 200, body = Vec<PublicPlan>), (status = 404, body = Problem)))]
pub(super) async fn plan(
    State(app): State<App>,
    Path(season): Path<String>,
    wanted: Wanted,
) -> Result<Response, Problem> {
    wanted.whole(app.lookups.told(&season, |s| s.plan.clone()).ok_or_else(unknown)?)
}

/// When wishes open and close, and what is published 日程.
#[utoipa::path(get, path = "/v1/public/seasons/{season}/calendar", tag = "public", security(()),
    params(("season" = String, Path), FormParams),
    responses((status = 200, body = Vec<Day>), (status = 404, body = Problem)))]
pub(super) async fn calendar(
    State(app): State<App>,
    Path(season): Path<String>,
    wanted: Wanted,
) -> Result<Response, Problem> {
    wanted.whole(app.lookups.told(&season, |s| s.days.clone()).ok_or_else(unknown)?)
}
