//! Writes one made market twice: as a season folder, and as a plain file that other programs can read.
//!
//! `instance APPLICANTS WISHES common|own DIR [ORDER]`: `common` is one order for all schools, given by the
//! file ORDER (indices, best first) or by index; `own` gives every school an order of its own, as special
//! scores of that school. DIR gets `season/` and `market.txt`: seats by school, then each applicant's
//! schools, and for `own` after a `|` their scores there.
#![allow(clippy::print_stderr)]

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use luqu_fixtures::market_columns;

const POLICY: &str = r#"[season]
id = "peers"
district = "试区"
year = 2026
seed = "peers"
[[batches]]
id = "b"
name = "批次"
priority = ["KEY", "lottery"]
seat_order = ["c"]
[categories.c]
name = "类别"
"#;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (count, wishes, own, dir, order) = match words[1..] {
        [count, wishes, kind, dir] => (count, wishes, kind == "own", dir, None),
        [count, wishes, kind, dir, order] => (count, wishes, kind == "own", dir, Some(order)),
        _ => return Err("usage: instance APPLICANTS WISHES common|own DIR [ORDER]".into()),
    };
    let count: usize = count.parse()?;
    let schools = u16::try_from((count / 500).clamp(10, 60_000))?;
    let columns = market_columns(count, schools, wishes.parse()?, 7);
    let mut rank: Vec<usize> = (0..count).collect();
    if let Some(order) = order {
        for (place, index) in fs::read_to_string(order)?.lines().enumerate() {
            rank[index.parse::<usize>()?] = place;
        }
    }
    let season = Path::new(dir).join("season");
    fs::create_dir_all(&season)?;
    let key = if own { "special" } else { "total" };
    fs::write(season.join("policy.toml"), POLICY.replace("KEY", key))?;

    let mut text = String::from("school_id,name,stage,region\nJ,初中,junior,R\n");
    let mut plan = String::from("school_id,batch,category,seats,document\n");
    for (school, seats) in columns.seats.iter().enumerate() {
        writeln!(text, "S{school},高中{school},senior,R")?;
        writeln!(plan, "S{school},b,c,{seats},文")?;
    }
    fs::write(season.join("schools.csv"), text)?;
    fs::write(season.join("plan.csv"), plan)?;

    let mut applicants = String::from("applicant_id,name,junior_id,region,total\n");
    let mut listed = String::from("applicant_id,batch,position,school_id\n");
    let mut special = String::from("applicant_id,category,school_id,score,qualified\n");
    let seats: Vec<String> = columns.seats.iter().map(u32::to_string).collect();
    let mut market = seats.join(" ") + "\n";
    for (at, &place) in rank.iter().enumerate() {
        // Hundredths of a point, the best the most, no two equal.
        let total = count - place;
        writeln!(applicants, "A{at:08},考生,J,R,{}.{:02}", total / 100, total % 100)?;
        let range = columns.offsets[at] as usize..columns.offsets[at + 1] as usize;
        let mut scores = Vec::new();
        for (wish, &school) in columns.wishes[range.clone()].iter().enumerate() {
            writeln!(listed, "A{at:08},b,{},S{school}", wish + 1)?;
            if own {
                // Distinct at every school: the low part is the applicant.
                let mixed =
                    (at as u64 * 65_537 + u64::from(school)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                let score = (mixed >> 54) * count as u64 + at as u64;
                writeln!(special, "A{at:08},c,S{school},{}.{:02},yes", score / 100, score % 100)?;
                scores.push(score.to_string());
            }
        }
        let mine: Vec<String> = columns.wishes[range].iter().map(u16::to_string).collect();
        market.push_str(&mine.join(" "));
        if own {
            market.push('|');
            market.push_str(&scores.join(" "));
        }
        market.push('\n');
    }
    fs::write(season.join("applicants.csv"), applicants)?;
    fs::write(season.join("wishes.csv"), listed)?;
    if own {
        fs::write(season.join("special_scores.csv"), special)?;
    }
    fs::write(Path::new(dir).join("market.txt"), market)?;
    eprintln!("{count} applicants, {schools} schools");
    Ok(())
}
