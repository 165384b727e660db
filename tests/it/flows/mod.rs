//! Whole stories, through the router.
mod cards;
mod people;
mod people_support;
pub mod provider;
mod provider_choice;
mod provider_refusals;
mod provider_tokens;
