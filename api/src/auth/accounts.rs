//! Accounts, as the administrator keeps them: made, disabled, given a password that has to be changed. An administrator
//! never touches a result.

use serde_json::json;

use super::keys::random;
use super::session::token_hash;
use super::{hash_password, password_matches};
use crate::acts::{ActError, Actor, HASHING, Office, now};
use crate::error::Failure;
use crate::ledger::Event;
use crate::store::{Account, Role};
use crate::tables::is_hidden;

/// An account to be made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewAccount {
    /// The name to sign in with: small letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// The name to show.
    pub display: String,
    /// What it may do.
    pub role: Role,
    /// The school of a school account.
    pub school: Option<String>,
}

/// The most characters of a name, of an account or to show.
const LONGEST: usize = 64;

impl NewAccount {
    fn check(&self) -> Result<(), ActError> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
        let refuse = |words: &str| Err(ActError::Conflict(words.to_owned()));
        let begins = self.name.starts_with(|c: char| c.is_ascii_alphanumeric());
        if !begins || self.name.len() > LONGEST || !self.name.chars().all(plain) {
            return refuse("用户名只能用小写字母、数字和 - _ .，以字母或数字开头，至多 64 个字符");
        }
        let shown = self.display.trim();
        if shown.is_empty() || shown.chars().count() > LONGEST || shown.contains(is_hidden) {
            return refuse("请填写显示名称，至多 64 个字符，不含看不见的字符");
        }
        match (self.role, self.school.as_deref().map(str::trim)) {
            (Role::School, None | Some("")) => refuse("学校账号须指定学校代码"),
            (Role::School, Some(_)) | (_, None) => Ok(()),
            (_, Some(_)) => refuse("只有学校账号指定学校代码"),
        }
    }
}

/// A password for whoever gets it from the administrator: eighteen characters that are not mistaken for one another.
fn one_time_password() -> Result<String, Failure> {
    const LETTERS: &[u8; 32] = b"23456789abcdefghjkmnpqrstuvwxyzA";
    let bytes: [u8; 18] = random()?;
    Ok(bytes.iter().map(|b| char::from(LETTERS[usize::from(b % 32)])).collect())
}

/// Hashing takes long on purpose, and so goes on away from the threads that serve.
async fn hashed(password: String) -> Result<String, ActError> {
    let hash = HASHING.work(move || hash_password(&password)).await?;
    hash.map_err(|e| match e {
        Failure::Usage(words) => ActError::Conflict(words),
        other => other.into(),
    })
}

impl Office {
    /// Makes an account and gives the password to sign in with once; none for a machine, which has tokens.
    ///
    /// # Errors
    /// The name is taken or none; a school account without a school; no permission.
    pub async fn create_account(
        &self,
        actor: &Actor,
        new: &NewAccount,
    ) -> Result<Option<String>, ActError> {
        actor.must_be(&[Role::Admin])?;
        new.check()?;
        let read = self.store().read();
        if read.account(&new.name).await?.is_some() {
            return Err(ActError::Conflict(format!("账号 {} 已存在", new.name)));
        }
        // Before the first plan is frozen no school is known.
        if let Some(school) = &new.school
            && !read.is_school(school).await?
        {
            return Err(ActError::Conflict(format!("已冻结的计划中没有学校 {school}")));
        }
        let password = match new.role {
            Role::Machine => None,
            _ => Some(one_time_password()?),
        };
        let hash = match &password {
            Some(password) => hashed(password.clone()).await?,
            None => String::new(),
        };
        let account = Account {
            name: new.name.clone(),
            display: new.display.trim().to_owned(),
            role: new.role,
            school: new.school.clone(),
            password_hash: hash,
            must_change: password.is_some(),
            disabled: false,
        };
        let tx = self.store().write().await?;
        tx.create_account(&account, now()).await?;
        let told = json!({"account": new.name, "role": new.role, "school": new.school});
        self.record(&tx, Event::new("account_created", &actor.name, "", told)).await?;
        tx.commit().await?;
        Ok(password)
    }

