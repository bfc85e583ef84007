//! An entry: what happened, when, by whom, in canonical bytes. Personal data stand elsewhere, under a commitment.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// The version of the canonical bytes.
const VERSION: u8 = 1;

/// What is to be recorded of an act.
#[derive(Clone, PartialEq, Debug)]
pub struct Event {
    /// What happened: `plan_frozen`, `round_published`, ….
    pub kind: &'static str,
    /// The account that did it.
    pub actor: String,
    /// Whom or what it is about: the season, a round, or the pseudonym of a person.
    pub subject: String,
    /// Facts that may stay readable for ever.
    pub facts: Map<String, Value>,
    /// Personal data that may have to be destroyed; only their salted hash enters the ledger.
    pub personal: Option<Personal>,
}

/// Personal data of an event, kept beside the ledger until the season's are destroyed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Personal {
    /// The season.
    pub season: String,
    /// The data.
    pub bytes: Vec<u8>,
}

impl Event {
    /// An event without personal data.
    #[must_use]
    pub fn new(kind: &'static str, actor: &str, subject: &str, facts: Value) -> Self {
        let facts = match facts {
            Value::Object(facts) => facts,
            Value::Null => Map::new(),
            other => Map::from_iter([("value".to_owned(), other)]),
        };
        Self { kind, actor: actor.to_owned(), subject: subject.to_owned(), facts, personal: None }
    }
}

/// One entry of the ledger.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// What happened.
    pub kind: String,
    /// Microseconds of UTC.
    pub recorded_at: i64,
    /// Who did it.
    pub actor: String,
    /// Whom or what it is about.
    pub subject: String,
    /// The facts as JSON with sorted keys.
    pub facts: String,
    /// SHA-256(salt ‖ personal data), where there are any.
    pub commitment: Option<[u8; 32]>,
}

impl Entry {
    /// The entry of an event at a time; `salt` hides its personal data.
    #[must_use]
    pub fn of(event: &Event, recorded_at: i64, salt: &[u8; 32]) -> Self {
        let commitment = event.personal.as_ref().map(|p| commitment(salt, &p.bytes));
        Self {
            kind: event.kind.to_owned(),
            recorded_at,
            actor: event.actor.clone(),
            subject: event.subject.clone(),
            facts: canonical(&Value::Object(event.facts.clone())),
            commitment,
        }
    }

    /// The bytes of the leaf: the version, the time, then each text with its length in front.
    #[must_use]
    pub fn leaf(&self) -> Vec<u8> {
        let mut leaf = vec![VERSION];
        leaf.extend(self.recorded_at.to_be_bytes());
        let commitment = self.commitment.as_ref().map_or(&[][..], |c| c);
        let texts = [&self.kind, &self.actor, &self.subject, &self.facts];
        for field in texts.map(|t| t.as_bytes()).into_iter().chain([commitment]) {
            leaf.extend((field.len() as u64).to_be_bytes());
            leaf.extend(field);
        }
        leaf
    }

    /// Reads a leaf; nothing if these are not the bytes of one.
    #[must_use]
    pub fn of_leaf(leaf: &[u8]) -> Option<Self> {
        let (&version, rest) = leaf.split_first()?;
        let (time, mut rest) = rest.split_first_chunk::<8>()?;
        let mut field = || {
            let (length, after) = rest.split_first_chunk::<8>()?;
            let length = usize::try_from(u64::from_be_bytes(*length)).ok()?;
            let (field, after) = after.split_at_checked(length)?;
            rest = after;
            Some(field)
        };
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
        let (kind, actor) = (text(field()?)?, text(field()?)?);
        let (subject, facts) = (text(field()?)?, text(field()?)?);
        let commitment = match field()? {
            [] => None,
            bytes => Some(<[u8; 32]>::try_from(bytes).ok()?),
        };
        let recorded_at = i64::from_be_bytes(*time);
        let entry = Self { kind, recorded_at, actor, subject, facts, commitment };
        (version == VERSION && rest.is_empty()).then_some(entry)
    }
}

/// What stands in the ledger for personal data.
#[must_use]
pub fn commitment(salt: &[u8], personal: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(salt).chain_update(personal).finalize().into()
}

/// JSON with the keys of every object in order and no space between.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            let pairs = keys.into_iter().map(|k| {
                format!(
                    "{}:{}",
                    Value::String(k.clone()),
                    map.get(k).map_or_else(String::new, canonical)
                )
            });
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(","))
        }
        plain => plain.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_leaf_reads_back_and_says_the_same_for_any_order_of_keys() {
        let one = Event::new(
            "round_published",
            "zhao",
            "round/7",
            json!({"b": [1, {"d": 2, "c": 3}], "a": "甲"}),
        );
        let other = Event::new(
            "round_published",
            "zhao",
            "round/7",
            json!({"a": "甲", "b": [1, {"c": 3, "d": 2}]}),
        );
        let entry = Entry::of(&one, 5, &[0; 32]);
        assert_eq!(entry.leaf(), Entry::of(&other, 5, &[0; 32]).leaf());
        assert_eq!(Entry::of_leaf(&entry.leaf()), Some(entry.clone()));
        for length in 0..entry.leaf().len() {
            assert_eq!(Entry::of_leaf(&entry.leaf()[..length]), None);
        }
        assert_eq!(Entry::of_leaf(&[entry.leaf(), vec![0]].concat()), None);
    }

    #[test]
    fn personal_data_enter_by_their_salted_hash_alone() {
        let mut event = Event::new("arrived", "wu", "p1", Value::Null);
        event.personal = Some(Personal { season: "s".to_owned(), bytes: "张三".into() });
        let salted = |salt| Entry::of(&event, 5, &[salt; 32]);
        assert_ne!(salted(1).commitment, salted(2).commitment);
        let leaf = salted(1).leaf();
        assert!(!leaf.windows(6).any(|w| w == "张三".as_bytes()));
        assert_eq!(Entry::of_leaf(&leaf), Some(salted(1)));
    }
}
