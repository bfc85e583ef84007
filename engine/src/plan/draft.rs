//! The draft plan: the plan as written, with what its schools have and what is wanted of it.
//!
//! Unlike a season it may break the rules about sums: that is what it is judged for. Codes resolve and keys are unique.

use crate::domain::draft::Draft;
use crate::domain::{Fault, SchoolIx, Season, Severity, Share, Text};
use crate::policy::{Limits, Policy, Predicate, Rounding};

/// What a school has: a row of `resources`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Resources {
    /// 学校代码
    pub school: Text,
    /// 教室数: ordinary classrooms of all grades, where known.
    pub rooms: Option<u32>,
    /// 高二高三班数 of next year; blank is none.
    pub older_classes: Option<u32>,
    /// 教职工数, where known.
    pub staff: Option<u32>,
    /// 最低计划数: seats that the school was promised.
    pub least: Option<u32>,
}

/// Seats promised to a school, or to one of its plan lines.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Least {
    /// 学校代码
    pub school: String,
    /// The category's id; nothing for the whole school.
    pub category: Option<String>,
    /// The batch's id; nothing for the first batch that has such a line.
    pub batch: Option<String>,
    /// So many at least.
    pub seats: u32,
}

/// What is wanted of a plan, and what was approved.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Targets {
    /// Seats that the district needs in all.
    pub intake: Option<u32>,
    /// Seats approved for the district; the draft's own sum if nothing.
    pub approved_seats: Option<u32>,
    /// Classes approved for the district; the draft's own sum if nothing.
    pub approved_classes: Option<u32>,
    /// In place of every quota share.
    pub quota_share: Option<Share>,
    /// Promises.
    pub least: Vec<Least>,
}

/// A draft plan, ready to be judged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DraftPlan {
    /// The legal limits; a limit that is not set is no rule.
    pub limits: Limits,
    /// How quota seats are rounded.
    pub rounding: Rounding,
    /// Seats approved in all.
    pub approved_seats: u32,
    /// Classes approved in all.
    pub approved_classes: u32,
    /// Seats wanted in all.
    pub intake: Option<u32>,
    /// The schools that have a plan line, by id.
    pub schools: Vec<SchoolDraft>,
}

/// A school with its part of the draft.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SchoolDraft {
    /// 学校代码
    pub id: Text,
    /// 学校名称
    pub name: Text,
    /// 新建高中
    pub is_new: bool,
    /// Students of the older grades next year.
    pub enrolled: u32,
    /// Classes of the new intake: the sum of its lines, or as few as hold its seats where none says.
    pub classes: u32,
    /// Rooms that the older grades leave, where known.
    pub rooms: Option<u32>,
    /// 教职工数, where known.
    pub staff: Option<u32>,
    /// Seats promised to the school.
    pub least: u32,
    /// Its plan lines, by batch and category.
    pub lines: Vec<LineDraft>,
}

/// A plan line of the draft.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LineDraft {
    /// The batch's id.
    pub batch: Text,
    /// The category's id.
    pub category: Text,
    /// The category's Chinese name.
    pub name: String,
    /// 计划数; nothing for a quota line still to be computed from its share.
    pub seats: Option<u32>,
    /// 班数, where given.
    pub classes: Option<u32>,
    /// Seats promised to the line.
    pub least: u32,
    /// Most seats as a share of the school's whole plan.
    pub cap: Option<Share>,
    /// For a quota line with given seats: its share, and the place of the unified line beside it.
    pub quota: Option<(Share, usize)>,
}

