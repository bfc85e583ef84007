//! Minimum-cost flow in exact integers: successive shortest paths with potentials, from a good start.
//!
//! Every arc `a` carries a flow between `lower` and `upper`; every node must send out `supply` more than it
//! receives; the sum of cost × flow is to be least. Costs are pairs compared left to right, so that a
//! tie-break needs no scaling and cannot disturb the main cost.
//!
//! 1. Take any potentials π. An arc of negative reduced cost `c + π(from) − π(to)` starts full, one of
//!    positive reduced cost starts at its lower bound, one of zero takes what its tail still has to send.
//!    This flow is optimal for whatever supplies it happens to serve.
//! 2. While a node has more than it may keep: grow shortest-path trees by Dijkstra over the residual arcs, whose
//!    reduced costs are never negative, from all nodes in excess at once, until each tree has reached a node that
//!    lacks flow or going on costs more than it has found. Trees share no node, so that their paths do not disturb each other.
//! 3. With D the distance of the last node so reached, add min(distance, D) − D to each potential, which keeps all
//!    reduced costs of residual arcs non-negative and makes those of the paths zero; push along each path what fits.
//! 4. Stop when no excess is left (optimal) or no path leads from one (infeasible).
//!
//! Lower bounds and negative costs need no transformation in this form. With F the excess after step 1 and
//! m arcs the time is O(F · m log m); equal distances are settled in the order of the nodes, so that the answer
//! is a function of the input. [`Solution::is_optimal`] judges the result without the solver's help.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::{Add, Sub};

/// A cost: `main` decides, `tie` decides among equals.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(super) struct Cost {
    /// What is made least. Wide, since the common denominator of a table with beds is a product of three head counts.
    pub(super) main: i128,
    /// What is made least among flows of equal `main`.
    pub(super) tie: i64,
}

impl Cost {
    /// No cost.
    pub(super) const ZERO: Self = Self { main: 0, tie: 0 };
}

impl Add for Cost {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { main: self.main + other.main, tie: self.tie + other.tie }
    }
}

impl Sub for Cost {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self { main: self.main - other.main, tie: self.tie - other.tie }
    }
}

/// An arc of the network.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arc {
    /// The node it leaves.
    pub(super) from: usize,
    /// The node it enters.
    pub(super) to: usize,
    /// The least flow, at most `upper`.
    pub(super) lower: i64,
    /// The most flow.
    pub(super) upper: i64,
    /// The cost of one unit.
    pub(super) cost: Cost,
}

/// A network with what each node sends out (negative: takes in); the supplies add up to zero.
#[derive(Clone, Debug, Default)]
pub(super) struct Network {
    /// The supply of each node.
    pub(super) supply: Vec<i64>,
    /// The arcs.
    pub(super) arcs: Vec<Arc>,
}

/// A flow with the potentials that prove it.
#[derive(Clone, Debug)]
pub(super) struct Solution {
    /// The flow on each arc.
    pub(super) flow: Vec<i64>,
    /// The potential of each node.
    pub(super) potential: Vec<Cost>,
}

impl Network {
    /// Solves the network from the given potentials, one per node; any will do, good ones save work.
    /// `None` where no flow satisfies all bounds and supplies.
    pub(super) fn solve(&self, potential: Vec<Cost>) -> Option<Solution> {
        let mut search = Search::new(self, potential);
        while search.augment()? {}
        Some(Solution { flow: search.flow, potential: search.potential })
    }
}

impl Solution {
    fn reduced(&self, arc: &Arc) -> Cost {
        arc.cost + self.potential[arc.from] - self.potential[arc.to]
    }

    /// Checks in exact integers that the flow keeps all bounds and supplies, and that it is of least cost by
    /// complementary slackness: no arc with room has a negative reduced cost, none that could give up flow a
    /// positive one. Holds for an optimal pair of flow and potentials and for no other.
    pub(super) fn is_optimal(&self, network: &Network) -> bool {
        let mut left = network.supply.clone();
        let arcs_hold = network.arcs.iter().zip(&self.flow).all(|(arc, &flow)| {
            left[arc.from] -= flow;
            left[arc.to] += flow;
            let reduced = self.reduced(arc);
            (arc.lower..=arc.upper).contains(&flow)
                && (flow == arc.upper || reduced >= Cost::ZERO)
                && (flow == arc.lower || reduced <= Cost::ZERO)
        });
        arcs_hold && self.flow.len() == network.arcs.len() && left.iter().all(|&l| l == 0)
    }
}

