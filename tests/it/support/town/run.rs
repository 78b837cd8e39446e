//! How a town lives on: what is due at each moment, what goes over its wire, what its parts have to say.

use super::{Manner, Party, REST, Town};
use crate::support::city::EXCHANGE;
use crate::support::wire::Datagram;
use memchr::memmem;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use switchboard::clock::SECOND;
use switchboard::exchange::{Input, Output};
use switchboard::phone;
use switchboard::sip::flow::Flow;

impl Town {
    /// Lets so many seconds pass.
    pub fn runs(&mut self, seconds: f64) {
        let until = self.now.mono + (seconds * 1e6) as u64;
        while let Some(at) = self.next().filter(|at| *at <= until) {
            self.step(at);
        }
        let rest = until.saturating_sub(self.now.mono);
        self.now = self.now.plus(rest);
    }

    /// Runs until this holds, at most so many seconds. True if it came to hold.
    pub fn until(&mut self, seconds: u64, mut holds: impl FnMut(&Self) -> bool) -> bool {
        let end = self.now.mono + seconds * SECOND;
        while !holds(self) {
            match self.next().filter(|at| *at <= end) {
                Some(at) => self.step(at),
                None => return false,
            }
        }
        true
    }

    /// Lets time pass up to this moment, µs monotonic.
    pub fn runs_to(&mut self, mono: u64) {
        while let Some(at) = self.next().filter(|at| *at <= mono) {
            self.step(at);
        }
        self.now = self.now.plus(mono.saturating_sub(self.now.mono));
    }

    /// When anything happens next by itself.
    pub fn next(&self) -> Option<u64> {
        let phones = self.agenda.first().map(|(at, _)| *at);
        let (exchange, graph) =
            if self.down { (None, None) } else { (self.exchange.deadline(), self.graph.deadline()) };
        [exchange, graph, self.wire.deadline(), phones].into_iter().flatten().min()
    }

    fn step(&mut self, at: u64) {
        self.now = self.now.plus(at.saturating_sub(self.now.mono));
        let now = self.now;
        while let Some(datagram) = self.wire.arrive(now.mono) {
            self.deliver(datagram);
        }
        while let Some(event) = self.graph.finished(now.mono).filter(|_| !self.down) {
            self.exchange.handle(Input::Media(event), now);
            self.drain_exchange();
        }
        if !self.down && self.exchange.deadline().is_some_and(|d| d <= now.mono) {
            self.exchange.handle(Input::Due, now);
            self.drain_exchange();
        }
        let due: BTreeSet<usize> = self.agenda.iter().take_while(|(at, _)| *at <= now.mono).map(|(_, i)| *i).collect();
        for i in due {
            if self.sets[i].phone.deadline().is_some_and(|d| d <= now.mono) {
                self.sets[i].phone.expire(now);
                self.drain_phone(i);
            }
            if let Some((due, call)) = self.sets[i].answer_at
                && due <= now.mono
            {
                self.sets[i].answer_at = None;
                self.sets[i].phone.answer(call, now);
                self.drain_phone(i);
            }
        }
    }

    fn deliver(&mut self, datagram: Datagram) {
        let Datagram { from, to, bytes } = datagram;
        let now = self.now;
        let flow = if to == EXCHANGE {
            self.flow_to(from)
        } else {
            let Flow { transport, connection, .. } = self.flow_to(to);
            Flow { transport, local: to, peer: from, connection }
        };
        if !self.quiet {
            let line = bytes.split(|b| *b == b'\r').next().unwrap_or_default();
            let lost = if self.down && to == EXCHANGE { " (nobody is there)" } else { "" };
            self.trace.push(format!("{:>9} {from} > {to} {}{lost}", now.mono / 1000, String::from_utf8_lossy(line)));
        }
        if to == EXCHANGE {
            if !self.down {
                self.exchange.handle(Input::Message(flow, bytes), now);
                self.drain_exchange();
            }
        } else if let Some(i) = self.whose(to, &bytes) {
            if self.sets[i].manner != Manner::Dead {
                self.sets[i].phone.receive(flow, bytes, now);
                self.drain_phone(i);
            }
        } else if let Some((_, got)) = self.spies.iter_mut().find(|(a, _)| *a == to) {
            got.push(bytes);
        }
    }

