//! What tests stand on: a fresh database on either engine, a clock that moves, randomness that repeats.
pub mod app;
pub mod clock;
mod database;
pub mod national;
pub mod people;
mod postgres;
pub mod program;
pub mod services;
pub mod signing;
mod silent;

pub use app::{Answer, TestApp};
pub use database::{Engine, TempFolder, TestDb};
pub use people::Roles;
pub(crate) use people::change;
pub use silent::{NO_ACT, judge};

/// Writes one test once and runs it on both engines. The argument is any type with an async `fresh(Engine)`:
///
/// ```ignore
/// on_both_engines! {
///     async fn a_code_is_accepted_once(app: TestApp) { … }
/// }
/// ```
///
/// gives `a_code_is_accepted_once::sqlite` and `a_code_is_accepted_once::postgres`.
macro_rules! on_both_engines {
    ($($(#[$note:meta])* async fn $name:ident($argument:ident: $type:ty) $body:block)+) => {$(
        $(#[$note])*
        mod $name {
            use super::*;

            async fn run($argument: $type) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                run(<$type>::fresh($crate::support::Engine::Sqlite).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                run(<$type>::fresh($crate::support::Engine::Postgres).await).await;
            }
        }
    )+};
}
