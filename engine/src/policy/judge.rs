//! The refusals that need the whole policy: rules that contradict one another (SPEC §4).

use sha2::{Digest as _, Sha256};

use super::load::Loader;
use super::{Key, Policy, PriorityList, RefusalKind, RelativeFloor};
use crate::domain::{BatchIx, CategoryIx};

impl Loader<'_> {
    /// The refusals that need the whole policy.
    pub(super) fn judge(&mut self, policy: &Policy) {
        self.judge_returns(policy);
        self.judge_carries(policy);
        self.judge_floors(policy);
        self.judge_orders(policy);
        self.judge_quota(policy);
        self.judge_seed(policy);
        self.judge_limits(policy);
    }

    fn judge_limits(&mut self, policy: &Policy) {
        let limits = &policy.limits;
        for (key, clause) in [
            ("class_size", &limits.class_size),
            ("new_school_size", &limits.new_school_size),
            ("oversize_class", &limits.oversize_class),
            ("super_oversize_class", &limits.super_oversize_class),
            ("students_per_ten_staff", &limits.students_per_ten_staff),
        ] {
            if let Some(clause) = clause.as_ref().filter(|c| c.contradicted()) {
                self.refuse(
                    RefusalKind::WrongSource,
                    format!("limits.{key}.value"),
                    format!("value = {}，所引原文「{}」里没有这个数", clause.value, clause.quote),
                );
            }
        }
    }

    fn judge_returns(&mut self, policy: &Policy) {
        for (at, category) in policy.categories.iter().enumerate() {
            let Some(to) = category.returns_to else { continue };
            let path = format!("categories.{}.returns_to", category.id);
            let mut next = Some(to);
            let mut steps = 0;
            while let Some(there) = next {
                if there.at() == at {
                    let to = &policy.category(to).id;
                    self.refuse(
                        RefusalKind::ReturnsInCircle,
                        &path,
                        format!("{} → {to} → … 回到自身", category.id),
                    );
                    break;
                }
                steps += 1;
                if steps > policy.categories.len() {
                    break;
                }
                next = policy.category(there).returns_to;
            }
            for batch in &policy.batches {
                let place = |c: CategoryIx| batch.seat_order.iter().position(|&o| o == c);
                if let (Some(from), Some(to_at)) = (place(CategoryIx::from(at)), place(to))
                    && to_at < from
                {
                    self.refuse(
                        RefusalKind::ReturnsBackward,
                        &path,
                        format!(
                            "批次 {} 中 {} 排在 {} 之前",
                            batch.id,
                            policy.category(to).id,
                            category.id
                        ),
                    );
                }
            }
            if policy.category(to).by_junior {
                self.refuse(
                    RefusalKind::NoQuotaCells,
                    &path,
                    "剩余计划不能转给按毕业初中分配的类别",
                );
            }
            if category.carry_to.is_some() {
                self.refuse(
                    RefusalKind::ReturnsAndCarries,
                    format!("categories.{}.carry_to", category.id),
                    format!("{} 同时设了 returns_to 和 carry_to", category.id),
                );
            }
        }
    }

    fn judge_carries(&mut self, policy: &Policy) {
        for (at, category) in policy.categories.iter().enumerate() {
            let Some((batch, to)) = category.carry_to else { continue };
            let path = format!("categories.{}.carry_to", category.id);
            let first = policy
                .batches
                .iter()
                .zip(&self.explicit)
                .position(|(b, &given)| given && b.seat_order.contains(&CategoryIx::from(at)));
            let backward = first.is_some_and(|first| first >= batch.at());
            if backward || batch.at() == 0 {
                self.refuse(
                    RefusalKind::CarryBackward,
                    &path,
                    format!("{} 不晚于 {} 所在的批次", policy.batch(batch).id, category.id),
                );
            }
            if policy.category(to).by_junior {
                self.refuse(
                    RefusalKind::NoQuotaCells,
                    &path,
                    "剩余计划不能转给按毕业初中分配的类别",
                );
            }
        }
    }

    fn judge_floors(&mut self, policy: &Policy) {
        for (at, category) in policy.categories.iter().enumerate() {
            let Some(relative) = category.floor.as_ref().and_then(|f| f.relative.as_ref()) else {
                continue;
            };
            let path = format!("categories.{}.floor", category.id);
            let line = policy.category(relative.line);
            if line.by_junior {
                self.refuse(
                    RefusalKind::FloorOnLaterLine,
                    &path,
                    format!("{} 按毕业初中分配，没有一条统一的线", line.id),
                );
            }
            for (b, batch) in policy.batches.iter().enumerate() {
                if !batch.seat_order.contains(&CategoryIx::from(at)) {
                    continue;
                }
                match relative.batch {
                    Some(earlier) if earlier.at() > b => self.refuse(
                        RefusalKind::FloorOnLaterLine,
                        &path,
                        format!("批次 {} 晚于 {}", policy.batch(earlier).id, batch.id),
                    ),
                    Some(earlier) if earlier.at() < b => {}
                    _ => self.judge_same_batch_floor(
                        policy,
                        b,
                        CategoryIx::from(at),
                        relative,
                        &path,
                    ),
                }
            }
        }
    }

    fn judge_same_batch_floor(
        &mut self,
        policy: &Policy,
        batch_at: usize,
        category: CategoryIx,
        relative: &RelativeFloor,
        path: &str,
    ) {
        let batch = &policy.batches[batch_at];
        if relative.line == category {
            self.refuse(RefusalKind::FloorOnLaterLine, path, "下限不能以本类别自己的线为准");
        }
        let orders: Vec<&PriorityList> =
            batch.seat_order.iter().map(|&c| policy.priority(BatchIx::from(batch_at), c)).collect();
        let common = orders.windows(2).all(|pair| pair[0] == pair[1]);
        let plain = orders.iter().all(|o| o.wish_free() && !o.reads_special());
        if !(common && plain) {
            self.refuse(
                RefusalKind::UncommonOrder,
                path,
                format!("批次 {} 的各类别没有共用一个与志愿序号无关的录取顺序", batch.id),
            );
        }
    }

    fn judge_orders(&mut self, policy: &Policy) {
        for category in &policy.categories {
            let reads = |p: &PriorityList| p.keys.contains(&Key::Composite);
            if category.composite.is_none() && category.priority.as_ref().is_some_and(reads) {
                self.refuse(
                    RefusalKind::UnknownName,
                    format!("categories.{}.priority", category.id),
                    "用了 composite，却没有写 composite 的比例",
                );
            }
        }
        for (at, batch) in policy.batches.iter().enumerate() {
            if batch.priority.keys.contains(&Key::Composite) {
                for &c in &batch.seat_order {
                    let category = policy.category(c);
                    if category.composite.is_none() && category.priority.is_none() {
                        self.refuse(
                            RefusalKind::UnknownName,
                            format!("batches[{at}].priority"),
                            format!(
                                "用了 composite，类别 {} 却没有写 composite 的比例",
                                category.id
                            ),
                        );
                    }
                }
            }
            if batch.priority.reads_special() && !batch.adjustment.is_empty() {
                self.refuse(
                    RefusalKind::UncommonOrder,
                    format!("batches[{at}].adjustment"),
                    "服从调剂按批次的录取顺序进行，该顺序不能取决于某一类别的专业分",
                );
            }
        }
    }

    fn judge_quota(&mut self, policy: &Policy) {
        let quota = policy.quota.as_ref().map(|q| q.category);
        if let Some(category) = quota
            && !policy.category(category).by_junior
        {
            self.refuse(
                RefusalKind::NoQuotaCells,
                "quota.category",
                format!("{} 没有设 by_junior = true", policy.category(category).id),
            );
        }
        for (at, category) in policy.categories.iter().enumerate() {
            if category.by_junior && quota != Some(CategoryIx::from(at)) {
                self.refuse(
                    RefusalKind::NoQuotaCells,
                    format!("categories.{}.by_junior", category.id),
                    format!("{} 不是 [quota].category，不会有指标分配", category.id),
                );
            }
        }
    }

    fn judge_seed(&mut self, policy: &Policy) {
        let seed = policy.seed.as_deref().unwrap_or_default();
        if let Some(commitment) = &policy.seed_commitment
            && !seed.is_empty()
            && !hex::encode(Sha256::digest(seed.as_bytes())).eq_ignore_ascii_case(commitment)
        {
            self.refuse(RefusalKind::Seed, "season.seed_commitment", "种子与事先公布的承诺值不符");
        }
    }
}
