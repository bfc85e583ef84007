//! A small clean season as rows of text, written as CSV or as a workbook, for the tests of the reader.

use std::fs;
use std::path::{Path, PathBuf};

use luqu_engine::domain::Table;
use rust_xlsxwriter::Workbook;

pub(crate) const POLICY: &str = r#"
[season]
id = "small-2026"
district = "綦江区"
year = 2026
seed = "drawn in public"

[limits.class_size]
value = 55
unit = "students"
item = "4"
quote = "普通高中新入学年级班额不得超过55人"

[limits.new_school_size]
value = 3000
unit = "students"
item = "4"
quote = "新建普通高中学校高中生规模不得超过3000人"

[[subjects]]
id = "chinese"
name = "语文"
max = "150"

[[subjects]]
id = "math"
name = "数学"
max = "150"

[total]
parts = ["chinese", "math"]
bonus = "included"
rounding = "none"

[[batches]]
id = "early"
name = "提前批"
seat_order = ["sports"]
priority = ["composite", "total", "manual"]

[[batches]]
id = "key"
name = "第一批"
wishes = 2
seat_order = ["unified", "quota", "returned"]
priority = ["total", "tie_class", "chinese", "lottery"]

[categories.unified]
name = "统招"

[categories.quota]
name = "指标到校"
by_junior = true
eligible = ["fresh", "registered_three_years", "attended", "quota_listed"]
floor = { line = "unified", minus = "50" }
returns_to = "returned"

[categories.returned]
name = "配转统"

[categories.sports]
name = "体育特长"
composite = { academic_pct = 40, special_pct = 60 }
eligible = ["qualified"]

[quota]
category = "quota"
share = "0.70"
rounding = "half_up"
method = "matrix"
"#;

const TABLES: &[(Table, &str)] = &[
    (
        Table::Schools,
        "school_id,name,stage,ownership,tier,region,is_new,enrolled,group
         G1,綦江一中,senior,public,key,綦江区,no,1200,
         G2,南州中学,complete,public,ordinary,綦江区,yes,900,南州集团
         C1,实验初中,junior,public,,綦江区,,,
         C2,河东初中,junior,private,,綦江区,,,",
    ),
    (
        Table::Plan,
        "school_id,batch,category,seats,classes,quota_share,region_scope,document
         G1,key,unified,20,1,,,招计1号
         G1,key,quota,3,,0.7,,招计1号
         G2,key,unified,10,1,,*,招计1号
         G2,early,sports,2,,,,招计1号",
    ),
    (Table::Graduates, "junior_id,graduates,eligible,tilt\nC1,40,30,no\nC2,20,18,no"),
    (Table::Quotas, "school_id,batch,junior_id,seats\nG1,key,C1,2\nG1,key,C2,1"),
    (
        Table::Applicants,
        "applicant_id,name,gender,id_number,registry_no,junior_id,region,fresh,junior_since,attended,chinese,math,bonus,total,evaluation,tie_class
         A01,王小明,M,11010519491231002X,G11010519491231002X,C1,綦江区,yes,2023-09,yes,120,130.5,5,255.5,A,
         A02,李小红,F,,,C1,綦江区,yes,2023-09,yes,110,100,,210,B,1
         A03,欧阳青,F,,,C2,綦江区,no,2023-10,no,100.25,99.75,,200,,
         A04,赵大山,M,,,C2,綦江区,yes,2023-09,yes,90,80,,170,C,",
    ),
    (
        Table::Wishes,
        "applicant_id,batch,position,school_id,category,adjust
         A01,key,1,G1,,no
         A01,key,2,G2,unified,
         A02,key,1,G1,quota,
         A02,early,1,G2,sports,
         A03,key,1,G2,,yes
         A04,key,1,G1,,",
    ),
    (
        Table::SpecialScores,
        "applicant_id,category,school_id,score,qualified,test_date\nA02,sports,,88.5,yes,2026-05-10",
    ),
    (Table::Restrictions, "applicant_id,kind,reason,document\nA04,quota_ineligible,在外就读,招考处1号"),
    (Table::TieDecisions, "batch,applicant_id,order,document\nearly,A02,1,裁定1号"),
];

