//! Teaching sections of a school's classes.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use luqu_engine::sections::{self, Room};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::{Json, Path};
use super::guard::Guard;
use super::listing::{FormParams, Row, Wanted};
use super::{App, Problem};
use crate::acts::{Capacity, Choice, Lesson, SectionsAsked, SectionsJoined};
use crate::store::{FormedSection, Role};
use crate::tables::write::listing::{Listed, number, text};
use crate::tables::write::sections::room;

/// What sections are formed from.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AskedSections {
    /// 选科: everybody in the classes of the school, once.
    choices: Vec<Chosen>,
    /// 走班条件: rooms and teachers, where there are not enough.
    #[serde(default)]
    capacity: Vec<Limits>,
    /// Blocks of the timetable, 3 to 6.
    #[serde(default = "three")]
    #[schema(minimum = 3, maximum = 6, default = 3)]
    blocks: u8,
    /// Fewer pupils to a section than the class size.
    #[schema(minimum = 1, maximum = 55)]
    limit: Option<u32>,
}

const fn three() -> u8 {
    3
}

/// What a pupil has chosen.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Chosen {
    /// 报名号
    applicant_id: String,
    /// 选科组合, one of the twelve of 3+1+2.
    #[schema(example = "物化生")]
    combination: String,
}

/// How many rooms and teachers there are.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Limits {
    /// Of a subject; of all together where absent.
    #[schema(example = "chemistry")]
    subject: Option<String>,
    /// In a block, from 1; in every block where absent.
    block: Option<u8>,
    /// 教室
    rooms: Option<u32>,
    /// 教师
    teachers: Option<u32>,
}

/// What one pupil has chosen.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Combined {
    /// 选科组合, one of the twelve of 3+1+2.
    #[schema(example = "物化生")]
    combination: String,
}

/// The sections that were formed.
#[derive(Serialize, ToSchema)]
pub(super) struct FormedSections {
    /// Which forming of the school's sections it is, from 1; the last counts.
    formation: u32,
    /// Which division into classes they were formed of; they count as long as it does.
    class_formation: u32,
    /// Pupils in them.
    pupils: usize,
    /// Sections; fewer is better.
    sections: Level,
    /// Pupils who stay with their class; more is better.
    staying: Level,
    /// Lessons away from the own class; fewer is better.
    moves: Level,
    /// The time for the search was over: the best so far.
    stopped: bool,
}

/// A figure and what is proved of it.
#[derive(Serialize, ToSchema)]
pub(super) struct Level {
    /// What was found.
    value: u32,
    /// Nothing that is as good in what comes first is better than this.
    bound: u32,
    /// How far the two are apart; 0 is proved best.
    gap: u32,
}

impl From<sections::Level> for Level {
    fn from(level: sections::Level) -> Self {
        Self { value: level.value, bound: level.bound, gap: level.gap() }
    }
}

/// A pupil's place in a section.
#[derive(Serialize, ToSchema)]
pub(super) struct SectionPlace {
    /// 教学班
    section: String,
    /// 科目
    subject: &'static str,
    /// 节段
    block: u8,
    /// 教室
    room: String,
    /// The class in whose room it meets, if any.
    home_class: Option<u32>,
    seat_no: u32,
    class_no: u32,
    applicant_id: String,
    name: String,
    /// 学校
    school: String,
}

impl Row for SectionPlace {
    const NAME: (&'static str, &'static str) = ("sections", "教学班名册");
    const COLUMNS: &'static [Listed] = &[
        text("section", "教学班"),
        text("subject", "科目"),
        number("block", "节段"),
        text("room", "教室"),
        number("seat_no", "序号"),
        number("class_no", "班号"),
        text("applicant_id", "报名号"),
        text("name", "姓名"),
        text("school", "学校"),
    ];
}

/// The places of one pupil.
#[derive(Serialize, ToSchema)]
pub(super) struct SectionSeats {
    /// Which forming of the school's sections they are of, from 1.
    formation: u32,
    /// By subject, the first choice in front.
    sections: Vec<SectionSeat>,
}

