//! Births and deaths of a town: phones that are played from outside, lines that share an address, an exchange that is killed and
//! started again, hosts that are cut off.

use super::{Manner, Party, Town};
use crate::support::city::EXCHANGE;
use crate::support::graph::Graph;
use crate::support::wire::Weather;
use rand_core::RngCore;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use switchboard::call::Snapshot;
use switchboard::clock::Now;
use switchboard::exchange::{Exchange, Input, Settings};
use switchboard::phone::{Account, Phone};
use switchboard::sip::dialog::SessionId;
use switchboard::sip::endpoint;
use switchboard::sip::flow::{Flow, Transport};

/// Where the RTP addresses of phones begin: two ports for each.
const FIRST_RTP: u16 = 30_000;

impl Town {
    /// The exchange has so many media ports, those that it has among them.
    pub fn has_ports(&mut self, count: u32) {
        self.exchange.handle(Input::Media(Graph::ready(count)), self.now);
        self.drain_exchange();
    }

    /// A caller behind the carrier, played from outside.
    pub fn told_citizen(&mut self, number: &str) -> Party {
        let party = self.citizen(number);
        self.set_manner(party, Manner::Told);
        party
    }

    /// So many lines of the exchange at the far end of a trunk, played from outside. Each has its own sound.
    pub fn told_lines(&mut self, last: u8, count: usize) -> Vec<Party> {
        (0..count).map(|_| self.trunk(last, Manner::Told)).collect()
    }

    /// Does something with a phone.
    pub fn plays<R>(&mut self, who: Party, act: impl FnOnce(&mut Phone, Now) -> R) -> R {
        let done = act(&mut self.sets[who.0].phone, self.now);
        self.drain_phone(who.0);
        done
    }

    /// The call that it has in hand, if it has one.
    pub fn call_of(&self, who: Party) -> Option<SessionId> {
        self.sets[who.0].call
    }

    /// It has no call, and the far end has forgotten its last one.
    pub fn is_free(&self, who: Party) -> bool {
        self.sets[who.0].call.is_none() && self.sets[who.0].rests <= self.now.mono
    }

    /// The phone of an RTP address.
    pub fn at_rtp(&self, rtp: SocketAddr) -> Option<Party> {
        let index = usize::from(rtp.port().checked_sub(FIRST_RTP)?) / 2;
        self.sets.get(index).filter(|s| s.rtp == rtp).map(|_| Party(index))
    }

    /// Its power goes and comes: it knows nothing of its calls any more, and may register again.
    pub fn reboots(&mut self, who: Party, user: &str, registers: bool) {
        let set = &mut self.sets[who.0];
        let flow = Flow { transport: Transport::Udp, local: set.sip, peer: EXCHANGE, connection: 0 };
        let password = Some(format!("lab-{user}"));
        let account = Account { user: user.into(), password, flow, rtp: set.rtp, expires: 600 };
        let mut key = [0u8; 32];
        self.rng.fill_bytes(&mut key);
        set.phone = Phone::new(account, endpoint::Settings::default(), key);
        (set.call, set.connected, set.answer_at) = (None, false, None);
        if registers {
            set.phone.register(self.now);
        }
        self.drain_phone(who.0);
    }

    /// From now on it has one line: a second call finds it busy.
    pub fn has_one_line(&mut self, who: Party) {
        self.sets[who.0].single = true;
    }

    /// Another connection, from another port: it registers by it, and knows of its calls still. The one before it.
    pub fn moves(&mut self, who: Party) -> Flow {
        let old = self.flow_to(self.sets[who.0].sip);
        let sip = SocketAddr::new(old.peer.ip(), old.peer.port() + 1000);
        self.places.remove(&old.peer);
        self.places.insert(sip, vec![who.0]);
        let set = &mut self.sets[who.0];
        (set.sip, set.tcp) = (sip, set.tcp.map(|connection| connection + 1000));
        set.phone.register(self.now);
        self.drain_phone(who.0);
        old
    }

    /// A connection is lost.
    pub fn loses(&mut self, connection: Flow) {
        self.exchange.handle(Input::FlowFailed(connection), self.now);
        self.drain_exchange();
    }

    /// A page says that it goes, and with it its telephone.
    pub fn page_goes(&mut self, who: Party, user: &str) {
        let flow = self.flow_to(self.sets[who.0].sip);
        self.reboots(who, user, false);
        self.exchange.handle(Input::FlowLeft(flow), self.now);
        self.drain_exchange();
    }

    /// The line of one phone is cut, or is not any more.
    pub fn cuts_line(&mut self, who: Party, cut: bool) {
        self.wire.cuts(self.sets[who.0].sip, cut);
    }

    /// The line of a host is cut, or is not any more.
    pub fn cuts_host(&mut self, host: IpAddr, cut: bool) {
        self.wire.cuts_host(host, cut);
    }

    pub fn is_cut(&self, who: Party) -> bool {
        self.wire.is_cut(self.sets[who.0].sip)
    }

    pub fn weather(&mut self, weather: Weather) {
        self.wire.turns(weather);
    }

    /// Kills the exchange and its media engine: nobody is told.
    pub fn kills(&mut self) {
        (self.down, self.dying) = (true, false);
        self.graph.dies();
        while self.exchange.poll().is_some() {}
        if !self.quiet {
            self.trace.push(format!("{:>9} KILLED", self.now.mono / 1000));
        }
    }

    /// Another exchange in its place, whose first fact gets the number `seq`.
    pub fn starts(&mut self, settings: Settings, snapshot: Arc<Snapshot>, seq: u64, ports: u32) {
        let mut key = [0u8; 32];
        self.rng.fill_bytes(&mut key);
        self.exchange = Exchange::new(settings, snapshot, key, seq, self.now);
        self.down = false;
        self.has_ports(ports);
        if !self.quiet {
            self.trace.push(format!("{:>9} STARTED", self.now.mono / 1000));
        }
    }

    /// Sessions of all phones together, and phones with a call in hand.
    pub fn held_by_phones(&self) -> (usize, usize) {
        let held = self.sets.iter().map(|s| (s.phone.held().0, usize::from(s.call.is_some())));
        held.fold((0, 0), |(a, b), (sessions, calls)| (a + sessions, b + calls))
    }
}
