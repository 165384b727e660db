//! A mandate: a user lets a structure act for them, in named domains, until an instant fixed in advance.
mod reference;
mod rules;
mod scope;
mod state;
mod validity;

pub use reference::{BadReference, Reference};
pub use rules::{Act, Charter, Denied, Member, Standing, may};
pub use scope::{Access, EmptyScope, Scope};
pub use state::{End, LAPSES_AFTER, Lifter, Refusal, Revoker, State, Suspender};
pub use validity::{BadTerm, MAXIMUM_DAYS, Term, Validity, first_instant, local_day};
