//! HTTP, thin: parse, know the caller, call a use case, render.
pub mod ui;
