//! `luqu quota`: computes the quota seats of a season and writes the split plan, the cells and the reasons.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use luqu_engine::domain::{Season, Share};
use luqu_engine::policy::QuotaMethod;
use luqu_engine::quota::{
    BatchDistribution, Distribution, Fraction, Origin, Overrides, QuotaError, distribute_with,
    files,
};
use serde_json::{Value, json};

use super::{Exit, say};
use crate::error::Failure;
use crate::tables::load::{POLICY_FILE, Purpose, season_or_report_for};
use crate::tables::write::quota_xlsx;
use crate::tables::{Located, quota_edits, report};

/// The arguments of `luqu quota`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// 招生季：含 policy.toml 和各表的目录，或与 policy.toml 同目录的 .xlsx
    season: PathBuf,
    /// 结果目录：写入 plan.csv、quotas.csv 和说明，用前两个替换招生季中的同名表；不写则只打印汇总
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// 指标比例，代替政策和各行的比例，如 0.6 或 60%；只用于计划数留空的行
    #[arg(long, value_name = "X", value_parser = share)]
    share: Option<Share>,
    /// 随机号种子，代替政策文件中的种子
    #[arg(long, value_name = "S")]
    seed: Option<String>,
    /// 手工调整：quotas 格式的表，每行写明 reason 调整理由和 document 文号；各格合计重新核对
    #[arg(long, value_name = "FILE")]
    edit: Option<PathBuf>,
    /// 结果文件的格式；xlsx 是一个工作簿 quota.xlsx
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// 在标准输出打印全部结果（JSON）
    #[arg(long)]
    json: bool,
}

/// The form of the files.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, clap::ValueEnum)]
enum Format {
    /// 几个 CSV 文件，其中 plan.csv 和 quotas.csv 可直接替换招生季的同名表
    #[default]
    Csv,
    /// 一个工作簿，表头和校名为中文
    Xlsx,
}

fn share(text: &str) -> Result<Share, String> {
    text.parse().map_err(|_| "比例须是 0 到 1 的小数或百分数，如 0.6、60%".to_owned())
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    if let Some(out) = &args.out {
        may_write(out)?;
    }
    let Some(season) =
        season_or_report_for(Purpose::Distribution, &args.season, args.seed.as_deref())?
    else {
        return Ok(Exit::Faults);
    };
    let edits = match &args.edit {
        Some(file) => match quota_edits::read(file, &season)? {
            Ok(edits) => Some(edits),
            Err(faults) => return Ok(refused(&faults)),
        },
        None => None,
    };
    let overrides = Overrides { share: args.share, all_rows: false };
    let mut distribution = match distribute_with(&season, &overrides) {
        Ok(distribution) => distribution,
        Err(error @ QuotaError::Unproven { .. }) => {
            return Err(Failure::Internal(error.to_string()));
        }
        Err(error) => {
            say(format_args!("指标无法分配：{error}。未写入任何结果。"));
            return Ok(Exit::Undecided);
        }
    };
    if let Some(edits) = edits {
        distribution = match edits.apply(&season, distribution) {
            Ok(distribution) => distribution,
            Err(faults) => return Ok(refused(&faults)),
        };
    }
    if let Some(out) = &args.out {
        write_files(out, &season, &distribution, args.format)?;
    }
    let mut stdout = anstream::stdout().lock();
    let printed = if args.json {
        serde_json::to_writer_pretty(&mut stdout, &as_json(&season, &distribution))
            .map_err(io::Error::from)
            .and_then(|()| writeln!(stdout))
    } else if args.out.is_none() {
        summary(&mut stdout, &season, &distribution)
    } else {
        Ok(())
    };
    printed.and_then(|()| stdout.flush()).or_else(closed_pipe)?;
    say(format_args!("{}", closing(&distribution, args.out.as_deref())));
    Ok(Exit::Ok)
}

/// Tells the faults of the edits; nothing was written.
fn refused(faults: &[Located]) -> Exit {
    let mut err = anstream::stderr().lock();
    // A closed stderr is nobody's fault.
    drop(report::list(&mut err, faults, 0, report::DEFAULT_MOST));
    drop(writeln!(err, "手工调整中有错误。未写入任何结果。"));
    Exit::Faults
}

