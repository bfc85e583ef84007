//! `luqu demo`: a made season from nothing to verified results in one command, with the time of each step.

use std::fs;
use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use luqu_engine::domain::{Answer, ApplicantIx, Outcome, Season};
use luqu_engine::explain::explain;
use luqu_fixtures::DistrictSpec;

use super::place::{self, Counts};
use super::{Exit, day, say};
use crate::error::Failure;
use crate::interrupt;
use crate::tables::write::answer::{Format, is_answer_file, write_answer};
use crate::tables::write::people::people_csv;
use crate::tables::write::{atomic, words};
use crate::tables::{answer, load, season_csv};

/// The arguments of `luqu demo`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// 虚构考生的人数
    #[arg(long, value_name = "N", default_value_t = 10_000,
          value_parser = clap::value_parser!(u32).range(20..=1_000_000))]
    applicants: u32,
    /// 生成数据的种子；同一种子每次结果相同
    #[arg(long, value_name = "S", default_value_t = 7)]
    seed: u64,
    /// 放置文件的目录（保留）；不写则用当前目录下的 luqu-demo，结束后删除
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// 保留 luqu-demo 目录
    #[arg(long)]
    keep: bool,
}

/// The list for people, beside the answer.
const LIST: &str = "录取名单.csv";

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    interrupt::listen();
    let dir = args.dir.clone().unwrap_or_else(|| PathBuf::from("luqu-demo"));
    // What an interrupted demonstration left is no content.
    for (name, ours) in
        [("season", season_csv::is_season_file as fn(&str) -> bool), ("answer", is_answer_file)]
    {
        atomic::sweep(&dir.join(name), ours);
    }
    if dir.exists() && fs::read_dir(&dir).map_err(Failure::io(&dir))?.next().is_some() {
        return Err(Failure::Usage(format!(
            "{} 已存在且不是空目录，不会覆盖；请用 --dir 换一个目录",
            dir.display()
        )));
    }
    let keep = args.keep || args.dir.is_some();
    let room = Room { season: dir.join("season"), answer: dir.join("answer"), dir };
    let done = show(args, &room, keep);
    if !keep || done.is_err() {
        room.clear();
    }
    done
}

/// The folders of the demonstration.
struct Room {
    dir: PathBuf,
    season: PathBuf,
    answer: PathBuf,
}

impl Room {
    /// Removes what this run has made, and nothing else.
    fn clear(&self) {
        for made in [&self.season, &self.answer] {
            let _ = fs::remove_dir_all(made);
        }
        let _ = fs::remove_file(self.dir.join(LIST));
        let _ = fs::remove_dir(&self.dir);
    }
}

fn show(args: &Args, room: &Room, keep: bool) -> Result<Exit, Failure> {
    let began = Instant::now();
    let steps = Steps::new();
    steps.run("生成示例招生季 make", || {
        let spec = DistrictSpec::new(args.applicants, args.seed);
        let [applicants, wishes, schools] = season_csv::write_district(&room.season, &spec)?;
        Ok(((), format!("{applicants} 名考生，{wishes} 个志愿，{schools} 所学校")))
    })?;
    let season = steps.run("读入并检查 check", || {
        let loaded = load(&room.season, None)?;
        let words = format!("{} 处错误，{} 处提醒", loaded.errors(), loaded.warnings());
        let season =
            loaded.season.ok_or_else(|| Failure::Internal("示例数据未通过检查".to_owned()))?;
        Ok((season, words))
    })?;
    let placed = steps.run("录取并核对 place + verify", || {
        let placed = place::place_certified(&season)?;
        Ok((placed, "P1–P8 与第二算法".to_owned()))
    })?;
    let (placed, certified) = match placed {
        Ok(verified) => verified,
        Err(stop) => return Ok(place::tell(&season, &stop)),
    };
    let placed = &placed;
    steps.run("写出结果 write", || {
        write_answer(&room.answer, &season, placed, &certified, Format::Csv)?;
        let list = room.dir.join(LIST);
        atomic::replace_file(&list, &list_for_people(&season, placed))?;
        Ok(((), format!("3 份结果、证书、{LIST}")))
    })?;
    let clean = steps.run("从文件重新核对 verify", || {
        let report = answer::judge(&season, &room.answer)?.report;
        let words = if report.clean() { "全部成立" } else { "发现问题" };
        Ok((report.clean(), words.to_owned()))
    })?;
    interrupt::check()?;
    let mut err = anstream::stderr().lock();
    // A closed stderr is nobody's fault: the work is done.
    let _ = writeln!(err, "共用时 {} total\n", seconds(began.elapsed()))
        .and_then(|()| writeln!(err, "分数线 cut-offs"))
        .and_then(|()| day::table_of_the_day(&mut err, &season, placed))
        .and_then(|()| {
            writeln!(err, "\n{}\n", Counts::from(certified.certificate.counts).sentence())
        })
        .and_then(|()| examples(&mut err, &season, placed))
        .and_then(|()| next(&mut err, room, keep, &season, placed));
    Ok(if clean { Exit::Ok } else { Exit::Findings })
}

