//! Checks a bundle offline, with no database: signatures → root → consistency with the witness → replay → second
//! engine → rules.
//!
//! Whoever holds a checkpoint from earlier, kept outside, finds every rewriting of what it covers.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read};
use std::path::Path;

use ed25519_dalek::VerifyingKey;
use luqu_engine::audit::audit;
use luqu_engine::domain::{Severity, Table};
use luqu_engine::placement;
use luqu_engine::rules::AuditInputs;
use luqu_engine::verify::AnswerBytes;
use serde_json::Value;
use zip::ZipArchive;

use super::registry::Registry;
use super::{Checkpoint, Entry, Tree};
use crate::error::Failure;
use crate::tables::{answer, load};

/// The id of the season that the bundle is of.
pub(crate) const SEASON: &str = "season.txt";
/// The leaves, one a line, in hex.
pub(crate) const LEAVES: &str = "ledger.txt";
/// The checkpoints, as a JSON list of notes.
pub(crate) const CHECKPOINTS: &str = "checkpoints.json";
/// The key that signs them, in hex.
pub(crate) const KEY: &str = "key.txt";

/// The files of the answer of a round.
pub(crate) const ANSWER: [&str; 4] =
    ["placements.csv", "cutoffs.csv", "reasons.csv", "certificate.json"];

/// The most bytes that a bundle may unpack to.
const MOST: u64 = 4 << 30;

/// What a bundle was found to be.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Checked {
    /// The season.
    pub season: String,
    /// How many entries stand behind the last checkpoint, signed by nobody yet.
    pub uncovered: u64,
    /// How many entries the ledger has.
    pub entries: u64,
    /// How many checkpoints were checked.
    pub checkpoints: usize,
    /// How many published rounds were placed and judged again.
    pub rounds: usize,
    /// What does not hold, as sentences; none is a clean bundle.
    pub findings: Vec<String>,
}

/// What must agree with the bundle, kept outside.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Outside {
    /// Earlier checkpoints.
    pub witnesses: Vec<String>,
    /// The key as it was published. Without it the bundle's own is believed.
    pub key: Option<VerifyingKey>,
}

