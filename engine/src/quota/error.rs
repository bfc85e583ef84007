//! Why quota seats cannot be distributed: sentences for the clerk, each with the numbers that stand in the way.

/// What stands in the way of a distribution. Displays a sentence in Chinese that says what to do.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum QuotaError {
    /// The policy has no `[quota]`.
    #[error("政策文件没有 [quota]，不知道按什么办法分配指标")]
    NoRule,
    /// Ties are decided by lottery, and there is no seed.
    #[error(
        "没有随机号种子，余数相同时无法确定先后；请在政策文件 [season] 中写 seed，或用 --seed 给出"
    )]
    NoSeed,
    /// Neither the row nor the policy says which share of the plan is quota.
    #[error("{school} 在批次 {batch} 的指标行没有写指标比例，政策的 [quota] 也没有写 share")]
    NoShare {
        /// The senior school, id and name.
        school: String,
        /// The batch's id.
        batch: String,
    },
    /// No plan line carries the whole plan from which the quota is taken.
    #[error(
        "{school} 在批次 {batch} 的指标计划数留空，却没有承载全部计划的统招行；请增加统招行，或直接填写指标计划数"
    )]
    NoUnified {
        /// The senior school, id and name.
        school: String,
        /// The batch's id.
        batch: String,
    },
    /// Several plan lines could carry the whole plan.
    #[error(
        "{school} 在批次 {batch} 有 {found} 行都可能承载全部计划（{categories}）；请把其中一行的类别定为 unified，或直接填写指标计划数"
    )]
    ManyUnified {
        /// The senior school, id and name.
        school: String,
        /// The batch's id.
        batch: String,
        /// How many lines there are.
        found: usize,
        /// Their categories, joined.
        categories: String,
    },
    /// Seats to distribute, and no eligible graduate anywhere.
    #[error(
        "批次 {batch} 有 {seats} 个指标要分配，但 graduates（初中毕业生）表中具备指标资格的人数合计为 0"
    )]
    NoEligible {
        /// The batch's id.
        batch: String,
        /// The seats.
        seats: u64,
    },
    /// The seats that tilted junior schools get first are more than there are.
    #[error(
        "批次 {batch} 的指标共 {pool} 个，而倾斜初中先得的名额合计 {tilt} 个，多出 {}；请调高指标比例或调大 tilt.per", tilt - pool
    )]
    TiltOverPool {
        /// The batch's id.
        batch: String,
        /// The seats for tilted junior schools.
        tilt: u64,
        /// All quota seats of the batch.
        pool: u64,
    },
    /// The least numbers of seats of the junior schools cannot be kept.
    #[error(
        "批次 {batch} 的指标共 {seats} 个；每所初中至少 {least} 个、其余取下整就要 {need} 个{}",
        match (need > seats, beds) {
            (_, true) => "，而住宿床位（boarding_places）不够寄宿初中取到；请增加床位或调低 min_per_junior",
            (true, _) => "，不够分；请调低 min_per_junior 或调高指标比例",
            _ => "，而各格只能取理想值的上下整，凑不出；请调低 min_per_junior 或调高指标比例",
        }
    )]
    Least {
        /// The batch's id.
        batch: String,
        /// All quota seats that are distributed.
        seats: u64,
        /// The policy's least number.
        least: u32,
        /// What the junior schools need.
        need: u64,
        /// With beds enough they could be kept.
        beds: bool,
    },
    /// More seats than beds, and no junior school whose pupils live at home.
    #[error(
        "批次 {batch}：{who}的指标共 {seats} 个，住宿床位只有 {places} 个，而没有走读的初中可以接收其余 {} 个；请增加床位（boarding_places）或减少指标", seats - places
    )]
    Beds {
        /// The batch's id.
        batch: String,
        /// The senior school, id and name, or all of them.
        who: String,
        /// Its quota seats.
        seats: u64,
        /// Its beds.
        places: u64,
    },
    /// The boarding junior schools' first or least seats are more than the beds of a pool.
    #[error(
        "批次 {batch}：寄宿初中按倾斜和每校至少的名额先要 {need} 个，各高中的住宿床位合计只有 {places} 个；请增加床位（boarding_places）"
    )]
    BedsForFirst {
        /// The batch's id.
        batch: String,
        /// All beds that quota seats can use.
        places: u64,
        /// What the boarding junior schools need.
        need: u64,
    },
    /// The result did not pass its own proof: a fault of this program, never of the data.
    #[error("批次 {batch} 的分配没有通过最优性复核，未采用；这是程序的错误，请报告")]
    Unproven {
        /// The batch's id.
        batch: String,
    },
}
