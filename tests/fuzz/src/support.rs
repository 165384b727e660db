//! The support of the product's tests, without what starts the program.
#[path = "../../it/support/app.rs"]
pub mod app;
#[path = "../../it/support/clock.rs"]
pub mod clock;
#[path = "../../it/support/database.rs"]
mod database;
#[path = "../../it/support/people.rs"]
pub mod people;
#[path = "../../it/support/postgres.rs"]
mod postgres;
#[path = "../../it/support/services.rs"]
pub mod services;

pub use app::TestApp;
pub use database::{Engine, TempFolder, TestDb};
pub(crate) use people::change;
