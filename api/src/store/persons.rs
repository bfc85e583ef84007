//! Applicants as people look for them: pages, filters, one person's wishes and history.

use std::collections::BTreeMap;

use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
};

use super::StoreError;
use super::admissions::{Admission, admission_row};
use super::db::Db;
use super::entities::{admission, applicant, restriction, wish, wish_list};
use super::wishes::WishLine;

/// An applicant, without the id number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Person {
    /// 报名号
    pub id: String,
    /// 姓名
    pub name: String,
    /// `F` or `M`.
    pub gender: Option<String>,
    /// The id number, encrypted.
    pub cipher: Option<Vec<u8>>,
    /// 学籍号
    pub registry_no: Option<String>,
    /// 毕业学校代码
    pub junior: String,
    /// 学籍所在区县
    pub region: String,
    /// Hundredths per subject, in the order of the policy.
    pub marks: Vec<i32>,
    /// Hundredths.
    pub total: i32,
    /// Whether quota seats may be held.
    pub quota_eligible: bool,
    /// Whether no seat may be held.
    pub barred: bool,
}

/// Which applicants are wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sought<'a> {
    /// Beginning after this number.
    pub after: Option<&'a str>,
    /// The beginning of the number, or a part of the name.
    pub search: Option<&'a str>,
    /// The junior school.
    pub junior: Option<&'a str>,
    /// The senior school that admitted them.
    pub school: Option<&'a str>,
    /// Whether they are admitted.
    pub admitted: Option<bool>,
    /// At most so many.
    pub most: u64,
}

/// Numbers of applicants per statement.
const AT_ONCE: usize = 10_000;

impl<C: ConnectionTrait> Db<C> {
    /// The applicants of a season that are wanted, by number.
    ///
    /// # Errors
    /// What the database said.
    pub async fn people(
        &self,
        season: &str,
        sought: Sought<'_>,
    ) -> Result<Vec<Person>, StoreError> {
        use applicant::Column;
        let mut query = applicant::Entity::find()
            .filter(Column::SeasonId.eq(season))
            .order_by_asc(Column::ApplicantId)
            .limit(sought.most);
        if let Some(after) = sought.after {
            query = query.filter(Column::ApplicantId.gt(after));
        }
        if let Some(text) = sought.search.filter(|t| !t.is_empty()) {
            let either = Condition::any()
                .add(Column::ApplicantId.starts_with(text))
                .add(Column::Name.contains(text));
            query = query.filter(either);
        }
        if let Some(junior) = sought.junior {
            query = query.filter(Column::JuniorId.eq(junior));
        }
        let mut held = admission::Entity::find()
            .select_only()
            .column(admission::Column::ApplicantId)
            .filter(admission::Column::SeasonId.eq(season))
            .filter(admission::Column::Active.eq(1));
        if let Some(school) = sought.school {
            held = held.filter(admission::Column::SchoolId.eq(school));
        }
        query = match (sought.admitted, sought.school) {
            (Some(false), _) => {
                query.filter(Column::ApplicantId.not_in_subquery(held.into_query()))
            }
            (Some(true), _) | (None, Some(_)) => {
                query.filter(Column::ApplicantId.in_subquery(held.into_query()))
            }
            (None, None) => query,
        };
        query.all(self.on()).await?.into_iter().map(person_row).collect()
    }

    /// One applicant.
    ///
    /// # Errors
    /// What the database said.
    pub async fn person(&self, season: &str, id: &str) -> Result<Option<Person>, StoreError> {
        let key = (season.to_owned(), id.to_owned());
        applicant::Entity::find_by_id(key).one(self.on()).await?.map(person_row).transpose()
    }

    /// The applicant whose id number has this keyed hash.
    ///
    /// # Errors
    /// What the database said.
    pub async fn person_of_hash(
        &self,
        season: &str,
        hash: &[u8],
    ) -> Result<Option<Person>, StoreError> {
        let found = applicant::Entity::find()
            .filter(applicant::Column::SeasonId.eq(season))
            .filter(applicant::Column::PersonHash.eq(hash.to_vec()));
        found.one(self.on()).await?.map(person_row).transpose()
    }

    /// The active admissions of these applicants.
    ///
    /// # Errors
    /// What the database said.
    pub async fn admissions_of(
        &self,
        season: &str,
        applicants: &[&str],
    ) -> Result<BTreeMap<String, Admission>, StoreError> {
        let mut found = BTreeMap::new();
        for some in applicants.chunks(AT_ONCE) {
            let rows = admission::Entity::find()
                .filter(admission::Column::SeasonId.eq(season))
                .filter(admission::Column::Active.eq(1))
                .filter(admission::Column::ApplicantId.is_in(some.iter().copied()))
                .all(self.on())
                .await?;
            for row in rows {
                let one = admission_row(row)?;
                found.insert(one.applicant.clone(), one);
            }
        }
        Ok(found)
    }

    /// The latest wishes of an applicant, by batch.
    ///
    /// # Errors
    /// What the database said.
    pub async fn wishes_of(
        &self,
        season: &str,
        id: &str,
    ) -> Result<BTreeMap<String, Vec<WishLine>>, StoreError> {
        let lists = wish_list::Entity::find()
            .filter(wish_list::Column::SeasonId.eq(season))
            .filter(wish_list::Column::ApplicantId.eq(id))
            .order_by_asc(wish_list::Column::Version)
            .all(self.on())
            .await?;
        let latest: BTreeMap<String, i64> =
            lists.into_iter().map(|list| (list.batch, list.id)).collect();
        let mut found = BTreeMap::new();
        for (batch, list) in latest {
            let rows = wish::Entity::find()
                .filter(wish::Column::ListId.eq(list))
                .order_by_asc(wish::Column::Position)
                .all(self.on())
                .await?;
            let line = |row: wish::Model| {
                Ok(WishLine {
                    position: u16::try_from(row.position)
                        .map_err(|_| StoreError::foreign("wish.position"))?,
                    school: row.school_id,
                    category: row.category,
                    adjust: row.adjust == 1,
                })
            };
            let lines: Result<Vec<WishLine>, StoreError> = rows.into_iter().map(line).collect();
            found.insert(batch, lines?);
        }
        Ok(found)
    }

    /// What restricts an applicant: kind, reason and document.
    ///
    /// # Errors
    /// What the database said.
    pub async fn restrictions_of(
        &self,
        season: &str,
        id: &str,
    ) -> Result<Vec<(String, String, String)>, StoreError> {
        let rows = restriction::Entity::find()
            .filter(restriction::Column::SeasonId.eq(season))
            .filter(restriction::Column::ApplicantId.eq(id))
            .order_by_asc(restriction::Column::Kind);
        let rows = rows.all(self.on()).await?;
        Ok(rows.into_iter().map(|r| (r.kind, r.reason, r.document)).collect())
    }
}

fn person_row(row: applicant::Model) -> Result<Person, StoreError> {
    let marks = row.marks.split(',').filter(|m| !m.is_empty()).map(str::parse);
    let marks: Result<Vec<i32>, _> = marks.collect();
    Ok(Person {
        id: row.applicant_id,
        name: row.name,
        gender: row.gender,
        cipher: row.id_cipher,
        registry_no: row.registry_no,
        junior: row.junior_id,
        region: row.region,
        marks: marks.map_err(|_| StoreError::foreign("applicant.marks"))?,
        total: row.total,
        quota_eligible: row.quota_eligible == 1,
        barred: row.barred == 1,
    })
}
