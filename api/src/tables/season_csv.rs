//! Writes a season folder: `policy.toml` and one CSV file per table (SPEC §3), all or nothing.
//!
//! UTF-8 without BOM, LF, English keys; columns in the order of the contract. The same draft gives the
//! same bytes.

use std::fmt::{Display, Write as _};
use std::path::Path;

use luqu_engine::domain::draft::{Draft, GraduatesRow, PlanRow, QuotaRow, Rows, SchoolRow};
use luqu_engine::domain::{Season, Table, Text};
use luqu_engine::policy::Policy;
use luqu_fixtures::{District, DistrictSpec};
use rayon::prelude::*;

use super::write::atomic;
use crate::error::Failure;
use crate::interrupt;

/// The file of each table.
const FILES: [(Table, &str); 9] = [
    (Table::Schools, "schools.csv"),
    (Table::Plan, "plan.csv"),
    (Table::Graduates, "graduates.csv"),
    (Table::Quotas, "quotas.csv"),
    (Table::Applicants, "applicants.csv"),
    (Table::Wishes, "wishes.csv"),
    (Table::SpecialScores, "special_scores.csv"),
    (Table::Restrictions, "restrictions.csv"),
    (Table::TieDecisions, "tie_decisions.csv"),
];

/// Whether [`write_district`] writes a file of the name.
pub fn is_season_file(name: &str) -> bool {
    name == "policy.toml" || FILES.iter().any(|(_, file)| *file == name)
}

/// The tables that are written block by block.
const LONG: [Table; 3] = [Table::Applicants, Table::Wishes, Table::SpecialScores];

/// The applicants of a block.
const BLOCK: usize = 1 << 9;

/// Writes the district of a spec as the folder `dir`, which must not exist or be empty; block by block, so
/// that a season of any size takes little memory. A run that fails or is interrupted leaves no half-written
/// season. Gives how many applicants, wishes and schools there are.
///
/// # Errors
/// `Usage` when `dir` is a file or holds anything; `Io` with the path; `Interrupted`.
pub fn write_district(dir: &Path, spec: &DistrictSpec) -> Result<[usize; 3], Failure> {
    atomic::may_replace(dir, |_| false)?;
    let district = District::of(spec);
    let mut counts = [0, 0, district.short().schools.rows.len()];
    let mut wishers = Vec::new();
    atomic::replace_folder_by(dir, is_season_file, interrupt::check, |folder| {
        let whole = |name: &str, bytes: &[u8]| {
            let mut file = folder.file(name)?;
            file.write(bytes)?;
            file.done()
        };
        whole("policy.toml", spec.policy().text.as_bytes())?;
        let tables = |draft: &Draft| -> Result<(), Failure> {
            let files = tables_csv(spec.policy(), draft)?;
            files.iter().try_for_each(|(name, bytes)| whole(name, bytes))
        };
        tables(district.short())?;
        let long = FILES.iter().filter(|(table, _)| LONG.contains(table));
        let mut files = long
            .map(|&(table, name)| Ok((table, folder.file(name)?)))
            .collect::<Result<Vec<_>, Failure>>()?;
        let ends: Vec<u32> = (0..spec.applicants()).step_by(BLOCK).collect();
        for lot in ends.chunks(8 * rayon::current_num_threads()) {
            interrupt::check()?;
            let block = |&from: &u32| district.block(from..from.saturating_add(BLOCK as u32));
            let blocks: Vec<Draft> = lot.par_iter().map(block).collect();
            for (first, block) in lot.iter().map(|&from| from == 0).zip(blocks) {
                counts[0] += block.applicants.rows.len();
                counts[1] += block.wishes.rows.len();
                district.note_wishers(&block, &mut wishers);
                for (table, file) in &mut files {
                    let bytes = table_csv(*table, spec.policy(), &block)?.unwrap_or_default();
                    let header = bytes.iter().position(|&b| b == b'\n').map_or(0, |end| end + 1);
                    file.write(&bytes[if first { 0 } else { header }..])?;
                }
            }
        }
        files.into_iter().try_for_each(|(_, file)| file.done())?;
        tables(&district.ties(&wishers))
    })?;
    Ok(counts)
}

/// The tables of a draft that are there, each as its file, in the order of the contract.
///
/// # Errors
/// `Internal` only.
pub fn tables_csv(policy: &Policy, draft: &Draft) -> Result<Vec<atomic::Named>, Failure> {
    let mut files = Vec::new();
    for (table, name) in FILES {
        if let Some(bytes) = table_csv(table, policy, draft)? {
            files.push((name, bytes));
        }
    }
    Ok(files)
}

