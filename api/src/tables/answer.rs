//! Reads an answer folder, strictly: `placements.csv`, `cutoffs.csv`, `reasons.csv`, `certificate.json`.
//!
//! Policy: SPEC §6. What is wrong with a file is a finding, never a failure: an answer that was tampered
//! with must still be judged.

use std::path::Path;

use luqu_engine::domain::{
    Answer, ApplicantIx, BatchIx, CategoryIx, FrozenLine, Line, Outcome, Reason, ReasonKind,
    SchoolIx, Score, Season, answer_csv,
};
use luqu_engine::policy::Predicate;
use luqu_engine::verify::{
    AnswerBytes, Certificate, Finding, Property, Report, check_certificate, verify,
};
use rustc_hash::FxHashMap;

use super::files;
use crate::error::Failure;

/// The names of the files of an answer folder.
pub const FILES: [&str; 4] = ["placements.csv", "cutoffs.csv", "reasons.csv", "certificate.json"];

/// Judges the answer in a folder against its season: strict reading, P1–P8, reasons, second algorithm.
///
/// # Errors
/// A folder that does not exist, or that the system will not let us read.
pub fn judge(season: &Season, folder: &Path) -> Result<Report, Failure> {
    if !folder.is_dir() {
        return Err(Failure::NotFound(format!("{}：没有这个结果目录", folder.display())));
    }
    let mut reading = Reading::new(season);
    let placements = reading.file(folder, FILES[0], Property::Outcomes)?;
    let cutoffs = reading.file(folder, FILES[1], Property::Figures)?;
    let reasons = reading.file(folder, FILES[2], Property::Reasons)?;
    let certificate = reading.file(folder, FILES[3], Property::Digests)?;

    let mut answer = Answer::default();
    if let Some(bytes) = &placements {
        answer.outcomes = reading.placements(bytes);
    }
    if let Some(bytes) = &cutoffs {
        answer.lines = reading.cutoffs(bytes);
    }
    if let Some(bytes) = &reasons {
        answer.reasons = reading.reasons(bytes);
    }
    let certificate = certificate.as_deref().and_then(|bytes| reading.certificate(bytes));
    if let Some(certificate) = &certificate {
        answer.frozen = reading.frozen(certificate);
    }
    let mut findings = std::mem::take(&mut reading.findings);
    let Some(placements) = placements else { return Ok(Report::of(findings)) };

    // What a missing file would have said is not held against the others.
    let whole = cutoffs.is_some() && reasons.is_some();
    let (no_figures, no_reasons) = (cutoffs.is_none() || certificate.is_none(), reasons.is_none());
    let silent = |property| match property {
        Property::Figures => no_figures,
        Property::Reasons => no_reasons,
        _ => false,
    };
    let verified = verify(season, &answer);
    findings.extend(verified.findings.into_iter().filter(|f| !silent(f.property)));
    let bytes = AnswerBytes {
        placements,
        cutoffs: cutoffs.unwrap_or_default(),
        reasons: reasons.unwrap_or_default(),
    };
    spelling(season, &answer, &bytes, &mut findings);
    if let Some(certificate) = certificate.filter(|_| whole) {
        findings.extend(check_certificate(season, &answer, &bytes, &certificate));
    }
    let mut report = Report::of(findings);
    for (property, more) in verified.omitted.into_iter().filter(|(p, _)| !silent(*p)) {
        match report.omitted.iter_mut().find(|(p, _)| *p == property) {
            Some((_, omitted)) => *omitted += more,
            None => report.omitted.push((property, more)),
        }
    }
    Ok(report)
}

