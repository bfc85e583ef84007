//! `season.xlsx`: the workbook that a district fills in – one sheet per table of SPEC §3, with lists to
//! choose from, and the sheets 说明 and 代码表. A draft can be written into it.

use std::collections::BTreeMap;

use luqu_engine::domain::{Draft, Table, Text};
use luqu_engine::policy::Policy;
use rust_xlsxwriter::{
    Color, DataValidation, DataValidationErrorStyle, DataValidationRule, Format, Formula, Url,
    Workbook, Worksheet, XlsxError,
};

use super::annotate::note;
use super::columns::{Choice, Column, Kind, columns, table_required};
use super::season_csv::table_csv;
use super::write::style::{Styles, column_number, failed, page, plain, row_number};
use crate::error::Failure;

/// The name of the sheet of choices.
const CODES: &str = "代码表";
/// The last row of a worksheet, from 0.
const LAST_ROW: u32 = 1_048_575;

/// The workbook for a policy, with the rows of `draft`; an empty draft gives the empty template.
///
/// # Errors
/// `Internal` only.
pub fn workbook(policy: &Policy, draft: &Draft) -> Result<Vec<u8>, Failure> {
    let mut book = Workbook::new();
    let styles = Styles::new();
    let template = Template::of(policy, &styles, &SchoolIds::default());
    template.words(&mut book, &styles).map_err(failed)?;
    for table in Table::SEASON {
        let fields = fields(table, policy);
        let sheet = book.add_worksheet();
        template.head(sheet, table, &fields).map_err(failed)?;
        if let Some(bytes) = table_csv(table, policy, draft)? {
            fill(sheet, &template.looks, &fields, &bytes, policy)?;
        }
    }
    template.codes(&mut book, &styles).map_err(failed)?;
    book.save_to_buffer().map_err(failed)
}

/// What every workbook of a policy has besides its rows: 说明, 代码表, and per column its look, its note and what
/// may be typed into it.
pub(super) struct Template<'p> {
    policy: &'p Policy,
    looks: Looks,
    codes: Codes,
    schools: Formula,
}

/// Where the ids of the schools stand in a workbook; the default is the template.
pub(super) struct SchoolIds {
    pub(super) sheet: String,
    /// From 0.
    pub(super) column: u32,
    /// From 1.
    pub(super) header_row: u32,
}

impl Default for SchoolIds {
    fn default() -> Self {
        Self { sheet: Table::Schools.label().to_owned(), column: 0, header_row: 1 }
    }
}

impl SchoolIds {
    /// The cells with an id, as the source of a drop-down.
    fn list(&self) -> Formula {
        let sheet = self.sheet.replace('\'', "''");
        let column = super::layout::letters(self.column as usize);
        let (above, first) = (self.header_row, self.header_row + 1);
        Formula::new(format!(
            "=OFFSET('{sheet}'!${column}${first},0,0,\
             MAX(1,COUNTA('{sheet}'!${column}:${column})-{above}),1)"
        ))
    }
}

impl<'p> Template<'p> {
    pub(super) fn of(policy: &'p Policy, styles: &Styles, schools: &SchoolIds) -> Self {
        let (looks, codes) = (Looks::new(styles), Codes::of(policy));
        Self { policy, looks, codes, schools: schools.list() }
    }

    /// Adds the sheet 代码表, which the lists of the columns refer to.
    pub(super) fn codes(&self, book: &mut Workbook, styles: &Styles) -> Result<(), XlsxError> {
        self.codes.sheet(book, styles)
    }

    /// Adds the sheet 说明.
    pub(super) fn words(&self, book: &mut Workbook, styles: &Styles) -> Result<(), XlsxError> {
        words(book, styles, self.policy)
    }

    fn head(&self, sheet: &mut Worksheet, table: Table, fields: &[Field]) -> Result<(), XlsxError> {
        page(sheet.set_name(table.label())?).set_landscape();
        frame(sheet, table, 1)?;
        sheet.set_row_height(0, 26)?;
        for (at, field) in fields.iter().enumerate() {
            let at = column_number(at);
            let title =
                if field.required { format!("{} *", field.label) } else { field.label.clone() };
            sheet.write_string_with_format(0, at, title, self.looks.header(field))?;
            sheet.insert_note(0, at, &note(&field.words()))?;
            self.column(sheet, table, field, at, 1)?;
        }
        Ok(())
    }

