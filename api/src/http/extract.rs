//! What a request holds – path, query, body – each refused as a problem and never echoed whole: a body may hold personal
//! data.

use axum::body::{Body, Bytes};
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{
    DefaultBodyLimit, FromRequest, FromRequestParts, OptionalFromRequest, Request,
};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::Problem;
use crate::tables::located::{clipped, masked};

/// A body of JSON, of a request or of an answer.
#[derive(Clone, Debug)]
pub(super) struct Json<T>(pub(super) T);

/// The variables of the path.
#[derive(Clone, Debug)]
pub(super) struct Path<T>(pub(super) T);

/// The query.
#[derive(Clone, Debug)]
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let kind = request.headers().get(CONTENT_TYPE).cloned();
        let mut request = request;
        DefaultBodyLimit::max(MOST).apply(&mut request);
        let bytes = Bytes::from_request(request, state).await.map_err(|e| match e.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large("请求的内容超过上限"),
            status => {
                unreadable(status, &format!("请求的内容没有读完（{}）", cause(&e.body_text())))
            }
        })?;
        if holds_nul(&bytes) {
            return Err(Problem::bad_request(NUL));
        }
        let mut read = Request::new(Body::from(bytes.clone()));
        read.headers_mut().extend(kind.map(|kind| (CONTENT_TYPE, kind)));
        let read = <axum::Json<T> as FromRequest<S>>::from_request(read, state).await;
        let axum::Json(value) = read.map_err(|e| not_json::<T>(&e, &bytes))?;
        Ok(Self(value))
    }
}

/// A body that is no JSON, or not the JSON that is wanted: where, and what the reader says of it.
fn not_json<T: DeserializeOwned>(why: &JsonRejection, bytes: &[u8]) -> Problem {
    let status = why.status();
    if status == StatusCode::UNSUPPORTED_MEDIA_TYPE {
        return unreadable(status, "请求的内容须是 JSON（Content-Type: application/json）");
    }
    // Read once more for the place, which is not given with the refusal.
    let Some(error) = serde_json::from_slice::<T>(bytes).err() else {
        return unreadable(status, &why.body_text());
    };
    let what = match error.classify() {
        Category::Eof => "内容不完整",
        Category::Syntax => "不是 JSON",
        Category::Data | Category::Io => "字段缺少、多余或类型不符",
    };
    let place = format!("第 {} 行第 {} 列", error.line(), error.column());
    unreadable(status, &format!("{place}：{what}（{}）", cause(&why.body_text())))
}

/// What the reader says, without its preface and the place, which is told already, and in Chinese as far as it goes.
fn cause(words: &str) -> String {
    let cause = words.split_once(": ").map_or(words, |(_, cause)| cause);
    let cause = cause.split_once(" at line ").map_or(cause, |(cause, _)| cause);
    READERS_WORDS.iter().fold(cause.to_owned(), |text, (word, told)| text.replace(word, told))
}

/// Words of the readers of JSON, queries and bodies, the longer first.
const READERS_WORDS: [(&str, &str); 22] = [
    ("data was not received within the designated timeout", "没有在限定时间内收到"),
    ("error reading a body from connection", "连接中断"),
    ("cannot parse integer from empty string", "须是数字"),
    ("invalid digit found in string", "须是数字"),
    ("number too large to fit in target type", "数字过大"),
    ("number too small to fit in target type", "数字过小"),
    ("provided string was not `true` or `false`", "须是 true 或 false"),
    ("recursion limit exceeded", "嵌套过深"),
    ("trailing characters", "末尾有多余的字符"),
    ("EOF while parsing", "内容中断："),
    ("key must be a string", "键须是字符串"),
    ("missing field", "缺少字段"),
    ("unknown field", "没有字段"),
    ("duplicate field", "字段重复"),
    ("unknown variant", "没有这一取值"),
    ("invalid length", "长度不符："),
    ("invalid type:", "类型不符："),
    ("invalid value:", "值不符："),
    ("there are no fields", "不应有字段"),
    ("expected one of", "应为其一："),
    ("expected", "应为"),
    (", 应为", "，应为"),
];

/// The most bytes of a body of JSON. Anybody may send one, and it is held in memory whole; files are not JSON.
pub(super) const MOST: usize = 1 << 20;

/// What is said of U+0000, which one of the databases cannot hold.
const NUL: &str = "文本中不能有空字符（U+0000）";

/// Whether a text of JSON writes U+0000; as a byte it is no JSON.
fn holds_nul(json: &[u8]) -> bool {
    let escaped = |at: usize| {
        let slashes = json[..at].iter().rev().take_while(|&&b| b == b'\\').count();
        slashes % 2 == 0
    };
    json.windows(6).enumerate().any(|(at, six)| six == b"\\u0000" && escaped(at))
}

/// A part that cannot be read, without the middle of numbers and the end of long texts.
fn unreadable(status: StatusCode, words: &str) -> Problem {
    Problem::unreadable(status, &clipped(&masked(words)))
}

/// A body that may be left out.
impl<T: DeserializeOwned, S: Send + Sync> OptionalFromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Problem> {
        if !request.headers().contains_key(CONTENT_TYPE) {
            return Ok(None);
        }
        <Self as FromRequest<S>>::from_request(request, state).await.map(Some)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        // No key of anything holds U+0000, and one of the databases refuses to be asked for it.
        if parts.uri.path().contains("%00") {
            return Err(Problem::not_found("没有这个地址"));
        }
        let read = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        let axum::extract::Path(value) = read.map_err(|e: PathRejection| {
            // A number that is none names nothing that there could be.
            match e.status().is_server_error() {
                true => Problem::internal("path variables"),
                false => Problem::not_found("没有这个地址"),
            }
        })?;
        Ok(Self(value))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        if parts.uri.query().is_some_and(|q| q.contains("%00")) {
            return Err(Problem::bad_request(NUL));
        }
        let read = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        let axum::extract::Query(value) = read.map_err(|e: QueryRejection| {
            unreadable(e.status(), &format!("查询参数有误（{}）", cause(&e.body_text())))
        })?;
        Ok(Self(value))
    }
}

#[cfg(test)]
mod tests {
    use super::holds_nul;

    #[test]
    fn a_nul_is_told_from_a_text_about_it() {
        for held in [&br#""\u0000""#[..], br#"{"a":"x\u0000"}"#, br#""\\\u0000""#] {
            assert!(holds_nul(held), "{}", String::from_utf8_lossy(held));
        }
        for free in [&br#""\\u0000""#[..], br#""u0000""#, br#""\u0001""#, b"", b"\\u000"] {
            assert!(!holds_nul(free), "{}", String::from_utf8_lossy(free));
        }
    }
}
