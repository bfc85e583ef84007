//! One pupil more in teaching sections that were formed before: who came to a class late, or has chosen anew.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use luqu_engine::domain::{Fault, FaultCode, Table};
use luqu_engine::sections::{Combination, Room};
use serde_json::{Value, json};

use super::classes::free_seat;
use super::{ActError, Actor, Office, now};
use crate::store::FormedSection;
use crate::tables::Located;

/// A pupil's places in sections that were formed before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SectionsJoined {
    /// Which forming of the school's sections it is, from 1.
    pub formation: u32,
    /// The sections with the seats there, the first choice in front.
    pub seats: Vec<(FormedSection, u32)>,
    /// Whether a place was given now; false for whoever had all of them already.
    pub new: bool,
}

impl Office {
    /// Seats a pupil of a class in the sections as they are, by what the pupil has chosen: with the fewest changes of
    /// places already held, then the fewest lessons away from the own class, then in the smaller sections. The others
    /// stay where they are.
    ///
    /// # Errors
    /// Not admitted to a school that the actor serves; no such combination; no place in a class; no sections of the
    /// classes as they are; the sections that have places left cannot be attended together.
    pub async fn join_sections(
        &self,
        actor: &Actor,
        season: &str,
        applicant: &str,
        combination: &str,
    ) -> Result<SectionsJoined, ActError> {
        let admission = self.served_admission(actor, season, applicant).await?;
        let school = admission.school.as_str();
        let chosen: Combination = combination.parse().map_err(|why| {
            let fault = Fault::of_table(FaultCode::BadValue, Table::Choices, format!("{why}"));
            let fault = fault.found(combination).help("请核对选科组合");
            ActError::Faults(vec![Located::in_file(fault, "combination")])
        })?;
        let tx = self.store.write().await?;
        let places = tx.places(season, Some(school)).await?;
        let Some(place) = places.iter().find(|p| p.applicant == applicant) else {
            return Err(ActError::Conflict(
                "该生尚未编入班级，不能编入教学班；请先编入班级".to_owned(),
            ));
        };
        let sections = tx.formed_sections(season, school).await?;
        let Some(first) = sections.first() else {
            return Err(ActError::Conflict(
                "该校尚未按现有班级编排教学班；编排时会一并编入".to_owned(),
            ));
        };
        let formation = first.formation;
        let Some(found) = places_for_one(&sections, place.class_no, place.record, chosen) else {
            return Err(ActError::Conflict(nowhere(&sections, chosen)));
        };
        let kept: BTreeSet<i64> = found.iter().map(|s| s.id).collect();
        let mut left = Vec::new();
        for section in sections.iter().filter(|s| seat_of(s, place.record).is_some()) {
            if !kept.contains(&section.id) {
                tx.leave_sections(place.record, Some(section.id), now()).await?;
                left.push(section.name());
            }
        }
        let mut joined = Vec::new();
        let mut seats = Vec::new();
        for section in found {
            let seat = match seat_of(section, place.record) {
                Some(seat) => seat,
                None => {
                    let Some(seat) = free_seat(&section.taken, section.cap) else {
                        return Err(ActError::Conflict(nowhere(&sections, chosen)));
                    };
                    tx.take_section_seat((season, school), section, seat, place).await?;
                    joined.push(json!({"section": section.name(), "seat": seat}));
                    seat
                }
            };
            seats.push((section.clone(), seat));
        }
        let new = !joined.is_empty();
        if new {
            let told =
                json!({"school": school, "formation": formation, "joined": joined, "left": left});
            let (what, about) = (("sections_joined", actor), (season, applicant));
            self.record_about(&tx, what, about, told, Value::Null).await?;
            tx.commit().await?;
        }
        Ok(SectionsJoined { formation, seats, new })
    }
}

/// The seat of a record in a section.
fn seat_of(section: &FormedSection, record: i64) -> Option<u32> {
    section.taken.iter().find(|(_, sits)| **sits == record).map(|(seat, _)| *seat)
}

/// A section for each chosen subject, all in different blocks, that has a place for the record or is attended by it.
fn places_for_one(
    sections: &[FormedSection],
    class_no: u32,
    record: i64,
    chosen: Combination,
) -> Option<[&FormedSection; 3]> {
    let own = Room::Home(class_no.to_string().into());
    let attended = |s: &FormedSection| seat_of(s, record).is_some();
    let [first, second, third] = chosen.subjects().map(|subject| {
        let open = |s: &&FormedSection| {
            s.subject == subject && (s.taken.len() < s.cap as usize || attended(s))
        };
        sections.iter().filter(open).collect::<Vec<_>>()
    });
    let mut best = None;
    for a in first {
        for b in second.iter().filter(|b| b.block != a.block) {
            for c in third.iter().filter(|c| c.block != a.block && c.block != b.block) {
                let all = [a, *b, *c];
                let stays = all.iter().filter(|s| attended(s)).count();
                let at_home = all.iter().filter(|s| s.room == own).count();
                let crowd: usize = all.iter().map(|s| s.taken.len()).sum();
                let rank = (Reverse(stays), Reverse(at_home), crowd);
                if best.as_ref().is_none_or(|(other, _)| rank < *other) {
                    best = Some((rank, all));
                }
            }
        }
    }
    best.map(|(_, all)| all)
}

