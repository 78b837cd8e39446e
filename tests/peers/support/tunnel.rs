//! TLS for a SIPp that was built without it: each connection comes in the clear and goes on by TLS, or the other way round.

use super::authority::Pair;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// How it carries on.
enum Way {
    /// By TLS, from these addresses in turn.
    Out(TlsConnector, Vec<IpAddr>),
    /// In the clear.
    In(TlsAcceptor),
}

#[derive(Debug, Default)]
struct Counts {
    opened: AtomicUsize,
    refused: AtomicUsize,
    over: AtomicUsize,
}

/// A way for connections; they end with it.
#[derive(Debug)]
pub struct Tunnel {
    /// Where it takes them.
    pub at: SocketAddr,
    counts: Arc<Counts>,
    _ends: oneshot::Sender<()>,
}

impl Tunnel {
    /// What comes to `at` in the clear goes to `to` by TLS, where this certificate, or one that it has signed, is believed.
    pub fn out(at: SocketAddr, sources: &[IpAddr], to: SocketAddr, trusted: &Path) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(trusted).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_safe_default_protocol_versions().unwrap();
        let config = config.with_root_certificates(roots).with_no_client_auth();
        Self::start(at, to, Way::Out(Arc::new(config).into(), sources.to_vec()))
    }

    /// What comes to `at` by TLS is shown this certificate and goes to `to` in the clear.
    pub fn within(at: SocketAddr, pair: &Pair, to: SocketAddr) -> Self {
        let chain = vec![CertificateDer::from_pem_file(&pair.certificate).unwrap()];
        let key = PrivateKeyDer::from_pem_file(&pair.key).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(chain, key).unwrap();
        Self::start(at, to, Way::In(Arc::new(config).into()))
    }

    fn start(at: SocketAddr, to: SocketAddr, way: Way) -> Self {
        let listener = std::net::TcpListener::bind(at).unwrap();
        listener.set_nonblocking(true).unwrap();
        let at = listener.local_addr().unwrap();
        let counts = Arc::new(Counts::default());
        let (ends, ended) = oneshot::channel::<()>();
        let theirs = Arc::clone(&counts);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                tokio::select! {
                    () = serve(listener, to, way, theirs) => {}
                    _ = ended => {}
                }
            });
        });
        Self { at, counts, _ends: ends }
    }

    /// Connections whose handshake was done.
    pub fn opened(&self) -> usize {
        self.counts.opened.load(Relaxed)
    }

    /// Connections that did not come to be: no handshake, or nobody there.
    pub fn refused(&self) -> usize {
        self.counts.refused.load(Relaxed)
    }

    /// Connections that have stood and have ended.
    pub fn over(&self) -> usize {
        self.counts.over.load(Relaxed)
    }
}

async fn serve(listener: std::net::TcpListener, to: SocketAddr, way: Way, counts: Arc<Counts>) {
    let (listener, way) = (TcpListener::from_std(listener).unwrap(), Arc::new(way));
    let mut taken = 0;
    loop {
        let Ok((near, _)) = listener.accept().await else { continue };
        let (way, counts) = (Arc::clone(&way), Arc::clone(&counts));
        tokio::spawn(async move {
            let before = carry(&way, near, taken, to, &counts).await;
            if before.is_err() {
                counts.refused.fetch_add(1, Relaxed);
            }
        });
        taken += 1;
    }
}

/// One connection from its beginning to its end. An error is one before both sides stood.
async fn carry(way: &Way, mut near: TcpStream, n: usize, to: SocketAddr, counts: &Counts) -> io::Result<()> {
    match way {
        Way::Out(connector, sources) => {
            let socket = TcpSocket::new_v4()?;
            socket.bind((sources[n % sources.len()], 0).into())?;
            let far = socket.connect(to).await?;
            let mut far = connector.connect(ServerName::IpAddress(to.ip().into()), far).await?;
            counts.opened.fetch_add(1, Relaxed);
            let _ = copy_bidirectional(&mut near, &mut far).await;
        }
        Way::In(acceptor) => {
            let mut near = acceptor.accept(near).await?;
            let mut far = TcpStream::connect(to).await?;
            counts.opened.fetch_add(1, Relaxed);
            let _ = copy_bidirectional(&mut near, &mut far).await;
        }
    }
    counts.over.fetch_add(1, Relaxed);
    Ok(())
}
