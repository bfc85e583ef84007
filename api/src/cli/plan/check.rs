//! `luqu plan check`: judges a draft plan, names what conflicts, and writes the cheapest lawful change.

use std::fmt::Write as _;
use std::path::PathBuf;

use luqu_engine::domain::draft::PlanRow;
use luqu_engine::domain::{Draft, FaultCode, Season, Severity, Share};
use luqu_engine::plan::{
    Breach, Conflict, DraftPlan, Least, NoRepair, Repair, Rule, Targets, breaches, conflict, repair,
};
use luqu_engine::quota::{self, files};
use serde_json::{Value, json};

use super::super::{Exit, data, say, text_table};
use super::{Search, csv, search_lines};
use crate::error::Failure;
use crate::interrupt;
use crate::tables::plan_inputs::{PlanInputs, is_of_plan, plan_or_report};
use crate::tables::season_csv::table_csv;
use crate::tables::write::atomic;

/// The arguments of `luqu plan check`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// 招生季：含 policy.toml、学校和招生计划的目录，或与 policy.toml 同目录的 .xlsx；考生、志愿可以还没有
    season: PathBuf,
    /// 需要的招生总数，如符合条件的毕业生人数
    #[arg(long, value_name = "N")]
    intake: Option<u32>,
    /// 批准的招生总数；不写则取草案各行计划数之和
    #[arg(long, value_name = "N")]
    approved_seats: Option<u32>,
    /// 批准的总班数；不写则取草案各行班数之和
    #[arg(long, value_name = "N")]
    approved_classes: Option<u32>,
    /// 指标比例，代替政策和各行的比例，如 0.7 或 70%
    #[arg(long, value_name = "X", value_parser = share)]
    quota_share: Option<Share>,
    /// 承诺的最低计划数：S01=400（全校）或 S01:sports=40（一条计划）；可多次给出
    #[arg(long, value_name = "S01=400", value_parser = promise)]
    least: Vec<Least>,
    /// 不可放宽的规则：special_share、quota_share、intake、least、rooms、staff；可多次给出
    #[arg(long, value_name = "RULE", value_parser = rule)]
    hold: Vec<Rule>,
    /// 结果目录：写入调整后的 plan.csv、调整清单 plan_changes.csv，需放宽或增配时另有 plan_asks.csv
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// 在标准输出打印全部结果（JSON）
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    search: Search,
}

fn share(text: &str) -> Result<Share, String> {
    text.parse().map_err(|_| "比例须是 0 到 1 的小数或百分数，如 0.7、70%".to_owned())
}

fn rule(text: &str) -> Result<Rule, String> {
    Rule::from_key(text).ok_or_else(|| {
        let keys: Vec<&str> = Rule::ALL.iter().map(|r| r.key()).collect();
        format!("规则只能是 {}", keys.join("、"))
    })
}

fn promise(text: &str) -> Result<Least, String> {
    let no = || "应写成 S01=400、S01:sports=40 或 S01:sports@special=40".to_owned();
    let (place, seats) = text.split_once('=').ok_or_else(no)?;
    let seats = seats.parse().map_err(|_| no())?;
    let (school, line) = match place.split_once(':') {
        Some((school, line)) => (school, Some(line)),
        None => (place, None),
    };
    let (category, batch) = match line.map(|l| l.split_once('@').unwrap_or((l, ""))) {
        Some((category, batch)) => (Some(category.to_owned()), Some(batch.to_owned())),
        None => (None, None),
    };
    if school.is_empty() || category.as_deref() == Some("") {
        return Err(no());
    }
    let batch = batch.filter(|b| !b.is_empty());
    Ok(Least { school: school.to_owned(), category, batch, seats })
}

