//! Why somebody moved: the nearest cause, and the chain that leads to it from what was changed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::compare::{
    Cause, ClassKey, Direction, Lines, Pair, Side, class_key, names, person, same_wishes,
};
use super::hall::reasons_of;
use super::said::Lang;
use crate::domain::{ApplicantIx, Line, Outcome, Reason, ReasonKind, Score, Season};

/// Looks up why anybody moved.
pub(super) struct Causes<'s> {
    a: Side<'s>,
    b: Side<'s>,
    lines: &'s Lines<'s>,
    lang: Lang,
    /// Holders that each class lost to another class.
    out: BTreeMap<ClassKey, u32>,
    /// Holders that each class gained from another class, or from none.
    into: BTreeMap<ClassKey, u32>,
    /// Where a fallen line comes from: the change that a class traces back to.
    eased: BTreeMap<ClassKey, Root>,
    /// The same for a risen line.
    tightened: BTreeMap<ClassKey, Root>,
}

/// What was changed, at the head of a chain.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Root {
    /// The seats of a class.
    Seats(ClassKey),
    /// The floor of a class.
    Floor(ClassKey),
    /// Applicants joined or left, or their scores, wishes or facts were changed.
    People,
}

/// From which class somebody went to which.
type Step = (Option<ClassKey>, Option<ClassKey>);

impl<'s> Causes<'s> {
    pub(super) fn new(
        a: Side<'s>,
        b: Side<'s>,
        lines: &'s Lines<'s>,
        moved: &[Pair],
        lang: Lang,
    ) -> Self {
        let steps: Vec<(Step, bool)> = moved
            .iter()
            .map(|&pair| {
                let from = pair.a.and_then(|at| held(a, b, at));
                let to = pair.b.and_then(|at| held(b, b, at));
                ((from, to), own_change(a, b, pair).is_some())
            })
            .collect();
        let mut out: BTreeMap<ClassKey, u32> = BTreeMap::new();
        let mut into: BTreeMap<ClassKey, u32> = BTreeMap::new();
        for ((from, to), _) in &steps {
            if let Some(from) = from {
                *out.entry(from.clone()).or_default() += 1;
            }
            if let Some(to) = to {
                *into.entry(to.clone()).or_default() += 1;
            }
        }
        let eased = trace(lines, &steps, true);
        let tightened = trace(lines, &steps, false);
        Self { a, b, lines, lang, out, into, eased, tightened }
    }

