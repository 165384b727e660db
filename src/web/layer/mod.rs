//! What happens around every request, from the outside in: operation id and request line, security headers,
//! the visit (language, caller), then per route the access rule.
pub mod access;
pub mod headers;
pub mod operation;
pub mod visit;