impl DraftPlan {
    /// Reads the plan of a draft. Applicants, wishes and quota cells are not looked at.
    ///
    /// # Errors
    /// The blocking faults of `schools` and `plan` but for those about sums, which are what the advisor is asked about;
    /// or a sentence about a promise or a resource of a school without a plan.
    pub fn read(
        policy: &Policy,
        draft: &Draft,
        resources: &[Resources],
        targets: &Targets,
    ) -> Result<Result<Self, String>, Vec<Fault>> {
        let mut bare = policy.clone();
        bare.limits = Limits::default();
        // No lot is drawn here.
        bare.seed = bare.seed.or_else(|| Some("plan".to_owned()));
        let tables = Draft {
            schools: draft.schools.clone(),
            plan: draft.plan.clone(),
            undistributed: true,
            ..Draft::default()
        };
        let season = Season::check(bare, tables).map_err(|mut faults| {
            faults.retain(|f| f.severity == Severity::Error);
            faults
        })?;
        Ok(Self::of(policy, &season.0, resources, targets))
    }

    fn of(
        policy: &Policy,
        season: &Season,
        resources: &[Resources],
        targets: &Targets,
    ) -> Result<Self, String> {
        let mut schools: Vec<SchoolDraft> = Vec::new();
        let mut last: Option<SchoolIx> = None;
        for line in season.plan() {
            let school = season.school(line.school);
            if last != Some(line.school) {
                last = Some(line.school);
                schools.push(SchoolDraft {
                    id: school.id.clone(),
                    name: school.name.clone(),
                    is_new: school.is_new,
                    enrolled: school.enrolled.unwrap_or(0),
                    classes: 0,
                    rooms: None,
                    staff: None,
                    least: 0,
                    lines: Vec::new(),
                });
            }
            let category = policy.category(line.category);
            let rule = policy.quota.as_ref().filter(|q| q.category == line.category);
            let share = rule.and_then(|q| targets.quota_share.or(line.quota_share).or(q.share));
            let draft = LineDraft {
                batch: policy.batch(line.batch).id.clone(),
                category: category.id.clone(),
                name: category.name.clone(),
                seats: line.seats,
                classes: line.classes,
                least: 0,
                cap: category.share_cap,
                // The place is filled in once all lines are there.
                quota: share.filter(|_| line.seats.is_some()).map(|s| (s, usize::MAX)),
            };
            if let Some(own) = schools.last_mut() {
                own.lines.push(draft);
            }
        }
        let class_size = policy.limits.class_size.as_ref().map_or(0, |c| c.value);
        for school in &mut schools {
            school.pair_quota(policy);
            let given = school.lines.iter().filter_map(|l| l.classes);
            school.classes = if school.lines.iter().any(|l| l.classes.is_some()) {
                given.fold(0, u32::saturating_add)
            } else {
                school
                    .seats()
                    .checked_div(class_size)
                    .map_or(0, |_| school.seats().div_ceil(class_size))
            };
        }
        let sum = |of: fn(&SchoolDraft) -> u32| schools.iter().map(of).fold(0, u32::saturating_add);
        let mut plan = Self {
            limits: policy.limits.clone(),
            rounding: policy.quota.as_ref().map_or(Rounding::HalfUp, |q| q.rounding),
            approved_seats: targets.approved_seats.unwrap_or_else(|| sum(SchoolDraft::seats)),
            approved_classes: targets.approved_classes.unwrap_or_else(|| sum(|s| s.classes)),
            intake: targets.intake,
            schools,
        };
        for row in resources {
            plan.give(row)?;
        }
        for promise in &targets.least {
            plan.promise(promise)?;
        }
        Ok(plan)
    }

    fn give(&mut self, row: &Resources) -> Result<(), String> {
        let school = self.school_mut(&row.school)?;
        let older = row.older_classes.unwrap_or(0);
        school.rooms = row.rooms.map(|rooms| rooms.saturating_sub(older));
        school.staff = row.staff;
        school.least = school.least.max(row.least.unwrap_or(0));
        Ok(())
    }

