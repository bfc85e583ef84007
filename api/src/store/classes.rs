//! Classes formed from registry records. Dividing again is a new formation; the highest of a school counts.

use std::collections::BTreeMap;

use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter,
    QueryOrder,
};

use super::StoreError;
use super::db::{Db, Tx};
use super::entities::{class_group, class_member, registry_record};
use super::plan::{count, stored};

/// A class to be written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewClass {
    /// 班号
    pub number: u32,
    /// The most pupils it may ever hold.
    pub cap: u32,
    /// The records of its pupils, in the order of their seats.
    pub records: Vec<i64>,
}

/// A pupil's place in a class.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// Its number in the store.
    pub id: i64,
    /// The number of the class in the store.
    pub class: i64,
    /// The school.
    pub school: String,
    /// Which division of the school's pupils, from 1.
    pub formation: u32,
    /// 班号
    pub class_no: u32,
    /// The seat in the class, from 1.
    pub seat_no: u32,
    /// The record that the place rests on.
    pub record: i64,
    /// 报名号
    pub applicant: String,
}

/// A class as it was formed, with the seats that are taken now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FormedClass {
    /// Its number in the store.
    pub id: i64,
    /// Which division of the school's pupils, from 1.
    pub formation: u32,
    /// 班号
    pub number: u32,
    /// The most pupils it may ever hold.
    pub cap: u32,
    /// The record that sits on each seat that is taken.
    pub taken: BTreeMap<u32, i64>,
}

impl<C: ConnectionTrait> Db<C> {
    /// The highest formation of a school; 0 before the first.
    ///
    /// # Errors
    /// What the database said.
    pub async fn formation(&self, season: &str, school: &str) -> Result<u32, StoreError> {
        let last = class_group::Entity::find()
            .filter(class_group::Column::SeasonId.eq(season))
            .filter(class_group::Column::SchoolId.eq(school))
            .order_by_desc(class_group::Column::Formation)
            .one(self.on())
            .await?;
        last.map_or(Ok(0), |row| count(row.formation))
    }

    /// The places of the highest formation of every school, or of one, by school, class and seat; those who have left
    /// are not among them.
    ///
    /// # Errors
    /// What the database said.
    pub async fn places(
        &self,
        season: &str,
        school: Option<&str>,
    ) -> Result<Vec<Place>, StoreError> {
        let mut groups =
            class_group::Entity::find().filter(class_group::Column::SeasonId.eq(season));
        if let Some(school) = school {
            groups = groups.filter(class_group::Column::SchoolId.eq(school));
        }
        let groups = groups.all(self.on()).await?;
        let mut last: BTreeMap<&str, i32> = BTreeMap::new();
        for group in &groups {
            let formation = last.entry(&group.school_id).or_default();
            *formation = group.formation.max(*formation);
        }
        let groups: BTreeMap<i64, &class_group::Model> = groups
            .iter()
            .filter(|g| last.get(g.school_id.as_str()) == Some(&g.formation))
            .map(|g| (g.id, g))
            .collect();
        let members = class_member::Entity::find()
            .filter(class_member::Column::ClassId.is_in(groups.keys().copied()))
            .filter(class_member::Column::Active.eq(1))
            .all(self.on())
            .await?;
        let applicants: BTreeMap<i64, String> = registry_record::Entity::find()
            .filter(registry_record::Column::SeasonId.eq(season))
            .all(self.on())
            .await?
            .into_iter()
            .map(|row| (row.id, row.applicant_id))
            .collect();
        let mut places = Vec::with_capacity(members.len());
        for member in members {
            let Some(group) = groups.get(&member.class_id) else { continue };
            places.push(Place {
                id: member.id,
                class: group.id,
                school: group.school_id.clone(),
                formation: count(group.formation)?,
                class_no: number_of(group)?,
                seat_no: count(member.seat_no)?,
                applicant: applicants.get(&member.record_id).cloned().unwrap_or_default(),
                record: member.record_id,
            });
        }
        places.sort_by(|a, b| {
            (&a.school, a.class_no, a.seat_no).cmp(&(&b.school, b.class_no, b.seat_no))
        });
        Ok(places)
    }

