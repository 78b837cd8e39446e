//! A certificate with its key: read from files, made where there is none, and what it says of itself.

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, SanType};
use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::net::IpAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use tokio_rustls::rustls::Error;
use tokio_rustls::rustls::crypto::CryptoProvider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::CertifiedKey;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// A file of certificates, the own one first, and that of its key, both PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The certificate, then those that lead to its authority.
    pub certificate: PathBuf,
    /// Its private key: PKCS#8, PKCS#1 or SEC1.
    pub key: PathBuf,
}

/// A file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The file.
    pub file: PathBuf,
    /// Why.
    pub why: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file.display(), self.why)
    }
}

impl std::error::Error for Mistake {}

/// What a certificate says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// From when it holds, seconds since the epoch.
    pub from: i64,
    /// Until when.
    pub until: i64,
    /// Its names: domains and addresses (RFC 5922 §7.1: `subjectAltName`).
    pub names: Vec<String>,
}

/// Reads certificate and key, and sees that they belong together.
pub(super) fn certified(identity: &Identity, provider: &CryptoProvider) -> Result<CertifiedKey, Mistake> {
    let wrong = |file: &Path, why: &dyn fmt::Display| Mistake { file: file.to_owned(), why: why.to_string() };
    let chain = chain(&identity.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&identity.key).map_err(|e| wrong(&identity.key, &e))?;
    let key = provider.key_provider.load_private_key(key).map_err(|e| wrong(&identity.key, &e))?;
    let certified = CertifiedKey::new(chain, key);
    match certified.keys_match() {
        Ok(()) => Ok(certified),
        Err(e @ Error::InconsistentKeys(_)) => {
            Err(wrong(&identity.key, &format!("it is not the certificate's key ({e})")))
        }
        // The key cannot be compared with what is no certificate behind its frame.
        Err(e) => Err(wrong(&identity.certificate, &format!("it is no X.509 certificate ({e})"))),
    }
}

pub(super) fn chain(file: &Path) -> Result<Vec<CertificateDer<'static>>, Mistake> {
    let wrong = |why: String| Mistake { file: file.to_owned(), why };
    let all = CertificateDer::pem_file_iter(file).map_err(|e| wrong(e.to_string()))?;
    let all: Vec<_> = all.collect::<Result<_, _>>().map_err(|e| wrong(e.to_string()))?;
    if all.is_empty() { Err(wrong("there is no certificate in it".to_owned())) } else { Ok(all) }
}

/// What the first certificate of a file says.
///
/// # Errors
/// That it cannot be read.
pub fn said(file: &Path) -> Result<Said, Mistake> {
    let chain = chain(file)?;
    let first = chain.first().map(|c| c.as_ref()).unwrap_or_default();
    of(first).ok_or_else(|| Mistake { file: file.to_owned(), why: "it is no X.509 certificate".to_owned() })
}

/// The names in a certificate that has been verified.
pub(super) fn names(certificate: &CertificateDer<'_>) -> Vec<String> {
    of(certificate.as_ref()).map(|said| said.names).unwrap_or_default()
}

fn of(der: &[u8]) -> Option<Said> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let name = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
        // RFC 5922 §7.1: a SIP URI without a user part is the domain.
        GeneralName::URI(uri) => {
            let host = uri.strip_prefix("sip:").filter(|host| !host.contains('@'))?;
            Some(host.to_ascii_lowercase())
        }
        GeneralName::IPAddress(bytes) => match *bytes {
            [a, b, c, d] => Some(IpAddr::from([*a, *b, *c, *d]).to_string()),
            bytes => <[u8; 16]>::try_from(bytes).ok().map(|bytes| IpAddr::from(bytes).to_string()),
        },
        _ => None,
    };
    let names = certificate.subject_alternative_name().ok().flatten();
    let names = names.map(|san| san.value.general_names.iter().filter_map(name).collect()).unwrap_or_default();
    let validity = certificate.validity();
    Some(Said { from: validity.not_before.timestamp(), until: validity.not_after.timestamp(), names })
}

/// Makes a certificate of its own with these names in a folder, unless there is one: `certificate.pem` and `key.pem`, its owner's alone. It
/// signs itself: whoever is to trust it must be given it.
///
/// # Errors
/// That the files cannot be written.
pub fn self_made(folder: &Path, names: &[String]) -> Result<Identity, Mistake> {
    let identity = Identity { certificate: folder.join("certificate.pem"), key: folder.join("key.pem") };
    if identity.certificate.exists() && identity.key.exists() {
        return Ok(identity);
    }
    let wrong = |why: String| Mistake { file: folder.to_owned(), why };
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "switchboard");
    for name in names {
        let san = match name.parse::<IpAddr>() {
            Ok(ip) => SanType::IpAddress(ip),
            Err(_) => SanType::DnsName(name.clone().try_into().map_err(|e: rcgen::Error| wrong(e.to_string()))?),
        };
        params.subject_alt_names.push(san);
    }
    let key = KeyPair::generate().map_err(|e| wrong(e.to_string()))?;
    let made = params.self_signed(&key).map_err(|e| wrong(e.to_string()))?;
    let write = |file: &Path, text: &str| -> io::Result<()> {
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    let made_folder = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made_folder
        .and_then(|()| write(&identity.key, &zeroize::Zeroizing::new(key.serialize_pem())))
        .and_then(|()| write(&identity.certificate, &made.pem()))
        .map_err(|e| wrong(e.to_string()))?;
    Ok(identity)
}
