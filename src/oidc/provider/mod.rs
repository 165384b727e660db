//! The protocol we serve, as pure rules.