/// Checks a bundle against what was kept outside.
///
/// # Errors
/// Bytes that are no bundle, or a disk that cannot be written to.
pub fn check(bytes: &[u8], outside: &Outside) -> Result<Checked, Failure> {
    let files = unpack(bytes)?;
    let text = |name: &str| -> Result<&str, Failure> {
        let bytes = files.get(name).ok_or_else(|| not_one(name))?;
        std::str::from_utf8(bytes).map_err(|_| not_one(name))
    };
    let mut checked = Checked::default();
    let mut object = |finding: String| checked.findings.push(finding);

    let season = text(SEASON)?.trim().to_owned();
    let own = hex::decode(text(KEY)?.trim()).ok().and_then(|k| <[u8; 32]>::try_from(k).ok());
    let own = own.and_then(|k| VerifyingKey::from_bytes(&k).ok()).ok_or_else(|| not_one(KEY))?;
    if outside.key.is_some_and(|key| key != own) {
        object("签名公钥与外部保存的不同".to_owned());
    }
    let key = outside.key.unwrap_or(own);
    let leaves: Option<Vec<Vec<u8>>> =
        text(LEAVES)?.lines().map(|line| hex::decode(line).ok()).collect();
    let leaves = leaves.ok_or_else(|| not_one(LEAVES))?;
    let notes: Vec<String> =
        serde_json::from_str(text(CHECKPOINTS)?).map_err(|_| not_one(CHECKPOINTS))?;

    let mut tree = Tree::default();
    let mut roots = vec![tree.root()];
    for leaf in &leaves {
        tree.push(leaf);
        roots.push(tree.root());
    }
    let outer = outside.witnesses.iter().map(|note| ("外部保存的检查点", note.as_str()));
    let inside = notes.iter().map(|note| ("检查点", note.as_str()));
    let mut last = 0;
    for (what, note) in inside.chain(outer) {
        match Checkpoint::open(note, &key) {
            Err(error) => object(format!("{what}：{error}")),
            Ok(Checkpoint { size, root }) => {
                match usize::try_from(size).ok().and_then(|n| roots.get(n)) {
                    None => object(format!("{what}覆盖 {size} 条，日志只有 {} 条", leaves.len())),
                    Some(found) if *found != root => {
                        object(format!("{what}：前 {size} 条日志已被改动"));
                    }
                    Some(_) => last = last.max(size),
                }
            }
        }
    }
    let mut published: BTreeMap<i64, Value> = BTreeMap::new();
    let mut destroyed = false;
    let mut lottery = Lottery::default();
    let mut registry = Registry::default();
    let mut before = i64::MIN;
    for (at, leaf) in leaves.iter().enumerate() {
        let Some(entry) = Entry::of_leaf(leaf) else {
            object(format!("第 {at} 条日志不可读"));
            continue;
        };
        if entry.recorded_at < before {
            object(format!("第 {at} 条日志的时间倒退"));
        }
        before = entry.recorded_at;
        let facts: Value = serde_json::from_str(&entry.facts).unwrap_or_default();
        let said = [lottery.read(&entry, &facts), registry.read(&entry, &facts)];
        for said in said.into_iter().flatten() {
            object(format!("第 {at} 条日志：{said}"));
        }
        let own = entry.subject == season;
        destroyed |= own && entry.kind == "personal_data_destroyed";
        // Rounds of other seasons are in the same ledger and in bundles of their own.
        if entry.kind == "round_published"
            && own
            && let Some(round) = facts["round"].as_i64()
        {
            // Acts after the last signing are lawful, and not yet covered; a publication signs itself.
            if at as u64 >= last {
                object(format!("第 {at} 条日志：轮次 {round} 的公布没有检查点签名"));
            }
            published.insert(round, facts);
        }
    }
    let mut rounds = 0;
    let mut sayings = Vec::new();
    for (round, facts) in &published {
        let prefix = format!("rounds/{round}/");
        let of_round: Vec<(&str, &[u8])> = files
            .iter()
            .filter_map(|(name, bytes)| Some((name.strip_prefix(&prefix)?, bytes.as_slice())))
            .collect();
        if of_round.is_empty() {
            if !destroyed {
                sayings.push(format!("轮次 {round} 已经公布，包中没有它的数据和结果"));
            }
            continue;
        }
        rounds += 1;
        sayings.extend(
            replay(&of_round, facts, &lottery)?.into_iter().map(|s| format!("轮次 {round}：{s}")),
        );
    }
    for name in
        files.keys().filter(|name| ![SEASON, LEAVES, CHECKPOINTS, KEY].contains(&name.as_str()))
    {
        match of_a_round(name) {
            None => sayings.push(format!("{name}：不是核验包的文件")),
            Some(id) if !published.contains_key(&id) => {
                sayings.push(format!("{name}：日志中没有公布过这一轮次"));
            }
            Some(_) => continue,
        }
        break;
    }
    checked.findings.extend(sayings);
    checked.season = season;
    checked.entries = leaves.len() as u64;
    checked.uncovered = checked.entries - last;
    checked.checkpoints = notes.len();
    checked.rounds = rounds;
    Ok(checked)
}

/// The number of the round that a file is of, if it has the place and the name of one.
fn of_a_round(name: &str) -> Option<i64> {
    let mut parts = name.split('/');
    let ("rounds", id) = (parts.next()?, parts.next()?.parse().ok()?) else { return None };
    let (folder, file) = (parts.next()?, parts.next()?);
    let known = match folder {
        "season" => {
            let tables = Table::SEASON.iter().any(|t| file.strip_suffix(".csv") == Some(t.key()));
            file == load::POLICY_FILE || tables
        }
        "answer" => ANSWER.contains(&file),
        _ => false,
    };
    (known && parts.next().is_none()).then_some(id)
}

/// What the ledger says of the lotteries of its seasons.
#[derive(Default)]
struct Lottery {
    /// The commitment of each season, and its seed once it is public.
    seeds: BTreeMap<String, (String, Option<String>)>,
    /// The seasons of which wishes have closed.
    closed: BTreeSet<String>,
}