    /// The look of a column and what may be typed below its header.
    fn column(
        &self,
        sheet: &mut Worksheet,
        table: Table,
        field: &Field,
        at: u16,
        header_row: u32,
    ) -> Result<(), XlsxError> {
        sheet.set_column_width(at, width(field))?;
        let format = if is_number(field.kind) { &self.looks.number } else { &self.looks.text };
        sheet.set_column_format(at, format)?;
        if let Some(rule) = self.validation(table, field)? {
            sheet.add_data_validation(header_row, at, LAST_ROW, at, &rule)?;
        }
        Ok(())
    }

    /// Gives a clerk's own sheet what the template's has. `places` are its columns by English key, from 0.
    /// Gives the format and the note of the header of each.
    pub(super) fn dress(
        &self,
        sheet: &mut Worksheet,
        table: Table,
        places: &[(Text, u32)],
        header_row: u32,
    ) -> Result<BTreeMap<u32, (&Format, String)>, XlsxError> {
        frame(sheet, table, header_row)?;
        let fields = fields(table, self.policy);
        let mut heads = BTreeMap::new();
        for (key, place) in places {
            // The wishes beside each other hold schools.
            let key = if key.starts_with("wish_") { "school_id" } else { key.as_str() };
            let Some(field) = fields.iter().find(|f| f.key == key) else { continue };
            self.column(sheet, table, field, column_number(*place as usize), header_row)?;
            heads.insert(*place, (self.looks.header(field), field.words()));
        }
        Ok(heads)
    }

    /// What may be typed into the cells of a column, where a spreadsheet can tell.
    fn validation(&self, table: Table, field: &Field) -> Result<Option<DataValidation>, XlsxError> {
        let rule = DataValidation::new();
        let rule = match field.kind {
            Kind::YesNo => rule.allow_list_strings(&["是", "否"])?,
            Kind::Choice(choice) => rule.allow_list_strings(&choices(choice))?,
            Kind::Batch => rule.allow_list_formula(self.codes.range(BATCHES)),
            Kind::Category => rule.allow_list_formula(self.codes.range(CATEGORIES)),
            Kind::Code if is_school(table, &field.key) => {
                rule.allow_list_formula(self.schools.clone())
            }
            Kind::Score => rule.allow_decimal_number(match field.most {
                Some(most) => DataValidationRule::Between(0.0, most),
                None => DataValidationRule::GreaterThanOrEqualTo(0.0),
            }),
            Kind::Share => rule.allow_decimal_number(DataValidationRule::Between(0.0, 1.0)),
            Kind::Count => rule.allow_whole_number(DataValidationRule::GreaterThanOrEqualTo(0)),
            Kind::Position => rule.allow_whole_number(DataValidationRule::Between(1, 65_535)),
            Kind::Integer => rule.allow_whole_number(DataValidationRule::Between(-9_999, 9_999)),
            Kind::IdNumber => rule
                .allow_text_length(DataValidationRule::EqualTo(18))
                .set_error_style(DataValidationErrorStyle::Warning),
            Kind::Code | Kind::Text | Kind::Month | Kind::Date => return Ok(None),
        };
        Ok(Some(
            rule.set_error_title(format!("“{}”不合要求", field.label))?
                .set_error_message(&field.help)?,
        ))
    }
}

/// Keeps the header of a table's sheet in sight, and its first column.
fn frame(sheet: &mut Worksheet, table: Table, header_row: u32) -> Result<(), XlsxError> {
    sheet.set_freeze_panes(header_row, 1)?;
    sheet.set_repeat_rows(header_row - 1, header_row - 1)?;
    if table_required(table) {
        sheet.set_tab_color(Color::RGB(0xE8_A33D));
    }
    Ok(())
}

/// A column of the template: one of the contract, or a subject.
struct Field {
    key: String,
    label: String,
    required: bool,
    kind: Kind,
    help: String,
    /// The full mark of a subject.
    most: Option<f64>,
}

