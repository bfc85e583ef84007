//! Teaching sections formed of classes. Forming again is a new formation; the highest of a school counts, as long as the
//! classes it was formed of do.

use std::collections::BTreeMap;

use luqu_engine::sections::{Room, Subject};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter,
    QueryOrder,
};

use super::StoreError;
use super::classes::{Place, seats_taken};
use super::db::{Db, Tx};
use super::entities::{section_group, section_member};
use super::plan::{count, stored};

/// A section to be written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewSection<'a> {
    /// What is taught.
    pub subject: Subject,
    /// When, from 1.
    pub block: u8,
    /// The number among the sections of the subject in the block, from 1.
    pub number: u32,
    /// The most pupils it may ever hold.
    pub cap: u32,
    /// Where.
    pub room: Room,
    /// The class places of its pupils, in the order of their seats.
    pub places: Vec<&'a Place>,
}

/// A section as it was formed, with the seats that are taken now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FormedSection {
    /// Its number in the store.
    pub id: i64,
    /// Which division of the school's pupils into classes it was formed of.
    pub class_formation: u32,
    /// Which forming of the school's sections it is of, from 1.
    pub formation: u32,
    /// What is taught.
    pub subject: Subject,
    /// When, from 1.
    pub block: u8,
    /// The number among the sections of the subject in the block, from 1.
    pub number: u32,
    /// The most pupils it may ever hold.
    pub cap: u32,
    /// Where.
    pub room: Room,
    /// The record that sits on each seat that is taken.
    pub taken: BTreeMap<u32, i64>,
}

impl FormedSection {
    /// The name of the section, such as 物理1-2.
    #[must_use]
    pub fn name(&self) -> String {
        self.subject.section(self.block, self.number)
    }
}

impl<C: ConnectionTrait> Db<C> {
    /// The highest formation of a school's sections, and of the classes that it was formed of; 0 before the first.
    ///
    /// # Errors
    /// What the database said.
    pub async fn section_formation(
        &self,
        season: &str,
        school: &str,
    ) -> Result<(u32, u32), StoreError> {
        let last = section_group::Entity::find()
            .filter(section_group::Column::SeasonId.eq(season))
            .filter(section_group::Column::SchoolId.eq(school))
            .order_by_desc(section_group::Column::Formation)
            .one(self.on())
            .await?;
        last.map_or(Ok((0, 0)), |row| Ok((count(row.formation)?, count(row.class_formation)?)))
    }

    /// The sections of a school that count, by subject, block and number; none before the first, and none once the
    /// classes have been formed anew.
    ///
    /// # Errors
    /// What the database said.
    pub async fn formed_sections(
        &self,
        season: &str,
        school: &str,
    ) -> Result<Vec<FormedSection>, StoreError> {
        let (last, of_classes) = self.section_formation(season, school).await?;
        if of_classes != self.formation(season, school).await? {
            return Ok(Vec::new());
        }
        let groups = section_group::Entity::find()
            .filter(section_group::Column::SeasonId.eq(season))
            .filter(section_group::Column::SchoolId.eq(school))
            .filter(section_group::Column::Formation.eq(stored(last)))
            .all(self.on())
            .await?;
        let members = section_member::Entity::find()
            .filter(section_member::Column::SectionId.is_in(groups.iter().map(|g| g.id)))
            .filter(section_member::Column::Active.eq(1))
            .all(self.on())
            .await?;
        let members = members.iter().map(|m| (m.section_id, m.seat_no, m.record_id));
        let mut taken = seats_taken(members)?;
        let classes = self.formed(season, school).await?;
        let classes: BTreeMap<i64, u32> = classes.iter().map(|c| (c.id, c.number)).collect();
        let mut sections = Vec::with_capacity(groups.len());
        for group in groups {
            let foreign = || StoreError::foreign("section_group");
            let room = match (group.home_class_id, group.room_no) {
                (Some(class), None) => {
                    let number = classes.get(&class).ok_or_else(foreign)?;
                    Room::Home(number.to_string().into())
                }
                (None, Some(number)) => Room::Extra(count(number)?),
                _ => return Err(foreign()),
            };
            sections.push(FormedSection {
                id: group.id,
                class_formation: of_classes,
                formation: last,
                subject: Subject::named(&group.subject).ok_or_else(foreign)?,
                block: u8::try_from(group.block).map_err(|_| foreign())?,
                number: count(group.number)?,
                cap: count(group.cap)?,
                room,
                taken: taken.remove(&group.id).unwrap_or_default(),
            });
        }
        sections.sort_by_key(|s| (s.subject, s.block, s.number));
        Ok(sections)
    }
}

