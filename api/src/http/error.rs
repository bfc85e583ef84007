//! Everything that goes wrong over HTTP, as RFC 9457 problems, in one place.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::acts::ActError;
use crate::tables::Located;

/// A problem: what happened, in words; a stable type to branch on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct Problem {
    /// A stable name, as a relative reference.
    #[serde(rename = "type")]
    kind: &'static str,
    /// What happened.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What happened here.
    detail: String,
    /// Faults of input, each at its cell.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<CellFault>,
}

/// A fault of input.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub(super) struct CellFault {
    /// Its stable code.
    code: String,
    /// Where: file, row and column, or workbook cell.
    cell: String,
    /// What was found there.
    found: String,
    /// What was expected.
    expected: String,
    /// What to do.
    help: String,
    /// Whether it blocks the import.
    blocks: bool,
}

impl CellFault {
    /// A fault as the API says it.
    pub(super) fn of(fault: &Located) -> Self {
        Self {
            code: fault.fault.code.to_string(),
            cell: fault.place(),
            found: fault.found(),
            expected: fault.fault.expected.clone(),
            help: fault.fault.help.clone(),
            blocks: fault.blocks(),
        }
    }
}

impl Problem {
    fn new(kind: &'static str, title: &'static str, status: StatusCode, detail: &str) -> Self {
        let detail = detail.to_owned();
        Self { kind, title, status: status.as_u16(), detail, errors: Vec::new() }
    }

    /// Nobody is signed in.
    pub(super) fn unauthorized() -> Self {
        Self::new(
            "/problems/unauthorized",
            "请先登录",
            StatusCode::UNAUTHORIZED,
            "未登录或会话已过期",
        )
    }

    /// Signed in, and not allowed.
    pub(super) fn forbidden(detail: &str) -> Self {
        Self::new("/problems/forbidden", "无权操作", StatusCode::FORBIDDEN, detail)
    }

    /// No such thing.
    pub(super) fn not_found(detail: &str) -> Self {
        Self::new("/problems/not-found", "没有找到", StatusCode::NOT_FOUND, detail)
    }

    /// Not a request that can be understood.
    pub(super) fn bad_request(detail: &str) -> Self {
        Self::new("/problems/bad-request", "请求有误", StatusCode::BAD_REQUEST, detail)
    }

    /// A request whose parts cannot be read.
    pub(super) fn unreadable(status: StatusCode, detail: &str) -> Self {
        let status = if status.is_client_error() { status } else { StatusCode::BAD_REQUEST };
        Self::new("/problems/bad-request", "请求有误", status, detail)
    }

    /// More than is read.
    pub(super) fn too_large(detail: &str) -> Self {
        Self::new("/problems/too-large", "内容过大", StatusCode::PAYLOAD_TOO_LARGE, detail)
    }

    /// It took too long to come, or to be done.
    pub(super) fn too_slow() -> Self {
        let detail = "请求没有在限定时间内完成，已放弃；请重试";
        Self::new("/problems/timeout", "超时", StatusCode::REQUEST_TIMEOUT, detail)
    }

    /// The address is there, and does not do that.
    pub(super) fn method_not_allowed() -> Self {
        let status = StatusCode::METHOD_NOT_ALLOWED;
        Self::new("/problems/method-not-allowed", "没有这种操作", status, "该地址没有这种操作")
    }

    /// None of the forms that are there will do.
    pub(super) fn not_acceptable() -> Self {
        let detail = "可用的格式：application/json、text/csv、xlsx（或用 ?format=）";
        Self::new("/problems/not-acceptable", "没有这种格式", StatusCode::NOT_ACCEPTABLE, detail)
    }

    /// Something that is decided, without saying what was looked at.
    pub(super) fn precondition_required() -> Self {
        Self::new(
            "/problems/precondition-required",
            "请先读取",
            StatusCode::PRECONDITION_REQUIRED,
            "此操作须带 If-Match：先读取该事项，再用读到的 ETag 提交",
        )
    }

    /// What was looked at has changed since.
    pub(super) fn precondition_failed() -> Self {
        Self::new(
            "/problems/precondition-failed",
            "已有变动",
            StatusCode::PRECONDITION_FAILED,
            "该事项在读取之后有了变动，未作任何改动；请重新读取后再提交",
        )
    }

    /// The password must be changed before anything else.
    pub(super) fn password_change() -> Self {
        Self::new(
            "/problems/password-change-required",
            "请先修改密码",
            StatusCode::FORBIDDEN,
            "首次登录或密码被重置后须先修改密码：POST /v1/me/password",
        )
    }

    /// The same key with another request, or again while the first is under way, or for what is shown once.
    pub(super) fn repeated(status: StatusCode, detail: &str) -> Self {
        Self::new("/problems/idempotency-key", "重复的请求", status, detail)
    }

    /// Too many wrong answers.
    pub(super) fn too_many(detail: &str) -> Self {
        Self::new("/problems/too-many", "请稍后再试", StatusCode::TOO_MANY_REQUESTS, detail)
    }

    /// The database is held up or out of reach for now.
    fn busy(cause: &str) -> Self {
        tracing::warn!(cause, "the database did not serve a request");
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Self::new(
            "/problems/busy",
            "请稍后再试",
            status,
            "数据库繁忙或暂时连不上，未能办理；请稍后重试",
        )
    }

    /// A failure of the program; what it was stands in the log under the number shown.
    pub(super) fn internal(cause: &str) -> Self {
        let number = crate::acts::now();
        tracing::error!(number, cause, "request failed");
        let detail = format!("程序出错，未作任何改动。请告知编号 {number}");
        Self::new("/problems/internal", "程序出错", StatusCode::INTERNAL_SERVER_ERROR, &detail)
    }
}

impl From<ActError> for Problem {
    fn from(error: ActError) -> Self {
        let detail = error.to_string();
        match error {
            ActError::NotPermitted(_) => Self::forbidden(&detail),
            ActError::NotFound(_) => Self::not_found(&detail),
            ActError::Conflict(_) => {
                Self::new("/problems/conflict", "与现状不符", StatusCode::CONFLICT, &detail)
            }
            ActError::Malformed(_) => Self::bad_request(&detail),
            ActError::TooLarge(_) => Self::too_large(&detail),
            ActError::Unlawful(_) => {
                Self::new("/problems/unlawful", "不合规定", StatusCode::CONFLICT, &detail)
            }
            ActError::Faults(faults) => Self {
                errors: faults.iter().map(CellFault::of).collect(),
                ..Self::new(
                    "/problems/faults",
                    "数据有误",
                    StatusCode::UNPROCESSABLE_ENTITY,
                    &detail,
                )
            },
            ActError::Busy(_) => Self::busy(&detail),
            ActError::Failure(failure) => Self::internal(&failure.to_string()),
        }
    }
}

impl From<crate::store::StoreError> for Problem {
    fn from(error: crate::store::StoreError) -> Self {
        ActError::from(error).into()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self)).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}
