//! TLS under SIP: certificates with their keys, whom we trust, and what a connection has proved.
//!
//! A [`Tls`] is shared by all connections and swapped whole when its files change: connections that stand keep what they began with.
//! Handshakes and records are the work of a thread of their own (`aside`), so that whoever floods us with them costs the signalling
//! nothing. A handshake has five seconds, and one address may begin [`HANDSHAKES`] of them a second.

use super::certificate::{Identity, Mistake, certified, chain, names};
use super::told::{Event, Told};
use arc_swap::ArcSwap;
use dashmap::DashMap;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, ServerConfig, SignatureScheme, SupportedProtocolVersion,
    version,
};
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

/// A handshake that is not done by then is given up.
pub(super) const HANDSHAKE: Duration = Duration::from_secs(5);
/// Handshakes that one address may begin in a second.
pub(super) const HANDSHAKES: u32 = 32;
/// Addresses that are counted; of more the oldest second is forgotten.
const ADDRESSES: usize = 4_096;
/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(2);
/// Where Debian keeps the authorities that everybody trusts.
const SYSTEM_ROOTS: &str = "/etc/ssl/certs/ca-certificates.crt";

/// The name that the far side at an address must prove; more come while the daemon runs, as names are found.
pub type PeerNames = Arc<DashMap<SocketAddr, String>>;

/// What TLS is told.
#[derive(Debug, Clone, Default)]
pub struct TlsSettings {
    /// Shown to whoever names no other one.
    pub own: Option<Identity>,
    /// By the name that the other side asks for (SNI, RFC 6066 §3).
    pub named: Vec<(String, Identity)>,
    /// Certificates of authorities, or of peers themselves, that are trusted; `None`: those of the system, and nobody who calls us is
    /// asked for one.
    pub trusted: Option<PathBuf>,
    /// 1.2 is refused.
    pub only_13: bool,
    /// The name that the far side of a connection of ours must prove; without one its address.
    pub names: PeerNames,
    /// Whoever answers at these addresses is taken for who he should be: for laboratories on one machine.
    pub unverified: HashSet<SocketAddr>,
    /// What may be spoken over it, the best first (ALPN, RFC 7301); nothing: it is not said.
    pub protocols: Vec<Vec<u8>>,
}

/// Keys and trust in force.
pub(super) struct Tls {
    server: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
    /// For [`TlsSettings::unverified`].
    credulous: Arc<ClientConfig>,
}

impl Tls {
    /// Reads every file.
    pub(super) fn load(settings: &TlsSettings) -> Result<Self, Mistake> {
        let provider = Arc::new(ring::default_provider());
        let versions: &[&SupportedProtocolVersion] =
            if settings.only_13 { &[&version::TLS13] } else { &[&version::TLS13, &version::TLS12] };
        let own = settings.own.as_ref().map(|own| certified(own, &provider)).transpose()?.map(Arc::new);
        let mut named = HashMap::new();
        for (name, identity) in &settings.named {
            named.insert(name.to_ascii_lowercase(), Arc::new(certified(identity, &provider)?));
        }
        let resolver = Arc::new(Resolver { own, named });
        let roots = settings.trusted.as_deref().map(roots).transpose()?.map(Arc::new);
        let wrong = |why: &dyn fmt::Display| Mistake { file: PathBuf::from("[tls]"), why: why.to_string() };
        let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions)
            .map_err(|e| wrong(&e))?;
        let server = match &roots {
            // Asked for, not demanded: a phone has none. Whether a trunk must have one is decided where it is told apart.
            Some(roots) => {
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::clone(roots), Arc::clone(&provider));
                server.with_client_cert_verifier(verifier.allow_unauthenticated().build().map_err(|e| wrong(&e))?)
            }
            None => server.with_no_client_auth(),
        };
        let mut server = server.with_cert_resolver(Arc::clone(&resolver) as Arc<dyn ResolvesServerCert>);
        server.alpn_protocols.clone_from(&settings.protocols);
        let server = Arc::new(server);
        let trusted = match roots {
            Some(roots) => roots,
            None => Arc::new(system_roots()),
        };
        let client = || {
            let builder = ClientConfig::builder_with_provider(Arc::clone(&provider));
            builder.with_protocol_versions(versions).map_err(|e| wrong(&e))
        };
        let believing = Arc::new(Believing(Arc::clone(&provider)));
        let credulous = client()?.dangerous().with_custom_certificate_verifier(believing);
        let credulous = Arc::new(credulous.with_client_cert_resolver(Arc::clone(&resolver) as _));
        let client = client()?.with_root_certificates(trusted).with_client_cert_resolver(resolver);
        Ok(Self { server, client: Arc::new(client), credulous })
    }
}

/// Which certificate is shown.
#[derive(Debug)]
struct Resolver {
    own: Option<Arc<CertifiedKey>>,
    named: HashMap<String, Arc<CertifiedKey>>,
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let named = hello.server_name().and_then(|name| self.named.get(&name.to_ascii_lowercase()));
        named.or(self.own.as_ref()).cloned()
    }
}

impl tokio_rustls::rustls::client::ResolvesClientCert for Resolver {
    fn resolve(&self, _hints: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.own.clone()
    }

    fn has_certs(&self) -> bool {
        self.own.is_some()
    }
}

/// Takes any certificate whose key the other side has.
#[derive(Debug)]
struct Believing(Arc<CryptoProvider>);

impl ServerCertVerifier for Believing {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, tokio_rustls::rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, tokio_rustls::rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, tokio_rustls::rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

fn roots(file: &Path) -> Result<RootCertStore, Mistake> {
    let wrong = |why: String| Mistake { file: file.to_owned(), why };
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|e| wrong(e.to_string()))? {
        store.add(certificate.map_err(|e| wrong(e.to_string()))?).map_err(|e| wrong(e.to_string()))?;
    }
    if store.is_empty() {
        return Err(wrong("there is no certificate in it".to_owned()));
    }
    Ok(store)
}

