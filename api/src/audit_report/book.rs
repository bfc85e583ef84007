//! `violations.xlsx`: a sheet with one row per rule and links, then one sheet per rule that found
//! something. Ids are text; the header stays on screen and on every printed page.

use luqu_engine::domain::{Severity, digest};
use rust_xlsxwriter::{
    Color, Format, FormatAlign, FormatBorder, Url, Workbook, Worksheet, XlsxError,
};

use super::{ByRule, Findings, violations_csv};
use crate::error::Failure;

/// The sheet of the summary.
const SUMMARY: &str = "总表";

/// The most rows of a sheet, its header included.
const MOST_ROWS: usize = 1_048_576;

/// The bytes of the workbook.
///
/// # Errors
/// `Internal` when the workbook cannot be made.
pub fn workbook(findings: &Findings<'_>) -> Result<Vec<u8>, Failure> {
    make(findings).map_err(|e| Failure::Internal(format!("违规台账工作簿：{e}")))
}

struct Looks {
    title: Format,
    soft: Format,
    head: Format,
    text: Format,
    wrap: Format,
    number: Format,
    bad: Format,
    link: Format,
}

impl Looks {
    fn new() -> Self {
        let base = Format::new().set_font_name("Microsoft YaHei").set_font_size(10);
        let cell = base
            .clone()
            .set_align(FormatAlign::Top)
            .set_border_bottom(FormatBorder::Thin)
            .set_border_bottom_color(Color::RGB(0xd1_d9_e0));
        let text = cell.clone().set_num_format("@");
        Self {
            title: base.clone().set_bold().set_font_size(16),
            soft: base.set_font_color(Color::RGB(0x59_63_6e)),
            head: cell
                .clone()
                .set_bold()
                .set_align(FormatAlign::VerticalCenter)
                .set_background_color(Color::RGB(0xf6_f8_fa))
                .set_border_bottom(FormatBorder::Medium),
            wrap: text.clone().set_text_wrap(),
            number: cell.set_align(FormatAlign::Right).set_num_format("#,##0"),
            bad: text.clone().set_bold().set_font_color(Color::RGB(0xa4_16_0b)),
            link: text
                .clone()
                .set_font_color(Color::RGB(0x0b_57_a4))
                .set_underline(rust_xlsxwriter::FormatUnderline::Single),
            text,
        }
    }
}

fn make(findings: &Findings<'_>) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let looks = Looks::new();
    let rules = findings.by_rule();
    summary(book.add_worksheet(), findings, &rules, &looks)?;
    for rule in rules.iter().filter(|r| !r.violations.is_empty()) {
        sheet(book.add_worksheet(), findings, rule, &looks)?;
    }
    book.save_to_buffer()
}

fn page(sheet: &mut Worksheet, findings: &Findings<'_>, head_row: u32) -> Result<(), XlsxError> {
    let policy = findings.season.policy();
    sheet.set_paper_size(9).set_landscape().set_print_fit_to_pages(1, 0);
    sheet.set_header(format!("&L{} {}年&R违规核查单", policy.district, policy.year));
    sheet.set_footer("&L&A&R第 &P 页，共 &N 页");
    sheet.set_repeat_rows(head_row, head_row)?;
    sheet.set_freeze_panes(head_row + 1, 0)?;
    Ok(())
}

fn head(
    sheet: &mut Worksheet,
    row: u32,
    columns: &[(&str, f64)],
    looks: &Looks,
) -> Result<(), XlsxError> {
    for (at, (name, width)) in (0..).zip(columns) {
        sheet.write_string_with_format(row, at, *name, &looks.head)?;
        sheet.set_column_width(at, *width)?;
    }
    sheet.set_row_height(row, 22)?;
    Ok(())
}

