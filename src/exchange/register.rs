//! Our own registrations, at trunks that ask for one (RFC 3261 §10.2): kept alive, tried again when refused.

use super::{Due, Exchange};
use crate::clock::{Now, SECOND};
use crate::fact::Fact;
use crate::sip::auth::client::Login;
use crate::sip::header;
use crate::sip::message::Message;
use crate::sip::name::{Method, Name};

/// Tokens of REGISTER: this bit and the trunk's index.
pub(super) const REGISTER: u64 = 1 << 32;
/// What we ask for, s.
const EXPIRES: u32 = 600;
/// How soon a refused registration is tried again, µs.
const AGAIN: u64 = 30 * SECOND;

/// One registration.
#[derive(Debug, Default)]
pub(super) struct Registration {
    call_id: String,
    tag: String,
    cseq: u32,
    /// Challenges answered since the last success.
    answered: u8,
    login: Option<Login>,
    /// The other side has accepted it.
    pub stands: bool,
}

impl Exchange {
    pub(super) fn start_registrations(&mut self, now: Now) {
        for index in 0..u32::try_from(self.trunks.len()).unwrap_or(0) {
            let Some(trunk) = self.trunks.get(index as usize).map(|t| t.id.clone()) else { continue };
            if self.settings.trunks.get(&trunk).is_some_and(|t| t.register) {
                self.wheel.set(now.mono + 100_000, Due::Register(index));
            }
        }
    }

    /// A first REGISTER, or the next one.
    pub(super) fn register_at(&mut self, index: u32, now: Now) {
        if let Some(trunk) = self.trunks.get_mut(index as usize) {
            trunk.registration.answered = 0;
        }
        // Whatever becomes of it, it is tried again; a success sets an earlier time of its own.
        self.wheel.set(now.mono + AGAIN.max(u64::from(EXPIRES) * SECOND / 2), Due::Register(index));
        self.send_registration(index, "", now);
    }

    fn send_registration(&mut self, index: u32, authorization: &str, now: Now) {
        let Some(id) = self.trunks.get(index as usize).map(|t| t.id.clone()) else { return };
        let Some(settings) = self.settings.trunks.get(&id) else { return };
        let (Some((transport, peer)), Some(credentials)) = (settings.outbound, settings.credentials.clone()) else {
            return;
        };
        let Some(flow) = self.settings.flow_to(transport, peer) else { return };
        let fresh = (self.endpoint.token(), self.endpoint.token());
        let Some(trunk) = self.trunks.get_mut(index as usize) else { return };
        let mine = &mut trunk.registration;
        if mine.call_id.is_empty() {
            (mine.call_id, mine.tag) = fresh;
        }
        mine.cseq += 1;
        let (call_id, tag, cseq) = (mine.call_id.clone(), mine.tag.clone(), mine.cseq);
        let (user, uri) = (credentials.user, format!("sip:{peer}"));
        self.endpoint.request(flow, REGISTER | u64::from(index), now, Method::Register, uri.as_bytes(), |mut w| {
            w.header(Name::MaxForwards, 70);
            w.header(Name::From, format_args!("<sip:{user}@{}>;tag={tag}", peer.ip()));
            w.header(Name::To, format_args!("<sip:{user}@{}>", peer.ip()));
            w.header(Name::CallId, format_args!("{call_id}@{}", flow.local.ip()));
            w.header(Name::CSeq, format_args!("{cseq} REGISTER"));
            w.header(Name::Contact, format_args!("<sip:{user}@{}>", flow.local));
            w.header(Name::Expires, EXPIRES).lines(authorization.as_bytes());
            w.end()
        });
    }

    /// The trunk's answer.
    pub(super) fn registered_at(&mut self, index: u32, status: u16, message: Option<&Message>, now: Now) {
        if let Some(message) = message
            && let Some(authorization) = self.answer_challenge(index, message)
        {
            return self.send_registration(index, &authorization, now);
        }
        let Some(trunk) = self.trunks.get_mut(index as usize) else { return };
        let stood = std::mem::replace(&mut trunk.registration.stands, (200..300).contains(&status));
        let (id, stands) = (trunk.id.clone(), trunk.registration.stands);
        let after = match message.filter(|_| stands) {
            Some(message) => u64::from(granted(message)) * SECOND / 2,
            None => AGAIN,
        };
        self.wheel.set(now.mono + after, Due::Register(index));
        if stood && !stands {
            let text = format!("registration refused with {status}: its calls may not reach us");
            self.fact(None, Fact::Alarm { subject: format!("trunk {id}"), text }, now);
        }
    }

    fn answer_challenge(&mut self, index: u32, message: &Message) -> Option<String> {
        let cnonce = self.endpoint.token();
        let trunk = self.trunks.get_mut(index as usize)?;
        let settings = self.settings.trunks.get(&trunk.id)?;
        let (peer, credentials) = (settings.outbound?.1, settings.credentials.clone()?);
        let Registration { login, answered, .. } = &mut trunk.registration;
        let login = login.get_or_insert_with(|| Login::new(credentials));
        login.line(message, Method::Register, format!("sip:{peer}").as_bytes(), &cnonce, answered)
    }
}

/// How long the registration was granted, s: of the Contact, else of Expires.
fn granted(message: &Message) -> u32 {
    let contact = message.contact().and_then(|c| c.param("expires")).and_then(header::number);
    contact.or_else(|| message.number(Name::Expires)).unwrap_or(EXPIRES).clamp(30, 86_400)
}
