//! Who speaks: a trunk by its address, a seat by its password, or a stranger who gets one small 401.

use super::Exchange;
use super::seats::{Locked, Shown};
use crate::clock::Now;
use crate::fact::Origin;
use crate::id::{SeatId, TrunkId};
use crate::sip::endpoint::{ALLOW, Incoming, SUPPORTED};
use crate::sip::flow::Transport;
use crate::sip::name::Method;
use crate::sip::registrar::Change;
use std::net::SocketAddr;

impl Exchange {
    /// A request outside any dialog.
    pub(super) fn request(&mut self, incoming: Incoming, now: Now) {
        let trunk = self.trunk_of(incoming.flow.peer).cloned();
        if trunk.as_ref().is_some_and(|trunk| !self.is_proved(trunk, &incoming)) {
            tracing::warn!(peer = %incoming.flow.peer, ?trunk, "a request without the trunk's certificate");
            return self.endpoint.refuse(&incoming, 403, b"");
        }
        // RFC 3261 §26.2.2: a `sips` request that has come in the clear has been mistreated on its way.
        if is_sips(&incoming) && !incoming.flow.transport.is_secret() {
            return self.endpoint.refuse(&incoming, 400, b"");
        }
        let method = incoming.message.method().unwrap_or(Method::Other);
        match (method, trunk) {
            (Method::Invite, Some(trunk)) => self.place(incoming, Origin::Trunk(trunk), now),
            (Method::Options, Some(_)) => self.options(&incoming),
            (Method::Register, Some(_)) => self.endpoint.refuse(&incoming, 403, b""),
            (Method::Subscribe, Some(_)) => self.endpoint.refuse(&incoming, 489, b""),
            (Method::Other, Some(_)) => self.endpoint.refuse(&incoming, 501, allow().as_bytes()),
            (Method::Message | Method::Publish, Some(_)) => self.endpoint.refuse(&incoming, 405, b""),
            // Only whoever is in a call may have it transferred.
            (Method::Refer, Some(_)) => self.endpoint.refuse(&incoming, 403, b""),
            (_, Some(_)) => self.endpoint.refuse(&incoming, 481, b""),
            (_, None) => self.phone(incoming, method, now),
        }
    }

    /// Whose address this is: by the most exact rule of the configuration, or by a name that leads there.
    fn trunk_of(&self, peer: SocketAddr) -> Option<&TrunkId> {
        let written = self.settings.trunk_of(peer);
        let bits = if peer.is_ipv4() { 32 } else { 128 };
        let named = self.trunks.named_source(peer).map(|(id, port)| (id, (bits, port)));
        [named, written].into_iter().flatten().max_by_key(|(_, exact)| *exact).map(|(id, _)| id)
    }

    /// Whether whoever speaks from a trunk's address has the certificate that it must have (RFC 5922 §7.3).
    fn is_proved(&self, trunk: &TrunkId, incoming: &Incoming) -> bool {
        let Some(name) = self.settings.trunks.get(trunk).and_then(|t| t.proves.as_ref()) else { return true };
        let proved = self.proved.get(&incoming.flow.connection);
        incoming.flow.transport == Transport::Tls && proved.is_some_and(|names| names.contains(name))
    }

    /// A request from an address that is no trunk's.
    fn phone(&mut self, incoming: Incoming, method: Method, now: Now) {
        if method == Method::Options && self.seats.knows(&incoming.flow) {
            return self.options(&incoming);
        }
        // Who has registered here is never a stranger; all others are let in only as far as that costs nothing to callers.
        if !self.seats.knows(&incoming.flow) && !self.gate.stranger(incoming.flow.peer.ip(), now) {
            return;
        }
        let Some(seat) = self.authenticate(&incoming, now) else { return };
        match method {
            Method::Register => self.register(&seat, incoming, now),
            Method::Invite => self.place(incoming, Origin::Seat(seat), now),
            Method::Options => self.options(&incoming),
            Method::Subscribe => self.endpoint.refuse(&incoming, 489, b""),
            Method::Other => self.endpoint.refuse(&incoming, 501, allow().as_bytes()),
            Method::Message | Method::Publish => self.endpoint.refuse(&incoming, 405, b""),
            Method::Refer => self.endpoint.refuse(&incoming, 403, b""),
            _ => self.endpoint.refuse(&incoming, 481, b""),
        }
    }

    /// The seat that proved its password; otherwise the request has been answered.
    fn authenticate(&mut self, incoming: &Incoming, now: Now) -> Option<SeatId> {
        let (shown, locked) = self.seats.authenticate(incoming, &self.settings.seats, now);
        if let Some(Locked { fact, alarm }) = locked {
            self.fact(None, fact, now);
            if let Some((subject, text)) = alarm {
                self.alarm(&subject, &text, now);
            }
        }
        match shown {
            Shown::Seat(seat) => return Some(seat),
            Shown::Garbled => self.endpoint.refuse(incoming, 400, b""),
            Shown::Nothing { stale } => {
                if let Some(challenge) = self.seats.challenge(incoming, stale, now) {
                    self.endpoint.reply(incoming, challenge);
                }
            }
        }
        None
    }

    fn register(&mut self, seat: &SeatId, incoming: Incoming, now: Now) {
        if let Some(extra) = incoming.unsupported() {
            return self.endpoint.refuse(&incoming, 420, extra.as_bytes());
        }
        let source = incoming.flow.peer;
        match self.seats.register(seat, &incoming, now) {
            Ok((change, lines)) => {
                self.endpoint.answer_once(incoming, 200, lines.as_bytes(), now);
                match change {
                    Change::Bound | Change::Refreshed | Change::Restarted => {
                        if change != Change::Refreshed {
                            self.rings_no_more(seat);
                        }
                        self.seat_registered(seat, source.to_string(), change == Change::Bound, now);
                        if change != Change::Refreshed {
                            self.ask_after_talks(seat, now);
                        }
                    }
                    Change::Removed => self.seat_lost(seat.as_str(), crate::fact::Cause::Normal, now),
                    Change::None => {}
                }
            }
            Err((status, extra)) => self.endpoint.answer_once(incoming, status, extra.as_bytes(), now),
        }
    }

    /// OPTIONS is answered 200 under load and while draining too: a carrier that took us for dead would keep its emergency
    /// calls away as well (interconnect, "Shedding"). They are to be kept away when a drain has come to its end.
    fn options(&mut self, incoming: &Incoming) {
        if let Some(extra) = incoming.unsupported() {
            return self.endpoint.refuse(incoming, 420, extra.as_bytes());
        }
        if !crate::dialplan::number::known_scheme(incoming.message.request_uri()) {
            return self.endpoint.refuse(incoming, 416, b"");
        }
        let extra = format!("{}Accept: application/sdp\r\nSupported: {}\r\n", allow(), SUPPORTED.join(", "));
        self.endpoint.refuse(incoming, if self.ending { 503 } else { 200 }, extra.as_bytes());
    }
}

/// Whether every hop of this request must be by TLS (RFC 5630 §4).
pub(super) fn is_sips(incoming: &Incoming) -> bool {
    incoming.message.request_uri().get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"sips:"))
}

fn allow() -> String {
    format!("Allow: {ALLOW}\r\n")
}
