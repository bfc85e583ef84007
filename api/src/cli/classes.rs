//! `luqu classes`: forms the classes of a placed season, checks them, and only then writes them, as a whole.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use luqu_engine::classes::{
    Basis, Conflict, Formation, Groups, Margin, Request, Unformed, files, form,
};
use luqu_engine::domain::{SchoolIx, Season};
use luqu_engine::solver::{Backend, Effort, End};

use super::text_table::{Head, lines};
use super::{Exit, data, say};
use crate::error::Failure;
use crate::interrupt;
use crate::tables::pupils::load_groups;
use crate::tables::write::atomic::{self, Named};
use crate::tables::write::rosters_xlsx::rosters;
use crate::tables::{answer, report, season_or_report};

/// Nodes of a search by integer programs; a school without groups never needs one.
const NODES: u32 = 500;

/// The arguments of `luqu classes`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// 招生季：含 policy.toml 和各表的目录，或与 policy.toml 同目录的 .xlsx
    season: PathBuf,
    /// 录取结果目录（luqu place 写的 CSV、JSON 或工作簿）
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// 结果目录：classes.csv、class_report.csv、class_summary.json；其中已有的分班结果整体替换
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// 只编这些学校，可多次给出；不写则编全部有录取学生的学校
    #[arg(long, value_name = "ID")]
    school: Vec<String>,
    /// 某校的班数，如 S01=10，可多次给出；不写则为核准班数，计划未填时取班额允许的最少班数
    #[arg(long, value_name = "ID=N", value_parser = number)]
    classes: Vec<(String, u32)>,
    /// 分班要求（默认取招生季中的 pupils / 分班要求）
    #[arg(long, value_name = "FILE")]
    groups: Option<PathBuf>,
    /// 结果文件的格式；xlsx 另附可打印的班级名册 rosters.xlsx
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// 随机号种子，代替政策文件中的种子
    #[arg(long, value_name = "S")]
    seed: Option<String>,
    /// 最长秒数；到时给出已找到的最好结果并注明
    #[arg(long, value_name = "SECONDS")]
    limit: Option<u64>,
    /// 在标准输出打印全部数据（JSON），与 class_summary.json 相同
    #[arg(long)]
    json: bool,
}

/// The files beside the data.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, clap::ValueEnum)]
enum Format {
    /// The data alone.
    #[default]
    #[value(help = "两个 CSV 文件和一个 JSON 文件")]
    Csv,
    /// And rosters to print.
    #[value(help = "另附每校一张表的班级名册")]
    Xlsx,
}

fn number(text: &str) -> Result<(String, u32), String> {
    let (school, number) = text.split_once('=').ok_or("写作 学校代码=班数，如 S01=10")?;
    match number.trim().parse() {
        Ok(n) if n > 0 => Ok((school.trim().to_owned(), n)),
        _ => Err("班数须是 1 或以上的整数".to_owned()),
    }
}

/// Whether a file of the name belongs to the result.
fn is_class_file(name: &str) -> bool {
    ["classes.csv", "class_report.csv", "class_summary.json", "rosters.xlsx"].contains(&name)
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    interrupt::listen();
    if let Some(out) = &args.out {
        atomic::may_replace(out, is_class_file)?;
    }
    let Some(season) = season_or_report(&args.season, args.seed.as_deref())? else {
        return Ok(Exit::Faults);
    };
    let Some(seed) = season.policy().seed.clone() else {
        return Err(Failure::Usage("分班须抽签：政策文件中没有种子，请用 --seed 给出".to_owned()));
    };
    let find = |id: &str| {
        let unknown = || Failure::NotFound(format!("没有学校 {id}"));
        season.find_school(id).ok_or_else(unknown)
    };
    let schools = args.school.iter().map(|id| find(id)).collect::<Result<Vec<_>, _>>()?;
    let numbers = args.classes.iter().map(|(id, n)| Ok((find(id)?, *n)));
    let numbers = numbers.collect::<Result<BTreeMap<SchoolIx, u32>, Failure>>()?;
    let outcomes = answer::read(&season, &args.from)?.outcomes;
    let Some(groups) = wanted(args, &season)? else { return Ok(Exit::Faults) };
    interrupt::check()?;

    say(format_args!("正在编班；按 Ctrl-C 给出当时最好的结果……"));
    let until = args.limit.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let stop = || interrupt::raised() || until.is_some_and(|until| Instant::now() >= until);
    let effort = Effort { backend: Backend::best(), nodes: NODES, stop: &stop };
    let request = Request { schools: &schools, classes: &numbers, groups: &groups, seed: &seed };
    let mut formations = Vec::new();
    let mut refused = Vec::new();
    for (school, formed) in form(&season, &outcomes, &request, &effort) {
        match formed {
            Ok(formation) => formations.push(formation),
            Err(why) => refused.push((school, why)),
        }
    }
    if !refused.is_empty() {
        return tell_refused(&season, &refused);
    }
    if formations.is_empty() {
        let from = args.from.display();
        return Err(Failure::NotFound(format!("{from} 中没有这些学校的录取学生")));
    }
    if let Some(out) = &args.out {
        // An interruption ended the search; what was found until then is written.
        atomic::replace_folder(
            out,
            is_class_file,
            &made(args, &season, &formations, &seed)?,
            || Ok(()),
        )?;
    }
    if args.json {
        let bytes = files::summary(&season, &formations, &seed);
        data(format_args!("{}", String::from_utf8_lossy(&bytes)))?;
    } else {
        data(format_args!("{}", table(&season, &formations)))?;
    }
    closing(args, &season, &formations);
    Ok(if interrupt::raised() { Exit::Stopped } else { Exit::Ok })
}

