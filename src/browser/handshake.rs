//! One DTLS handshake, the server's side (RFC 6347, RFC 5764).

use super::identity::Identity;
use crate::clock::MILLI;
use crate::key::{Fingerprint, KEY, Master, Pair, SALT, Suite};
use bytes::BytesMut;
use rtc_dtls::config::HandshakeConfig;
use rtc_dtls::endpoint::{Endpoint, EndpointEvent};
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use rtc_shared::TransportProtocol;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// What the exporter is asked for (RFC 5764 §4.2).
const LABEL: &str = "EXTRACTOR-dtls_srtp";
/// The first pause before a flight is sent again, µs; it doubles up to [`LONGEST`].
const FIRST: u64 = 50 * MILLI;
const LONGEST: u64 = 800 * MILLI;
/// How often one flight is sent again: 12 s.
const TIMES: u32 = 16;
/// The crate keeps associations by address, yet ICE may move the browser: one name for whoever has passed a check.
const PEER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 1);

/// Where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Under way.
    Going,
    /// The keys have been given; our last flight may still be asked for again.
    Done,
    /// Refused, by us or by the other side: nothing more is said.
    Failed,
}

/// A handshake.
pub(super) struct Handshake {
    identity: Arc<Identity>,
    endpoint: Endpoint,
    state: State,
    /// Our last flight. It is sent again by us: rtc-dtls 0.21.1 drops its own timer when the other side repeats itself, and then both
    /// wait for ever.
    flight: Vec<BytesMut>,
    /// When it was sent, and when it is again.
    sent: u64,
    again: Option<u64>,
    pause: u64,
    times: u32,
}

impl std::fmt::Debug for Handshake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Handshake({:?})", self.state)
    }
}

impl Handshake {
    /// Nothing has come yet of whose certificate has this fingerprint.
    pub(super) fn new(identity: &Arc<Identity>, theirs: Fingerprint) -> Option<Self> {
        let config: Arc<HandshakeConfig> = identity.meets(theirs)?;
        Some(Self {
            identity: Arc::clone(identity),
            endpoint: Endpoint::new(PEER, TransportProtocol::UDP, Some(config)),
            state: State::Going,
            flight: Vec::new(),
            sent: 0,
            again: None,
            pause: FIRST,
            times: 0,
        })
    }

    /// A datagram has come. What is to be sent goes to `out`; the keys, once.
    pub(super) fn read(&mut self, datagram: &[u8], now: u64, mut out: impl FnMut(&[u8])) -> Option<Pair> {
        // Of other kinds of records there is none in a handshake; the crate would end it by an alert (RFC 6347 §4.1.2.7 lets us ignore them).
        if self.state == State::Failed || !matches!(datagram, [20..=22, ..]) {
            return None;
        }
        let events = self.endpoint.read(self.identity.time(now), PEER, None, BytesMut::from(datagram));
        let answered = self.drain(now, &mut out);
        let done = matches!(&events, Ok(all) if all.iter().any(|e| matches!(e, EndpointEvent::HandshakeComplete)));
        if events.is_err() && self.state == State::Going {
            // What nothing is said to is noise, or somebody else's; a handshake that fails says so by an alert.
            if answered {
                self.fail();
            }
        } else if done {
            (self.state, self.again) = (State::Done, None);
            let keys = self.keys();
            if keys.is_none() {
                self.fail();
            }
            return keys;
        } else if !answered && self.state == State::Going && now >= self.sent + FIRST / 2 {
            // The other side repeats itself: it has not had our last flight.
            self.repeat(now, &mut out);
        }
        None
    }

    /// When [`Handshake::tick`] is due, µs.
    pub(super) fn deadline(&self) -> Option<u64> {
        self.again
    }

    /// Sends the last flight again if its time has come.
    pub(super) fn tick(&mut self, now: u64, mut out: impl FnMut(&[u8])) {
        if self.again.is_some_and(|at| at <= now) {
            self.pause = (self.pause * 2).min(LONGEST);
            self.times += 1;
            if self.times > TIMES { self.fail() } else { self.repeat(now, &mut out) }
        }
    }

    /// After a failure the crate would answer each alert by another.
    fn fail(&mut self) {
        (self.state, self.again) = (State::Failed, None);
        self.flight = Vec::new();
    }

    fn repeat(&mut self, now: u64, out: &mut impl FnMut(&[u8])) {
        self.flight.iter().for_each(|datagram| out(datagram));
        self.sent = now;
        self.again = (!self.flight.is_empty()).then_some(now + self.pause);
    }

    /// Sends what DTLS wants sent, which is our newest flight; false if that is nothing.
    fn drain(&mut self, now: u64, out: &mut impl FnMut(&[u8])) -> bool {
        let new: Vec<_> = std::iter::from_fn(|| self.endpoint.poll_transmit()).map(|sent| sent.message).collect();
        if new.is_empty() {
            return false;
        }
        new.iter().for_each(|datagram| out(datagram));
        if self.state == State::Going {
            (self.flight, self.sent, self.pause, self.times) = (new, now, FIRST, 0);
            self.again = Some(now + self.pause);
        }
        true
    }

    /// Keys of both sides (RFC 5764 §4.2): the client's, the server's, then their salts.
    fn keys(&self) -> Option<Pair> {
        let state = self.endpoint.get_connection_state(PEER)?;
        let suite = match state.srtp_protection_profile() {
            SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm => Suite::Gcm,
            SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80 => Suite::Cm80,
            _ => return None,
        };
        let salt = suite.length() - KEY;
        let material = state.export_keying_material(LABEL, &[], 2 * (KEY + salt)).ok()?;
        let bytes: &[u8] = material.as_ref();
        let master = |side: usize| {
            let mut all = [0; KEY + SALT];
            let salt_at = 2 * KEY + side * salt;
            all.get_mut(..KEY)?.copy_from_slice(bytes.get(side * KEY..(side + 1) * KEY)?);
            all.get_mut(KEY..KEY + salt)?.copy_from_slice(bytes.get(salt_at..salt_at + salt)?);
            Master::new(suite, all.get(..suite.length())?)
        };
        Some(Pair { theirs: master(0)?, ours: master(1)? })
    }
}
