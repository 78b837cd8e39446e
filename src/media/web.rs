//! Legs of browsers: checks answered, handshakes done in their turn, and media sent where the browser is.
//!
//! A check, a packet and a report are looked at when they come. A step of a handshake costs a third of a millisecond, so it waits in a
//! list of its own and is done one at a time, between packets ([`Engine::shake`](super::Engine::shake)).

use super::hears::Hears;
use super::outlet::Outlet;
use super::sealed::Sealed;
use super::state::{State, Timer};
use super::step::Step;
use crate::browser::{Kind, Peer};
use crate::clock::{Now, SECOND};
use crate::key::{Ice, Pair, Web};
use crate::patch::Remote;
use std::net::SocketAddr;

/// Handshakes' datagrams that may wait; those of more are sent again by the browsers.
const WAITING: usize = 1_024;
/// So long what a browser shall hear waits for its keys, µs; then it goes by unheard, as on every line without media.
const PATIENCE: u64 = 3 * SECOND;

impl State {
    /// A browser may check this leg from now on.
    pub(super) fn expect(&mut self, port: u32, ice: Ice) {
        let Some(identity) = &self.identity else { return };
        if let Some(leg) = self.legs.get_mut(port as usize)
            && leg.web.is_none()
        {
            leg.web = Some(Box::new(Peer::new(identity, ice)));
        }
    }

    /// SIP has agreed on a browser's media.
    pub(super) fn agree_web(&mut self, port: u32, web: Web, remote: Remote, now: Now, out: &mut impl Outlet) {
        self.expect(port, web.ice);
        let Some(leg) = self.legs.get_mut(port as usize) else { return };
        let Some(peer) = &mut leg.web else { return };
        if !peer.agreed(web.ice, web.theirs) {
            leg.sealed = None;
        }
        let early = peer.early();
        let (epoch, to) = (leg.epoch, peer.to());
        leg.remote = Some(remote);
        leg.unkeyed = leg.sealed.is_none();
        if leg.unkeyed {
            self.at(now.mono + PATIENCE, port, epoch, Timer::Keys);
        }
        if let (Some(datagram), Some(from)) = (early, to) {
            self.wait(Step { port, epoch, from, datagram });
        }
        self.start_timers(port, now);
        self.turn_to(port, now, out);
        self.start(port, now, out);
    }

    /// A browser whose answer names no keys, with its sound off for one, keeps those that it has.
    pub(super) fn agree_keyless(&mut self, port: u32, remote: Remote, now: Now, out: &mut impl Outlet) {
        if let Some(leg) = self.legs.get_mut(port as usize) {
            leg.remote = Some(remote);
        }
        self.start_timers(port, now);
        self.turn_to(port, now, out);
        self.start(port, now, out);
    }

    /// A datagram for a leg has come to the port of all browsers. Media in it is opened in its place.
    pub(super) fn on_web(&mut self, port: u32, from: SocketAddr, datagram: &mut [u8], now: Now, out: &mut impl Outlet) {
        let Some(leg) = self.legs.get_mut(port as usize) else { return };
        let Some(peer) = &mut leg.web else { return };
        match Kind::of(datagram) {
            Kind::Stun => {
                let Some(checked) = peer.check(from, datagram) else {
                    leg.refused += 1;
                    return;
                };
                // Whoever knows the password is there, whether he says something or not.
                leg.heard_at = now.mono;
                let (answer, length) = checked.answer;
                out.web(from, answer.get(..length).unwrap_or_default());
                if let Some(gone) = checked.gone {
                    out.route(gone, port, false);
                }
                if checked.new {
                    out.route(from, port, true);
                }
                self.turn_to(port, now, out);
            }
            _ if !peer.believes(from) => leg.refused += 1,
            Kind::Dtls => {
                let step = Step { port, epoch: leg.epoch, from, datagram: (&*datagram).into() };
                self.wait(step);
            }
            // Before there are keys it is nobody's.
            Kind::Media { .. } if leg.sealed.is_none() => leg.refused += 1,
            Kind::Media { rtcp: true } => self.on_rtcp(port, from, datagram, now),
            Kind::Media { rtcp: false } => self.on_rtp(port, from, datagram, now, out),
            Kind::Other => leg.refused += 1,
        }
    }

    fn wait(&mut self, step: Step) {
        if self.steps.len() < WAITING {
            self.steps.push_back(step);
        }
    }

    /// One step of one handshake; false when none waits.
    pub(super) fn shake(&mut self, now: Now, out: &mut impl Outlet) -> bool {
        let Some(Step { port, epoch, from, datagram }) = self.steps.pop_front() else { return false };
        let current = self.current(self.id(port), epoch).is_some();
        let leg = self.legs.get_mut(port as usize).filter(|_| current);
        let Some(peer) = leg.and_then(|leg| leg.web.as_mut()).filter(|peer| peer.believes(from)) else { return true };
        let keys = peer.handshake(&datagram, now.mono, |to, bytes| out.web(to, bytes));
        if let Some(at) = peer.deadline() {
            self.at(at, port, epoch, Timer::Handshake);
        }
        if let Some(pair) = keys {
            self.keyed(port, pair, now, out);
        }
        true
    }

    /// A flight may have to be sent again.
    pub(super) fn shake_again(&mut self, port: u32, now: Now, out: &mut impl Outlet) {
        let Some(leg) = self.legs.get_mut(port as usize) else { return };
        let Some(peer) = &mut leg.web else { return };
        let due = peer.deadline().is_some_and(|at| at <= now.mono);
        if due {
            peer.tick(now.mono, |to, bytes| out.web(to, bytes));
            let (next, epoch) = (peer.deadline(), leg.epoch);
            if let Some(at) = next {
                self.at(at, port, epoch, Timer::Handshake);
            }
        }
    }

    fn keyed(&mut self, port: u32, pair: Pair, now: Now, out: &mut impl Outlet) {
        if let Some(leg) = self.legs.get_mut(port as usize) {
            leg.sealed = Some(Box::new(Sealed::by_web(pair)));
        }
        self.turn_to(port, now, out);
        self.keys_or_not(port, now, out);
    }

    /// What the leg shall hear waits no longer.
    pub(super) fn keys_or_not(&mut self, port: u32, now: Now, out: &mut impl Outlet) {
        if let Some(leg) = self.legs.get_mut(port as usize) {
            leg.unkeyed = false;
        }
        self.start(port, now, out);
    }

    /// Sends where the browser is, once there are keys and it receives.
    fn turn_to(&mut self, port: u32, now: Now, out: &mut impl Outlet) {
        let Some(leg) = self.legs.get_mut(port as usize) else { return };
        let Some(peer) = &mut leg.web else { return };
        let ready = leg.sealed.is_some();
        let to = peer.to().filter(|_| ready && leg.remote.as_ref().is_some_and(|r| r.rtp.is_some()));
        leg.rtcp_to = peer.to().filter(|_| ready);
        if leg.to == to {
            return;
        }
        if leg.to.is_none() || to.is_none() {
            leg.out.turn();
            // What went by unheard is heard from its next frame on.
            if matches!(leg.hears, Hears::Play { .. } | Hears::Tone { .. }) {
                leg.due = 0;
            }
        }
        leg.to = to;
        self.start(port, now, out);
    }
}
