//! Classes of a school's registered pupils.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use luqu_engine::classes::{PupilRow, Wants};
use luqu_engine::domain::Gender;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::{Json, Path};
use super::guard::Guard;
use super::listing::{FormParams, Row, Wanted};
use super::{App, Problem};
use crate::acts::{ClassesAsked, Seated};
use crate::store::Role;
use crate::tables::write::listing::{Listed, number, text};
use crate::tables::write::rosters_xlsx::Pupil;

/// What is asked of the classes; everything may be left out.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AskedClasses {
    /// Fewer classes than approved, or their number where the plan has none.
    classes: Option<u32>,
    /// Who shares a class and who may not.
    #[serde(default)]
    wants: Vec<Want>,
}

/// What is asked for one pupil (分班要求).
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Want {
    /// 报名号
    applicant_id: String,
    /// 同班组
    together: Option<String>,
    /// 分班组
    apart: Option<String>,
    /// 专项队
    squad: Option<String>,
    /// 住宿
    boarding: Option<bool>,
    /// 选科组合
    combination: Option<String>,
}

/// The classes that were formed.
#[derive(Serialize, ToSchema)]
pub(super) struct Formed {
    /// Which division of the school's pupils it is, from 1; the last counts.
    formation: u32,
    /// Pupils in each class, by number.
    sizes: Vec<usize>,
    /// Places off an even share by more than one.
    beyond: u32,
    /// What is left uneven.
    objective: i64,
    /// The least that it can be.
    bound: i64,
}

/// A pupil's place.
#[derive(Serialize, ToSchema)]
pub(super) struct Place {
    class_no: u32,
    seat_no: u32,
    applicant_id: String,
    name: String,
    /// 性别
    gender: Option<&'static str>,
    /// 毕业学校
    junior: String,
    /// 学校
    school: String,
}

impl Row for Place {
    const NAME: (&'static str, &'static str) = ("classes", "分班名册");
    const COLUMNS: &'static [Listed] = &[
        number("class_no", "班号"),
        number("seat_no", "序号"),
        text("applicant_id", "报名号"),
        text("name", "姓名"),
        text("gender", "性别"),
        text("junior", "毕业学校"),
        text("school", "学校"),
    ];
}

/// A place that was given in a class.
#[derive(Serialize, ToSchema)]
pub(super) struct Seat {
    /// Which division of the school's pupils it is, from 1.
    formation: u32,
    class_no: u32,
    seat_no: u32,
}

/// Forms the classes of everybody registered at a school, anew if there are some.
#[utoipa::path(post, path = "/v1/seasons/{season}/schools/{school}/classes", tag = "school",
    params(("season" = String, Path), ("school" = String, Path)), request_body = AskedClasses,
    responses((status = 201, body = Formed), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub(super) async fn form(
    State(app): State<App>,
    guard: Guard,
    Path((season, school)): Path<(String, String)>,
    Json(AskedClasses { classes, wants }): Json<AskedClasses>,
) -> Result<(StatusCode, Json<Formed>), Problem> {
    let text = |t: Option<String>| t.filter(|t| !t.trim().is_empty()).map(|t| t.as_str().into());
    let want = |w: Want| PupilRow {
        applicant: text(Some(w.applicant_id)),
        wants: Wants {
            together: text(w.together),
            apart: text(w.apart),
            squad: text(w.squad),
            boarding: w.boarding,
            combination: text(w.combination),
        },
    };
    let asked = ClassesAsked { classes, wants: wants.into_iter().map(want).collect() };
    let formed = app.office.form_classes(&guard.actor, &season, &school, asked).await?;
    let (objective, bound) = formed.objective;
    let (formation, sizes, beyond) = (formed.number, formed.sizes, formed.beyond);
    Ok((StatusCode::CREATED, Json(Formed { formation, sizes, beyond, objective, bound })))
}

/// Seats somebody who was registered after the classes were formed, in the class with the fewest pupils that has a place;
/// whoever has a place keeps it.
#[utoipa::path(put, path = "/v1/seasons/{season}/class-places/{applicant}", tag = "school",
    params(("season" = String, Path), ("applicant" = String, Path)),
    responses((status = 200, body = Seat), (status = 201, body = Seat), (status = 404, body = Problem),
        (status = 409, body = Problem)))]
pub(super) async fn join(
    State(app): State<App>,
    guard: Guard,
    Path((season, applicant)): Path<(String, String)>,
) -> Result<(StatusCode, Json<Seat>), Problem> {
    guard.actor.must_be(&[Role::Clerk, Role::Reviewer, Role::School])?;
    let seated = app.office.join_class(&guard.actor, &season, &applicant).await?;
    let status = if seated.new { StatusCode::CREATED } else { StatusCode::OK };
    let Seated { formation, class_no, seat_no, .. } = seated;
    Ok((status, Json(Seat { formation, class_no, seat_no })))
}

/// The pupils of a school by class and seat.
#[utoipa::path(get, path = "/v1/seasons/{season}/schools/{school}/classes", tag = "school",
    params(("season" = String, Path), ("school" = String, Path), FormParams),
    responses((status = 200, body = Vec<Place>), (status = 404, body = Problem)))]
pub(super) async fn list(
    State(app): State<App>,
    guard: Guard,
    Path((season, school)): Path<(String, String)>,
    wanted: Wanted,
) -> Result<Response, Problem> {
    let pupils = app.office.class_lists(&guard.actor, &season, &school).await?;
    let name = app.office.school_name(&season, &school).await?;
    let place = |p: Pupil| Place {
        class_no: p.class_no,
        seat_no: p.seat_no,
        applicant_id: p.applicant_id,
        name: p.name,
        gender: p.gender.map(Gender::label),
        junior: p.junior,
        school: name.clone(),
    };
    wanted.whole(pupils.into_iter().map(place).collect())
}
