//! What runs between a connection's task and the table of connections.

use super::Why;
use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use tokio::sync::mpsc;

/// What a connection tells, and which.
pub(super) struct Told {
    pub(super) connection: u32,
    pub(super) event: Event,
}

pub(super) enum Event {
    /// It stands; the other side has proved to be these.
    Opened(Arc<[String]>),
    Message(Bytes),
    Closed(Why),
    /// Of no connection: files of certificates have changed and cannot be taken.
    Certificates(String),
}

/// The way from a connection's task to the table.
pub(super) struct Tell {
    pub(super) connection: u32,
    pub(super) to: mpsc::Sender<Told>,
}

impl Tell {
    /// False if nobody listens any more.
    pub(super) async fn event(&self, event: Event) -> bool {
        self.to.send(Told { connection: self.connection, event }).await.is_ok()
    }
}

/// What is to be written on a connection.
pub(super) struct Queue {
    pub(super) receiver: mpsc::Receiver<Bytes>,
    /// Weak: the reader must not keep the queue open.
    pub(super) pongs: mpsc::WeakSender<Bytes>,
    /// Bytes queued and not yet written.
    pub(super) waiting: Arc<AtomicUsize>,
}
