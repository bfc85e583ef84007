//! `luqu plan years`: the schedule that dissolves oversize classes and shrinks oversize schools.

use std::path::PathBuf;

use luqu_engine::plan::{Demand, NoSchedule, Schedule, Start, Targets, schedule};
use serde_json::json;

use super::super::{Exit, data, say, text_table};
use super::{Search, csv, search_lines};
use crate::error::Failure;
use crate::interrupt;
use crate::tables::plan_inputs::plan_or_report;
use crate::tables::write::atomic;

/// The arguments of `luqu plan years`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// 招生季：除学校、招生计划外，行政班表 classes 写招生前（本学年）的班级，办学条件表 resources 写教室数和教职工数
    season: PathBuf,
    /// 排几年
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=10))]
    years: u16,
    /// 每年的招生总数，逗号分隔，最后一个用于以后各年；不写则取草案计划数之和
    #[arg(long, value_name = "N,N", value_delimiter = ',')]
    intake: Vec<u32>,
    /// 每年批准的新生班数；不写则取草案班数之和
    #[arg(long, value_name = "N")]
    approved_classes: Option<u32>,
    /// 每年全区最多可为高二、高三增加的班数；不写则以教室为限
    #[arg(long, value_name = "N")]
    new_classes: Option<u32>,
    /// 结果目录：写入 plan_years.csv（全区逐年）和 plan_years_schools.csv（逐校逐年）
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// 在标准输出打印全部结果（JSON）
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    search: Search,
}

fn is_ours(name: &str) -> bool {
    matches!(name, "plan_years.csv" | "plan_years_schools.csv")
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    if let Some(out) = &args.out {
        atomic::may_replace(out, is_ours)?;
    }
    let Some(inputs) = plan_or_report(&args.season, &Targets::default())? else {
        return Ok(Exit::Faults);
    };
    let start = Start::of(&inputs.plan, inputs.policy.year, &inputs.resources, &inputs.classes)
        .map_err(Failure::Usage)?;
    let demand = Demand {
        years: args.years,
        intake: args.intake.clone(),
        approved_classes: args.approved_classes.unwrap_or(inputs.plan.approved_classes),
        new_classes: args.new_classes,
    };
    let found = match args.search.run(|effort| schedule(&start, &demand, effort)) {
        Ok(found) => found,
        Err(NoSchedule::Failed(why)) => return Err(Failure::Internal(why)),
        Err(why) => {
            say(format_args!("排不出时间表：{why}"));
            return Ok(Exit::Undecided);
        }
    };
    if args.json {
        let gap: Vec<_> = found.stages.iter().map(|s| s.bound.map(|b| s.cost - b)).collect();
        let value = json!({
            "schedule": found, "gap": gap, "version": env!("CARGO_PKG_VERSION"),
        });
        data(format_args!("{}", super::json(&value)?))?;
    } else {
        data(format_args!("{}", text(&start, &found)))?;
    }
    if let Some(out) = &args.out {
        write(out, &found)?;
        say(format_args!("已写入 {}：plan_years.csv、plan_years_schools.csv", out.display()));
    }
    // Whoever has no seat, or sits in a class too large to the end, is a finding of this plan.
    let end = found.totals.last();
    let left = end.is_some_and(|t| t.oversize + t.super_oversize + t.above_size > 0);
    let short = found.totals.iter().any(|t| t.short > 0);
    Ok(match (interrupt::raised(), left || short) {
        (true, _) => Exit::Stopped,
        (_, true) => Exit::Undecided,
        (_, false) => Exit::Ok,
    })
}

const TOTALS: [text_table::Head; 7] = [
    ("年份", true),
    ("需招", true),
    ("无学位", true),
    ("大班额", true),
    ("超大班额", true),
    ("超出规模人数", true),
    ("老年级增班", true),
];

const SCHOOLS: [text_table::Head; 9] = [
    ("年份", true),
    ("学校", false),
    ("名称", false),
    ("招生", true),
    ("新生班", true),
    ("增班", true),
    ("在校生", true),
    ("大班额", true),
    ("超大班额", true),
];

