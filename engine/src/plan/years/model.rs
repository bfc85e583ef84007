//! The integer program of the years ahead.

use super::start::{SchoolYears, Start};
use super::{Demand, Limit, SchoolYear, YearTotals};
use crate::plan::linear::{Aim, Sum};
use crate::solver::{Program, Var};

/// A super oversize class begins so many students above an oversize one, where the policy is silent.
const SUPER_ABOVE_OVERSIZE: u64 = 10;

/// The sizes of `classes` even classes of so many students, larger ones first.
pub(super) fn even(students: u64, classes: u64) -> impl Iterator<Item = u64> {
    let per = students.checked_div(classes).unwrap_or(0);
    let rest = students.checked_rem(classes).unwrap_or(0);
    (0..classes).map(move |at| per + u64::from(at < rest))
}

/// From which size on a class is too large, and much too large.
#[derive(Clone, Copy)]
struct Bands {
    oversize: u64,
    super_oversize: u64,
}

impl Bands {
    /// Classes of 56–65, and of 66 and more.
    fn count(self, sizes: impl Iterator<Item = u64>) -> (u64, u64) {
        sizes.fold((0, 0), |(over, much), size| {
            let much_too_large = size >= self.super_oversize;
            (
                over + u64::from(size >= self.oversize && !much_too_large),
                much + u64::from(much_too_large),
            )
        })
    }
}

/// A grade that is in school now, in one of the years ahead. It may be formed anew: `first` for none of 66 or more, `second`
/// for none of 56 or more.
struct Grade {
    students: u64,
    /// Classes as they are, after `first`, after `second`.
    classes: [u64; 3],
    first: Option<Var>,
    second: Option<Var>,
    /// Classes of 56–65 and of 66 and more that are left.
    over: Var,
    much: Var,
}

impl Grade {
    /// Classes more than now.
    fn extra(&self) -> Sum {
        let [now, first, second] = self.classes.map(|c| i64::try_from(c).unwrap_or(i64::MAX));
        let mut sum = Sum::default();
        if let Some(var) = self.first {
            sum = sum.var(var, first - now);
        }
        if let Some(var) = self.second {
            sum = sum.var(var, second - first);
        }
        sum
    }
}

struct Year {
    intake: Var,
    classes: Var,
    above: Var,
    more: Var,
    fewer: Var,
    grades: Vec<Grade>,
}

pub(super) struct Model {
    pub(super) program: Program,
    bands: Bands,
    large: u64,
    /// By school, then year.
    years: Vec<Vec<Year>>,
    /// By year.
    short: Vec<Var>,
}

fn narrow(n: u64) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

