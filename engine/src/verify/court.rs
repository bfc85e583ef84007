//! One batch of an answer before the properties P2–P6, each checked from its definition, and the reasons.

use std::cmp::Ordering;

use rayon::prelude::*;

use super::floors::Floors;
use super::market::{Barrier, Market, Proposal};
use super::order::Order;
use super::report::{Finding, Property};
use super::{figures, ledger, walk};
use crate::domain::{
    Answer, ApplicantIx, BatchIx, CategoryIx, FrozenLine, Line, Outcome, Reason, ReasonKind,
    SchoolIx, Score, Season, Text,
};

/// Somebody on a seat: the applicant and the wish position, 0 when adjusted.
type Holder = (ApplicantIx, u16);

/// What a proposal to a class is held against.
struct Stand {
    seats: u32,
    held: u32,
    /// The last admitted on a wish, by priority.
    last: Option<Holder>,
    /// The front of that holder's key.
    front: u64,
    /// Somebody admitted by adjustment.
    adjusted: Option<ApplicantIx>,
    /// The floor as printed.
    floor: Option<Score>,
    /// The total of the last holder.
    lowest: Option<Score>,
}

/// What the answer says of one batch, and what follows from it.
pub(super) struct Court<'a> {
    market: &'a Market<'a>,
    answer: &'a Answer,
    base: Vec<u32>,
    /// Per wisher: took part, by the answer's own earlier batches.
    took_part: Vec<bool>,
    /// Per class: admitted on a wish.
    placed: Vec<Vec<Holder>>,
    /// Per class: admitted by adjustment.
    adjusted: Vec<Vec<Holder>>,
    /// Per class: what a proposal that did not stick is held against.
    stands: Vec<Stand>,
    floors: Floors,
    /// Seats after returns and carries.
    pub(super) seats: Vec<u32>,
    /// Holders, the adjusted included.
    pub(super) held: Vec<u32>,
    /// The lines that follow from the holders.
    pub(super) lines: Vec<Line>,
    /// The frozen lines that follow from the season and the earlier batches.
    pub(super) frozen: Vec<FrozenLine>,
}

