//! `luqu sections`: from the combinations chosen to teaching sections within the class size, verified and then written.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use luqu_engine::domain::Text;
use luqu_engine::policy::Policy;
use luqu_engine::sections::{
    Budget, Conflict, Level, Progress, Stuck, Terms, Timetable, form, verify,
};
use luqu_engine::solver::{Backend, End};
use serde_json::{Value, json};

use super::{Exit, data, say};
use crate::error::Failure;
use crate::interrupt;
use crate::tables::choices::{LoadedChoices, SchoolChoices, load_choices};
use crate::tables::report;
use crate::tables::write::atomic;
use crate::tables::write::sections::{SchoolSections, is_sections_file, write_sections};

/// The arguments of `luqu sections`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// 招生季：含 policy.toml 和选科表（choices / 选科）、走班条件（capacity，可无）的目录或 .xlsx
    season: PathBuf,
    /// 选科表，代替招生季中的 choices / 选科
    #[arg(long, value_name = "FILE")]
    choices: Option<PathBuf>,
    /// 走班条件（教室和教师），代替招生季中的 capacity / 走班条件
    #[arg(long, value_name = "FILE")]
    capacity: Option<PathBuf>,
    /// 课表中走班的节段数：每个教学班在一个节段上课
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(3..=6))]
    blocks: u8,
    /// 教学班人数上限；不得高于政策的班额
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// 结果目录：sections.csv、section_pupils.csv、走班名单.csv、summary.json；其中已有的结果整体替换
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// 最多搜索几轮；每轮另起，达到最优界即止
    #[arg(long, value_name = "N", default_value_t = 6)]
    rounds: u32,
    /// 最多几秒；到时写出此前最好的方案，并注明
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    time: u64,
    /// 随机号种子，代替政策文件中的种子；组合相同的同班同学由它抽定去向
    #[arg(long, value_name = "S")]
    seed: Option<String>,
    /// 在标准输出打印汇总（JSON）
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    interrupt::listen();
    if let Some(out) = &args.out {
        atomic::may_replace(out, is_sections_file)?;
    }
    let files = [args.choices.as_deref(), args.capacity.as_deref()];
    let read = load_choices(&args.season, files, args.seed.as_deref(), args.blocks)?;
    let mut err = anstream::stderr().lock();
    // A closed stderr is nobody's fault.
    let _ = report::list(&mut err, &read.faults, read.omitted, report::DEFAULT_MOST);
    drop(err);
    let blocked = read.blocked();
    let LoadedChoices { policy: Some(policy), schools, .. } = read else { return Ok(Exit::Faults) };
    if blocked {
        say(format_args!("选科数据中有错误，未编排教学班。"));
        return Ok(Exit::Faults);
    }
    let limit = limit(args, &policy)?;
    let Some(seed) = policy.seed.clone() else {
        return Err(Failure::Usage("政策文件没有随机号种子，请用 --seed 给出".to_owned()));
    };
    let deadline = Instant::now() + Duration::from_secs(args.time);
    let mut made = Vec::new();
    let mut stuck = Vec::new();
    for (school, SchoolChoices { pupils, caps }) in schools {
        let terms = Terms { limit, blocks: args.blocks, caps, seed: seed.clone() };
        match formed(&school, &pupils, &terms, args.rounds, deadline)? {
            Ok(timetable) => made.push(SchoolSections { school, pupils, timetable }),
            Err(why) => stuck.push((school, why)),
        }
    }
    if !stuck.is_empty() {
        return refused(args, &policy, limit, &stuck);
    }
    let summary = summary(args, &policy, limit, &seed, &made);
    if let Some(out) = &args.out {
        write_sections(out, args.blocks, &made, &summary)?;
    }
    for school in &made {
        say(format_args!("{}", sentence(school)));
    }
    let end = match &args.out {
        Some(out) => format!("逐条核对通过，已写入 {}。", out.display()),
        None => "逐条核对通过；加 --out DIR 写成文件。".to_owned(),
    };
    say(format_args!("{end}"));
    if args.json {
        data(format_args!("{summary:#}\n"))?;
    }
    Ok(if interrupt::raised() { Exit::Stopped } else { Exit::Ok })
}

/// The most pupils of a section: the policy's class size, or fewer if so asked.
fn limit(args: &Args, policy: &Policy) -> Result<u32, Failure> {
    match (args.limit, &policy.limits.class_size) {
        (Some(asked), Some(law)) if asked > law.value => Err(Failure::Usage(format!(
            "--limit {asked} 高于班额上限 {} 人（{}）",
            law.value,
            law.citation()
        ))),
        (Some(asked), _) => Ok(asked),
        (None, Some(law)) => Ok(law.value.max(1)),
        (None, None) => {
            Err(Failure::Usage("政策没有 limits.class_size，请用 --limit 给出上限".to_owned()))
        }
    }
}

/// Why a school has no sections.
enum Refusal {
    Conflict(Conflict),
    /// Nothing found in time.
    Late,
}

