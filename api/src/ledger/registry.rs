//! What the ledger says of registry records: nobody has one without having been admitted, audited and seen at the
//! school, and nothing rests on one that is gone.
//!
//! The schema does not let it be otherwise; whoever holds a bundle need not believe in the schema.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Entry;

/// The law's class size.
const CAP: u64 = luqu_engine::policy::CLASS_SIZE as u64;

/// An admission to a school.
type Seat = (i64, String);

/// The state of the registry after the entries that were read.
#[derive(Default)]
pub(super) struct Registry {
    audited: bool,
    /// Who came, by pseudonym, and to what.
    arrived: BTreeMap<String, Seat>,
    /// Who has an open record, and on what admission.
    open: BTreeMap<String, Seat>,
    revoked: BTreeSet<i64>,
}

impl Registry {
    /// Takes an entry; says what is not right with it.
    pub(super) fn read(&mut self, entry: &Entry, facts: &Value) -> Option<&'static str> {
        let who = &entry.subject;
        let school = facts["school"].as_str().unwrap_or_default();
        let admission = facts["admission"].as_i64().unwrap_or_default();
        let seat = (admission, school.to_owned());
        let on_record =
            |open: &BTreeMap<String, Seat>| open.get(who).is_some_and(|s| s.1 == school);
        let too_many = |count: &Value| count.as_u64().is_none_or(|count| count > CAP);
        match entry.kind.as_str() {
            "audited" => self.audited = true,
            "arrived" => drop(self.arrived.insert(who.clone(), seat)),
            "arrival_undone" | "gate_closed" => {
                self.arrived.remove(who);
                let rests = self.open.get(who).is_some_and(|open| open.0 == admission);
                return rests.then_some("报到或准入已撤回，学籍仍在");
            }
            "admission_revoked" => {
                self.revoked.insert(admission);
                let rests = self.open.get(who).is_some_and(|open| open.0 == admission);
                return rests.then_some("录取已撤销，学籍仍在");
            }
            "record_opened" => {
                let (came, revoked) = (self.arrived.get(who), self.revoked.contains(&admission));
                let wrong = match () {
                    () if !self.audited => Some("尚未审计就建了学籍"),
                    () if came != Some(&seat) => Some("没有到该校报到就建了学籍"),
                    () if revoked => Some("录取已撤销又建了学籍"),
                    () if self.open.contains_key(who) => Some("已有学籍又建了一份"),
                    () => None,
                };
                self.open.insert(who.clone(), seat);
                return wrong;
            }
            "record_withdrawn" => {
                let was = self.open.remove(who);
                return (was != Some(seat)).then_some("撤回了没有建过的学籍");
            }
            "classes_formed" => {
                let most = facts["classes"].as_u64().unwrap_or_default().saturating_mul(CAP);
                let over = facts["pupils"].as_u64().is_none_or(|pupils| pupils > most);
                return over.then_some("分班超过班额上限");
            }
            "class_joined" if !on_record(&self.open) => return Some("没有该校学籍而编入班级"),
            "class_joined" if too_many(&facts["seat"]) => return Some("班级超过班额上限"),
            "sections_formed" if too_many(&facts["limit"]) => return Some("教学班超过班额上限"),
            "sections_joined" if !on_record(&self.open) => return Some("没有该校学籍而编入教学班"),
            "sections_joined" => {
                let mut joined = facts["joined"].as_array().into_iter().flatten();
                return joined.any(|j| too_many(&j["seat"])).then_some("教学班超过班额上限");
            }
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ledger::Event;

    type Act = (&'static str, &'static str, Value);

    fn read(acts: &[Act]) -> Vec<&'static str> {
        let mut registry = Registry::default();
        let mut said = Vec::new();
        for (kind, who, facts) in acts {
            let entry = Entry::of(&Event::new(kind, "zhao", who, facts.clone()), 0, &[0; 32]);
            said.extend(registry.read(&entry, facts));
        }
        said
    }

    fn seat(admission: i64) -> Value {
        json!({"school": "S1", "admission": admission})
    }

    /// One pupil from arrival to a section, and back out again.
    fn lawful() -> Vec<Act> {
        let joined =
            json!({"school": "S1", "formation": 1, "joined": [{"section": "物理1-1", "seat": 55}]});
        vec![
            ("arrived", "a", seat(1)),
            ("audited", "2026", json!({"cleared": 1})),
            ("record_opened", "a", seat(1)),
            ("classes_formed", "2026", json!({"school": "S1", "classes": 2, "pupils": 110})),
            ("class_joined", "a", json!({"school": "S1", "class": 1, "seat": 55})),
            ("sections_formed", "2026", json!({"school": "S1", "limit": 55})),
            ("sections_joined", "a", joined),
            ("record_withdrawn", "a", seat(1)),
            ("gate_closed", "a", seat(1)),
            ("admission_revoked", "a", json!({"decision": 3, "admission": 1})),
        ]
    }

    #[test]
    fn a_lawful_story_has_nothing_to_say() {
        assert_eq!(read(&lawful()), [""; 0]);
    }

    #[test]
    fn whatever_is_missing_before_a_record_is_told() {
        let without = |kinds: &[&str]| {
            let mut acts = lawful();
            acts.retain(|(kind, ..)| !kinds.contains(kind));
            read(&acts)
        };
        assert_eq!(without(&["audited"]), ["尚未审计就建了学籍"]);
        assert_eq!(without(&["arrived"]), ["没有到该校报到就建了学籍"]);
        assert_eq!(
            without(&["record_opened"]),
            ["没有该校学籍而编入班级", "没有该校学籍而编入教学班", "撤回了没有建过的学籍"]
        );
        assert_eq!(
            without(&["record_withdrawn"]),
            ["报到或准入已撤回，学籍仍在", "录取已撤销，学籍仍在"]
        );
    }

    #[test]
    fn whatever_is_beyond_the_law_is_told() {
        let with = |at: usize, act: Act| {
            let mut acts = lawful();
            acts[at] = act;
            read(&acts)
        };
        let elsewhere = json!({"school": "S2", "admission": 2});
        assert_eq!(with(0, ("arrived", "a", elsewhere)), ["没有到该校报到就建了学籍"]);
        let many = json!({"school": "S1", "classes": 2, "pupils": 111});
        assert_eq!(with(3, ("classes_formed", "2026", many)), ["分班超过班额上限"]);
        let high = json!({"school": "S1", "class": 1, "seat": 56});
        assert_eq!(with(4, ("class_joined", "a", high)), ["班级超过班额上限"]);
        let wide = json!({"school": "S1", "limit": 56});
        assert_eq!(with(5, ("sections_formed", "2026", wide)), ["教学班超过班额上限"]);
        let high = json!({"school": "S1", "joined": [{"section": "物理1-1", "seat": 56}]});
        assert_eq!(with(6, ("sections_joined", "a", high)), ["教学班超过班额上限"]);
        assert_eq!(with(4, ("record_opened", "a", seat(1)))[0], "已有学籍又建了一份");
        let mut again = lawful();
        again.extend([("arrived", "a", seat(1)), ("record_opened", "a", seat(1))]);
        assert_eq!(read(&again), ["录取已撤销又建了学籍"]);
    }
}
