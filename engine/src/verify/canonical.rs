//! Digests of what went in: the policy and every table over their content, whatever the file format and
//! the order of rows and columns (of `schools` the order counts, since adjustment reads it).

use rayon::prelude::*;

use crate::domain::digest::{Digest, Digester, of_bytes};
use crate::domain::{
    ApplicantIx, CategoryIx, SchoolIx, Scope, Score, Season, SpecialScore, SubjectIx, Table,
};
use crate::policy::Policy;

/// Applicants digested as one piece; the pieces are digested in parallel and then together.
const PIECE: usize = 1 << 12;

/// A row as bytes: every text with its length, every number with its width, so that no two rows look alike.
#[derive(Default)]
struct Row(Vec<u8>);

impl Row {
    fn text(&mut self, text: &str) {
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        // Short texts, nearly all, take one byte of length; 255 announces four more.
        match u8::try_from(length) {
            Ok(short) if short < u8::MAX => self.0.push(short),
            _ => {
                self.0.push(u8::MAX);
                self.0.extend_from_slice(&length.to_le_bytes());
            }
        }
        self.0.extend_from_slice(text.as_bytes());
    }

    fn number(&mut self, number: impl Into<i64>) {
        self.0.extend_from_slice(&number.into().to_le_bytes());
    }

    fn score(&mut self, score: Score) {
        self.0.extend_from_slice(&score.hundredths().to_le_bytes());
    }

    fn small(&mut self, number: u8) {
        self.0.push(number);
    }

    /// A value that may be blank.
    fn maybe<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.small(u8::from(value.is_some()));
        if let Some(value) = value {
            write(self, value);
        }
    }

    fn digest(&self) -> Digest {
        of_bytes(&self.0)
    }
}

/// The digest of one table of a season; the same for a table that is absent and one without rows.
pub(super) fn table(season: &Season, table: Table) -> Digest {
    match table {
        Table::Applicants => pieces(season, applicant),
        Table::Wishes => pieces(season, wishes),
        Table::SpecialScores => special_scores(season),
        Table::Policy => policy(season.policy()),
        small => {
            let mut rows = small_rows(season, small);
            if small != Table::Schools {
                rows.sort_unstable();
            }
            let mut digester = Digester::default();
            for row in rows {
                digester.field(&row);
            }
            digester.finish()
        }
    }
}

/// Digests rows of applicants, who are in the order of their ids, piece by piece.
fn pieces(season: &Season, write: impl Fn(&Season, ApplicantIx, &mut Row) + Sync) -> Digest {
    let digests: Vec<Digest> = (0..season.applicants().len())
        .step_by(PIECE)
        .collect::<Vec<_>>()
        .into_par_iter()
        .map(|from| {
            let to = (from + PIECE).min(season.applicants().len());
            let mut row = Row::default();
            for at in from..to {
                write(season, ApplicantIx::from(at), &mut row);
            }
            row.digest()
        })
        .collect();
    let mut digester = Digester::default();
    for digest in digests {
        digester.field(digest.to_string().as_bytes());
    }
    digester.finish()
}

fn applicant(season: &Season, at: ApplicantIx, row: &mut Row) {
    let a = season.applicant(at);
    row.text(&a.id);
    row.text(&a.name);
    row.maybe(a.gender, |r, g| r.text(g.key()));
    row.maybe(a.id_number.as_ref(), |r, n| r.text(n));
    row.maybe(a.registry_no.as_ref(), |r, n| r.text(n));
    row.text(&season.school(a.junior).id);
    row.text(season.region_name(a.region));
    row.small(u8::from(a.fresh));
    row.small(u8::from(a.attended));
    row.maybe(a.junior_since, |r, m| r.number(m.digits()));
    row.score(a.bonus);
    row.score(a.total);
    row.maybe(a.evaluation, |r, e| r.text(e.key()));
    row.number(a.tie_class);
    for subject in 0..season.policy().subjects.len() {
        row.score(season.subject_score(at, SubjectIx::from(subject)));
    }
}

