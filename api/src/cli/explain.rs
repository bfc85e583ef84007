//! `luqu explain`: why an applicant is where they are, wish by wish.

use std::io::Write;
use std::path::PathBuf;

use luqu_engine::domain::near::slips;
use luqu_engine::domain::{Answer, ApplicantIx, Season};
use luqu_engine::explain::{BatchSaid, Explanation, Lang, explain_in};

use super::check::closed_pipe;
use super::{Exit, place, say, text_table};
use crate::error::Failure;
use crate::tables::located::{echoed, masked};
use crate::tables::{answer, season_or_report};

/// The arguments of `luqu explain`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// 招生季：含 policy.toml 和各表的目录，或与 policy.toml 同目录的 .xlsx
    season: PathBuf,
    /// 报名号；没有同名者的，也可写姓名
    applicant: String,
    /// 已有的结果目录（csv、json 或 xlsx）；不给时当场录取一遍
    #[arg(long, value_name = "DIR")]
    answer: Option<PathBuf>,
    /// 随机号种子，代替政策文件中的种子
    #[arg(long, value_name = "S")]
    seed: Option<String>,
    /// 语言
    #[arg(long, value_enum, default_value_t)]
    lang: Language,
    /// 输出 JSON
    #[arg(long)]
    json: bool,
}

/// The languages of the sentences.
#[derive(clap::ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Language {
    /// 中文
    #[default]
    Zh,
    /// English
    En,
}

impl From<Language> for Lang {
    fn from(language: Language) -> Self {
        match language {
            Language::Zh => Self::Zh,
            Language::En => Self::En,
        }
    }
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let Some(season) = season_or_report(&args.season, args.seed.as_deref())? else {
        return Ok(Exit::Faults);
    };
    let applicant = called(&season, &args.applicant)?;
    let answer = match &args.answer {
        Some(dir) => {
            let answer = answer::read(&season, dir)?;
            // What a family is told must come from an answer that holds.
            if !answer::judge(&season, dir)?.report.clean() {
                say(format_args!(
                    "{} 未通过核验，或与招生季数据不符，不作解释；先运行 luqu verify",
                    dir.display()
                ));
                return Ok(Exit::Findings);
            }
            answer
        }
        None => match placed(&season)? {
            Ok(answer) => answer,
            Err(exit) => return Ok(exit),
        },
    };
    let lang = Lang::from(args.lang);
    let said = explain_in(&season, &answer, applicant, lang);
    let mut out = anstream::stdout().lock();
    let written = if args.json {
        serde_json::to_writer_pretty(&mut out, &said)
            .map_err(std::io::Error::from)
            .and_then(|()| writeln!(out))
    } else {
        print(&mut out, &said, lang)
    };
    written.and_then(|()| out.flush()).or_else(closed_pipe)?;
    Ok(Exit::Ok)
}

/// The season's verified answer, or how the command ends without one.
pub(super) fn placed(season: &Season) -> Result<Result<Answer, Exit>, Failure> {
    let placed = place::place_verified(season)?;
    Ok(placed.map_err(|stop| place::tell(season, &stop)))
}

/// The applicant of the number or, where only one bears it, of the name.
fn called(season: &Season, text: &str) -> Result<ApplicantIx, Failure> {
    if let Some(applicant) = season.find_applicant(text) {
        return Ok(applicant);
    }
    let all = (0..season.applicants().len()).map(ApplicantIx::from);
    let named: Vec<ApplicantIx> =
        all.filter(|&a| season.applicant(a).name == text).take(MOST_NAMESAKES + 1).collect();
    match named[..] {
        [] => Err(Failure::NotFound(no_such(season, text))),
        [one] => Ok(one),
        _ => {
            let more = if named.len() > MOST_NAMESAKES { "……" } else { "" };
            let who = named.iter().take(MOST_NAMESAKES).map(|&a| {
                let person = season.applicant(a);
                format!("{}（{}）", hidden(&person.id), season.school(person.junior).name)
            });
            Err(Failure::NotFound(format!(
                "叫 {} 的考生不止一名：{}{more}；请给出报名号",
                echoed(text),
                who.collect::<Vec<_>>().join("、")
            )))
        }
    }
}