/// Schools, graduates, plan and quota cells of a checked season, by file name: what freezing a plan freezes.
///
/// # Errors
/// `Internal` only.
pub fn frozen(season: &Season) -> Result<Vec<(&'static str, String)>, Failure> {
    let draft = plan_draft(season);
    let mut files = Vec::new();
    for (table, name) in FILES {
        if is_of_plan(table)
            && let Some(bytes) = table_csv(table, season.policy(), &draft)?
        {
            files.push((name, String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    Ok(files)
}

/// Whether a table is frozen with the plan.
pub const fn is_of_plan(table: Table) -> bool {
    matches!(table, Table::Schools | Table::Plan | Table::Graduates | Table::Quotas)
}

fn plan_draft(season: &Season) -> Draft {
    let school = |ix| Some(season.school(ix).id.clone());
    let policy = season.policy();
    Draft {
        schools: Rows::of(season.schools().iter().map(|s| SchoolRow {
            school_id: Some(s.id.clone()),
            name: Some(s.name.clone()),
            stage: Some(s.stage),
            ownership: s.ownership,
            tier: s.tier,
            region: Some(season.region_name(s.region).into()),
            is_new: Some(s.is_new),
            enrolled: s.enrolled,
            group: s.group.clone(),
            boarding_places: s.boarding_places,
        })),
        plan: Rows::of(season.plan().iter().map(|line| PlanRow {
            school_id: school(line.school),
            batch: Some(policy.batch(line.batch).id.clone()),
            category: Some(policy.category(line.category).id.clone()),
            seats: line.seats,
            seats_blank: line.seats.is_none(),
            classes: line.classes,
            quota_share: line.quota_share,
            region_scope: Some(season.scope_text(&line.scope).into()),
            document: Some(line.document.clone()),
        })),
        graduates: Rows::of(season.graduates().iter().map(|g| GraduatesRow {
            junior_id: school(g.junior),
            graduates: Some(g.graduates),
            eligible: Some(g.eligible),
            tilt: Some(g.tilt),
            boarding: Some(g.boarding),
        })),
        quotas: Rows::of(season.quotas().iter().map(|cell| {
            let (reason, document) = season.quota_paper(cell).unzip();
            QuotaRow {
                school_id: school(cell.school),
                batch: Some(policy.batch(cell.batch).id.clone()),
                junior_id: school(cell.junior),
                seats: Some(cell.seats),
                reason: reason.cloned(),
                document: document.cloned(),
            }
        })),
        ..Draft::default()
    }
}

/// The bytes of one table, or nothing when the draft does not have it.
///
/// # Errors
/// `Internal` only.
pub fn table_csv(table: Table, policy: &Policy, draft: &Draft) -> Result<Option<Vec<u8>>, Failure> {
    let fields = |keys: &[&str]| keys.iter().map(|&k| k.to_owned()).collect::<Vec<_>>();
    match table {
        Table::Schools => {
            let mut keys = fields(&[
                "school_id",
                "name",
                "stage",
                "ownership",
                "tier",
                "region",
                "is_new",
                "enrolled",
                "group",
            ]);
            let beds = draft.schools.rows.iter().any(|(_, s)| s.boarding_places.is_some());
            keys.extend(beds.then(|| "boarding_places".to_owned()));
            sheet(&draft.schools, &keys, |s, line| {
                line.text(&s.school_id).text(&s.name).word(s.stage.map(|v| v.key()));
                line.word(s.ownership.map(|v| v.key())).word(s.tier.map(|v| v.key()));
                line.text(&s.region).yes(s.is_new).shown(s.enrolled).text(&s.group);
                if beds {
                    line.shown(s.boarding_places);
                }
            })
        }
        Table::Plan => sheet(
            &draft.plan,
            &fields(&[
                "school_id",
                "batch",
                "category",
                "seats",
                "classes",
                "quota_share",
                "region_scope",
                "document",
            ]),
            |p, line| {
                line.text(&p.school_id).text(&p.batch).text(&p.category).shown(p.seats);
                line.shown(p.classes).shown(p.quota_share);
                line.text(&p.region_scope).text(&p.document);
            },
        ),
        Table::Graduates => {
            let mut keys = fields(&["junior_id", "graduates", "eligible", "tilt"]);
            let boards = draft.graduates.rows.iter().any(|(_, g)| g.boarding == Some(true));
            keys.extend(boards.then(|| "boarding".to_owned()));
            sheet(&draft.graduates, &keys, |g, line| {
                line.text(&g.junior_id).shown(g.graduates).shown(g.eligible).yes(g.tilt);
                if boards {
                    line.yes(g.boarding);
                }
            })
        }
        Table::Quotas => {
            let by_hand = |(_, q): &(u32, QuotaRow)| q.reason.is_some() || q.document.is_some();
            let edited = draft.quotas.rows.iter().any(by_hand);
            let mut keys = fields(&["school_id", "batch", "junior_id", "seats"]);
            keys.extend(edited.then(|| fields(&["reason", "document"])).into_iter().flatten());
            sheet(&draft.quotas, &keys, |q, line| {
                line.text(&q.school_id).text(&q.batch).text(&q.junior_id).shown(q.seats);
                if edited {
                    line.text(&q.reason).text(&q.document);
                }
            })
        }
        Table::Applicants => applicants(policy, draft),
        Table::Wishes => sheet(
            &draft.wishes,
            &fields(&["applicant_id", "batch", "position", "school_id", "category", "adjust"]),
            |w, line| {
                line.text(&w.applicant_id).text(&w.batch).shown(w.position);
                line.text(&w.school_id).text(&w.category).yes(w.adjust);
            },
        ),
        Table::SpecialScores => sheet(
            &draft.special_scores,
            &fields(&["applicant_id", "category", "school_id", "score", "qualified", "test_date"]),
            |s, line| {
                line.text(&s.applicant_id).text(&s.category).text(&s.school_id);
                line.shown(s.score).yes(s.qualified).text(&s.test_date);
            },
        ),
        Table::Restrictions => sheet(
            &draft.restrictions,
            &fields(&["applicant_id", "kind", "reason", "document"]),
            |r, line| {
                line.text(&r.applicant_id).word(r.kind.map(|k| k.key()));
                line.text(&r.reason).text(&r.document);
            },
        ),
        Table::TieDecisions => sheet(
            &draft.tie_decisions,
            &fields(&["batch", "applicant_id", "order", "document"]),
            |t, line| {
                line.text(&t.batch).text(&t.applicant_id).shown(t.order).text(&t.document);
            },
        ),
        _ => Ok(None),
    }
}

fn applicants(policy: &Policy, draft: &Draft) -> Result<Option<Vec<u8>>, Failure> {
    let mut keys: Vec<String> = [
        "applicant_id",
        "name",
        "gender",
        "id_number",
        "registry_no",
        "junior_id",
        "region",
        "fresh",
        "junior_since",
        "attended",
    ]
    .map(str::to_owned)
    .to_vec();
    keys.extend(policy.subjects.iter().map(|s| s.id.to_string()));
    keys.extend(["bonus", "total", "evaluation", "tie_class"].map(str::to_owned));
    sheet(&draft.applicants, &keys, |a, line| {
        line.text(&a.applicant_id).text(&a.name).word(a.gender.map(|v| v.key()));
        line.text(&a.id_number).text(&a.registry_no).text(&a.junior_id).text(&a.region);
        line.yes(a.fresh).shown(a.junior_since).yes(a.attended);
        for subject in 0..policy.subjects.len() {
            line.shown(a.scores.get(subject).copied().flatten());
        }
        line.shown(a.bonus).shown(a.total);
        line.word(a.evaluation.map(|v| v.key())).shown(a.tie_class);
    })
}

fn sheet<R>(
    rows: &Rows<R>,
    keys: &[String],
    mut fill: impl FnMut(&R, &mut Line),
) -> Result<Option<Vec<u8>>, Failure> {
    if !rows.present {
        return Ok(None);
    }
    let internal = |e: csv::Error| Failure::Internal(e.to_string());
    let mut out = csv::Writer::from_writer(Vec::with_capacity(rows.rows.len() * 64 + 256));
    out.write_record(keys).map_err(internal)?;
    let mut line = Line::default();
    for (_, row) in &rows.rows {
        line.record.clear();
        fill(row, &mut line);
        out.write_byte_record(&line.record).map_err(internal)?;
    }
    out.into_inner().map(Some).map_err(|e| Failure::Internal(e.to_string()))
}

/// One line of a table; a value that is not there is a blank cell.
#[derive(Default)]
struct Line {
    record: csv::ByteRecord,
    scratch: String,
}

impl Line {
    fn text(&mut self, value: &Option<Text>) -> &mut Self {
        self.record.push_field(value.as_deref().unwrap_or_default().as_bytes());
        self
    }

    fn word(&mut self, value: Option<&str>) -> &mut Self {
        self.record.push_field(value.unwrap_or_default().as_bytes());
        self
    }

    fn yes(&mut self, value: Option<bool>) -> &mut Self {
        self.word(value.map(|v| if v { "yes" } else { "no" }))
    }

    fn shown(&mut self, value: Option<impl Display>) -> &mut Self {
        self.scratch.clear();
        if let Some(value) = value {
            // Writing to a string does not fail.
            let _ = write!(self.scratch, "{value}");
        }
        self.record.push_field(self.scratch.as_bytes());
        self
    }
}
