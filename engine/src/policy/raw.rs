//! The policy file as written: keys and their types, nothing resolved. Unknown keys are refused here.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::domain::{Evaluation, Moment, Score, Share};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    pub(super) season: RawSeason,
    #[serde(default)]
    pub(super) limits: RawLimits,
    #[serde(default)]
    pub(super) subjects: Vec<RawSubject>,
    pub(super) total: Option<RawTotal>,
    pub(super) batches: Vec<RawBatch>,
    pub(super) categories: toml::Table,
    pub(super) quota: Option<RawQuota>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSeason {
    pub(super) id: String,
    pub(super) district: String,
    pub(super) year: u16,
    pub(super) seed: Option<String>,
    pub(super) seed_commitment: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLimits {
    pub(super) class_size: Option<RawClause>,
    pub(super) new_school_size: Option<RawClause>,
    pub(super) oversize_class: Option<RawClause>,
    pub(super) super_oversize_class: Option<RawClause>,
    pub(super) students_per_ten_staff: Option<RawClause>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawClause {
    pub(super) value: u32,
    #[serde(default)]
    pub(super) unit: String,
    #[serde(default)]
    pub(super) item: String,
    #[serde(default)]
    pub(super) quote: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSubject {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) max: Score,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTotal {
    pub(super) parts: Vec<String>,
    #[serde(default)]
    pub(super) bonus: RawBonus,
    #[serde(default)]
    pub(super) rounding: RawTotalRounding,
}

#[derive(Deserialize, Default, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawBonus {
    Included,
    #[default]
    None,
}

#[derive(Deserialize, Default, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawTotalRounding {
    #[default]
    None,
    HalfUp,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawBatch {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) opens: Option<Moment>,
    pub(super) closes: Option<Moment>,
    pub(super) wishes: Option<u32>,
    pub(super) seat_order: Option<Vec<String>>,
    pub(super) priority: Vec<RawKey>,
    #[serde(default)]
    pub(super) adjustment: Vec<String>,
    pub(super) source: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum RawKey {
    Word(String),
    Table(RawKeyTable),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawKeyTable {
    pub(super) wish_groups: Option<Vec<u16>>,
    pub(super) lines: Option<Vec<Score>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCategory {
    pub(super) name: String,
    #[serde(default)]
    pub(super) by_junior: bool,
    #[serde(default)]
    pub(super) eligible: Vec<RawPredicate>,
    pub(super) floor: Option<RawFloor>,
    pub(super) returns_to: Option<String>,
    pub(super) composite: Option<RawComposite>,
    pub(super) priority: Option<Vec<RawKey>>,
    pub(super) share_cap: Option<Share>,
    pub(super) carry_to: Option<RawCarry>,
    pub(super) source: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum RawPredicate {
    Word(String),
    Table(RawPredicateTable),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPredicateTable {
    pub(super) evaluation_at_least: Option<Evaluation>,
    pub(super) total_at_least: Option<Score>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFloor {
    pub(super) at_least: Option<Score>,
    pub(super) line: Option<String>,
    pub(super) minus: Option<Score>,
    pub(super) batch: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawComposite {
    pub(super) academic_pct: u32,
    pub(super) special_pct: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCarry {
    pub(super) batch: String,
    pub(super) category: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawQuota {
    pub(super) category: String,
    pub(super) share: Option<Share>,
    #[serde(default)]
    pub(super) rounding: RawRounding,
    #[serde(default)]
    pub(super) method: RawMethod,
    pub(super) tilt: Option<RawTilt>,
    #[serde(default)]
    pub(super) min_per_junior: u32,
    pub(super) source: Option<String>,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawRounding {
    Up,
    Down,
    #[default]
    HalfUp,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawMethod {
    #[default]
    Matrix,
    Pool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTilt {
    pub(super) per: u32,
    #[serde(default)]
    pub(super) rounding: RawRounding,
}

/// The categories in the order of the file.
pub(super) type RawCategories = Vec<(String, RawCategory)>;

/// Keys of other systems that name a rule this one does not have, with the reason why it never will.
pub(super) fn unsupported_keys() -> BTreeMap<&'static str, super::RefusalKind> {
    use super::RefusalKind::{LowerBound, OverlappingCaps};
    [
        ("min", LowerBound),
        ("min_seats", LowerBound),
        ("minimum", LowerBound),
        ("lower", LowerBound),
        ("lower_bound", LowerBound),
        ("lower_quota", LowerBound),
        ("at_least_seats", LowerBound),
        ("at_least_students", LowerBound),
        ("min_share", LowerBound),
        ("share_min", LowerBound),
        ("share_floor", LowerBound),
        ("cap", OverlappingCaps),
        ("caps", OverlappingCaps),
        ("joint_cap", OverlappingCaps),
        ("max_seats", OverlappingCaps),
        ("group_cap", OverlappingCaps),
        ("region_cap", OverlappingCaps),
    ]
    .into()
}
