//! The output of `luqu compare` and `luqu whatif`: totals, lines, and who moved and why.

use std::borrow::Cow;
use std::io::Write;
use std::path::{Path, PathBuf};

use luqu_engine::domain::Score;
use luqu_engine::explain::compare::{Change, Comparison, Direction, LineChange, Move};
use luqu_engine::explain::{Lang, Seat};

use super::check::closed_pipe;
use super::explain::Language;
use super::text_table;
use crate::error::Failure;
use crate::tables::write::people::defused;

/// The arguments that both commands share.
#[derive(clap::Args)]
pub(super) struct Show {
    /// 最多列出多少名变动的考生
    #[arg(long, value_name = "N", default_value_t = 50)]
    max: usize,
    /// 输出 JSON（全部变动）
    #[arg(long)]
    json: bool,
    /// 把全部变动的考生写入 CSV 文件
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// 语言
    #[arg(long, value_enum, default_value_t)]
    lang: Language,
}

impl Show {
    pub(super) fn lang(&self) -> Lang {
        self.lang.into()
    }

    pub(super) const fn json(&self) -> bool {
        self.json
    }

    /// Writes the comparison where it is wanted.
    pub(super) fn comparison(&self, found: &Comparison) -> Result<(), Failure> {
        if let Some(path) = &self.csv {
            write_csv(path, found)?;
        }
        let mut out = anstream::stdout().lock();
        let written = if self.json {
            serde_json::to_writer_pretty(&mut out, found)
                .map_err(std::io::Error::from)
                .and_then(|()| writeln!(out))
        } else {
            print(&mut out, found, self.max, self.lang())
        };
        written.and_then(|()| out.flush()).or_else(closed_pipe)
    }
}

fn print(to: &mut impl Write, found: &Comparison, max: usize, lang: Lang) -> std::io::Result<()> {
    let zh = lang == Lang::Zh;
    if found.is_same() {
        let text = if zh {
            "两份结果完全相同：没有人变动，各校录取线不变"
        } else {
            "The two answers are the same: nobody moved and no line changed"
        };
        return writeln!(to, "{text}");
    }
    let (a, b) = (&found.a, &found.b);
    if zh {
        writeln!(
            to,
            "录取 {} → {}，未录取 {} → {}",
            a.admitted(),
            b.admitted(),
            a.unplaced,
            b.unplaced
        )?;
        writeln!(
            to,
            "变好 {} 人，变差 {} 人，其他变动 {} 人，新增 {} 人，减少 {} 人，不变 {} 人",
            found.better, found.worse, found.different, found.joined, found.left, found.same
        )?;
    } else {
        writeln!(
            to,
            "admitted {} → {}, not admitted {} → {}",
            a.admitted(),
            b.admitted(),
            a.unplaced,
            b.unplaced
        )?;
        writeln!(
            to,
            "better {}, worse {}, different {}, joined {}, left {}, same {}",
            found.better, found.worse, found.different, found.joined, found.left, found.same
        )?;
    }
    if !found.lines.is_empty() {
        writeln!(to)?;
        let head: &[text_table::Head] = if zh {
            &[
                ("批次", false),
                ("学校", false),
                ("类别", false),
                ("毕业初中", false),
                ("名额", true),
                ("录取", true),
                ("录取线", true),
                ("下限", true),
            ]
        } else {
            &[
                ("batch", false),
                ("school", false),
                ("category", false),
                ("junior", false),
                ("seats", true),
                ("placed", true),
                ("cut-off", true),
                ("floor", true),
            ]
        };
        let rows: Vec<Vec<String>> = found.lines.iter().map(|l| line_cells(l, zh)).collect();
        for line in text_table::lines(head, &rows) {
            writeln!(to, "{line}")?;
        }
    }
    for (at, moved) in found.moves.iter().take(max).enumerate() {
        if at == 0 {
            writeln!(to)?;
        }
        let (from, to_seat) = (seat(moved, true, zh), seat(moved, false, zh));
        writeln!(
            to,
            "{}  {}  {from} → {to_seat}",
            moved.applicant_id,
            direction(moved.direction, zh)
        )?;
        writeln!(to, "    {}", moved.why)?;
    }
    let rest = found.moves.len().saturating_sub(max);
    if rest > 0 {
        if zh {
            writeln!(to, "… 另有 {rest} 名考生变动；用 --max 或 --csv 查看全部")?;
        } else {
            writeln!(to, "… {rest} more moved; see them all with --max or --csv")?;
        }
    }
    Ok(())
}