/// The files of `--out`.
fn is_ours(name: &str) -> bool {
    matches!(name, "plan.csv" | "plan_changes.csv" | "plan_asks.csv" | "quotas.csv")
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    if let Some(out) = &args.out {
        atomic::may_replace(out, is_ours)?;
    }
    let targets = Targets {
        intake: args.intake,
        approved_seats: args.approved_seats,
        approved_classes: args.approved_classes,
        quota_share: args.quota_share,
        least: args.least.clone(),
    };
    let Some(inputs) = plan_or_report(&args.season, &targets)? else { return Ok(Exit::Faults) };
    let broken = breaches(&inputs.plan);
    let clash = conflict(&inputs.plan);
    let repaired = args.search.run(|effort| repair(&inputs.plan, &args.hold, effort));
    if let Err(NoRepair::Failed(why)) = &repaired {
        return Err(Failure::Internal(why.clone()));
    }
    let after = repaired.as_ref().ok().map(|r| Rechecked::of(&inputs, r));
    let told =
        Told { inputs: &inputs, broken: &broken, clash: clash.as_ref(), repaired: &repaired };
    if args.json {
        data(format_args!("{}", super::json(&told.value(after.as_ref()))?))?;
    } else {
        data(format_args!("{}", told.text(after.as_ref())))?;
    }
    if let (Some(out), Ok(repair), Some(after)) = (&args.out, &repaired, &after) {
        write(out, &inputs, repair, after)?;
        say(format_args!(
            "已写入 {}：用其中的 plan.csv{} 替换招生季的同名表，再运行 luqu check。",
            out.display(),
            if after.quotas.is_some() { "、quotas.csv" } else { "" }
        ));
    }
    Ok(match (interrupt::raised(), clash.is_some(), broken.is_empty()) {
        (true, ..) => Exit::Stopped,
        (_, true, _) => Exit::Undecided,
        (_, false, false) => Exit::Findings,
        (_, false, true) => Exit::Ok,
    })
}

/// A repaired plan put back into the season and checked as any season is.
struct Rechecked {
    draft: Draft,
    /// What `luqu check` would say of the plan.
    faults: Vec<String>,
    /// Faults of other tables, which the repair has nothing to do with.
    elsewhere: usize,
    /// The cells, distributed anew.
    quotas: Option<Vec<u8>>,
    /// Quota seats whose cells are still to be distributed.
    undistributed: bool,
}

impl Rechecked {
    fn of(inputs: &PlanInputs, repair: &Repair) -> Self {
        let mut draft = inputs.draft.clone();
        let mut moved = Vec::new();
        for change in &repair.changes {
            let fits = |row: &PlanRow| {
                row.school_id.as_ref() == Some(&change.school_id)
                    && row.batch.as_ref() == Some(&change.batch)
                    && row.category.as_ref() == Some(&change.category)
            };
            for (_, row) in draft.plan.rows.iter_mut().filter(|(_, row)| fits(row)) {
                if change.column == "seats" {
                    row.seats = change.to;
                    moved.push((&change.school_id, &change.batch, &change.category));
                } else {
                    row.classes = change.to;
                }
            }
        }
        let mut policy = inputs.policy.clone();
        let quota = policy.quota.as_ref().map(|q| policy.category(q.category).id.clone());
        let stale = |school: &Option<_>, batch: &Option<_>| {
            moved.iter().any(|(s, b, c)| {
                Some(*c) == quota.as_ref()
                    && school.as_ref() == Some(*s)
                    && batch.as_ref() == Some(*b)
            })
        };
        draft.quotas.rows.retain(|(_, cell)| !stale(&cell.school_id, &cell.batch));
        draft.undistributed = true;
        // A draft may be judged before its seed is drawn; lots are then left for later.
        let seeded = policy.seed.as_deref().is_some_and(|s| !s.is_empty());
        policy.seed = policy.seed.filter(|_| seeded).or_else(|| Some("plan".to_owned()));
        let mut checked = Self {
            draft: draft.clone(),
            faults: Vec::new(),
            elsewhere: 0,
            quotas: None,
            undistributed: moved.iter().any(|(.., c)| Some(*c) == quota.as_ref()),
        };
        match Season::check(policy, draft) {
            Ok((season, _)) if seeded && season.pending().next().is_none() => {
                let done = quota::distribute(&season).ok().filter(|_| checked.undistributed);
                checked.quotas = done.map(|done| files::quotas(&season, &done));
                checked.undistributed &= checked.quotas.is_none();
            }
            Ok(_) => {}
            Err(faults) => {
                let blocks = faults.iter().filter(|f| f.severity == Severity::Error);
                let (own, others): (Vec<_>, Vec<_>) = blocks.partition(|f| is_of_plan(f.table));
                checked.elsewhere = others.len();
                checked.faults = own
                    .into_iter()
                    .filter(|f| f.code != FaultCode::SeatsPending)
                    .map(|f| format!("{} {} {}", f.code, f.found, f.expected))
                    .collect();
            }
        }
        checked
    }
}