impl From<&Column> for Field {
    fn from(column: &Column) -> Self {
        Self {
            key: column.key.to_owned(),
            label: column.label.to_owned(),
            required: column.required,
            kind: column.kind,
            help: column.help.to_owned(),
            most: None,
        }
    }
}

impl Field {
    /// What to fill in, for the note of the header.
    fn words(&self) -> String {
        let need = if self.required { "必填。" } else { "可空。" };
        format!("{need}{}\n列名也可写 {}", self.help, self.key)
    }
}

fn fields(table: Table, policy: &Policy) -> Vec<Field> {
    let mut list: Vec<Field> = columns(table).iter().map(Field::from).collect();
    if table == Table::Applicants {
        let at = list.iter().position(|f| f.key == "bonus").unwrap_or(list.len());
        let in_total = |subject: usize| {
            policy.total.as_ref().is_some_and(|t| t.parts.iter().any(|p| p.at() == subject))
        };
        let subjects = policy.subjects.iter().enumerate().map(|(subject, s)| Field {
            key: s.id.to_string(),
            label: s.name.clone(),
            required: in_total(subject),
            kind: Kind::Score,
            help: format!("满分 {}，最多两位小数。", s.max),
            most: Some(f64::from(s.max.hundredths()) / 100.0),
        });
        let subjects: Vec<Field> = subjects.collect();
        list.splice(at..at, subjects);
    }
    list
}

/// The formats of the sheets.
struct Looks {
    required: Format,
    optional: Format,
    text: Format,
    number: Format,
}

impl Looks {
    fn new(styles: &Styles) -> Self {
        Self {
            required: styles.header.clone().set_background_color(Color::RGB(0xFB_E3B0)),
            optional: styles.header.clone(),
            text: plain().set_num_format("@"),
            number: plain().set_align(rust_xlsxwriter::FormatAlign::Right),
        }
    }
}

impl Looks {
    const fn header(&self, field: &Field) -> &Format {
        if field.required { &self.required } else { &self.optional }
    }
}

/// Whether the cells of a kind are numbers of the spreadsheet; all others are text.
const fn is_number(kind: Kind) -> bool {
    matches!(kind, Kind::Count | Kind::Position | Kind::Integer | Kind::Score | Kind::Share)
}

fn width(field: &Field) -> f64 {
    let by_kind: f64 = match field.kind {
        Kind::IdNumber | Kind::Batch => 22.0,
        Kind::Text if field.key == "name" => 22.0,
        Kind::Code | Kind::Text | Kind::Category => 16.0,
        Kind::Date | Kind::Month | Kind::Choice(_) => 13.0,
        _ => 9.0,
    };
    // Two for each Chinese character, and room for the star and the mark of the note.
    let label: usize = field.label.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum();
    by_kind.max(f64::from(row_number(label)) + 5.0)
}

fn is_school(table: Table, key: &str) -> bool {
    table != Table::Schools && matches!(key, "school_id" | "junior_id")
}

/// The words to choose from, as they are typed.
fn choices(choice: Choice) -> Vec<&'static str> {
    let words = choice.words().into_iter();
    match choice {
        Choice::Evaluation => words.map(|(key, _)| key).collect(),
        _ => words.map(|(_, label)| label).collect(),
    }
}

/// Writes rows, given as the CSV text of the table with English keys.
fn fill(
    sheet: &mut Worksheet,
    looks: &Looks,
    fields: &[Field],
    csv_text: &[u8],
    policy: &Policy,
) -> Result<(), Failure> {
    let internal = |e: csv::Error| Failure::Internal(e.to_string());
    let mut reader = csv::Reader::from_reader(csv_text);
    let header = reader.headers().map_err(internal)?.clone();
    let slots: Vec<Option<usize>> =
        fields.iter().map(|field| header.iter().position(|key| key == field.key)).collect();
    for (row, record) in reader.records().enumerate() {
        let record = record.map_err(internal)?;
        let row = row_number(row + 1);
        for (at, (field, slot)) in fields.iter().zip(&slots).enumerate() {
            let value = slot.and_then(|slot| record.get(slot)).unwrap_or_default();
            if value.is_empty() {
                continue;
            }
            let at = column_number(at);
            let number = value.parse::<f64>().ok().filter(|_| is_number(field.kind));
            let written = match number {
                Some(number) => sheet.write_number_with_format(row, at, number, &looks.number),
                None => sheet.write_string_with_format(
                    row,
                    at,
                    shown(field.kind, value, policy),
                    &looks.text,
                ),
            };
            written.map_err(failed)?;
        }
    }
    Ok(())
}

