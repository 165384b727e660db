//! A posted form. What cannot be read as a form is a clear page, not an empty form.
use axum::extract::{FromRequest, Request};
use axum::response::Response;

use crate::web::error::Problem;
use crate::web::ui::Form;

use super::Visit;

/// The fields of a form, as typed.
pub struct PostedForm(pub Form);

impl<S: Send + Sync> FromRequest<S> for PostedForm {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let visit = request.extensions().get::<Visit>().cloned().unwrap_or_else(Visit::unknown);
        match axum::Form::<Form>::from_request(request, state).await {
            Ok(axum::Form(form)) => Ok(Self(form)),
            Err(_) => Err(Problem::bad_request().respond(&visit)),
        }
    }
}
