//! The sound of one party: an RTP port that says a tone in PCMA and keeps every packet that it hears.

use super::{now, until};
use std::collections::VecDeque;
use std::f64::consts::TAU;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use switchboard::audio::{g711, level};
use switchboard::rtp::telephone_event::{self, Press};
use switchboard::rtp::{HEADER, Header, TelephoneEvent, View};

/// Samples of one packet.
const FRAME: usize = 160;
const PCMA: u8 = 8;
/// A key is pressed for so many samples: 60 ms.
const PRESSED: u16 = 480;
/// Frames of tone between two keys: 60 ms.
const BETWEEN: u8 = 3;

/// One packet as it was heard.
#[derive(Debug, Clone)]
pub struct Packet {
    /// When, µs monotonic.
    pub at: u64,
    pub header: Header,
    pub payload: Vec<u8>,
}

/// A port that speaks and listens.
#[derive(Debug)]
pub struct Line {
    pub address: SocketAddr,
    heard: Arc<Mutex<Vec<Packet>>>,
    to: Arc<Mutex<Option<Ear>>>,
    /// Keys to be pressed, the first of them while it is being pressed.
    keys: Arc<Mutex<VecDeque<char>>>,
    /// How late it has spoken at worst, µs: the machine's doing, not the exchange's.
    late: Arc<AtomicU64>,
    /// One of so many packets is lost on its way; none if 0.
    lost: Arc<AtomicU64>,
    /// Under which payload type it speaks.
    number: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Where what is said goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ear {
    pub rtp: SocketAddr,
    /// The payload type of telephone events there, if it knows them.
    pub events: Option<u8>,
}

impl Line {
    /// Listens on a port of its own at `ip`; says a tone of so many whole Hz once it is told where to.
    pub fn new(ip: IpAddr, hertz: f64) -> Self {
        let socket = UdpSocket::bind((ip, 0)).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(4))).unwrap();
        let address = socket.local_addr().unwrap();
        let mut line = Self {
            address,
            heard: Arc::default(),
            to: Arc::default(),
            keys: Arc::default(),
            late: Arc::default(),
            lost: Arc::default(),
            number: Arc::new(AtomicU64::new(PCMA.into())),
            stop: Arc::default(),
            thread: None,
        };
        let mouth = Mouth {
            socket,
            hertz,
            sent: 0,
            pressing: None,
            heard: Arc::clone(&line.heard),
            to: Arc::clone(&line.to),
            keys: Arc::clone(&line.keys),
            late: Arc::clone(&line.late),
            lost: Arc::clone(&line.lost),
            number: Arc::clone(&line.number),
        };
        let halt = Arc::clone(&line.stop);
        line.thread = Some(std::thread::spawn(move || mouth.run(&halt)));
        line
    }

    /// From now on one of so many packets that it says is lost on its way.
    pub fn loses_one_of(&self, packets: u64) {
        self.lost.store(packets, Ordering::Relaxed);
    }

    /// What it says goes out under this payload type, as if it were that codec's: what comes of it untouched is known by its bytes.
    pub fn speaks_as(&self, payload_type: u8) {
        self.number.store(payload_type.into(), Ordering::Relaxed);
    }

    /// Where what it says goes.
    pub fn speaks_to(&self, to: Ear) {
        *self.to.lock().unwrap() = Some(to);
    }

    /// Presses these keys, 60 ms each and 60 ms between them, as telephone events in the stream of its tone (RFC 4733 §2.5.1);
    /// returns when the last of them has ended.
    pub fn presses(&self, keys: &str) {
        let ear = self.to.lock().unwrap().expect("it does not speak yet");
        assert!(ear.events.is_some(), "the other side of {} takes no telephone events", self.address);
        assert!(keys.chars().all(|k| telephone_event::code(k).is_some()), "{keys}");
        self.keys.lock().unwrap().extend(keys.chars());
        let pressed = until(10_000, || self.keys.lock().unwrap().is_empty().then_some(()));
        assert!(pressed.is_some(), "{keys} were not pressed");
    }

    /// How late it has spoken at worst, in samples.
    pub fn late(&self) -> usize {
        (self.late.load(Ordering::Relaxed) / 125) as usize
    }

    /// All packets so far.
    pub fn packets(&self) -> Vec<Packet> {
        self.heard.lock().unwrap().clone()
    }

    /// The A-law stream so far, from the first packet on.
    pub fn alaw(&self) -> Vec<u8> {
        audio(&self.packets())
    }

    /// Waits until it has been hearing this tone for a quarter of a second; fails after `millis`.
    pub fn hears(&self, hertz: f64, millis: u64) {
        let found = until(millis, || {
            let recent = self.recent();
            (recent.len() >= 2_000 && is_tone(&recent, hertz)).then_some(())
        });
        if found.is_none() {
            let recent = self.recent();
            let (pitch, loud) = (level::dominant_frequency(&recent), level::rms_dbfs(&recent));
            panic!(
                "{} does not hear {hertz} Hz but {pitch:?} Hz at {loud:.1} dBFS, {} samples",
                self.address,
                recent.len()
            );
        }
    }

    /// Waits until this tone is loud in what it hears, whatever else is.
    pub fn hears_among(&self, hertz: f64, millis: u64) {
        let found = until(millis, || {
            let recent = self.recent();
            (recent.len() >= 2_000 && share(&recent, hertz) > 0.05).then_some(())
        });
        let loud = share(&self.recent(), hertz);
        assert!(found.is_some(), "{} does not hear {hertz} Hz: {loud:.4} of full scale", self.address);
    }

    /// Waits until it hears this tone alone, payload by payload as a [`Line`] says it, for a quarter of a second: nothing was decoded
    /// or mixed on the way.
    pub fn hears_exactly(&self, hertz: f64, millis: u64) {
        let said: Vec<Vec<u8>> = (0..50).map(|n| frame(hertz, n)).collect();
        let exact = || {
            let since = now().saturating_sub(300_000);
            let packets = self.packets();
            let recent: Vec<_> = packets.iter().rev().take_while(|p| p.at >= since).take(12).collect();
            let same = recent.iter().filter(|p| said.contains(&p.payload)).count();
            (recent.len(), same)
        };
        let found = until(millis, || (exact() == (12, 12)).then_some(()));
        let pitch = level::dominant_frequency(&self.recent());
        assert!(found.is_some(), "{} hears {hertz} Hz not exactly: {:?}, {pitch:?} Hz", self.address, exact());
    }

    /// The amplitude of this tone in what came since `from` (µs monotonic), 1 is full scale.
    pub fn share_since(&self, hertz: f64, from: u64) -> f64 {
        let packets: Vec<Packet> = self.packets().into_iter().filter(|p| p.at >= from).collect();
        let samples: Vec<i16> = audio(&packets).into_iter().map(g711::alaw_decode).collect();
        assert!(samples.len() >= 1_600, "{} heard {} samples", self.address, samples.len());
        share(&samples, hertz)
    }

    /// What came in the last quarter of a second.
    pub fn recent(&self) -> Vec<i16> {
        let since = now().saturating_sub(300_000);
        let packets: Vec<Packet> = self.packets().into_iter().filter(|p| p.at >= since).collect();
        let samples: Vec<i16> = audio(&packets).into_iter().map(g711::alaw_decode).collect();
        samples[samples.len().saturating_sub(2_000)..].to_vec()
    }

    /// Telephone events that came under this payload type: key, longest duration, times its end was sent; one for each press.
    pub fn keys(&self, payload_type: u8) -> Vec<(char, u16, usize)> {
        let mut presses: Vec<(u32, char, u16, usize)> = Vec::new();
        for packet in self.packets().iter().filter(|p| p.header.payload_type == payload_type) {
            let event = TelephoneEvent::parse(&packet.payload).expect("a telephone event of four bytes");
            let key = event.key().expect("a key");
            if presses.last().is_none_or(|p| p.0 != packet.header.timestamp) {
                presses.push((packet.header.timestamp, key, 0, 0));
            }
            let press = presses.last_mut().unwrap();
            press.2 = press.2.max(event.duration);
            press.3 += usize::from(event.end);
        }
        presses.into_iter().map(|(_, key, duration, ends)| (key, duration, ends)).collect()
    }

    /// From the first packet to the last: one SSRC, no sequence number left out or doubled, audio timestamps that run on.
    pub fn is_one_stream(&self) {
        let packets = self.packets();
        let first = packets.first().expect("not one packet came");
        for pair in packets.windows(2) {
            let (a, b) = (&pair[0].header, &pair[1].header);
            assert_eq!(b.ssrc, first.header.ssrc, "a second SSRC after sequence number {}", a.sequence);
            assert_eq!(b.sequence, a.sequence.wrapping_add(1), "sequence numbers break");
            let step = b.timestamp.wrapping_sub(a.timestamp);
            assert!(step < 8_000 * 60, "the timestamp goes back after sequence number {}", a.sequence);
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The amplitude of one frequency in the samples, 1 is full scale.
pub fn share(samples: &[i16], hertz: f64) -> f64 {
    let (mut re, mut im) = (0.0, 0.0);
    for (i, sample) in samples.iter().enumerate() {
        let phase = TAU * hertz * i as f64 / 8_000.0;
        re += f64::from(*sample) * phase.cos();
        im += f64::from(*sample) * phase.sin();
    }
    2.0 * re.hypot(im) / samples.len().max(1) as f64 / 32_768.0
}

/// Whether this is a tone of so many Hz, loud enough, and nothing else beside it.
pub fn is_tone(samples: &[i16], hertz: f64) -> bool {
    let loud = level::rms_dbfs(samples) > -30.0;
    loud && level::dominant_frequency(samples).is_some_and(|f| (f - hertz).abs() <= 5.0)
}

/// The A-law audio of these packets.
pub fn audio(packets: &[Packet]) -> Vec<u8> {
    packets.iter().filter(|p| p.header.payload_type == PCMA).flat_map(|p| p.payload.iter().copied()).collect()
}

/// One second and more of a tone as 16-bit samples, about 13 dB below full scale.
pub fn tone(hertz: f64, from: usize, samples: usize) -> impl Iterator<Item = i16> {
    (from..from + samples).map(move |i| ((TAU * hertz * i as f64 / 8_000.0).sin() * 10_000.0) as i16)
}

/// Frame `n` of what a line says. Whole Hz come round in a second.
fn frame(hertz: f64, n: usize) -> Vec<u8> {
    tone(hertz, n % 50 * FRAME, FRAME).map(g711::alaw_encode).collect()
}

struct Mouth {
    socket: UdpSocket,
    hertz: f64,
    /// Packets so far: one each 20 ms, tone or event.
    sent: usize,
    pressing: Option<Pressing>,
    heard: Arc<Mutex<Vec<Packet>>>,
    to: Arc<Mutex<Option<Ear>>>,
    keys: Arc<Mutex<VecDeque<char>>>,
    late: Arc<AtomicU64>,
    lost: Arc<AtomicU64>,
    number: Arc<AtomicU64>,
}

/// A key under way.
struct Pressing {
    press: Press,
    /// When it was pressed: the timestamp of all its packets.
    from: usize,
    /// Frames of tone that follow it before the next key.
    rest: u8,
}

impl Mouth {
    fn run(mut self, stop: &AtomicBool) {
        let mut next = now();
        let mut datagram = [0; 2_048];
        while !stop.load(Ordering::Relaxed) {
            if let Ok(length) = self.socket.recv(&mut datagram) {
                self.listen(&datagram[..length]);
            }
            let late = now().saturating_sub(next);
            if now() >= next {
                next += 20_000;
                if self.speak() {
                    self.late.fetch_max(late, Ordering::Relaxed);
                }
            }
        }
    }

    fn listen(&self, datagram: &[u8]) {
        if let Ok(view) = View::parse(datagram) {
            let payload = datagram[view.payload].to_vec();
            self.heard.lock().unwrap().push(Packet { at: now(), header: view.header, payload });
        }
    }

    fn speak(&mut self) -> bool {
        let Some(to) = *self.to.lock().unwrap() else { return false };
        let (marker, payload_type, from, payload) = match self.key(to) {
            Some((first, from, payload_type, event)) => (first, payload_type, from, event.bytes().to_vec()),
            None => {
                let number = self.number.load(Ordering::Relaxed) as u8;
                (self.sent == 0, number, self.sent, frame(self.hertz, self.sent))
            }
        };
        let mut packet = vec![0; HEADER];
        let header = Header {
            marker,
            payload_type,
            sequence: self.sent as u16,
            timestamp: (from * FRAME) as u32,
            ssrc: u32::from(self.socket.local_addr().unwrap().port()) << 8,
        };
        header.write(&mut packet).unwrap();
        packet.extend(payload);
        let one_of = self.lost.load(Ordering::Relaxed);
        if one_of == 0 || !(self.sent as u64 + 1).is_multiple_of(one_of) {
            // The other side may be gone already; what is heard is what counts.
            let _ = self.socket.send_to(&packet, to.rtp);
        }
        self.sent += 1;
        true
    }

    /// The next packet of the key that is being pressed: marker, the frame it began at, payload type, event.
    fn key(&mut self, to: Ear) -> Option<(bool, usize, u8, TelephoneEvent)> {
        let mut keys = self.keys.lock().unwrap();
        let code = telephone_event::code(*keys.front()?)?;
        let from = self.sent;
        let fresh = || Pressing { press: Press::new(code, PRESSED), from, rest: BETWEEN };
        let pressing = self.pressing.get_or_insert_with(fresh);
        if let Some((first, event)) = pressing.press.next(FRAME as u16) {
            return Some((first, pressing.from, to.events?, event));
        }
        pressing.rest -= 1;
        if pressing.rest == 0 {
            self.pressing = None;
            keys.pop_front();
        }
        None
    }
}
