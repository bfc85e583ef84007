//! Lists: one mechanism for all of them. The same URL gives JSON, CSV or a workbook, by `?format=` or `Accept`; lists
//! that grow come in pages, and `Link` says where the next one begins.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract::Query;
use super::output::{Shape, file_answer};
use super::{Problem, extract};
use crate::error::Failure;
use crate::tables::write::listing::{Listed, csv, xlsx};

/// A row of a list.
pub(super) trait Row: Serialize {
    /// The name of the file, without its ending, and of the sheet.
    const NAME: (&'static str, &'static str);
    /// What CSV and workbooks show, in order.
    const COLUMNS: &'static [Listed];
}

/// The form in which a list is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    Json,
    Csv,
    Xlsx,
}

/// The forms that are files.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum FileForm {
    Csv,
    Xlsx,
}

impl FileForm {
    /// A file of this form, called so without the ending.
    pub(super) fn answer(self, name: &str, bytes: Vec<u8>) -> Response {
        match self {
            Self::Csv => file_answer(&format!("{name}.csv"), Shape::Csv, bytes),
            Self::Xlsx => file_answer(&format!("{name}.xlsx"), Shape::Xlsx, bytes),
        }
    }
}

/// In which form a list is wanted.
#[derive(Deserialize, IntoParams)]
#[allow(dead_code, reason = "describes what `Wanted` reads to the reader of the API")]
#[into_params(parameter_in = Query)]
pub(super) struct FormParams {
    /// `json` (the default), `csv` or `xlsx`; goes before `Accept`.
    #[param(required = false, value_type = String, example = "csv")]
    format: Option<String>,
}

/// Which page of a list is wanted.
#[derive(Deserialize, IntoParams)]
#[allow(dead_code, reason = "describes what `Wanted` reads to the reader of the API")]
#[into_params(parameter_in = Query)]
pub(super) struct PageParams {
    /// Where the page begins: taken from the `Link` of the page before.
    #[param(required = false, value_type = String)]
    after: Option<String>,
    /// The most rows of a page, 1 to 1000; 200 in JSON if absent, all of them in a file.
    #[param(required = false, value_type = u32, minimum = 1, maximum = 1000, example = 200)]
    limit: Option<String>,
}

/// What is wanted of a list: its form and its page.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    form: Form,
    after: Option<String>,
    limit: Option<u64>,
    uri: Uri,
}

#[derive(Deserialize)]
struct Asked {
    format: Option<String>,
    after: Option<String>,
    limit: Option<String>,
}

/// Rows of a page in JSON if nothing is said.
const PAGE: u64 = 200;
/// The most rows of a page.
const MOST: u64 = 1000;

impl<S: Send + Sync> FromRequestParts<S> for Wanted {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(asked) = Query::<Asked>::from_request_parts(parts, state).await?;
        let form = match asked.format.as_deref() {
            Some("json") => Form::Json,
            Some("csv") => Form::Csv,
            Some("xlsx") => Form::Xlsx,
            Some(_) => return Err(Problem::bad_request("format 只能是 json、csv 或 xlsx")),
            None => accepted(parts)?,
        };
        let within = |limit: &String| limit.parse().ok().filter(|n| (1..=MOST).contains(n));
        let limit = asked.limit.as_ref().map(|limit| {
            within(limit).ok_or_else(|| Problem::bad_request("limit 应在 1 到 1000 之间"))
        });
        let (after, uri) = (asked.after, parts.uri.clone());
        Ok(Self { form, after, limit: limit.transpose()?, uri })
    }
}

/// The best form that `Accept` allows; JSON where it says nothing.
fn accepted(parts: &Parts) -> Result<Form, Problem> {
    let mut best: Option<(u16, Form)> = None;
    let mut any = false;
    for value in parts.headers.get_all(header::ACCEPT) {
        for range in value.to_str().unwrap_or_default().split(',') {
            let mut words = range.split(';').map(str::trim);
            let kind = words.next().unwrap_or_default();
            any |= !kind.is_empty();
            let form = match kind {
                "*/*" | "application/*" | "application/json" => Form::Json,
                "text/csv" | "text/*" => Form::Csv,
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => Form::Xlsx,
                _ => continue,
            };
            let weight = words.find_map(|w| w.strip_prefix("q=")).and_then(thousandths);
            let weight = weight.unwrap_or(1000);
            if weight > 0 && best.is_none_or(|(most, _)| weight > most) {
                best = Some((weight, form));
            }
        }
    }
    match best {
        Some((_, form)) => Ok(form),
        None if any => Err(Problem::not_acceptable()),
        None => Ok(Form::Json),
    }
}

/// A weight of `Accept`, which has at most three places, in thousandths.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, places) = text.split_once('.').unwrap_or((text, ""));
    if places.len() > 3 || !places.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let padded = format!("{places:0<3}");
    match whole {
        "0" => padded.parse().ok(),
        "1" => Some(1000),
        _ => None,
    }
}

impl Wanted {
    /// Whether JSON is wanted.
    pub(super) fn is_json(&self) -> bool {
        self.form == Form::Json
    }

    /// Whether a workbook is wanted.
    pub(super) fn is_xlsx(&self) -> bool {
        self.form == Form::Xlsx
    }

