//! Imports over HTTP.

use axum::extract::multipart::{MultipartError, MultipartRejection};
use axum::extract::{Multipart, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::applicants::must_exist;
use super::error::CellFault;
use super::extract::{Json, Path};
use super::guard::Guard;
use super::listing::{FileForm, FormParams, PageParams, Row, Wanted, encoded};
use super::{App, Problem};
use crate::acts::{ActError, ReadImport, Upload};
use crate::store::{ImportStatus, Role};
use crate::tables::write::listing::{Listed, flag, number, text, time, word};
use crate::tables::write::words;

/// An import.
#[derive(Serialize, ToSchema)]
pub(super) struct Import {
    id: i64,
    file_name: String,
    /// SHA-256 of what came.
    digest: String,
    /// `staged`, `refused`, `committed` or `undone`.
    #[schema(value_type = String)]
    status: ImportStatus,
    created_by: String,
    /// Microseconds of UTC.
    created_at: i64,
}

/// What came of reading files.
#[derive(Serialize, ToSchema)]
pub(super) struct ReadFiles {
    /// The number of the import.
    id: i64,
    /// `staged` if it can be committed, `refused` where faults block it, which is kept to be given back with them.
    #[schema(value_type = String)]
    status: ImportStatus,
    schools: usize,
    applicants: usize,
    wishes: usize,
    /// Faults that block, and warnings, at their cells.
    faults: Vec<CellFault>,
    /// Faults beyond those listed.
    omitted: u64,
}

impl ReadFiles {
    fn of(read: &ReadImport) -> Self {
        let ReadImport { id, status, loaded } = read;
        Self {
            id: *id,
            status: *status,
            schools: loaded.counts.schools,
            applicants: loaded.counts.applicants,
            wishes: loaded.counts.wishes,
            faults: loaded.faults.iter().map(CellFault::of).collect(),
            omitted: loaded.omitted,
        }
    }
}

/// Files to import, each as a part `file` with its name.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes a form to the reader of the API")]
pub(super) struct Files {
    #[schema(value_type = Vec<String>, format = Binary)]
    file: Vec<Vec<u8>>,
}

impl Row for Import {
    const NAME: (&'static str, &'static str) = ("imports", "导入");
    const COLUMNS: &'static [Listed] = &[
        number("id", "编号"),
        text("file_name", "文件"),
        text("digest", "摘要"),
        word("status", "状态", words::IMPORT_STATES),
        text("created_by", "导入人"),
        time("created_at", "导入时间"),
    ];
}

impl Row for CellFault {
    const NAME: (&'static str, &'static str) = ("faults", "错误清单");
    const COLUMNS: &'static [Listed] = &[
        text("code", "编号"),
        flag("blocks", "须更正"),
        text("cell", "位置"),
        text("found", "值"),
        text("expected", "应为"),
        text("help", "怎样改"),
    ];
}

impl From<crate::store::Import> for Import {
    fn from(i: crate::store::Import) -> Self {
        Self {
            id: i.id,
            file_name: i.file_name,
            digest: i.digest,
            status: i.status,
            created_by: i.created_by,
            created_at: i.created_at,
        }
    }
}

/// The imports of a season, oldest first.
#[utoipa::path(get, path = "/v1/seasons/{season}/imports", tag = "office",
    params(("season" = String, Path), FormParams, PageParams),
    responses((status = 200, body = Vec<Import>), (status = 404, body = Problem)))]
pub(super) async fn list(
    State(app): State<App>,
    guard: Guard,
    Path(season): Path<String>,
    wanted: Wanted,
) -> Result<Response, Problem> {
    guard.actor.must_be(&[Role::Clerk, Role::Reviewer, Role::Regulator, Role::Machine])?;
    must_exist(&app, &season).await?;
    let all = app.office.store().read().imports(&season).await?;
    wanted.numbered(all.into_iter().map(Import::from), |row| row.id)
}

/// Reads files against what is committed; every fault at its cell, nothing half imported.
#[utoipa::path(post, path = "/v1/seasons/{season}/imports", tag = "office", params(("season" = String, Path)),
    request_body(content = Files, content_type = "multipart/form-data"),
    responses((status = 201, body = ReadFiles), (status = 422, body = ReadFiles), (status = 409, body = Problem)))]