    /// The nearest cause of a move, and the chain in a sentence.
    pub(super) fn of(&self, pair: Pair, direction: Direction) -> (Cause, String) {
        let zh = self.lang == Lang::Zh;
        let say = |zh_text: &str, en: &str| if zh { zh_text.to_owned() } else { en.to_owned() };
        match direction {
            Direction::Joined => {
                return (Cause::Season, say("新增的考生", "new in the second season"));
            }
            Direction::Left => {
                return (Cause::Season, say("后一方没有这名考生", "not in the second season"));
            }
            _ => {}
        }
        if let Some(own) = own_change(self.a, self.b, pair) {
            let total = |side: Side<'_>, at: Option<ApplicantIx>| {
                at.map(|at| side.season.applicant(at).total).unwrap_or_default()
            };
            let (x, y) = (total(self.a, pair.a), total(self.b, pair.b));
            let why = match own {
                Cause::Score if zh => format!("本人总分 {x}→{y}"),
                Cause::Score => format!("own total {x}→{y}"),
                Cause::Wishes => say("本人志愿有改动", "own wishes changed"),
                _ => say("本人登记的资格信息有改动", "own registered facts changed"),
            };
            return (own, why);
        }
        match direction {
            Direction::Better => self.better(pair),
            Direction::Worse => self.worse(pair),
            _ => self.other(pair),
        }
    }

    /// The class held after had turned the applicant down before; what has eased?
    fn better(&self, pair: Pair) -> (Cause, String) {
        let (Some(at), Some(bt)) = (pair.a, pair.b) else { return (Cause::Season, String::new()) };
        let Some(key) = held(self.b, self.b, bt) else { return (Cause::Season, String::new()) };
        let after = self.b.answer.outcomes[bt.at()];
        if matches!(after, Outcome::Adjusted { .. }) {
            return self.leftovers(&key);
        }
        let reason = reason_for(self.a, at, after, self.b.season);
        self.chain(pair, &key, reason.map(|r| &r.kind), true)
    }

    /// The class held before turns the applicant down after; what has tightened?
    fn worse(&self, pair: Pair) -> (Cause, String) {
        let (Some(at), Some(bt)) = (pair.a, pair.b) else { return (Cause::Season, String::new()) };
        let Some(key) = held(self.a, self.b, at) else { return (Cause::Season, String::new()) };
        let before = self.a.answer.outcomes[at.at()];
        if matches!(before, Outcome::Adjusted { .. }) {
            return self.leftovers(&key);
        }
        let reason = reason_for(self.b, bt, before, self.a.season);
        self.chain(pair, &key, reason.map(|r| &r.kind), false)
    }

    /// Neither up nor down: another category of the same wish, or another adjusted seat.
    fn other(&self, pair: Pair) -> (Cause, String) {
        let key = pair.b.and_then(|bt| held(self.b, self.b, bt));
        let Some(key) = key else { return (Cause::Season, String::new()) };
        let adjusted = pair
            .b
            .is_some_and(|bt| matches!(self.b.answer.outcomes[bt.at()], Outcome::Adjusted { .. }));
        if adjusted {
            return self.leftovers(&key);
        }
        let (Some(at), Some(bt)) = (pair.a, pair.b) else { return (Cause::Season, String::new()) };
        // The earlier category of the wish is the one that opened or closed.
        let after = self.b.answer.outcomes[bt.at()];
        if let Some(reason) = reason_for(self.a, at, after, self.b.season) {
            return self.chain(pair, &key, Some(&reason.kind), true);
        }
        let Some(before) = held(self.a, self.b, at) else { return (Cause::Season, String::new()) };
        let outcome = self.a.answer.outcomes[at.at()];
        let reason = reason_for(self.b, bt, outcome, self.a.season);
        self.chain(pair, &before, reason.map(|r| &r.kind), false)
    }

    fn leftovers(&self, key: &ClassKey) -> (Cause, String) {
        let class = self.class(key);
        let why = if self.lang == Lang::Zh {
            format!("{class}可供调剂的剩余名额有变化")
        } else {
            format!("the seats of {class} left for adjustment changed")
        };
        (Cause::Adjustment, why)
    }

    fn chain(
        &self,
        pair: Pair,
        key: &ClassKey,
        kind: Option<&ReasonKind>,
        eased: bool,
    ) -> (Cause, String) {
        let zh = self.lang == Lang::Zh;
        let class = self.class(key);
        let (x, y) = self.lines.get(key).copied().unwrap_or_default();
        let (seats_a, seats_b) = (x.map_or(0, |l| l.seats), y.map_or(0, |l| l.seats));
        match kind {
            Some(ReasonKind::BelowFloor) => {
                let floor = |l: Option<&Line>| score(l.and_then(|l| l.floor), zh, "无", "none");
                let (f, g) = (floor(x), floor(y));
                let why = if zh {
                    format!("{class}录取下限 {f}→{g}")
                } else {
                    format!("floor of {class} {f}→{g}")
                };
                (Cause::Floor, why)
            }
            Some(ReasonKind::Ineligible(_) | ReasonKind::OutOfRegion) => {
                let why = if zh {
                    format!("{class}的资格条件或招生范围有改动")
                } else {
                    format!("conditions or scope of {class} changed")
                };
                (Cause::Facts, why)
            }
            _ => {
                let total = person(self.a, self.b, pair).total;
                let line = self.line_words(x, y, total, eased);
                let roots = if eased { &self.eased } else { &self.tightened };
                let (cause, head) = match roots.get(key) {
                    Some(Root::Seats(root)) if root == key => {
                        let cause =
                            if seats_b > seats_a { Cause::SeatsMore } else { Cause::SeatsFewer };
                        (cause, self.seats_words(root))
                    }
                    Some(root) => {
                        let cause = if eased { Cause::LineFell } else { Cause::LineRose };
                        (cause, format!("{}{}", self.root_words(root), self.hop_words(key, eased)))
                    }
                    None => {
                        let head = if zh {
                            "录取顺序或随机号有变化"
                        } else {
                            "the order of applicants or the lottery changed"
                        };
                        (Cause::Order, head.to_owned())
                    }
                };
                (cause, format!("{head}{line}"))
            }
        }
    }

    /// `，录取线 612→609，总分 610 已达到`
    fn line_words(&self, x: Option<&Line>, y: Option<&Line>, total: Score, eased: bool) -> String {
        let zh = self.lang == Lang::Zh;
        let cutoff = |l: Option<&Line>| match l {
            Some(l) => score(l.cutoff(), zh, "未录满", "not full"),
            None => (if zh { "无" } else { "none" }).to_owned(),
        };
        let (f, g) = (cutoff(x), cutoff(y));
        let tied = cutoffs_equal(x, y) && y.and_then(Line::cutoff) == Some(total);
        let place = match (tied, eased, zh) {
            (true, true, true) => "，同分，现排在录取范围内",
            (true, true, false) => ", equal to it and now within",
            (true, false, true) => "，同分，现排在录取范围外",
            (true, false, false) => ", equal to it and no longer within",
            (false, true, true) => "，已在录取范围内",
            (false, true, false) => ", now within",
            (false, false, true) => "，不再在录取范围内",
            (false, false, false) => ", no longer within",
        };
        match zh {
            true if f == g => format!("，录取线 {g}，总分 {total}{place}"),
            true => format!("，录取线 {f}→{g}，总分 {total}{place}"),
            false if f == g => format!(", cut-off {g}, total {total}{place}"),
            false => format!(", cut-off {f}→{g}, total {total}{place}"),
        }
    }

    fn seats_words(&self, key: &ClassKey) -> String {
        let (x, y) = self.lines.get(key).copied().unwrap_or_default();
        let (f, g) = (x.map_or(0, |l| l.seats), y.map_or(0, |l| l.seats));
        let class = self.class(key);
        if self.lang == Lang::Zh {
            format!("{class}名额 {f}→{g}")
        } else {
            format!("seats of {class} {f}→{g}")
        }
    }

    fn root_words(&self, root: &Root) -> String {
        let zh = self.lang == Lang::Zh;
        match root {
            Root::Seats(key) => self.seats_words(key),
            Root::Floor(key) if zh => format!("{}录取下限有变化", self.class(key)),
            Root::Floor(key) => format!("floor of {} changed", self.class(key)),
            Root::People if zh => "有考生增减或信息改动".to_owned(),
            Root::People => "applicants were added, removed or changed".to_owned(),
        }
    }

    /// `，2 人由一中统招转出`
    fn hop_words(&self, key: &ClassKey, eased: bool) -> String {
        let count = |map: &BTreeMap<ClassKey, u32>| map.get(key).copied().unwrap_or(0);
        let class = self.class(key);
        match (eased, self.lang) {
            (true, Lang::Zh) => format!("，{class}有 {} 人转出", count(&self.out)),
            (true, Lang::En) => format!(", {} left {class}", count(&self.out)),
            (false, Lang::Zh) => format!("，{class}有 {} 人转入", count(&self.into)),
            (false, Lang::En) => format!(", {} came to {class}", count(&self.into)),
        }
    }

    fn class(&self, key: &ClassKey) -> String {
        let (school, category) = names(self.a, self.b, key);
        match (self.lang, &key.junior) {
            (Lang::Zh, Some(junior)) => {
                let name = |s: &Season| s.find_school(junior).map(|j| s.school(j).name.to_string());
                let name = name(self.b.season).or_else(|| name(self.a.season));
                format!("{school}{category}（{}）", name.unwrap_or_default())
            }
            (Lang::Zh, None) => format!("{school}{category}"),
            (Lang::En, Some(junior)) => format!("{} {}/{junior}", key.school, key.category),
            (Lang::En, None) => format!("{} {}", key.school, key.category),
        }
    }
}