fn wishes(season: &Season, at: ApplicantIx, row: &mut Row) {
    let policy = season.policy();
    let wishes = season.wishes(at);
    if wishes.is_empty() {
        return;
    }
    row.text(&season.applicant(at).id);
    row.0.extend_from_slice(&u32::try_from(wishes.len()).unwrap_or(u32::MAX).to_le_bytes());
    for wish in wishes {
        row.text(&policy.batch(wish.batch).id);
        row.0.extend_from_slice(&wish.position.to_le_bytes());
        row.text(&season.school(wish.school).id);
        row.maybe(wish.category, |r, c| r.text(&policy.category(c).id));
        row.small(u8::from(wish.adjust));
    }
}

/// Digests the special scores, of which there may be as many as wishes, as a small table: all rows sorted as
/// bytes. A row begins with the applicant's id, so that it is enough to sort the applicants, and the rows of each.
fn special_scores(season: &Season) -> Digest {
    let head = |a: ApplicantIx| {
        let mut row = Row::default();
        row.text(&season.applicant(a).id);
        row.0
    };
    let everybody = (0..season.applicants().len()).map(ApplicantIx::from);
    let mut people: Vec<ApplicantIx> =
        everybody.filter(|&a| season.special_rows(a).next().is_some()).collect();
    let length = |a: ApplicantIx| season.applicant(a).id.len();
    if !people.windows(2).all(|w| length(w[0]) == length(w[1])) {
        // The length of an id goes before the id.
        people.sort_by_cached_key(|&a| head(a));
    }
    let written = |some: &[ApplicantIx]| {
        let (mut row, mut ranges, mut fields) = (Row::default(), Vec::new(), Vec::new());
        for &applicant in some {
            row.0.clear();
            ranges.clear();
            for special in season.special_rows(applicant) {
                let start = row.0.len();
                special_score(season, applicant, special, &mut row);
                ranges.push(start..row.0.len());
            }
            ranges.sort_unstable_by(|a, b| row.0[a.clone()].cmp(&row.0[b.clone()]));
            ranges.iter().for_each(|r| Digester::write_field(&mut fields, &row.0[r.clone()]));
        }
        fields
    };
    let mut digester = Digester::default();
    // A lot of pieces at a time, so that all of them are never there at once.
    for lot in people.chunks(PIECE << 2) {
        let pieces: Vec<Vec<u8>> = lot.par_chunks(PIECE >> 2).map(written).collect();
        pieces.iter().for_each(|fields| digester.written(fields));
    }
    digester.finish()
}

fn special_score(
    season: &Season,
    applicant: ApplicantIx,
    (category, school, score, date): (CategoryIx, Option<SchoolIx>, SpecialScore, &str),
    row: &mut Row,
) {
    row.text(&season.applicant(applicant).id);
    row.text(&season.policy().category(category).id);
    row.maybe(school, |r, s| r.text(&season.school(s).id));
    row.score(score.score);
    row.small(u8::from(score.qualified));
    row.text(date);
}