/// The most people of one name that are listed.
const MOST_NAMESAKES: usize = 10;

/// A number without its middle: enough for its owner to know it by, too little for others to use.
fn hidden(id: &str) -> String {
    let count = id.chars().count();
    let (front, back) = (count / 3, count / 4);
    let shown = |at: usize| at < front || at >= count - back;
    id.chars().enumerate().map(|(at, c)| if shown(at) { c } else { '*' }).collect()
}

/// Says that there is no such applicant, and which ids are nearest.
fn no_such(season: &Season, id: &str) -> String {
    let mut near: Vec<(usize, &str)> = season
        .applicants()
        .iter()
        .filter(|a| a.id.len().abs_diff(id.len()) <= 2)
        .map(|a| (slips(id, &a.id), a.id.as_str()))
        .filter(|(slips, _)| *slips <= 2)
        .collect();
    near.sort_unstable();
    near.truncate(3);
    let near: Vec<String> = near.into_iter().map(|(_, id)| masked(id)).collect();
    if near.is_empty() {
        return format!("没有考生 {}；请核对报名号", echoed(id));
    }
    format!("没有考生 {}；相近的报名号：{}", echoed(id), near.join("、"))
}

/// One block for each batch, one line for each wish and category, the condition under it.
fn print(to: &mut impl Write, said: &Explanation, lang: Lang) -> std::io::Result<()> {
    let zh = lang == Lang::Zh;
    if zh {
        writeln!(to, "报名号 {}  总分 {}", said.applicant_id, said.total)?;
    } else {
        writeln!(to, "Applicant {}  total {}", said.applicant_id, said.total)?;
    }
    writeln!(to, "{}", said.sentence)?;
    writeln!(to, "{}", said.next_step)?;
    for batch in &said.batches {
        print_batch(to, batch, zh)?;
    }
    Ok(())
}

fn print_batch(to: &mut impl Write, batch: &BatchSaid, zh: bool) -> std::io::Result<()> {
    writeln!(to, "\n{}", batch.name)?;
    if let Some(note) = &batch.note {
        writeln!(to, "  {note}")?;
    }
    let name = |p: &luqu_engine::explain::ProposalSaid| {
        if zh { p.category_name.clone() } else { p.category.clone() }
    };
    let all = batch.wishes.iter().flat_map(|w| &w.proposals);
    let wide = all.clone().map(|p| text_table::width(&name(p))).max().unwrap_or(0);
    for wish in &batch.wishes {
        let title = if zh { "志愿" } else { "Wish" };
        writeln!(to, "  {title} {}  {}（{}）", wish.position, wish.school, wish.school_id)?;
        for p in &wish.proposals {
            let name = name(p);
            let gap = wide - text_table::width(&name);
            writeln!(to, "    {name}{:gap$}  {}", "", p.sentence)?;
            if let Some(condition) = &p.condition {
                writeln!(to, "    {:wide$}  {condition}", "")?;
            }
        }
    }
    let mut sources: Vec<&str> = all.filter_map(|p| p.source.as_deref()).collect();
    sources.dedup();
    let mut told: Vec<&str> = Vec::new();
    for source in sources {
        let source = match (source, zh) {
            ("local, pending", true) => "本区招生办法（待招办核定）",
            ("local, pending", false) => "the district's own rules (to be confirmed)",
            (other, _) => other,
        };
        if !told.contains(&source) {
            told.push(source);
        }
    }
    if !told.is_empty() {
        let (title, comma) = if zh { ("依据：", "；") } else { ("Source: ", "; ") };
        writeln!(to, "  {title}{}", told.join(comma))?;
    }
    Ok(())
}
