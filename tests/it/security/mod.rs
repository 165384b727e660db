//! What must never be possible.
mod hostile;
mod matrix;
mod methods;
mod openapi;
mod seeds;
