//! What is seen of a town: what phones were told, who hears whom, what came of calls and transfers.

use super::{F, Manner, Party, Town};
use crate::support::graph::Heard;
use std::net::SocketAddr;
use switchboard::fact::{Cause, Event as Fact, Outcome, TransferResult};
use switchboard::phone;

impl Town {
    pub fn log(&self, who: Party) -> &[phone::Event] {
        &self.sets[who.0].log
    }

    /// From values of the calls that came in at this phone.
    pub fn callers_shown(&self, who: Party) -> &[String] {
        &self.sets[who.0].incoming_from
    }

    pub fn is_connected(&self, who: Party) -> bool {
        self.sets[who.0].connected
    }

    /// No call is at this phone, ringing or talking.
    pub fn idle(&self, who: Party) -> bool {
        self.sets[who.0].call.is_none()
    }

    /// A call is at this phone and has not been answered.
    pub fn rings(&self, who: Party) -> bool {
        self.sets[who.0].call.is_some() && !self.sets[who.0].connected
    }

    /// The exchange has a leg to this phone, as its media port shows.
    pub fn has_call(&self, who: Party) -> bool {
        self.graph.port(self.sets[who.0].rtp).is_some()
    }

    /// Where its sound goes.
    pub fn rtp(&self, who: Party) -> SocketAddr {
        self.sets[who.0].rtp
    }

    pub fn set_manner(&mut self, who: Party, manner: Manner) {
        self.sets[who.0].manner = manner;
    }

    pub fn registered(&self, who: Party) -> bool {
        self.log(who).contains(&phone::Event::Registered)
    }

    /// What this party hears by the graph that the media engine applied.
    pub fn hears(&self, who: Party) -> Heard {
        self.graph.hears(self.sets[who.0].rtp)
    }

    /// Whether these two hear each other.
    pub fn talk(&self, a: Party, b: Party) -> bool {
        let (ra, rb) = (self.sets[a.0].rtp, self.sets[b.0].rtp);
        self.hears(a) == Heard::Party(rb) && self.hears(b) == Heard::Party(ra)
    }

    /// Whom this party hears, in the order of the list given.
    pub fn hears_of(&self, who: Party, all: &[Party]) -> Vec<Party> {
        let heard = match self.hears(who) {
            Heard::Party(one) => vec![one],
            Heard::Mix(several) => several,
            Heard::Nothing | Heard::Tone(_) | Heard::Prompt(_) => Vec::new(),
        };
        all.iter().copied().filter(|p| heard.contains(&self.sets[p.0].rtp)).collect()
    }

    /// What is played to this party, alone or beside voices.
    pub fn beside(&self, who: Party) -> Option<String> {
        self.graph.beside(self.sets[who.0].rtp)
    }

    /// Statuses of NOTIFYs that this phone got of its REFERs.
    pub fn notified(&self, who: Party) -> Vec<u16> {
        let status = |e: &phone::Event| match e {
            phone::Event::Notified { status, .. } => Some(*status),
            _ => None,
        };
        self.log(who).iter().filter_map(status).collect()
    }

    /// What became of the transfers, in order.
    pub fn transfers(&self) -> Vec<(TransferResult, Option<Cause>)> {
        let ended = |f: &Fact| match &f.fact {
            F::TransferEnded { result, cause, .. } => Some((*result, *cause)),
            _ => None,
        };
        self.facts.iter().filter_map(ended).collect()
    }

    /// Prompts that this party was played, in order.
    pub fn was_played(&self, who: Party) -> Vec<&str> {
        let rtp = self.sets[who.0].rtp;
        self.graph.played.iter().filter(|(at, _)| *at == rtp).map(|(_, p)| p.as_str()).collect()
    }

    /// Keys that this party was sent, in order.
    pub fn keys_heard(&self, who: Party) -> String {
        let rtp = self.sets[who.0].rtp;
        self.graph.keys.iter().filter(|(at, _)| *at == rtp).map(|(_, k)| k.as_str()).collect()
    }

    /// The final status that the phone's last call failed with.
    pub fn failed(&self, who: Party) -> Option<(u16, Option<u8>)> {
        self.log(who).iter().rev().find_map(|e| match e {
            phone::Event::Failed { status, q850, .. } => Some((*status, *q850)),
            _ => None,
        })
    }

    /// Outcomes of the calls that ended.
    pub fn outcomes(&self) -> Vec<Outcome> {
        let ended = |f: &Fact| match &f.fact {
            F::CallEnded { outcome, .. } => Some(*outcome),
            _ => None,
        };
        self.facts.iter().filter_map(ended).collect()
    }

    /// Whether some side gave up waiting for a message: Timers B, F, H and their like.
    pub fn gave_up(&self) -> bool {
        let ours = self.exchange.given_up();
        let theirs = self.sets.iter().map(|s| s.phone.given_up());
        std::iter::once(ours).chain(theirs).any(|g| g.no_response + g.no_acknowledgement > 0)
    }
}
