//! Hand-over to the registry system, its dumps, and the reconciliation of the two.

use axum::extract::multipart::MultipartRejection;
use axum::extract::{Multipart, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::applicants::must_exist;
use super::error::CellFault;
use super::extract::{Json, Path, Query};
use super::guard::Guard;
use super::imports::uploads_of;
use super::listing::{FileForm, FormParams, Row, Wanted};
use super::once::Secret;
use super::output::{Bytes, Shape, file_answer};
use super::{App, Problem};
use crate::acts::{DumpRead, HandOver, SlipsAsked, Upload};
use crate::store::Role;
use crate::tables::write::handover::Headings;
use crate::tables::write::listing::{Listed, number, text, time};
use crate::tables::write::reconciliation;

/// Which list is to be handed over, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AskedHandOver {
    /// One school; all without.
    school_id: Option<String>,
    /// For what: it is logged, since the list holds id numbers.
    reason: String,
    /// `xlsx` if absent.
    format: Option<FileForm>,
    /// Headings and values as the codes of the data standard: XM, XBM, CSRQ ….
    #[serde(default)]
    codes: bool,
}

/// Which slips are wanted, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AskedSlips {
    /// One junior school; all without.
    junior_id: Option<String>,
    /// For what: it is logged, since whoever has the codes can look every result up.
    reason: String,
    /// `xlsx` if absent.
    format: Option<FileForm>,
}

/// A form with one file.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a form to the reader of the API")]
pub(super) struct OneFile {
    file: Bytes,
}

/// Which school is wanted.
#[derive(Deserialize, IntoParams)]
pub(super) struct OfSchool {
    /// One school; all without.
    school: Option<String>,
}

/// A dump of the registry.
#[derive(Serialize, ToSchema)]
pub(super) struct Dump {
    id: i64,
    file_name: String,
    /// SHA-256 of the file.
    digest: String,
    records: u32,
    brought_by: String,
    /// Microseconds of UTC.
    brought_at: i64,
}

impl Row for Dump {
    const NAME: (&'static str, &'static str) = ("registry-dumps", "学籍对账表");
    const COLUMNS: &'static [Listed] = &[
        number("id", "编号"),
        text("file_name", "文件"),
        text("digest", "摘要"),
        number("records", "行数"),
        text("brought_by", "导入人"),
        time("brought_at", "导入时间"),
    ];
}

/// What came of bringing a dump in.
#[derive(Serialize, ToSchema)]
pub(super) struct Read {
    /// The number of the dump; none where faults block it.
    id: Option<i64>,
    records: usize,
    faults: Vec<CellFault>,
    /// Faults beyond those listed.
    omitted: u64,
}

