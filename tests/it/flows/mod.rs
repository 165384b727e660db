//! Whole stories, through the router.
mod cards;
mod ends;
mod guards;
mod log_stopped;
mod mandate;
mod mandate_attacks;
mod mandate_constraints;
mod mandate_races;
pub mod mandate_support;
mod mandate_words;
mod no_loop;
mod people;
pub mod people_support;
pub mod provider;
mod provider_choice;
mod provider_refusals;
mod provider_tokens;
mod users;
