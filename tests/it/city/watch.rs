//! Who hears whom in a city, and who hears nothing.

use super::play::Rule;
use crate::support::graph::Wired;
use crate::support::town::{Party, Town};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use switchboard::clock::SECOND;
use switchboard::patch::{Epoch, PortId};

/// A caller may hear nothing for so long, µs: between two things that are played.
const GAP: u64 = SECOND / 2;
/// And nobody but a phone that is gone for so long: 5 s without sound, 4 s until OPTIONS has had no answer, the pulse of the test.
const GONE: u64 = 16 * SECOND;
/// The same of a phone that has never sent a packet: it is asked after 60 s only (ARCHITECTURE.md, departures).
const NEVER_SPOKE: u64 = 72 * SECOND;
/// And nothing after a 200 whose ACK is lost, for as long as the 200 is sent again.
const UNTOLD: u64 = 35 * SECOND;
/// Without a packet for so long the media engine tells.
const SILENCE: u64 = 5 * SECOND;

/// What is heard of a port.
#[derive(Debug, Clone, Copy)]
struct Ear {
    heard_at: u64,
    spoke: bool,
}

/// The watch.
#[derive(Debug, Default)]
pub struct Watch {
    pub citizens: BTreeSet<Party>,
    /// Whose exchange has died in the middle of their call.
    pub orphans: BTreeSet<Party>,
    /// Whose sound does not arrive.
    pub mute: BTreeSet<Party>,
    /// Who has put the other side on hold, or has begun to.
    held: BTreeSet<Party>,
    silent: BTreeMap<Party, u64>,
    /// Who has begun to talk since sound was last looked for.
    spoke: BTreeMap<Party, u64>,
    ears: HashMap<(PortId, Epoch), Ear>,
}

impl Watch {
    /// A new call of this citizen's.
    pub fn calls(&mut self, who: Party) {
        self.orphans.remove(&who);
        self.held.remove(&who);
        self.silent.remove(&who);
    }

    pub fn holds(&mut self, who: Party, held: bool) {
        if held {
            self.held.insert(who)
        } else {
            self.held.remove(&who)
        };
    }

    /// The exchange has died.
    pub fn forgets(&mut self) {
        self.silent.clear();
        self.ears.clear();
    }

    /// A call of this phone's stands: its sound begins.
    pub fn begins(&mut self, town: &Town, who: Party) {
        if self.speaks(town, who) {
            self.spoke.insert(who, town.now.mono);
        }
    }

    /// Ports from which nothing has come for too long.
    pub fn listens(&mut self, town: &Town) -> Vec<(PortId, Epoch, bool)> {
        let now = town.now.mono;
        let mut quiet = Vec::new();
        let mut ears = HashMap::new();
        for wired in town.graph.wired() {
            let key = (wired.port, wired.epoch);
            let mut ear = self.ears.get(&key).copied().unwrap_or(Ear { heard_at: now, spoke: false });
            let far = wired.far.and_then(|far| town.at_rtp(far));
            if let Some(at) = far.and_then(|p| self.spoke.get(&p)) {
                ear = Ear { heard_at: ear.heard_at.max(*at), spoke: true };
            }
            if far.is_some_and(|p| self.speaks(town, p)) {
                ear = Ear { heard_at: now, spoke: true };
            } else if wired.receives && now - ear.heard_at >= SILENCE {
                ear.heard_at = now;
                quiet.push((wired.port, wired.epoch, ear.spoke));
            }
            ears.insert(key, ear);
        }
        self.ears = ears;
        self.spoke.clear();
        quiet
    }

    fn speaks(&self, town: &Town, who: Party) -> bool {
        town.is_connected(who) && !town.is_cut(who) && !self.mute.contains(&who)
    }

    fn has_spoken(&self, wired: &Wired) -> bool {
        self.ears.get(&(wired.port, wired.epoch)).is_some_and(|ear| ear.spoke)
    }

    /// Looks at all that are on the line.
    pub fn looks(&mut self, town: &Town) -> Result<(), (Rule, String)> {
        let wired: Vec<Wired> = town.graph.wired().collect();
        let place: HashMap<PortId, usize> = wired.iter().enumerate().map(|(n, w)| (w.port, n)).collect();
        let party: Vec<Option<Party>> = wired.iter().map(|w| w.far.and_then(|far| town.at_rtp(far))).collect();
        self.hearing(&wired, &place, &party)?;
        let now = town.now.mono;
        let mut silent = BTreeMap::new();
        for (n, one) in wired.iter().enumerate() {
            let Some(who) = party[n].filter(|p| self.citizens.contains(p)) else { continue };
            let his_own = one.holds || self.held.contains(&who) || self.orphans.contains(&who);
            if his_own || one.sound || !town.is_connected(who) || town.is_cut(who) {
                continue;
            }
            let there = |p: Party| town.is_connected(p) && !town.is_cut(p);
            let heard = |port: &PortId| place.get(port).and_then(|n| party[*n]);
            if one.heard.iter().filter_map(heard).any(there) {
                continue;
            }
            let since = self.silent.get(&who).copied().unwrap_or(now);
            silent.insert(who, since);
            let limit = match one.told {
                false => UNTOLD,
                true if one.heard.is_empty() => GAP,
                true if one.heard.iter().any(|port| place.get(port).is_some_and(|n| self.has_spoken(&wired[*n]))) => {
                    GONE
                }
                true => NEVER_SPOKE,
            };
            if now - since > limit {
                let text = format!("{who:?} has heard nothing for {:.3} s: {one:?}", (now - since) as f64 / 1e6);
                return Err((Rule::Silence, text));
            }
        }
        self.silent = silent;
        Ok(())
    }

    /// Whoever hear each other, by however many others, have one citizen among them.
    fn hearing(
        &self,
        wired: &[Wired],
        place: &HashMap<PortId, usize>,
        party: &[Option<Party>],
    ) -> Result<(), (Rule, String)> {
        let mut leads: Vec<usize> = (0..wired.len()).collect();
        fn root(leads: &mut [usize], mut n: usize) -> usize {
            while leads[n] != n {
                leads[n] = leads[leads[n]];
                n = leads[n];
            }
            n
        }
        for (n, one) in wired.iter().enumerate() {
            for other in one.heard.iter().filter_map(|p| place.get(p)) {
                let (a, b) = (root(&mut leads, n), root(&mut leads, *other));
                leads[a] = b;
            }
        }
        let mut citizens: HashMap<usize, Party> = HashMap::new();
        for (n, who) in party.iter().enumerate() {
            let Some(who) = who.filter(|p| self.citizens.contains(p)) else { continue };
            if let Some(other) = citizens.insert(root(&mut leads, n), who).filter(|other| *other != who) {
                return Err((
                    Rule::Hearing,
                    format!("{who:?} and {other:?} are in one talk and never called each other"),
                ));
            }
        }
        Ok(())
    }
}
