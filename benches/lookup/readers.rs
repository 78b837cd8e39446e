//! Threads that look numbers up, timed: in a chain for the cost of one, each alone for the tail.

use std::hint::black_box;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;
use switchboard::dialplan::Digits;

/// Look-ups of one chain; its mean is one sample.
const CHAIN: usize = 1 << 13;
const CHAINS: usize = 40;
/// Look-ups that are timed alone, in one round of one thread.
const SINGLES: usize = 300_000;
const ROUNDS: usize = 5;

/// Prints how everything is measured.
pub fn explain() {
    println!(
        "look-ups from packed digits; {}:1 of them find something; probes in random order, over 2^20 numbers\n\
         ns    median of {CHAINS} chains of {CHAIN} look-ups; each waits for the result of the one before, so that misses\n\
         \x20     do not hide behind each other; the same chain without a look-up is measured in the same run and taken off\n\
         p…    each of {SINGLES} look-ups timed alone, {ROUNDS} rounds, the median round; the clock's own cost (median of two\n\
         \x20     readings with nothing between them, same run, same thread) is taken off: here {} ns; the clock's own\n\
         \x20     tail is in the figures: here p99.9 {} ns, p99.99 {} ns more than its median\n\
         the machine: {} cores for these threads and for everything else on it; compare figures of one run only",
        7,
        own().median,
        own().p999,
        own().p9999,
        std::thread::available_parallelism().map_or(0, usize::from),
    );
}

/// What the clock itself costs, and its tail beyond that.
fn own() -> Tail {
    static OWN: std::sync::OnceLock<Tail> = std::sync::OnceLock::new();
    *OWN.get_or_init(|| {
        let probes = vec![Digits::EMPTY; 1 << 10];
        let all = singles(&probes, 0, &|_| 0);
        let raw = percentiles(all, 0);
        Tail { median: raw.median, p999: raw.p999 - raw.median, p9999: raw.p9999 - raw.median }
    })
}

/// Percentiles of single look-ups, ns.
#[derive(Debug, Clone, Copy)]
pub struct Tail {
    pub median: u64,
    pub p999: u64,
    pub p9999: u64,
}

/// What one set-up cost.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    /// One look-up in a chain, ns.
    pub chained: f64,
    pub tail: Tail,
    /// Times that the writer swapped meanwhile.
    pub swaps: usize,
}

/// One whole replacement of what is being read.
pub type Write<'w> = &'w (dyn Fn() + Sync);

/// Runs `threads` readers with, or without, a writer that replaces everything as fast as it can.
pub fn measure<F>(probes: &[Digits], threads: usize, writer: Option<Write<'_>>, look_up: F) -> Figures
where
    F: Fn(Digits) -> u32 + Sync,
{
    let rounds = (0..ROUNDS).map(|_| round(probes, threads, writer, &look_up)).collect::<Vec<_>>();
    let middle = |value: &dyn Fn(&Figures) -> f64| {
        let mut all: Vec<f64> = rounds.iter().map(value).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    let tail = Tail {
        median: middle(&|f| f.tail.median as f64) as u64,
        p999: middle(&|f| f.tail.p999 as f64) as u64,
        p9999: middle(&|f| f.tail.p9999 as f64) as u64,
    };
    Figures { chained: middle(&|f| f.chained), tail, swaps: rounds.iter().map(|f| f.swaps).sum() }
}

fn round<F>(probes: &[Digits], threads: usize, writer: Option<Write<'_>>, look_up: &F) -> Figures
where
    F: Fn(Digits) -> u32 + Sync,
{
    let (done, swaps, start) = (AtomicBool::new(false), AtomicUsize::new(0), Barrier::new(threads));
    let cost = own().median;
    std::thread::scope(|scope| {
        if let Some(write) = writer {
            let (done, swaps) = (&done, &swaps);
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    write();
                    swaps.fetch_add(1, Ordering::Relaxed);
                }
            });
            // Readers meet a writer that has begun.
            while swaps.load(Ordering::Relaxed) == 0 {
                std::thread::yield_now();
            }
        }
        let readers: Vec<_> = (0..threads)
            .map(|thread| {
                let start = &start;
                scope.spawn(move || {
                    let from = thread * probes.len() / threads;
                    start.wait();
                    let all = chains(probes, from, look_up);
                    let bare = chains(probes, from, &|d: Digits| d.packed() as u32);
                    (all - bare, singles(probes, from, look_up))
                })
            })
            .collect();
        let read: Vec<(f64, Vec<u64>)> = readers.into_iter().map(|r| r.join().unwrap()).collect();
        done.store(true, Ordering::Relaxed);
        let chained = read.iter().map(|(ns, _)| *ns).sum::<f64>() / threads as f64;
        let tail = percentiles(read.into_iter().flat_map(|(_, all)| all).collect(), cost);
        Figures { chained, tail, swaps: swaps.load(Ordering::Relaxed) }
    })
}

/// Median ns of one look-up in chains: where the next number is read depends on what the last one gave.
fn chains(probes: &[Digits], from: usize, look_up: &impl Fn(Digits) -> u32) -> f64 {
    let (mask, none) = (probes.len() - 1, black_box(0usize));
    let (mut at, mut last) = (from, 0u32);
    let mut all: Vec<f64> = (0..CHAINS)
        .map(|_| {
            #[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
            let start = Instant::now();
            for _ in 0..CHAIN {
                at += 1;
                last = look_up(probes[(at + (last as usize & none)) & mask]);
            }
            black_box(last);
            start.elapsed().as_nanos() as f64 / CHAIN as f64
        })
        .collect();
    all.sort_by(f64::total_cmp);
    all[CHAINS / 2]
}

fn singles(probes: &[Digits], from: usize, look_up: &impl Fn(Digits) -> u32) -> Vec<u64> {
    let mask = probes.len() - 1;
    let mut all = Vec::with_capacity(SINGLES);
    for i in 0..SINGLES {
        let number = probes[(from + i) & mask];
        #[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
        let start = Instant::now();
        black_box(look_up(black_box(number)));
        all.push(start.elapsed().as_nanos() as u64);
    }
    all
}

fn percentiles(mut all: Vec<u64>, cost: u64) -> Tail {
    all.sort_unstable();
    let at = |share: f64| all[((all.len() as f64 * share) as usize).min(all.len() - 1)].saturating_sub(cost);
    Tail { median: at(0.5), p999: at(0.999), p9999: at(0.9999) }
}
