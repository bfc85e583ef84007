//! Minimum-cost flow in exact integers: the network simplex method from a good start.
//!
//! Every arc `a` carries a flow between `lower` and `upper`; every node must send out `supply` more than it
//! receives; the sum of cost × flow is to be least. Costs are pairs compared left to right, so that a
//! tie-break needs no scaling and cannot disturb the main cost.
//!
//! 1. Take any potentials π, and count costs from them: `c + π(from) − π(to)`. An arc of negative cost starts full, any other
//!    at its lower bound: optimal for whatever supplies it happens to serve. A root joined to every node by an arc that is
//!    dearer than any path takes what is over and gives what is missing. These arcs are the first tree.
//! 2. While an arc outside the tree would lower the cost – it and the way back through the tree make a circle –, send round
//!    that circle what fits, and let an arc that is then full or empty leave the tree in its stead. The next arc is the best of
//!    a block, the blocks taken in turn.
//! 3. No such arc is left: the flow is optimal. If an arc of the root still carries flow, no flow serves the supplies.
//!
//! Among the arcs that could leave, the last one on the way round the circle from its highest node does, so that every node can
//! always send something more towards the root. Such a tree never comes back, and the method ends though most steps of a table
//! move nothing (Cunningham, A network simplex method, Mathematical Programming 11, 1976). Lower bounds and negative costs need
//! no transformation, and the answer is a function of the input. [`Solution::is_optimal`] judges it without the solver's help.

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
        let mut tree = Tree::new(self, potential);
        while let Some(arc) = tree.entering() {
            tree.pivot(arc);
        }
        tree.solution()
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

/// Where an arc outside the tree stands; the arcs of the tree are between.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Lower,
    Tree,
    Upper,
}

/// An arc of the network, or one that joins a node with the root.
#[derive(Clone, Copy)]
struct Branch {
    from: usize,
    to: usize,
    /// The most it carries above its lower bound.
    room: i64,
    /// What it carries above its lower bound.
    load: i64,
    /// Its cost counted from the potentials of the start.
    cost: Cost,
    state: State,
}

/// A node of the tree: the branch to its parent, and the list of its children.
#[derive(Clone, Copy)]
struct Node {
    parent: usize,
    branch: usize,
    depth: usize,
    first_child: usize,
    next: usize,
    previous: usize,
}

/// No node.
const NONE: usize = usize::MAX;

struct Tree<'n> {
    network: &'n Network,
    /// The potentials of the start.
    start: Vec<Cost>,
    /// What the tree adds to them.
    potential: Vec<Cost>,
    branches: Vec<Branch>,
    nodes: Vec<Node>,
    /// Where the search for an entering arc goes on.
    next: usize,
    block: usize,
}

impl<'n> Tree<'n> {
    /// Step 1.
    fn new(network: &'n Network, start: Vec<Cost>) -> Self {
        let root = network.supply.len();
        let mut excess = network.supply.clone();
        let mut branches = Vec::with_capacity(network.arcs.len() + root);
        let mut dearest = 0;
        for arc in &network.arcs {
            let cost = arc.cost + start[arc.from] - start[arc.to];
            let room = arc.upper - arc.lower;
            let (load, state) =
                if cost < Cost::ZERO { (room, State::Upper) } else { (0, State::Lower) };
            excess[arc.from] -= arc.lower + load;
            excess[arc.to] += arc.lower + load;
            dearest = cost.main.abs().max(dearest);
            branches.push(Branch { from: arc.from, to: arc.to, room, load, cost, state });
        }
        let most = i128::try_from(root + 1).unwrap_or(i128::MAX);
        let far = Cost { main: (dearest + 1) * most, tie: 0 };
        let mut potential = vec![Cost::ZERO; root + 1];
        let lone = Node {
            parent: NONE,
            branch: NONE,
            depth: 0,
            first_child: NONE,
            next: NONE,
            previous: NONE,
        };
        let mut nodes = vec![lone; root + 1];
        for v in 0..root {
            let sends = excess[v] >= 0;
            let (from, to) = if sends { (v, root) } else { (root, v) };
            potential[v] = if sends { Cost::ZERO - far } else { far };
            nodes[v].branch = branches.len();
            let load = excess[v].abs();
            branches.push(Branch { from, to, room: i64::MAX, load, cost: far, state: State::Tree });
        }
        let block = network.arcs.len().isqrt().max(16);
        let mut tree = Self { network, start, potential, branches, nodes, next: 0, block };
        (0..root).for_each(|v| tree.attach(v, root));
        tree
    }

    fn reduced(&self, branch: &Branch) -> Cost {
        branch.cost + self.potential[branch.from] - self.potential[branch.to]
    }

    /// The arc that lowers the cost most, of the first block that has any.
    fn entering(&mut self) -> Option<usize> {
        let arcs = self.network.arcs.len();
        let mut best = (Cost::ZERO, None);
        let mut left_in_block = self.block;
        for _ in 0..arcs {
            let at = self.next;
            self.next = if at + 1 == arcs { 0 } else { at + 1 };
            let branch = &self.branches[at];
            let gain = match branch.state {
                State::Lower => self.reduced(branch),
                State::Upper => Cost::ZERO - self.reduced(branch),
                State::Tree => Cost::ZERO,
            };
            if gain < best.0 {
                best = (gain, Some(at));
            }
            left_in_block -= 1;
            if left_in_block == 0 {
                if best.1.is_some() {
                    break;
                }
                left_in_block = self.block;
            }
        }
        best.1
    }

