//! TLS for the web listener: the certificates of `[tls]`, read again when their files change, on whatever runtime the listener has.

use super::mobile::Mobile;
use super::tls::Shared;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// Handshakes that one address may begin in a second: all pages of a house may stand behind one, and come again at once.
pub(super) const HANDSHAKES: u32 = 256;

/// A connection that is encrypted.
pub type Stream = TlsStream<Mobile>;

/// What connections of the web listener are encrypted by.
#[derive(Clone)]
pub struct Secured(Arc<Shared>);

impl fmt::Debug for Secured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secured(…)")
    }
}

impl Secured {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// The server's side of a handshake; it has five seconds.
    ///
    /// # Errors
    /// Why there is no connection; [`io::ErrorKind::ConnectionRefused`] where this address begins too many.
    pub async fn accept(&self, stream: TcpStream, peer: IpAddr) -> io::Result<Stream> {
        if !self.0.may_begin(peer) {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        self.0.accept(Mobile::new(stream)).await
    }
}
