//! The operation id of a request, and its one line in the journal of the service.
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderValue;

use crate::crypto::random::SystemEntropy;
use crate::domain::ids::Entropy;

/// Names one request: printed on its error page, its log lines and in `X-Operation-Id`.
#[derive(Clone, Debug)]
pub struct OperationId(pub String);

/// Gives the request its operation id; writes one line when it is answered. The path is the route's pattern, never
/// what was asked: an address can hold a code or a reference.
pub async fn trace(mut request: Request, next: Next) -> Response {
    let mut bytes = [0u8; 8];
    SystemEntropy.fill(&mut bytes);
    let id = data_encoding::BASE32_NOPAD.encode(&bytes).to_lowercase();
    request.extensions_mut().insert(OperationId(id.clone()));
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let begun = Instant::now();
    let mut response = next.run(request).await;
    let status = response.status().as_u16();
    let micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
    let route = route.as_deref().unwrap_or("-");
    if status >= 500 {
        tracing::error!(operation = id, %method, route, status, micros, "request");
    } else {
        tracing::info!(operation = id, %method, route, status, micros, "request");
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("x-operation-id", value);
    }
    response
}