    /// Step 2 for one arc.
    fn pivot(&mut self, entering: usize) {
        let Branch { from, to, room, state, .. } = self.branches[entering];
        // Flow goes along the arc from `tail` to `head`, then back through the tree.
        let grows = state == State::Lower;
        let (tail, head) = if grows { (from, to) } else { (to, from) };
        let top = self.meet(tail, head);
        // The way round from `top`: down to `tail`, over the arc, up from `head`. The last to be full leaves.
        let (mut amount, mut leaving) = (room, None);
        let mut v = tail;
        while v != top {
            let fits = self.fits(v, false);
            if fits < amount {
                (amount, leaving) = (fits, Some((v, tail, head)));
            }
            v = self.nodes[v].parent;
        }
        v = head;
        while v != top {
            let fits = self.fits(v, true);
            if fits <= amount {
                (amount, leaving) = (fits, Some((v, head, tail)));
            }
            v = self.nodes[v].parent;
        }
        if amount > 0 {
            self.branches[entering].load += if grows { amount } else { -amount };
            self.send(tail, top, -amount);
            self.send(head, top, amount);
        }
        let Some((cut, inner, outer)) = leaving else {
            self.branches[entering].state = if grows { State::Upper } else { State::Lower };
            return;
        };
        let left = &mut self.branches[self.nodes[cut].branch];
        left.state = if left.load == 0 { State::Lower } else { State::Upper };
        let reduced = self.reduced(&self.branches[entering]);
        let shift = if inner == from { Cost::ZERO - reduced } else { reduced };
        self.branches[entering].state = State::Tree;
        self.hang(inner, outer, cut, entering);
        self.descend(inner, shift);
    }

    /// The lowest node that is above both, or one of them.
    fn meet(&self, mut a: usize, mut b: usize) -> usize {
        while a != b {
            if self.nodes[a].depth >= self.nodes[b].depth {
                a = self.nodes[a].parent;
            } else {
                b = self.nodes[b].parent;
            }
        }
        a
    }

    /// What more can go between a node and its parent, upwards or downwards.
    fn fits(&self, v: usize, upwards: bool) -> i64 {
        let branch = &self.branches[self.nodes[v].branch];
        if (branch.from == v) == upwards { branch.room - branch.load } else { branch.load }
    }

    /// Sends an amount from a node upwards to one above it; a negative one comes down.
    fn send(&mut self, mut v: usize, top: usize, amount: i64) {
        while v != top {
            let branch = &mut self.branches[self.nodes[v].branch];
            branch.load += if branch.from == v { amount } else { -amount };
            v = self.nodes[v].parent;
        }
    }

    /// Takes the part of the tree below `cut` off and hangs it by its node `inner` to `outer`.
    fn hang(&mut self, inner: usize, outer: usize, cut: usize, entering: usize) {
        let (mut v, mut parent, mut branch) = (inner, outer, entering);
        loop {
            let old = self.nodes[v];
            self.detach(v);
            self.nodes[v].branch = branch;
            self.attach(v, parent);
            if v == cut {
                return;
            }
            (v, parent, branch) = (old.parent, v, old.branch);
        }
    }

    fn detach(&mut self, v: usize) {
        let Node { parent, next, previous, .. } = self.nodes[v];
        if previous == NONE {
            self.nodes[parent].first_child = next;
        } else {
            self.nodes[previous].next = next;
        }
        if next != NONE {
            self.nodes[next].previous = previous;
        }
    }

    fn attach(&mut self, v: usize, parent: usize) {
        let next = self.nodes[parent].first_child;
        if next != NONE {
            self.nodes[next].previous = v;
        }
        self.nodes[parent].first_child = v;
        let depth = self.nodes[parent].depth + 1;
        let node = &mut self.nodes[v];
        (node.parent, node.next, node.previous, node.depth) = (parent, next, NONE, depth);
    }

    /// Shifts the potentials of a node and of all below it, and counts their depth anew.
    fn descend(&mut self, top: usize, shift: Cost) {
        let mut v = top;
        loop {
            self.potential[v] = self.potential[v] + shift;
            self.nodes[v].depth = self.nodes[self.nodes[v].parent].depth + 1;
            if self.nodes[v].first_child != NONE {
                v = self.nodes[v].first_child;
                continue;
            }
            while v != top && self.nodes[v].next == NONE {
                v = self.nodes[v].parent;
            }
            if v == top {
                return;
            }
            v = self.nodes[v].next;
        }
    }

    /// Step 3.
    fn solution(self) -> Option<Solution> {
        let (arcs, to_root) = self.branches.split_at(self.network.arcs.len());
        if to_root.iter().any(|b| b.load > 0) {
            return None;
        }
        let flow = arcs.iter().zip(&self.network.arcs).map(|(b, arc)| arc.lower + b.load).collect();
        let potential =
            self.start.iter().zip(&self.potential).map(|(&start, &more)| start + more).collect();
        Some(Solution { flow, potential })
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
