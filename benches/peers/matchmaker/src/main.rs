//! `peer-matchmaker order N`: the order in which `matchmaker` will draw N students, best first, by index.
//! `peer-matchmaker run MARKET OUT`: matches the market and writes `applicant,school` for those who got a wish.
//!
//! The crate draws its own order and deals seats left over to whoever is unplaced; the first is foretold by
//! drawing from the same seed, the second is left out (nobody is dealt a school on their own list, or they
//! would have had it before).

use std::collections::{HashSet, VecDeque};
use std::io::{BufRead, BufReader, BufWriter, Write};

use matchmaker::da_stb::match_students;
use matchmaker::{Category, Student};
use rand::rngs::SmallRng;
use rand::seq::SliceRandom;
use rand::SeedableRng;

const SEED: u64 = 7;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[1..] {
        ["order", count] => {
            let mut order: Vec<usize> = (0..count.parse()?).collect();
            order.shuffle(&mut SmallRng::seed_from_u64(SEED));
            let mut out = BufWriter::new(std::io::stdout().lock());
            for index in order {
                writeln!(out, "{index}")?;
            }
            Ok(())
        }
        ["run", market, out] => run(market, out),
        _ => Err("usage: peer-matchmaker order N | run MARKET OUT".into()),
    }
}

/// The market file: a line of seats by school, then per applicant a line of schools, best first.
fn run(market: &str, out: &str) -> Result<(), Box<dyn std::error::Error>> {
    let mut lines = BufReader::new(std::fs::File::open(market)?).lines();
    let seats = lines.next().ok_or("an empty market")??;
    let categories: Vec<Category> = seats
        .split(' ')
        .enumerate()
        .map(|(school, seats)| Ok(Category::new(&school.to_string(), seats.parse()?)))
        .collect::<Result<_, std::num::ParseIntError>>()?;
    let mut students = Vec::new();
    let mut listed = HashSet::new();
    for (applicant, line) in lines.enumerate() {
        let line = line?;
        let mut wishes = VecDeque::new();
        for school in line.split(' ').filter(|w| !w.is_empty()) {
            let school: usize = school.parse()?;
            listed.insert((applicant, school));
            wishes.push_back(categories[school].clone());
        }
        students.push(Student::new(&applicant.to_string(), wishes, Vec::new()));
    }
    let result = match_students(students, &categories, &mut SmallRng::seed_from_u64(SEED));
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    for (school, students) in &result.placed {
        let school: usize = school.parse()?;
        for student in students {
            let applicant: usize = student.name.parse()?;
            if listed.contains(&(applicant, school)) {
                pairs.push((applicant, school));
            }
        }
    }
    pairs.sort_unstable();
    let mut out = BufWriter::new(std::fs::File::create(out)?);
    for (applicant, school) in pairs {
        writeln!(out, "{applicant},{school}")?;
    }
    Ok(())
}
