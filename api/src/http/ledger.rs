//! The ledger: entries, signed checkpoints, and the bundle that a stranger checks.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::extract::Path;
use super::guard::Guard;
use super::listing::{FormParams, PageParams, Row, Wanted};
use super::output::{Shape, file_answer};
use super::{App, Problem};
use crate::ledger::Entry;
use crate::tables::write::listing::{Listed, number, text, time, word};
use crate::tables::write::words;

/// A checkpoint, to be kept outside.
#[derive(Serialize, ToSchema)]
pub(super) struct Checkpoint {
    /// How many entries it covers.
    size: u64,
    /// The signed note.
    note: String,
}

impl Row for Checkpoint {
    const NAME: (&'static str, &'static str) = ("checkpoints", "检查点");
    const COLUMNS: &'static [Listed] = &[number("size", "条数"), text("note", "签名")];
}

/// An entry of the ledger.
#[derive(Serialize, ToSchema)]
pub(super) struct LedgerEntry {
    seq: u64,
    kind: String,
    /// Microseconds of UTC.
    recorded_at: i64,
    actor: String,
    subject: String,
    /// JSON with sorted keys.
    facts: String,
}

impl Row for LedgerEntry {
    const NAME: (&'static str, &'static str) = ("ledger", "日志");
    const COLUMNS: &'static [Listed] = &[
        number("seq", "序号"),
        time("recorded_at", "时间"),
        word("kind", "事项", words::EVENTS),
        text("actor", "经办"),
        text("subject", "对象"),
        text("facts", "内容"),
    ];
}

/// The signed checkpoints of the ledger, by the size that they cover.
#[utoipa::path(get, path = "/v1/ledger/checkpoints", tag = "regulator", params(FormParams, PageParams),
    responses((status = 200, body = Vec<Checkpoint>)))]
pub(super) async fn checkpoints(
    State(app): State<App>,
    guard: Guard,
    wanted: Wanted,
) -> Result<Response, Problem> {
    guard.must_read()?;
    let after = wanted.after_number()?.unwrap_or(0).cast_unsigned();
    let all = app.office.store().read().checkpoints().await?;
    let rest = all.into_iter().filter(|(size, _)| *size > after);
    let rows = rest.map(|(size, note)| Checkpoint { size, note }).collect();
    wanted.page(rows, |c: &Checkpoint| c.size.to_string())
}

/// The entries of the ledger, in order.
#[utoipa::path(get, path = "/v1/ledger/entries", tag = "regulator", params(FormParams, PageParams),
    responses((status = 200, body = Vec<LedgerEntry>)))]
pub(super) async fn entries(
    State(app): State<App>,
    guard: Guard,
    wanted: Wanted,
) -> Result<Response, Problem> {
    guard.must_read()?;
    let from = wanted.after_number()?.map_or(0, |after| after.saturating_add(1).max(0));
    let from = from.cast_unsigned();
    let leaves = app.office.store().read().leaves(from, wanted.read()).await?;
    let entry = |(seq, leaf): (u64, Vec<u8>)| {
        let entry = Entry::of_leaf(&leaf)?;
        Some(LedgerEntry {
            seq,
            kind: entry.kind,
            recorded_at: entry.recorded_at,
            actor: entry.actor,
            subject: entry.subject,
            facts: entry.facts,
        })
    };
    let entries: Option<Vec<LedgerEntry>> = (from..).zip(leaves).map(entry).collect();
    let entries = entries.ok_or_else(|| Problem::internal("a leaf that cannot be read"))?;
    wanted.page(entries, |e: &LedgerEntry| e.seq.to_string())
}

/// Everything that is needed to check a season offline with `luqu verify-bundle`. Taking it is logged.
#[utoipa::path(get, path = "/v1/seasons/{season}/bundle", tag = "regulator", params(("season" = String, Path)),
    responses((status = 200, content_type = "application/zip", body = super::output::Bytes), (status = 403, body = Problem)))]
pub(super) async fn bundle(
    State(app): State<App>,
    guard: Guard,
    Path(season): Path<String>,
) -> Result<Response, Problem> {
    let bytes = app.office.bundle(&guard.actor, &season).await?;
    Ok(file_answer(&format!("{season}.zip"), Shape::Zip, bytes))
}