/// Runs steps and says how long each took; a spinner turns on a terminal only.
struct Steps {
    terminal: bool,
}

impl Steps {
    fn new() -> Self {
        Self { terminal: io::stderr().is_terminal() }
    }

    fn run<T>(
        &self,
        name: &str,
        step: impl FnOnce() -> Result<(T, String), Failure>,
    ) -> Result<T, Failure> {
        interrupt::check()?;
        let bar = ProgressBar::with_draw_target(
            None,
            if self.terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() },
        );
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
            bar.set_style(style);
        }
        bar.set_message(name.to_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
        let began = Instant::now();
        let done = step();
        bar.finish_and_clear();
        let (value, words) = done?;
        let gap = " ".repeat(28_usize.saturating_sub(super::text_table::width(name)));
        say(format_args!("✓ {name}{gap}{:>8}  {words}", seconds(began.elapsed())));
        Ok(value)
    }
}

fn seconds(time: Duration) -> String {
    format!("{}.{:02} s", time.as_secs(), time.subsec_millis() / 10)
}

/// The result of everybody with names, for a spreadsheet.
fn list_for_people(season: &Season, answer: &Answer) -> Vec<u8> {
    let policy = season.policy();
    let rows = answer.outcomes.iter().enumerate().map(|(at, &outcome)| {
        let person = season.applicant(ApplicantIx::from(at));
        let seat = outcome.seat();
        [
            person.id.to_string(),
            person.name.to_string(),
            season.school(person.junior).name.to_string(),
            words::outcome(outcome).to_owned(),
            seat.map(|(batch, ..)| policy.batch(batch).name.clone()).unwrap_or_default(),
            seat.map(|(_, _, school, _)| season.school(school).name.to_string())
                .unwrap_or_default(),
            seat.map(|(.., category)| policy.category(category).name.clone()).unwrap_or_default(),
            person.total.to_string(),
        ]
    });
    let header = ["报名号", "姓名", "毕业学校", "结果", "批次", "录取学校", "类别", "总分"];
    people_csv(&header, rows)
}

/// The first applicant placed below the first wish of the batch, and the first unplaced one with reasons.
fn chosen(answer: &Answer) -> Vec<ApplicantIx> {
    let has_reasons = |a: ApplicantIx| answer.reasons.iter().any(|r| r.applicant == a);
    let first = |wanted: fn(Outcome) -> bool| {
        let all = answer.outcomes.iter().enumerate();
        let mut fitting = all.filter(|(_, o)| wanted(**o)).map(|(at, _)| ApplicantIx::from(at));
        fitting.find(|&a| has_reasons(a))
    };
    let below = first(|o| matches!(o, Outcome::Placed { position: 2.., .. }));
    below.into_iter().chain(first(|o| o == Outcome::Unplaced)).collect()
}

fn examples(to: &mut impl Write, season: &Season, answer: &Answer) -> io::Result<()> {
    let policy = season.policy();
    for applicant in chosen(answer) {
        let person = season.applicant(applicant);
        let outcome = answer.outcomes[applicant.at()];
        let end = match outcome.seat() {
            Some((batch, position, school, category)) => format!(
                "{} · 第 {position} 志愿 · {} · {}",
                policy.batch(batch).name,
                season.school(school).name,
                policy.category(category).name
            ),
            None => "没有录取".to_owned(),
        };
        writeln!(to, "为什么 why：考生 {}（总分 {}）→ {end}", person.id, person.total)?;
        let said = explain(season, answer, applicant);
        let proposals = said.batches.iter().flat_map(|batch| {
            let wishes = batch.wishes.iter();
            wishes.flat_map(move |wish| wish.proposals.iter().map(move |p| (batch, wish, p)))
        });
        for (batch, wish, proposal) in proposals.take(8) {
            writeln!(
                to,
                "  {} 第 {} 志愿 {} · {}：{}",
                batch.name, wish.position, wish.school, proposal.category_name, proposal.sentence
            )?;
        }
        writeln!(to)?;
    }
    Ok(())
}

fn next(
    to: &mut impl Write,
    room: &Room,
    keep: bool,
    season: &Season,
    answer: &Answer,
) -> io::Result<()> {
    writeln!(to, "接下来 next：")?;
    let (dir, out) = (quoted(&room.season), quoted(&room.answer));
    if keep {
        let who = chosen(answer).first().map(|&a| season.applicant(a).id.to_string());
        writeln!(to, "  luqu verify {dir} {out}")?;
        writeln!(to, "  luqu explain {dir} {}", who.unwrap_or_default())?;
        writeln!(to, "  luqu place {dir} --out {out}-xlsx --format xlsx")?;
    } else {
        writeln!(to, "  luqu demo --keep          # 保留全部文件 keep the files")?;
    }
    writeln!(to, "  luqu init 我的招生季      # 空白模板 an empty template")
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_');
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}
