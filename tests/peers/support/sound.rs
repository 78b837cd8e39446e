//! The sound of one party: an RTP port that says a tone in PCMA and keeps every packet that it hears.

use super::{now, until};
use std::f64::consts::TAU;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use switchboard::audio::{g711, level};
use switchboard::rtp::{HEADER, Header, TelephoneEvent, View};

/// Samples of one packet.
const FRAME: usize = 160;
const PCMA: u8 = 8;

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
    to: Arc<Mutex<Option<SocketAddr>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Line {
    /// Listens on a port of its own at `ip`; says a tone of so many Hz once it is told where to.
    pub fn new(ip: IpAddr, hertz: f64) -> Self {
        let socket = UdpSocket::bind((ip, 0)).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(4))).unwrap();
        let address = socket.local_addr().unwrap();
        let (heard, to, stop) = (Arc::default(), Arc::default(), Arc::new(AtomicBool::new(false)));
        let mouth = Mouth { socket, hertz, sent: 0, heard: Arc::clone(&heard), to: Arc::clone(&to) };
        let halt = Arc::clone(&stop);
        let thread = Some(std::thread::spawn(move || mouth.run(&halt)));
        Self { address, heard, to, stop, thread }
    }

    /// Where what it says goes.
    pub fn speaks_to(&self, to: SocketAddr) {
        *self.to.lock().unwrap() = Some(to);
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
fn share(samples: &[i16], hertz: f64) -> f64 {
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

struct Mouth {
    socket: UdpSocket,
    hertz: f64,
    sent: usize,
    heard: Arc<Mutex<Vec<Packet>>>,
    to: Arc<Mutex<Option<SocketAddr>>>,
}

impl Mouth {
    fn run(mut self, stop: &AtomicBool) {
        let mut next = now();
        let mut datagram = [0; 2_048];
        while !stop.load(Ordering::Relaxed) {
            if let Ok(length) = self.socket.recv(&mut datagram) {
                self.listen(&datagram[..length]);
            }
            if now() >= next {
                next += 20_000;
                self.speak();
            }
        }
    }

    fn listen(&self, datagram: &[u8]) {
        if let Ok(view) = View::parse(datagram) {
            let payload = datagram[view.payload].to_vec();
            self.heard.lock().unwrap().push(Packet { at: now(), header: view.header, payload });
        }
    }

    fn speak(&mut self) {
        let Some(to) = *self.to.lock().unwrap() else { return };
        let mut packet = vec![0; HEADER];
        let header = Header {
            marker: self.sent == 0,
            payload_type: PCMA,
            sequence: self.sent as u16,
            timestamp: (self.sent * FRAME) as u32,
            ssrc: u32::from(self.socket.local_addr().unwrap().port()) << 8,
        };
        header.write(&mut packet).unwrap();
        packet.extend(tone(self.hertz, self.sent * FRAME, FRAME).map(g711::alaw_encode));
        // The other side may be gone already; what is heard is what counts.
        let _ = self.socket.send_to(&packet, to);
        self.sent += 1;
    }
}