/// The value as the lists of the template offer it.
fn shown<'v>(kind: Kind, value: &'v str, policy: &'v Policy) -> &'v str {
    match (kind, value) {
        (Kind::YesNo, "yes") => "是",
        (Kind::YesNo, "no") => "否",
        (Kind::Choice(choice), key) if choice != Choice::Evaluation => {
            let words = choice.words().into_iter().find(|(k, _)| *k == key);
            words.map_or(value, |(_, label)| label)
        }
        (Kind::Batch, id) => policy.batch_ix(id).map_or(value, |b| policy.batch(b).name.as_str()),
        (Kind::Category, id) => {
            policy.category_ix(id).map_or(value, |c| policy.category(c).name.as_str())
        }
        _ => value,
    }
}

/// A list of 代码表: its place among the columns.
type ListAt = usize;
const BATCHES: ListAt = 0;
const CATEGORIES: ListAt = 1;

/// All lists to choose from.
struct Codes {
    /// Title, and per choice what is typed and what it means.
    lists: Vec<(String, Vec<(String, String)>)>,
}

impl Codes {
    fn of(policy: &Policy) -> Self {
        let named = |id: &str, name: &str| (name.to_owned(), format!("代码 {id}"));
        let mut lists = vec![
            ("批次".to_owned(), policy.batches.iter().map(|b| named(&b.id, &b.name)).collect()),
            ("类别".to_owned(), policy.categories.iter().map(|c| named(&c.id, &c.name)).collect()),
        ];
        let choice = |title: &str, choice: Choice| {
            let meaning = |(key, label): (&str, &str)| match choice {
                Choice::Evaluation => (key.to_owned(), label.to_owned()),
                _ => (label.to_owned(), format!("代码 {key}")),
            };
            (title.to_owned(), choice.words().into_iter().map(meaning).collect())
        };
        lists.push(choice("学段", Choice::Stage));
        lists.push(choice("办学性质", Choice::Ownership));
        lists.push(choice("层级", Choice::Tier));
        lists.push(choice("性别", Choice::Gender));
        lists.push(choice("综合素质评价", Choice::Evaluation));
        lists.push(choice("限制类型", Choice::Restriction));
        let yes = [("是", "代码 yes"), ("否", "代码 no；空白也作否")];
        let yes = yes.map(|(a, b)| (a.to_owned(), b.to_owned())).to_vec();
        lists.push(("是与否".to_owned(), yes));
        Self { lists }
    }

    /// The cells of a list, as the source of a drop-down.
    fn range(&self, list: ListAt) -> Formula {
        let column = super::layout::letters(list * 2);
        let count = self.lists.get(list).map_or(1, |(_, rows)| rows.len().max(1));
        Formula::new(format!("='{CODES}'!${column}$2:${column}${}", count + 1))
    }

    fn sheet(&self, book: &mut Workbook, styles: &Styles) -> Result<(), XlsxError> {
        let sheet = book.add_worksheet();
        page(sheet.set_name(CODES)?).set_landscape();
        sheet.set_freeze_panes(1, 0)?;
        let text = styles.text.clone();
        let faint = styles.text.clone().set_font_color(Color::RGB(0x6B_7280));
        for (list, (title, rows)) in self.lists.iter().enumerate() {
            let (left, right) = (column_number(list * 2), column_number(list * 2 + 1));
            let wide = if list < 2 { 24.0 } else { 14.0 };
            sheet
                .set_column_width(left, wide)?
                .set_column_width(right, if list < 2 { 18 } else { 16 })?;
            sheet.write_with_format(0, left, title, &styles.header)?;
            sheet.write_with_format(0, right, "", &styles.header)?;
            for (row, (typed, meaning)) in rows.iter().enumerate() {
                let row = row_number(row + 1);
                sheet.write_string_with_format(row, left, typed, &text)?;
                sheet.write_string_with_format(row, right, meaning, &faint)?;
            }
        }
        Ok(())
    }
}

