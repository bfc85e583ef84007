//! `luqu whatif`: places the season again with something changed, and compares.

use std::io::Write as _;
use std::path::PathBuf;

use luqu_engine::domain::Season;
use luqu_engine::explain::Lang;
use luqu_engine::explain::whatif::grid::{Grid, GridResult, GridRow, evaluate};
use luqu_engine::explain::whatif::{Change, WhatIfError, compared};

use super::check::closed_pipe;
use super::explain::placed;
use super::moved::Show;
use super::place::{Stop, tell};
use super::{Exit, say, text_table};
use crate::error::Failure;
use crate::tables::season_or_report;

/// The arguments of `luqu whatif`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// 招生季：含 policy.toml 和各表的目录，或与 policy.toml 同目录的 .xlsx
    season: PathBuf,
    /// 计划数：学校:类别+20、-5 或 =300，代码或名称都可；可写批次 S01:unified@key+20；可多次给出
    #[arg(long, value_name = "S01:unified+20")]
    seats: Vec<String>,
    /// 指标比例，如 0.6；指标与统招按各校总计划重新划分
    #[arg(long, value_name = "0.6")]
    share: Option<String>,
    /// 录取下限：-30（所有相对下限）、quota=-30（某类别）或 sports=380（公布的下限）；可多次给出
    #[arg(long, value_name = "-30", allow_hyphen_values = true)]
    floor: Vec<String>,
    /// 录取顺序：批次=键,键,…,lottery；可多次给出
    #[arg(long, value_name = "key=total,wish,lottery")]
    priority: Vec<String>,
    /// 另一个随机号种子
    #[arg(long, value_name = "S")]
    seed: Option<String>,
    /// 逐格试算并列表：seats=S01:unified:+0..+50/5、share=0.5..0.8/0.05 或 floor=-10..-60/10
    #[arg(long, value_name = "RANGE")]
    grid: Option<String>,
    #[command(flatten)]
    show: Show,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let changes = changes(args).map_err(usage)?;
    let grid = args.grid.as_deref().map(Grid::parse).transpose().map_err(usage)?;
    if changes.is_empty() && grid.is_none() {
        return Err(Failure::Usage(
            "请给出要改变的内容，例如：luqu whatif SEASON --seats S01:unified+20".to_owned(),
        ));
    }
    let Some(season) = season_or_report(&args.season, None)? else { return Ok(Exit::Faults) };
    if let Some(grid) = &grid {
        return table(args, &season, &evaluate(&season, &changes, grid));
    }
    let answer = match placed(&season)? {
        Ok(answer) => answer,
        Err(exit) => return Ok(exit),
    };
    match compared(&season, &answer, &changes, args.show.lang()) {
        Ok(Ok(found)) => {
            args.show.comparison(&found)?;
            Ok(Exit::Ok)
        }
        Ok(Err(undecided)) => Ok(tell(&season, &Stop::Undecided(undecided))),
        Err(
            refused @ (WhatIfError::Refused(_) | WhatIfError::Faulty(_) | WhatIfError::Quota(_)),
        ) => {
            say(format_args!("luqu: {refused}"));
            Ok(Exit::Faults)
        }
        Err(other) => Err(usage(other)),
    }
}

fn usage(error: WhatIfError) -> Failure {
    Failure::Usage(error.to_string())
}

fn changes(args: &Args) -> Result<Vec<Change>, WhatIfError> {
    let mut changes = Vec::new();
    for text in &args.seats {
        changes.push(Change::seats(text)?);
    }
    if let Some(text) = &args.share {
        changes.push(Change::share(text)?);
    }
    for text in &args.floor {
        changes.push(Change::floor(text)?);
    }
    for text in &args.priority {
        changes.push(Change::priority(text)?);
    }
    changes.extend(args.seed.clone().map(Change::Seed));
    Ok(changes)
}

/// Prints a grid: one row a point, with the lines of the school whose seats are changed.
fn table(args: &Args, season: &Season, rows: &[GridRow]) -> Result<Exit, Failure> {
    let mut out = anstream::stdout().lock();
    if args.show.json() {
        return serde_json::to_writer_pretty(&mut out, rows)
            .map_err(std::io::Error::from)
            .and_then(|()| writeln!(out))
            .or_else(closed_pipe)
            .map(|()| Exit::Ok);
    }
    let zh = args.show.lang() == Lang::Zh;
    let head: &[text_table::Head] = if zh {
        &[
            ("改变", false),
            ("录取", true),
            ("调剂", true),
            ("未录取", true),
            ("无合理嫉妒", false),
            ("该校录取线", false),
        ]
    } else {
        &[
            ("change", false),
            ("placed", true),
            ("adjusted", true),
            ("unplaced", true),
            ("envy-free", false),
            ("lines of the school", false),
        ]
    };
    let cells = |row: &GridRow| -> Vec<String> {
        match &row.result {
            GridResult::Refused(_) => {
                let word = if zh { "被拒绝" } else { "refused" };
                let blank = || String::from("–");
                vec![row.change.clone(), blank(), blank(), blank(), word.to_owned()]
            }
            GridResult::Figures(f) => {
                let lines: Vec<String> = f
                    .lines
                    .iter()
                    .map(|l| {
                        let name = if zh { &l.category_name } else { &l.category };
                        let line = l.cutoff.map_or_else(|| "–".to_owned(), |c| c.to_string());
                        let batch = season.policy().batches.len() > 1;
                        let batch = if batch { format!("{}/", l.batch) } else { String::new() };
                        format!("{batch}{name} {line}")
                    })
                    .collect();
                let yes = match (f.envy_free, zh) {
                    (true, true) => "是",
                    (true, false) => "yes",
                    (false, true) => "否",
                    (false, false) => "no",
                };
                vec![
                    row.change.clone(),
                    f.totals.placed.to_string(),
                    f.totals.adjusted.to_string(),
                    f.totals.unplaced.to_string(),
                    yes.to_owned(),
                    lines.join("  "),
                ]
            }
        }
    };
    // The last column is printed whole; the table would cut it off.
    let all: Vec<Vec<String>> = rows.iter().map(cells).collect();
    let (last, front) = head.split_last().unwrap_or((&("", false), &[]));
    let mut print = || -> std::io::Result<()> {
        let lines = text_table::lines(front, &all);
        let wide = lines.iter().map(|l| text_table::width(l)).max().unwrap_or(0);
        for (at, line) in lines.iter().enumerate() {
            let end = match at.checked_sub(1) {
                None => last.0,
                Some(row) => all[row].get(front.len()).map_or("", String::as_str),
            };
            let gap = wide - text_table::width(line);
            writeln!(out, "{}", format!("{line}{:gap$}  {end}", "").trim_end())?;
        }
        for row in rows {
            if let GridResult::Refused(why) = &row.result {
                writeln!(out, "{}：{why}", row.change)?;
            }
        }
        out.flush()
    };
    print().or_else(closed_pipe)?;
    Ok(Exit::Ok)
}
