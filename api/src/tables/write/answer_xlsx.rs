//! `answer.xlsx`: the answer for people – 录取结果, 分数线, 原因 and 说明 with the digests and room to sign.

use luqu_engine::domain::{Answer, ApplicantIx, Line, Outcome, Reason, Season, digest};
use rust_xlsxwriter::{Format, FormatAlign, Workbook};

use super::style::{Cell, Column, Styles, failed, page, plain, table};
use super::words;
use crate::error::Failure;
use crate::interrupt;

/// A column of a sheet: its title, its width, and the column of the answer files that it says in people's
/// words; none for one that only helps to read.
type Titled = (&'static str, f64, &'static str);

/// The sheet 录取结果.
pub(in crate::tables) const PLACEMENTS: &[Titled] = &[
    ("报名号", 16.0, "applicant_id"),
    ("姓名", 12.0, ""),
    ("毕业学校", 24.0, ""),
    ("结果", 10.0, "outcome"),
    ("录取批次", 22.0, "batch"),
    ("志愿序号", 10.0, "position"),
    ("录取学校代码", 14.0, "school_id"),
    ("录取学校", 24.0, ""),
    ("类别", 14.0, "category"),
    ("总分", 10.0, "total"),
];

/// The sheet 分数线.
pub(in crate::tables) const CUTOFFS: &[Titled] = &[
    ("批次", 22.0, "batch"),
    ("学校代码", 12.0, "school_id"),
    ("招生学校", 24.0, ""),
    ("类别", 12.0, "category"),
    ("毕业学校代码", 14.0, "junior_id"),
    ("毕业学校", 24.0, ""),
    ("计划数", 9.0, "seats"),
    ("录取数", 9.0, "placed"),
    ("缺额", 8.0, ""),
    ("录满", 8.0, "full"),
    ("最低分", 9.0, "lowest_total"),
    ("末位志愿", 10.0, "lowest_position"),
    ("录取下限", 10.0, "floor"),
];

/// The sheet 原因.
pub(in crate::tables) const REASONS: &[Titled] = &[
    ("报名号", 16.0, "applicant_id"),
    ("姓名", 12.0, ""),
    ("批次", 22.0, "batch"),
    ("志愿序号", 10.0, "position"),
    ("学校代码", 12.0, "school_id"),
    ("志愿学校", 24.0, ""),
    ("类别", 12.0, "category"),
    ("未录取原因", 32.0, "reason"),
    ("分数界", 10.0, "detail"),
];

/// The names of the three sheets.
pub(in crate::tables) const SHEETS: [&str; 3] = ["录取结果", "分数线", "原因"];

fn columns(titled: &[Titled]) -> Vec<Column> {
    titled.iter().map(|&(title, width, _)| Column { title, width }).collect()
}

/// The bytes of the workbook. Ids are text; scores and counts are numbers.
///
/// # Errors
/// `Internal`; `Interrupted`.
pub(super) fn workbook(
    season: &Season,
    answer: &Answer,
    certificate: &[u8],
) -> Result<Vec<u8>, Failure> {
    let mut book = Workbook::new();
    let styles = Styles::new();
    let outcomes = answer.outcomes.iter().enumerate();
    table(
        &mut book,
        &styles,
        SHEETS[0],
        &columns(PLACEMENTS),
        outcomes,
        |(at, outcome), cells| {
            placement(season, ApplicantIx::from(at), *outcome, cells);
        },
    )?;
    interrupt::check()?;
    table(&mut book, &styles, SHEETS[1], &columns(CUTOFFS), answer.lines.iter(), |line, cells| {
        cutoff(season, line, cells);
    })?;
    table(
        &mut book,
        &styles,
        SHEETS[2],
        &columns(REASONS),
        answer.reasons.iter(),
        |reason, cells| {
            why(season, reason, cells);
        },
    )?;
    interrupt::check()?;
    notes(&mut book, &styles, season, answer, certificate)?;
    book.save_to_buffer().map_err(failed)
}

/// The cells of a row.
pub(in crate::tables) fn placement<'a>(
    season: &'a Season,
    applicant: ApplicantIx,
    outcome: Outcome,
    cells: &mut Vec<Cell<'a>>,
) {
    let person = season.applicant(applicant);
    let policy = season.policy();
    let seat = outcome.seat();
    cells.push(person.id.as_str().into());
    cells.push(person.name.as_str().into());
    cells.push(season.school(person.junior).name.as_str().into());
    cells.push(words::outcome(outcome).into());
    cells.push(seat.map(|(batch, ..)| policy.batch(batch).name.as_str()).into());
    cells.push(seat.map(|(_, position, ..)| u32::from(position)).into());
    cells.push(seat.map(|(_, _, school, _)| season.school(school).id.as_str()).into());
    cells.push(seat.map(|(_, _, school, _)| season.school(school).name.as_str()).into());
    cells.push(seat.map(|(.., category)| policy.category(category).name.as_str()).into());
    cells.push(person.total.into());
}