/// The table of wants; nothing if it has faults, which were told.
fn wanted(args: &Args, season: &Season) -> Result<Option<Groups>, Failure> {
    let read = load_groups(&args.season, args.groups.as_deref(), season)?;
    // A closed stderr is nobody's fault.
    drop(report::list(
        &mut anstream::stderr().lock(),
        &read.faults,
        read.omitted,
        report::DEFAULT_MOST,
    ));
    if read.groups.is_none() {
        say(format_args!("分班要求中有错误，未分班。"));
    }
    Ok(read.groups)
}

fn made(
    args: &Args,
    season: &Season,
    formations: &[Formation],
    seed: &str,
) -> Result<Vec<Named>, Failure> {
    let mut made = vec![
        ("classes.csv", files::classes(season, formations)),
        ("class_report.csv", files::report(season, formations)),
        ("class_summary.json", files::summary(season, formations, seed)),
    ];
    if args.format == Format::Xlsx {
        made.push(("rosters.xlsx", rosters(season, formations)?));
    }
    Ok(made)
}

fn tell_refused(season: &Season, refused: &[(SchoolIx, Unformed)]) -> Result<Exit, Failure> {
    for (school, why) in refused {
        let school = season.school(*school);
        let name = format!("{}（{}）", school.name, school.id);
        match why {
            Unformed::Conflict(conflict) => tell_conflict(season, &name, conflict),
            Unformed::NumberMissing => say(format_args!(
                "{name}：计划没有班数，政策也没有班额；请用 --classes {}=N 给出班数",
                school.id
            )),
            Unformed::NotFound => {
                say(format_args!("{name}：到停止时还没有找到合乎分班要求的编法"));
            }
            Unformed::Wrong(broken) => {
                let words: Vec<String> = broken.iter().map(ToString::to_string).collect();
                let words = words.join("；");
                return Err(Failure::Internal(format!("{name} 的分班未通过复核：{words}")));
            }
        }
    }
    interrupt::check()?;
    say(format_args!("{} 所学校不能编班；未写入任何结果。", refused.len()));
    Ok(Exit::Undecided)
}

fn tell_conflict(season: &Season, name: &str, conflict: &Conflict) {
    let least = if conflict.smallest {
        "这是最少的一组"
    } else {
        "去掉其中任何一条即不再冲突"
    };
    say(format_args!("{name} 不能编班。以下规则不能同时成立（{least}）："));
    for rule in &conflict.rules {
        let limit = season.policy().limits.class_size.as_ref();
        let cited = matches!(rule, luqu_engine::classes::Rule::ClassSize(_));
        let source = limit.filter(|_| cited).map(|c| format!("（{}）", c.citation()));
        say(format_args!("  · {rule}{}", source.unwrap_or_default()));
    }
    match &conflict.remedy {
        Some(remedy) => say(format_args!("  改动最小的合规办法：{remedy}")),
        None => say(format_args!("  只改其中一条还不够，请先调整上列各组")),
    }
}

const SCHOOLS: &[Head] = &[
    ("学校", false),
    ("名称", false),
    ("学生", true),
    ("核准班数", true),
    ("班数", true),
    ("每班人数", true),
    ("偏离均分", true),
    ("目标值", true),
    ("下界", true),
    ("差距", true),
    ("结论", false),
];