    /// Where the page begins, as the number that the row before has.
    ///
    /// # Errors
    /// It is no number.
    pub(super) fn after_number(&self) -> Result<Option<i64>, Problem> {
        let number = |text: &String| text.parse().map_err(|_| Problem::bad_request("after 无效"));
        self.after.as_ref().map(number).transpose()
    }

    /// Where the page begins, as the key that the row before has.
    pub(super) fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }

    /// How many rows to read: one more than the page has shows that there is another. Files hold everything if no
    /// limit is given.
    pub(super) fn read(&self) -> u64 {
        self.size().saturating_add(1)
    }

    /// How many of so many rows a page shows.
    pub(super) fn shown(&self, rows: usize) -> usize {
        rows.min(usize::try_from(self.size()).unwrap_or(usize::MAX))
    }

    fn size(&self) -> u64 {
        match (self.limit, self.form) {
            (Some(limit), _) => limit,
            (None, Form::Json) => PAGE,
            (None, _) => u64::from(u32::MAX),
        }
    }

    /// A page of rows, of which one more than the page holds may have been read; `key` is where the next begins.
    pub(super) fn page<T: Row>(
        self,
        mut rows: Vec<T>,
        key: impl Fn(&T) -> String,
    ) -> Result<Response, Problem> {
        let size = usize::try_from(self.size()).unwrap_or(usize::MAX);
        let more = rows.len() > size;
        rows.truncate(size);
        let next = rows.last().filter(|_| more).map(|last| self.next(&key(last)));
        let mut response = self.whole(rows)?;
        if let Some(link) = next.and_then(|uri| HeaderValue::try_from(uri).ok()) {
            response.headers_mut().insert(header::LINK, link);
        }
        Ok(response)
    }

    /// A page of rows that are in the order of their numbers.
    pub(super) fn numbered<T: Row>(
        self,
        rows: impl Iterator<Item = T>,
        id: impl Fn(&T) -> i64,
    ) -> Result<Response, Problem> {
        let after = self.after_number()?.unwrap_or(0);
        self.page(rows.filter(|row| id(row) > after).collect(), |row| id(row).to_string())
    }

    /// All rows of a list that cannot grow long.
    pub(super) fn whole<T: Row>(self, rows: Vec<T>) -> Result<Response, Problem> {
        let (file, sheet) = T::NAME;
        self.drawn(file, rows, |rows, form| {
            let values: Result<Vec<serde_json::Value>, _> =
                rows.iter().map(serde_json::to_value).collect();
            let values = values.map_err(|e| Failure::Internal(e.to_string()))?;
            match form {
                FileForm::Csv => Ok(csv(T::COLUMNS, &values)),
                FileForm::Xlsx => xlsx(sheet, T::COLUMNS, &values),
            }
        })
    }

    /// All rows of a list whose files, called so without the ending, are drawn in a way of their own.
    pub(super) fn drawn<T: Serialize>(
        self,
        name: &str,
        rows: Vec<T>,
        draw: impl FnOnce(&[T], FileForm) -> Result<Vec<u8>, Failure>,
    ) -> Result<Response, Problem> {
        let form = match self.form {
            Form::Json => return Ok(extract::Json(rows).into_response()),
            Form::Csv => FileForm::Csv,
            Form::Xlsx => FileForm::Xlsx,
        };
        let bytes = draw(&rows, form).map_err(|e| Problem::internal(&e.to_string()))?;
        Ok(form.answer(name, bytes))
    }

    /// The address of the next page, as `Link` writes it.
    fn next(&self, key: &str) -> String {
        let old = self.uri.query().unwrap_or_default().split('&');
        let kept = old.filter(|pair| !pair.is_empty() && !pair.starts_with("after="));
        let query: Vec<String> =
            kept.map(str::to_owned).chain([format!("after={}", encoded(key))]).collect();
        format!("<{}?{}>; rel=\"next\"", self.uri.path(), query.join("&"))
    }
}

/// A text as an address may hold it.
pub(super) fn encoded(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    let byte = |b: u8| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") };
    text.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use crate::store::{
        DecisionKind, DecisionStatus, ImportStatus, JobStatus, Mode, Role, RoundStatus, Scope,
        WindowStatus,
    };
    use crate::tables::write::words::{self, Words, told};

    #[test]
    fn every_word_of_the_api_has_one_that_people_use() {
        let all: [(Words, Vec<&str>); 9] = [
            (words::DECISIONS, DecisionKind::ALL.iter().map(|w| w.word()).collect()),
            (words::DECISION_STATES, DecisionStatus::ALL.iter().map(|w| w.word()).collect()),
            (words::IMPORT_STATES, ImportStatus::ALL.iter().map(|w| w.word()).collect()),
            (words::JOB_STATES, JobStatus::ALL.iter().map(|w| w.word()).collect()),
            (words::MODES, Mode::ALL.iter().map(|w| w.word()).collect()),
            (words::ROLES, Role::ALL.iter().map(|w| w.word()).collect()),
            (words::ROUND_STATES, RoundStatus::ALL.iter().map(|w| w.word()).collect()),
            (words::SCOPES, Scope::ALL.iter().map(|w| w.word()).collect()),
            (words::WINDOW_STATES, WindowStatus::ALL.iter().map(|w| w.word()).collect()),
        ];
        for (words, keys) in all {
            assert!(keys.iter().all(|key| !told(words, key).is_ascii()), "{keys:?}");
        }
    }
}
