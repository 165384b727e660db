//! What must never be possible.
mod matrix;
mod methods;
