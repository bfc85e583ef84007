//! The hand-over list 统一招生名单 for the registry system: CSV and workbook, with Chinese headings or with the codes
//! of the education data standard (JY/T 1001 style).
//!
//! It is the one list that holds id numbers. Who may be on it is not decided here.

use luqu_engine::domain::{Gender, id_number};
use rust_xlsxwriter::{Workbook, Worksheet, XlsxError};

use super::people::{people_csv, program_csv};
use super::style::{Cell, Column, Styles, failed, page, signed_table, table};
use crate::error::Failure;

/// A student to be registered.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Student {
    /// 学校代码
    pub school_id: String,
    /// 学校名称
    pub school: String,
    /// 报名号
    pub applicant_id: String,
    /// 姓名
    pub name: String,
    /// 性别
    pub gender: Option<Gender>,
    /// 证件号码
    pub id_number: Option<String>,
    /// 学籍号, as the applicant gave it.
    pub registry_no: String,
    /// 毕业学校代码
    pub junior_id: String,
    /// 毕业学校
    pub junior: String,
    /// 批次, in Chinese.
    pub batch: String,
    /// 类别, in Chinese.
    pub category: String,
    /// 计划文号
    pub approval_no: String,
    /// 班号, once classes are formed.
    pub class_no: String,
    /// 准入状态
    pub standing: &'static str,
}

/// How the columns are headed and coded.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Headings {
    /// 中文: headings and values in words.
    #[default]
    Chinese,
    /// XM XBM CSRQ …: headings and values are codes.
    Codes,
}

/// A column: code, Chinese heading, width, and what its codes mean.
struct Field {
    code: &'static str,
    label: &'static str,
    width: f64,
    meaning: &'static str,
    value: fn(&Student, &Intake, Headings) -> String,
}

/// When the students come in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Intake {
    /// The year of the season.
    pub year: u16,
}

const fn field(
    code: &'static str,
    label: &'static str,
    width: f64,
    meaning: &'static str,
    value: fn(&Student, &Intake, Headings) -> String,
) -> Field {
    Field { code, label, width, meaning, value }
}

const FIELDS: &[Field] = &[
    field("XXDM", "学校代码", 14.0, "招生高中在本季的学校代码", |s, _, _| {
        s.school_id.clone()
    }),
    field("XXMC", "学校名称", 26.0, "", |s, _, _| s.school.clone()),
    field("KSH", "报名号", 18.0, "考生报名号", |s, _, _| s.applicant_id.clone()),
    field("XM", "姓名", 12.0, "", |s, _, _| s.name.clone()),
    field("XBM", "性别", 8.0, "GB/T 2261.1：1 男，2 女，0 未知", gender),
    field("CSRQ", "出生日期", 12.0, "YYYYMMDD，取自公民身份号码", |s, _, _| {
        birth_date(s)
    }),
    field("SFZJLXM", "证件类型", 12.0, "1 居民身份证；空白为其他证件，请人工填写", id_kind),
    field("SFZJH", "证件号码", 22.0, "", |s, _, _| s.id_number.clone().unwrap_or_default()),
    field("MZM", "民族", 8.0, "GB/T 3304；报名未采集，由学籍系统补录", |_, _, _| String::new()),
    field("XJH", "学籍号", 24.0, "初中学籍号，高中学籍由此接续", |s, _, _| {
        s.registry_no.clone()
    }),
    field("BYXXDM", "毕业学校代码", 14.0, "", |s, _, _| s.junior_id.clone()),
    field("BYXXMC", "毕业学校", 26.0, "", |s, _, _| s.junior.clone()),
    field("LQPC", "录取批次", 14.0, "", |s, _, _| s.batch.clone()),
    field("ZSLB", "招生类别", 14.0, "", |s, _, _| s.category.clone()),
    field("JHWH", "计划文号", 22.0, "批准该席位的文件号", |s, _, _| {
        s.approval_no.clone()
    }),
    field("RXNY", "入学年月", 10.0, "YYYYMM", |_, i, _| format!("{}09", i.year)),
    field("RXFS", "入学方式", 14.0, "统一招生考试", |_, _, _| "统一招生考试".to_owned()),
    field("BH", "班号", 8.0, "未分班为空", |s, _, _| s.class_no.clone()),
    field("ZRZT", "准入状态", 12.0, "可建学籍或已建学籍", |s, _, _| {
        s.standing.to_owned()
    }),
];

