//! One browser: who may speak for it, where it is, and its handshake.

use super::handshake::Handshake;
use super::identity::Identity;
use super::stun::{self, Check};
use crate::key::{Fingerprint, Ice, Pair};
use smallvec::SmallVec;
use std::net::SocketAddr;
use std::sync::Arc;

/// Addresses of one browser that are believed at a time.
const ADDRESSES: usize = 8;
/// Longest DTLS datagram that is kept until the fingerprint is known, bytes.
const KEPT: usize = 2_048;

/// What a datagram is, by its first byte (RFC 7983 §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A check.
    Stun,
    /// Of a handshake.
    Dtls,
    /// RTP, or RTCP beside it (RFC 5761 §4).
    Media {
        /// Which of the two.
        rtcp: bool,
    },
    /// Nothing of these.
    Other,
}

impl Kind {
    /// Of this datagram.
    #[must_use]
    pub fn of(datagram: &[u8]) -> Self {
        match datagram {
            [0..=3, ..] => Self::Stun,
            [20..=63, ..] => Self::Dtls,
            [128..=191, second, ..] => Self::Media { rtcp: matches!(second, 192..=223) },
            _ => Self::Other,
        }
    }
}

/// The first record is a ClientHello (RFC 6347 §4.2): a new association begins.
fn is_client_hello(datagram: &[u8]) -> bool {
    matches!(datagram, [22, 254, _, 0, 0, ..]) && datagram.get(13) == Some(&1)
}

/// What came of a check that was believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checked {
    /// The answer, for where the check came from.
    pub answer: ([u8; stun::ANSWER], usize),
    /// The address speaks for the browser from now on, and did not before.
    pub new: bool,
    /// An address that does no longer.
    pub gone: Option<SocketAddr>,
}

/// A browser on one leg.
pub struct Peer {
    identity: Arc<Identity>,
    /// By these checks are believed: ours of the last agreement, and before an ICE restart is done those of the one before.
    ice: Ice,
    former: Option<Ice>,
    /// The addresses that have passed a check; the newest is last.
    addresses: SmallVec<[SocketAddr; 2]>,
    /// Where everything goes: the first that passed, then the first that was nominated, then whence what is authentic comes. Chromium
    /// nominates every pair of an ICE-lite side, so the last one nominated would be wrong.
    to: Option<SocketAddr>,
    nominated: bool,
    theirs: Option<Fingerprint>,
    handshake: Option<Box<Handshake>>,
    /// What came of a handshake before the fingerprint was known.
    early: Option<Box<[u8]>>,
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Peer").field("to", &self.to).field("handshake", &self.handshake).finish_non_exhaustive()
    }
}

impl Peer {
    /// Nothing has come yet.
    #[must_use]
    pub fn new(identity: &Arc<Identity>, ice: Ice) -> Self {
        Self {
            identity: Arc::clone(identity),
            ice,
            former: None,
            addresses: SmallVec::new(),
            to: None,
            nominated: false,
            theirs: None,
            handshake: None,
            early: None,
        }
    }

    /// Where everything goes; `None` before the first check.
    #[must_use]
    pub fn to(&self) -> Option<SocketAddr> {
        self.to
    }

    /// The addresses that speak for it.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// What SIP has agreed on: ours of ICE, and the fingerprint of its certificate. New ones of ICE are a restart (RFC 8445 §9): where it
    /// sends to is chosen anew. Another fingerprint is another browser: false, and whatever keys there were are void.
    pub fn agreed(&mut self, ice: Ice, theirs: Fingerprint) -> bool {
        if self.ice != ice {
            self.former = Some(std::mem::replace(&mut self.ice, ice));
            self.nominated = false;
        }
        if self.theirs == Some(theirs) {
            return true;
        }
        let first = self.theirs.replace(theirs).is_none();
        self.handshake = Handshake::new(&self.identity, theirs).map(Box::new);
        first
    }

    /// A check has come. `None`: it is none, or whoever sent it does not know the password.
    pub fn check(&mut self, from: SocketAddr, datagram: &[u8]) -> Option<Checked> {
        let check = Check::read(datagram)?;
        let current = check.user() == self.ice.user && check.knows(&self.ice.password);
        let ice = match self.former {
            _ if current => self.ice,
            Some(former) if check.user() == former.user && check.knows(&former.password) => former,
            _ => return None,
        };
        let new = !self.addresses.contains(&from);
        let mut gone = None;
        if new {
            if self.addresses.len() >= ADDRESSES {
                let oldest = self.addresses.iter().position(|a| Some(*a) != self.to)?;
                gone = Some(self.addresses.remove(oldest));
            }
            self.addresses.push(from);
        }
        if self.to.is_none() || (current && check.nominates && !self.nominated) {
            self.nominated = check.nominates;
            self.to = Some(from);
            if current {
                self.former = None;
            }
        }
        Some(Checked { answer: check.answer(from, &ice.password), new, gone })
    }

    /// Whether what comes from there may be this browser's.
    #[must_use]
    pub fn believes(&self, from: SocketAddr) -> bool {
        self.addresses.contains(&from)
    }

    /// A datagram of a handshake has come from an address that is believed. What is to be sent goes to `out`; the keys, once.
    pub fn handshake(&mut self, datagram: &[u8], now: u64, mut out: impl FnMut(SocketAddr, &[u8])) -> Option<Pair> {
        let to = self.to?;
        match &mut self.handshake {
            Some(handshake) => handshake.read(datagram, now, |bytes| out(to, bytes)),
            None => match self.theirs {
                // It begins anew under the certificate that is agreed on; the keys that there are hold until that has succeeded.
                Some(theirs) if is_client_hello(datagram) => {
                    self.handshake = Handshake::new(&self.identity, theirs).map(Box::new);
                    self.handshake.as_mut()?.read(datagram, now, |bytes| out(to, bytes))
                }
                None if datagram.len() <= KEPT => {
                    self.early = Some(datagram.into());
                    None
                }
                Some(_) | None => None,
            },
        }
    }

    /// What came of a handshake before the fingerprint was known.
    pub fn early(&mut self) -> Option<Box<[u8]>> {
        self.early.take()
    }

    /// Something authentic has come from there: it has all that it needs of the handshake, and that is where it is.
    #[inline]
    pub fn heard(&mut self, from: SocketAddr) {
        if self.handshake.is_some() {
            self.handshake = None;
        }
        self.to = Some(from);
    }

    /// When [`Peer::tick`] is due, µs.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        self.handshake.as_ref().and_then(|handshake| handshake.deadline())
    }

    /// Sends again what has been lost.
    pub fn tick(&mut self, now: u64, mut out: impl FnMut(SocketAddr, &[u8])) {
        if let (Some(handshake), Some(to)) = (&mut self.handshake, self.to) {
            handshake.tick(now, |bytes| out(to, bytes));
        }
    }
}