    /// Does what the exchange wants.
    pub fn drain_exchange(&mut self) {
        let now = self.now;
        while let Some(output) = self.exchange.poll() {
            match output {
                Output::Fact(fact) => {
                    if !self.quiet {
                        self.trace.push(format!("{:>9} FACT {:?} {:?}", now.mono / 1000, fact.call, fact.fact));
                    }
                    self.facts.push(fact);
                }
                Output::Send(..) if self.dying => {}
                Output::Send(flow, bytes) => {
                    if !self.quiet {
                        self.sent.push((flow, bytes.clone()));
                    }
                    self.wire.send(Datagram { from: flow.local, to: flow.peer, bytes }, now.mono);
                }
                Output::Media(command) => {
                    if let Some(event) = self.graph.handle(command, now.mono) {
                        self.exchange.handle(Input::Media(event), now);
                    }
                }
                Output::Answer { answer, .. } => self.answer = Some(answer),
            }
        }
        while self.exchange.finished_recording().is_some() {}
    }

    pub(super) fn drain_phone(&mut self, i: usize) {
        let now = self.now;
        while let Some(output) = self.sets[i].phone.poll() {
            match output {
                phone::Output::Send(flow, bytes) => {
                    self.wire.send(Datagram { from: self.sets[i].sip, to: flow.peer, bytes }, now.mono);
                }
                phone::Output::Event(event) => self.phone_event(i, event),
            }
        }
        let set = &mut self.sets[i];
        let due = set.phone.deadline().into_iter().chain(set.answer_at.map(|(at, _)| at)).min();
        if due != set.due {
            set.due.map(|at| self.agenda.remove(&(at, i)));
            due.map(|at| self.agenda.insert((at, i)));
            set.due = due;
        }
    }

    fn phone_event(&mut self, i: usize, event: phone::Event) {
        use phone::Event as E;
        let now = self.now;
        let set = &mut self.sets[i];
        match &event {
            E::Incoming { call, .. } if set.single && set.call.is_some() => set.phone.reject(*call, 486, now),
            E::Incoming { call, from } => {
                if set.manner != Manner::Told {
                    set.incoming_from.push(from.clone());
                }
                if set.manner != Manner::Told {
                    set.call = Some(*call);
                } else {
                    set.call.get_or_insert(*call);
                }
                match set.manner {
                    Manner::Rings => set.phone.ring(*call, now),
                    Manner::Answers(after) => {
                        set.phone.ring(*call, now);
                        set.answer_at = Some((now.mono + after, *call));
                    }
                    Manner::Refuses(status) => {
                        set.call = None;
                        set.phone.reject(*call, status, now);
                    }
                    Manner::Dead | Manner::Told => {}
                }
            }
            E::Connected { call } => set.connected |= set.call == Some(*call) || set.manner != Manner::Told,
            E::Ended { call, .. } | E::Failed { call, .. } if set.call == Some(*call) => {
                set.call = None;
                set.connected = false;
                set.answer_at = None;
                set.rests = now.mono + REST;
            }
            _ => {}
        }
        if set.manner == Manner::Told {
            self.told.push((Party(i), event));
        } else {
            set.log.push(event);
        }
    }

    /// Which of the phones at an address a message is for: of several, the one that has its Call-ID, else one that is free.
    fn whose(&mut self, at: SocketAddr, bytes: &bytes::Bytes) -> Option<usize> {
        let all = self.places.get(&at)?;
        if let [only] = all.as_slice() {
            return Some(*only);
        }
        let begin = memmem::find(bytes, b"\r\nCall-ID: ")? + 11;
        let end = begin + memchr::memchr(b'\r', bytes.get(begin..)?)?;
        let key = (at, bytes.slice(begin..end));
        if let Some(known) = self.dialogs.get(&key) {
            return Some(*known);
        }
        let free =
            all.iter().copied().find(|i| self.sets[*i].call.is_none() && self.sets[*i].rests <= self.now.mono)?;
        // Its own copy: the message it came in is not kept for it.
        let key = (at, bytes::Bytes::copy_from_slice(&key.1));
        self.dialogs.insert(key.clone(), free);
        self.sets[free].dialog.replace(key).map(|before| self.dialogs.remove(&before));
        Some(free)
    }
}