fn line_cells(line: &LineChange, zh: bool) -> Vec<String> {
    let count =
        |c: Change<Option<u32>>| arrow(c.a.map(|n| n.to_string()), c.b.map(|n| n.to_string()));
    let score =
        |c: Change<Option<Score>>| arrow(c.a.map(|s| s.to_string()), c.b.map(|s| s.to_string()));
    let (school, category) = match zh {
        true => (line.school.clone(), line.category_name.clone()),
        false => (line.school_id.clone(), line.category.clone()),
    };
    vec![
        line.batch.clone(),
        school,
        category,
        line.junior_id.clone().unwrap_or_default(),
        count(line.seats),
        count(line.placed),
        score(line.cutoff),
        score(line.floor),
    ]
}

/// `612→609`, or the one figure where both are equal; `–` where there is none.
fn arrow(a: Option<String>, b: Option<String>) -> String {
    let (a, b) = (a.unwrap_or_else(|| "–".to_owned()), b.unwrap_or_else(|| "–".to_owned()));
    if a == b { a } else { format!("{a}→{b}") }
}

const fn direction(direction: Direction, zh: bool) -> &'static str {
    match (direction, zh) {
        (Direction::Better, true) => "变好",
        (Direction::Worse, true) => "变差",
        (Direction::Different, true) => "变动",
        (Direction::Joined, true) => "新增",
        (Direction::Left, true) => "减少",
        (Direction::Better, false) => "better",
        (Direction::Worse, false) => "worse",
        (Direction::Different, false) => "different",
        (Direction::Joined, false) => "joined",
        (Direction::Left, false) => "left",
    }
}

fn seat(moved: &Move, before: bool, zh: bool) -> String {
    let (outcome, seat) = match before {
        true => (moved.from_outcome, &moved.from),
        false => (moved.to_outcome, &moved.to),
    };
    match (seat, outcome, zh) {
        (Some(seat), _, zh) => seat_words(seat, zh),
        (None, Some("unplaced"), true) => "未录取".to_owned(),
        (None, Some("barred"), true) => "取消资格".to_owned(),
        (None, Some("no_wishes"), true) => "未填志愿".to_owned(),
        (None, Some(other), _) => other.replace('_', " "),
        (None, None, _) => "–".to_owned(),
    }
}

fn seat_words(seat: &Seat, zh: bool) -> String {
    match (seat.position, zh) {
        (0, true) => format!("{}{}（服从调剂）", seat.school, seat.category_name),
        (n, true) => format!("{}{}（{} 志愿 {n}）", seat.school, seat.category_name, seat.batch),
        (0, false) => format!("{} {} (adjusted)", seat.school_id, seat.category),
        (n, false) => format!("{} {} ({} wish {n})", seat.school_id, seat.category, seat.batch),
    }
}

/// Every move as a row: ids and keys, and the cause as a key and in words; no cell can act as a formula.
fn write_csv(path: &Path, found: &Comparison) -> Result<(), Failure> {
    let io = |error: csv::Error| Failure::Io {
        path: path.to_owned(),
        source: std::io::Error::other(error),
    };
    let mut out = csv::Writer::from_path(path).map_err(io)?;
    let head = [
        "applicant_id",
        "direction",
        "from_outcome",
        "from_batch",
        "from_position",
        "from_school_id",
        "from_category",
        "to_outcome",
        "to_batch",
        "to_position",
        "to_school_id",
        "to_category",
        "cause",
        "why",
    ];
    out.write_record(head).map_err(io)?;
    for moved in &found.moves {
        let mut row = vec![moved.applicant_id.clone(), word(&moved.direction)];
        for (outcome, seat) in [(moved.from_outcome, &moved.from), (moved.to_outcome, &moved.to)] {
            row.push(outcome.unwrap_or_default().to_owned());
            match seat {
                Some(s) => row.extend([
                    s.batch.clone(),
                    s.position.to_string(),
                    s.school_id.clone(),
                    s.category.clone(),
                ]),
                None => row.extend(std::iter::repeat_n(String::new(), 4)),
            }
        }
        row.extend([word(&moved.cause), moved.why.clone()]);
        out.write_record(row.iter().map(|cell| harmless(cell).into_owned())).map_err(io)?;
    }
    out.flush().map_err(Failure::io(path))
}

/// The cell, unable to act as a formula. Numbers stay as they are: ids must still be found elsewhere.
fn harmless(cell: &str) -> Cow<'_, str> {
    if cell.bytes().all(|b| b.is_ascii_digit()) { Cow::Borrowed(cell) } else { defused(cell) }
}

/// The key that JSON has for a value.
fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn a_name_cannot_act_as_a_formula_and_an_id_stays_itself() {
        assert_eq!(harmless("=cmd|calc!A1"), "'=cmd|calc!A1");
        assert_eq!(harmless("＝1+1 中学"), "'＝1+1 中学");
        for same in ["0042", "260100000000000001", "城东中学", ""] {
            assert_eq!(harmless(same), same);
        }
    }
}