fn score(score: Option<Score>, zh: bool, none: &str, none_en: &str) -> String {
    match score {
        Some(score) => score.to_string(),
        None => (if zh { none } else { none_en }).to_owned(),
    }
}

fn cutoffs_equal(x: Option<&Line>, y: Option<&Line>) -> bool {
    x.and_then(Line::cutoff) == y.and_then(Line::cutoff)
}

/// The class that somebody holds a seat of.
fn held(side: Side<'_>, b: Side<'_>, at: ApplicantIx) -> Option<ClassKey> {
    let (batch, _, school, category) = side.answer.outcomes[at.at()].seat()?;
    let by_junior = side.season.policy().category(category).by_junior;
    let junior = by_junior.then(|| side.season.applicant(at).junior);
    Some(class_key(side.season, b.season, batch, school, category, junior))
}

/// What about the applicant differs between the seasons, if anything that placement reads does.
fn own_change(a: Side<'_>, b: Side<'_>, pair: Pair) -> Option<Cause> {
    let (Some(at), Some(bt)) = (pair.a, pair.b) else { return Some(Cause::Season) };
    let (x, y) = (a.season.applicant(at), b.season.applicant(bt));
    let facts = |s: &Season, p: &crate::domain::Applicant| {
        (
            s.school(p.junior).id.clone(),
            s.region_name(p.region).to_owned(),
            (p.fresh, p.junior_since, p.attended, p.evaluation, p.tie_class),
            (p.barred, p.quota_ineligible),
        )
    };
    if x.total != y.total {
        Some(Cause::Score)
    } else if !same_wishes(a.season, at, b.season, bt) {
        Some(Cause::Wishes)
    } else if facts(a.season, x) != facts(b.season, y) {
        Some(Cause::Facts)
    } else {
        None
    }
}