/// The cells of a row.
pub(in crate::tables) fn cutoff<'a>(season: &'a Season, line: &Line, cells: &mut Vec<Cell<'a>>) {
    let policy = season.policy();
    let school = season.school(line.school);
    cells.push(policy.batch(line.batch).name.as_str().into());
    cells.push(school.id.as_str().into());
    cells.push(school.name.as_str().into());
    cells.push(policy.category(line.category).name.as_str().into());
    cells.push(line.junior.map(|j| season.school(j).id.as_str()).into());
    cells.push(line.junior.map(|j| season.school(j).name.as_str()).into());
    cells.push(line.seats.into());
    cells.push(line.placed.into());
    cells.push(line.seats.saturating_sub(line.placed).into());
    cells.push(if line.full() { "是" } else { "否" }.into());
    cells.push(line.lowest_total.into());
    cells.push(line.lowest_position.map(u32::from).into());
    cells.push(line.floor.into());
}

/// The cells of a row.
pub(in crate::tables) fn why<'a>(season: &'a Season, reason: &Reason, cells: &mut Vec<Cell<'a>>) {
    let policy = season.policy();
    let person = season.applicant(reason.applicant);
    let school = season.school(reason.school);
    cells.push(person.id.as_str().into());
    cells.push(person.name.as_str().into());
    cells.push(policy.batch(reason.batch).name.as_str().into());
    cells.push(u32::from(reason.position).into());
    cells.push(school.id.as_str().into());
    cells.push(school.name.as_str().into());
    cells.push(policy.category(reason.category).name.as_str().into());
    cells.push(Cell::Owned(words::reason(&reason.kind)));
    cells.push(reason.bound.into());
}

/// What the terms mean; each a heading and a sentence.
const TERMS: [(&str, &str); 6] = [
    ("录取", "在所填志愿上录取；“志愿序号”是录取的那一个志愿。"),
    ("调剂录取", "志愿均未录取，按“服从调剂”录取到有缺额的学校；志愿序号记为 0。"),
    ("计划数", "本类别最终的名额，已计入退回和结转的名额。"),
    ("最低分", "末位录取考生的总分；未录满的学校只作参考，不是录取线。"),
    ("分数界", "原因为“低于录取下限”时是下限，为“排在录取线之后”时是录取线。"),
    ("核对", "用 luqu verify 可随时按原始数据重新核对本结果；摘要一致即内容一致。"),
];

fn notes(
    book: &mut Workbook,
    styles: &Styles,
    season: &Season,
    answer: &Answer,
    certificate: &[u8],
) -> Result<(), Failure> {
    let policy = season.policy();
    let count = |key: &str| answer.outcomes.iter().filter(|o| o.key() == key).count().to_string();
    let mut facts = vec![
        ("招生季", policy.id.clone()),
        ("考生", answer.outcomes.len().to_string()),
        ("录取", count("placed")),
        ("调剂录取", count("adjusted")),
        ("未录取", count("unplaced")),
        ("取消资格", count("barred")),
        ("未填志愿", count("no_wishes")),
        ("程序版本", env!("CARGO_PKG_VERSION").to_owned()),
        ("证书摘要", digest::of_bytes(certificate).to_string()),
    ];
    if let Ok(serde_json::Value::Object(fields)) = serde_json::from_slice(certificate)
        && let Some(digest) = fields.get("answer").and_then(serde_json::Value::as_str)
    {
        facts.push(("结果摘要", digest.to_owned()));
    }
    let sheet = book.add_worksheet();
    let mut write = || -> Result<(), rust_xlsxwriter::XlsxError> {
        page(sheet.set_name("说明")?).set_portrait();
        sheet.set_column_width(0, 16)?.set_column_width(1, 76)?;
        sheet.set_screen_gridlines(false);
        let title = format!("{} {} 年普通高中录取结果", policy.district, policy.year);
        sheet.set_row_height(0, 30)?;
        sheet.write_with_format(0, 0, title, &styles.title)?;
        let fact = Format::clone(&styles.words).set_num_format("@");
        let mut row = 2;
        for (name, value) in &facts {
            sheet.write_with_format(row, 0, *name, &styles.heading)?;
            sheet.write_with_format(row, 1, value, &fact)?;
            row += 1;
        }
        row += 1;
        for (term, meaning) in TERMS {
            sheet.write_with_format(row, 0, term, &styles.heading)?;
            sheet.write_with_format(row, 1, meaning, &styles.words)?;
            row += 1;
        }
        row += 1;
        let right = plain().set_align(FormatAlign::Bottom);
        for role in ["经办人", "复核人", "签发人", "日期"] {
            sheet.set_row_height(row, 32)?;
            sheet.write_with_format(row, 0, role, &right)?;
            sheet.write_blank(row, 1, &styles.blank_line)?;
            row += 1;
        }
        Ok(())
    };
    write().map_err(failed)
}