    fn promise(&mut self, promise: &Least) -> Result<(), String> {
        let school = self.school_mut(&promise.school)?;
        let Some(category) = &promise.category else {
            school.least = school.least.max(promise.seats);
            return Ok(());
        };
        let fits = |l: &&mut LineDraft| {
            l.category == category.as_str()
                && l.seats.is_some()
                && promise.batch.as_ref().is_none_or(|b| l.batch == b.as_str())
        };
        match school.lines.iter_mut().find(fits) {
            Some(line) => line.least = line.least.max(promise.seats),
            None => return Err(format!("{}没有已定计划数的 {category} 计划", school.name)),
        }
        Ok(())
    }

    fn school_mut(&mut self, id: &str) -> Result<&mut SchoolDraft, String> {
        let found = self.schools.iter_mut().find(|s| s.id == id);
        found.ok_or_else(|| format!("招生计划中没有学校 {id}"))
    }

    /// All seats of the draft.
    #[must_use]
    pub fn seats(&self) -> u64 {
        self.schools.iter().map(|s| u64::from(s.seats())).sum()
    }

    /// All classes of the draft.
    #[must_use]
    pub fn classes(&self) -> u64 {
        self.schools.iter().map(|s| u64::from(s.classes)).sum()
    }

    /// The limit of a class, where the policy sets one.
    pub(super) fn class_size(&self) -> Option<u64> {
        self.limits.class_size.as_ref().map(|c| u64::from(c.value))
    }

    /// Seats of the new intake that the size of a new school leaves; below zero if the older grades alone are too many.
    pub(super) fn new_school_room(&self, school: &SchoolDraft) -> Option<i64> {
        let limit = self.limits.new_school_size.as_ref().filter(|_| school.is_new)?;
        Some(i64::from(limit.value) - i64::from(school.enrolled))
    }

    /// Ten times the seats of the new intake that the staff leaves, and what one more of the staff adds.
    pub(super) fn staff_room(&self, school: &SchoolDraft) -> Option<(u64, u32)> {
        let per = self.limits.students_per_ten_staff.as_ref()?.value;
        let all = u64::from(per) * u64::from(school.staff?);
        Some((all.saturating_sub(10 * u64::from(school.enrolled)), per))
    }
}

impl SchoolDraft {
    /// All seats of its lines; a quota line still to be computed counts none, since its seats stand in the unified line.
    #[must_use]
    pub fn seats(&self) -> u32 {
        self.lines.iter().filter_map(|l| l.seats).fold(0, u32::saturating_add)
    }

    /// Its capped categories: the cap, and the places of their lines.
    pub(super) fn capped(&self) -> Vec<(Share, Vec<usize>)> {
        let mut found: Vec<(&Text, Share, Vec<usize>)> = Vec::new();
        for (at, line) in self.lines.iter().enumerate() {
            let Some(cap) = line.cap.filter(|_| line.seats.is_some()) else { continue };
            match found.iter_mut().find(|(category, ..)| **category == line.category) {
                Some((_, _, places)) => places.push(at),
                None => found.push((&line.category, cap, vec![at])),
            }
        }
        found.into_iter().map(|(_, cap, places)| (cap, places)).collect()
    }

    /// Finds the unified line beside each quota line; a share without one binds nothing.
    fn pair_quota(&mut self, policy: &Policy) {
        for at in 0..self.lines.len() {
            let Some((share, _)) = self.lines[at].quota else { continue };
            let beside = |l: &LineDraft| {
                l.batch == self.lines[at].batch
                    && l.seats.is_some()
                    && policy.category_ix(&l.category).is_some_and(|c| {
                        let rule = policy.category(c);
                        let special = rule.composite.is_some()
                            || rule.eligible.contains(&Predicate::Qualified);
                        !rule.by_junior && !special
                    })
            };
            let mates: Vec<usize> =
                (0..self.lines.len()).filter(|&m| beside(&self.lines[m])).collect();
            let named = mates.iter().find(|&&m| self.lines[m].category == "unified");
            let mate = named.or(mates.first()).copied();
            self.lines[at].quota = mate.map(|m| (share, m));
        }
    }
}
