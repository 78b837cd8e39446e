//! Recordings as the engine sees them: which legs are on which channel, and 20 ms of each on the tick.
//!
//! A recording listens like a listener of a mix does, by the receivers of its legs; the relay knows nothing of it. Where its
//! frames go is the [`Outlet`]'s matter, which never makes the engine wait: what is not taken is counted and told.

use super::outlet::Outlet;
use super::receiver::SLOTS;
use super::reel::{REEL, Reel};
use super::state::State;
use crate::audio::g711;
use crate::audio::mixer::FRAME;
use crate::clock::{MILLI, Now};
use crate::patch::tape::CHANNELS;
use crate::patch::{Epoch, Event, PortId, Recorded, RecordingId, Take, Tape};
use std::sync::Arc;

/// Slots between two reports of what was dropped: 1 s.
const REPORT: u64 = 200;

impl State {
    /// Obeys a command about a recording; what is meant for one that does not run is dropped.
    pub(super) fn record(&mut self, id: RecordingId, tape: Tape, now: Now, out: &mut impl Outlet) {
        match tape {
            Tape::Begin { file } => self.begin_reel(id, file, now, out),
            Tape::Channel { channel, port, epoch } => self.put_on(id, channel, port, epoch),
            Tape::Vacate { channel } => self.take_off(id, channel),
            Tape::Pause | Tape::Resume => {
                if let Some((_, reel)) = self.reels.find(id)
                    && reel.paused != (tape == Tape::Pause)
                {
                    reel.paused = !reel.paused;
                    out.tape(Take::Pause(id, reel.frames, reel.paused));
                }
            }
            Tape::End => {
                (0..CHANNELS as u8).for_each(|channel| self.take_off(id, channel));
                self.tell_dropped(id);
                if let Some(at) = self.reels.by_id.remove(&id)
                    && let Some(reel) = self.reels.reels.get_mut(at as usize).and_then(Option::take)
                {
                    out.tape(Take::End(id, reel.frames));
                }
            }
        }
    }

    fn begin_reel(&mut self, id: RecordingId, file: Arc<str>, now: Now, out: &mut impl Outlet) {
        if self.reels.by_id.contains_key(&id) {
            return;
        }
        if !out.tape(Take::Begin(id, file)) {
            let what = Recorded::Failed { full: false, why: "no recorder".into() };
            self.events.push_back(Event::Recording { recording: id, what });
            return;
        }
        let free = self.reels.reels.iter().position(Option::is_none).unwrap_or_else(|| {
            self.reels.reels.push(None);
            self.reels.reels.len() - 1
        });
        self.wheel.wake(now.mono);
        let due = self.wheel.put(REEL | free as u32, now.mono);
        let reel =
            Reel { id, channels: [None; CHANNELS], first: due, due, frames: 0, paused: false, dropped: 0, reported: 0 };
        if let Some(place) = self.reels.reels.get_mut(free) {
            *place = Some(reel);
            self.reels.by_id.insert(id, free as u32);
        }
    }

    fn put_on(&mut self, id: RecordingId, channel: u8, port: PortId, epoch: Epoch) {
        let Some(leg) = self.current(port, epoch) else {
            return;
        };
        if usize::from(channel) >= CHANNELS || self.reels.find(id).is_none() {
            return;
        }
        self.take_off(id, channel);
        // A leg is in one recording at a time, on one channel.
        if let Some(former) = self.legs.get_mut(leg as usize).and_then(|l| l.tape.take()) {
            self.reels.vacate(former, leg);
        }
        let Some((at, reel)) = self.reels.find(id) else {
            return;
        };
        let due = reel.due;
        if let Some(place) = reel.channels.get_mut(usize::from(channel)) {
            *place = Some(leg);
        }
        if let Some(leg) = self.legs.get_mut(leg as usize) {
            leg.tape = Some(at);
            leg.open_receiver();
            if let Some(receiver) = &mut leg.receiver {
                receiver.begin(due);
            }
        }
    }

    fn take_off(&mut self, id: RecordingId, channel: u8) {
        let Some((_, reel)) = self.reels.find(id) else {
            return;
        };
        let leg = reel.channels.get_mut(usize::from(channel)).and_then(Option::take);
        if let Some(leg) = leg.and_then(|leg| self.legs.get_mut(leg as usize)) {
            leg.tape = None;
            leg.close_receiver();
        }
    }

    /// A slot of a recording.
    pub(super) fn roll(&mut self, at: u32, slot: u64, now: Now, out: &mut impl Outlet) {
        let Some(reel) = self.reels.reels.get_mut(at as usize).and_then(Option::as_mut).filter(|r| r.due == slot)
        else {
            return;
        };
        let number = slot.saturating_sub(reel.first) / SLOTS;
        reel.frames = number + 1;
        reel.due = self.wheel.put_after(REEL | at, slot, 20 * MILLI, now.mono);
        let (id, paused, channels) = (reel.id, reel.paused, reel.channels);
        let mut frame = [[g711::ALAW_SILENCE; FRAME]; CHANNELS];
        for (sound, leg) in frame.iter_mut().zip(channels) {
            let receiver = leg.and_then(|leg| self.legs.get_mut(leg as usize)?.receiver.as_mut());
            if let Some(piece) = receiver.and_then(|receiver| receiver.piece(slot)).filter(|p| !p.quiet) {
                g711::alaw_encode_frame(&piece.sound, sound);
            }
        }
        let taken = paused || out.tape(Take::Frame(id, number, frame));
        let Some(reel) = self.reels.reels.get_mut(at as usize).and_then(Option::as_mut) else {
            return;
        };
        reel.dropped += u32::from(!taken);
        if reel.dropped > 0 && slot >= reel.reported + REPORT {
            reel.reported = slot;
            self.tell_dropped(id);
        }
    }

    fn tell_dropped(&mut self, id: RecordingId) {
        if let Some((_, reel)) = self.reels.find(id)
            && reel.dropped > 0
        {
            let what = Recorded::Dropped { frames: std::mem::take(&mut reel.dropped) };
            self.events.push_back(Event::Recording { recording: id, what });
        }
    }
}