impl<'a> Court<'a> {
    /// Reads one batch of the answer; `holders` are its seats, `earlier` the lines of earlier batches.
    pub(super) fn convene(
        market: &'a Market<'a>,
        answer: &'a Answer,
        base: Vec<u32>,
        earlier: &[Line],
        holders: &[(ApplicantIx, Outcome)],
        findings: &mut Vec<Finding>,
    ) -> Self {
        let season = market.season();
        let count = market.classes.len();
        let (mut placed, mut adjusted) = (vec![Vec::new(); count], vec![Vec::new(); count]);
        for &(applicant, outcome) in holders {
            let Some((batch, position, school, category)) = outcome.seat() else { continue };
            match market.class_for(applicant, school, category) {
                Some(class) if matches!(outcome, Outcome::Adjusted { .. }) => {
                    adjusted[class].push((applicant, 0));
                }
                Some(class) => placed[class].push((applicant, position)),
                None => findings.push(Finding::new(
                    Property::WithinPlan,
                    vec![season.applicant(applicant).id.clone()],
                    &format!(
                        "考生 {} 录入 {} 的 {}，该批次没有这个招生单元",
                        season.applicant(applicant).id,
                        season.school(school).id,
                        season.policy().category(category).id
                    ),
                )),
            }
            debug_assert_eq!(batch, market.batch);
        }
        let last_placed: Vec<Option<Holder>> = placed
            .par_iter()
            .enumerate()
            .with_min_len(1 << 6)
            .map(|(class, placed)| figures::last_of(market, class, placed.iter().copied()))
            .collect();
        let took_part: Vec<bool> = market
            .wishers()
            .iter()
            .map(|&a| {
                let gone = answer.outcomes[a.at()].seat().is_some_and(|(b, ..)| b < market.batch);
                !gone && !season.applicant(a).barred
            })
            .collect();
        let announced = Floors::announced(market, super::second::cutoff(earlier));
        let total = |a: ApplicantIx| season.applicant(a).total;
        let mut frozen = Vec::new();
        let floors = match (announced.any_moving(), market.has_returns()) {
            (false, _) => announced,
            (true, false) => {
                // Nothing is returned, so the line of a class is that of its own wish holders.
                let last: Vec<_> = (0..count)
                    .map(|c| {
                        let full = base[c] > 0 && placed[c].len() >= base[c] as usize;
                        last_placed[c].filter(|_| full).map(|(a, _)| a)
                    })
                    .collect();
                announced.with_lines(&last, total)
            }
            (true, true) => {
                let participants: Vec<ApplicantIx> = market
                    .wishers()
                    .iter()
                    .zip(&took_part)
                    .filter_map(|(&a, &took_part)| took_part.then_some(a))
                    .collect();
                let last = walk::last_holders(market, &participants, &base, &announced);
                for class in announced.line_classes() {
                    frozen.extend(last[class].map(|a| FrozenLine {
                        batch: market.batch,
                        school: market.classes[class].school,
                        category: market.classes[class].category,
                        total: total(a),
                    }));
                }
                announced.with_lines(&last, total).frozen()
            }
        };
        let held: Vec<u32> = placed
            .iter()
            .zip(&adjusted)
            .map(|(p, a)| u32::try_from(p.len() + a.len()).unwrap_or(u32::MAX))
            .collect();
        let seats = market.capacities(&base, &held);
        let line = |class: usize| {
            let others = adjusted[class].iter().copied();
            let last =
                figures::last_of(market, class, last_placed[class].into_iter().chain(others));
            figures::line(market, class, seats[class], held[class], &floors, last)
        };
        let lines: Vec<Line> = (0..count).map(line).collect();
        let stand = |class: usize| {
            let last = last_placed[class];
            let front = last.map(|(a, position)| market.front_in(class, a, position));
            Stand {
                seats: seats[class],
                held: held[class],
                last,
                front: front.unwrap_or(0),
                adjusted: adjusted[class].first().map(|&(a, _)| a),
                floor: floors.figure(class),
                lowest: lines[class].lowest_total,
            }
        };
        let stands = (0..count).map(stand).collect();
        Self {
            market,
            answer,
            base,
            took_part,
            placed,
            adjusted,
            stands,
            floors,
            seats,
            held,
            lines,
            frozen,
        }
    }

    /// The batch.
    pub(super) const fn batch(&self) -> BatchIx {
        self.market.batch
    }