fn gender(student: &Student, _: &Intake, headings: Headings) -> String {
    match (headings, student.gender) {
        (Headings::Chinese, gender) => gender.map_or("", Gender::label),
        (Headings::Codes, Some(Gender::Male)) => "1",
        (Headings::Codes, Some(Gender::Female)) => "2",
        (Headings::Codes, None) => "0",
    }
    .to_owned()
}

/// Whether the number is a resident identity number whose check digit is right.
fn resident(student: &Student) -> Option<&str> {
    let number = student.id_number.as_deref()?;
    let digits = number.len() == 18 && number.as_bytes()[..17].iter().all(u8::is_ascii_digit);
    (digits && id_number::check(number).is_ok()).then_some(number)
}

fn birth_date(student: &Student) -> String {
    resident(student).and_then(|n| n.get(6..14)).unwrap_or_default().to_owned()
}

fn id_kind(student: &Student, _: &Intake, headings: Headings) -> String {
    match (resident(student), headings) {
        (None, _) => "",
        (Some(_), Headings::Chinese) => "居民身份证",
        (Some(_), Headings::Codes) => "1",
    }
    .to_owned()
}

/// The bytes of the CSV: UTF-8 with BOM, nothing that can act as a formula. Under Chinese headings ids are text to a
/// spreadsheet; codes are for a program, which wants the numbers and nothing behind them.
#[must_use]
pub fn csv(students: &[Student], intake: Intake, headings: Headings) -> Vec<u8> {
    let head: Vec<&str> = FIELDS.iter().map(|f| heading(f, headings)).collect();
    let row = |s: &Student| -> Vec<String> {
        FIELDS.iter().map(|f| (f.value)(s, &intake, headings)).collect()
    };
    match headings {
        Headings::Chinese => people_csv(&head, students.iter().map(row)),
        Headings::Codes => program_csv(&head, students.iter().map(row)),
    }
}

const fn heading(field: &Field, headings: Headings) -> &'static str {
    match headings {
        Headings::Chinese => field.label,
        Headings::Codes => field.code,
    }
}

/// The bytes of the workbook: the list with rows to sign, what the codes mean, and the proof of what it rests on.
///
/// # Errors
/// `Internal`.
pub fn workbook(
    students: &[Student],
    intake: Intake,
    headings: Headings,
    proof: &[(&str, String)],
) -> Result<Vec<u8>, Failure> {
    let mut book = Workbook::new();
    let styles = Styles::new();
    let columns: Vec<Column> =
        FIELDS.iter().map(|f| Column { title: heading(f, headings), width: f.width }).collect();
    let signed = [(1, "制表人"), (4, "复核人"), (7, "负责人"), (9, "盖章"), (11, "日期")];
    let rows = students.iter();
    signed_table(
        &mut book,
        &styles,
        "统一招生名单",
        &columns,
        rows,
        |s, cells| {
            cells.extend(FIELDS.iter().map(|f| Cell::Owned((f.value)(s, &intake, headings))));
        },
        &signed,
    )?;
    if headings == Headings::Codes {
        let titles = ["代码", "名称", "取值"].map(|title| Column { title, width: 24.0 });
        table(&mut book, &styles, "代码表", &titles, FIELDS.iter(), |f, cells| {
            cells.extend([f.code, f.label, f.meaning].map(Cell::Text));
        })?;
    }
    prove(book.add_worksheet(), &styles, proof).map_err(failed)?;
    book.save_to_buffer().map_err(failed)
}

fn prove(
    sheet: &mut Worksheet,
    styles: &Styles,
    proof: &[(&str, String)],
) -> Result<(), XlsxError> {
    page(sheet.set_name("凭证")?);
    sheet.set_column_width(0, 20)?.set_column_width(1, 96)?;
    sheet.write_with_format(0, 0, "统一招生名单凭证", &styles.title)?;
    for (row, (what, value)) in (2..).zip(proof) {
        sheet.write_with_format(row, 0, *what, &styles.heading)?;
        sheet.write_string_with_format(row, 1, value, &styles.words)?;
    }
    Ok(())
}
