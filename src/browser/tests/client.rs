//! A browser's side of ICE and DTLS by another hand: rtc-dtls as its client, rtc-stun as its writer. Also used by `tests/it` and
//! `benches`, so nothing of this crate is named here.

use bytes::BytesMut;
use rtc_dtls::config::{ClientAuthType, ConfigBuilder, ExtendedMasterSecretType};
use rtc_dtls::crypto::Certificate;
use rtc_dtls::endpoint::{Endpoint, EndpointEvent};
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use rtc_shared::TransportProtocol;
use rtc_stun::attributes::{ATTR_USE_CANDIDATE, ATTR_USERNAME, RawAttribute};
use rtc_stun::fingerprint::FINGERPRINT;
use rtc_stun::integrity::MessageIntegrity;
use rtc_stun::message::{BINDING_REQUEST, Message, Setter, TransactionId};
use rtc_stun::textattrs::TextAttribute;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

#[expect(clippy::disallowed_methods, reason = "a point that the crate's times are counted from")]
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

const US: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 2);

/// A check for this user name of ours, with this password.
pub fn check(user: &[u8], password: &[u8], nominates: bool) -> Vec<u8> {
    let crypto = rtc_crypto::default_provider().unwrap();
    let user = format!("{}:theirs", String::from_utf8_lossy(user));
    let password = String::from_utf8_lossy(password).into_owned();
    let mut parts: Vec<Box<dyn Setter>> = vec![
        Box::new(TransactionId::new()),
        Box::new(BINDING_REQUEST),
        Box::new(TextAttribute { attr: ATTR_USERNAME, text: user }),
    ];
    if nominates {
        parts.push(Box::new(RawAttribute { typ: ATTR_USE_CANDIDATE, length: 0, value: Vec::new() }));
    }
    parts.push(Box::new(MessageIntegrity::new_short_term_integrity_with_provider(password, crypto.crypto())));
    parts.push(Box::new(FINGERPRINT));
    let mut message = Message::new();
    message.build(&parts).unwrap();
    message.raw
}

/// The client's end of a handshake.
pub struct Client {
    endpoint: Endpoint,
    /// SHA-256 of its certificate.
    pub fingerprint: [u8; 32],
    /// Keys and salts as RFC 5764 §4.2 lays them out, once it is done.
    pub keys: Option<Vec<u8>>,
    /// It offers AEAD_AES_128_GCM alone; else AES128_CM_HMAC_SHA1_80 alone.
    pub gcm: bool,
}

impl Client {
    /// One that begins at this time, µs.
    pub fn new(now: u64, gcm: bool) -> Self {
        let crypto = rtc_crypto::default_provider().unwrap();
        Self::with(now, gcm, Certificate::generate_self_signed(vec!["browser".to_owned()], crypto.crypto()).unwrap())
    }

    /// The same under a certificate that there is.
    pub fn with(now: u64, gcm: bool, certificate: Certificate) -> Self {
        let crypto = rtc_crypto::default_provider().unwrap();
        let hash = crypto.crypto().hash(rtc_crypto::HashAlgorithm::Sha256, &certificate.certificate[0]).unwrap();
        let profile = match gcm {
            true => SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm,
            false => SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80,
        };
        let config = ConfigBuilder::default()
            .with_crypto_provider(crypto)
            .with_certificates(vec![certificate])
            .with_srtp_protection_profiles(vec![profile])
            .with_client_auth(ClientAuthType::RequireAnyClientCert)
            .with_insecure_skip_verify(true)
            .with_extended_master_secret(ExtendedMasterSecretType::Require)
            .with_flight_interval(Duration::from_millis(50))
            .build(true, None)
            .unwrap();
        let mut endpoint = Endpoint::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 9)), TransportProtocol::UDP, None);
        endpoint.connect(time(now), US, Arc::new(config), None).unwrap();
        Self { endpoint, fingerprint: hash.as_slice().try_into().unwrap(), keys: None, gcm }
    }

    /// What it sends.
    pub fn sent(&mut self) -> Vec<BytesMut> {
        std::iter::from_fn(|| self.endpoint.poll_transmit()).map(|m| m.message).collect()
    }

    /// Sends again what is due.
    pub fn tick(&mut self, now: u64) {
        let _ = self.endpoint.handle_timeout(US, time(now));
    }

    /// A datagram of a handshake has come.
    pub fn read(&mut self, datagram: &[u8], now: u64) {
        let events = self.endpoint.read(time(now), US, None, BytesMut::from(datagram));
        if events.iter().flatten().any(|e| matches!(e, EndpointEvent::HandshakeComplete)) {
            let state = self.endpoint.get_connection_state(US).unwrap();
            let length = if self.gcm { 56 } else { 60 };
            let all = state.export_keying_material("EXTRACTOR-dtls_srtp", &[], length).unwrap();
            self.keys = Some(<_ as AsRef<[u8]>>::as_ref(&all).to_vec());
        }
    }

    /// Key and salt of the client, then those of the server.
    pub fn masters(&self) -> Option<[Vec<u8>; 2]> {
        let (keys, salt) = (self.keys.as_ref()?, if self.gcm { 12 } else { 14 });
        let of = |side: usize| {
            let at = 32 + side * salt;
            [&keys[side * 16..side * 16 + 16], &keys[at..at + salt]].concat()
        };
        Some([of(0), of(1)])
    }
}

fn time(now: u64) -> Instant {
    *START + Duration::from_micros(now)
}