/// The tables in the order in which they are best filled in, and what each is for.
const ORDER: [(Table, &str); 9] = [
    (Table::Schools, "所有初中和高中；其他各表的学校代码都从这里选。"),
    (Table::Plan, "每所高中、每个批次、每个类别一行，须有计划文号；待计算的指标行计划数留空。"),
    (Table::Graduates, "各初中的毕业人数和具备指标资格人数；分配指标时用。"),
    (Table::Quotas, "指标分到各初中的名额；可由 luqu quota 算出后粘贴。"),
    (Table::Applicants, "每名考生一行；报名号、证件号码按文本粘贴（选择性粘贴 → 数值）。"),
    (
        Table::Wishes,
        "每个志愿一行。也可一名考生每批次一行：删去“志愿序号”“学校代码”两列，改用“志愿1”“志愿2”…… 各列填学校代码。",
    ),
    (Table::SpecialScores, "体育、艺术等专业测试成绩；学校代码空白为全区统一测试。"),
    (Table::Restrictions, "取消资格、无指标资格的考生。"),
    (Table::TieDecisions, "政策规定同分由招办裁定时填写；程序会指出需要裁定的考生。"),
];

const NEVER: [&str; 5] = [
    "证件号码、报名号被表格软件存成数字的，不补位、不还原，请重新按文本粘贴。",
    "总分与各科之和不符的，不改总分，也不改单科。",
    "主键重复而内容不同的，不代为取舍。",
    "没有计划文号、超出班额的计划，不放行（无计划招生）。",
    "有一处错误就什么都不导入，不会只导入一半。",
];

/// The sheet 说明.
fn words(book: &mut Workbook, styles: &Styles, policy: &Policy) -> Result<(), XlsxError> {
    let sheet = book.add_worksheet();
    page(sheet.set_name("说明")?).set_portrait();
    sheet.set_screen_gridlines(false);
    sheet.set_column_width(0, 16)?.set_column_width(1, 8)?.set_column_width(2, 74)?;
    sheet.set_row_height(0, 30)?;
    let title = format!("{} {} 年普通高中招生数据模板", policy.district, policy.year);
    sheet.write_with_format(0, 0, title, &styles.title)?;
    let intro = "列可以增减、换序，表头按名称识别；表头不要合并单元格，数据从第 2 行起。";
    sheet.write_with_format(1, 0, intro, &plain())?;
    let link = plain()
        .set_font_color(Color::RGB(0x1D_4F91))
        .set_underline(rust_xlsxwriter::FormatUnderline::Single)
        .set_align(rust_xlsxwriter::FormatAlign::Top);
    let mut row = 3;
    sheet.write_with_format(row, 0, "填写顺序", &styles.heading)?;
    for (table, what) in ORDER {
        row += 1;
        let url = Url::new(format!("internal:'{}'!A1", table.label())).set_text(table.label());
        sheet.write_url_with_format(row, 0, url, &link)?;
        let need = if table_required(table) { "必填" } else { "可空" };
        sheet.write_with_format(row, 1, need, &styles.words)?;
        sheet.write_with_format(row, 2, what, &styles.words)?;
        // About forty Chinese characters to a line.
        sheet.set_row_height(row, 15 * (row_number(what.chars().count()) / 41 + 1))?;
    }
    row += 2;
    let sections: [(&str, &[&str]); 3] = [
        ("程序从不代改", &NEVER),
        (
            "怎样检查",
            &[
                "把本文件与 policy.toml 放在同一目录，运行：luqu check 目录",
                "每一处错误都指到单元格；加 --annotate 错误.xlsx 可得到标红的工作簿。",
                "没有错误后运行：luqu place 目录 --out 结果目录",
            ],
        ),
        (
            "图例",
            &[
                "橙色表头带 * 的列必填；蓝色表头的列可空。鼠标停在表头上可看填写要求。",
                "批次、类别、是否等列有下拉列表，全部可选项见“代码表”。",
            ],
        ),
    ];
    for (heading, lines) in sections {
        sheet.write_with_format(row, 0, heading, &styles.heading)?;
        for line in lines {
            sheet.write_with_format(row, 2, *line, &styles.words)?;
            row += 1;
        }
        row += 1;
    }
    Ok(())
}
