//! `luqu plan add-class`: where one class more helps most.

use std::path::PathBuf;

use luqu_engine::plan::{Added, Gain, one_more_class};

use super::super::explain::placed;
use super::super::{Exit, data, text_table};
use crate::error::Failure;
use crate::tables::season_or_report;

/// The arguments of `luqu plan add-class`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// 招生季：含 policy.toml 和各表的目录，或与 policy.toml 同目录的 .xlsx
    season: PathBuf,
    /// 随机号种子，代替政策文件中的种子
    #[arg(long, value_name = "S")]
    seed: Option<String>,
    /// 在标准输出打印全部结果（JSON）
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let Some(season) = season_or_report(&args.season, args.seed.as_deref())? else {
        return Ok(Exit::Faults);
    };
    let answer = match placed(&season)? {
        Ok(answer) => answer,
        Err(exit) => return Ok(exit),
    };
    let gains = one_more_class(&season, &answer);
    if args.json {
        data(format_args!("{}", super::json(&gains)?))?;
    } else {
        data(format_args!("{}", text(&gains)))?;
    }
    Ok(Exit::Ok)
}

fn text(gains: &[Gain]) -> String {
    const HEAD: [text_table::Head; 9] = [
        ("学校", false),
        ("名称", false),
        ("加在", false),
        ("增加", true),
        ("新录取", true),
        ("志愿更好", true),
        ("志愿更差", true),
        ("连锁变动", true),
        ("平均志愿", true),
    ];
    let row = |gain: &Gain| match &gain.result {
        Added::Effects { batch, category, seats, placed, better, worse, moved, mean_wish } => {
            Some(vec![
                gain.school_id.to_string(),
                gain.school.to_string(),
                format!("{batch}/{category}"),
                seats.to_string(),
                format!("{placed:+}"),
                better.to_string(),
                worse.to_string(),
                moved.to_string(),
                format!("{}.{:02}", mean_wish / 100, mean_wish % 100),
            ])
        }
        Added::Refused(_) => None,
    };
    let rows: Vec<Vec<String>> = gains.iter().filter_map(row).collect();
    let mut lines = text_table::lines(&HEAD, &rows);
    let worse = |gain: &Gain| matches!(gain.result, Added::Effects { worse, .. } if worse > 0);
    if gains.iter().any(worse) {
        lines.push("“志愿更差”来自随录取线变动的相对下限，或看志愿序号的录取顺序。".to_owned());
    }
    for gain in gains {
        if let Added::Refused(why) = &gain.result {
            lines.push(format!("{} {}：不能增班，{why}", gain.school_id, gain.school));
        }
    }
    lines.join("\n") + "\n"
}
