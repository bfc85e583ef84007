//! Accounts and tokens, as the administrator keeps them, and the log of looks at personal data.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::{Json, Path};
use super::guard::Guard;
use super::listing::{FormParams, PageParams, Row, Wanted};
use super::once::Secret;
use super::{App, Problem};
use crate::auth::{NewAccount, TokenRequest};
use crate::store::{Look, MachineToken, Role, Scope};
use crate::tables::write::listing::{Listed, flag, number, text, time, word};
use crate::tables::write::words;

/// An account.
#[derive(Serialize, ToSchema)]
pub(super) struct Account {
    name: String,
    display: String,
    #[schema(value_type = String)]
    role: Role,
    /// The school of a school account.
    school: Option<String>,
    disabled: bool,
    /// The password was given out and not yet changed.
    must_change_password: bool,
}

impl Row for Account {
    const NAME: (&'static str, &'static str) = ("accounts", "账号");
    const COLUMNS: &'static [Listed] = &[
        text("name", "用户名"),
        text("display", "名称"),
        word("role", "角色", words::ROLES),
        text("school", "学校代码"),
        flag("disabled", "已停用"),
        flag("must_change_password", "待改密码"),
    ];
}

impl From<crate::store::Account> for Account {
    fn from(a: crate::store::Account) -> Self {
        Self {
            name: a.name,
            display: a.display,
            role: a.role,
            school: a.school,
            disabled: a.disabled,
            must_change_password: a.must_change,
        }
    }
}

/// An account to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountRequest {
    /// Small letters, digits, `-`, `_` and `.`.
    #[schema(example = "clerk2", min_length = 1, max_length = 64, pattern = "^[a-z0-9_.-]+$")]
    name: String,
    #[schema(example = "经办员二", min_length = 1, max_length = 64)]
    display: String,
    /// `clerk`, `reviewer`, `school`, `regulator`, `admin` or `machine`.
    #[schema(value_type = String, example = "clerk")]
    role: Role,
    /// The school of a school account, and of no other.
    school: Option<String>,
}

/// A password that is told once.
#[derive(Serialize, ToSchema)]
pub(super) struct OneTime {
    name: String,
    /// To sign in with once; absent for a machine, which has tokens.
    password: Option<String>,
}

/// Passes for the administrator, and for the regulator who only looks.
fn must_oversee(guard: &Guard) -> Result<(), Problem> {
    Ok(guard.actor.must_be(&[Role::Admin, Role::Regulator])?)
}

/// The accounts, by name.
#[utoipa::path(get, path = "/v1/accounts", tag = "admin", params(FormParams),
    responses((status = 200, body = Vec<Account>)))]
pub(super) async fn list(
    State(app): State<App>,
    guard: Guard,
    wanted: Wanted,
) -> Result<Response, Problem> {
    must_oversee(&guard)?;
    let all = app.office.store().read().accounts().await?;
    wanted.whole(all.into_iter().map(Account::from).collect())
}

/// Makes an account; the password is told once and must be changed when it is first used.
#[utoipa::path(post, path = "/v1/accounts", tag = "admin", request_body = AccountRequest,
    responses((status = 201, body = OneTime), (status = 409, body = Problem)))]
pub(super) async fn create(
    State(app): State<App>,
    guard: Guard,
    Json(sent): Json<AccountRequest>,
) -> Result<(StatusCode, Secret, Json<OneTime>), Problem> {
    let AccountRequest { name, display, role, school } = sent;
    let new = NewAccount { name, display, role, school };
    let password = app.office.create_account(&guard.actor, &new).await?;
    Ok((StatusCode::CREATED, Secret, Json(OneTime { name: new.name, password })))
}

