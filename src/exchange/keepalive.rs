//! What we ask trunks by ourselves: OPTIONS, whether they are there, and REGISTER, where they want to know us.

use super::Exchange;
use super::due::Due;
use super::trunks::registration::{Account, Register, Registration};
use crate::clock::Now;
use crate::fact::Fact;
use crate::sip::flow::Flow;
use crate::sip::message::Message;
use crate::sip::name::{Method, Name};
use std::net::SocketAddr;

/// Tokens of REGISTER: this bit and the trunk's index. Those of OPTIONS are the index alone.
const REGISTER: u64 = 1 << 32;

impl Exchange {
    /// Sets the first timers.
    pub(super) fn start_keepalive(&mut self, now: Now) {
        let trunks: Vec<_> = self.trunks.iter().map(|(index, t)| (index, t.id.clone())).collect();
        for (index, id) in trunks {
            // Spread over the first second, so that a hundred trunks are not asked in one burst.
            let spread = u64::from(index % 64) * 10_000;
            self.wheel.set(now.mono + 200_000 + spread, Due::Ping(index));
            let Some(settings) = self.settings.trunks.get(&id).filter(|t| t.register) else { continue };
            let (Some((transport, registrar)), Some(credentials)) = (settings.outbound, settings.credentials.clone())
            else {
                continue;
            };
            let Some(flow) = self.settings.flow_to(transport, registrar) else { continue };
            let account = Account { registrar, local: flow.local, credentials };
            let (call_id, tag) = (self.endpoint.token(), self.endpoint.token());
            if let Some(trunk) = self.trunks.get_mut(index) {
                let first = now.mono + 100_000 + spread;
                trunk.registration = Some(Registration::new(account, call_id, tag, first));
            }
            self.arm_registration(index);
        }
    }

    /// The answer to a request outside any dialog.
    pub(super) fn keepalive_answered(&mut self, token: u64, status: u16, message: Option<&Message>, now: Now) {
        let Ok(index) = u32::try_from(token & !REGISTER) else { return };
        if token & REGISTER != 0 {
            self.registered_at(index, status, message, now);
        } else if let Some(fact) = self.trunks.pinged(index, status) {
            self.fact(None, fact, now);
        }
    }

    pub(super) fn ping(&mut self, index: u32, now: Now) {
        let Some(trunk) = self.trunks.get(index).and_then(|t| self.settings.trunks.get(&t.id)) else { return };
        let (Some((transport, peer)), true) = (trunk.outbound, trunk.options > 0) else { return };
        self.wheel.set(now.mono + trunk.options, Due::Ping(index));
        let Some(flow) = self.settings.flow_to(transport, peer) else { return };
        let (tag, call_id) = (self.endpoint.token(), self.endpoint.token());
        let uri = format!("sip:{peer}");
        self.endpoint.request(flow, u64::from(index), now, Method::Options, uri.as_bytes(), |mut w| {
            w.header(Name::MaxForwards, 70);
            w.header(Name::From, format_args!("<sip:switchboard@{}>;tag={tag}", flow.local.ip()));
            w.header(Name::To, format_args!("<{uri}>"));
            w.header(Name::CallId, format_args!("{call_id}@{}", flow.local.ip()));
            w.header(Name::CSeq, "1 OPTIONS");
            w.header(Name::Contact, format_args!("<sip:{}>", flow.local));
            w.header(Name::Accept, "application/sdp");
            w.end()
        });
    }

    /// A first REGISTER, or the next one.
    pub(super) fn register_due(&mut self, index: u32, serial: u32, now: Now) {
        if !self.trunks.is_current(index, serial) {
            return;
        }
        let trunk = self.trunks.get_mut(index);
        if let Some(register) = trunk.and_then(|t| t.registration.as_mut()).and_then(|r| r.due(now)) {
            self.send_register(index, &register, now);
        }
        self.arm_registration(index);
    }

    fn registered_at(&mut self, index: u32, status: u16, message: Option<&Message>, now: Now) {
        let (random, cnonce) = (self.random(), self.endpoint.token());
        let Some(trunk) = self.trunks.get_mut(index) else { return };
        let (id, Some(registration)) = (trunk.id.clone(), trunk.registration.as_mut()) else { return };
        let Some(settings) = self.settings.trunks.get(&id) else { return };
        let reachable = |at| settings.outbound.is_some_and(|(by, _)| self.settings.flow_to(by, at).is_some());
        let may_be = |at: SocketAddr| reachable(at) && settings.is_its_own(at.ip());
        let then = registration.answered(status, message, may_be, (random, &cnonce), now);
        if let Some(register) = then.send {
            self.send_register(index, &register, now);
        }
        if let Some(text) = then.alarm {
            self.fact(None, Fact::Alarm { subject: format!("trunk {id}"), text }, now);
        }
        self.arm_registration(index);
    }

    fn arm_registration(&mut self, index: u32) {
        if let Some((at, serial)) = self.trunks.timer(index) {
            self.wheel.set(at, Due::Register(index, serial));
        }
    }

    fn send_register(&mut self, index: u32, register: &Register, now: Now) {
        let Some(trunk) = self.trunks.get(index).and_then(|t| self.settings.trunks.get(&t.id)) else { return };
        let Some((transport, _)) = trunk.outbound else { return };
        let Some(Flow { local, .. }) = self.settings.flow_to(transport, register.to) else { return };
        let flow = Flow { transport, local, peer: register.to, connection: 0 };
        let Register { to, aor, contact, call_id, tag, cseq, expires, authorization } = register;
        let uri = format!("sip:{to}");
        self.endpoint.request(flow, REGISTER | u64::from(index), now, Method::Register, uri.as_bytes(), |mut w| {
            w.header(Name::MaxForwards, 70);
            w.header(Name::From, format_args!("<{aor}>;tag={tag}"));
            w.header(Name::To, format_args!("<{aor}>"));
            w.header(Name::CallId, call_id);
            w.header(Name::CSeq, format_args!("{cseq} REGISTER"));
            w.header(Name::Contact, format_args!("<{contact}>"));
            w.header(Name::Expires, expires).lines(authorization.as_bytes());
            w.end()
        });
    }
}
