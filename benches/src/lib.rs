//! What the measurements share: markets made from columns, and the floor to hold them against.

pub mod seasons;

use luqu_engine::domain::Score;
use luqu_engine::placement::market::{Market, Proposal};
use luqu_engine::placement::priority::{Order, ranks};
use luqu_engine::placement::run::sort_packed;
use luqu_fixtures::Columns;
use rayon::prelude::*;

/// The floor of the common-order run: sort the scores, then read each applicant's wishes, in that order, up
/// to the one that was assigned. Returns how many wishes were read.
///
/// `assigned` is the number of wishes to read for each applicant.
pub fn floor(columns: &Columns, assigned: &[u8]) -> u64 {
    let mut order: Vec<u64> = columns
        .scores
        .iter()
        .zip(0_u64..)
        .map(|(&score, at)| (u64::from(u32::MAX - score) << 32) | at)
        .collect();
    order.sort_unstable();
    let mut read = 0;
    for packed in order {
        let at = (packed & u64::from(u32::MAX)) as usize;
        let start = columns.offsets[at] as usize;
        for wish in &columns.wishes[start..start + usize::from(assigned[at])] {
            read += u64::from(*wish) & 1;
        }
    }
    read
}

/// How many wishes each applicant's list is read: up to the proposal held, or all.
pub fn wishes_read(market: &Market, held: &[u32]) -> Vec<u8> {
    (0..market.participants())
        .map(|p| {
            let range = market.range(p);
            let read = match held[p as usize] {
                u32::MAX => range.len(),
                place => place as usize + 1 - range.start,
            };
            u8::try_from(read).unwrap_or(u8::MAX)
        })
        .collect()
}

/// The common-order market of some columns, without its order.
pub fn unordered(columns: &Columns) -> Market {
    let proposals = (0..columns.scores.len())
        .into_par_iter()
        .flat_map_iter(|at| {
            let range = columns.offsets[at] as usize..columns.offsets[at + 1] as usize;
            columns.wishes[range]
                .iter()
                .zip(1..)
                .map(|(&school, position)| Proposal { class: u32::from(school), position })
        })
        .collect();
    Market {
        own: columns.seats.clone(),
        returns_to: vec![None; columns.seats.len()],
        order_of: vec![0; columns.seats.len()],
        orders: Vec::new(),
        common: None,
        totals: columns.scores.iter().map(|&s| Score::from_hundredths(s as i32)).collect(),
        offsets: columns.offsets.clone(),
        proposals,
    }
}

/// The order by total, ties by place (in a market the ties are broken by the lottery before).
pub fn order_by_total(market: &Market) -> Vec<u32> {
    let mut packed: Vec<u64> = market
        .totals
        .iter()
        .zip(0_u64..)
        .map(|(total, at)| (u64::from(u32::MAX - total.hundredths() as u32) << 32) | at)
        .collect();
    sort_packed(&mut packed);
    packed.into_iter().map(|p| p as u32).collect()
}

/// A market with everything that makes a run general: an order of its own for every school, a cell for
/// every junior school, and quota seats that return. Each wish proposes to the open class, the
/// applicant's own cell and the returned class of the school.
pub fn general(columns: &Columns, juniors: u32) -> Market {
    let schools = columns.seats.len() as u32;
    // Per school: open, returned, then its cells.
    let stride = 2 + juniors;
    let mut own = Vec::with_capacity((schools * stride) as usize);
    let mut returns_to = Vec::with_capacity(own.capacity());
    for (school, &seats) in columns.seats.iter().enumerate() {
        let quota = seats / 2;
        own.extend([seats - quota, 0]);
        returns_to.extend([None, None]);
        for junior in 0..juniors {
            own.push(quota / juniors + u32::from(junior < quota % juniors));
            returns_to.push(Some(school * stride as usize + 1));
        }
    }
    let mut offsets = Vec::with_capacity(columns.offsets.len());
    offsets.extend(columns.offsets.iter().map(|o| o * 3));
    let proposals: Vec<Proposal> = (0..columns.scores.len())
        .into_par_iter()
        .flat_map_iter(|at| {
            let range = columns.offsets[at] as usize..columns.offsets[at + 1] as usize;
            let junior = (at as u32).wrapping_mul(2_654_435_761) % juniors;
            columns.wishes[range].iter().zip(1..).flat_map(move |(&school, position)| {
                let first = u32::from(school) * stride;
                [first, first + 2 + junior, first + 1].map(|class| Proposal { class, position })
            })
        })
        .collect();
    // A school's own order: the total, shifted by what this school thinks of this applicant.
    let rank = (0..columns.scores.len())
        .into_par_iter()
        .flat_map_iter(|at| {
            let proposals = &proposals[offsets[at] as usize..offsets[at + 1] as usize];
            let score = columns.scores[at];
            proposals.iter().map(move |p| {
                let school = u64::from(p.class / stride);
                let mixed = (school << 32 | at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 49;
                u32::MAX - score * 8 - mixed as u32
            })
        })
        .collect();
    Market {
        order_of: vec![0; own.len()],
        orders: vec![Order::Proposals { rank }],
        common: None,
        totals: columns.scores.iter().map(|&s| Score::from_hundredths(s as i32)).collect(),
        own,
        returns_to,
        offsets,
        proposals,
    }
}

/// The market with its one order, for deferred acceptance.
pub fn ordered(mut market: Market) -> Market {
    let order = order_by_total(&market);
    market.orders = vec![Order::Applicants { rank: ranks(&order) }];
    market.common = Some(order);
    market
}