/// Everything found, to be told in words or as JSON.
struct Told<'a> {
    inputs: &'a PlanInputs,
    broken: &'a [Breach],
    clash: Option<&'a Conflict>,
    repaired: &'a Result<Repair, NoRepair>,
}

impl Told<'_> {
    fn text(&self, after: Option<&Rechecked>) -> String {
        let plan = &self.inputs.plan;
        let mut out = String::new();
        // Writing to a string does not fail.
        let mut line = |text: String| {
            let _ = writeln!(out, "{text}");
        };
        line(summary("招生计划草案", plan));
        if self.broken.is_empty() {
            line("没有不符合规定之处。".to_owned());
        } else {
            line(format!("不符合规定 {} 处：", self.broken.len()));
        }
        for breach in self.broken {
            let name = breach.rule.name(plan);
            line(format!("  [{name}] {}（{}）", breach.sentence, breach.source));
        }
        if let Some(clash) = self.clash {
            line(format!(
                "互相矛盾的规则（最小的一组，去掉任何一条即不矛盾）：{}",
                clash.names.join("、")
            ));
            line(format!("  {}", clash.sentence));
        }
        match self.repaired {
            Err(why) => line(format!("没有合法的调整：{why}")),
            Ok(repair) if repair.changes.is_empty() && repair.relaxed.is_empty() => {}
            Ok(repair) => {
                line("最省的合法调整：".to_owned());
                for asked in &repair.relaxed {
                    let rank = asked.rule.rank().label();
                    line(format!("  须先报批或落实（{rank}）：{}", asked.sentence));
                }
                table(repair).into_iter().for_each(&mut line);
                line(summary("调整后", &repair.plan));
            }
        }
        let Ok(repair) = self.repaired else { return out };
        if repair.changes.is_empty() && repair.relaxed.is_empty() {
            return out;
        }
        if let Some(after) = after {
            match after.faults.as_slice() {
                [] => line("复核：调整后的计划通过 luqu check 的计划检查。".to_owned()),
                faults => {
                    line(format!("复核：调整后的计划仍有 {} 处错误：", faults.len()));
                    faults.iter().for_each(|f| line(format!("  {f}")));
                }
            }
            if after.elsewhere > 0 {
                line(format!("其他表另有 {} 处错误，见 luqu check。", after.elsewhere));
            }
            if after.undistributed {
                line("指标计划数有变动，请用 luqu quota 重新分配到各初中。".to_owned());
            }
        }
        search_lines(&repair.stages, repair.solver, repair.complete).into_iter().for_each(line);
        out
    }

    fn value(&self, after: Option<&Rechecked>) -> Value {
        let plan = &self.inputs.plan;
        let totals = |plan: &DraftPlan| json!({ "seats": plan.seats(), "classes": plan.classes() });
        json!({
            "draft": totals(plan),
            "breaches": self.broken,
            "conflict": self.clash,
            "repair": self.repaired.as_ref().ok().map(|r| json!({
                "plan": totals(&r.plan),
                "changes": r.changes,
                "relaxed": r.relaxed,
                "stages": r.stages,
                "gap": r.stages.iter().map(|s| s.bound.map(|b| s.cost - b)).collect::<Vec<_>>(),
                "solver": r.solver,
                "version": env!("CARGO_PKG_VERSION"),
                "complete": r.complete,
            })),
            "no_repair": self.repaired.as_ref().err().map(ToString::to_string),
            "recheck": after.map(|a| json!({
                "faults": a.faults,
                "faults_of_other_tables": a.elsewhere,
                "quotas_to_distribute": a.undistributed,
            })),
            "stopped": interrupt::raised(),
        })
    }
}

