//! Whole stories, through the router.
mod provider;
mod provider_choice;
mod provider_refusals;
mod provider_tokens;
