//! The schema: it opens, opens again, and refuses to serve when it was tampered with.

use luqu::store::Store;

use crate::databases::{TestDb, block_on};

#[test]
fn a_database_opens_and_opens_again() {
    for db in TestDb::all() {
        block_on(async {
            db.open().await;
            db.open().await;
        });
    }
}

#[test]
fn a_schema_that_was_touched_is_refused() {
    let touches = [
        "DROP TRIGGER wish_list_open{on wish_list}",
        "ALTER TABLE plan_line ADD COLUMN extra TEXT",
        "DROP INDEX admission_seat",
        "CREATE TABLE stowaway (a INTEGER)",
    ];
    for touch in touches {
        for db in TestDb::all() {
            block_on(async {
                let store = db.open().await;
                let on = if db.is_postgres() { " ON wish_list" } else { "" };
                store.execute_raw(&touch.replace("{on wish_list}", on)).await.expect("a touch");
                let refused = Store::open(&db.url).await;
                assert!(refused.is_err(), "{}: {touch} went unnoticed", db.name);
            });
        }
    }
}
