//! Applicants: the list, one track, and an id number for whoever says why. Numbers are masked everywhere else.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use luqu_engine::domain::{Score, id_number};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract::{Json, Path, Query};
use super::guard::Guard;
use super::listing::{FormParams, PageParams, Row, Wanted};
use super::{App, Problem};
use crate::acts::{Track, TrackAdmission, TrackWishes};
use crate::store::{Admission, Person, Sought, WishLine};
use crate::tables::write::listing::{Listed, flag, number, text, word};
use crate::tables::write::words;

/// An applicant on a list.
#[derive(Serialize, ToSchema)]
pub(super) struct Applicant {
    applicant_id: String,
    name: String,
    /// `F` or `M`.
    gender: Option<String>,
    /// Without its middle.
    id_number: Option<String>,
    junior_id: String,
    region: String,
    /// Points.
    total: String,
    /// Whether quota seats may be held.
    quota_eligible: bool,
    /// Whether no seat may be held.
    barred: bool,
    /// The school that admitted the applicant, if one did.
    school_id: Option<String>,
    batch: Option<String>,
    category: Option<String>,
}

impl Row for Applicant {
    const NAME: (&'static str, &'static str) = ("applicants", "考生");
    const COLUMNS: &'static [Listed] = &[
        text("applicant_id", "报名号"),
        text("name", "姓名"),
        word("gender", "性别", words::GENDERS),
        text("id_number", "证件号码"),
        text("junior_id", "毕业学校代码"),
        text("region", "学籍所在区县"),
        number("total", "总分"),
        flag("quota_eligible", "指标资格"),
        flag("barred", "取消资格"),
        text("school_id", "录取学校代码"),
        text("batch", "录取批次"),
        text("category", "录取类别"),
    ];
}

/// Which applicants are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// The beginning of the application number, or a part of the name. Never an id number: ask `find` for that.
    #[param(example = "5002")]
    search: Option<String>,
    /// The junior school.
    junior: Option<String>,
    /// The senior school that admitted them.
    school: Option<String>,
    /// Whether they are admitted.
    admitted: Option<bool>,
}

fn points(hundredths: i32) -> String {
    Score::from_hundredths(hundredths).to_string()
}

/// The row of a person; `right` are the totals that were put right.
fn listed(
    app: &App,
    season: &str,
    person: Person,
    held: Option<Admission>,
    right: &BTreeMap<String, Score>,
) -> Applicant {
    let total = right.get(&person.id).copied();
    let (school_id, batch, category) = held
        .map(|a| (a.school, a.batch, a.category))
        .map_or((None, None, None), |(s, b, c)| (Some(s), Some(b), Some(c)));
    Applicant {
        id_number: app.office.masked_id(season, &person),
        applicant_id: person.id,
        name: person.name,
        gender: person.gender,
        junior_id: person.junior,
        region: person.region,
        total: total.map_or_else(|| points(person.total), |t| t.to_string()),
        quota_eligible: person.quota_eligible,
        barred: person.barred,
        school_id,
        batch,
        category,
    }
}

/// The season must be there before anything of it is listed.
pub(super) async fn must_exist(app: &App, season: &str) -> Result<(), Problem> {
    match app.office.store().read().season(season).await? {
        Some(_) => Ok(()),
        None => Err(Problem::not_found("没有这个招生季")),
    }
}

/// The applicants of a season, by application number. There are none before wishes open for the first time: imports
/// and the frozen plan hold no applicants, the opening writes them.
#[utoipa::path(get, path = "/v1/seasons/{season}/applicants", tag = "office",
    params(("season" = String, Path), Filter, FormParams, PageParams),
    responses((status = 200, body = Vec<Applicant>), (status = 404, body = Problem)))]
pub(super) async fn list(
    State(app): State<App>,
    guard: Guard,
    Path(season): Path<String>,
    Query(filter): Query<Filter>,
    wanted: Wanted,
) -> Result<Response, Problem> {
    guard.must_read()?;
    must_exist(&app, &season).await?;
    let number = |t: &str| {
        t.len() == 18 && t.starts_with(|c: char| c.is_ascii_digit()) && id_number::check(t).is_ok()
    };
    if filter.search.as_deref().is_some_and(number) {
        return Err(Problem::bad_request("地址中不得出现证件号码，请用 POST …/applicants/find"));
    }
    let sought = Sought {
        after: wanted.after(),
        search: filter.search.as_deref(),
        junior: filter.junior.as_deref(),
        school: filter.school.as_deref(),
        admitted: filter.admitted,
        most: wanted.read(),
    };
    let read = app.office.store().read();
    let people = read.people(&season, sought).await?;
    let ids: Vec<&str> = people.iter().map(|p| p.id.as_str()).collect();
    let mut held = read.admissions_of(&season, &ids).await?;
    let right = app.office.right_totals(&season).await?;
    let rows = people.into_iter().map(|p| {
        let admission = held.remove(&p.id);
        listed(&app, &season, p, admission, &right)
    });
    let rows = rows.collect();
    wanted.page(rows, |a: &Applicant| a.applicant_id.clone())
}