fn summary(
    sheet: &mut Worksheet,
    findings: &Findings<'_>,
    rules: &[ByRule<'_>],
    looks: &Looks,
) -> Result<(), XlsxError> {
    let policy = findings.season.policy();
    sheet.set_name(SUMMARY)?;
    let title = format!("{} {} 年高中招生违规核查单", policy.district, policy.year);
    sheet.write_string_with_format(0, 0, title, &looks.title)?;
    let scope = format!("招生季 {} · 核查范围：{}", policy.id, findings.scope());
    sheet.write_string_with_format(1, 0, scope, &looks.soft)?;
    let columns = [
        ("代码", 8.0),
        ("规则", 16.0),
        ("违规", 8.0),
        ("提醒", 8.0),
        ("结果", 26.0),
        ("要求", 48.0),
        ("条款", 6.0),
        ("原文", 46.0),
    ];
    let top = 3;
    head(sheet, top, &columns, looks)?;
    for (row, r) in (top + 1..).zip(rules) {
        let code = r.rule.code.key();
        if r.violations.is_empty() {
            sheet.write_string_with_format(row, 0, code, &looks.text)?;
        } else {
            let url = Url::new(format!("internal:'{code}'!A1")).set_text(code);
            sheet.write_url_with_format(row, 0, url, &looks.link)?;
        }
        let state = if r.errors() > 0 { &looks.bad } else { &looks.text };
        sheet.write_string_with_format(row, 1, r.rule.name, &looks.text)?;
        sheet.write_number_with_format(row, 2, r.errors() as f64, &looks.number)?;
        sheet.write_number_with_format(row, 3, r.warnings() as f64, &looks.number)?;
        sheet.write_string_with_format(row, 4, r.state(), state)?;
        sheet.write_string_with_format(row, 5, r.rule.demand, &looks.wrap)?;
        sheet.write_string_with_format(row, 6, r.rule.item, &looks.text)?;
        sheet.write_string_with_format(row, 7, r.rule.quote, &looks.wrap)?;
    }
    let end = top + 2 + u32::try_from(rules.len()).unwrap_or(0);
    let digest = digest::of_bytes(&violations_csv(findings.violations));
    let seal = format!("violations.csv 的 SHA-256 摘要：{digest}");
    sheet.write_string_with_format(end, 0, seal, &looks.soft)?;
    sheet.write_string_with_format(end + 2, 1, "核查人：", &looks.soft)?;
    sheet.write_string_with_format(end + 2, 4, "复核人：", &looks.soft)?;
    sheet.write_string_with_format(end + 2, 5, "日期：", &looks.soft)?;
    page(sheet, findings, top)
}

fn sheet(
    sheet: &mut Worksheet,
    findings: &Findings<'_>,
    by_rule: &ByRule<'_>,
    looks: &Looks,
) -> Result<(), XlsxError> {
    let rule = by_rule.rule;
    sheet.set_name(rule.code.key())?;
    let title = format!("{} {}：{}", rule.code, rule.name, by_rule.state());
    sheet.write_string_with_format(0, 0, title, &looks.title)?;
    let law = format!("{} 依据：实施方案第{}条「{}」", rule.demand, rule.item, rule.quote);
    sheet.write_string_with_format(1, 0, law, &looks.soft)?;
    let back = Url::new(format!("internal:'{SUMMARY}'!A1")).set_text("返回总表");
    sheet.write_url_with_format(2, 0, back, &looks.link)?;
    let columns = [
        ("级别", 8.0),
        ("学校代码", 14.0),
        ("学校", 22.0),
        ("报名号", 18.0),
        ("批次", 14.0),
        ("类别", 12.0),
        ("发现", 24.0),
        ("规定", 24.0),
        ("条款", 6.0),
        ("说明", 70.0),
    ];
    let top = 4;
    head(sheet, top, &columns, looks)?;
    let season = findings.season;
    for (row, v) in (top + 1..).zip(by_rule.violations.iter().take(MOST_ROWS - 8)) {
        let (word, look) = match v.severity {
            Severity::Error => ("违规", &looks.bad),
            Severity::Warning => ("提醒", &looks.text),
        };
        let name = season.find_school(&v.school).map_or("", |s| &season.school(s).name);
        sheet.write_string_with_format(row, 0, word, look)?;
        let cells: [&str; 8] =
            [&v.school, name, &v.applicant, &v.batch, &v.category, &v.found, &v.allowed, &v.item];
        for (column, cell) in (1..).zip(cells) {
            let look = if matches!(column, 6 | 7) { &looks.wrap } else { &looks.text };
            sheet.write_string_with_format(row, column, cell, look)?;
        }
        sheet.write_string_with_format(row, 9, &v.detail, &looks.wrap)?;
    }
    page(sheet, findings, top)
}
