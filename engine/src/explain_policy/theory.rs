//! What theory says about a policy before anything is tried.
//!
//! Deferred acceptance with seat classes in a fixed order and forward-only return is stable, strategy-proof
//! and rewards higher scores when floors are known beforehand (Kominers–Sönmez 2016, Hatfield–Milgrom 2005).
//! With the wish position in the key it is the Boston mechanism or one between (Ergin–Sönmez 2006,
//! Chen–Kesten 2017). Batches that lock whoever they admit lose all three.

use serde::Serialize;

use super::{Property, Said, Scope};
use crate::domain::{BatchIx, Score};
use crate::policy::{Batch, Key, Policy, PriorityList};

/// Whether theory promises a property.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Theory {
    /// In every market.
    Holds,
    /// There are markets without it, or nobody has proved that there are none.
    NotPromised,
}

/// What theory says about a property of the policy, and why.
pub(super) fn say(policy: &Policy, property: Property, scope: Scope) -> (Theory, Said) {
    if scope == Scope::Season && policy.batches.len() > 1 {
        return (
            Theory::NotPromised,
            Said::new(
                "批次依次进行，先录取者退出：先被录取的人不能再去后面批次里更喜欢的名额，后面的名额便可能给了分数更低的人（分批锁定的通病）",
                "batches run one after another and lock whoever they admit, who can no longer take a seat they like better in a later batch",
            ),
        );
    }
    let wish_first = policy.batches.iter().find(|b| reads_wish(policy, b));
    let frozen = (0..policy.batches.len()).find(|&b| frozen(policy, BatchIx::from(b)));
    let broken = match property {
        Property::StrategyProof => wish_first.map(|b| {
            Said::new(
                format!(
                    "{}的录取顺序读志愿序号：把热门学校填在前面而落选，会丢掉本可录取的学校（志愿优先机制，Ergin–Sönmez 2006，Chen–Kesten 2017）",
                    b.name
                ),
                format!(
                    "the order of batch {} reads the wish position: a wish spent on a popular school costs the next one (immediate acceptance and its kin: Ergin–Sönmez 2006, Chen–Kesten 2017)",
                    b.id
                ),
            )
        }),
        Property::EnvyFree | Property::RewardsScores => None,
    };
    let broken = broken.or_else(|| match property {
        Property::StrategyProof | Property::RewardsScores => frozen.map(|b| {
            let batch = &policy.batches[b];
            Said::new(
                format!(
                    "{}的指标下限以第一轮冻结的线为准，剩余计划又在第二轮转移：一个人的分数或志愿会改变别人的下限，从而改变转来的名额",
                    batch.name
                ),
                format!(
                    "floors in batch {} rest on lines frozen in a first pass while unfilled seats move in a second: one applicant's score or list moves the floors of others, and with them the seats that return",
                    batch.id
                ),
            )
        }),
        Property::EnvyFree => total_is_not_first(policy),
    });
    match broken {
        Some(reason) => (Theory::NotPromised, reason),
        None => (Theory::Holds, holds(policy, property)),
    }
}

fn holds(policy: &Policy, property: Property) -> Said {
    let mut said = Said::new(
        "延迟接受算法，录取顺序与志愿序号无关，类别次序固定，剩余计划只向后转，下限事先可知（Kominers–Sönmez 2016，Hatfield–Milgrom 2005）",
        "deferred acceptance with orders that do not read the wish, classes in a fixed order, forward-only return and floors that are known (Kominers–Sönmez 2016, Hatfield–Milgrom 2005)",
    );
    match property {
        Property::RewardsScores => {
            said = Said::new(
                "延迟接受算法尊重进步：自己的次序提前，结果只会一样或更好（Balinski–Sönmez 1999）",
                "deferred acceptance respects improvements: moving up in an order never hurts (Balinski–Sönmez 1999)",
            );
        }
        Property::StrategyProof => {
            if let Some(most) = policy.batches.iter().filter_map(|b| b.wishes).min() {
                said.zh.push_str(&format!(
                    "；前提是想去的学校不超过志愿数（最少的批次为 {most} 个），否则“填哪几个”仍要取舍"
                ));
                said.en.push_str(&format!(
                    "; provided one's acceptable schools fit the list (the shortest has {most} wishes), for a full list still asks which to leave out"
                ));
            }
        }
        Property::EnvyFree => {}
    }
    said
}

/// Whether the order of some class in the batch differs with the wish, for as many wishes as there can be.
fn reads_wish(policy: &Policy, batch: &Batch) -> bool {
    let most = batch.wishes.unwrap_or(u32::MAX);
    let one_block = |size: Option<&u16>| size.is_some_and(|&s| u32::from(s) >= most);
    let varies = |order: &PriorityList| {
        order.keys.iter().any(|k| match k {
            Key::Wish => most > 1,
            Key::WishGroup(size) => !one_block(Some(size)),
            Key::WishGroups(sizes) => !one_block(sizes.first()),
            _ => false,
        })
    };
    let own = batch.seat_order.iter().filter_map(|&c| policy.category(c).priority.as_ref());
    let batch_order_used = batch.seat_order.iter().any(|&c| policy.category(c).priority.is_none());
    own.chain(batch_order_used.then_some(&batch.priority)).any(varies)
}

/// Whether the batch has a same-batch relative floor and returned seats, so that lines are frozen.
pub(super) fn frozen(policy: &Policy, batch: BatchIx) -> bool {
    let listed = || policy.batch(batch).seat_order.iter().map(|&c| policy.category(c));
    let floored = listed().any(|c| {
        let relative = c.floor.as_ref().and_then(|f| f.relative.as_ref());
        relative.is_some_and(|r| r.batch.is_none_or(|b| b == batch))
    });
    floored && listed().any(|c| c.returns_to.is_some())
}

/// Envy is judged by the total: a class that orders by something else first may lawfully pass a total over.
fn total_is_not_first(policy: &Policy) -> Option<Said> {
    // Bands of a point tell whole totals apart as the total does; wider ones only come before it.
    let whole = policy.total.as_ref().is_some_and(|t| t.half_up);
    let wide = |k: &Key| matches!(k, Key::Band(width) if !whole || *width > Score::from_points(1));
    for (at, batch) in policy.batches.iter().enumerate() {
        for &c in &batch.seat_order {
            let order = policy.priority(BatchIx::from(at), c);
            let follows_total = order
                .keys
                .iter()
                .find(|k| !matches!(k, Key::Lines(_)) && !wide(k))
                .is_some_and(|k| *k == Key::Total || matches!(k, Key::Band(_)));
            if !follows_total && !order.reads_special() {
                let name = &policy.category(c).name;
                return Some(Said::new(
                    format!("{}的{name}不是先看总分，总分高的人可以依规排在后面", batch.name),
                    format!(
                        "in batch {} the class {} does not look at the total first",
                        batch.id,
                        policy.category(c).id
                    ),
                ));
            }
        }
    }
    None
}
