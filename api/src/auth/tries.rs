//! How often a password may be tried for a name: counted in the database, so that it is as often with ten servers as
//! with one. A try is taken before the password is looked at; many at once get no more than one after another.

use crate::acts::{ActError, Office, now};

/// Tries for one name, whether there is such an account or not, before it rests.
const MOST: u32 = 10;
/// Microseconds from the first of them until they are forgotten.
const REST: i64 = 15 * 60 * 1_000_000;

impl Office {
    /// Takes a try for a name; false while it rests. A right password gives all of them back by
    /// [`Office::forget_tries`].
    ///
    /// # Errors
    /// What the store said.
    pub async fn may_try(&self, name: &str) -> Result<bool, ActError> {
        let at = now();
        let tx = self.store().jot().await?;
        tx.forget_old_tries(at - REST).await?;
        let may = tx.take_try(&self.tried(name), MOST, at).await?;
        tx.commit().await?;
        Ok(may)
    }

    /// Forgets the tries of a name, for one was right.
    ///
    /// # Errors
    /// What the store said.
    pub async fn forget_tries(&self, name: &str) -> Result<(), ActError> {
        let tx = self.store().jot().await?;
        tx.forget_tries(&self.tried(name)).await?;
        Ok(tx.commit().await?)
    }

    /// What stands for a name: somebody types the password where the name belongs.
    fn tried(&self, name: &str) -> [u8; 32] {
        self.keys().hash("sign-in", name.as_bytes())
    }
}
