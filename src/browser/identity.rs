//! Our certificate, one for all browsers of a run.

use crate::key::Fingerprint;
use rtc_crypto::{HashAlgorithm, RTCCryptoProvider};
use rtc_dtls::config::{ClientAuthType, ConfigBuilder, ExtendedMasterSecretType, HandshakeConfig};
use rtc_dtls::crypto::Certificate;
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use rtc_shared::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// No certificate can be had.
#[derive(Debug, thiserror::Error)]
#[error("no certificate for browsers: {0}")]
pub struct Broken(String);

/// The certificate with its key. It signs itself: what it is worth is its fingerprint, which goes by SIP.
pub struct Identity {
    crypto: Arc<dyn RTCCryptoProvider>,
    certificate: Certificate,
    fingerprint: Fingerprint,
    /// The crates count time by the machine's clock; ours is a number.
    start: Instant,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({}, …)", self.fingerprint)
    }
}

impl Identity {
    /// A new one.
    ///
    /// # Errors
    /// [`Broken`].
    pub fn new() -> Result<Self, Broken> {
        let broken = |e: &dyn fmt::Display| Broken(e.to_string());
        let crypto = rtc_crypto::default_provider().map_err(|e| broken(&e))?;
        let names = vec!["switchboard".to_owned()];
        let certificate = Certificate::generate_self_signed(names, crypto.crypto()).map_err(|e| broken(&e))?;
        let der = certificate.certificate.first().ok_or_else(|| Broken("it is empty".to_owned()))?;
        let fingerprint = digest(crypto.as_ref(), der).ok_or_else(|| Broken("it has no SHA-256".to_owned()))?;
        Ok(Self { crypto, certificate, fingerprint, start: started() })
    }

    /// What SDP says of it.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// The crates' time.
    pub(super) fn time(&self, mono: u64) -> Instant {
        self.start + Duration::from_micros(mono)
    }

    /// How one browser is met, whose certificate must have this fingerprint.
    pub(super) fn meets(&self, theirs: Fingerprint) -> Option<Arc<HandshakeConfig>> {
        let crypto = Arc::clone(&self.crypto);
        let verify = move |shown: &[Vec<u8>], _: &[_]| match shown.first().and_then(|der| digest(crypto.as_ref(), der))
        {
            Some(found) if found == theirs => Ok(()),
            _ => Err(Error::ErrNonCertificate),
        };
        let config = ConfigBuilder::default()
            .with_crypto_provider(Arc::clone(&self.crypto))
            .with_certificates(vec![self.certificate.clone()])
            .with_srtp_protection_profiles(vec![
                SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm,
                SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80,
            ])
            .with_client_auth(ClientAuthType::RequireAnyClientCert)
            // No authority stands behind a browser's certificate: the fingerprint is the proof (RFC 5763 §5).
            .with_insecure_skip_verify(true)
            .with_verify_peer_certificate(Some(Arc::new(verify)))
            .with_extended_master_secret(ExtendedMasterSecretType::Require)
            .with_replay_protection_window(64)
            // Flights are sent again by us (`handshake`): the crate's timer is lost when the other side repeats itself.
            .with_flight_interval(Duration::from_secs(3_600))
            .build(false, None);
        config.ok().map(Arc::new)
    }
}

fn digest(crypto: &dyn RTCCryptoProvider, der: &[u8]) -> Option<Fingerprint> {
    let hash = crypto.crypto().hash(HashAlgorithm::Sha256, der).ok()?;
    Some(Fingerprint(hash.as_slice().try_into().ok()?))
}

#[expect(clippy::disallowed_methods, reason = "a point that the crates' times are counted from; no time is taken")]
fn started() -> Instant {
    Instant::now()
}