/// The tables of a season as text, header first.
#[derive(Clone)]
pub(crate) struct Book {
    pub(crate) policy: String,
    pub(crate) tables: Vec<(Table, Vec<Vec<String>>)>,
}

impl Book {
    pub(crate) fn clean() -> Self {
        let rows = |text: &str| -> Vec<Vec<String>> {
            text.lines().map(|l| l.trim().split(',').map(str::to_owned).collect()).collect()
        };
        Self {
            policy: POLICY.to_owned(),
            tables: TABLES.iter().map(|(table, text)| (*table, rows(text))).collect(),
        }
    }

    pub(crate) fn rows(&mut self, table: Table) -> &mut Vec<Vec<String>> {
        let found = self.tables.iter_mut().find(|(t, _)| *t == table);
        &mut found.expect("a table of the season").1
    }

    pub(crate) fn column(&mut self, table: Table, key: &str) -> usize {
        self.rows(table)[0].iter().position(|h| h == key).expect("a column of the table")
    }

    /// Sets the cell of row `row`, the header being row 1.
    pub(crate) fn set(&mut self, table: Table, row: usize, key: &str, value: &str) {
        let column = self.column(table, key);
        self.rows(table)[row - 1][column] = value.to_owned();
    }

    /// Repeats row `row` at the end of its table.
    pub(crate) fn repeat(&mut self, table: Table, row: usize) {
        let copy = self.rows(table)[row - 1].clone();
        self.rows(table).push(copy);
    }

    pub(crate) fn csv(&mut self, table: Table) -> String {
        let quote = |cell: &String| {
            if cell.contains([',', '"', '\n']) {
                format!("\"{}\"", cell.replace('"', "\"\""))
            } else {
                cell.clone()
            }
        };
        let line = |row: &Vec<String>| row.iter().map(quote).collect::<Vec<_>>().join(",") + "\n";
        self.rows(table).iter().map(line).collect()
    }

    /// Writes the season as CSV, each file's text through `encode`.
    pub(crate) fn write_csv(&mut self, folder: &Path, encode: impl Fn(&str) -> Vec<u8>) {
        fs::write(folder.join("policy.toml"), &self.policy).expect("a writable folder");
        let tables: Vec<Table> = self.tables.iter().map(|(t, _)| *t).collect();
        for table in tables {
            let file = folder.join(format!("{}.csv", table.key()));
            fs::write(file, encode(&self.csv(table))).expect("a writable folder");
        }
    }

    /// Writes the season as a workbook: numbers as numbers, but codes as text.
    pub(crate) fn write_xlsx(&self, folder: &Path) -> PathBuf {
        fs::write(folder.join("policy.toml"), &self.policy).expect("a writable folder");
        let mut book = Workbook::new();
        for (table, rows) in &self.tables {
            let sheet = book.add_worksheet();
            sheet.set_name(table.label()).expect("a sheet name");
            for (r, row) in rows.iter().enumerate() {
                for (c, cell) in row.iter().enumerate() {
                    let (r, c) = (r as u32, c as u16);
                    let code = rows[0].get(c as usize).is_none_or(|h| {
                        h.ends_with("_id") || ["id_number", "registry_no"].contains(&h.as_str())
                    });
                    match cell.parse::<f64>() {
                        _ if cell.is_empty() => {}
                        // What a spreadsheet makes of a long number typed into a cell.
                        Ok(n) if !code || cell.contains("E+") => {
                            sheet.write_number(r, c, n).expect("a cell");
                        }
                        _ => {
                            sheet.write_string(r, c, cell).expect("a cell");
                        }
                    }
                }
            }
        }
        let path = folder.join("season.xlsx");
        book.save(&path).expect("a writable folder");
        path
    }
}
