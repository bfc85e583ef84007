//! The sentences about one wish, in Chinese and English.

use super::fact;
use super::hall::Step;
use super::said::{Decided, FloorSaid, Lang, ProposalSaid};
use crate::domain::{
    ApplicantIx, CategoryIx, Outcome, PlanLine, Reason, ReasonKind, Scope, Season,
};

/// Speaks about a season in a language.
#[derive(Clone, Copy)]
pub(super) struct Voice<'s> {
    pub(super) season: &'s Season,
    pub(super) lang: Lang,
}

impl Voice<'_> {
    pub(super) fn zh(&self) -> bool {
        self.lang == Lang::Zh
    }

    /// A category: its name in Chinese, its key in English.
    pub(super) fn category(&self, category: CategoryIx) -> String {
        let category = self.season.policy().category(category);
        if self.zh() { category.name.clone() } else { category.id.to_string() }
    }

    pub(super) fn barred_wish(&self) -> String {
        let text = if self.zh() {
            "已被取消录取资格，此志愿不参加录取"
        } else {
            "barred from admission; this wish takes no part"
        };
        text.to_owned()
    }

    pub(super) fn unexplained(&self) -> String {
        let text = if self.zh() {
            "结果中没有记录此志愿未录取的原因，请向招办申请复核"
        } else {
            "the answer records no reason for this wish; ask the admissions office to review it"
        };
        text.to_owned()
    }

    pub(super) fn granted(&self, said: &ProposalSaid) -> String {
        let (place, last) = (said.place.unwrap_or(0), said.last_place.unwrap_or(0));
        let (seats, placed) = (said.seats.unwrap_or(0), said.placed.unwrap_or(0));
        match (said.cutoff, self.zh()) {
            (Some(line), true) => format!(
                "录取：{seats} 个名额，你排第 {place} 位，录取到第 {last} 位，录取线 {line} 分"
            ),
            (None, true) => format!("录取：{seats} 个名额，录取 {placed} 人，未录满"),
            (Some(line), false) => format!(
                "admitted: {}, you are number {place}, the last admitted is number {last}, cut-off \
                 {line}",
                counted(seats, "seat")
            ),
            (None, false) => {
                format!("admitted: {}, {placed} taken, not full", counted(seats, "seat"))
            }
        }
    }

    pub(super) fn not_considered(&self, step: Step, outcome: Outcome) -> String {
        let Some((batch, position, ..)) = outcome.seat() else { return String::new() };
        let name = &self.season.policy().batch(batch).name;
        match (batch == step.batch, position == step.position, self.zh()) {
            (true, true, true) => "已在本志愿的前一类别录取，此类别不再考虑".to_owned(),
            (true, false, true) => format!("已被志愿{position}录取，此志愿不再考虑"),
            (false, _, true) => format!("已在{name}录取，此志愿不再考虑"),
            (true, true, false) => {
                "already admitted in an earlier category of this wish; not considered".to_owned()
            }
            (true, false, false) => {
                format!("already admitted on wish {position}; not considered")
            }
            (false, _, false) => format!("already admitted in batch {name}; not considered"),
        }
    }

    /// Why a wish was turned down.
    pub(super) fn turned_down(
        &self,
        me: ApplicantIx,
        step: Step,
        reason: &Reason,
        said: &ProposalSaid,
    ) -> String {
        let season = self.season;
        let person = season.applicant(me);
        let category = self.category(step.category);
        match (&reason.kind, self.zh()) {
            (ReasonKind::NoClass, zh) => {
                let by_junior = season.policy().category(step.category).by_junior;
                let junior = &season.school(person.junior).name;
                match (by_junior, zh) {
                    (true, true) => format!("未录取：该校没有分配给{junior}的{category}名额"),
                    (false, true) => format!("未录取：该校本批次没有{category}名额"),
                    (true, false) => {
                        format!("not admitted: no {category} seats of this school for {junior}")
                    }
                    (false, false) => {
                        format!("not admitted: this school has no {category} seats in this batch")
                    }
                }
            }
            (ReasonKind::OutOfRegion, true) => format!(
                "未录取：学籍所在区县为{}，招生范围是{}",
                season.region_name(person.region),
                self.scope(step)
            ),
            (ReasonKind::OutOfRegion, false) => format!(
                "not admitted: registered in {}, the school admits from {}",
                season.region_name(person.region),
                self.scope(step)
            ),
            (ReasonKind::Ineligible(predicate), zh) => {
                let fact =
                    fact::clause(season, self.lang, me, step.category, step.school, predicate);
                if zh {
                    format!("未录取：不符合{category}的条件，{fact}")
                } else {
                    format!("not admitted: not eligible for {category}: {fact}")
                }
            }
            (ReasonKind::BelowFloor, zh) => {
                let floor = reason.bound.unwrap_or_default();
                let short = floor.minus(person.total);
                let from = said.floor.as_ref().map(|f| self.floor(f)).unwrap_or_default();
                let total = person.total;
                // The floor comes first by the contract; that there was nothing to have is said all the same.
                let none = match (said.seats, zh) {
                    (Some(0), true) => "；而且这里最后没有名额",
                    (Some(0), false) => "; and there were no seats in the end",
                    _ => "",
                };
                if zh {
                    format!(
                        "未录取：总分 {total} 分，低于{category}的录取下限 {floor} 分，差 {short} 分{from}{none}"
                    )
                } else {
                    format!(
                        "not admitted: total {total} is below the floor {floor} of {category}, short by \
                         {short}{from}{none}"
                    )
                }
            }
            (ReasonKind::NoSeats, true) => match said.place {
                Some(place) => format!("未录取：{category}最后没有名额，你排第 {place} 位"),
                None => format!("未录取：{category}最后没有名额"),
            },
            (ReasonKind::NoSeats, false) => {
                format!("not admitted: {category} ended with no seats")
            }
            (ReasonKind::BelowCutoff, _) => self.below_cutoff(said),
        }
    }

    fn below_cutoff(&self, said: &ProposalSaid) -> String {
        let (place, last) = (said.place.unwrap_or(0), said.last_place.unwrap_or(0));
        let (seats, gap) = (said.seats.unwrap_or(0), said.gap_places.unwrap_or(0));
        let by = said.decided_by.as_ref().map(|d| self.decided(d)).unwrap_or_default();
        let line = said.cutoff.map(|l| l.to_string()).unwrap_or_default();
        if self.zh() {
            format!(
                "未录取：{seats} 个名额，你排第 {place} 位，录取到第 {last} 位，差 {gap} 位；录取线 {line} 分{by}"
            )
        } else {
            format!(
                "not admitted: {}, you are number {place}, the last admitted is number {last}, {} short; \
                 cut-off {line}{by}",
                counted(seats, "seat"),
                counted(gap, "place")
            )
        }
    }

    /// What decided, as a clause after the cut-off.
    fn decided(&self, decided: &Decided) -> String {
        let zh = self.zh();
        match decided {
            Decided::Total { short } if zh => format!("，差 {short} 分"),
            Decided::Total { short } => format!(", {short} points short"),
            Decided::Composite { short } if zh => format!("；按综合成绩排序，低 {short} 分"),
            Decided::Composite { short } => format!("; by composite score, {short} lower"),
            Decided::Special { short } if zh => format!("；专业测试低 {short} 分"),
            Decided::Special { short } => format!("; special test {short} lower"),
            Decided::Subjects { names, short } if zh => match names.as_slice() {
                [one] => format!("；同分比较{one}，少 {short} 分"),
                all => format!("；同分比较{}之和，少 {short} 分", all.join("、")),
            },
            Decided::Subjects { names, short } => {
                format!("; tie decided by {}, {short} fewer", names.join(" + "))
            }
            Decided::Evaluation { mine } => {
                let grade = mine.map_or(if zh { "无" } else { "none" }, |g| g.key());
                if zh {
                    format!("；比较综合素质评价，你的等级（{grade}）较低")
                } else {
                    format!("; decided by evaluation, yours ({grade}) is lower")
                }
            }
            Decided::TieClass { mine } if zh => {
                format!("；同分比较优先级，你的优先级（{mine}）在后")
            }
            Decided::TieClass { mine } => {
                format!("; tie decided by tie class, yours ({mine}) is later")
            }
            Decided::Wish { last, mine, grouped } if zh => {
                let unit = if *grouped { "组志愿" } else { "志愿" };
                format!("；先比较志愿顺序，录取到第 {last} {unit}，你在第 {mine} {unit}")
            }
            Decided::Wish { last, mine, grouped } => {
                let unit = if *grouped { "group" } else { "wish" };
                format!("; earlier wishes go first: admitted to {unit} {last}, yours is {mine}")
            }
            Decided::Band { width: Some(width) } if zh => {
                format!("；按 {width} 分一段比较，你在后面的分数段")
            }
            Decided::Band { width: Some(width) } => {
                format!("; compared in bands of {width}, yours is a lower band")
            }
            Decided::Band { width: None } if zh => {
                "；按分数线分段比较，你在后面的分数段".to_owned()
            }
            Decided::Band { width: None } => {
                "; compared by announced lines, yours is lower".to_owned()
            }
            Decided::Lottery if zh => "；各项比较都相同，随机号在后".to_owned(),
            Decided::Lottery => "; equal in every comparison, later in the lottery".to_owned(),
            Decided::Manual if zh => "；各项比较都相同，同分裁定在后".to_owned(),
            Decided::Manual => {
                "; equal in every comparison, later in the recorded order".to_owned()
            }
        }
    }

    /// Where a floor comes from, in brackets.
    fn floor(&self, floor: &FloorSaid) -> String {
        match (floor, self.zh()) {
            (FloorSaid { announced: true, .. }, true) => "（公布的最低控制线）".to_owned(),
            (FloorSaid { announced: true, .. }, false) => " (the announced line)".to_owned(),
            (
                FloorSaid {
                    line_of: Some(of), line: Some(line), minus: Some(minus), batch, ..
                },
                zh,
            ) => match (batch, zh) {
                (Some(batch), true) => {
                    format!("（本校{batch}{of}录取线 {line} 分减 {minus} 分）")
                }
                (None, true) => format!("（本校{of}录取线 {line} 分减 {minus} 分）"),
                (Some(batch), false) => {
                    format!(" (this school's {of} cut-off {line} of {batch}, minus {minus})")
                }
                (None, false) => format!(" (this school's {of} cut-off {line} minus {minus})"),
            },
            _ => String::new(),
        }
    }

    /// What would have changed it.
    pub(super) fn condition(
        &self,
        me: ApplicantIx,
        step: Step,
        reason: &Reason,
        said: &ProposalSaid,
    ) -> Option<String> {
        let zh = self.zh();
        let total = said.least_total.as_ref().map(|least| {
            let total = least.total;
            let points = total.minus(self.season.applicant(me).total);
            let instead = least.instead.as_ref().map(|seat| match zh {
                true => format!("，届时录取在更靠前的{}志愿 {}", seat.school, seat.position),
                false => format!(", on the earlier wish {}, {}", seat.position, seat.school),
            });
            let instead = instead.unwrap_or_default();
            match (least.least_of_all, zh) {
                (true, true) => format!("总分至少 {total} 分（多 {points} 分{instead}）"),
                (false, true) => format!("总分达到 {total} 分（多 {points} 分{instead}）"),
                (true, false) => format!("a total of at least {total} (+{points}{instead})"),
                (false, false) => format!("a total of {total} (+{points}{instead})"),
            }
        });
        let seats = said.more_seats.map(|more| match zh {
            true => format!("再多 {more} 个名额"),
            false => counted(more, "more seat"),
        });
        let ways: Vec<String> = total.into_iter().chain(seats).collect();
        if !ways.is_empty() {
            return Some(if zh {
                format!("其他都不变时，{}即可录取", ways.join("，或"))
            } else {
                format!("All else equal, {} would have been enough", ways.join(", or "))
            });
        }
        match (&reason.kind, zh) {
            (ReasonKind::OutOfRegion, true) => {
                Some(format!("学籍所在区县须在招生范围（{}）内", self.scope(step)))
            }
            (ReasonKind::OutOfRegion, false) => {
                Some(format!("The registered region must be one of {}", self.scope(step)))
            }
            (ReasonKind::Ineligible(_), true) => {
                Some("登记如有误，请持证明材料向毕业学校或招办申请更正".to_owned())
            }
            (ReasonKind::Ineligible(_), false) => Some(
                "If the record is wrong, ask the junior school or the admissions office to correct it"
                    .to_owned(),
            ),
            _ => None,
        }
    }

    /// The regions that the class of a step admits from: those of its own plan line, or what all lines have in common
    /// whose seats return or carry to it.
    fn scope(&self, step: Step) -> String {
        let (season, policy) = (self.season, self.season.policy());
        let class = (step.batch, step.category);
        let of_school = || season.plan().iter().filter(|l| l.school == step.school);
        let planned = |class| of_school().any(|l| (l.batch, l.category) == class);
        // What goes on from a class with a line of its own goes on as that line's.
        let lends = |l: &&PlanLine| {
            let on = policy.held_as(l.batch, l.category).skip(1);
            on.take_while(|&on| on == class || !planned(on)).any(|on| on == class)
        };
        let own = of_school().find(|l| (l.batch, l.category) == class);
        let lines: Vec<&PlanLine> = match own {
            Some(line) => vec![line],
            None => of_school().filter(lends).collect(),
        };
        let common = lines.iter().fold(Scope::Any, |scope, line| scope.intersect(&line.scope));
        let regions = match &common {
            Scope::Any => None,
            Scope::Regions(regions) => Some(regions),
        };
        let names: Vec<&str> =
            regions.into_iter().flatten().map(|&region| season.region_name(region)).collect();
        match (regions.is_some(), names.is_empty(), self.zh()) {
            (true, true, true) => "各来源计划没有共同的区县".to_owned(),
            (true, true, false) => "no region that all lending lines share".to_owned(),
            (false, _, true) => "不限".to_owned(),
            (false, _, false) => "any".to_owned(),
            (true, false, zh) => names.join(if zh { "、" } else { ", " }),
        }
    }
}

/// `1 seat`, `2 seats`.
fn counted(count: u32, thing: &str) -> String {
    let end = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{end}")
}
