//! On what terms a leg's media is had: what its seat or trunk may speak, whether it is encrypted, and whether keys may be said on the way
//! its SIP takes.

use super::Exchange;
use crate::call::Terms;
use crate::codec::Menu;
use crate::fact::{Origin, Target};
use crate::id::{SeatId, TrunkId};
use crate::key::{Policy, Srtp};
use crate::sdp;
use crate::sip::flow::Transport;
use rand_core::RngCore;

impl Exchange {
    /// For a leg that comes from there by this transport, with this offer. `straight`: nothing is said to it before somebody answers.
    /// `None`: it must be encrypted, and its keys may not be said in the clear.
    pub(super) fn secured(
        &mut self,
        origin: &Origin,
        by: Transport,
        offer: Option<&[u8]>,
        straight: bool,
    ) -> Option<Terms> {
        let (wanted, codecs) = match origin {
            Origin::Trunk(trunk) => self.trunk_wants(trunk),
            Origin::Seat(seat) => self.seat_wants(seat),
        };
        match offer {
            Some(offer) if sdp::may_be_web(offer) => self.door(wanted.policy, codecs, false),
            None if by.is_web() => self.door(wanted.policy, codecs, true),
            _ => {
                // Whoever calls may have Opus if he has nothing else; it is not offered where nobody asks for it.
                let usual = if straight { Menu::BROWSER.and_through() } else { Menu::BROWSER };
                self.keys(wanted, (codecs, usual), by)
            }
        }
    }

    fn trunk_wants(&self, trunk: &TrunkId) -> (Srtp, Option<Menu>) {
        self.settings.trunks.get(trunk).map(|trunk| (trunk.srtp, trunk.codecs)).unwrap_or_default()
    }

    fn seat_wants(&self, seat: &SeatId) -> (Srtp, Option<Menu>) {
        self.settings.seats.get(seat).map(|seat| (seat.srtp, seat.codecs)).unwrap_or_default()
    }

    /// For a leg that is sent there: to a page its own kind of media.
    pub(super) fn secured_to(&mut self, target: &Target, by: Transport) -> Option<Terms> {
        let (wanted, codecs) = match target {
            Target::Trunk { trunk, .. } => self.trunk_wants(trunk),
            Target::Seat(seat) => self.seat_wants(seat),
        };
        match by.is_web() {
            true => self.door(wanted.policy, codecs, true),
            // What only goes through is offered where the leg that it is for speaks it.
            false => self.keys(wanted, (codecs, Menu::HOUSE.and_through()), by),
        }
    }

    /// A browser's: its certificate goes by SIP and may be read by anybody, its keys never do. `None`: browsers' media has nowhere to come to.
    fn door(&mut self, policy: Policy, codecs: Option<Menu>, speaks: bool) -> Option<Terms> {
        let (at, ours) = self.settings.door?;
        let mut seed = [0; 32];
        self.rng.fill_bytes(&mut seed);
        let (told, codecs) = (codecs.is_some(), codecs.unwrap_or(Menu::BROWSER));
        Some(Terms { codecs, told, recorded: false, policy, seed, door: Some((at, ours, speaks)) })
    }

    /// Keys in SDP are read by whoever reads the SDP (RFC 4568 §1): by TLS alone, unless the file says otherwise.
    fn keys(&mut self, wanted: Srtp, (list, usual): (Option<Menu>, Menu), by: Transport) -> Option<Terms> {
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
        let (told, codecs) = (list.is_some(), list.unwrap_or(usual));
        Some(Terms { codecs, told, recorded: false, policy, seed, door: None })
    }
}