/// The reason that one side gives for turning down the seat that the other side grants.
fn reason_for<'s>(
    side: Side<'s>,
    at: ApplicantIx,
    granted: Outcome,
    granted_in: &Season,
) -> Option<&'s Reason> {
    let (batch, position, school, category) = granted.seat()?;
    let (season, policy) = (side.season, granted_in.policy());
    let batch = season.policy().batch_ix(&policy.batch(batch).id)?;
    let school = season.find_school(&granted_in.school(school).id)?;
    let category = season.policy().category_ix(&policy.category(category).id)?;
    reasons_of(side.answer, at).iter().find(|r| {
        (r.batch, r.position, r.school, r.category) == (batch, position, school, category)
    })
}

/// Traces every class to the change that eased (or tightened) it, shortest chains first.
///
/// 1. Classes with more (fewer) seats or another floor are roots; so is a class that somebody left
///    (entered) who was added, removed or changed.
/// 2. A class that somebody left for a traced class is traced to the same root, and so on; when
///    tightening, a class that somebody entered from a traced class.
fn trace(lines: &Lines<'_>, steps: &[(Step, bool)], eased: bool) -> BTreeMap<ClassKey, Root> {
    let mut found: BTreeMap<ClassKey, Root> = BTreeMap::new();
    let mut queue = VecDeque::new();
    for (key, (x, y)) in lines {
        let (before, after) = (x.map_or(0, |l| l.seats), y.map_or(0, |l| l.seats));
        let floor = |l: &Option<&Line>| l.and_then(|l| l.floor);
        let root = if (eased && after > before) || (!eased && after < before) {
            Some(Root::Seats(key.clone()))
        } else if floor(x) != floor(y) {
            Some(Root::Floor(key.clone()))
        } else {
            None
        };
        if let Some(root) = root {
            found.insert(key.clone(), root);
            queue.push_back(key.clone());
        }
    }
    let mut edges: BTreeMap<&ClassKey, BTreeSet<&ClassKey>> = BTreeMap::new();
    for ((from, to), own) in steps {
        let (cause, effect) = if eased { (to, from) } else { (from, to) };
        if let Some(effect) = effect.as_ref().filter(|_| *own)
            && !found.contains_key(effect)
        {
            found.insert(effect.clone(), Root::People);
            queue.push_back(effect.clone());
        }
        if let (Some(cause), Some(effect)) = (cause, effect) {
            edges.entry(cause).or_default().insert(effect);
        }
    }
    while let Some(key) = queue.pop_front() {
        let Some(root) = found.get(&key).cloned() else { continue };
        for &next in edges.get(&key).into_iter().flatten() {
            if !found.contains_key(next) {
                found.insert(next.clone(), root.clone());
                queue.push_back(next.clone());
            }
        }
    }
    found
}
