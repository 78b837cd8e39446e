//! What a test phone says: a tone or a WAV as RTP, a packet each 20 ms, and keys as telephone-events. Pure: time comes in.

use crate::audio::g711::{self, ALAW_SILENCE};
use crate::audio::{PER_MILLI, RATE, tone};
use crate::rtp::{HEADER, Header, telephone_event};
use crate::sdp::{Agreed, PCMU};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

/// Length of a key, ms, and the rest after it.
const KEY: u32 = 120;
const REST: u64 = 100_000;

/// The sound itself.
#[derive(Debug, Clone)]
pub enum Sound {
    /// A steady tone, Hz.
    Tone(f64),
    /// A-law in a circle, with so many samples of silence after it.
    Clip(Arc<[u8]>, usize),
}

/// An outgoing stream.
#[derive(Debug)]
pub struct Voice {
    sound: Sound,
    /// Samples said so far.
    said: usize,
    stream: Option<Stream>,
    keys: VecDeque<char>,
    pressing: Option<Pressing>,
    ssrc: u32,
}

#[derive(Debug, Clone, Copy)]
struct Stream {
    to: SocketAddr,
    payload_type: u8,
    telephone_event: Option<u8>,
    /// µs between packets.
    step: u64,
    due: u64,
    sequence: u16,
    timestamp: u32,
    fresh: bool,
}

#[derive(Debug)]
enum Pressing {
    Event { press: telephone_event::Press, began: u32 },
    InBand { sound: Vec<u8>, at: usize },
    Rest { until: u64 },
}

impl Voice {
    /// A voice that is silent until media is agreed.
    #[must_use]
    pub fn new(sound: Sound, ssrc: u32) -> Self {
        Self { sound, said: 0, stream: None, keys: VecDeque::new(), pressing: None, ssrc }
    }

    /// Keys to press, one after another.
    pub fn press(&mut self, keys: &str) {
        self.keys.extend(keys.chars());
    }

    /// Speaks as agreed from now (µs) on; goes on where it was if it spoke already.
    pub fn agree(&mut self, agreed: &Agreed, now: u64) {
        let before = self.stream.take();
        let Some(to) = agreed.remote_rtp.filter(|_| agreed.direction.sends()) else { return };
        if before.is_none() {
            self.said = 0;
        }
        let step = u64::from(agreed.ptime) * 1000;
        let (sequence, timestamp, due) =
            before.map_or((self.ssrc as u16, self.ssrc.rotate_left(7), now), |s| (s.sequence, s.timestamp, s.due));
        let (payload_type, telephone_event) = (agreed.payload_type, agreed.telephone_event);
        self.stream = Some(Stream { to, payload_type, telephone_event, step, due, sequence, timestamp, fresh: true });
    }

    /// Says nothing more.
    pub fn stop(&mut self) {
        self.stream = None;
        self.keys.clear();
        self.pressing = None;
    }

