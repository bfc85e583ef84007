//! Where one class more helps most 增一个班: the district placed again with it, for every school.

use rayon::prelude::*;
use serde::Serialize;

use crate::domain::{Answer, Outcome, PlanLine, SchoolIx, Season, Text};
use crate::placement::place_outcomes;

/// What one class more at a school gives.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Gain {
    /// 学校代码
    pub school_id: Text,
    /// 学校名称
    pub school: Text,
    /// Its effects, or why no class can be added.
    #[serde(flatten)]
    pub result: Added,
}

/// The effects of a class, or why there can be none.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Added {
    /// Placed by the engine.
    Effects {
        /// The batch's id of the line that got the seats.
        batch: Text,
        /// Its category's id.
        category: Text,
        /// Seats added.
        seats: u32,
        /// Applicants admitted more than before.
        placed: i64,
        /// Applicants with a better wish than before, those newly admitted among them.
        better: u32,
        /// Applicants with a worse one: none, unless orders read wishes or floors move.
        worse: u32,
        /// Applicants whose seat is another one: the length of the chain that one class sets off.
        moved: u32,
        /// The mean position of the wishes on which applicants are admitted, in hundredths.
        mean_wish: u64,
    },
    /// In Chinese.
    Refused(String),
}

/// Places the season once for each senior school that has a plan, with one class more there, in parallel.
///
/// A class brings the policy's class size, or what the limit of a new school leaves, to the school's largest line that is
/// neither capped nor split by junior school. Ordered by applicants newly admitted, then by applicants with a better wish, then
/// by mean wish, then by school id; schools that can have no class come last. `base` is the answer of the season itself.
pub fn one_more_class(season: &Season, base: &Answer) -> Vec<Gain> {
    let mut schools: Vec<SchoolIx> = season.plan().iter().map(|l| l.school).collect();
    schools.dedup();
    let gain = |&school: &SchoolIx| Gain {
        school_id: season.school(school).id.clone(),
        school: season.school(school).name.clone(),
        result: added(season, base, school).unwrap_or_else(Added::Refused),
    };
    let mut gains: Vec<Gain> = schools.par_iter().map(gain).collect();
    let key = |gain: &Gain| match gain.result {
        Added::Effects { placed, better, mean_wish, .. } => {
            (false, -placed, u32::MAX - better, mean_wish)
        }
        Added::Refused(_) => (true, 0, 0, 0),
    };
    gains.sort_by(|a, b| key(a).cmp(&key(b)).then_with(|| a.school_id.cmp(&b.school_id)));
    gains
}

fn added(season: &Season, base: &Answer, school: SchoolIx) -> Result<Added, String> {
    let mut plan = season.plan().to_vec();
    let at = main_line(season, school).ok_or("没有可直接增加计划的类别")?;
    let seats = room(season, school)?;
    let line = &mut plan[at];
    line.seats = Some(line.seats.unwrap_or(0) + seats);
    line.classes = line.classes.map(|c| c + 1);
    let (batch, category) = (line.batch, line.category);
    let faults = |list: Vec<crate::domain::Fault>| {
        list.into_iter().map(|f| f.expected).collect::<Vec<_>>().join("；")
    };
    let other =
        season.recheck(season.policy().clone(), plan, season.quotas().to_vec()).map_err(faults)?;
    let after = place_outcomes(&other).map_err(|e| e.to_string())?;
    let (mut better, mut worse, mut moved) = (0, 0, 0);
    for (a, b) in base.outcomes.iter().zip(&after.outcomes) {
        if a.seat() != b.seat() {
            moved += 1;
            better += u32::from(standing(b) < standing(a));
            worse += u32::from(standing(b) > standing(a));
        }
    }
    let admitted = |answer: &Answer| answer.outcomes.iter().filter(|o| o.seat().is_some()).count();
    let policy = season.policy();
    Ok(Added::Effects {
        batch: policy.batch(batch).id.clone(),
        category: policy.category(category).id.clone(),
        seats,
        placed: admitted(&after) as i64 - admitted(base) as i64,
        better,
        worse,
        moved,
        mean_wish: mean_wish(&after),
    })
}

/// The largest line of the school that takes seats as they are; of equals the earlier.
fn main_line(season: &Season, school: SchoolIx) -> Option<usize> {
    let takes = |line: &PlanLine| {
        let category = season.policy().category(line.category);
        line.school == school && !category.by_junior && category.share_cap.is_none()
    };
    let lines = (0..season.plan().len()).filter(|&at| takes(&season.plan()[at]));
    lines.max_by_key(|&at| (season.plan()[at].seats.unwrap_or(0), std::cmp::Reverse(at)))
}

/// The seats that one class brings to a school.
fn room(season: &Season, school: SchoolIx) -> Result<u32, String> {
    let limits = &season.policy().limits;
    let size = limits.class_size.as_ref().ok_or("政策未设定班额")?.value;
    let own = season.school(school);
    let Some(limit) = limits.new_school_size.as_ref().filter(|_| own.is_new) else {
        return Ok(size);
    };
    let lines = season.plan().iter().filter(|l| l.school == school);
    let all = lines.filter_map(|l| l.seats).fold(own.enrolled.unwrap_or(0), u32::saturating_add);
    match limit.value.saturating_sub(all) {
        0 => Err(format!("新建高中规模已达 {} 人（{}）", limit.value, limit.citation())),
        left => Ok(size.min(left)),
    }
}

/// Where an outcome stands among an applicant's wishes; smaller is better, adjustment comes after the wishes of its batch.
fn standing(outcome: &Outcome) -> (u32, u32) {
    match outcome.seat() {
        None => (u32::MAX, 0),
        Some((batch, 0, ..)) => (batch.0.into(), u32::MAX),
        Some((batch, position, ..)) => (batch.0.into(), position.into()),
    }
}

/// The mean position in hundredths, rounded half up; 0 where nobody is admitted on a wish.
fn mean_wish(answer: &Answer) -> u64 {
    let positions = answer.outcomes.iter().filter_map(|o| match o.seat() {
        Some((_, position, ..)) if position > 0 => Some(u64::from(position)),
        _ => None,
    });
    let (sum, count) = positions.fold((0, 0), |(sum, count), p| (sum + p, count + 1));
    if count == 0 { 0 } else { (200 * sum + count) / (2 * count) }
}
