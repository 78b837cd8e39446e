//! What all threads and connections of the web listener share.

use super::backend::Backend;
use super::limits::Limits;
use super::people::People;
use super::places::Places;
use super::routes;
use super::views::Views;
use crate::admin::Ask;
use crate::transport::Secured;
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use tokio::sync::{Semaphore, mpsc};

/// Clients that are told at a time that there is no place; more are closed without a word.
const TURNED_AWAY: usize = 64;

/// All of it.
#[derive(Clone)]
pub(super) struct Desk {
    pub service: TowerToHyperService<axum::Router>,
    pub places: Places,
    pub turned_away: Arc<Semaphore>,
    /// Connections are encrypted.
    pub tls: Option<Secured>,
    pub asks: mpsc::Sender<Ask>,
    pub limits: Limits,
    pub backend: Arc<Backend>,
}

impl Desk {
    pub fn new(token: &str, asks: mpsc::Sender<Ask>, views: Views, people: Arc<People>, limits: Limits) -> Self {
        let tls = views.tls.clone();
        let backend = Arc::new(Backend::new(token, asks.clone(), views, people, limits));
        let service = TowerToHyperService::new(routes::router(&backend));
        let places = Places::new(limits.connections, limits.per_address);
        let turned_away = Arc::new(Semaphore::new(TURNED_AWAY));
        Self { service, places, turned_away, tls, asks, limits, backend }
    }
}
