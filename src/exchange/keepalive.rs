//! What we ask trunks by ourselves: OPTIONS, whether they are there, and REGISTER, where they want to know us.

use super::Exchange;
use super::due::Due;
use super::trunks::registration::{Account, Register, Registration};
use super::trunks::targets::{At, at};
use crate::clock::Now;
use crate::fact::Fact;
use crate::id::TrunkId;
use crate::sip::locate::Target;
use crate::sip::message::Message;
use crate::sip::name::{Method, Name};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

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
            self.start_registration(index, &id, spread, now);
        }
    }

    /// Where the names of a trunk lead from now on.
    pub(super) fn located(&mut self, id: &TrunkId, targets: &[Target], now: Now) {
        let fact = self.trunks.put_targets(id, targets);
        if let Some(fact) = fact {
            self.fact(None, fact, now);
        }
        let Some(index) = self.trunks.iter().find(|(_, t)| t.id == *id).map(|(index, _)| index) else { return };
        tracing::info!(trunk = %id, targets = ?targets.iter().map(|t| t.address).collect::<Vec<_>>(), "a trunk's names lead to");
        if self.trunks.get(index).is_some_and(|t| t.registration.is_none()) {
            return self.start_registration(index, id, 0, now);
        }
        // The next REGISTER goes to where the name leads now; one that is out is waited for.
        if let Some((target, domain, local)) = self.registrar(index, |_| true, now)
            && let Some(registration) = self.trunks.get_mut(index).and_then(|t| t.registration.as_mut())
            && !registration.is_asking()
            && !targets.iter().any(|t| at(t) == registration.registrar())
        {
            registration.go_to(at(&target), domain, local, now);
        }
        self.arm_registration(index);
    }

    fn start_registration(&mut self, index: u32, id: &TrunkId, spread: u64, now: Now) {
        let Some(settings) = self.settings.trunks.get(id).filter(|t| t.register) else { return };
        let Some(credentials) = settings.credentials.clone() else { return };
        let Some((target, domain, local)) = self.registrar(index, |_| true, now) else { return };
        let account = Account { registrar: at(&target), domain, local, credentials };
        let (call_id, tag) = (self.endpoint.token(), self.endpoint.token());
        if let Some(trunk) = self.trunks.get_mut(index) {
            let first = now.mono + 100_000 + spread;
            trunk.registration = Some(Registration::new(account, call_id, tag, first));
        }
        self.arm_registration(index);
    }

    /// The first target that may be registered with, its name in URIs, and our address on the way there.
    fn registrar(
        &mut self,
        index: u32,
        may: impl Fn(At) -> bool,
        now: Now,
    ) -> Option<(Target, Option<Arc<str>>, SocketAddr)> {
        let id = self.trunks.get(index)?.id.clone();
        let random = if self.trunks.has_choice(&id) { self.random() } else { 0 };
        let target = self.trunks.order(&id, random, now).into_iter().find(|target| may(at(target)))?;
        let hosts = &self.settings.trunks.get(&id)?.outbound.as_ref()?.hosts;
        let domain = hosts.get(usize::from(target.place)).cloned().flatten();
        Some((target, domain, self.settings.flow_to(target.transport, target.address)?.local))
    }

    /// The answer to a request outside any dialog.
    pub(super) fn keepalive_answered(&mut self, token: u64, status: u16, message: Option<&Message>, now: Now) {
        let Ok(low) = u32::try_from(token & !REGISTER) else { return };
        if token & REGISTER != 0 {
            self.registered_at(low, status, message, now);
        } else if let Some(fact) = self.trunks.pinged(low, status) {
            self.fact(None, fact, now);
        }
    }

    /// Asks each target of a trunk whether it is there.
    pub(super) fn ping(&mut self, index: u32, now: Now) {
        let Some(trunk) = self.trunks.get(index).and_then(|t| self.settings.trunks.get(&t.id)) else { return };
        let (Some(outbound), true) = (trunk.outbound.clone(), trunk.options > 0) else { return };
        self.wheel.set(now.mono + trunk.options, Due::Ping(index));
        let targets = self.trunks.get(index).map(|t| t.targets.iter().map(|(target, _)| *target).collect::<Vec<_>>());
        for target in targets.unwrap_or_default() {
            let Some(flow) = self.settings.flow_to(target.transport, target.address) else { continue };
            let token = self.trunks.asks(index, at(&target));
            let (tag, call_id) = (self.endpoint.token(), self.endpoint.token());
            let uri = outbound.uri(None, &target);
            self.endpoint.request(flow, u64::from(token), now, Method::Options, uri.as_bytes(), |mut w| {
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
        if matches!(status, 408 | 503) && self.registers_elsewhere(index, now) {
            return;
        }
        let (random, cnonce) = (self.random(), self.endpoint.token());
        let own: Vec<IpAddr> = self.trunks.addresses(index).collect();
        let Some(trunk) = self.trunks.get_mut(index) else { return };
        let (id, Some(registration)) = (trunk.id.clone(), trunk.registration.as_mut()) else { return };
        let Some(settings) = self.settings.trunks.get(&id) else { return };
        let by = registration.registrar().0;
        let reachable = |at| self.settings.flow_to(by, at).is_some();
        let may_be = |at: SocketAddr| reachable(at) && (own.contains(&at.ip()) || settings.comes_from(at.ip()));
        let then = registration.answered(status, message, may_be, (random, &cnonce), now);
        if let Some(register) = then.send {
            self.send_register(index, &register, now);
        }
        if let Some(text) = then.alarm {
            self.fact(None, Fact::Alarm { subject: format!("trunk {id}"), text }, now);
        }
        self.arm_registration(index);
    }

    /// The registrar is silent or overloaded: true if another target of the trunk is asked in its place (RFC 3263 §4.3), each once an attempt.
    fn registers_elsewhere(&mut self, index: u32, now: Now) -> bool {
        let Some(trunk) = self.trunks.get_mut(index) else { return false };
        let Some(registration) = trunk.registration.as_ref() else { return false };
        trunk.targets.failed(registration.registrar(), now);
        let targets: Vec<At> = trunk.targets.iter().map(|(target, _)| at(target)).collect();
        let left: Vec<At> = targets.into_iter().filter(|target| !registration.has_asked(*target)).collect();
        let Some((next, domain, local)) = self.registrar(index, |target| left.contains(&target), now) else {
            return false;
        };
        let registration = self.trunks.get_mut(index).and_then(|t| t.registration.as_mut());
        let register = registration.map(|r| r.elsewhere(at(&next), domain, local, now));
        if let Some(register) = register {
            self.send_register(index, &register, now);
        }
        self.arm_registration(index);
        true
    }

    fn arm_registration(&mut self, index: u32) {
        if let Some((at, serial)) = self.trunks.timer(index) {
            self.wheel.set(at, Due::Register(index, serial));
        }
    }

    fn send_register(&mut self, index: u32, register: &Register, now: Now) {
        let Some(trunk) = self.trunks.get(index).and_then(|t| self.settings.trunks.get(&t.id)) else { return };
        let outbound = trunk.outbound.clone().unwrap_or_default();
        let Register { to: (transport, peer), uri, aor, contact, call_id, tag, cseq, expires, authorization } =
            register;
        let Some(flow) = self.settings.flow_to(*transport, *peer) else { return };
        let place =
            self.trunks.get(index).and_then(|t| t.targets.iter().find(|(target, _)| at(target) == (*transport, *peer)));
        let route = place.and_then(|(target, _)| outbound.routes.get(usize::from(target.place)).cloned());
        self.endpoint.request(flow, REGISTER | u64::from(index), now, Method::Register, uri.as_bytes(), |mut w| {
            w.header(Name::MaxForwards, 70);
            if let Some(route) = &route {
                w.header(Name::Route, format_args!("<{route}>"));
            }
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
