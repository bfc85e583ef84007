//! `luqu place`: places a season, verifies the answer, and only then writes it, as a whole.

use std::io::Write;
use std::path::{Path, PathBuf};

use luqu_engine::domain::{Answer, Fault, FaultCode, Season, Table};
use luqu_engine::placement::{self, Undecided, UndecidedTie};
use luqu_engine::verify::{self, AnswerBytes, Prepared, Report};
use serde::Serialize;

use super::{Exit, day};
use crate::error::Failure;
use crate::interrupt;
use crate::tables::season_or_report;
use crate::tables::write::answer::{self, Certified, Format, is_answer_file};
use crate::tables::write::atomic::{self, Replacement};

/// The arguments of `luqu place`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// 招生季：含 policy.toml 和各表的目录，或与 policy.toml 同目录的 .xlsx
    season: PathBuf,
    /// 结果目录；其中已有的结果整体替换
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// 随机号种子，代替政策文件中的种子
    #[arg(long, value_name = "S")]
    seed: Option<String>,
    /// 结果文件的格式
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// 在标准输出打印各项人数（JSON）
    #[arg(long)]
    json: bool,
}

/// How many applicants had which outcome.
#[derive(Serialize, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Counts {
    /// 考生
    pub(super) applicants: u64,
    /// 录取
    pub(super) placed: u64,
    /// 调剂录取
    pub(super) adjusted: u64,
    /// 未录取
    pub(super) unplaced: u64,
    /// 取消资格
    pub(super) barred: u64,
    /// 未填志愿
    pub(super) no_wishes: u64,
}

impl From<verify::Counts> for Counts {
    fn from(of: verify::Counts) -> Self {
        Self {
            applicants: of.applicants,
            placed: of.placed,
            adjusted: of.adjusted,
            unplaced: of.unplaced,
            barred: of.barred,
            no_wishes: of.no_wishes,
        }
    }
}

impl Counts {
    pub(super) fn sentence(self) -> String {
        format!(
            "考生 {}：录取 {}，调剂录取 {}，未录取 {}，取消资格 {}，未填志愿 {}",
            self.applicants, self.placed, self.adjusted, self.unplaced, self.barred, self.no_wishes
        )
    }
}

/// Why there is no answer to write.
pub(super) enum Stop {
    /// Quota seats are still to be computed.
    Pending(Vec<Fault>),
    /// Ties without a recorded order.
    Undecided(Undecided),
    /// The answer does not hold before verification.
    Findings(Box<Report>),
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    interrupt::listen();
    atomic::may_replace(&args.out, is_answer_file)?;
    let Some(season) = season_or_report(&args.season, args.seed.as_deref())? else {
        return Ok(Exit::Faults);
    };
    interrupt::check()?;
    let (placed, counts) = match place_written(&season, &args.out, args.format)? {
        Ok(written) => written,
        Err(stop) => return Ok(tell(&season, &stop)),
    };

    let mut err = anstream::stderr().lock();
    // A closed stderr is nobody's fault: the answer is written.
    let _ = day::table_of_the_day(&mut err, &season, &placed)
        .and_then(|()| writeln!(err, "{}", counts.sentence()))
        .and_then(|()| {
            let out = args.out.display();
            writeln!(err, "核对通过：P1–P8 成立，第二算法结果一致。结果已写入 {out}")
        });
    if args.json {
        let line = serde_json::to_string(&counts).map_err(|e| Failure::Internal(e.to_string()))?;
        let _ = writeln!(anstream::stdout().lock(), "{line}");
    }
    // The process ends here, which frees a season faster than its millions of parts one by one.
    std::mem::forget((season, placed));
    Ok(Exit::Ok)
}

/// Places and verifies. Whatever this gives has passed verification.
///
/// # Errors
/// `Interrupted` between the steps.
pub(super) fn place_verified(season: &Season) -> Result<Result<Answer, Stop>, Failure> {
    let answer = match placed(season)? {
        Ok(answer) => answer,
        Err(stop) => return Ok(Err(stop)),
    };
    let report = verify::verify(season, &answer);
    interrupt::check()?;
    Ok(if report.clean() { Ok(answer) } else { Err(Stop::Findings(Box::new(report))) })
}