/// Disables an account: it is refused from its next request on.
#[utoipa::path(post, path = "/v1/accounts/{account}/disable", tag = "admin",
    params(("account" = String, Path, example = "clerk2")),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn disable(
    State(app): State<App>,
    guard: Guard,
    Path(account): Path<String>,
) -> Result<StatusCode, Problem> {
    app.office.set_disabled(&guard.actor, &account, true).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Enables an account again.
#[utoipa::path(post, path = "/v1/accounts/{account}/enable", tag = "admin",
    params(("account" = String, Path, example = "clerk2")),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn enable(
    State(app): State<App>,
    guard: Guard,
    Path(account): Path<String>,
) -> Result<StatusCode, Problem> {
    app.office.set_disabled(&guard.actor, &account, false).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives an account another password, told once; its sessions end, and it must be changed when it is first used.
#[utoipa::path(post, path = "/v1/accounts/{account}/reset-password", tag = "admin",
    params(("account" = String, Path, example = "clerk2")),
    responses((status = 200, body = OneTime), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn reset(
    State(app): State<App>,
    guard: Guard,
    Path(account): Path<String>,
) -> Result<(Secret, Json<OneTime>), Problem> {
    let password = app.office.reset_password(&guard.actor, &account).await?;
    Ok((Secret, Json(OneTime { name: account, password: Some(password) })))
}

/// A token of a program, without its secret.
#[derive(Serialize, ToSchema)]
pub(super) struct Token {
    id: i64,
    account: String,
    /// What it is for, in words.
    note: String,
    /// `registry`, `import`.
    #[schema(value_type = Vec<String>)]
    scopes: Vec<Scope>,
    revoked: bool,
    created_by: String,
    /// Microseconds of UTC.
    created_at: i64,
    expires_at: Option<i64>,
    /// When it was last used, to half a minute.
    used_at: Option<i64>,
}

impl Row for Token {
    const NAME: (&'static str, &'static str) = ("tokens", "令牌");
    const COLUMNS: &'static [Listed] = &[
        number("id", "编号"),
        text("account", "对接账号"),
        text("note", "说明"),
        word("scopes", "用途", words::SCOPES),
        flag("revoked", "已吊销"),
        text("created_by", "签发人"),
        time("created_at", "签发时间"),
        time("expires_at", "到期时间"),
        time("used_at", "最近使用"),
    ];
}

impl From<MachineToken> for Token {
    fn from(t: MachineToken) -> Self {
        Self {
            id: t.id,
            account: t.account,
            note: t.note,
            scopes: t.scopes,
            revoked: t.revoked,
            created_by: t.created_by,
            created_at: t.created_at,
            expires_at: t.expires_at,
            used_at: t.used_at,
        }
    }
}

/// A token to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenBody {
    /// A machine account.
    #[schema(example = "registry-system")]
    account: String,
    /// What it is for, in words.
    #[serde(default)]
    #[schema(max_length = 200, example = "市学籍系统")]
    note: String,
    /// `registry` 学籍系统读取, `import` 数据与志愿导入.
    #[schema(value_type = Vec<String>, example = json!(["registry"]))]
    scopes: Vec<Scope>,
    /// After so many days it is refused; never if absent.
    #[schema(minimum = 1, maximum = 3650)]
    days: Option<u32>,
}

/// A token with its secret.
#[derive(Serialize, ToSchema)]
pub(super) struct NewToken {
    id: i64,
    /// Send as `Authorization: Bearer …`. Told once.
    token: String,
}

/// The tokens of programs, oldest first.
#[utoipa::path(get, path = "/v1/tokens", tag = "admin", params(FormParams),
    responses((status = 200, body = Vec<Token>)))]
pub(super) async fn tokens(
    State(app): State<App>,
    guard: Guard,
    wanted: Wanted,
) -> Result<Response, Problem> {
    must_oversee(&guard)?;
    let all = app.office.store().read().tokens().await?;
    wanted.whole(all.into_iter().map(Token::from).collect())
}

/// Makes a token for a program; it is told once.
#[utoipa::path(post, path = "/v1/tokens", tag = "admin", request_body = TokenBody,
    responses((status = 201, body = NewToken), (status = 409, body = Problem)))]
pub(super) async fn create_token(
    State(app): State<App>,
    guard: Guard,
    Json(sent): Json<TokenBody>,
) -> Result<(StatusCode, Secret, Json<NewToken>), Problem> {
    let TokenBody { account, note, scopes, days } = sent;
    let new = TokenRequest { account, note, scopes, days };
    let (id, token) = app.office.create_token(&guard.actor, &new).await?;
    Ok((StatusCode::CREATED, Secret, Json(NewToken { id, token })))
}

/// Revokes a token: it is refused from its next request on.
#[utoipa::path(delete, path = "/v1/tokens/{token}", tag = "admin",
    params(("token" = i64, Path, example = 1)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn revoke_token(
    State(app): State<App>,
    guard: Guard,
    Path(token): Path<i64>,
) -> Result<StatusCode, Problem> {
    app.office.revoke_token(&guard.actor, token).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A look at personal data.
#[derive(Serialize, ToSchema)]
pub(super) struct Looked {
    id: i64,
    /// Microseconds of UTC.
    at: i64,
    account: String,
    /// `reveal`, `bundle`.
    action: String,
    /// Whom or what it was at.
    subject: String,
    reason: String,
}

impl Row for Looked {
    const NAME: (&'static str, &'static str) = ("access-log", "查看记录");
    const COLUMNS: &'static [Listed] = &[
        number("id", "编号"),
        time("at", "时间"),
        text("account", "账号"),
        word("action", "操作", words::LOOKS),
        text("subject", "对象"),
        text("reason", "理由"),
    ];
}

/// Who looked at personal data, and why; latest first.
#[utoipa::path(get, path = "/v1/access-log", tag = "regulator", params(FormParams, PageParams),
    responses((status = 200, body = Vec<Looked>)))]
pub(super) async fn access_log(
    State(app): State<App>,
    guard: Guard,
    wanted: Wanted,
) -> Result<Response, Problem> {
    guard.actor.must_be(&[Role::Regulator, Role::Admin])?;
    let before = wanted.after_number()?;
    let all = app.office.store().read().looks(before, wanted.read()).await?;
    let looked = |(id, l): (i64, Look)| Looked {
        id,
        at: l.at,
        account: l.account,
        action: l.action,
        subject: l.subject,
        reason: l.reason,
    };
    wanted.page(all.into_iter().map(looked).collect(), |l: &Looked| l.id.to_string())
}