/// A reader that has seen enough, such as `head`, is no failure.
fn closed_pipe(error: io::Error) -> Result<(), Failure> {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(Failure::Io { path: PathBuf::from("stdout"), source: error }),
    }
}

fn closing(distribution: &Distribution, out: Option<&Path>) -> String {
    let computed =
        |b: &BatchDistribution| b.lines.iter().filter(|l| l.origin == Origin::Computed).count();
    let lines: usize = distribution.batches.iter().map(computed).sum();
    match out {
        _ if distribution.batches.is_empty() => "招生计划中没有指标行，无需分配。".to_owned(),
        None => format!("已计算 {lines} 行指标计划；加 --out DIR 写成文件。"),
        Some(dir) => format!(
            "已计算 {lines} 行指标计划，写入 {}。下一步：用其中的招生计划和指标分配替换招生季的同名表，再运行 luqu check。",
            dir.display()
        ),
    }
}

/// A season is never overwritten: its tables are what the distribution was made from.
fn may_write(dir: &Path) -> Result<(), Failure> {
    if dir.join(POLICY_FILE).exists() {
        return Err(Failure::Usage(format!(
            "{} 是招生季目录，不会覆盖其中的表；请换一个结果目录",
            dir.display()
        )));
    }
    match fs::metadata(dir) {
        Ok(data) if !data.is_dir() => {
            Err(Failure::Usage(format!("{} 是文件，不是目录", dir.display())))
        }
        _ => Ok(()),
    }
}

/// Writes all files or, if one cannot be written, none; those of an earlier run are replaced.
fn write_files(
    dir: &Path,
    season: &Season,
    distribution: &Distribution,
    format: Format,
) -> Result<(), Failure> {
    let pooled = distribution.batches.iter().any(|b| b.method == QuotaMethod::Pool);
    let csv = |wanted: bool, bytes: fn(&Season, &Distribution) -> Vec<u8>| {
        (format == Format::Csv && wanted).then(|| bytes(season, distribution))
    };
    let book = match format {
        Format::Csv => None,
        Format::Xlsx => Some(quota_xlsx::workbook(season, distribution)?),
    };
    let contents = [
        ("plan.csv", csv(true, files::plan)),
        ("quotas.csv", csv(true, files::quotas)),
        ("quota_report.csv", csv(true, files::report)),
        ("quota_juniors.csv", csv(true, files::juniors)),
        ("draw.csv", csv(pooled, files::draws)),
        ("quota.xlsx", book),
    ];
    fs::create_dir_all(dir).map_err(Failure::io(dir))?;
    let staged =
        tempfile::Builder::new().prefix(".luqu-").tempdir_in(dir).map_err(Failure::io(dir))?;
    for (name, bytes) in &contents {
        if let Some(bytes) = bytes {
            let path = staged.path().join(name);
            fs::write(&path, bytes).map_err(Failure::io(&path))?;
        }
    }
    for (name, bytes) in &contents {
        let path = dir.join(name);
        if bytes.is_some() {
            fs::rename(staged.path().join(name), &path).map_err(Failure::io(&path))?;
        } else if path.exists() {
            // What an earlier run wrote otherwise would belong to no result.
            fs::remove_file(&path).map_err(Failure::io(&path))?;
        }
    }
    Ok(())
}

const fn method_name(method: QuotaMethod) -> &'static str {
    match method {
        QuotaMethod::Matrix => "矩阵法",
        QuotaMethod::Pool => "资金池抽签",
    }
}