/// An arc as a way out of one of its ends: along it, or back.
#[derive(Clone, Copy)]
struct Way {
    arc: usize,
    to: usize,
    /// The flow of the arc at which this way is closed.
    full: i64,
    /// The cost of the arc, negative on the way back.
    cost: Cost,
}

struct Search<'n> {
    arcs: &'n [Arc],
    /// The residual ways out of each node, `offsets[v]..offsets[v + 1]`.
    ways: Vec<Way>,
    offsets: Vec<usize>,
    flow: Vec<i64>,
    potential: Vec<Cost>,
    /// What the node still has to send (positive) or to take in (negative).
    excess: Vec<i64>,
    /// Distances of the search that is running; `None` for a node not seen.
    distance: Vec<Option<Cost>>,
    settled: Vec<bool>,
    /// The node in excess from which a node was reached.
    root: Vec<usize>,
    /// The arc by which a node was reached.
    reached_by: Vec<Option<usize>>,
}

impl<'n> Search<'n> {
    /// Step 1.
    fn new(network: &'n Network, potential: Vec<Cost>) -> Self {
        let nodes = network.supply.len();
        let arcs = &network.arcs;
        let mut offsets = vec![0; nodes + 1];
        for arc in arcs {
            offsets[arc.from + 1] += 1;
            offsets[arc.to + 1] += 1;
        }
        for v in 0..nodes {
            offsets[v + 1] += offsets[v];
        }
        let mut next = offsets.clone();
        let closed = Way { arc: 0, to: 0, full: 0, cost: Cost::ZERO };
        let mut ways = vec![closed; 2 * arcs.len()];
        for (at, arc) in arcs.iter().enumerate() {
            let back = Cost::ZERO - arc.cost;
            let there = Way { arc: at, to: arc.to, full: arc.upper, cost: arc.cost };
            for (v, way) in [
                (arc.from, there),
                (arc.to, Way { to: arc.from, full: arc.lower, cost: back, ..there }),
            ] {
                ways[next[v]] = way;
                next[v] += 1;
            }
        }
        let mut excess = network.supply.clone();
        let mut flow = vec![0; arcs.len()];
        let mut free = Vec::new();
        for (at, arc) in arcs.iter().enumerate() {
            let reduced = arc.cost + potential[arc.from] - potential[arc.to];
            flow[at] = if reduced < Cost::ZERO { arc.upper } else { arc.lower };
            excess[arc.from] -= flow[at];
            excess[arc.to] += flow[at];
            if reduced == Cost::ZERO {
                free.push(at);
            }
        }
        for at in free {
            let arc = &arcs[at];
            let more = excess[arc.from].clamp(0, arc.upper - arc.lower);
            flow[at] += more;
            excess[arc.from] -= more;
            excess[arc.to] += more;
        }
        Self {
            arcs,
            ways,
            offsets,
            flow,
            potential,
            excess,
            distance: vec![None; nodes],
            settled: vec![false; nodes],
            root: vec![0; nodes],
            reached_by: vec![None; nodes],
        }
    }

    /// Steps 2 and 3: moves flow from nodes in excess to nodes that lack it. `Some(false)` when nothing is
    /// left to move, `None` when something is and no path leads on.
    fn augment(&mut self) -> Option<bool> {
        if self.excess.iter().all(|&e| e <= 0) {
            return self.excess.iter().all(|&e| e == 0).then_some(false);
        }
        let targets = self.nearest_deficits();
        let length = targets.last().and_then(|&t| self.distance[t])?;
        for (potential, distance) in self.potential.iter_mut().zip(&self.distance) {
            if let Some(distance) = distance.filter(|&d| d < length) {
                *potential = *potential + distance - length;
            }
        }
        for target in targets {
            self.push_to(target);
        }
        Some(true)
    }

