//! Whether a leg's media is encrypted: what its seat or trunk wants, and whether keys may be said on the way its SIP takes.

use super::Exchange;
use crate::call::Secure;
use crate::fact::{Origin, Target};
use crate::key::{Policy, Srtp};
use crate::sdp;
use crate::sip::flow::Transport;
use rand_core::RngCore;

impl Exchange {
    /// For a leg that comes from there by this transport, with this offer. `None`: it must be encrypted, and its keys may not be said in the clear.
    pub(super) fn secured(&mut self, origin: &Origin, by: Transport, offer: Option<&[u8]>) -> Option<Secure> {
        let wanted = match origin {
            Origin::Trunk(trunk) => self.settings.trunks.get(trunk).map(|t| t.srtp),
            Origin::Seat(seat) => self.settings.seats.get(seat).map(|s| s.srtp),
        };
        let wanted = wanted.unwrap_or_default();
        match offer {
            Some(offer) if sdp::may_be_web(offer) => self.door(wanted.policy, false),
            None if by.is_web() => self.door(wanted.policy, true),
            _ => self.keys(wanted, by),
        }
    }

    /// For a leg that is sent there: to a page its own kind of media.
    pub(super) fn secured_to(&mut self, target: &Target, by: Transport) -> Option<Secure> {
        let wanted = match target {
            Target::Trunk { trunk, .. } => self.settings.trunks.get(trunk).map(|t| t.srtp),
            Target::Seat(seat) => self.settings.seats.get(seat).map(|s| s.srtp),
        };
        let wanted = wanted.unwrap_or_default();
        if by.is_web() { self.door(wanted.policy, true) } else { self.keys(wanted, by) }
    }

    /// A browser's: its certificate goes by SIP and may be read by anybody, its keys never do. `None`: browsers' media has nowhere to come to.
    fn door(&mut self, policy: Policy, speaks: bool) -> Option<Secure> {
        let (at, ours) = self.settings.door?;
        let mut seed = [0; 32];
        self.rng.fill_bytes(&mut seed);
        Some(Secure { policy, seed, door: Some((at, ours, speaks)) })
    }

    /// Keys in SDP are read by whoever reads the SDP (RFC 4568 §1): by TLS alone, unless the file says otherwise.
    fn keys(&mut self, wanted: Srtp, by: Transport) -> Option<Secure> {
        let safe = by.is_secret() || wanted.in_clear;
        let policy = match wanted.policy {
            Policy::Required if !safe => return None,
            Policy::Offered if !safe => Policy::Off,
            policy => policy,
        };
        let mut seed = [0; 32];
        if policy != Policy::Off {
            self.rng.fill_bytes(&mut seed);
        }
        Some(Secure { policy, seed, door: None })
    }
}