fn verdict(f: &Formation) -> &'static str {
    match f.end {
        End::Optimal if f.objective == 0 => "处处均分",
        End::Optimal => "已证最优",
        End::Limit => "未证明最优",
        End::Stopped => "中途停止，当前最好",
    }
}

/// One line per school; of a single school every count too.
fn table(season: &Season, formations: &[Formation]) -> String {
    let row = |f: &Formation| {
        let school = season.school(f.school);
        let sizes = || f.classes.iter().map(Vec::len);
        let (low, high) = (sizes().min().unwrap_or(0), sizes().max().unwrap_or(0));
        vec![
            school.id.to_string(),
            school.name.to_string(),
            f.pupils().to_string(),
            f.approved.map_or_else(|| "未填".to_owned(), |n| n.to_string()),
            f.classes.len().to_string(),
            if low == high { low.to_string() } else { format!("{low}–{high}") },
            f.beyond().to_string(),
            f.objective.to_string(),
            f.bound.to_string(),
            f.gap().to_string(),
            verdict(f).to_owned(),
        ]
    };
    let mut text = lines(SCHOOLS, &formations.iter().map(row).collect::<Vec<_>>()).join("\n");
    text.push('\n');
    if let [only] = formations {
        text.push('\n');
        text.push_str(&lines(MARGINS, &margins(season, only)).join("\n"));
        text.push('\n');
    }
    text
}

const MARGINS: &[Head] = &[
    ("项目", false),
    ("取值", false),
    ("人数", true),
    ("均分", true),
    ("最少", true),
    ("最多", true),
];

fn margins(season: &Season, f: &Formation) -> Vec<Vec<String>> {
    let row = |m: &Margin| {
        let counts = || m.counts.iter().copied();
        vec![
            m.kind.label().to_owned(),
            value_word(season, m),
            m.total.to_string(),
            files::share(m.total as usize, m.counts.len()),
            counts().min().unwrap_or(0).to_string(),
            counts().max().unwrap_or(0).to_string(),
        ]
    };
    f.margins.iter().map(row).collect()
}

fn value_word(season: &Season, m: &Margin) -> String {
    use luqu_engine::classes::Kind;
    use luqu_engine::domain::Gender;
    match m.kind {
        Kind::Gender => Gender::from_cell(&m.value).map_or("未填", Gender::label).to_owned(),
        Kind::Junior => {
            let school = season.find_school(&m.value).map(|s| season.school(s).name.as_str());
            format!("{} {}", m.value, school.unwrap_or_default())
        }
        Kind::Quarter => format!("第 {} 段", m.value),
        Kind::Boarding => if m.value == "yes" { "住宿" } else { "走读" }.to_owned(),
        Kind::Combination => m.value.to_string(),
    }
}

fn closing(args: &Args, season: &Season, formations: &[Formation]) {
    let classes: usize = formations.iter().map(|f| f.classes.len()).sum();
    let pupils: usize = formations.iter().map(Formation::pupils).sum();
    let largest = formations.iter().flat_map(|f| &f.classes).map(Vec::len).max().unwrap_or(0);
    let cap = season.policy().limits.class_size.as_ref();
    let cap = cap.map_or_else(String::new, |c| format!("，没有超过 {} 人的班", c.value));
    say(format_args!(
        "{} 所学校 {pupils} 名学生编成 {classes} 个班，最大的班 {largest} 人{cap}；复核通过。",
        formations.len()
    ));
    let fewest = formations.iter().filter(|f| f.basis == Basis::Fewest).count();
    if fewest > 0 {
        say(format_args!("其中 {fewest} 所学校的计划没有班数，取了班额允许的最少班数；请核对。"));
    }
    let count = |end| formations.iter().filter(|f| f.end == end).count();
    let (open, stopped) = (count(End::Limit), count(End::Stopped));
    if open > 0 {
        say(format_args!("{open} 所学校未证明最优，差距见上表；每班人数和分班要求都已满足。"));
    }
    if stopped > 0 {
        say(format_args!("{stopped} 所学校中途停止，给出的是当时最好的结果，已注明 stopped。"));
    }
    match &args.out {
        Some(dir) => say(format_args!("结果已写入 {}", dir.display())),
        None => {
            say(format_args!("加 --out DIR 写成文件；luqu audit --classes 可核查 classes.csv。"))
        }
    }
}
