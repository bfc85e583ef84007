//! The public look-up: application number and the code of the exam slip, answered from memory.
//!
//! A wrong number and a wrong code get one answer. Wrong answers for a number are counted; past the budget it rests.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use metrics::counter;
use serde::Deserialize;
use subtle::ConstantTimeEq;
use utoipa::ToSchema;

use super::{App, Problem};
use crate::acts::{ActError, Office, PublicAnswer, PublicResult, now};

/// Wrong answers for one number within the rest.
const BUDGET: u32 = 10;
/// Microseconds that a number rests.
const REST: i64 = 15 * 60 * 1_000_000;

/// What a family asks.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Question {
    season: String,
    /// 报名号
    applicant_id: String,
    /// The eight characters printed on the exam slip.
    code: String,
}

struct Known {
    check: Vec<u8>,
    body: Arc<[u8]>,
}

/// What families look up: everything published, in memory.
#[derive(Default)]
pub struct Lookups {
    known: RwLock<HashMap<(String, String), Known>>,
    wrong: Mutex<HashMap<(String, String), (u32, i64)>>,
}

impl std::fmt::Debug for Lookups {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Lookups")
    }
}

impl Lookups {
    /// Reads everything published anew.
    ///
    /// # Errors
    /// What the store said; the answers of before stay.
    pub async fn refresh(&self, office: &Office) -> Result<(), ActError> {
        let mut known = HashMap::new();
        for season in office.store().read().seasons().await? {
            for PublicResult { applicant, check, answer } in
                office.public_results(&season.id).await?
            {
                let body = serde_json::to_vec(&answer).unwrap_or_default().into();
                known.insert((season.id.clone(), applicant), Known { check, body });
            }
        }
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(())
    }

    /// How many results are in memory.
    #[must_use]
    pub fn known(&self) -> u64 {
        self.known.read().unwrap_or_else(PoisonError::into_inner).len() as u64
    }

    /// The answer for a number and the keyed hash of its code; `None` for every wrong pair alike.
    fn ask(&self, key: &(String, String), check: &[u8]) -> Option<Arc<[u8]>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let found = known.get(key);
        let expected = found.map_or(&[0; 32][..], |k| k.check.as_slice());
        let right = bool::from(expected.ct_eq(check));
        found.filter(|_| right).map(|k| Arc::clone(&k.body))
    }

    /// Whether a number rests.
    fn rests(&self, key: &(String, String)) -> bool {
        let wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        wrong.get(key).is_some_and(|&(count, since)| count >= BUDGET && now() - since < REST)
    }

    fn count_wrong(&self, key: (String, String)) {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever tries made-up numbers by the million fills no memory.
        if wrong.len() > 100_000 {
            wrong.retain(|_, (_, since)| now() - *since < REST);
        }
        let entry = wrong.entry(key).or_insert((0, now()));
        if now() - entry.1 >= REST {
            *entry = (0, now());
        }
        entry.0 += 1;
    }
}

/// Looks up one result. A wrong number and a wrong code are told apart by nobody.
#[utoipa::path(post, path = "/v1/public/results", tag = "public", request_body = Question,
    responses((status = 200, body = PublicAnswer), (status = 404, body = Problem), (status = 429, body = Problem)))]
pub(super) async fn look_up(
    State(app): State<App>,
    Json(asked): Json<Question>,
) -> Result<Response, Problem> {
    let check = app.office.lookup_check(&asked.season, &asked.applicant_id, &asked.code);
    let key = (asked.season, asked.applicant_id);
    if app.lookups.rests(&key) {
        counter!("luqu_lookups_total", "outcome" => "resting").increment(1);
        return Err(Problem::too_many("输入错误次数过多，请 15 分钟后再试"));
    }
    match app.lookups.ask(&key, &check) {
        Some(body) => {
            counter!("luqu_lookups_total", "outcome" => "found").increment(1);
            Ok(([(header::CONTENT_TYPE, "application/json")], body.to_vec()).into_response())
        }
        None => {
            counter!("luqu_lookups_total", "outcome" => "wrong").increment(1);
            app.lookups.count_wrong(key);
            Err(Problem::not_found("报名号或查询码不对，或结果尚未公布"))
        }
    }
}
