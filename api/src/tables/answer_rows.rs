//! The rows of an answer to an answer of a season, strictly. What is wrong with a row is a finding.
//!
//! Policy: SPEC §6.

use csv::StringRecord;
use luqu_engine::domain::{
    Answer, ApplicantIx, BatchIx, CategoryIx, FrozenLine, Line, Outcome, Reason, ReasonKind,
    SchoolIx, Score, Season,
};
use luqu_engine::policy::Predicate;
use luqu_engine::verify::{Certificate, Finding, Property};
use rustc_hash::{FxHashMap, FxHashSet};

use super::answer_files::{AnswerFiles, CERTIFICATE, Part, different_line};

/// The property that a part of an answer speaks of.
pub(super) const fn property_of(part: Part) -> Property {
    match part {
        Part::Placements => Property::Outcomes,
        Part::Cutoffs => Property::Figures,
        Part::Reasons => Property::Reasons,
    }
}

/// The answer that the files say, and what is wrong with them. A part that is missing says nothing.
pub(super) fn answer_of(
    season: &Season,
    files: &AnswerFiles,
) -> (Answer, Option<Certificate>, Vec<Finding>) {
    let schools = season.schools().iter().enumerate();
    let mut reading = Reading {
        season,
        files,
        schools: schools.map(|(at, s)| (s.id.as_str(), SchoolIx::from(at))).collect(),
        findings: Vec::new(),
    };
    for (part, words) in &files.missing {
        let property = part.map_or(Property::Digests, property_of);
        reading.findings.push(Finding::new(property, vec![], words));
    }
    let mut answer = Answer::default();
    if files.has(Part::Placements) {
        answer.outcomes = reading.placements();
    }
    answer.lines = reading.cutoffs();
    answer.reasons = reading.reasons(&answer.lines);
    let certificate = files.certificate.as_deref().and_then(|bytes| reading.certificate(bytes));
    if let Some(certificate) = &certificate {
        answer.frozen = reading.frozen(certificate);
    }
    (answer, certificate, reading.findings)
}

/// Reads the files of one answer and gathers what is wrong with them.
struct Reading<'s> {
    season: &'s Season,
    files: &'s AnswerFiles,
    schools: FxHashMap<&'s str, SchoolIx>,
    findings: Vec<Finding>,
}

fn cell(cells: &StringRecord, at: usize) -> &str {
    cells.get(at).unwrap_or_default()
}

