//! Accounts and their sessions.

use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::StoreError;
use super::db::{Db, Tx};
use super::entities::{account, account_session};

words! {
    /// What an account may do.
    Role {
        /// 经办: imports, proposes, runs.
        Clerk = "clerk",
        /// 复核: approves what another proposed.
        Reviewer = "reviewer",
        /// 招生高中: its own pupils alone.
        School = "school",
        /// 督导: sees everything, changes nothing.
        Regulator = "regulator",
        /// 系统管理: accounts, never results.
        Admin = "admin",
        /// 对接系统: the registry's machine client.
        Machine = "machine",
    }
}

/// An account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Account {
    /// The name to sign in with.
    pub name: String,
    /// The name to show.
    pub display: String,
    /// What it may do.
    pub role: Role,
    /// The school of a school account.
    pub school: Option<String>,
    /// Argon2id, as a PHC string; empty where nobody can sign in, as for machines.
    pub password_hash: String,
    /// The password is one that somebody else knows, and must be changed first.
    pub must_change: bool,
    /// Refused from the next request on.
    pub disabled: bool,
}

/// A session that has begun.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SessionRow {
    /// Whose it is.
    pub account: String,
    /// When it began, in microseconds of UTC.
    pub created_at: i64,
    /// When it was last used.
    pub seen_at: i64,
    /// Whether it was ended.
    pub ended: bool,
}

impl<C: ConnectionTrait> Db<C> {
    /// An account by name.
    ///
    /// # Errors
    /// What the database said.
    pub async fn account(&self, name: &str) -> Result<Option<Account>, StoreError> {
        account::Entity::find_by_id(name).one(self.on()).await?.map(account_row).transpose()
    }

    /// All accounts, by name.
    ///
    /// # Errors
    /// What the database said.
    pub async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        let rows = account::Entity::find().order_by_asc(account::Column::Name);
        rows.all(self.on()).await?.into_iter().map(account_row).collect()
    }

    /// A session by the hash of its token.
    ///
    /// # Errors
    /// What the database said.
    pub async fn session(&self, token_hash: &[u8]) -> Result<Option<SessionRow>, StoreError> {
        let row = account_session::Entity::find_by_id(token_hash.to_vec()).one(self.on()).await?;
        Ok(row.map(|row| SessionRow {
            account: row.account,
            created_at: row.created_at,
            seen_at: row.seen_at,
            ended: row.ended == 1,
        }))
    }
}

impl Tx {
    /// Makes an account.
    ///
    /// # Errors
    /// The name is taken; a school account without a school; what the database said.
    pub async fn create_account(&self, new: &Account, at: i64) -> Result<(), StoreError> {
        let row = account::Model {
            name: new.name.clone(),
            display: new.display.clone(),
            role: new.role.word().to_owned(),
            school_id: new.school.clone(),
            password_hash: new.password_hash.clone(),
            must_change: new.must_change.into(),
            disabled: new.disabled.into(),
            created_at: at,
        };
        Ok(self.insert_all::<account::Entity>(vec![row]).await?)
    }

    /// Disables an account, whose sessions end, or enables it; false if there is none.
    ///
    /// # Errors
    /// What the database said.
    pub async fn set_disabled(&self, name: &str, disabled: bool) -> Result<bool, StoreError> {
        let set = account::ActiveModel { disabled: Set(disabled.into()), ..Default::default() };
        let found = self.change_account(name, set).await?;
        if disabled {
            self.end_sessions(name, None).await?;
        }
        Ok(found)
    }

    /// Gives an account another password, which its owner has to change if another gave it; ends its sessions but the
    /// one of this token. False if there is no such account.
    ///
    /// # Errors
    /// What the database said.
    pub async fn set_password(
        &self,
        name: &str,
        hash: &str,
        must_change: bool,
        but: Option<&[u8]>,
    ) -> Result<bool, StoreError> {
        let set = account::ActiveModel {
            password_hash: Set(hash.to_owned()),
            must_change: Set(must_change.into()),
            ..Default::default()
        };
        let found = self.change_account(name, set).await?;
        self.end_sessions(name, but).await?;
        Ok(found)
    }

    /// After the account was changed, so that one that begins meanwhile waits for the change or is ended here.
    async fn end_sessions(&self, name: &str, but: Option<&[u8]>) -> Result<(), StoreError> {
        let mut ended = account_session::Entity::update_many()
            .set(account_session::ActiveModel { ended: Set(1), ..Default::default() })
            .filter(account_session::Column::Account.eq(name));
        if let Some(but) = but {
            ended = ended.filter(account_session::Column::TokenHash.ne(but.to_vec()));
        }
        ended.exec(self.on()).await?;
        Ok(())
    }

    /// An account by name, which nobody changes before this transaction ends.
    ///
    /// # Errors
    /// What the database said.
    pub async fn account_to_keep(&self, name: &str) -> Result<Option<Account>, StoreError> {
        let found = account::Entity::find_by_id(name).lock_shared();
        found.one(self.on()).await?.map(account_row).transpose()
    }

    async fn change_account(
        &self,
        name: &str,
        set: account::ActiveModel,
    ) -> Result<bool, StoreError> {
        let change = account::Entity::update_many().set(set).filter(account::Column::Name.eq(name));
        Ok(change.exec(self.on()).await?.rows_affected == 1)
    }

    /// Begins a session.
    ///
    /// # Errors
    /// What the database said.
    pub async fn begin_session(
        &self,
        token_hash: &[u8],
        account: &str,
        at: i64,
    ) -> Result<(), StoreError> {
        let row = account_session::Model {
            token_hash: token_hash.to_vec(),
            account: account.to_owned(),
            created_at: at,
            seen_at: at,
            ended: 0,
        };
        Ok(self.insert_all::<account_session::Entity>(vec![row]).await?)
    }

    /// Notes that a session was used.
    ///
    /// # Errors
    /// What the database said.
    pub async fn touch_session(&self, token_hash: &[u8], at: i64) -> Result<(), StoreError> {
        let set = account_session::ActiveModel { seen_at: Set(at), ..Default::default() };
        self.change_session(token_hash, set).await
    }

    /// Ends a session.
    ///
    /// # Errors
    /// What the database said.
    pub async fn end_session(&self, token_hash: &[u8]) -> Result<(), StoreError> {
        let set = account_session::ActiveModel { ended: Set(1), ..Default::default() };
        self.change_session(token_hash, set).await
    }

    async fn change_session(
        &self,
        token_hash: &[u8],
        set: account_session::ActiveModel,
    ) -> Result<(), StoreError> {
        account_session::Entity::update_many()
            .set(set)
            .filter(account_session::Column::TokenHash.eq(token_hash))
            .exec(self.on())
            .await?;
        Ok(())
    }
}

fn account_row(row: account::Model) -> Result<Account, StoreError> {
    Ok(Account {
        role: Role::of_word(&row.role)?,
        name: row.name,
        display: row.display,
        school: row.school_id,
        password_hash: row.password_hash,
        must_change: row.must_change == 1,
        disabled: row.disabled == 1,
    })
}
