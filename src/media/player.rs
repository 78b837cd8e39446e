//! What is played to a leg on the tick: prompts, tones, and keys on their way out.

use super::frame::Frame;
use super::hears::Hears;
use super::leg::{Digits, Leg, Sending};
use super::outlet::Outlet;
use super::send::{audio, send, silence};
use super::silence::{LONGEST, STEP};
use super::sounds::{Filled, KEY, PAUSE, Sounds};
use super::state::State;
use super::wheel::Wheel;
use crate::clock::{MILLI, Now};
use crate::patch::{Event, PlayId};
use crate::rtp::HEADER;
use crate::rtp::telephone_event::Press;

/// Time between two packets of an event, whatever the packet time of the audio.
const EVENT_STEP: u64 = 20 * MILLI;
/// Time between two packets of silence.
const SILENCE_STEP: u64 = STEP as u64 / 8 * MILLI;
/// Frames that go by at once where nobody hears them.
const UNHEARD: usize = 5;
/// Samples of a step of an event.
const EVENT_SAMPLES: u16 = 160;

/// What a step came to.
enum Step {
    /// Again after so many µs.
    Again(u64),
    /// Again after so many µs: a playing has ended.
    Finished(PlayId),
    /// Voices are to be mixed.
    Mix,
    /// Nothing more to be played.
    Rest,
}

impl State {
    /// Begins to play to a leg that has something to hear: at once, or when what was sent has been heard.
    pub(super) fn start(&mut self, port: u32, now: Now, out: &mut impl Outlet) {
        let Some(leg) = self.legs.get_mut(port as usize) else {
            return;
        };
        if leg.due != 0 || !leg.plays() {
            return;
        }
        self.wheel.wake(now.mono);
        let heard = leg.silence_due(now.mono).filter(|_| leg.digits.is_none()).unwrap_or(leg.out.due());
        if matches!(leg.hears, Hears::Mix(_)) && leg.digits.is_none() {
            let at = if leg.crosses() { now.mono } else { heard.max(now.mono) };
            self.begin_mix(port, at);
        } else if heard > now.mono {
            leg.due = self.wheel.put(port, heard);
        } else {
            self.serve(port, Wheel::slot(now.mono), now, out);
        }
    }

    pub(super) fn serve(&mut self, port: u32, slot: u64, now: Now, out: &mut impl Outlet) {
        let id = self.id(port);
        let Some(leg) = self.legs.get_mut(port as usize) else {
            return;
        };
        leg.due = 0;
        match step(leg, port, &self.sounds, &mut self.frame, now, out) {
            Step::Again(micros) => leg.due = self.wheel.put_after(port, slot, micros, now.mono),
            Step::Finished(play) => {
                leg.hears = Hears::Nothing;
                let epoch = leg.epoch;
                self.events.push_back(Event::PlayFinished { port: id, epoch, play });
            }
            Step::Mix => {
                if let Some(micros) = self.mixing(port, slot, now, out) {
                    let due = self.wheel.put_after(port, slot, micros, now.mono);
                    if let Some(leg) = self.legs.get_mut(port as usize) {
                        leg.due = due;
                    }
                }
            }
            Step::Rest => {}
        }
    }
}

fn step(leg: &mut Leg, port: u32, sounds: &Sounds, frame: &mut Frame, now: Now, out: &mut impl Outlet) -> Step {
    if let Some(mut digits) = leg.digits.take() {
        if let Some(micros) = key(leg, &mut digits, port, sounds, frame, now, out) {
            leg.digits = Some(digits);
            return Step::Again(micros);
        }
        leg.out.turn();
        if matches!(leg.hears, Hears::Leg(_)) {
            leg.silent_until = now.mono + LONGEST;
        }
    }
    let ptime = leg.ptime();
    if leg.to.is_none() && matches!(leg.hears, Hears::Play { .. } | Hears::Tone { .. }) {
        return unheard(leg, ptime, sounds, now);
    }
    let Some(sound) = frame.get_mut(HEADER..HEADER + ptime * 8) else {
        return Step::Rest;
    };
    match sounds.fill(&mut leg.hears, sound) {
        Filled::Silent => match leg.silence_due(now.mono) {
            Some(due) if due > now.mono => Step::Again(due - now.mono),
            Some(_) => {
                silence(leg, port, frame, now, out);
                Step::Again(SILENCE_STEP)
            }
            None => {
                leg.silent_until = 0;
                Step::Rest
            }
        },
        Filled::Mixed => Step::Mix,
        Filled::Over(play) => Step::Finished(play),
        Filled::More => {
            audio(leg, port, ptime * 8, frame, now, out);
            Step::Again(ptime as u64 * MILLI)
        }
        Filled::Last(play) => {
            audio(leg, port, ptime * 8, frame, now, out);
            Step::Finished(play)
        }
    }
}

/// Lets what is played go by where the other side has put us on hold: several frames at a time, for many wait so.
fn unheard(leg: &mut Leg, ptime: usize, sounds: &Sounds, now: Now) -> Step {
    let (filled, samples) = sounds.pass(&mut leg.hears, ptime * 8, UNHEARD);
    leg.out.skip(samples as u32, now.mono);
    match filled {
        Filled::Over(play) | Filled::Last(play) => Step::Finished(play),
        _ => Step::Again(samples as u64 / 8 * MILLI),
    }
}

/// Sends the next packet of the keys; after how many µs the next one follows. `None`: all keys are sent.
fn key(
    leg: &mut Leg,
    digits: &mut Digits,
    port: u32,
    sounds: &Sounds,
    frame: &mut Frame,
    now: Now,
    out: &mut impl Outlet,
) -> Option<u64> {
    if matches!(digits.current, Sending::Idle) {
        digits.current = begin(leg, digits.queue.pop_front()?, now);
    }
    match &mut digits.current {
        Sending::Idle => None,
        Sending::Tone(code, at) => {
            let ptime = leg.ptime();
            let sound = frame.get_mut(HEADER..HEADER + ptime * 8)?;
            let more = sounds.key(*code, *at, sound);
            *at += ptime * 8;
            if !more {
                digits.current = Sending::Idle;
            }
            audio(leg, port, ptime * 8, frame, now, out);
            Some(ptime as u64 * MILLI)
        }
        Sending::Event(press, timestamp, next) => {
            let payload_type = leg.telephone_event();
            match (press.next(EVENT_SAMPLES), payload_type) {
                (Some((marker, event)), Some(payload_type)) => {
                    frame.get_mut(HEADER..HEADER + 4)?.copy_from_slice(&leg.event_bytes(event));
                    if leg.to.is_some() {
                        let header = leg.out.event(payload_type, marker, *timestamp);
                        send(leg, port, &header, HEADER + 4, frame, now, out);
                    }
                }
                _ if now.mono + EVENT_STEP >= *next => {
                    digits.current = Sending::Idle;
                    // The pause is silence where nothing is waiting to go on from its place.
                    if matches!(leg.hears, Hears::Leg(_) | Hears::Mix(_)) {
                        silence(leg, port, frame, now, out);
                    }
                }
                _ => {}
            }
            Some(EVENT_STEP)
        }
    }
}

fn begin(leg: &mut Leg, code: u8, now: Now) -> Sending {
    if leg.telephone_event().is_none() {
        leg.out.turn();
        return Sending::Tone(code, 0);
    }
    let timestamp = leg.out.begin_event(KEY * 8, now.mono);
    let next = now.mono + u64::from(KEY + PAUSE) * MILLI;
    Sending::Event(Press::new(code, (KEY * 8) as u16), timestamp, next)
}
