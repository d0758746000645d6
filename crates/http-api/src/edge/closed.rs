//! The JSON doors of the legacy contract after the end of the migration: 410 with a pointer (C-06, C-31).
//!
//! Pages stay, and so does `GET /api/v1/users/me`, which takes OAuth tokens too. The password grant answers for itself, as one grant
//! among several at an endpoint that lives on.

use actix_web::{
    Error, HttpResponse, ResponseError as _,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header,
    middleware::Next,
    web,
};
use authly_directory::services::DirectoryServices;
use oauth_core::{
    endpoint::{Availability, Endpoint},
    error::RequestError,
};

use crate::{
    app::App,
    respond::{Dialect, Failure},
};

/// Whether an endpoint goes away with the migration.
pub fn is_door(endpoint: Endpoint) -> bool {
    endpoint.availability() == Availability::Legacy && endpoint != Endpoint::Me
}

/// The middleware around a door.
pub async fn door<V: DirectoryServices, B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let app = request.app_data::<web::Data<App<V>>>();
    match app.filter(|app| app.engine.catalog().switches.finalized) {
        Some(app) => {
            let answer = gone(app);
            Ok(request.into_response(answer).map_into_right_body())
        }
        None => Ok(next.call(request).await?.map_into_left_body()),
    }
}

fn gone<V: DirectoryServices>(app: &App<V>) -> HttpResponse {
    let metadata = app.engine.settings().issuer.url(Endpoint::Metadata.path());
    // RFC 8288: the successor of this door.
    let link = format!("<{metadata}>; rel=\"successor-version\"");
    let mut answer = Failure::new(&RequestError::Gone { metadata }, Dialect::Legacy).error_response();
    if let Ok(link) = header::HeaderValue::from_str(&link) {
        answer.headers_mut().insert(header::LINK, link);
    }
    answer
}