/// Places, verifies and certifies.
///
/// # Errors
/// `Interrupted` between the steps.
pub(super) fn place_certified(
    season: &Season,
) -> Result<Result<(Answer, Certified), Stop>, Failure> {
    let (answer, prepared) = match placed_prepared(season)? {
        Ok(both) => both,
        Err(stop) => return Ok(Err(stop)),
    };
    let certified = certified(season, &answer, prepared, |_| Ok(()))?;
    Ok(certified.map(|certified| (answer, certified)))
}

/// Places, verifies, certifies and writes. The files are written while the answer is verified, into a folder
/// that takes the place of `out` only if verification finds nothing.
///
/// # Errors
/// `Interrupted` between the steps; as [`answer::write_answer`].
fn place_written(
    season: &Season,
    out: &Path,
    format: Format,
) -> Result<Result<(Answer, Counts), Stop>, Failure> {
    let (placed, prepared) = match placed_prepared(season)? {
        Ok(both) => both,
        Err(stop) => return Ok(Err(stop)),
    };
    let begun = Replacement::begin(out, is_answer_file)?;
    let write = |bytes: &AnswerBytes| match format {
        Format::Csv => answer::write_bytes(&begun.folder(), bytes),
        Format::Json | Format::Xlsx => Ok(()),
    };
    let certificate = match certified(season, &placed, prepared, write)? {
        Ok(certified) => certified.certificate,
        Err(stop) => return Ok(Err(stop)),
    };
    answer::finish_answer(begun, season, &placed, &certificate, format)?;
    Ok(Ok((placed, certificate.counts.into())))
}

/// Places, not yet verified, and makes everything meanwhile that verification needs nothing of the answer for.
fn placed_prepared(season: &Season) -> Result<Result<(Answer, Prepared<'_>), Stop>, Failure> {
    let (placed, prepared) = rayon::join(|| placed(season), || Prepared::of(season));
    Ok(placed?.map(|answer| (answer, prepared)))
}

/// Verifies and certifies an answer; `keep` is given its bytes meanwhile, on a thread of its own, since it
/// mostly waits for the disk.
fn certified(
    season: &Season,
    answer: &Answer,
    prepared: Prepared<'_>,
    keep: impl FnOnce(&AnswerBytes) -> Result<(), Failure> + Send,
) -> Result<Result<Certified, Stop>, Failure> {
    let bytes = AnswerBytes::of(season, answer);
    let ((report, certificate), kept) = std::thread::scope(|scope| {
        let kept = scope.spawn(|| keep(&bytes));
        let judged = prepared.certify(answer, &bytes);
        (judged, kept.join())
    });
    interrupt::check()?;
    let Some(certificate) = certificate else { return Ok(Err(Stop::Findings(Box::new(report)))) };
    kept.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
    Ok(Ok(Certified { certificate, bytes }))
}

/// Places, not yet verified.
fn placed(season: &Season) -> Result<Result<Answer, Stop>, Failure> {
    let pending = pending(season);
    if !pending.is_empty() {
        return Ok(Err(Stop::Pending(pending)));
    }
    let answer = placement::place(season).map_err(Stop::Undecided);
    interrupt::check()?;
    Ok(answer)
}

/// The plan lines whose seats are still to be computed, as faults.
fn pending(season: &Season) -> Vec<Fault> {
    let policy = season.policy();
    let fault = |line: &luqu_engine::domain::PlanLine| {
        let school = season.school(line.school);
        let (batch, category) = (policy.batch(line.batch), policy.category(line.category));
        Fault::of_table(
            FaultCode::SeatsPending,
            Table::Plan,
            format!(
                "{}（{}）在 {} 的 {} 计划数须先计算；现为空白",
                school.name, school.id, batch.name, category.name
            ),
        )
        .help("先运行 luqu quota，再把生成的 plan.csv 和 quotas.csv 放入招生季")
    };
    season.pending().map(fault).collect()
}

