//! Use cases: one file per verb. Each opens one transaction, loads, asks `domain`, stores, records the act in the
//! action log, commits. No HTTP call happens inside a transaction.
pub mod activate_account;
pub mod caller;
pub mod check_code;
pub mod choose_grant;
pub mod choose_structure;
pub mod choose_user;
pub mod context;
pub mod create_person;
pub mod create_structure;
pub mod end_use;
pub mod fault;
pub mod give_userinfo;
pub mod import_cards;
pub mod log_line;
pub mod manage_cards;
pub mod notices;
pub mod open_service;
pub mod openid;
pub mod password_work;
pub mod publish_log;
pub mod read_story;
pub mod record;
pub mod redeem_code;
pub mod register_client;
pub mod search_log;
pub mod sessions;
pub mod sign_in;
pub mod sign_out;
pub mod signing_keys;
pub mod stash;
pub mod step_up;
pub mod tree;

pub use context::App;