/// An id number to look for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Find {
    #[schema(max_length = 64)]
    id_number: String,
}

/// Finds the applicant of an id number.
#[utoipa::path(post, path = "/v1/seasons/{season}/applicants/find", tag = "office",
    params(("season" = String, Path)), request_body = Find,
    responses((status = 200, body = Applicant), (status = 404, body = Problem)))]
pub(super) async fn find(
    State(app): State<App>,
    guard: Guard,
    Path(season): Path<String>,
    Json(sent): Json<Find>,
) -> Result<Json<Applicant>, Problem> {
    let person = app.office.find_by_id_number(&guard.actor, &season, &sent.id_number).await?;
    let mut held = app.office.store().read().admissions_of(&season, &[&person.id]).await?;
    let admission = held.remove(&person.id);
    let right = app.office.right_totals(&season).await?;
    Ok(Json(listed(&app, &season, person, admission, &right)))
}

/// Points in a subject.
#[derive(Serialize, ToSchema)]
pub(super) struct Mark {
    subject: String,
    points: String,
}

/// What restricts an applicant.
#[derive(Serialize, ToSchema)]
pub(super) struct Restriction {
    /// `barred`, `quota_ineligible`.
    kind: String,
    reason: String,
    document: String,
}

/// A wish.
#[derive(Serialize, ToSchema)]
pub(super) struct TrackWish {
    position: u16,
    school_id: String,
    category: Option<String>,
    adjust: bool,
}

/// The wishes of a batch.
#[derive(Serialize, ToSchema)]
pub(super) struct BatchWishes {
    batch: String,
    wishes: Vec<TrackWish>,
}

/// 考生轨迹: all that is recorded of an applicant.
#[derive(Serialize, ToSchema)]
pub(super) struct ApplicantTrack {
    applicant: Applicant,
    registry_no: Option<String>,
    marks: Vec<Mark>,
    restrictions: Vec<Restriction>,
    /// By batch, in the order of the policy; the latest version of each.
    wishes: Vec<BatchWishes>,
    /// Every admission there was, oldest first.
    admissions: Vec<TrackAdmission>,
}

/// The whole track of an applicant 考生轨迹.
#[utoipa::path(get, path = "/v1/seasons/{season}/applicants/{applicant}", tag = "office",
    params(("season" = String, Path), ("applicant" = String, Path)),
    responses((status = 200, body = ApplicantTrack), (status = 404, body = Problem)))]
pub(super) async fn track(
    State(app): State<App>,
    guard: Guard,
    Path((season, applicant)): Path<(String, String)>,
) -> Result<Json<ApplicantTrack>, Problem> {
    let track = app.office.track(&guard.actor, &season, &applicant).await?;
    let Track { person, scores, restrictions, wishes, admissions, .. } = track;
    let mut held = app.office.store().read().admissions_of(&season, &[&applicant]).await?;
    let right = app.office.right_totals(&season).await?;
    let mark = |(subject, mark): (String, i32)| Mark { subject, points: points(mark) };
    let restriction = |(kind, reason, document)| Restriction { kind, reason, document };
    let wish = |w: WishLine| TrackWish {
        position: w.position,
        school_id: w.school,
        category: w.category,
        adjust: w.adjust,
    };
    let of_batch = |TrackWishes { batch, wishes }| BatchWishes {
        batch,
        wishes: wishes.into_iter().map(wish).collect(),
    };
    let track = ApplicantTrack {
        registry_no: person.registry_no.as_deref().map(crate::tables::located::masked),
        marks: scores.into_iter().map(mark).collect(),
        restrictions: restrictions.into_iter().map(restriction).collect(),
        wishes: wishes.into_iter().map(of_batch).collect(),
        admissions,
        applicant: listed(&app, &season, person, held.remove(&applicant), &right),
    };
    Ok(Json(track))
}

/// Why an id number is wanted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Reason {
    /// Kept with the name of who asked.
    #[schema(example = "核对考生来访登记", min_length = 4, max_length = 200)]
    reason: String,
}

/// An id number, whole.
#[derive(Serialize, ToSchema)]
pub(super) struct Revealed {
    id_number: String,
}

/// The whole id number of an applicant. Who asked, and why, is kept for the regulator.
#[utoipa::path(post, path = "/v1/seasons/{season}/applicants/{applicant}/reveal", tag = "office",
    params(("season" = String, Path), ("applicant" = String, Path)), request_body = Reason,
    responses((status = 200, body = Revealed), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn reveal(
    State(app): State<App>,
    guard: Guard,
    Path((season, applicant)): Path<(String, String)>,
    Json(sent): Json<Reason>,
) -> Result<(super::once::Secret, Json<Revealed>), Problem> {
    let id_number = app.office.reveal(&guard.actor, &season, &applicant, &sent.reason).await?;
    Ok((super::once::Secret, Json(Revealed { id_number })))
}