    fn season(&self) -> &'a Season {
        self.market.season()
    }

    fn id(&self, applicant: ApplicantIx) -> Text {
        self.season().applicant(applicant).id.clone()
    }

    fn class(&self, class: usize) -> String {
        let c = &self.market.classes[class];
        let junior = c.junior.map(|j| self.season().school(j).id.as_str());
        super::class_words(self.season(), self.market.batch, c.school, c.category, junior)
    }

    /// P2 for the classes of the batch.
    pub(super) fn within_plan(&self, findings: &mut Vec<Finding>) {
        for (class, (&seats, &held)) in self.seats.iter().zip(&self.held).enumerate() {
            if held > seats {
                let holders = self.placed[class].iter().chain(&self.adjusted[class]);
                let last = figures::last_of(self.market, class, holders.copied());
                findings.push(Finding::new(
                    Property::WithinPlan,
                    last.map(|(a, _)| self.id(a)).into_iter().collect(),
                    &format!(
                        "{} 名额 {seats}，录取 {held}，超 {}；排在最后的是考生 {}",
                        self.class(class),
                        held - seats,
                        last.map(|(a, _)| self.id(a)).unwrap_or_default()
                    ),
                ));
            }
        }
    }

    /// P3 for every holder: took part, asked for the seat (or for adjustment), and may hold it.
    pub(super) fn lawful(&self, findings: &mut Vec<Finding>) {
        let classes = (0..self.market.classes.len()).into_par_iter().with_min_len(1 << 5);
        let found = classes.flat_map_iter(|class| {
            let mut findings = Vec::new();
            for &(applicant, position) in &self.placed[class] {
                let asked = self
                    .market
                    .proposals(applicant)
                    .iter()
                    .any(|p| p.position == position && p.class() == Some(class));
                let complaint = if asked {
                    self.complaint(applicant, class)
                } else {
                    Some(format!("第 {position} 志愿不是该招生单元"))
                };
                self.unlawful(applicant, class, complaint, &mut findings);
            }
            for &(applicant, _) in &self.adjusted[class] {
                let policy = self.season().policy();
                let wishes = self.season().wishes_in(applicant, self.market.batch);
                let offered = policy
                    .batch(self.market.batch)
                    .adjustment
                    .contains(&self.market.classes[class].category);
                let complaint = if !offered {
                    Some("该类别不在本批次的调剂范围".to_owned())
                } else if !wishes.iter().any(|w| w.adjust) {
                    Some("本人未填服从调剂".to_owned())
                } else {
                    // After the batch all lines are known: a floor binds whoever they come before.
                    let total = self.season().applicant(applicant).total;
                    let floor = self.floors.figure(class).filter(|&floor| total < floor);
                    floor
                        .map(|floor| format!("总分 {total} 低于下限 {floor}"))
                        .or_else(|| self.complaint(applicant, class))
                };
                self.unlawful(applicant, class, complaint, &mut findings);
            }
            findings
        });
        findings.par_extend(found);
    }

    fn unlawful(
        &self,
        applicant: ApplicantIx,
        class: usize,
        complaint: Option<String>,
        findings: &mut Vec<Finding>,
    ) {
        let barred = self.season().applicant(applicant).barred;
        let complaint = complaint.or_else(|| barred.then(|| "已被取消资格".to_owned()));
        if let Some(complaint) = complaint {
            let id = self.id(applicant);
            let detail = format!("考生 {id} 录入 {}，但{complaint}", self.class(class));
            findings.push(Finding::new(Property::Lawful, vec![id], &detail));
        }
    }

    /// What keeps the applicant out of the class, in words.
    fn complaint(&self, applicant: ApplicantIx, class: usize) -> Option<String> {
        let who = self.season().applicant(applicant);
        match self.market.barrier(applicant, class) {
            Some(Barrier::Region) => {
                Some(format!("学籍所在区县 {} 不在招生范围", self.season().region_name(who.region)))
            }
            Some(Barrier::Predicate(p)) => Some(format!("不符合资格条件 {}", p.key())),
            None => self
                .bars(applicant, class)
                .map(|floor| format!("总分 {} 低于下限 {floor}", who.total)),
        }
    }

    /// The floor that keeps the applicant out of the class, if one does.
    fn bars(&self, applicant: ApplicantIx, class: usize) -> Option<Score> {
        // Most classes have no floor, and all that is known of a class is in one place.
        self.stands[class].floor?;
        self.floors.bars(self.market, class, applicant)
    }

    /// P4, P5, P6 and the reasons of one applicant in the batch; `given` are the answer's, in their order.
    /// Somebody who took no part has none.
    pub(super) fn one(
        &self,
        applicant: ApplicantIx,
        given: &[Reason],
        findings: &mut Vec<Finding>,
    ) {
        let place = self.market.place(applicant).filter(|&place| self.took_part[place]);
        let Some(place) = place else {
            findings.extend(given.iter().map(|r| ledger::stranger(self.season(), r)));
            return;
        };
        let seat = match self.answer.outcomes[applicant.at()] {
            Outcome::Placed { batch, position, school, category } if batch == self.market.batch => {
                Some((position, school, category))
            }
            _ => None,
        };
        let mut given = given.iter();
        for at in self.market.range(place) {
            let proposal = self.market.all_proposals()[at];
            if seat == Some((proposal.position, proposal.school, proposal.category)) {
                break;
            }
            let kind = self.reason(applicant, (at, proposal), seat, findings);
            self.compare_reason(applicant, proposal, &kind, given.next(), findings);
        }
        for extra in given {
            let id = self.id(applicant);
            let detail = format!(
                "考生 {id} 第 {} 志愿 {} 的理由 {} 是多余的",
                extra.position,
                self.season().schools().get(extra.school.at()).map_or("", |s| &s.id),
                extra.kind.key()
            );
            findings.push(Finding::new(Property::Reasons, vec![id], &detail));
        }
    }

    /// Why the proposal did not stick, by the definitions; what should not be is found on the way.
    fn reason(
        &self,
        applicant: ApplicantIx,
        (at, proposal): (usize, Proposal),
        seat: Option<(u16, SchoolIx, CategoryIx)>,
        findings: &mut Vec<Finding>,
    ) -> ReasonKind {
        let Some(class) = proposal.class() else { return ReasonKind::NoClass };
        let barrier = if proposal.open() { None } else { self.market.barrier(applicant, class) };
        match barrier {
            Some(Barrier::Region) => return ReasonKind::OutOfRegion,
            Some(Barrier::Predicate(p)) => return ReasonKind::Ineligible(p.clone()),
            None if self.bars(applicant, class).is_some() => return ReasonKind::BelowFloor,
            None => {}
        }
        let id = || self.id(applicant);
        let mine = (applicant, proposal.position);
        // Words cost more than the judging: they are made only for what is wrong.
        let who = || format!("考生 {} 第 {} 志愿 {}", id(), proposal.position, self.class(class));
        if seat.is_some_and(|(_, s, c)| (s, c) == (proposal.school, proposal.category)) {
            let detail = format!("{} 应先于其后面的同一志愿录取", who());
            findings.push(Finding::new(Property::NoEnvy, vec![id()], &detail));
            return ReasonKind::BelowCutoff;
        }
        let stand = &self.stands[class];
        if stand.held < stand.seats {
            let (seats, held) = (stand.seats, stand.held);
            let detail = format!("{} 合格而未录，名额 {seats} 只录 {held}", who());
            findings.push(Finding::new(Property::NoWaste, vec![id()], &detail));
        }
        if let Some(other) = stand.adjusted {
            let other = self.id(other);
            let detail = format!("{} 合格而未录，名额却调剂给考生 {other}", who());
            findings.push(Finding::new(Property::NoEnvy, vec![id(), other], &detail));
        }
        // Mostly the front says that the last holder goes before; the keys are read where it does not.
        let may_go_first = |_: &Holder| self.market.front(applicant, at) <= stand.front;
        if let Some(last) = stand.last.filter(may_go_first) {
            let order = Order::of(self.market, proposal.school, proposal.category);
            let (order, by_last_key, undecided) = {
                let (compared, by_last_key) = order.compare_keys(mine, last);
                (compared, by_last_key, by_last_key && order.undecided(applicant, last.0))
            };
            let wrong = match (order, by_last_key) {
                _ if undecided => Some((Property::RecordedTies, "同分，没有裁定次序")),
                (Ordering::Less, false) => Some((Property::NoEnvy, "相比排在前面却未录")),
                (Ordering::Less, true) => {
                    Some((Property::RecordedTies, "同分，记录的次序在前却未录"))
                }
                (Ordering::Equal | Ordering::Greater, _) => None,
            };
            if let Some((property, why)) = wrong {
                let other = self.id(last.0);
                let total = |a| self.season().applicant(a).total;
                let detail = format!(
                    "{} 与已录考生 {other} {why}（总分 {} 对 {}）",
                    who(),
                    total(applicant),
                    total(last.0)
                );
                findings.push(Finding::new(property, vec![id(), other], &detail));
            }
        }
        if stand.seats == 0 { ReasonKind::NoSeats } else { ReasonKind::BelowCutoff }
    }

    fn compare_reason(
        &self,
        applicant: ApplicantIx,
        proposal: Proposal,
        kind: &ReasonKind,
        given: Option<&Reason>,
        findings: &mut Vec<Finding>,
    ) {
        let bound = match kind {
            ReasonKind::BelowFloor => proposal.class().and_then(|c| self.bars(applicant, c)),
            ReasonKind::BelowCutoff => proposal.class().and_then(|c| self.stands[c].lowest),
            _ => None,
        };
        let right = given.is_some_and(|g| {
            (g.position, g.school, g.category, g.bound)
                == (proposal.position, proposal.school, proposal.category, bound)
                && same_word(&g.kind, kind)
        });
        if !right {
            let figure = |b: Option<Score>| b.map(|b| format!("（{b}）")).unwrap_or_default();
            let found = given.map_or_else(
                || "没有".to_owned(),
                |g| {
                    let school = self.season().schools().get(g.school.at());
                    format!(
                        "第 {} 志愿 {} {}{}",
                        g.position,
                        school.map_or("", |s| &s.id),
                        g.kind.key(),
                        figure(g.bound)
                    )
                },
            );
            let id = self.id(applicant);
            let detail = format!(
                "考生 {id} 第 {} 志愿 {} 的理由应为 {}{}，结果中是 {found}",
                proposal.position,
                self.season().school(proposal.school).id,
                kind.key(),
                figure(bound)
            );
            findings.push(Finding::new(Property::Reasons, vec![id], &detail));
        }
    }

    /// The walk of adjustment from the answer's own wish holders: everybody sits where it leads.
    pub(super) fn adjustment(&self, findings: &mut Vec<Finding>) {
        let mut held: Vec<u32> =
            self.placed.iter().map(|p| u32::try_from(p.len()).unwrap_or(u32::MAX)).collect();
        let here = |a: ApplicantIx| {
            matches!(self.answer.outcomes[a.at()],
                Outcome::Placed { batch, .. } if batch == self.market.batch)
        };
        let walkers: Vec<ApplicantIx> = (0..)
            .zip(self.market.wishers())
            .filter(|&(at, &a)| self.took_part[at] && self.market.ticked(at) && !here(a))
            .map(|(_, &a)| a)
            .collect();
        let given = figures::adjust(self.market, &self.base, &self.floors, &mut held, walkers);
        let mut found: Vec<(ApplicantIx, usize)> = self
            .adjusted
            .iter()
            .enumerate()
            .flat_map(|(class, list)| list.iter().map(move |&(a, _)| (a, class)))
            .collect();
        let mut due = given;
        found.sort_unstable();
        due.sort_unstable();
        for &(applicant, class) in due.iter().filter(|d| found.binary_search(d).is_err()) {
            let id = self.id(applicant);
            let detail = format!(
                "考生 {id} 服从调剂，轮到时 {} 有空额且合格，结果中没有",
                self.class(class)
            );
            findings.push(Finding::new(Property::NoWaste, vec![id], &detail));
        }
        for &(applicant, class) in found.iter().filter(|f| due.binary_search(f).is_err()) {
            let id = self.id(applicant);
            let detail = format!("考生 {id} 调剂到 {}，按次序不应得到", self.class(class));
            findings.push(Finding::new(Property::NoEnvy, vec![id], &detail));
        }
    }
}

/// Whether two kinds are one word in `reasons.csv`.
fn same_word(a: &ReasonKind, b: &ReasonKind) -> bool {
    use ReasonKind::{Ineligible, NoClass, NoSeats};
    match (a, b) {
        (NoClass | NoSeats, NoClass | NoSeats) => true,
        (Ineligible(p), Ineligible(q)) => p.key() == q.key(),
        (a, b) => a == b,
    }
}