/// The files must be byte for byte what the answer they say is written as.
fn spelling(season: &Season, answer: &Answer, bytes: &AnswerBytes, findings: &mut Vec<Finding>) {
    let due = [
        (FILES[0], Property::Outcomes, answer_csv::placements(season, answer), &bytes.placements),
        (FILES[1], Property::Figures, answer_csv::cutoffs(season, answer), &bytes.cutoffs),
        (FILES[2], Property::Reasons, answer_csv::reasons(season, answer), &bytes.reasons),
    ];
    for (file, property, due, given) in due {
        if due == *given || given.is_empty() || findings.iter().any(|f| f.property == property) {
            continue;
        }
        let lines = due.split(|&b| b == b'\n').zip(given.split(|&b| b == b'\n'));
        let row = 1 + lines.take_while(|(d, g)| d == g).count();
        let detail = format!("{file} 第 {row} 行的写法与约定的格式不同");
        findings.push(Finding::new(property, vec![], &detail));
    }
}

/// Reads the files of one answer and gathers what is wrong with them.
struct Reading<'s> {
    season: &'s Season,
    schools: FxHashMap<&'s str, SchoolIx>,
    findings: Vec<Finding>,
}

/// One row being read: where it is, and its cells.
struct Cells<'r> {
    file: &'static str,
    property: Property,
    row: usize,
    cells: &'r csv::StringRecord,
}

impl Cells<'_> {
    fn get(&self, at: usize) -> &str {
        self.cells.get(at).unwrap_or_default()
    }

    fn finding(&self, what: &str) -> Finding {
        let detail = format!("{} 第 {} 行{what}", self.file, self.row);
        Finding::new(self.property, vec![], &detail)
    }
}

impl<'s> Reading<'s> {
    fn new(season: &'s Season) -> Self {
        let schools = season.schools().iter().enumerate();
        Self {
            season,
            schools: schools.map(|(at, s)| (s.id.as_str(), SchoolIx::from(at))).collect(),
            findings: Vec::new(),
        }
    }