fn wide(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

impl Demand {
    /// Students to be taken in, in the year at this place.
    fn at(&self, start: &Start, year: usize) -> u64 {
        let seats = || start.schools.iter().map(|s| u64::from(s.intake)).sum();
        self.intake.get(year).or(self.intake.last()).map_or_else(seats, |&n| n.into())
    }
}

impl Model {
    /// The program, some limits lifted; nothing where the policy has no class size.
    pub(super) fn of(start: &Start, demand: &Demand, lifted: &[Limit]) -> Option<Self> {
        let limits = &start.limits;
        let size = u64::from(limits.class_size.as_ref()?.value);
        let oversize = limits.oversize_class.as_ref().map_or(size + 1, |c| c.value.into());
        let much = limits.super_oversize_class.as_ref();
        let super_oversize = much.map_or(oversize + SUPER_ABOVE_OVERSIZE, |c| c.value.into());
        let large = limits.new_school_size.as_ref().map_or(1 << 40, |c| u64::from(c.value));
        let bands = Bands { oversize, super_oversize };
        let mut model =
            Self { program: Program::new(), bands, large, years: Vec::new(), short: Vec::new() };
        let most = (0..demand.years.into()).map(|y| demand.at(start, y)).max().unwrap_or(0);
        for school in &start.schools {
            let years = model.school(start, demand, school, most, size, lifted);
            model.years.push(years);
        }
        model.district(start, demand, lifted);
        Some(model)
    }

    fn school(
        &mut self,
        start: &Start,
        demand: &Demand,
        school: &SchoolYears,
        most: u64,
        size: u64,
        lifted: &[Limit],
    ) -> Vec<Year> {
        let students = |sizes: &Vec<u32>| sizes.iter().map(|&n| u64::from(n)).sum::<u64>();
        let now: u64 = school.grades.iter().map(students).sum();
        let mut years: Vec<Year> = Vec::new();
        for at in 0..usize::from(demand.years) {
            let grades: Vec<Grade> = school
                .grades
                .iter()
                .take(2_usize.saturating_sub(at))
                .map(|sizes| self.grade(sizes))
                .collect();
            let p = &mut self.program;
            let year = Year {
                intake: p.var(0, narrow(most), 0),
                classes: p.var(0, narrow(most.div_ceil(size.max(1))), 0),
                above: p.var(0, i32::MAX, 0),
                more: p.var(0, narrow(most), 0),
                fewer: p.var(0, narrow(most.max(school.intake.into())), 0),
                grades,
            };
            // No class of a new intake above the cap, ever.
            Sum::default().var(year.intake, 1).var(year.classes, -wide(size)).at_most(0, p);
            // What a grade was formed into it stays.
            for (grade, before) in
                year.grades.iter().zip(years.last().map_or(&[][..], |y: &Year| &y.grades))
            {
                for (was, is) in [(before.first, grade.first), (before.second, grade.second)] {
                    if let (Some(was), Some(is)) = (was, is) {
                        Sum::default().var(was, 1).var(is, -1).at_most(0, p);
                    }
                }
            }
            let before = match years.last() {
                Some(year) => Sum::default().var(year.intake, 1),
                None => Sum::of(school.intake.into()),
            };
            let change = Sum::default().var(year.more, 1).var(year.fewer, -1);
            let row = before.add(&change, 1).var(year.intake, -1);
            row.clone().at_most(0, p);
            Sum::default().add(&row, -1).at_most(0, p);

            let previous = years.last().map(|y| y.above);
            let older: u64 = year.grades.iter().map(|g| g.students).sum();
            let base: u64 = year.grades.iter().map(|g| g.classes[0]).sum();
            let extra = year.grades.iter().fold(Sum::default(), |sum, g| sum.add(&g.extra(), 1));
            years.push(year);
            let inside = &years[years.len().saturating_sub(3)..];
            let new = inside.iter().fold(Sum::default(), |sum, y| sum.var(y.intake, 1));
            let classes = inside.iter().fold(Sum::default(), |sum, y| sum.var(y.classes, 1));
            let year = &years[at];

            let above = Sum::of(wide(older)).add(&new, 1).var(year.above, -1);
            above.at_most(wide(self.large), p);
            let no_more = match previous {
                Some(previous) => Sum::default().var(previous, -1),
                None => Sum::of(-wide(now.saturating_sub(self.large))),
            };
            no_more.var(year.above, 1).at_most(0, p);
            if school.is_new {
                new.clone().at_most(wide(self.large.saturating_sub(older)), p);
            }
            match school.rooms {
                _ if lifted.contains(&Limit::Rooms) => {}
                Some(rooms) => {
                    let room = u64::from(rooms).saturating_sub(base);
                    extra.add(&classes, 1).at_most(wide(room), p);
                }
                None => {
                    let own = Sum::default().var(year.classes, 1);
                    own.at_most(school.classes.into(), p);
                }
            }
            let per = start.limits.students_per_ten_staff.as_ref().map(|c| u64::from(c.value));
            let staff = per.zip(school.staff).filter(|_| !lifted.contains(&Limit::Staff));
            if let Some((per, staff)) = staff {
                let room = (per * u64::from(staff)).saturating_sub(10 * older);
                Sum::default().add(&new, 10).at_most(wide(room), p);
            }
        }
        years
    }

    fn grade(&mut self, sizes: &[u32]) -> Grade {
        let sizes = || sizes.iter().map(|&n| u64::from(n));
        let (students, now) = (sizes().sum::<u64>(), sizes().count() as u64);
        let within = |size: u64| students.div_ceil(size.max(1)).max(now);
        let first = within(self.bands.super_oversize - 1);
        let second = within(self.bands.oversize - 1);
        let (over, much) = self.bands.count(sizes());
        let (over_then, _) = self.bands.count(even(students, first));
        let p = &mut self.program;
        let grade = Grade {
            students,
            classes: if much > 0 { [now, first, second] } else { [now, now, second] },
            first: (much > 0).then(|| p.var(0, 1, 0)),
            second: (over + much > 0).then(|| p.var(0, 1, 0)),
            over: p.var(0, narrow(now.max(first)), 0),
            much: p.var(0, narrow(now), 0),
        };
        let (over, much, over_then) = (wide(over), wide(much), wide(over_then));
        match (grade.first, grade.second) {
            (Some(first), Some(second)) => {
                Sum::default().var(second, 1).var(first, -1).at_most(0, p);
                Sum::of(much).var(first, -much).var(grade.much, -1).at_most(0, p);
                let left = Sum::of(over).var(first, over_then - over).var(second, -over_then);
                left.var(grade.over, -1).at_most(0, p);
            }
            (None, Some(second)) => {
                Sum::of(over).var(second, -over).var(grade.over, -1).at_most(0, p);
            }
            _ => {}
        }
        grade
    }

    fn district(&mut self, start: &Start, demand: &Demand, lifted: &[Limit]) {
        for at in 0..usize::from(demand.years) {
            let wanted = wide(demand.at(start, at));
            let p = &mut self.program;
            let short = p.var(0, narrow(demand.at(start, at)), 0);
            let years = || self.years.iter().map(|y| &y[at]);
            let taken = years().fold(Sum::default().var(short, 1), |sum, y| sum.var(y.intake, 1));
            taken.clone().at_most(wanted, p);
            Sum::of(wanted).add(&taken, -1).at_most(0, p);
            if !lifted.contains(&Limit::Approved) {
                let classes = years().fold(Sum::default(), |sum, y| sum.var(y.classes, 1));
                classes.at_most(demand.approved_classes.into(), p);
            }
            if let Some(most) = demand.new_classes.filter(|_| !lifted.contains(&Limit::Added)) {
                added(&self.years, at).at_most(most.into(), p);
            }
            self.short.push(short);
        }
    }

    /// What is minimised, in order.
    pub(super) fn aims(&self) -> Vec<Aim> {
        let years = || self.years.iter().flatten();
        let grades = || years().flat_map(|y| &y.grades);
        vec![
            ("short", "无学位的学生（人·年）", self.short.clone()),
            ("super_oversize", "超大班额（班·年）", grades().map(|g| g.much).collect()),
            ("oversize", "大班额（班·年）", grades().map(|g| g.over).collect()),
            ("above_size", "超出规模的学生（人·年）", years().map(|y| y.above).collect()),
            (
                "steady",
                "各校招生数的年度变动（人）",
                years().flat_map(|y| [y.more, y.fewer]).collect(),
            ),
            ("classes", "新生班数（班·年）", years().map(|y| y.classes).collect()),
        ]
    }

    /// The tables of a solution.
    pub(super) fn read(
        &self,
        start: &Start,
        demand: &Demand,
        values: &[i64],
    ) -> (Vec<YearTotals>, Vec<SchoolYear>) {
        let of = |var: Var| u64::try_from(values[var.at()]).unwrap_or(0);
        let whole = |sum: Sum| u64::try_from(sum.value(values)).unwrap_or(0);
        let calendar = |at: usize| start.year.saturating_add(u16::try_from(at).unwrap_or(u16::MAX));
        let mut totals = vec![self.now(start)];
        let mut rows = Vec::new();
        for at in 0..usize::from(demand.years) {
            let mut total = YearTotals {
                year: calendar(at),
                demand: demand.at(start, at),
                short: of(self.short[at]),
                oversize: 0,
                super_oversize: 0,
                above_size: 0,
                added: whole(added(&self.years, at)),
            };
            for (school, years) in start.schools.iter().zip(&self.years) {
                let year = &years[at];
                let inside = &years[(at + 1).saturating_sub(3)..=at];
                let older: u64 = year.grades.iter().map(|g| g.students).sum();
                let base: u64 = year.grades.iter().map(|g| g.classes[0]).sum();
                let extra: u64 = year.grades.iter().map(|g| whole(g.extra())).sum();
                let students = older + inside.iter().map(|y| of(y.intake)).sum::<u64>();
                let row = SchoolYear {
                    year: total.year,
                    school_id: school.id.clone(),
                    school: school.name.clone(),
                    intake: of(year.intake),
                    classes: of(year.classes),
                    extra,
                    students,
                    all_classes: base + extra + inside.iter().map(|y| of(y.classes)).sum::<u64>(),
                    oversize: year.grades.iter().map(|g| of(g.over)).sum(),
                    super_oversize: year.grades.iter().map(|g| of(g.much)).sum(),
                };
                total.oversize += row.oversize;
                total.super_oversize += row.super_oversize;
                total.above_size += students.saturating_sub(self.large);
                rows.push(row);
            }
            totals.push(total);
        }
        (totals, rows)
    }

    fn now(&self, start: &Start) -> YearTotals {
        let mut total = YearTotals {
            year: start.year.saturating_sub(1),
            demand: 0,
            short: 0,
            oversize: 0,
            super_oversize: 0,
            above_size: 0,
            added: 0,
        };
        for school in &start.schools {
            let sizes = || school.grades.iter().flatten().map(|&n| u64::from(n));
            let (over, much) = self.bands.count(sizes());
            total.oversize += over;
            total.super_oversize += much;
            total.above_size += sizes().sum::<u64>().saturating_sub(self.large);
        }
        total
    }
}

/// Classes added to older grades in the year at this place.
fn added(years: &[Vec<Year>], at: usize) -> Sum {
    let mut sum = Sum::default();
    for years in years {
        for (grade, now) in years[at].grades.iter().enumerate() {
            sum = sum.add(&now.extra(), 1);
            if let Some(before) = at.checked_sub(1).and_then(|y| years[y].grades.get(grade)) {
                sum = sum.add(&before.extra(), -1);
            }
        }
    }
    sum
}