    /// The classes of the highest formation of a school, by number; none before the first.
    ///
    /// # Errors
    /// What the database said.
    pub async fn formed(&self, season: &str, school: &str) -> Result<Vec<FormedClass>, StoreError> {
        let last = stored(self.formation(season, school).await?);
        let groups = class_group::Entity::find()
            .filter(class_group::Column::SeasonId.eq(season))
            .filter(class_group::Column::SchoolId.eq(school))
            .filter(class_group::Column::Formation.eq(last))
            .all(self.on())
            .await?;
        let members = class_member::Entity::find()
            .filter(class_member::Column::ClassId.is_in(groups.iter().map(|g| g.id)))
            .filter(class_member::Column::Active.eq(1))
            .all(self.on())
            .await?;
        let mut taken = seats_taken(members.iter().map(|m| (m.class_id, m.seat_no, m.record_id)))?;
        let class = |group: class_group::Model| {
            Ok(FormedClass {
                formation: count(group.formation)?,
                number: number_of(&group)?,
                cap: count(group.cap)?,
                taken: taken.remove(&group.id).unwrap_or_default(),
                id: group.id,
            })
        };
        let mut classes: Vec<FormedClass> =
            groups.into_iter().map(class).collect::<Result<_, StoreError>>()?;
        classes.sort_by_key(|c| c.number);
        Ok(classes)
    }
}

/// Of classes or sections by their numbers, the record that sits on each seat.
pub(super) fn seats_taken(
    members: impl Iterator<Item = (i64, i32, i64)>,
) -> Result<BTreeMap<i64, BTreeMap<u32, i64>>, StoreError> {
    let mut taken: BTreeMap<i64, BTreeMap<u32, i64>> = BTreeMap::new();
    for (group, seat_no, record) in members {
        taken.entry(group).or_default().insert(count(seat_no)?, record);
    }
    Ok(taken)
}

/// 班号, which the store keeps as a name.
fn number_of(group: &class_group::Model) -> Result<u32, StoreError> {
    group.name.parse().map_err(|_| StoreError::foreign("class_group.name"))
}

/// A pupil on a seat of a class.
fn member(
    (season, school): (&str, &str),
    class: &FormedClass,
    seat_no: u32,
    record_id: i64,
) -> class_member::Model {
    class_member::Model {
        id: 0,
        class_id: class.id,
        season_id: season.to_owned(),
        school_id: school.to_owned(),
        formation: stored(class.formation),
        cap: stored(class.cap),
        seat_no: stored(seat_no),
        record_id,
        record_status: Some("open".to_owned()),
        active: 1,
        left_at: None,
    }
}

impl Tx {
    /// Seats a pupil in a class that was formed before.
    ///
    /// # Errors
    /// What the schema does not let be: a seat that is taken or beyond the class, a pupil twice, a record that is not
    /// open.
    pub async fn take_seat(
        &self,
        season: &str,
        school: &str,
        class: &FormedClass,
        seat_no: u32,
        record: i64,
    ) -> Result<(), StoreError> {
        let rows = vec![member((season, school), class, seat_no, record)];
        Ok(self.insert_numbered::<class_member::Entity>(rows, class_member::Column::Id).await?)
    }

    /// Writes the classes of a school as a formation.
    ///
    /// # Errors
    /// What the schema does not let be: a class above 55, a pupil twice, a record that is not open; the formation is
    /// there already.
    pub async fn store_classes(
        &self,
        season: &str,
        school: &str,
        formation: u32,
        classes: &[NewClass],
    ) -> Result<(), StoreError> {
        let mut members = Vec::new();
        for class in classes {
            let group = class_group::ActiveModel {
                season_id: Set(season.to_owned()),
                school_id: Set(school.to_owned()),
                formation: Set(stored(formation)),
                name: Set(class.number.to_string()),
                cap: Set(stored(class.cap)),
                ..Default::default()
            };
            let formed = FormedClass {
                id: group.insert(self.on()).await?.id,
                formation,
                number: class.number,
                cap: class.cap,
                taken: BTreeMap::new(),
            };
            let seats = (1..).zip(&class.records);
            let at = (season, school);
            members.extend(seats.map(|(seat_no, &id)| member(at, &formed, seat_no, id)));
        }
        Ok(self.insert_numbered::<class_member::Entity>(members, class_member::Column::Id).await?)
    }
}
