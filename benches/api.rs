//! Readers of the live calls beside calls that are set up: what 5,000 `GET /calls` a second at 500 live calls cost the callers.
//!
//! Budget: the set-up time that 99 of 100 calls keep is at most 1.5 × that of a quiet API. Readers, callers and the daemon share this
//! machine's processors; the readers stand back, as they would on machines of their own, and still take their part of the caches and
//! of the kernel's time.

use crate::idle::threads;
use crate::load::{API, Lab, TOKEN, Wish, measured, now, percentile};
use crate::{line, no_figure};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Requests a second, and connections that share them.
const RATE: u64 = 5_000;
const CLIENTS: u64 = 16;

/// 500 live calls, once they have begun: 250 a second that last two seconds.
const CALLS: Wish = Wish { number: "12366", calls: 3_000, rate: 250.0, talk: Duration::from_millis(2_000), rtp: false };

/// What the readers have got.
#[derive(Default)]
struct Seen {
    answers: AtomicU64,
    bytes: AtomicU64,
    stop: AtomicBool,
}

/// Asks by the clock until it is told to stop; a connection that the other side has ended is made again.
fn reads(seen: &Seen) {
    // Not to be had: then they are in the way a little more.
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), 10);
    let asked = format!("GET /api/v1/calls HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n\r\n");
    let begun = now();
    let mut due = 0u32;
    let mut body = Vec::new();
    while !seen.stop.load(Ordering::Relaxed) {
        let Ok(stream) = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], API))) else { return };
        let _ = stream.set_nodelay(true);
        let mut reader = BufReader::with_capacity(1 << 18, stream);
        while !seen.stop.load(Ordering::Relaxed) {
            let at = Duration::from_micros(1_000_000 * CLIENTS / RATE) * due;
            due += 1;
            std::thread::sleep(at.saturating_sub(begun.elapsed()));
            if reader.get_mut().write_all(asked.as_bytes()).is_err() {
                break;
            }
            let Some((length, closes)) = head(&mut reader) else { break };
            body.resize(length, 0);
            if reader.read_exact(&mut body).is_err() {
                break;
            }
            seen.answers.fetch_add(1, Ordering::Relaxed);
            seen.bytes.fetch_add(length as u64, Ordering::Relaxed);
            if closes {
                break;
            }
        }
    }
}

/// Length of an answer that is well, and whether the connection ends with it.
fn head(reader: &mut BufReader<TcpStream>) -> Option<(usize, bool)> {
    let (mut length, mut closes, mut text) = (None, false, String::new());
    loop {
        text.clear();
        if reader.read_line(&mut text).ok()? == 0 {
            return None;
        }
        let lower = text.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length: ") {
            length = value.trim().parse().ok();
        }
        closes |= lower.starts_with("connection: close");
        if text == "\r\n" {
            return Some((length?, closes));
        }
    }
}

pub fn run() {
    let lab = Lab::start("never");
    let quiet = [21, 22].map(|id| p99(&lab, id));
    let seen = Arc::new(Seen::default());
    let readers: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let seen = Arc::clone(&seen);
            std::thread::spawn(move || reads(&seen))
        })
        .collect();
    let begun = now();
    let busy = p99(&lab, 23);
    let took = begun.elapsed().as_secs_f64();
    seen.stop.store(true, Ordering::Relaxed);
    readers.into_iter().for_each(|reader| drop(reader.join()));
    let (answers, bytes) = (seen.answers.load(Ordering::Relaxed), seen.bytes.load(Ordering::Relaxed));
    let [Some(first), Some(second)] = quiet else { return no_figure("setup p99 beside readers", "no quiet call") };
    line("setup p99, 500 live calls, nobody reads", first.min(second), "ms", None);
    line("setup p99, the same again", first.max(second), "ms", None);
    let Some(busy) = busy else { return no_figure("setup p99 beside readers", "no call was answered") };
    line("GET /calls answered, a second", answers as f64 / took, "of 5000 asked", None);
    line("bytes of one list", bytes as f64 / answers.max(1) as f64 / 1024.0, "KiB", None);
    line("setup p99, 500 live calls, 16 readers", busy, "ms", None);
    line("setup p99 beside readers, times that of a quiet API", busy * 2.0 / (first + second), "×", Some(1.5));
}

fn p99(lab: &Lab, id: u32) -> Option<f64> {
    let (pid, before) = (lab.at().0, threads(lab.at().0));
    let (mut r, cpu) = measured(lab, CALLS, id);
    let of = |name: &str| threads(pid).get(name).copied().unwrap_or(0.0) - before.get(name).copied().unwrap_or(0.0);
    let signalling = of("switchboard");
    println!(
        "  {} calls at 250 cps: {} answered, {} failed; {cpu:.2} CPU-s, of them {signalling:.2} by the signalling thread",
        CALLS.calls, r.answered, r.failed
    );
    (r.answered > 0).then(|| percentile(&mut r.setup_us, 0.99))
}
