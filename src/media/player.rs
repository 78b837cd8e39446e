//! What is played to a leg on the tick: prompts, tones, and keys on their way out.

use super::engine::{Engine, Outlet};
use super::leg::{Digits, Filled, Hears, LONGEST_FRAME, Leg, Sending, Sounds};
use super::leg::{KEY, PAUSE};
use super::tape::REEL;
use super::wheel::Wheel;
use crate::audio::g711;
use crate::clock::{MILLI, Now};
use crate::patch::{Codec, Event, PlayId};
use crate::rtp::telephone_event::Press;
use crate::rtp::{HEADER, Header};

/// Time between two packets of an event, whatever the packet time of the audio.
const EVENT_STEP: u64 = 20 * MILLI;
/// The same in samples.
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

/// Length of the longest packet of our own.
pub const FRAME: usize = HEADER + LONGEST_FRAME;
/// A packet under construction.
pub type Frame = [u8; FRAME];

impl Engine {
    /// Begins to play to a leg that has something to hear: at once, or when what was sent has been heard.
    pub(super) fn start(&mut self, port: u32, now: Now, out: &mut impl Outlet) {
        let Some(leg) = self.legs.get_mut(port as usize) else {
            return;
        };
        if leg.due != 0 || !leg.plays() {
            return;
        }
        self.wheel.wake(now.mono);
        let heard = leg.out.due();
        if matches!(leg.hears, Hears::Mix(_)) && leg.digits.is_none() {
            let at = if leg.crosses() { now.mono } else { heard.max(now.mono) };
            self.begin_mix(port, at);
        } else if heard > now.mono {
            leg.due = self.wheel.put(port, heard);
        } else {
            self.serve(port, Wheel::slot(now.mono), now, out);
        }
    }

    /// Sends every packet that is due at `now`, and does what the timers say.
    pub fn tick(&mut self, now: Now, out: &mut impl Outlet) {
        let mut due = std::mem::take(&mut self.due);
        while self.wheel.advance(now.mono, &mut due) {
            for (port, slot) in due.drain(..) {
                if port & REEL != 0 {
                    self.roll(port & !REEL, slot, now, out);
                } else if self.legs.get(port as usize).is_some_and(|l| l.due == slot) {
                    self.serve(port, slot, now, out);
                }
            }
        }
        self.due = due;
        self.fire(now, out);
    }

    fn serve(&mut self, port: u32, slot: u64, now: Now, out: &mut impl Outlet) {
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
    }
    let ptime = leg.ptime();
    let Some(sound) = frame.get_mut(HEADER..HEADER + ptime * 8) else {
        return Step::Rest;
    };
    match sounds.fill(&mut leg.hears, sound) {
        Filled::Silent => Step::Rest,
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

/// Sends the frame's A-law in the leg's codec; lets the time pass where nobody listens.
fn audio(leg: &mut Leg, port: u32, samples: usize, frame: &mut Frame, now: Now, out: &mut impl Outlet) {
    if leg.to.is_none() {
        leg.out.skip(samples as u32, now.mono);
        return;
    }
    let codec = leg.codec();
    let header = leg.out.own(codec.payload_type(), samples as u32, now.mono);
    let payload = HEADER..HEADER + samples;
    if codec == Codec::Pcmu
        && let Some(sound) = frame.get_mut(payload.clone())
    {
        g711::alaw_to_ulaw(sound);
    }
    send(leg, port, &header, payload.end, frame, out);
}

/// Sends the frame up to `end` under this header.
pub fn send(leg: &mut Leg, port: u32, header: &Header, end: usize, frame: &mut Frame, out: &mut impl Outlet) {
    if let (Some(to), Ok(packet)) = (leg.to, header.write_before(frame, &(HEADER..end))) {
        leg.out.packets += 1;
        leg.out.octets += (end - HEADER) as u64;
        out.rtp(port, to, packet);
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
                    frame.get_mut(HEADER..HEADER + 4)?.copy_from_slice(&event.bytes());
                    if leg.to.is_some() {
                        let header = leg.out.event(payload_type, marker, *timestamp);
                        send(leg, port, &header, HEADER + 4, frame, out);
                    }
                }
                _ if now.mono + EVENT_STEP >= *next => digits.current = Sending::Idle,
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
