//! Answers that are files.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use utoipa::ToSchema;

/// The bytes of a file, as the description calls them.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "describes bytes to the reader of the API")]
pub(super) struct Bytes(Vec<u8>);

/// What a file is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shape {
    /// UTF-8 CSV.
    Csv,
    /// JSON.
    Json,
    /// An Excel workbook.
    Xlsx,
    /// A zip archive.
    Zip,
}

/// A file of this name.
pub(super) fn file_answer(name: &str, shape: Shape, bytes: Vec<u8>) -> Response {
    let kind = match shape {
        Shape::Csv => "text/csv; charset=utf-8",
        Shape::Json => "application/json",
        Shape::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        Shape::Zip => "application/zip",
    };
    // Set and not appended: bytes have a type of their own already.
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    (headers, bytes).into_response()
}