/// Forms the sections of one school and judges them.
fn formed(
    school: &Text,
    pupils: &[luqu_engine::sections::Pupil],
    terms: &Terms,
    rounds: u32,
    deadline: Instant,
) -> Result<Result<Timetable, Refusal>, Failure> {
    let bar = bar(school);
    let stop = || interrupt::check().is_err() || Instant::now() >= deadline;
    let progress = |p: Progress| {
        bar.set_length(p.of);
        bar.set_position(p.done);
        bar.set_message(format!("教学班 {}，走班 {} 人次", p.sections, p.moves));
    };
    let mut budget = Budget::usual(Backend::best());
    budget.rounds = rounds;
    budget.effort.stop = &stop;
    budget.progress = &progress;
    let made = form(pupils, terms, &budget);
    bar.finish_and_clear();
    match made {
        Ok(made) => match verify(pupils, terms, &made.sections).first() {
            None => Ok(Ok(made)),
            Some(breach) => Err(Failure::Internal(format!("教学班核对未通过：{breach}"))),
        },
        Err(Stuck::Conflict(conflict)) => Ok(Err(Refusal::Conflict(conflict))),
        Err(Stuck::NotFound(End::Stopped)) => interrupt::check().map(|()| Err(Refusal::Late)),
        Err(Stuck::NotFound(_)) => Ok(Err(Refusal::Late)),
        Err(Stuck::Failed(why)) => Err(Failure::Internal(why)),
    }
}

fn bar(school: &Text) -> ProgressBar {
    let target = if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(None, target);
    if let Ok(style) = ProgressStyle::with_template("{prefix} {bar:30} {msg} {elapsed}") {
        bar.set_style(style);
    }
    bar.set_prefix(school.to_string());
    bar
}

/// Says what conflicts and what would help. Exit 7; nothing is written.
fn refused(
    args: &Args,
    policy: &Policy,
    limit: u32,
    stuck: &[(Text, Refusal)],
) -> Result<Exit, Failure> {
    let law = policy.limits.class_size.as_ref().filter(|law| law.value == limit);
    let source = law.map(|law| format!("（{}）", law.citation())).unwrap_or_default();
    for (school, why) in stuck {
        match why {
            Refusal::Late => {
                say(format_args!("{school}：限定的搜索内没有找到方案，请加大 --time。"))
            }
            Refusal::Conflict(conflict) => {
                say(format_args!(
                    "{school}：教学班不超过 {limit} 人{source}，{} 个节段，与下列条件不能同时满足{}：",
                    args.blocks,
                    if conflict.proved { "（最少的一组）" } else { "" }
                ));
                for cap in &conflict.limits {
                    say(format_args!("  · {}", cap.sentence()));
                }
                say(format_args!("最少的合法改动（班额不可改）："));
                for change in &conflict.changes {
                    say(format_args!("  → {}", change.sentence()));
                }
            }
        }
    }
    say(format_args!("未写入任何结果。"));
    if args.json {
        let list = stuck.iter().map(|(school, why)| match why {
            Refusal::Late => json!({ "school_id": school.as_str(), "found": false }),
            Refusal::Conflict(c) => json!({
                "school_id": school.as_str(),
                "proved": c.proved,
                "conflict": c.limits.iter().map(|cap| cap.sentence()).collect::<Vec<_>>(),
                "changes": c.changes.iter().map(|change| change.sentence()).collect::<Vec<_>>(),
            }),
        });
        let list = json!({ "infeasible": list.collect::<Vec<_>>() });
        data(format_args!("{list:#}\n"))?;
    }
    Ok(Exit::Undecided)
}

fn sentence(school: &SchoolSections) -> String {
    let made = &school.timetable;
    let level = |name: &str, unit: &str, level: Level| match level.gap() {
        0 => format!("{name} {} {unit}（最优）", level.value),
        gap => format!("{name} {} {unit}（界 {}，差 {gap}）", level.value, level.bound),
    };
    format!(
        "{}：学生 {} 人，{}，{}，{}；求解 {}{}",
        school.school,
        school.pupils.len(),
        level("教学班", "个", made.opened),
        level("不离开本班", "人", made.staying),
        level("走班", "人次", made.moves),
        made.solver,
        if made.stopped { "；搜索中止，为此前最好的方案" } else { "" }
    )
}

fn summary(args: &Args, policy: &Policy, limit: u32, seed: &str, made: &[SchoolSections]) -> Value {
    let level =
        |level: Level| json!({ "value": level.value, "bound": level.bound, "gap": level.gap() });
    let schools = made.iter().map(|school| {
        let made = &school.timetable;
        json!({
            "school_id": school.school.as_str(),
            "pupils": school.pupils.len(),
            "sections": level(made.opened),
            "staying": level(made.staying),
            "moves": level(made.moves),
            "stopped": made.stopped,
            "solver": made.solver,
        })
    });
    json!({
        "engine": env!("CARGO_PKG_VERSION"),
        "policy": policy.id,
        "limit": limit,
        "blocks": args.blocks,
        "rounds": args.rounds,
        "seed": seed,
        "schools": schools.collect::<Vec<_>>(),
    })
}
