//! The identity providers we ask to identify users.
