//! What the signalling thread tells of itself: once a second while there is anything to tell, else every five.

use crate::admin::{Beat, Pulse};
use crate::clock::{Now, SECOND};
use crate::exchange::Load;
use crate::fact::{Event, Fact};
use std::collections::VecDeque;
use std::sync::Arc;

/// How often while something happens, and otherwise, µs.
const BUSY: u64 = SECOND;
const IDLE: u64 = 5 * SECOND;
/// Alarms that readers may have missed.
const TOLD: usize = 64;

/// Gathers between two tellings what nobody else counts.
#[derive(Debug, Default)]
pub(super) struct Teller {
    beat: Beat,
    next: u64,
    facts: u64,
    alarms: u64,
    told: Arc<VecDeque<(u64, i64, String, String)>>,
    lost: u64,
    /// The worst since the last telling.
    seen: Load,
}

impl Teller {
    /// Where it is told.
    pub fn beat(&self) -> Beat {
        Arc::clone(&self.beat)
    }

    /// When it is to be told next, µs monotonic.
    pub fn deadline(&self) -> u64 {
        self.next
    }

    /// A fact that is being written.
    pub fn fact(&mut self, event: &Event) {
        self.facts += 1;
        if let Fact::Alarm { subject, text } = &event.fact {
            self.alarms += 1;
            let told = Arc::make_mut(&mut self.told);
            told.push_back((self.alarms, event.at, subject.clone(), text.clone()));
            if told.len() > TOLD {
                told.pop_front();
            }
        }
    }

    /// Media events that found no room.
    pub fn lost(&mut self, lost: u64) {
        self.lost += lost;
    }

    /// What was seen of the load.
    pub fn saw(&mut self, load: Load) {
        self.seen.waited = self.seen.waited.max(load.waited);
        self.seen.late = self.seen.late.max(load.late);
        self.seen.busy = load.busy;
    }

    /// Tells it, with what was gathered here.
    pub fn tell(&mut self, pulse: Pulse, now: Now) {
        let seen = std::mem::take(&mut self.seen);
        let busy = pulse.meters.calls > 0 || self.beat.load().facts != self.facts;
        self.next = now.mono + if busy { BUSY } else { IDLE };
        let pulse = Pulse {
            at: now.mono.max(1),
            facts: self.facts,
            alarms: self.alarms,
            told: Arc::clone(&self.told),
            media_lost: self.lost,
            media_late: seen.late,
            waited: seen.waited,
            busy_permille: seen.busy,
            ..pulse
        };
        self.beat.store(Arc::new(pulse));
    }
}
