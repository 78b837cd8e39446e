//! The end of a session: BYE, CANCEL and what may cross them (RFC 3261 §9, §15).

use super::{SessionId, State};
use crate::clock::Now;
use crate::sip::endpoint::{EndedBy, Endpoint, Event, User};
use crate::sip::flow::Flow;
use crate::sip::header;
use crate::sip::message::Message;
use crate::sip::name::{Method, Name};

impl Endpoint {
    /// Established sessions whose requests follow this connection.
    #[must_use]
    pub fn sessions_on(&self, flow: &Flow) -> Vec<SessionId> {
        let on = self.sessions.iter().filter(|(_, s)| s.state == State::Confirmed && s.dialog.flow == *flow);
        on.filter_map(|(i, s)| Some(SessionId { index: u32::try_from(i).ok()?, serial: s.serial })).collect()
    }

    /// Its requests go by this flow from now on: where its phone has registered again (RFC 5626 §5.3).
    pub fn go_by(&mut self, id: SessionId, flow: Flow) {
        if let Some(session) = self.session(id) {
            session.dialog.flow = flow;
        }
    }

    /// The flow that its requests go by.
    #[must_use]
    pub fn flow_of(&self, id: SessionId) -> Option<Flow> {
        self.sessions.get(id.index as usize).filter(|s| s.serial == id.serial).map(|s| s.dialog.flow)
    }

    /// Ends the session from our side, in whatever state it is; no further event of it comes.
    /// `reason` are ready header lines (RFC 3326), sent in the BYE or CANCEL.
    ///
    /// A session that is called and has no final response is refused with 480: use [`Endpoint::reject`] to say more.
    pub fn hang_up(&mut self, id: SessionId, reason: &[u8], now: Now) {
        let Some(session) = self.session(id) else { return };
        match session.state {
            State::Incoming => self.reject(id, 480, reason, now),
            State::Answered => session.hang_up = Some(bytes::Bytes::copy_from_slice(reason)),
            State::Calling => {
                session.state = State::Cancelling;
                session.hang_up = Some(bytes::Bytes::copy_from_slice(reason));
            }
            State::Early => {
                session.state = State::Cancelling;
                session.hang_up = Some(bytes::Bytes::copy_from_slice(reason));
                self.cancel_if_wanted(id, now);
            }
            State::Cancelling => {}
            State::Confirmed => {
                self.refuse_offer(id, 487, now);
                self.refuse_refer(id, now);
                // A request behind the BYE would have the higher CSeq, and where it comes first the BYE is refused with 500.
                self.flush_reports(id, now);
                let sent = self.send_in_dialog(id, Method::Bye, None, now, |mut w| {
                    w.lines(reason);
                    w.end()
                });
                // The BYE may be challenged when its session is gone.
                let login = self.session(id).and_then(|s| s.dialog.login.clone());
                if let (Some((bye, _)), Some(login)) = (sent, login)
                    && let Some(txn) = self.txn(bye)
                {
                    txn.login = Some(login);
                }
                self.drop_session(id);
            }
        }
    }

    pub(in crate::sip) fn bye_in(&mut self, id: SessionId, flow: Flow, message: Message, now: Now) {
        let q850 = header::q850(message.values(Name::Reason));
        let txn = self.start_server(flow, message.clone(), User::Nobody);
        self.respond_plain(txn, &message, flow, 200, b"", now);
        self.refuse_offer(id, 487, now);
        self.refuse_refer(id, now);
        let Some(session) = self.session(id) else { return };
        let told = session.hang_up.is_some() || session.state == State::Cancelling;
        match session.state {
            // A BYE on an early dialog of a call to us: the INVITE gets 487 (RFC 3261 §15.1.2).
            State::Incoming => self.reject(id, 487, b"", now),
            // The called side gave up an early dialog of ours: its final response follows.
            State::Calling | State::Early | State::Cancelling => return,
            State::Answered | State::Confirmed => self.drop_session(id),
        }
        if !told {
            self.event(Event::Ended { session: id, by: EndedBy::Bye, q850 });
        }
    }
}