impl Reading<'_> {
    /// Calls `each` for every row; what it says is wrong is a finding at the row.
    fn rows(
        &mut self,
        part: Part,
        mut each: impl FnMut(&mut Self, &StringRecord) -> Result<(), String>,
    ) {
        let files = self.files;
        files.rows(part, self.season.policy(), |at, cells| {
            let read = cells.and_then(|cells| each(self, cells).map_err(|e| format!("：{e}")));
            if let Err(what) = read {
                let detail = format!("{}{what}", files.place(part, at));
                self.findings.push(Finding::new(property_of(part), vec![], &detail));
            }
        });
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

    fn placements(&mut self) -> Vec<Outcome> {
        let count = self.season.applicants().len();
        let mut outcomes: Vec<Option<Outcome>> = vec![None; count];
        let mut before: Option<ApplicantIx> = None;
        let name = self.files.name(Part::Placements);
        self.rows(Part::Placements, |reading, cells| {
            let applicant = reading.applicant(cell(cells, 0))?;
            let id = reading.season.applicant(applicant).id.clone();
            let outcome = reading.outcome(cells).map_err(|e| format!("（考生 {id}）{e}"))?;
            if let Some(first) = outcomes[applicant.at()] {
                let twice = first.seat().is_some() && outcome.seat().is_some();
                let property = if twice { Property::OneSeat } else { Property::Outcomes };
                let detail = format!("考生 {id} 在 {name} 出现两行");
                reading.findings.push(Finding::new(property, vec![id], &detail));
                return Ok(());
            }
            outcomes[applicant.at()] = Some(outcome);
            let disordered = before.is_some_and(|b| b > applicant);
            before = Some(applicant);
            let total = reading.season.applicant(applicant).total;
            if cell(cells, 6) != total.to_string() {
                return Err(format!("考生 {id} 总分为 {total}，结果中是 {}", cell(cells, 6)));
            }
            if disordered { Err("没有按考生排列".to_owned()) } else { Ok(()) }
        });
        for (at, _) in outcomes.iter().enumerate().filter(|(_, o)| o.is_none()) {
            let id = self.season.applicant(ApplicantIx::from(at)).id.clone();
            let detail = format!("考生 {id} 在 {name} 没有一行");
            self.findings.push(Finding::new(Property::Outcomes, vec![id], &detail));
        }
        outcomes.into_iter().map(|o| o.unwrap_or(Outcome::Unplaced)).collect()
    }

    fn outcome(&self, cells: &StringRecord) -> Result<Outcome, String> {
        let blank = (2..6).all(|at| cell(cells, at).is_empty());
        let word = cell(cells, 1);
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
        let batch = self.batch(cell(cells, 2))?;
        let position: u16 = number(cell(cells, 3))?;
        let school = self.school(cell(cells, 4))?;
        let category = self.category(cell(cells, 5))?;
        match (word, position) {
            ("adjusted", 0) => Ok(Outcome::Adjusted { batch, school, category }),
            ("adjusted", _) => Err("调剂录取的志愿序号应为 0".to_owned()),
            (_, 0) => Err("录取的志愿序号应从 1 起".to_owned()),
            _ => Ok(Outcome::Placed { batch, position, school, category }),
        }
    }

    fn cutoffs(&mut self) -> Vec<Line> {
        let mut lines = Vec::new();
        self.rows(Part::Cutoffs, |reading, cells| {
            let junior = match cell(cells, 3) {
                "" => None,
                id => Some(reading.school(id)?),
            };
            let line = Line {
                batch: reading.batch(cell(cells, 0))?,
                school: reading.school(cell(cells, 1))?,
                category: reading.category(cell(cells, 2))?,
                junior,
                seats: number(cell(cells, 4))?,
                placed: number(cell(cells, 5))?,
                lowest_total: score(cell(cells, 7))?,
                lowest_position: match cell(cells, 8) {
                    "" => None,
                    text => Some(number(text)?),
                },
                floor: score(cell(cells, 9))?,
            };
            let full = if line.full() { "yes" } else { "no" };
            lines.push(line);
            if cell(cells, 6) == full {
                Ok(())
            } else {
                let (seats, placed) = (line.seats, line.placed);
                Err(format!(
                    "名额 {seats}、录取 {placed}，录满应为 {full}，结果中是 {}",
                    cell(cells, 6)
                ))
            }
        });
        lines
    }

    fn reasons(&mut self, lines: &[Line]) -> Vec<Reason> {
        let mut reasons = Vec::new();
        let classes: FxHashSet<_> =
            lines.iter().map(|l| (l.batch, l.school, l.category, l.junior)).collect();
        self.rows(Part::Reasons, |reading, cells| {
            let category = reading.category(cell(cells, 4))?;
            let mut reason = Reason {
                applicant: reading.applicant(cell(cells, 0))?,
                batch: reading.batch(cell(cells, 1))?,
                position: number(cell(cells, 2))?,
                school: reading.school(cell(cells, 3))?,
                category,
                kind: reading.kind(cell(cells, 5), category)?,
                bound: score(cell(cells, 6))?,
            };
            // A missing class and an empty one have the same word in the files.
            let junior = reading.season.applicant(reason.applicant).junior;
            let class = |junior| (reason.batch, reason.school, category, junior);
            if reason.kind == ReasonKind::NoSeats
                && !classes.contains(&class(None))
                && !classes.contains(&class(Some(junior)))
            {
                reason.kind = ReasonKind::NoClass;
            }
            reasons.push(reason);
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
        let read = match serde_json::from_slice::<Certificate>(bytes) {
            Ok(certificate) => match different_line(&certificate.to_bytes(), bytes) {
                None => return Some(certificate),
                Some(row) => {
                    let words = format!("{CERTIFICATE} 第 {row} 行的写法与约定的格式不同");
                    (Some(certificate), words)
                }
            },
            Err(error) => (None, format!("{CERTIFICATE} 无法读取（{error}）")),
        };
        self.findings.push(Finding::new(Property::Digests, vec![], &read.1));
        read.0
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
                    let detail = format!("{} 的冻结线：{what}", CERTIFICATE);
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
