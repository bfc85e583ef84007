//! Who shares a class and who may not: the optional table 分班要求 (`pupils`).

use rustc_hash::FxHashMap;

use crate::domain::{ApplicantIx, Fault, FaultCode, Season, Table, Text};
use crate::sections::Combination;

/// A row of `pupils` as read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PupilRow {
    /// 报名号
    pub applicant: Option<Text>,
    /// What the row asks for.
    pub wants: Wants,
}

/// What a row of `pupils` asks for; a blank cell asks for nothing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Wants {
    /// 同班组: pupils of one school with the same word share a class.
    pub together: Option<Text>,
    /// 分班组: no two pupils with the same word share a class.
    pub apart: Option<Text>,
    /// 专项队: a squad trains together and shares a class.
    pub squad: Option<Text>,
    /// 住宿: boarders are spread evenly. Blank is no, where anybody of the school says yes or no.
    pub boarding: Option<bool>,
    /// 选科组合: pupils of one combination share classes as far as the balance allows. Once checked, the short name of one of the
    /// twelve of 3+1+2, however it was written.
    pub combination: Option<Text>,
}

/// The table, checked: every row is of an applicant, nobody has two.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Groups {
    rows: FxHashMap<ApplicantIx, Wants>,
}

impl Groups {
    /// Checks the rows, given with their numbers in the file. Rows without a readable key are passed over, since the
    /// reader has reported them; applicants who are admitted nowhere may stand in the table.
    ///
    /// # Errors
    /// Unknown applicants and repeated ones, and what is no combination, in the order of the file.
    pub fn check(season: &Season, rows: Vec<(u32, PupilRow)>) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut first: FxHashMap<ApplicantIx, u32> = FxHashMap::default();
        let mut groups = Self::default();
        for (number, mut row) in rows {
            if let Some(word) = &row.wants.combination {
                match word.parse::<Combination>() {
                    Ok(combination) => row.wants.combination = Some(combination.to_string().into()),
                    Err(_) => faults.push(
                        Fault::at(FaultCode::BadValue, Table::Pupils, number, "combination")
                            .found(word)
                            .expected("物理、历史中一门，化学、生物、政治、地理中两门，如 物化生")
                            .help("请核对选科组合"),
                    ),
                }
            }
            let Some(id) = row.applicant else { continue };
            let at = |code| Fault::at(code, Table::Pupils, number, "applicant_id").found(&id);
            let Some(applicant) = season.find_applicant(&id) else {
                let expected = "“考生”表中的报名号";
                faults.push(at(FaultCode::UnknownCode).expected(expected).help("请核对报名号"));
                continue;
            };
            if let Some(earlier) = first.insert(applicant, number) {
                let expected = format!("每名学生一行；第 {earlier} 行已有");
                faults.push(at(FaultCode::DuplicateKey).expected(expected).help("请合并为一行"));
                continue;
            }
            groups.rows.insert(applicant, row.wants);
        }
        if faults.is_empty() { Ok(groups) } else { Err(faults) }
    }

    /// What the table asks for one applicant.
    #[must_use]
    pub fn of(&self, applicant: ApplicantIx) -> Option<&Wants> {
        self.rows.get(&applicant)
    }
}