/// The list 统一招生名单 with id numbers: whoever is published, arrived and cleared. That it was taken is logged.
#[utoipa::path(post, path = "/v1/seasons/{season}/handover", tag = "office", params(("season" = String, Path)),
    request_body = AskedHandOver,
    responses((status = 200, content_type = "application/octet-stream", body = Bytes),
        (status = 400, body = Problem), (status = 403, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn hand_over(
    State(app): State<App>,
    guard: Guard,
    Path(season): Path<String>,
    Json(asked): Json<AskedHandOver>,
) -> Result<Response, Problem> {
    let form = asked.format.unwrap_or(FileForm::Xlsx);
    let wanted = HandOver {
        school: asked.school_id,
        reason: asked.reason,
        headings: if asked.codes { Headings::Codes } else { Headings::Chinese },
        workbook: form == FileForm::Xlsx,
    };
    let bytes = app.office.hand_over(&guard.actor, &season, &wanted).await?;
    Ok(form.answer("handover", bytes))
}

/// The codes of the exam slips, to be printed. That they were taken is logged; a repeated request is not answered again.
#[utoipa::path(post, path = "/v1/seasons/{season}/slips", tag = "office", params(("season" = String, Path)),
    request_body = AskedSlips,
    responses((status = 200, content_type = "application/octet-stream", body = Bytes),
        (status = 400, body = Problem), (status = 403, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn slips(
    State(app): State<App>,
    guard: Guard,
    Path(season): Path<String>,
    Json(asked): Json<AskedSlips>,
) -> Result<(Secret, Response), Problem> {
    let form = asked.format.unwrap_or(FileForm::Xlsx);
    let wanted = SlipsAsked {
        junior: asked.junior_id,
        reason: asked.reason,
        workbook: form == FileForm::Xlsx,
    };
    let bytes = app.office.slips(&guard.actor, &season, &wanted).await?;
    Ok((Secret, form.answer("slips", bytes)))
}

/// The OneRoster 1.2 archive (CSV, bulk) of whoever may be registered or is; without id numbers.
#[utoipa::path(get, path = "/v1/seasons/{season}/oneroster", tag = "registry",
    params(("season" = String, Path), OfSchool),
    responses((status = 200, content_type = "application/zip", body = Bytes), (status = 403, body = Problem)))]
pub(super) async fn oneroster(
    State(app): State<App>,
    guard: Guard,
    Path(season): Path<String>,
    Query(OfSchool { school }): Query<OfSchool>,
) -> Result<Response, Problem> {
    let bytes = app.office.oneroster(&guard.actor, &season, school.as_deref()).await?;
    Ok(file_answer("oneroster.zip", Shape::Zip, bytes))
}

/// The dumps of the registry that were brought in, latest first.
#[utoipa::path(get, path = "/v1/seasons/{season}/registry-dumps", tag = "office",
    params(("season" = String, Path), FormParams),
    responses((status = 200, body = Vec<Dump>), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn dumps(
    State(app): State<App>,
    guard: Guard,
    Path(season): Path<String>,
    wanted: Wanted,
) -> Result<Response, Problem> {
    guard.must_read()?;
    must_exist(&app, &season).await?;
    let all = app.office.store().read().dumps(&season).await?;
    let dump = |d: crate::store::Dump| Dump {
        id: d.id,
        file_name: d.file_name,
        digest: d.digest,
        records: d.rows,
        brought_by: d.by,
        brought_at: d.at,
    };
    wanted.whole(all.into_iter().map(dump).collect())
}

/// Brings a dump of the registry in: one CSV (UTF-8 or GB18030), or a workbook with the sheet 学籍. Faults stand at
/// their cells, and then nothing is kept.
#[utoipa::path(post, path = "/v1/seasons/{season}/registry-dumps", tag = "office",
    params(("season" = String, Path)),
    request_body(content = OneFile, content_type = "multipart/form-data"),
    responses((status = 201, body = Read), (status = 400, body = Problem), (status = 403, body = Problem),
        (status = 422, body = Read)))]
pub(super) async fn bring(
    State(app): State<App>,
    guard: Guard,
    Path(season): Path<String>,
    form: Result<Multipart, MultipartRejection>,
) -> Result<(StatusCode, Json<Read>), Problem> {
    guard.actor.must_be(&[Role::Clerk, Role::Reviewer, Role::Machine])?;
    let [upload] = <[Upload; 1]>::try_from(uploads_of(form).await?)
        .map_err(|_| Problem::bad_request("一次只收一个文件"))?;
    let DumpRead { id, loaded } = app.office.bring_dump(&guard.actor, &season, upload).await?;
    let status = if id.is_some() { StatusCode::CREATED } else { StatusCode::UNPROCESSABLE_ENTITY };
    let faults = loaded.faults.iter().map(CellFault::of).collect();
    Ok((status, Json(Read { id, records: loaded.records.len(), faults, omitted: loaded.omitted })))
}

/// How a dump and the admissions differ, in both directions, with the rule, the evidence and what to do.
#[utoipa::path(get, path = "/v1/seasons/{season}/registry-dumps/{dump}/reconciliation", tag = "office",
    params(("season" = String, Path), ("dump" = i64, Path), FormParams),
    responses((status = 200, body = Vec<reconciliation::Row>), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub(super) async fn reconciliation(
    State(app): State<App>,
    guard: Guard,
    Path((season, dump)): Path<(String, i64)>,
    wanted: Wanted,
) -> Result<Response, Problem> {
    let rows = app.office.reconciled(&guard.actor, &season, dump).await?;
    wanted.drawn("reconciliation", rows, |rows, form| match form {
        FileForm::Csv => Ok(reconciliation::csv(rows)),
        FileForm::Xlsx => reconciliation::workbook(rows),
    })
}