/// Why nobody more can have this combination.
fn nowhere(sections: &[FormedSection], chosen: Combination) -> String {
    let mut reasons = Vec::new();
    for subject in chosen.subjects() {
        let of: Vec<&FormedSection> = sections.iter().filter(|s| s.subject == subject).collect();
        if of.is_empty() {
            reasons.push(format!("没有{}教学班", subject.label()));
        } else if of.iter().all(|s| s.taken.len() >= s.cap as usize) {
            let each =
                |s: &&FormedSection| format!("{} {}人，上限{}人", s.name(), s.taken.len(), s.cap);
            let each: Vec<String> = of.iter().map(each).collect();
            reasons.push(format!("{}各教学班均已满额（{}）", subject.label(), each.join("；")));
        }
    }
    if reasons.is_empty() {
        reasons.push("各科尚有空位的教学班在同一节段，不能兼上".to_owned());
    }
    format!("不能编入教学班：{}；须重新编排", reasons.join("；"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use luqu_engine::sections::Subject;

    use super::*;

    /// A section of two seats, of which so many are taken, in the room of a class or in room 1 beside.
    fn section(subject: Subject, block: u8, home: Option<u32>, taken: &[i64]) -> FormedSection {
        FormedSection {
            id: 10 * subject as i64 + i64::from(block),
            class_formation: 1,
            formation: 1,
            subject,
            block,
            number: 1,
            cap: 2,
            room: home.map_or(Room::Extra(1), |class| Room::Home(class.to_string().into())),
            taken: (1..).zip(taken.iter().copied()).collect::<BTreeMap<_, _>>(),
        }
    }

    fn given(sections: &[FormedSection], record: i64, chosen: &str) -> Option<Vec<String>> {
        let chosen = chosen.parse().expect("a combination");
        let found = places_for_one(sections, 1, record, chosen)?;
        Some(found.iter().map(|s| s.name()).collect())
    }

    #[test]
    fn a_pupil_keeps_places_then_stays_at_home_then_goes_where_few_are() {
        use Subject::{Biology, Chemistry, Geography, Physics};
        let sections = [
            section(Physics, 1, Some(1), &[8]),
            section(Physics, 2, None, &[]),
            section(Chemistry, 1, None, &[]),
            section(Chemistry, 2, Some(1), &[8]),
            section(Biology, 3, None, &[8]),
            section(Geography, 3, Some(1), &[9]),
        ];
        // At home, though the others are emptier.
        let home = ["物理1-1", "化学2-1", "生物3-1"].map(str::to_owned).to_vec();
        assert_eq!(given(&sections, 7, "物化生"), Some(home));
        // Who has places keeps them and changes the one subject.
        let mut away = sections.clone();
        for at in [1, 2, 4] {
            away[at].taken.insert(2, 7);
        }
        let changed = ["物理2-1", "化学1-1", "地理3-1"].map(str::to_owned).to_vec();
        assert_eq!(given(&away, 7, "物化地"), Some(changed));
        // Away from home where the section there is full, and nowhere if all are.
        let mut full = sections.clone();
        full[0].taken.insert(2, 9);
        let there = ["物理2-1", "化学1-1", "生物3-1"].map(str::to_owned).to_vec();
        assert_eq!(given(&full, 7, "物化生"), Some(there));
        full[1].taken.extend([(1, 9), (2, 10)]);
        assert_eq!(given(&full, 7, "物化生"), None);
        let chosen = "物化政".parse().expect("a combination");
        assert_eq!(
            nowhere(&full, chosen),
            "不能编入教学班：物理各教学班均已满额（物理1-1 2人，上限2人；物理2-1 2人，上限2人）；没有政治教学班；须重新编排"
        );
    }

    #[test]
    fn two_lessons_at_once_are_no_timetable() {
        use Subject::{Biology, Chemistry, Physics};
        let sections = [
            section(Physics, 1, None, &[]),
            section(Chemistry, 1, None, &[]),
            section(Biology, 3, None, &[]),
        ];
        assert_eq!(given(&sections, 7, "物化生"), None);
        let chosen = "物化生".parse().expect("a combination");
        assert!(nowhere(&sections, chosen).contains("同一节段"));
    }
}