    /// Nodes that lack flow, nearest first, each the first to be reached from another node in excess.
    fn nearest_deficits(&mut self) -> Vec<usize> {
        self.distance.fill(None);
        self.settled.fill(false);
        self.reached_by.fill(None);
        let mut served = vec![false; self.excess.len()];
        let mut targets = Vec::new();
        let (mut done, mut at_last) = (0, 0);
        let mut heap = BinaryHeap::new();
        for v in (0..self.excess.len()).filter(|&v| self.excess[v] > 0) {
            self.distance[v] = Some(Cost::ZERO);
            self.root[v] = v;
            heap.push(Reverse((Cost::ZERO, v)));
        }
        // One path from each tree, one to each node that lacks flow.
        let mut possible = heap.len().min(self.excess.iter().filter(|&&e| e < 0).count());
        while let Some(Reverse((distance, v))) = heap.pop() {
            if self.settled[v] {
                continue;
            }
            self.settled[v] = true;
            done += 1;
            // A tree that spreads far without finding anything is grown again from a better start.
            if !targets.is_empty() && done > 2 * at_last {
                break;
            }
            if self.excess[v] < 0 && !served[self.root[v]] {
                served[self.root[v]] = true;
                targets.push(v);
                at_last = done;
                possible -= 1;
                if possible == 0 {
                    break;
                }
            }
            let base = distance + self.potential[v];
            for way in &self.ways[self.offsets[v]..self.offsets[v + 1]] {
                let flow = self.flow[way.arc];
                if flow == way.full || self.settled[way.to] {
                    continue;
                }
                let there = base + way.cost - self.potential[way.to];
                if self.distance[way.to].is_none_or(|d| there < d) {
                    self.distance[way.to] = Some(there);
                    self.reached_by[way.to] = Some(way.arc);
                    self.root[way.to] = self.root[v];
                    heap.push(Reverse((there, way.to)));
                }
            }
        }
        targets
    }

    /// Pushes along the path found as much as its arcs, its start and its end allow.
    fn push_to(&mut self, target: usize) {
        let mut path = Vec::new();
        let mut amount = -self.excess[target];
        let mut v = target;
        while let Some(at) = self.reached_by[v] {
            let arc = &self.arcs[at];
            let forward = arc.to == v;
            let room = if forward { arc.upper - self.flow[at] } else { self.flow[at] - arc.lower };
            amount = amount.min(room);
            path.push((at, forward));
            v = if forward { arc.from } else { arc.to };
        }
        amount = amount.min(self.excess[v]);
        for (at, forward) in path {
            self.flow[at] += if forward { amount } else { -amount };
        }
        self.excess[v] -= amount;
        self.excess[target] += amount;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arc(from: usize, to: usize, lower: i64, upper: i64, main: i128) -> Arc {
        Arc { from, to, lower, upper, cost: Cost { main, tie: 0 } }
    }

    fn solve(network: &Network) -> Option<Solution> {
        network.solve(vec![Cost::ZERO; network.supply.len()])
    }

    #[test]
    fn a_cheap_detour_is_used_until_it_is_full() {
        let network = Network {
            supply: vec![5, 0, -5],
            arcs: vec![arc(0, 2, 0, 9, 10), arc(0, 1, 0, 3, 2), arc(1, 2, 0, 9, 3)],
        };
        let solution = solve(&network).expect("feasible");
        assert_eq!(solution.flow, [2, 3, 3]);
        assert!(solution.is_optimal(&network));
    }

    #[test]
    fn lower_bounds_and_negative_costs_are_kept() {
        let network = Network {
            supply: vec![4, 0, -4],
            arcs: vec![
                arc(0, 2, 1, 9, 10),
                arc(0, 1, 0, 9, 2),
                arc(1, 2, 0, 9, 3),
                arc(1, 1, 0, 2, -1),
            ],
        };
        let solution = solve(&network).expect("feasible");
        assert_eq!(solution.flow, [1, 3, 3, 2]);
        assert!(solution.is_optimal(&network));
    }

    #[test]
    fn the_tie_decides_among_equals_only() {
        let mut network =
            Network { supply: vec![1, -1], arcs: vec![arc(0, 1, 0, 1, 7), arc(0, 1, 0, 1, 7)] };
        network.arcs[0].cost.tie = 2;
        network.arcs[1].cost.tie = 1;
        assert_eq!(solve(&network).expect("feasible").flow, [0, 1]);
        network.arcs[1].cost.main = 8;
        assert_eq!(solve(&network).expect("feasible").flow, [1, 0]);
    }

    #[test]
    fn what_cannot_flow_is_infeasible() {
        let network = Network { supply: vec![2, -2], arcs: vec![arc(0, 1, 0, 1, 0)] };
        assert!(solve(&network).is_none());
        let network = Network { supply: vec![0, 0], arcs: vec![arc(0, 1, 1, 1, 0)] };
        assert!(solve(&network).is_none());
    }

    #[test]
    fn the_proof_rejects_what_is_not_optimal() {
        let network =
            Network { supply: vec![1, -1], arcs: vec![arc(0, 1, 0, 1, 1), arc(0, 1, 0, 1, 2)] };
        let mut solution = solve(&network).expect("feasible");
        assert!(solution.is_optimal(&network));
        solution.flow.swap(0, 1);
        assert!(!solution.is_optimal(&network), "the dearer arc");
        solution.flow = vec![0, 0];
        assert!(!solution.is_optimal(&network), "nothing moved");
    }
}