impl Lottery {
    /// Takes an entry; says what is not right with it.
    fn read(&mut self, entry: &Entry, facts: &Value) -> Option<&'static str> {
        let text = |key: &str| facts[key].as_str().map(str::to_owned);
        let season = entry.subject.clone();
        match entry.kind.as_str() {
            "wishes_closed" => {
                self.closed.insert(season);
                None
            }
            "lottery_committed" => {
                let again = self.seeds.contains_key(&season);
                let known = (text("commitment").unwrap_or_default(), text("seed"));
                self.seeds.entry(season).or_insert(known);
                again.then_some("随机号种子承诺了两次")
            }
            "lottery_revealed" => {
                let closed = self.closed.contains(&season);
                let Some((commitment, seed)) = self.seeds.get_mut(&season) else {
                    return Some("公布了没有承诺过的随机号种子");
                };
                let told = text("seed").unwrap_or_default();
                let secret = told.split('/').next().unwrap_or_default();
                let kept = luqu_engine::domain::digest::of_bytes(secret.as_bytes()).to_string();
                let again = seed.replace(told.clone()).is_some();
                match () {
                    () if again => Some("随机号种子公布了两次"),
                    () if !closed => Some("随机号种子在志愿截止前公布"),
                    () if kept != *commitment => Some("公布的随机号种子与承诺不符"),
                    () => None,
                }
            }
            _ => None,
        }
    }

    /// The public seed of a season.
    fn seed_of(&self, season: &str) -> Option<&str> {
        self.seeds.get(season)?.1.as_deref()
    }
}

/// Reads a round's season, judges its answer, places it again and audits what was admitted.
fn replay(
    files: &[(&str, &[u8])],
    facts: &Value,
    lottery: &Lottery,
) -> Result<Vec<String>, Failure> {
    let folder = tempfile::tempdir().map_err(Failure::io(&std::env::temp_dir()))?;
    for sub in ["season", "answer"] {
        let path = folder.path().join(sub);
        std::fs::create_dir(&path).map_err(Failure::io(&path))?;
    }
    for (name, bytes) in files {
        let plain = Path::new(name).components().count() == 2
            && (name.starts_with("season/") || name.starts_with("answer/"));
        if plain {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).map_err(Failure::io(&path))?;
        }
    }
    let certificate = files.iter().find(|(name, _)| *name == "answer/certificate.json");
    let certificate: Value =
        certificate.and_then(|(_, b)| serde_json::from_slice(b).ok()).unwrap_or_default();
    let seed = certificate["seed"].as_str();
    let mut loaded = load::load(&folder.path().join("season"), seed)?;
    let Some(season) = loaded.season.take() else {
        return Ok(vec![format!("封存的输入读不出来，有 {} 处错误", loaded.faults.len())]);
    };
    let mut found = Vec::new();
    let judged = answer::judge(&season, &folder.path().join("answer"))?;
    found.extend(judged.report.findings.iter().map(|f| f.sentence.clone()));
    if !judged.complete {
        found.push("结果文件不全".to_owned());
    }
    let public = certificate["season"].as_str().and_then(|season| lottery.seed_of(season));
    if seed.is_some() && seed != public {
        found.push("随机号种子不是日志中公布的那一个".to_owned());
    }
    if certificate["answer"].as_str().is_none() || certificate["answer"] != facts["digest"] {
        found.push("结果不是两人签发并记入日志的那一份".to_owned());
    }
    let inputs = crate::acts::inputs_digest(
        &certificate["season"],
        &certificate["policy"],
        &certificate["seed"],
        &certificate["inputs"],
    );
    if facts["inputs"].as_str() != Some(&inputs) {
        found.push("输入不是计算时记入日志的那一份".to_owned());
    }
    match placement::place(&season) {
        Err(undecided) => found.push(format!("重新录取没有结果：{undecided}")),
        Ok(again) => {
            let placements = files.iter().find(|(name, _)| *name == "answer/placements.csv");
            if placements.is_none_or(|(_, b)| *b != AnswerBytes::of(&season, &again).placements) {
                found.push("重新录取的结果与公布的不同".to_owned());
            }
            let inputs = AuditInputs::of_answer(&season, &again);
            let errors =
                audit(&season, &inputs).into_iter().filter(|v| v.severity == Severity::Error);
            found.extend(errors.take(20).map(|v| v.detail));
        }
    }
    Ok(found)
}

fn unpack(bytes: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
    let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(|_| not_one("zip"))?;
    let mut files = BTreeMap::new();
    let mut left = MOST;
    for at in 0..zip.len() {
        let file = zip.by_index(at).map_err(|_| not_one("zip"))?;
        let name = file.name().map_err(|_| not_one("zip"))?.into_owned();
        let mut content = Vec::new();
        file.take(left + 1).read_to_end(&mut content).map_err(|_| not_one(&name))?;
        left = left.checked_sub(content.len() as u64).ok_or_else(|| not_one("too large"))?;
        files.insert(name, content);
    }
    Ok(files)
}

fn not_one(what: &str) -> Failure {
    Failure::Usage(format!("不是可读的核验包 (not a bundle): {what}"))
}
