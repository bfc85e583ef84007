//! What programs show in place of a password.

use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
};

use super::db::{Db, Tx};
use super::entities::machine_token;
use super::{Role, StoreError};

words! {
    /// What a token may be used for.
    Scope {
        /// 学籍系统: reads eligibility and what is to be registered.
        Registry = "registry",
        /// 志愿与数据系统: brings files and wishes in.
        Import = "import",
    }
}

/// The words of a token's status: it is of use until it expires, or for good it is not.
const VALID: &str = "valid";
const REVOKED: &str = "revoked";

/// A token without its secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MachineToken {
    /// Its number.
    pub id: i64,
    /// The machine account that it speaks for.
    pub account: String,
    /// What it is for, in words.
    pub note: String,
    /// What it may be used for.
    pub scopes: Vec<Scope>,
    /// Whether it was revoked.
    pub revoked: bool,
    /// Who made it.
    pub created_by: String,
    /// When, in microseconds of UTC.
    pub created_at: i64,
    /// From when on it is refused.
    pub expires_at: Option<i64>,
    /// When it was last used, to half a minute.
    pub used_at: Option<i64>,
}

/// A token to be written.
#[derive(Clone, Copy, Debug)]
pub struct NewToken<'a> {
    /// The machine account.
    pub account: &'a str,
    /// SHA-256 of the secret.
    pub hash: &'a [u8],
    /// What it is for, in words.
    pub note: &'a str,
    /// What it may be used for.
    pub scopes: &'a [Scope],
    /// From when on it is refused.
    pub expires_at: Option<i64>,
    /// Who makes it.
    pub by: &'a str,
    /// When, in microseconds of UTC.
    pub at: i64,
}

impl<C: ConnectionTrait> Db<C> {
    /// The token of a secret, by its hash.
    ///
    /// # Errors
    /// What the database said.
    pub async fn token(&self, hash: &[u8]) -> Result<Option<MachineToken>, StoreError> {
        let row = machine_token::Entity::find()
            .filter(machine_token::Column::TokenHash.eq(hash.to_vec()));
        row.one(self.on()).await?.map(token_row).transpose()
    }

    /// All tokens, oldest first.
    ///
    /// # Errors
    /// What the database said.
    pub async fn tokens(&self) -> Result<Vec<MachineToken>, StoreError> {
        let rows = machine_token::Entity::find().order_by_asc(machine_token::Column::Id);
        rows.all(self.on()).await?.into_iter().map(token_row).collect()
    }
}

impl Tx {
    /// Writes a token and gives its number.
    ///
    /// # Errors
    /// The account is no machine's; what the database said.
    pub async fn create_token(&self, new: NewToken<'_>) -> Result<i64, StoreError> {
        let scopes: Vec<&str> = new.scopes.iter().map(|s| s.word()).collect();
        let row = machine_token::ActiveModel {
            account: Set(new.account.to_owned()),
            account_role: Set(Role::Machine.word().to_owned()),
            token_hash: Set(new.hash.to_vec()),
            note: Set(new.note.to_owned()),
            scopes: Set(scopes.join(" ")),
            status: Set(VALID.to_owned()),
            created_by: Set(new.by.to_owned()),
            created_at: Set(new.at),
            expires_at: Set(new.expires_at),
            ..Default::default()
        };
        Ok(machine_token::Entity::insert(row).exec(self.on()).await?.last_insert_id)
    }

    /// Notes that a token was used.
    ///
    /// # Errors
    /// What the database said.
    pub async fn touch_token(&self, id: i64, at: i64) -> Result<(), StoreError> {
        let set = machine_token::ActiveModel { used_at: Set(Some(at)), ..Default::default() };
        let change = machine_token::Entity::update_many().set(set);
        change.filter(machine_token::Column::Id.eq(id)).exec(self.on()).await?;
        Ok(())
    }

    /// Revokes a token; false if there is none that is valid.
    ///
    /// # Errors
    /// What the database said.
    pub async fn revoke_token(&self, id: i64, at: i64) -> Result<bool, StoreError> {
        let set = machine_token::ActiveModel {
            status: Set(REVOKED.to_owned()),
            revoked_at: Set(Some(at)),
            ..Default::default()
        };
        let change = machine_token::Entity::update_many()
            .set(set)
            .filter(machine_token::Column::Id.eq(id))
            .filter(machine_token::Column::Status.eq(VALID));
        Ok(change.exec(self.on()).await?.rows_affected == 1)
    }
}

fn token_row(row: machine_token::Model) -> Result<MachineToken, StoreError> {
    let scopes: Result<Vec<Scope>, StoreError> =
        row.scopes.split(' ').map(Scope::of_word).collect();
    Ok(MachineToken {
        id: row.id,
        account: row.account,
        note: row.note,
        scopes: scopes?,
        revoked: row.status == REVOKED,
        created_by: row.created_by,
        created_at: row.created_at,
        expires_at: row.expires_at,
        used_at: row.used_at,
    })
}
