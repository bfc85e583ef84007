//! All SQL of the program: the schema that carries the law, its migrations, and every query.
//!
//! Entities never leave this room: what goes in and out are values of the engine and plain structs. SQLite is the
//! default, PostgreSQL one URL away; both have the same tables, keys, checks and histories.

/// A column of words as a type.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant,)* }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word of the database and of the API.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            fn of_word(word: &str) -> Result<Self, $crate::store::StoreError> {
                Self::ALL.iter().copied().find(|v| v.word() == word)
                    .ok_or_else(|| $crate::store::StoreError::foreign(word))
            }
        }
    };
}

mod accounts;
mod admissions;
mod classes;
mod connect;
mod db;
mod draft;
mod dumps;
mod entities;
mod fingerprint;
mod gate;
mod imports;
mod laws;
mod log;
mod lottery;
mod migrations;
mod people;
mod persons;
mod plan;
mod registry;
mod repeats;
mod retention;
pub mod roles;
mod rounds;
pub mod schema;
mod seasons;
mod sections;
mod ties;
mod tokens;
mod tries;
mod upkeep;
mod wishes;

pub use accounts::{Account, Role, SessionRow};
pub use admissions::{Admission, NewAdmission, Publishing};
pub use classes::{FormedClass, NewClass, Place};
pub use connect::{Store, StoreError};
pub use db::{Db, Reader, Tx};
pub use draft::OpenId;
pub use dumps::{Dump, NewDump};
pub use gate::{GateEvent, GateKind, GateRow, Judgement, Told, Which};
pub use imports::{Import, ImportStatus, NewImport};
pub use log::{Look, Payload};
pub use lottery::LotteryRow;
pub use people::{Identity, Intake, SealedId};
pub use persons::{Person, Sought};
pub use plan::{CellEdit, SeatLine};
pub use registry::{Changed, Record};
pub use repeats::Repeat;
pub use retention::{Emptied, RETAINED, Retained};
pub use rounds::{Job, JobStatus, NewRound, Round, RoundStatus};
pub use seasons::{Decision, DecisionKind, DecisionStatus, Mode, Proposal, SeasonRow};
pub use sections::{FormedSection, NewSection};
pub use ties::TieRow;
pub use tokens::{MachineToken, NewToken, Scope};
pub use wishes::{Calendar, Window, WindowStatus, WishLine, WishList};
