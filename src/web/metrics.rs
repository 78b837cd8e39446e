//! `GET /metrics`: everything that is counted, as Prometheus reads it (text format 0.0.4).
//!
//! Labels are names of the plan and the configuration, and words of closed lists: no caller and no number that nobody has entered.
//! What is asked of it is answered from what others have published; the signalling thread is not asked.

mod calls;
mod exposition;
mod machine;
mod switch;

use super::backend::Backend;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use exposition::Exposition;
use std::sync::Arc;

const KIND: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(super) async fn metrics(State(backend): State<Arc<Backend>>) -> Response {
    let views = &backend.views;
    let mut out = Exposition::default();
    machine::write(&mut out, views.plan.load().plan.version(), backend.started);
    switch::write(&mut out, &views.pulse.load(), views.clock.now().mono);
    calls::write(&mut out, &views.figures.load().meter);
    let mut response = Response::new(Body::from(out.text()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(KIND));
    response
}