/// The rows of a small table as bytes, in the order of the season.
fn small_rows(season: &Season, table: Table) -> Vec<Vec<u8>> {
    let policy = season.policy();
    let school_id = |s: SchoolIx| season.school(s).id.as_str();
    let mut rows = Vec::new();
    let mut add = |write: &dyn Fn(&mut Row)| {
        let mut row = Row::default();
        write(&mut row);
        rows.push(row.0);
    };
    match table {
        Table::Schools => {
            for s in season.schools() {
                add(&|r| {
                    r.text(&s.id);
                    r.text(&s.name);
                    r.text(s.stage.key());
                    r.maybe(s.ownership, |r, o| r.text(o.key()));
                    r.maybe(s.tier, |r, t| r.text(t.key()));
                    r.text(season.region_name(s.region));
                    r.small(u8::from(s.is_new));
                    r.maybe(s.enrolled, |r, n| r.number(n));
                    r.maybe(s.group.as_ref(), |r, g| r.text(g));
                    r.maybe(s.boarding_places, |r, n| r.number(n));
                });
            }
        }
        Table::Plan => {
            for line in season.plan() {
                add(&|r| {
                    r.text(school_id(line.school));
                    r.text(&policy.batch(line.batch).id);
                    r.text(&policy.category(line.category).id);
                    r.maybe(line.seats, |r, n| r.number(n));
                    r.maybe(line.classes, |r, n| r.number(n));
                    r.maybe(line.quota_share, |r, s| r.text(&s.to_string()));
                    match &line.scope {
                        Scope::Any => r.small(b'*'),
                        Scope::Regions(regions) => {
                            r.small(b';');
                            r.number(u32::try_from(regions.len()).unwrap_or(u32::MAX));
                            for &region in regions {
                                r.text(season.region_name(region));
                            }
                        }
                    }
                    r.text(&line.document);
                });
            }
        }
        Table::Graduates => {
            for g in season.graduates() {
                add(&|r| {
                    r.text(school_id(g.junior));
                    r.number(g.graduates);
                    r.number(g.eligible);
                    r.small(u8::from(g.tilt));
                    r.small(u8::from(g.boarding));
                });
            }
        }
        Table::Quotas => {
            for cell in season.quotas() {
                add(&|r| {
                    r.text(school_id(cell.school));
                    r.text(&policy.batch(cell.batch).id);
                    r.text(school_id(cell.junior));
                    r.number(cell.seats);
                    if let Some((reason, document)) = season.quota_paper(cell) {
                        r.text(reason);
                        r.text(document);
                    }
                });
            }
        }
        Table::Restrictions => {
            for (applicant, kind, reason, document) in season.restrictions() {
                add(&|r| {
                    r.text(&season.applicant(applicant).id);
                    r.text(kind.key());
                    r.text(reason);
                    r.text(document);
                });
            }
        }
        Table::TieDecisions => {
            for (batch, applicant, order, document) in season.tie_decisions() {
                add(&|r| {
                    r.text(&policy.batch(batch).id);
                    r.text(&season.applicant(applicant).id);
                    r.number(order);
                    r.text(document);
                });
            }
        }
        _ => {}
    }
    rows
}

/// The digest of a policy: its keys and values, without comments, layout and the order of keys.
///
/// The order of categories counts, since a batch without a seat order takes it. The seed does not: it may
/// come from elsewhere and stands in the certificate as used.
pub(super) fn policy(policy: &Policy) -> Digest {
    let Ok(mut table) = toml::from_str::<toml::Table>(&policy.text) else {
        return of_bytes(policy.text.as_bytes());
    };
    if let Some(season) = table.get_mut("season").and_then(toml::Value::as_table_mut) {
        season.remove("seed");
    }
    let mut row = Row::default();
    write_table(&mut row, &table, true);
    row.digest()
}

fn write_table(row: &mut Row, table: &toml::Table, top: bool) {
    let mut keys: Vec<&String> = table.keys().collect();
    keys.sort_unstable();
    row.small(b'{');
    for key in keys {
        row.text(key);
        match table.get(key) {
            Some(toml::Value::Table(inner)) if top && key == "categories" => {
                for (category, value) in inner {
                    row.text(category);
                    write_value(row, value);
                }
            }
            Some(value) => write_value(row, value),
            None => {}
        }
    }
    row.small(b'}');
}

fn write_value(row: &mut Row, value: &toml::Value) {
    match value {
        toml::Value::Table(table) => write_table(row, table, false),
        toml::Value::Array(items) => {
            row.small(b'[');
            for item in items {
                write_value(row, item);
            }
            row.small(b']');
        }
        toml::Value::String(text) => {
            row.small(b'"');
            row.text(text);
        }
        other => {
            row.small(b'=');
            row.text(&other.to_string());
        }
    }
}