pub(super) async fn stage(
    State(app): State<App>,
    guard: Guard,
    Path(season): Path<String>,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, Problem> {
    guard.actor.must_be(&[Role::Clerk, Role::Reviewer, Role::Machine])?;
    must_exist(&app, &season).await?;
    let uploads = uploads_of(form).await?;
    let read = app.office.stage(&guard.actor, &season, uploads).await?;
    let status = match read.status {
        ImportStatus::Refused => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::CREATED,
    };
    let at = format!("/v1/seasons/{}/imports/{}", encoded(&season), read.id);
    Ok((status, [(header::LOCATION, at)], Json(ReadFiles::of(&read))).into_response())
}

/// An import with its faults, read once more: as JSON or CSV, or as the clerk's own workbook with the faults marked
/// (the office's alone, and logged).
#[utoipa::path(get, path = "/v1/seasons/{season}/imports/{import}", tag = "office",
    params(("season" = String, Path), ("import" = i64, Path), FormParams),
    responses((status = 200, body = ReadFiles), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn one(
    State(app): State<App>,
    guard: Guard,
    Path((season, import)): Path<(String, i64)>,
    wanted: Wanted,
) -> Result<Response, Problem> {
    let (office, actor) = (&app.office, &guard.actor);
    if wanted.is_xlsx() {
        let book = office.annotated_import(actor, &season, import).await?;
        return Ok(FileForm::Xlsx.answer(&format!("import-{import}"), book));
    }
    let read = ReadFiles::of(&office.read_import(actor, &season, import).await?);
    if wanted.is_json() { Ok(Json(read).into_response()) } else { wanted.whole(read.faults) }
}

/// The workbook to fill in, empty: one sheet for every table, with its columns, lists to choose from and notes 模板.
#[utoipa::path(get, path = "/v1/seasons/{season}/template", tag = "office", params(("season" = String, Path)),
    responses((status = 200, body = super::output::Bytes,
        content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (status = 404, body = Problem)))]
pub(super) async fn template(
    State(app): State<App>,
    guard: Guard,
    Path(season): Path<String>,
) -> Result<Response, Problem> {
    let book = app.office.template(&guard.actor, &season).await?;
    Ok(FileForm::Xlsx.answer("season", book))
}

/// What is no form with files.
fn no_form(why: &MultipartRejection) -> Problem {
    Problem::unreadable(why.status(), "没有收到文件：请用 multipart/form-data 上传")
}

/// A form that ends early, is longer than may be, or is written wrongly.
fn cut_off(why: MultipartError) -> Problem {
    match why.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large("请求的内容超过上限"),
        status => {
            Problem::unreadable(status, "上传的表单不完整或格式有误，未作任何改动；请重新上传")
        }
    }
}

/// The most parts of a form. A season has fewer tables.
const MOST_PARTS: usize = 64;

/// The files of a form.
pub(super) async fn uploads_of(
    form: Result<Multipart, MultipartRejection>,
) -> Result<Vec<Upload>, Problem> {
    let mut form = form.map_err(|e| no_form(&e))?;
    let mut uploads = Vec::new();
    let mut parts = 0;
    while let Some(part) = form.next_field().await.map_err(cut_off)? {
        parts += 1;
        if parts > MOST_PARTS {
            let words = format!("一次上传最多 {MOST_PARTS} 个文件，请分次上传");
            return Err(ActError::TooLarge(words).into());
        }
        let Some(name) = part.file_name().map(str::to_owned) else { continue };
        let bytes = part.bytes().await.map_err(cut_off)?.to_vec();
        uploads.push(Upload { name, bytes });
    }
    if uploads.is_empty() {
        return Err(Problem::bad_request("没有收到文件：请用 multipart/form-data 上传"));
    }
    Ok(uploads)
}

/// Puts a staged import into force.
#[utoipa::path(post, path = "/v1/seasons/{season}/imports/{import}/commit", tag = "office",
    params(("season" = String, Path), ("import" = i64, Path)),
    responses((status = 204), (status = 409, body = Problem)))]
pub(super) async fn commit(
    State(app): State<App>,
    guard: Guard,
    Path((season, import)): Path<(String, i64)>,
) -> Result<StatusCode, Problem> {
    app.office.commit_import(&guard.actor, &season, import).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes an import back.
#[utoipa::path(post, path = "/v1/seasons/{season}/imports/{import}/undo", tag = "office",
    params(("season" = String, Path), ("import" = i64, Path)),
    responses((status = 204), (status = 409, body = Problem)))]
pub(super) async fn undo(
    State(app): State<App>,
    guard: Guard,
    Path((season, import)): Path<(String, i64)>,
) -> Result<StatusCode, Problem> {
    app.office.undo_import(&guard.actor, &season, import).await?;
    Ok(StatusCode::NO_CONTENT)
}