fn summary(what: &str, plan: &DraftPlan) -> String {
    let (schools, seats, classes) = (plan.schools.len(), plan.seats(), plan.classes());
    format!("{what}：{schools} 所学校，计划 {seats} 人，{classes} 个班")
}

fn shown(number: Option<u32>) -> String {
    number.map_or_else(|| "空".to_owned(), |n| n.to_string())
}

fn column(name: &str) -> &'static str {
    if name == "seats" { "计划数" } else { "班数" }
}

fn table(repair: &Repair) -> Vec<String> {
    const HEAD: [text_table::Head; 7] = [
        ("学校", false),
        ("名称", false),
        ("批次", false),
        ("类别", false),
        ("项目", false),
        ("原", true),
        ("改为", true),
    ];
    let rows: Vec<Vec<String>> = repair
        .changes
        .iter()
        .map(|c| {
            let texts = [&c.school_id, &c.school, &c.batch, &c.category].map(ToString::to_string);
            let numbers = [column(c.column).to_owned(), shown(c.from), shown(c.to)];
            texts.into_iter().chain(numbers).collect()
        })
        .collect();
    // The reason is printed whole; the table would cut it off.
    let mut lines = text_table::lines(&HEAD, &rows);
    let wide = lines.iter().map(|l| text_table::width(l)).max().unwrap_or(0);
    for (at, line) in lines.iter_mut().enumerate() {
        let gap = wide - text_table::width(line);
        let end = at.checked_sub(1).map_or("原因", |row| repair.changes[row].reason.as_str());
        *line = format!("  {line}{:gap$}  {end}", "");
    }
    if rows.is_empty() { Vec::new() } else { lines }
}

fn write(
    out: &std::path::Path,
    inputs: &PlanInputs,
    repair: &Repair,
    after: &Rechecked,
) -> Result<(), Failure> {
    let plan = table_csv(luqu_engine::domain::Table::Plan, &inputs.policy, &after.draft)?;
    let number = |n: Option<u32>| n.map(|n| n.to_string()).unwrap_or_default();
    let changes: Vec<Vec<String>> = repair
        .changes
        .iter()
        .map(|c| {
            let texts = [&c.school_id, &c.school, &c.batch, &c.category].map(ToString::to_string);
            let rest = [c.column.to_owned(), number(c.from), number(c.to), c.reason.clone()];
            texts.into_iter().chain(rest).collect()
        })
        .collect();
    let asks: Vec<Vec<String>> = repair
        .relaxed
        .iter()
        .map(|r| {
            let school = r.school_id.as_ref().map(ToString::to_string).unwrap_or_default();
            vec![r.rule.key().to_owned(), school, r.by.to_string(), r.sentence.clone()]
        })
        .collect();
    const HEAD: [&str; 8] =
        ["school_id", "school", "batch", "category", "column", "from", "to", "reason"];
    let mut files: Vec<atomic::Named> =
        vec![("plan.csv", plan.unwrap_or_default()), ("plan_changes.csv", csv(&HEAD, &changes)?)];
    if !asks.is_empty() {
        files.push(("plan_asks.csv", csv(&["rule", "school_id", "by", "detail"], &asks)?));
    }
    if let Some(quotas) = &after.quotas {
        files.push(("quotas.csv", quotas.clone()));
    }
    // What was found when the search was interrupted is still worth having.
    atomic::replace_folder(out, is_ours, &files, || Ok(()))
}