    /// Disables an account, which is refused from its next request on, or enables it again.
    ///
    /// # Errors
    /// There is none; it is one's own; no permission.
    pub async fn set_disabled(
        &self,
        actor: &Actor,
        name: &str,
        disabled: bool,
    ) -> Result<(), ActError> {
        actor.must_be(&[Role::Admin])?;
        self.must_exist(name).await?;
        if name == actor.name {
            return Err(ActError::Conflict("不能停用自己的账号".to_owned()));
        }
        let tx = self.store().write().await?;
        tx.set_disabled(name, disabled).await?;
        let kind = if disabled { "account_disabled" } else { "account_enabled" };
        self.record(&tx, Event::new(kind, &actor.name, "", json!({"account": name}))).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Gives an account another password, to be changed when it is first used; its sessions end.
    ///
    /// # Errors
    /// There is none, or it is a machine's; no permission.
    pub async fn reset_password(&self, actor: &Actor, name: &str) -> Result<String, ActError> {
        actor.must_be(&[Role::Admin])?;
        if self.must_exist(name).await?.role == Role::Machine {
            return Err(ActError::Conflict("对接账号没有密码，请为其签发令牌".to_owned()));
        }
        let password = one_time_password()?;
        let hash = hashed(password.clone()).await?;
        let tx = self.store().write().await?;
        tx.set_password(name, &hash, true, None).await?;
        let told = json!({"account": name});
        self.record(&tx, Event::new("password_reset", &actor.name, "", told)).await?;
        tx.commit().await?;
        Ok(password)
    }

    /// Changes one's own password; every other session of the account ends.
    ///
    /// # Errors
    /// The old one is wrong; the new one is too short or the old one again.
    pub async fn change_password(
        &self,
        actor: &Actor,
        session: &str,
        old: &str,
        new: &str,
    ) -> Result<(), ActError> {
        let account = self.must_exist(&actor.name).await?;
        let (old, hash) = (old.to_owned(), account.password_hash.clone());
        let same = old == new;
        let check = move || password_matches(&old, Some(&hash));
        if !HASHING.work(check).await? {
            return Err(ActError::NotPermitted("原密码不对".to_owned()));
        }
        if same {
            return Err(ActError::Conflict("新密码须与原密码不同".to_owned()));
        }
        let hash = hashed(new.to_owned()).await?;
        let tx = self.store().write().await?;
        // The account may have been given another password, or disabled, while this one was looked at.
        let stands = tx.account_to_keep(&actor.name).await?;
        if stands.is_none_or(|a| a.disabled || a.password_hash != account.password_hash) {
            return Err(ActError::NotPermitted("账号的密码刚被重设或账号已停用".to_owned()));
        }
        tx.set_password(&actor.name, &hash, false, Some(&token_hash(session))).await?;
        self.record(&tx, Event::new("password_changed", &actor.name, "", json!({}))).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The first administrator of an installation, or another where the machine itself is trusted; gives the password
    /// to sign in with once.
    ///
    /// # Errors
    /// The name is taken or none.
    pub async fn bootstrap_admin(&self, name: &str, display: &str) -> Result<String, ActError> {
        let console = Actor { name: "console".to_owned(), role: Role::Admin, school: None };
        let (name, display) = (name.to_owned(), display.to_owned());
        let new = NewAccount { name, display, role: Role::Admin, school: None };
        let made = self.create_account(&console, &new).await?;
        made.ok_or_else(|| Failure::Internal("an administrator without a password".into()).into())
    }

    async fn must_exist(&self, name: &str) -> Result<Account, ActError> {
        let found = self.store().read().account(name).await?;
        found.ok_or_else(|| ActError::NotFound(format!("账号 {name}")))
    }
}