/// A place that was given in a section.
#[derive(Serialize, ToSchema)]
pub(super) struct SectionSeat {
    /// 教学班
    section: String,
    /// 科目
    subject: &'static str,
    /// 节段
    block: u8,
    /// 教室
    room: String,
    seat_no: u32,
}

/// Forms the teaching sections of everybody in the classes of a school, anew if there are some.
#[utoipa::path(post, path = "/v1/seasons/{season}/schools/{school}/sections", tag = "school",
    params(("season" = String, Path), ("school" = String, Path)), request_body = AskedSections,
    responses((status = 201, body = FormedSections), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub(super) async fn form(
    State(app): State<App>,
    guard: Guard,
    Path((season, school)): Path<(String, String)>,
    Json(AskedSections { choices, capacity, blocks, limit }): Json<AskedSections>,
) -> Result<(StatusCode, Json<FormedSections>), Problem> {
    let choice = |c: Chosen| Choice { applicant: c.applicant_id, combination: c.combination };
    let limits = |l: Limits| Capacity {
        subject: l.subject,
        block: l.block,
        rooms: l.rooms,
        teachers: l.teachers,
    };
    let asked = SectionsAsked {
        choices: choices.into_iter().map(choice).collect(),
        capacity: capacity.into_iter().map(limits).collect(),
        blocks,
        limit,
    };
    let formed = app.office.form_sections(&guard.actor, &season, &school, &asked).await?;
    let told = FormedSections {
        formation: formed.number,
        class_formation: formed.class_formation,
        pupils: formed.pupils,
        sections: formed.opened.into(),
        staying: formed.staying.into(),
        moves: formed.moves.into(),
        stopped: formed.stopped,
    };
    Ok((StatusCode::CREATED, Json(told)))
}

/// The pupils of a school by section and seat; nobody where there are no sections of the classes as they are.
#[utoipa::path(get, path = "/v1/seasons/{season}/schools/{school}/sections", tag = "school",
    params(("season" = String, Path), ("school" = String, Path), FormParams),
    responses((status = 200, body = Vec<SectionPlace>), (status = 404, body = Problem)))]
pub(super) async fn list(
    State(app): State<App>,
    guard: Guard,
    Path((season, school)): Path<(String, String)>,
    wanted: Wanted,
) -> Result<Response, Problem> {
    let lessons = app.office.section_lists(&guard.actor, &season, &school).await?;
    let name = app.office.school_name(&season, &school).await?;
    let place = |lesson: Lesson| SectionPlace {
        section: lesson.section,
        subject: lesson.subject.label(),
        block: lesson.block,
        room: room(&lesson.room),
        home_class: match lesson.room {
            Room::Home(class) => class.parse().ok(),
            Room::Extra(_) => None,
        },
        seat_no: lesson.seat_no,
        class_no: lesson.class_no,
        applicant_id: lesson.applicant,
        name: lesson.name,
        school: name.clone(),
    };
    wanted.whole(lessons.into_iter().map(place).collect())
}

/// Seats somebody who came to a class after the sections were formed, or has chosen anew, in the sections as they are:
/// nobody else is moved, and whoever has the places already keeps them.
#[utoipa::path(put, path = "/v1/seasons/{season}/section-places/{applicant}", tag = "school",
    params(("season" = String, Path), ("applicant" = String, Path)), request_body = Combined,
    responses((status = 200, body = SectionSeats), (status = 201, body = SectionSeats), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn join(
    State(app): State<App>,
    guard: Guard,
    Path((season, applicant)): Path<(String, String)>,
    Json(Combined { combination }): Json<Combined>,
) -> Result<(StatusCode, Json<SectionSeats>), Problem> {
    guard.actor.must_be(&[Role::Clerk, Role::Reviewer, Role::School])?;
    let joined = app.office.join_sections(&guard.actor, &season, &applicant, &combination).await?;
    let SectionsJoined { formation, seats, new } = joined;
    let seat = |(section, seat_no): (FormedSection, u32)| SectionSeat {
        section: section.name(),
        subject: section.subject.label(),
        block: section.block,
        room: room(&section.room),
        seat_no,
    };
    let sections = seats.into_iter().map(seat).collect();
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(SectionSeats { formation, sections })))
}
