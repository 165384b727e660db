//! The demonstration: everything around the product that a trial needs and that life provides otherwise.
//! A national identity provider, two services, the cards in the aidants' hands, the mailbox.
//! They are real parties that speak to the product over HTTP; nothing in the product knows them.
mod backstage;
mod browser;
mod cards;
pub mod clock;
mod expiring;
pub mod folder;
mod http;
pub mod identity_provider;
mod lang;
mod page;
mod people;
mod scene;
pub mod services;
pub mod stage;
mod test_client;
#[cfg(test)]
mod testing;