/// The lines and the totals of the junior schools, batch by batch; names stand last, being of any width.
fn summary(to: &mut impl Write, season: &Season, distribution: &Distribution) -> io::Result<()> {
    for done in &distribution.batches {
        let batch = season.policy().batch(done.batch);
        let proof = done.deviation.map(|d| format!("，偏差之和 {d}，已复核为最小"));
        let proof = proof.unwrap_or_default();
        writeln!(to, "{} {} · {}{proof}", batch.id, batch.name, method_name(done.method))?;
        writeln!(
            to,
            "  {:<12} {:>7} {:>8} {:>7} {:>8}",
            "school_id", "whole", "share", "quota", "unified"
        )?;
        for line in &done.lines {
            let school = season.school(line.school);
            let text = |value: Option<u32>| value.map_or_else(|| "-".to_owned(), |v| v.to_string());
            writeln!(
                to,
                "  {:<12} {:>7} {:>8} {:>7} {:>8}  {}",
                school.id,
                text(line.whole),
                line.share.map_or_else(|| "-".to_owned(), |s| s.to_string()),
                line.seats,
                text(line.unified.map(|(_, seats)| seats)),
                school.name
            )?;
        }
        for (school, beds) in &done.beds {
            let who =
                school.map_or("各高中合计", |school| season.school(school).name.as_str());
            writeln!(
                to,
                "  {who}：住宿床位 {} 个，寄宿初中按比例应得 {}，按床位分",
                beds.places, beds.due
            )?;
        }
        writeln!(to, "  {:<12} {:>8} {:>14} {:>7}", "junior_id", "eligible", "ideal", "quota")?;
        for total in &done.juniors {
            let school = season.school(total.junior);
            writeln!(
                to,
                "  {:<12} {:>8} {:>14} {:>7}  {}",
                school.id,
                total.eligible,
                total.ideal.to_string(),
                total.seats,
                school.name
            )?;
        }
    }
    Ok(())
}

fn as_json(season: &Season, distribution: &Distribution) -> Value {
    let batches = distribution.batches.iter().map(|done| batch_json(season, done));
    json!({ "batches": batches.collect::<Vec<_>>() })
}

fn batch_json(season: &Season, done: &BatchDistribution) -> Value {
    let id = |school| season.school(school).id.as_str();
    let policy = season.policy();
    let lines = done.lines.iter().map(|l| {
        json!({
            "school_id": id(l.school),
            "origin": match l.origin {
                Origin::Computed => "computed",
                Origin::KeptSeats => "kept_seats",
                Origin::KeptCells => "kept_cells",
            },
            "whole": l.whole,
            "share": l.share,
            "quota": l.seats,
            "unified_category": l.unified.map(|(c, _)| policy.category(c).id.as_str()),
            "unified": l.unified.map(|(_, seats)| seats),
        })
    });
    let juniors = done.juniors.iter().map(|j| {
        json!({
            "junior_id": id(j.junior),
            "eligible": j.eligible,
            "tilt": j.tilt,
            "ideal": fraction(j.ideal),
            "seats": j.seats,
            "reason": j.reason(),
        })
    });
    let cells = done.cells.iter().map(|c| {
        json!({
            "school_id": id(c.school),
            "junior_id": id(c.junior),
            "ideal": fraction(c.ideal),
            "seats": c.seats,
            "reason": c.reason(),
        })
    });
    let beds = done.beds.iter().map(|(school, beds)| {
        json!({
            "school_id": school.map(id),
            "boarding_places": beds.places,
            "proportional": fraction(beds.due),
        })
    });
    let draws = done.draws.iter().map(|d| {
        json!({
            "draw": d.number,
            "junior_id": id(d.junior),
            "seat": d.seat,
            "school_id": id(d.school),
            "hash": format!("{:016x}", d.lot),
        })
    });
    json!({
        "batch": policy.batch(done.batch).id.as_str(),
        "method": match done.method {
            QuotaMethod::Matrix => "matrix",
            QuotaMethod::Pool => "pool",
        },
        "deviation": done.deviation.map(fraction),
        "beds": beds.collect::<Vec<_>>(),
        "lines": lines.collect::<Vec<_>>(),
        "juniors": juniors.collect::<Vec<_>>(),
        "cells": cells.collect::<Vec<_>>(),
        "draws": draws.collect::<Vec<_>>(),
    })
}

fn fraction(value: Fraction) -> Value {
    json!({
        "exact": value.exact(),
        "decimal": value.to_string(),
        "floor": u64::try_from(value.floor()).unwrap_or(u64::MAX),
    })
}
