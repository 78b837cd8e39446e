//! Session timers (RFC 4028): who refreshes, when, and when a session is given up.

use super::session::{Modify, Refresh};
use super::{Session, SessionId, State};
use crate::clock::{Now, SECOND};
use crate::sip::endpoint::{EndedBy, Endpoint, Event, Purpose, Timer};
use crate::sip::header::{self, Params};
use crate::sip::message::Message;
use crate::sip::name::{Method, Name};

/// Longest time that one entry of the wheel waits for a session, µs.
const HOP: u64 = 30 * SECOND;

impl Endpoint {
    /// Session timer lines of the 2xx to an INVITE; chooses the refresher.
    pub(super) fn session_timer_lines(&mut self, id: SessionId) -> String {
        let wanted = self.settings.session_expires;
        let asked = self.invite_of(id).and_then(asked_interval);
        let Some(session) = self.session(id) else { return String::new() };
        session.agree(asked, wanted)
    }

    /// The `Min-SE` line, if a request asks for a shorter session interval than we take: then 422 (RFC 4028 §9).
    pub(super) fn interval_too_small(&self, request: &Message) -> Option<String> {
        let asked = request.number(Name::SessionExpires)?;
        let smallest = self.settings.min_se;
        (request.lists(Name::Supported, "timer") && asked < smallest).then(|| format!("Min-SE: {smallest}\r\n"))
    }

    /// Lines of a refreshing or offering request of ours.
    pub(super) fn refresh_request_lines(&mut self, id: SessionId) -> String {
        match self.session(id).map(|s| s.refresh) {
            Some(Refresh { interval, ours, .. }) if interval > 0 => {
                // Seen from the request: we are its uac whichever side called (RFC 4028 §7.4).
                format!("Session-Expires: {interval};refresher={}\r\n", if ours { "uac" } else { "uas" })
            }
            _ => String::new(),
        }
    }

    /// The other side refreshed by a request: the timer starts anew; lines for the 200.
    pub(super) fn refreshed_by_peer(&mut self, id: SessionId, request: &Message, now: Now) -> String {
        let wanted = self.settings.session_expires;
        let asked = asked_interval(request);
        let Some(session) = self.session(id) else { return String::new() };
        let lines = session.agree(asked, wanted);
        self.start_refresh(id, now);
        lines
    }

    /// What a 2xx of the other side says of the session timer.
    pub(super) fn learn_refresh(&mut self, id: SessionId, response: &Message, now: Now) {
        let wanted = self.settings.session_expires;
        let Some(session) = self.session(id) else { return };
        session.refresh = match asked_interval(response) {
            Some((interval, refresher)) => Refresh { interval, ours: refresher != Some(false), ..session.refresh },
            // RFC 4028 §7.2: the other side knows no timer; we may refresh alone, and so learn that it is alive.
            None => Refresh { interval: wanted, ours: true, ..session.refresh },
        };
        self.start_refresh(id, now);
    }

    /// Starts the timer: half the interval for the refresher, else a little before the end (RFC 4028 §10).
    pub(super) fn start_refresh(&mut self, id: SessionId, now: Now) {
        let serial = self.next_serial();
        let Some(session) = self.session(id) else { return };
        let interval = u64::from(session.refresh.interval);
        if interval == 0 {
            return;
        }
        session.refresh.serial = serial;
        let after = if session.refresh.ours { interval / 2 } else { interval - (interval / 3).min(32) };
        self.arm_refresh(id, now.mono + after * SECOND, now);
    }

    /// The timer hops towards its time: most sessions end long before, and what a wheel holds for them must go soon after.
    fn arm_refresh(&mut self, id: SessionId, due: u64, now: Now) {
        let Some(session) = self.session(id) else { return };
        session.refresh.due = due;
        let serial = session.refresh.serial;
        self.wheel.set(due.min(now.mono + HOP), Timer::Refresh(id, serial));
    }

    pub(in crate::sip) fn refresh_due(&mut self, id: SessionId, serial: u32, now: Now) {
        let Some(session) = self.session(id).filter(|s| s.refresh.serial == serial) else { return };
        if session.refresh.due > now.mono {
            let due = session.refresh.due;
            return self.arm_refresh(id, due, now);
        }
        if session.state != State::Confirmed {
            return;
        }
        if !session.refresh.ours {
            self.hang_up(id, b"Reason: SIP;cause=408;text=\"session expired\"\r\n", now);
            return self.event(Event::Ended { session: id, by: EndedBy::Expired, q850: None });
        }
        let busy = session.owed.is_some() || !matches!(session.modify, Modify::Idle) || session.await_ack.is_some();
        let (update, sdp) = (session.peer.update, session.local_sdp.clone());
        if busy {
            self.arm_refresh(id, now.mono + 2 * SECOND, now);
        } else if update {
            let lines = self.refresh_request_lines(id);
            let Some(flow) = self.session(id).map(|s| s.dialog.flow) else { return };
            self.send_in_dialog(id, Method::Update, Some(Purpose::Refresh), now, |mut w| {
                w.header(Name::Contact, super::connect::contact(&flow));
                w.header(Name::Supported, "timer").lines(lines.as_bytes());
                w.end()
            });
            self.guard_refresh(id, now);
        } else {
            // The same SDP, the same version: nothing changes but the timer (RFC 4028 §7.4).
            self.send_offer(id, sdp, Purpose::Refresh, now);
            self.guard_refresh(id, now);
        }
    }

    /// Should the refresh be refused for the moment (5xx), it is tried again at half of what is left.
    fn guard_refresh(&mut self, id: SessionId, now: Now) {
        let serial = self.next_serial();
        let Some(session) = self.session(id) else { return };
        session.refresh.serial = serial;
        let after = u64::from(session.refresh.interval) / 4;
        self.arm_refresh(id, now.mono + after.max(33) * SECOND, now);
    }
}

impl Session {
    /// The answering side's choice (RFC 4028 §9).
    fn agree(&mut self, asked: Option<(u32, Option<bool>)>, wanted: u32) -> String {
        let (interval, ours) = match asked {
            // `refresher=uac` means the one who asks.
            Some((interval, Some(uac))) => (interval, !uac),
            Some((interval, None)) => (interval, !self.peer.timer),
            None if wanted == 0 => return String::new(),
            None => (wanted, true),
        };
        self.refresh = Refresh { interval, ours, ..self.refresh };
        match (asked, self.peer.timer, ours) {
            (None, false, _) => String::new(),
            (_, true, false) => format!("Require: timer\r\nSession-Expires: {interval};refresher=uac\r\n"),
            (_, _, ours) => format!("Session-Expires: {interval};refresher={}\r\n", if ours { "uas" } else { "uac" }),
        }
    }
}

/// Session-Expires: the interval, and whether the refresher is the uac, if said.
fn asked_interval(message: &Message) -> Option<(u32, Option<bool>)> {
    let value = message.value(Name::SessionExpires)?;
    let semi = memchr::memchr(b';', value).unwrap_or(value.len());
    let interval = header::number(&value[..semi])?;
    let refresher = Params(value.get(semi + 1..).unwrap_or_default()).get("refresher");
    // Less than 90 s is below what any side may ask (RFC 4028 §4); a peer that insists is taken at 90.
    Some((interval.max(90), refresher.map(|r| r.eq_ignore_ascii_case(b"uac"))))
}