    /// When [`Voice::poll`] has a packet, µs.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        self.stream.map(|s| s.due)
    }

    /// The packet that is due.
    pub fn poll(&mut self, now: u64) -> Option<(SocketAddr, Vec<u8>)> {
        let mut stream = self.stream.filter(|s| s.due <= now)?;
        // After a pause of this process: what was not said in time is not said in a burst.
        if now - stream.due > 200_000 {
            stream.due = now;
        }
        let samples = (stream.step / 1000) as u32 * PER_MILLI;
        let (payload_type, marker, timestamp, payload) = self.payload(&stream, samples, now);
        let header = Header { marker, payload_type, sequence: stream.sequence, timestamp, ssrc: self.ssrc };
        let mut packet = vec![0; HEADER];
        packet.extend(payload);
        header.write(&mut packet).ok()?;
        stream.sequence = stream.sequence.wrapping_add(1);
        stream.timestamp = stream.timestamp.wrapping_add(samples);
        stream.due += stream.step;
        stream.fresh = payload_type != stream.payload_type;
        self.stream = Some(stream);
        Some((stream.to, packet))
    }

    fn payload(&mut self, stream: &Stream, samples: u32, now: u64) -> (u8, bool, u32, Vec<u8>) {
        self.begin(stream, now);
        if let (Some(Pressing::Event { press, began }), Some(payload_type)) =
            (self.pressing.as_mut(), stream.telephone_event)
        {
            if let Some((marker, event)) = press.next(samples as u16) {
                return (payload_type, marker, *began, event.bytes().to_vec());
            }
            self.pressing = Some(Pressing::Rest { until: now + REST });
        }
        let mut alaw = self.speech(samples as usize);
        if let Some(Pressing::InBand { sound, at }) = &mut self.pressing {
            match sound.get(*at..(*at + alaw.len()).min(sound.len())).filter(|s| !s.is_empty()) {
                Some(part) => {
                    alaw.iter_mut().zip(part).for_each(|(a, b)| *a = *b);
                    *at += part.len();
                }
                None => self.pressing = Some(Pressing::Rest { until: now + REST }),
            }
        }
        if stream.payload_type == PCMU {
            g711::alaw_to_ulaw(&mut alaw);
        }
        (stream.payload_type, stream.fresh, stream.timestamp, alaw)
    }

    /// Begins the next key when none is held.
    fn begin(&mut self, stream: &Stream, now: u64) {
        if matches!(self.pressing, Some(Pressing::Rest { until }) if until <= now) {
            self.pressing = None;
        }
        if self.pressing.is_some() {
            return;
        }
        let Some(key) = self.keys.pop_front() else { return };
        let event = telephone_event::code(key).filter(|_| stream.telephone_event.is_some());
        self.pressing = match event {
            Some(code) => {
                let press = telephone_event::Press::new(code, (KEY * PER_MILLI) as u16);
                Some(Pressing::Event { press, began: stream.timestamp })
            }
            None => tone::key(key.to_ascii_uppercase(), KEY).map(|sound| Pressing::InBand { sound, at: 0 }),
        };
    }

    fn speech(&mut self, samples: usize) -> Vec<u8> {
        let from = self.said;
        self.said += samples;
        match &self.sound {
            Sound::Tone(hertz) => {
                let sine = |i: usize| {
                    let turns = (hertz * i as f64 / f64::from(RATE)).fract();
                    g711::alaw_encode(((turns * std::f64::consts::TAU).sin() * 7_000.0) as i16)
                };
                (from..from + samples).map(sine).collect()
            }
            Sound::Clip(clip, pause) => {
                let round = (clip.len() + pause).max(1);
                (from..from + samples).map(|i| clip.get(i % round).copied().unwrap_or(ALAW_SILENCE)).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::level::dominant_frequency;
    use crate::codec::Codec;
    use crate::rtp::View;
    use crate::rtp::telephone_event::{Presses, TelephoneEvent};
    use crate::sdp::{Direction, PCMA};

    fn agreed(telephone_event: Option<u8>) -> Agreed {
        Agreed {
            codec: Codec::Pcma,
            payload_type: PCMA,
            telephone_event,
            event_clock: 8_000,
            remote_rtp: Some(SocketAddr::from(([127, 0, 0, 1], 20_000))),
            remote_rtcp: None,
            remote_source: None,
            crypto: None,
            ptime: 20,
            direction: Direction::SendRecv,
            remote_direction: Direction::SendRecv,
        }
    }

    fn packets(voice: &mut Voice, millis: u64) -> Vec<(Header, Vec<u8>)> {
        let mut all = Vec::new();
        for now in (0..millis).map(|ms| ms * 1000) {
            while let Some((_, packet)) = voice.poll(now) {
                let view = View::parse(&packet).unwrap();
                all.push((view.header, packet[view.payload].to_vec()));
            }
        }
        all
    }

    #[test]
    fn it_is_silent_until_media_is_agreed_then_a_packet_each_20_ms_without_a_seam() {
        let mut voice = Voice::new(Sound::Tone(1000.0), 0xFFFF_FFF0);
        assert_eq!((voice.deadline(), voice.poll(0)), (None, None));
        voice.agree(&agreed(None), 0);
        let sent = packets(&mut voice, 1000);
        assert_eq!(sent.len(), 50);
        for pair in sent.windows(2) {
            assert_eq!(pair[1].0.sequence, pair[0].0.sequence.wrapping_add(1));
            assert_eq!(pair[1].0.timestamp, pair[0].0.timestamp.wrapping_add(160));
        }
        let heard: Vec<i16> = sent.iter().flat_map(|(_, p)| p).map(|b| g711::alaw_decode(*b)).collect();
        let pitch = dominant_frequency(&heard).unwrap();
        assert!((pitch - 1000.0).abs() <= 1.0, "{pitch}");
    }

    #[test]
    fn keys_are_heard_once_each_as_events() {
        let mut voice = Voice::new(Sound::Tone(1000.0), 1);
        voice.agree(&agreed(Some(101)), 0);
        voice.press("12#");
        let (mut presses, mut keys) = (Presses::default(), String::new());
        for (header, payload) in packets(&mut voice, 1500).iter().filter(|(h, _)| h.payload_type == 101) {
            let event = TelephoneEvent::parse(payload).unwrap();
            keys.extend(presses.hear(header.ssrc, header.timestamp, event).and_then(TelephoneEvent::key));
        }
        assert_eq!(keys, "12#");
    }

    #[test]
    fn without_telephone_event_keys_are_tones() {
        let mut voice = Voice::new(Sound::Clip(vec![ALAW_SILENCE; 8000].into(), 0), 1);
        voice.agree(&agreed(None), 0);
        voice.press("59");
        let (mut detector, mut keys) = (crate::audio::dtmf::Detector::default(), String::new());
        let heard: Vec<i16> =
            packets(&mut voice, 1000).iter().flat_map(|(_, p)| p).map(|b| g711::alaw_decode(*b)).collect();
        detector.feed(heard, |key| keys.push(key));
        assert_eq!(keys, "59");
    }

    #[test]
    fn on_hold_nothing_is_said_and_after_it_the_numbers_go_on() {
        let mut voice = Voice::new(Sound::Tone(500.0), 9);
        voice.agree(&agreed(None), 0);
        assert!(voice.poll(0).is_some());
        voice.agree(&Agreed { remote_rtp: None, ..agreed(None) }, 0);
        assert_eq!(voice.poll(1_000_000), None);
    }
}
