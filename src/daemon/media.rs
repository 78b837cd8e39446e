//! The media threads as the daemon starts them.

use super::error::Error;
use super::seed::seed;
use super::settings;
use crate::clock::Clock;
use crate::config::Config;
use crate::key::Fingerprint;
use crate::{media, patch};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;

/// Events that may wait between the media threads and this one.
const QUEUE: usize = 65_536;

/// Ports that have been closed: nobody waits for them, so that they wake nobody.
pub(super) type Closed = Arc<Mutex<Vec<patch::Event>>>;

/// The threads, and what comes from them.
pub(super) struct Media {
    pub handle: media::Handle,
    pub events: mpsc::Receiver<patch::Event>,
    pub closed: Closed,
    /// Events that found their queue full.
    pub lost: Arc<AtomicU64>,
    /// Where browsers come to, and what our certificate is known by there.
    pub door: Option<(SocketAddr, Fingerprint)>,
}

/// Starts them.
///
/// # Errors
/// [`Error::Media`], [`Error::Machine`].
pub(super) fn start(config: &Config, state: &Path, clock: Clock) -> Result<Media, Error> {
    let browsers = settings::browsers(config)?;
    let door = browsers.as_ref().map(|browsers| (browsers.at, browsers.identity.fingerprint()));
    let (tell, events) = mpsc::channel(QUEUE);
    let lost = Arc::new(AtomicU64::new(0));
    let closed = Closed::default();
    let (counter, quiet) = (lost.clone(), closed.clone());
    let tell: media::Tell = Arc::new(move |event| {
        if matches!(event, patch::Event::Closed { .. }) {
            quiet.lock().unwrap_or_else(PoisonError::into_inner).push(event);
        } else if tell.try_send(event).is_err() {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    });
    let random = u64::from_le_bytes(seed()[..8].try_into().unwrap_or_default());
    let settings = settings::media(config, browsers, random, config.recording.folder(state));
    let handle = media::spawn(&settings, clock, tell).map_err(Error::Media)?;
    Ok(Media { handle, events, closed, lost, door })
}