/// Whether a certificate, with those that follow it in its file, leads to an authority that is trusted here: by this file, or else by
/// this machine. A far side that trusts the same and knows nothing else believes it then.
///
/// # Errors
/// Why it does not, in the words of whoever looked; or that a file cannot be read.
pub fn leads_to_trusted(certificate: &Path, trusted: Option<&Path>) -> Result<(), String> {
    let all = chain(certificate).map_err(|mistake| mistake.to_string())?;
    let store = trusted.map(roots).transpose().map_err(|mistake| mistake.to_string())?;
    let store = Arc::new(store.unwrap_or_else(system_roots));
    let Some((own, others)) = all.split_first() else { return Err("there is no certificate in it".to_owned()) };
    let name = names(own).into_iter().next().ok_or("it has no name")?;
    let name = ServerName::try_from(name).map_err(|e| e.to_string())?;
    let verifier = WebPkiServerVerifier::builder_with_provider(store, Arc::new(ring::default_provider())).build();
    let verifier = verifier.map_err(|e| e.to_string())?;
    verifier.verify_server_cert(own, others, &name, &[], UnixTime::now()).map(|_| ()).map_err(|e| e.to_string())
}

/// What this machine trusts; nothing where it says nothing.
fn system_roots() -> RootCertStore {
    let mut store = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(SYSTEM_ROOTS).into_iter().flatten().flatten();
    store.add_parsable_certificates(certificates);
    store
}

/// What the connections share.
pub(super) struct Shared {
    settings: TlsSettings,
    tls: ArcSwap<Tls>,
    begun: Mutex<HashMap<IpAddr, (u64, u32)>>,
    /// Handshakes that one address may begin in a second.
    handshakes: u32,
    start: Instant,
}

impl Shared {
    /// Reads the files; they are looked at again every two seconds, on this runtime.
    pub(super) fn start(
        (settings, handshakes): (&TlsSettings, u32),
        runtime: &Handle,
        tell: mpsc::Sender<Told>,
    ) -> Result<Arc<Self>, Mistake> {
        let tls = Tls::load(settings)?;
        let start = started();
        let shared = Arc::new(Self {
            settings: settings.clone(),
            tls: ArcSwap::from_pointee(tls),
            begun: Mutex::default(),
            handshakes,
            start,
        });
        runtime.spawn(watch(Arc::clone(&shared), tell));
        Ok(shared)
    }
}

#[expect(clippy::disallowed_methods, reason = "a bound on handshakes a second needs a clock of its own")]
fn started() -> Instant {
    Instant::now()
}

impl Shared {
    /// Whether this address may begin another handshake in this second.
    pub(super) fn may_begin(&self, peer: IpAddr) -> bool {
        let second = self.start.elapsed().as_secs();
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        if begun.len() >= ADDRESSES {
            begun.retain(|_, (at, _)| *at == second);
        }
        let (at, count) = begun.entry(peer).or_insert((second, 0));
        if *at != second {
            (*at, *count) = (second, 0);
        }
        *count += 1;
        *count <= self.handshakes
    }

    /// The server's side of a handshake.
    pub(super) async fn accept<S>(&self, stream: S) -> std::io::Result<server::TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let acceptor = TlsAcceptor::from(Arc::clone(&self.tls.load().server));
        tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await.unwrap_or_else(|late| Err(late.into()))
    }

    /// The client's side.
    pub(super) async fn connect(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
    ) -> std::io::Result<client::TlsStream<TcpStream>> {
        let tls = self.tls.load_full();
        let believed = self.settings.unverified.contains(&peer);
        let connector = TlsConnector::from(Arc::clone(if believed { &tls.credulous } else { &tls.client }));
        let name = match self.settings.names.get(&peer) {
            Some(name) => ServerName::try_from(name.clone()).map_err(std::io::Error::other)?,
            None => ServerName::IpAddress(peer.ip().into()),
        };
        tokio::time::timeout(HANDSHAKE, connector.connect(name, stream)).await.unwrap_or_else(|late| Err(late.into()))
    }
}

/// Puts what has changed in the files in force; a mistake in them leaves what was, and is told when it is still there at the next look:
/// until then somebody may be writing them.
async fn watch(shared: Arc<Shared>, tell: mpsc::Sender<Told>) {
    let mut seen = stamps(&shared.settings);
    let mut doubted = None;
    loop {
        tokio::time::sleep(LOOK).await;
        let now = stamps(&shared.settings);
        if now == seen {
            continue;
        }
        match Tls::load(&shared.settings) {
            Ok(tls) => {
                shared.tls.store(Arc::new(tls));
                tracing::info!("certificates have been read again; connections that stand keep theirs");
            }
            Err(_) if doubted.as_ref() != Some(&now) => {
                doubted = Some(now);
                continue;
            }
            Err(mistake) => {
                let text = format!("{mistake}: the certificates of before stay in force");
                tracing::error!("{text}");
                // Nobody listens any more only at the end.
                let _ = tell.send(Told { connection: 0, event: Event::Certificates(text) }).await;
            }
        }
        seen = now;
    }
}

/// When each file was changed last.
fn stamps(settings: &TlsSettings) -> Vec<Option<SystemTime>> {
    let identities = settings.own.iter().chain(settings.named.iter().map(|(_, identity)| identity));
    let files = identities.flat_map(|i| [&i.certificate, &i.key]).chain(settings.trusted.iter());
    files.map(|file| std::fs::metadata(file).and_then(|m| m.modified()).ok()).collect()
}
