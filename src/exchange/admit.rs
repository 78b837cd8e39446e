//! Who speaks: a trunk by its address, a seat by its password, or a stranger who gets one small 401.

use super::{Exchange, Strangers};
use crate::clock::{Now, SECOND};
use crate::fact::{Fact, Origin};
use crate::id::SeatId;
use crate::sip::auth::{Algorithm, Password, Verdict};
use crate::sip::endpoint::{ALLOW, Incoming, SUPPORTED};
use crate::sip::flow::Transport;
use crate::sip::name::{Method, Name};
use crate::sip::registrar::Change;

impl Exchange {
    /// A request outside any dialog.
    pub(super) fn request(&mut self, incoming: Incoming, now: Now) {
        let trunk = self.settings.trunk_of(incoming.flow.peer).cloned();
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

    /// A request from an address that is no trunk's.
    fn phone(&mut self, incoming: Incoming, method: Method, now: Now) {
        if method == Method::Options && self.registrar.knows(&incoming.flow) {
            return self.options(&incoming);
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
        let m = &incoming.message;
        let mut stale = false;
        for header in m.values(Name::Authorization).chain(m.values(Name::ProxyAuthorization)) {
            let seats = &self.settings.seats;
            let lookup = |user: &str| -> Option<Password> { seats.get(user).map(|s| s.password.clone()) };
            match self.realm.verify(header, m.method_token(), now, lookup) {
                Verdict::Ok { user, .. } => return Some(SeatId::from(&*user)),
                Verdict::Stale => stale = true,
                Verdict::Wrong | Verdict::Missing => {}
                Verdict::Malformed => {
                    self.endpoint.refuse(incoming, 400, b"");
                    return None;
                }
            }
        }
        self.challenge(incoming, stale, now);
        None
    }

    /// One stateless 401, not larger than 1.5 × the request: the challenge that stands last, by default MD5's, is left out
    /// where it would be, and where even that is too much, there is silence (interconnect, "Strangers").
    fn challenge(&mut self, incoming: &Incoming, stale: bool, now: Now) {
        self.strangers.count += 1;
        self.strangers.last = Some(incoming.flow.peer.ip());
        let limit = match incoming.flow.transport {
            Transport::Udp => incoming.message.bytes().len() * 3 / 2,
            // Nobody can be flooded by a connection he has opened himself.
            Transport::Tcp => usize::MAX,
        };
        let tag = crate::sip::endpoint::stateless_tag(&incoming.message);
        let challenges = self.realm.challenge(now, &[Algorithm::Sha256, Algorithm::Md5], stale);
        for kept in (1..=challenges.len()).rev() {
            let mut w = incoming.answer(401, &tag);
            for challenge in challenges.iter().take(kept) {
                w.header(Name::WwwAuthenticate, challenge);
            }
            let bytes = w.end_short();
            if bytes.len() <= limit {
                return self.endpoint.reply(incoming, bytes);
            }
        }
    }

    fn register(&mut self, seat: &SeatId, incoming: Incoming, now: Now) {
        if let Some(extra) = incoming.unsupported() {
            return self.endpoint.refuse(&incoming, 420, extra.as_bytes());
        }
        let source = incoming.flow.peer;
        match self.registrar.register(seat.as_str(), &incoming, now) {
            Ok((change, lines)) => {
                self.endpoint.answer_once(incoming, 200, lines.as_bytes(), now);
                match change {
                    Change::Bound | Change::Refreshed => {
                        self.seat_registered(seat, source.to_string(), change == Change::Bound, now);
                    }
                    Change::Removed => self.seat_lost(seat.as_str(), crate::fact::Cause::Normal, now),
                    Change::None => {}
                }
            }
            Err((status, extra)) => self.endpoint.answer_once(incoming, status, extra.as_bytes(), now),
        }
    }

    /// OPTIONS is answered 200 under load and while draining too: a carrier that took us for dead would keep its emergency
    /// calls away as well (interconnect, "Shedding").
    fn options(&mut self, incoming: &Incoming) {
        if let Some(extra) = incoming.unsupported() {
            return self.endpoint.refuse(incoming, 420, extra.as_bytes());
        }
        if !crate::dialplan::number::known_scheme(incoming.message.request_uri()) {
            return self.endpoint.refuse(incoming, 416, b"");
        }
        let extra = format!("{}Accept: application/sdp\r\nSupported: {}\r\n", allow(), SUPPORTED.join(", "));
        self.endpoint.refuse(incoming, 200, extra.as_bytes());
    }

    pub(super) fn strangers_due(&self) -> Option<u64> {
        (self.strangers.count > 0).then_some(self.strangers.written_at + 10 * SECOND)
    }

    /// One fact for all strangers of ten seconds: a scan must not fill the disk.
    pub(super) fn write_strangers(&mut self, now: Now) {
        if self.strangers_due().is_none_or(|at| now.mono < at) {
            return;
        }
        let Strangers { count, last, .. } = std::mem::take(&mut self.strangers);
        self.strangers.written_at = now.mono;
        if let Some(source) = last {
            self.fact(None, Fact::Refused { source: source.to_string(), status: 401, count }, now);
        }
    }
}

fn allow() -> String {
    format!("Allow: {ALLOW}\r\n")
}