/// A pupil on a seat of a section.
fn member(
    (season, school): (&str, &str),
    section: &FormedSection,
    seat_no: u32,
    place: &Place,
) -> section_member::Model {
    section_member::Model {
        id: 0,
        section_id: section.id,
        season_id: season.to_owned(),
        school_id: school.to_owned(),
        class_formation: stored(section.class_formation),
        formation: stored(section.formation),
        subject: section.subject.key().to_owned(),
        block: section.block.into(),
        cap: stored(section.cap),
        seat_no: stored(seat_no),
        place_id: place.id,
        record_id: place.record,
        place_active: Some(1),
        active: 1,
        left_at: None,
    }
}

impl Tx {
    /// Writes the sections of a school, formed of the classes of a formation, as a formation.
    ///
    /// # Errors
    /// What the schema does not let be: a section above 55, a pupil twice in a block or a subject, a pupil without a
    /// place in these classes; the formation is there already.
    pub async fn store_sections(
        &self,
        at @ (season, school): (&str, &str),
        class_formation: u32,
        formation: u32,
        sections: &[NewSection<'_>],
    ) -> Result<(), StoreError> {
        let classes = self.formed(season, school).await?;
        let mut members = Vec::new();
        for section in sections {
            let (home, room_no) = match &section.room {
                Room::Home(name) => {
                    (classes.iter().find(|c| c.number.to_string() == **name).map(|c| c.id), None)
                }
                Room::Extra(number) => (None, Some(stored(*number))),
            };
            let group = section_group::ActiveModel {
                season_id: Set(season.to_owned()),
                school_id: Set(school.to_owned()),
                class_formation: Set(stored(class_formation)),
                formation: Set(stored(formation)),
                subject: Set(section.subject.key().to_owned()),
                block: Set(section.block.into()),
                number: Set(stored(section.number)),
                cap: Set(stored(section.cap)),
                home_class_id: Set(home),
                room_no: Set(room_no),
                ..Default::default()
            };
            let formed = FormedSection {
                id: group.insert(self.on()).await?.id,
                class_formation,
                formation,
                subject: section.subject,
                block: section.block,
                number: section.number,
                cap: section.cap,
                room: section.room.clone(),
                taken: BTreeMap::new(),
            };
            let seats = (1..).zip(&section.places);
            members.extend(seats.map(|(seat_no, place)| member(at, &formed, seat_no, place)));
        }
        let number = section_member::Column::Id;
        Ok(self.insert_numbered::<section_member::Entity>(members, number).await?)
    }

    /// Seats a pupil in a section that was formed before.
    ///
    /// # Errors
    /// What the schema does not let be: a seat that is taken or beyond the section, a pupil twice in a block or a
    /// subject, a class place that is not held.
    pub async fn take_section_seat(
        &self,
        at: (&str, &str),
        section: &FormedSection,
        seat_no: u32,
        place: &Place,
    ) -> Result<(), StoreError> {
        let rows = vec![member(at, section, seat_no, place)];
        let number = section_member::Column::Id;
        Ok(self.insert_numbered::<section_member::Entity>(rows, number).await?)
    }

    /// Takes the section places of a record, of all sections or of one; how many there were.
    ///
    /// # Errors
    /// What the database said.
    pub async fn leave_sections(
        &self,
        record: i64,
        section: Option<i64>,
        at: i64,
    ) -> Result<u64, StoreError> {
        let mut left = section_member::Entity::update_many()
            .set(section_member::ActiveModel {
                active: Set(0),
                place_active: Set(None),
                left_at: Set(Some(at)),
                ..Default::default()
            })
            .filter(section_member::Column::RecordId.eq(record))
            .filter(section_member::Column::Active.eq(1));
        if let Some(section) = section {
            left = left.filter(section_member::Column::SectionId.eq(section));
        }
        Ok(left.exec(self.on()).await?.rows_affected)
    }
}