fn totals(found: &Schedule) -> Vec<Vec<String>> {
    let row = |t: &luqu_engine::plan::YearTotals| {
        let numbers = [t.demand, t.short, t.oversize, t.super_oversize, t.above_size, t.added];
        let numbers = numbers.map(|n| n.to_string());
        std::iter::once(t.year.to_string()).chain(numbers).collect()
    };
    found.totals.iter().map(row).collect()
}

fn schools(found: &Schedule) -> Vec<Vec<String>> {
    let row = |s: &luqu_engine::plan::SchoolYear| {
        let texts = [s.year.to_string(), s.school_id.to_string(), s.school.to_string()];
        let numbers = [s.intake, s.classes, s.extra, s.students, s.oversize, s.super_oversize];
        texts.into_iter().chain(numbers.map(|n| n.to_string())).collect()
    };
    found.schools.iter().map(row).collect()
}

/// The rows of schools and years in which something is to be done or seen, and how many others there are.
fn notable(start: &Start, found: &Schedule) -> (Vec<Vec<String>>, usize) {
    let draft = |row: &luqu_engine::plan::SchoolYear| {
        let own = start.schools.iter().find(|s| s.id == row.school_id);
        own.map(|s| u64::from(s.intake))
    };
    let all = schools(found);
    let count = all.len();
    let rows: Vec<Vec<String>> = found
        .schools
        .iter()
        .zip(all)
        .filter(|(s, _)| s.extra + s.oversize + s.super_oversize > 0 || draft(s) != Some(s.intake))
        .map(|(_, row)| row)
        .collect();
    let same = count - rows.len();
    (rows, same)
}

fn text(start: &Start, found: &Schedule) -> String {
    let mut lines = text_table::lines(&TOTALS, &totals(found));
    if let Some(now) = lines.get_mut(1) {
        now.push_str("  （现状）");
    }
    lines.push(String::new());
    let (shown, same) = notable(start, found);
    if !shown.is_empty() {
        lines.extend(text_table::lines(&SCHOOLS, &shown));
    }
    lines.push(format!("另有 {same} 校·年与草案相同，没有大班额，也不增班。"));
    lines.push(String::new());
    let last = found.totals.last().map_or(0, |t| t.year);
    for (what, gone) in [
        ("超大班额（66 人及以上）", found.super_gone),
        ("大班额（56 人及以上）", found.oversize_gone),
        ("超规模学校", found.large_gone),
    ] {
        lines.push(match gone {
            Some(year) if year < start.year => format!("{what}：现在就没有"),
            Some(year) => format!("{what}：{year} 年起全部消除"),
            None => format!("{what}：到 {last} 年仍未消除"),
        });
    }
    lines.extend(found.binding.iter().map(|b| format!("受限于{b}")));
    let estimated: Vec<&str> =
        start.schools.iter().filter(|s| s.estimated).map(|s| s.id.as_str()).collect();
    if !estimated.is_empty() {
        let (count, ids) = (estimated.len(), estimated[..estimated.len().min(8)].join("、"));
        let more = if count > 8 { "等" } else { "" };
        lines.push(format!("没有班级数据、按现有在校生平均估算的 {count} 所：{ids}{more}"));
    }
    lines.extend(search_lines(&found.stages, found.solver, found.complete));
    lines.join("\n") + "\n"
}

fn write(out: &std::path::Path, found: &Schedule) -> Result<(), Failure> {
    let district =
        ["year", "demand", "short", "oversize", "super_oversize", "above_size", "added_classes"];
    let school = [
        "year",
        "school_id",
        "school",
        "intake",
        "classes",
        "extra_classes",
        "students",
        "oversize",
        "super_oversize",
    ];
    let files: Vec<atomic::Named> = vec![
        ("plan_years.csv", csv(&district, &totals(found))?),
        ("plan_years_schools.csv", csv(&school, &schools(found))?),
    ];
    atomic::replace_folder(out, is_ours, &files, || Ok(()))
}