/// Tells on stderr why there is no answer; nothing was written.
pub(super) fn tell(season: &Season, stop: &Stop) -> Exit {
    let mut err = anstream::stderr().lock();
    // A closed stderr is nobody's fault; the exit code says it all.
    match stop {
        Stop::Pending(faults) => {
            let _ = tell_pending(&mut err, faults);
            Exit::Faults
        }
        Stop::Undecided(undecided) => {
            let _ = tell_ties(&mut err, season, undecided);
            Exit::Undecided
        }
        Stop::Findings(report) => {
            let _ = tell_findings(&mut err, report);
            Exit::Findings
        }
    }
}

fn tell_pending(to: &mut impl Write, faults: &[Fault]) -> std::io::Result<()> {
    for fault in faults {
        writeln!(to, "error[{}]: {}", fault.code, fault.code.title())?;
        writeln!(to, "  --> {}", fault.table.label())?;
        writeln!(to, "  = {}", fault.expected)?;
        writeln!(to, "  help: {}", fault.help)?;
    }
    writeln!(to, "{} 行指标计划尚未计算；未写入任何结果。", faults.len())
}

/// The most ties told, and the most applicants of each: nobody decides hundreds by hand.
const MOST_TIES: usize = 50;
const MOST_TIED: usize = 50;

fn tell_ties(to: &mut impl Write, season: &Season, undecided: &Undecided) -> std::io::Result<()> {
    for tie in undecided.ties.iter().take(MOST_TIES) {
        writeln!(to, "{}", tie_words(season, tie))?;
        let shown = &tie.applicants[..tie.applicants.len().min(MOST_TIED)];
        let rest = tie.applicants.len() - shown.len();
        for applicant in shown.iter().map(|&a| season.applicant(a)) {
            writeln!(to, "  {}  {}", applicant.id, applicant.name)?;
        }
        if rest > 0 {
            writeln!(to, "  … 另有 {rest} 人")?;
        }
        writeln!(to, "  在“同分裁定”表（tie_decisions.csv）中写明顺序，小者优先：")?;
        writeln!(to, "    batch,applicant_id,order,document")?;
        let batch = &season.policy().batch(tie.batch).id;
        for (at, &applicant) in shown.iter().enumerate() {
            let id = &season.applicant(applicant).id;
            let order = season.tie_decision(tie.batch, applicant);
            let order = order.map_or_else(|| format!("<{}>", at + 1), |o| o.to_string());
            writeln!(to, "    {batch},{id},{order},<裁定文号>")?;
        }
        if rest > 0 {
            writeln!(to, "    …")?;
        }
    }
    if undecided.ties.len() > MOST_TIES {
        writeln!(to, "… 另有 {} 处", undecided.ties.len() - MOST_TIES)?;
    }
    writeln!(to, "{undecided}；请由招办裁定后重新运行。未写入任何结果。")
}

fn tie_words(season: &Season, tie: &UndecidedTie) -> String {
    let policy = season.policy();
    let school = season.school(tie.school);
    let junior = tie.junior.map(|j| format!("（{}）", season.school(j).name)).unwrap_or_default();
    // Equals by segment need not share their total.
    let totals = || tie.applicants.iter().map(|&a| season.applicant(a).total);
    let total = match totals().min().zip(totals().max()) {
        Some((least, most)) if least != most => format!("{least}–{most}"),
        Some((total, _)) => total.to_string(),
        None => String::new(),
    };
    format!(
        "同分未裁定：{} · {}（{}）· {}{junior} · 总分 {total} · {} 人",
        policy.batch(tie.batch).name,
        school.name,
        school.id,
        policy.category(tie.category).name,
        tie.applicants.len()
    )
}

fn tell_findings(to: &mut impl Write, report: &Report) -> std::io::Result<()> {
    for finding in report.findings.iter().take(50) {
        writeln!(to, "{}", finding.sentence)?;
    }
    let rest = report.findings.len().saturating_sub(50)
        + report.omitted.iter().map(|(_, n)| n).sum::<usize>();
    if rest > 0 {
        writeln!(to, "… 另有 {rest} 处")?;
    }
    writeln!(to, "核对未通过：这是程序的错误，请连同招生季报告。未写入任何结果。")
}
