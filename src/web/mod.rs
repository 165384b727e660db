//! The web face: thin. A route parses, knows its caller, calls a use case, renders.
//!
//! | place | meaning |
//! | --- | --- |
//! | `route` | what a route is, and who may call it: denied unless its class of access admits the caller |
//! | `router` | the table of all routes, put behind the layers |
//! | `layer/` | operation id and request line, access, cross-site posts, security headers |
//! | `extract/` | what a handler takes: the visit, the caller in a role, a form |
//! | `pages/` | one file per screen, each with its `routes()` |
//! | `api/` | one file per protocol endpoint |
//! | `ui/` | templates, sentences, assets |
pub mod api;
pub mod error;
pub mod extract;
pub mod layer;
pub mod pages;
pub mod route;
pub mod router;
pub mod ui;

pub use error::Problem;
pub use router::{router, router_with};
