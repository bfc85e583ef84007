//! Answers that are files.

use axum::http::header;
use axum::response::{AppendHeaders, IntoResponse, Response};

/// What a file is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shape {
    /// UTF-8 CSV.
    Csv,
    /// JSON.
    Json,
    /// A zip archive.
    Zip,
}

/// A file of this name.
pub(super) fn file_answer(name: &str, shape: Shape, bytes: Vec<u8>) -> Response {
    let kind = match shape {
        Shape::Csv => "text/csv; charset=utf-8",
        Shape::Json => "application/json",
        Shape::Zip => "application/zip",
    };
    let headers = AppendHeaders([
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ]);
    (headers, bytes).into_response()
}