    /// The bytes of a file; one that is not there, no regular file or too large is a finding.
    fn file(
        &mut self,
        folder: &Path,
        name: &'static str,
        property: Property,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let path = folder.join(name);
        let most = if name == FILES[3] { files::MOST_CERTIFICATE } else { files::MOST_CSV };
        match files::read_regular(&path, most) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                self.findings.push(Finding::new(property, vec![], &format!("缺少 {name}")));
                Ok(None)
            }
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                self.findings.push(Finding::new(property, vec![], &format!("{name}：{error}")));
                Ok(None)
            }
            Err(error) => Err(Failure::io(&path)(error)),
        }
    }

    /// Calls `each` for every row below a header that must be exactly `header`.
    fn rows(
        &mut self,
        (file, property): (&'static str, Property),
        bytes: &[u8],
        header: &str,
        mut each: impl FnMut(&mut Self, &Cells<'_>) -> Result<(), String>,
    ) {
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
        let mut cells = csv::StringRecord::new();
        let columns = header.split(',').count();
        let mut row = 0;
        loop {
            row += 1;
            let found = reader.read_record(&mut cells);
            let at = Cells { file, property, row, cells: &cells };
            match found {
                Ok(true) if row == 1 => {
                    if cells.iter().ne(header.split(',')) {
                        let finding = at.finding(&format!("的表头应为 {header}"));
                        self.findings.push(finding);
                        return;
                    }
                }
                Ok(true) => {
                    let read = if cells.len() == columns {
                        each(self, &at)
                    } else {
                        Err(format!("应有 {columns} 列，实有 {} 列", cells.len()))
                    };
                    if let Err(what) = read {
                        self.findings.push(at.finding(&format!("：{what}")));
                    }
                }
                Ok(false) => {
                    if row == 1 {
                        self.findings.push(at.finding("：文件是空的"));
                    }
                    return;
                }
                Err(_) => {
                    // The reader goes on behind a row that is not UTF-8; anything else ends it.
                    self.findings.push(at.finding("：不是 UTF-8 文本或不成一行"));
                    if reader.is_done() {
                        return;
                    }
                }
            }
        }
    }

    fn batch(&self, id: &str) -> Result<BatchIx, String> {
        self.season.policy().batch_ix(id).ok_or_else(|| format!("没有批次 {id}"))
    }

    fn category(&self, id: &str) -> Result<CategoryIx, String> {
        self.season.policy().category_ix(id).ok_or_else(|| format!("没有类别 {id}"))
    }

    fn school(&self, id: &str) -> Result<SchoolIx, String> {
        self.schools.get(id).copied().ok_or_else(|| format!("没有学校 {id}"))
    }

    fn applicant(&self, id: &str) -> Result<ApplicantIx, String> {
        self.season.find_applicant(id).ok_or_else(|| format!("没有考生 {id}"))
    }

    fn placements(&mut self, bytes: &[u8]) -> Vec<Outcome> {
        let count = self.season.applicants().len();
        let mut outcomes: Vec<Option<Outcome>> = vec![None; count];
        let mut before: Option<ApplicantIx> = None;
        let header = "applicant_id,outcome,batch,position,school_id,category,total";
        self.rows((FILES[0], Property::Outcomes), bytes, header, |reading, cells| {
            let applicant = reading.applicant(cells.get(0))?;
            let id = reading.season.applicant(applicant).id.clone();
            let outcome = reading.outcome(cells).map_err(|e| format!("（考生 {id}）{e}"))?;
            if let Some(first) = outcomes[applicant.at()] {
                let twice = first.seat().is_some() && outcome.seat().is_some();
                let property = if twice { Property::OneSeat } else { Property::Outcomes };
                let detail = format!("考生 {id} 在 {} 出现两行", FILES[0]);
                reading.findings.push(Finding::new(property, vec![id], &detail));
                return Ok(());
            }
            outcomes[applicant.at()] = Some(outcome);
            if before.is_some_and(|b| b > applicant) {
                reading.findings.push(cells.finding("没有按考生排列"));
            }
            before = Some(applicant);
            let total = reading.season.applicant(applicant).total;
            if cells.get(6) != total.to_string() {
                return Err(format!("考生 {id} 总分为 {total}，结果中是 {}", cells.get(6)));
            }
            Ok(())
        });
        for (at, _) in outcomes.iter().enumerate().filter(|(_, o)| o.is_none()) {
            let id = self.season.applicant(ApplicantIx::from(at)).id.clone();
            let detail = format!("考生 {id} 在 {} 没有一行", FILES[0]);
            self.findings.push(Finding::new(Property::Outcomes, vec![id], &detail));
        }
        outcomes.into_iter().map(|o| o.unwrap_or(Outcome::Unplaced)).collect()
    }

    fn outcome(&self, cells: &Cells<'_>) -> Result<Outcome, String> {
        let blank = (2..6).all(|at| cells.get(at).is_empty());
        let word = cells.get(1);
        let seatless = match word {
            "unplaced" => Some(Outcome::Unplaced),
            "barred" => Some(Outcome::Barred),
            "no_wishes" => Some(Outcome::NoWishes),
            "placed" | "adjusted" => None,
            other => return Err(format!("没有结果类别 {other}")),
        };
        if let Some(outcome) = seatless {
            return if blank {
                Ok(outcome)
            } else {
                Err(format!("{word} 不应有学校或志愿"))
            };
        }
        let batch = self.batch(cells.get(2))?;
        let position: u16 = number(cells.get(3))?;
        let school = self.school(cells.get(4))?;
        let category = self.category(cells.get(5))?;
        match (word, position) {
            ("adjusted", 0) => Ok(Outcome::Adjusted { batch, school, category }),
            ("adjusted", _) => Err("调剂录取的志愿序号应为 0".to_owned()),
            (_, 0) => Err("录取的志愿序号应从 1 起".to_owned()),
            _ => Ok(Outcome::Placed { batch, position, school, category }),
        }
    }

    fn cutoffs(&mut self, bytes: &[u8]) -> Vec<Line> {
        let mut lines = Vec::new();
        let header = "batch,school_id,category,junior_id,seats,placed,full,lowest_total,\
                      lowest_position,floor";
        self.rows((FILES[1], Property::Figures), bytes, header, |reading, cells| {
            let junior = match cells.get(3) {
                "" => None,
                id => Some(reading.school(id)?),
            };
            let line = Line {
                batch: reading.batch(cells.get(0))?,
                school: reading.school(cells.get(1))?,
                category: reading.category(cells.get(2))?,
                junior,
                seats: number(cells.get(4))?,
                placed: number(cells.get(5))?,
                lowest_total: score(cells.get(7))?,
                lowest_position: match cells.get(8) {
                    "" => None,
                    text => Some(number(text)?),
                },
                floor: score(cells.get(9))?,
            };
            let full = if line.full() { "yes" } else { "no" };
            lines.push(line);
            if cells.get(6) == full {
                Ok(())
            } else {
                let (seats, placed) = (line.seats, line.placed);
                Err(format!(
                    "名额 {seats}、录取 {placed}，录满应为 {full}，结果中是 {}",
                    cells.get(6)
                ))
            }
        });
        lines
    }

    fn reasons(&mut self, bytes: &[u8]) -> Vec<Reason> {
        let mut reasons = Vec::new();
        let header = "applicant_id,batch,position,school_id,category,reason,detail";
        self.rows((FILES[2], Property::Reasons), bytes, header, |reading, cells| {
            let category = reading.category(cells.get(4))?;
            reasons.push(Reason {
                applicant: reading.applicant(cells.get(0))?,
                batch: reading.batch(cells.get(1))?,
                position: number(cells.get(2))?,
                school: reading.school(cells.get(3))?,
                category,
                kind: reading.kind(cells.get(5), category)?,
                bound: score(cells.get(6))?,
            });
            Ok(())
        });
        reasons
    }

    fn kind(&self, word: &str, category: CategoryIx) -> Result<ReasonKind, String> {
        let predicate = |key: &str| -> Option<Predicate> {
            let eligible = &self.season.policy().category(category).eligible;
            eligible.iter().find(|p| p.key() == key).cloned()
        };
        match word {
            "no_seats" => Ok(ReasonKind::NoSeats),
            "out_of_region" => Ok(ReasonKind::OutOfRegion),
            "below_floor" => Ok(ReasonKind::BelowFloor),
            "below_cutoff" => Ok(ReasonKind::BelowCutoff),
            other => other
                .strip_prefix("ineligible:")
                .and_then(predicate)
                .map(ReasonKind::Ineligible)
                .ok_or_else(|| format!("该类别没有理由 {other}")),
        }
    }

    fn certificate(&mut self, bytes: &[u8]) -> Option<Certificate> {
        serde_json::from_slice(bytes)
            .map_err(|error| {
                let detail = format!("{} 无法读取（{error}）", FILES[3]);
                self.findings.push(Finding::new(Property::Digests, vec![], &detail));
            })
            .ok()
    }

    fn frozen(&mut self, certificate: &Certificate) -> Vec<FrozenLine> {
        let mut frozen = Vec::new();
        for line in &certificate.frozen {
            let read = || -> Result<FrozenLine, String> {
                Ok(FrozenLine {
                    batch: self.batch(&line.batch)?,
                    school: self.school(&line.school)?,
                    category: self.category(&line.category)?,
                    total: score(&line.total)?.ok_or("冻结线没有分数")?,
                })
            };
            match read() {
                Ok(line) => frozen.push(line),
                Err(what) => {
                    let detail = format!("{} 的冻结线：{what}", FILES[3]);
                    self.findings.push(Finding::new(Property::Figures, vec![], &detail));
                }
            }
        }
        frozen
    }
}

fn number<N: std::str::FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("{text} 不是应有的数字"))
}

fn score(text: &str) -> Result<Option<Score>, String> {
    match text {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| format!("{text} 不是分数")),
    }
}
