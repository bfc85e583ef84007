//! Black-box tests of the `luqu` command.

mod acts_story;
mod acts_world;
mod annotate;
mod atomic;
mod audit;
mod databases;
mod demo;
mod explain;
mod init;
mod place;
mod policy;
mod quota;
mod scenarios;
mod show;
mod store_law;
mod store_schema;
mod store_season;
mod store_world;
mod tables_clean;
mod tables_faults;
mod tables_files;
mod tables_headers;
mod tables_hostile;
mod tables_kit;
mod template;
mod verify;
