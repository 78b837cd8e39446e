//! The buffer under every kind of network, in virtual time. A sample says where it belongs: its byte is made of its
//! timestamp, so a frame that is played shows whether it is whole and in order.

use super::*;

const MS: u64 = 1_000;
const SILENT: u8 = 0xD5;

/// The byte at a timestamp; never the silent one.
fn byte(timestamp: u32) -> u8 {
    let b = (timestamp % 251) as u8;
    if b == SILENT { 251 } else { b }
}

fn header(sequence: u16, timestamp: u32) -> Header {
    Header { marker: false, payload_type: 8, sequence, timestamp, ssrc: 7 }
}

struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % n.max(1)
    }
}

/// What came of a stream.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    /// Frames played, of which with not one sample missing, and jumps.
    frames: u32,
    whole: u32,
    jumps: u32,
    late: u64,
    /// Depth at the end, ms, and the greatest and the mean time between sending and playing, ms.
    depth: u32,
    greatest: u64,
    mean: u64,
}

/// A network and a sender.
#[derive(Clone, Copy)]
struct Way {
    ptime: u64,
    /// Delay beyond the quickest, evenly spread, ms.
    jitter: u64,
    /// Of a hundred packets lost.
    loss: u64,
    /// Of a hundred packets sent twice.
    double: u64,
    /// The sender's clock, parts in a million too fast.
    drift: i64,
    seconds: u64,
}

const CLEAN: Way = Way { ptime: 20, jitter: 0, loss: 0, double: 0, drift: 0, seconds: 60 };

/// Sends over a way and takes every 20 ms; every sample that is played must be the right one, in order.
fn run(way: Way, seed: u64) -> Outcome {
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let samples = way.ptime * 8;
    let step = |n: u64| (n * way.ptime * MS) as i64 * (1_000_000 - way.drift) / 1_000_000;
    let mut arrivals = Vec::new();
    for n in 0..way.seconds * 1_000 / way.ptime {
        let timestamp = ((n * samples) as u32).wrapping_add(u32::MAX - 40_000);
        let at = 1_000_000 + step(n) as u64 + random.below(way.jitter * MS + 1);
        if random.below(100) >= way.loss {
            arrivals.push((at, n, timestamp));
        }
        if random.below(100) < way.double {
            arrivals.push((at + random.below(30 * MS), n, timestamp));
        }
    }
    arrivals.sort_unstable();
    let mut jitter = Jitter::new(SILENT, 0);
    let mut outcome = Outcome::default();
    let (mut i, mut sum, mut counted, mut last) = (0, 0, 0, None::<u32>);
    for tick in 0..way.seconds * 50 {
        let now = 1_007_000 + tick * 20 * MS;
        while let Some((at, n, timestamp)) = arrivals.get(i).copied().filter(|a| a.0 <= now) {
            let payload: Vec<u8> = (0..samples as u32).map(|k| byte(timestamp.wrapping_add(k))).collect();
            jitter.put(&header((n as u16).wrapping_add(60_000), timestamp), &payload, at);
            i += 1;
        }
        let mut out = [SILENT; FRAME];
        let taken = jitter.take(&mut out, now);
        outcome.frames += 1;
        outcome.whole += u32::from(taken.whole());
        outcome.jumps += u32::from(taken.jumped);
        let mut at = 0;
        for (length, there) in taken.runs() {
            for k in (at..at + length).filter(|k| there && out[*k] != SILENT) {
                let timestamp = taken.timestamp.wrapping_add(k as u32);
                assert_eq!(out[k], byte(timestamp), "seed {seed}, frame {tick}");
                assert!(last.is_none_or(|l| timestamp.wrapping_sub(l).cast_signed() > 0), "seed {seed}: time ran back");
                last = Some(timestamp);
            }
            at += length;
        }
        assert_eq!(at, FRAME);
        if taken.whole() && tick > 100 {
            let n = u64::from(taken.timestamp.wrapping_sub(u32::MAX - 40_000)) / 8;
            let sent = 1_000_000 + (n as i64 * MS as i64 * (1_000_000 - way.drift) / 1_000_000) as u64;
            let under_way = (now - sent) / MS;
            outcome.greatest = outcome.greatest.max(under_way);
            (sum, counted) = (sum + under_way, counted + 1);
        }
    }
    outcome.depth = jitter.depth() / 8;
    outcome.late = jitter.late;
    outcome.mean = sum / counted.max(1);
    outcome
}

#[test]
fn every_way_in_one_table() {
    // What, the way, the least share of whole frames (of 1000), the greatest depth and mean delay (ms).
    let table = [
        ("clean", CLEAN, 998, 25, 26),
        ("10 ms packets", Way { ptime: 10, ..CLEAN }, 998, 25, 26),
        ("30 ms packets", Way { ptime: 30, ..CLEAN }, 998, 25, 26),
        ("60 ms packets", Way { ptime: 60, ..CLEAN }, 997, 25, 26),
        ("jitter 10 ms", Way { jitter: 10, ..CLEAN }, 990, 30, 40),
        ("jitter 40 ms", Way { jitter: 40, ..CLEAN }, 970, 60, 70),
        ("jitter 90 ms", Way { jitter: 90, ..CLEAN }, 950, 110, 120),
        ("jitter 40 ms, 10 ms packets: all in disorder", Way { jitter: 40, ptime: 10, ..CLEAN }, 960, 60, 70),
        ("loss 5 %", Way { loss: 5, ..CLEAN }, 890, 25, 26),
        ("loss 5 %, jitter 40 ms, doubles", Way { loss: 5, jitter: 40, double: 10, ..CLEAN }, 870, 70, 80),
        ("clock 100 ppm fast", Way { drift: 100, seconds: 600, ..CLEAN }, 990, 25, 40),
        ("clock 100 ppm slow", Way { drift: -100, seconds: 600, ..CLEAN }, 990, 25, 40),
    ];
    for (what, way, whole, depth, mean) in table {
        for seed in 1..=3 {
            let outcome = run(way, seed);
            let share = outcome.whole * 1_000 / outcome.frames;
            let kept = share >= whole && outcome.depth <= depth && outcome.mean <= mean;
            assert!(kept, "{what}, seed {seed}: {share} of 1000 whole, {outcome:?}");
        }
    }
}

#[test]
fn an_hour_of_a_clock_100_ppm_off_is_never_heard_to_pile_up_or_run_dry() {
    for drift in [-100, 100] {
        let outcome = run(Way { drift, jitter: 15, seconds: 3_600, ..CLEAN }, 5);
        // 360 ms in all: some 36 corrections of 10 ms, or half as many of 20.
        assert!(outcome.greatest <= 80 && outcome.whole > outcome.frames * 99 / 100, "{drift}: {outcome:?}");
        assert!(outcome.jumps <= 120, "{drift}: {outcome:?}");
    }
}

/// Puts frame `n` of 20 ms (timestamp `n * 160`) at `at`.
fn put(jitter: &mut Jitter, sequence: u16, n: u32, at: u64) -> Put {
    let payload: Vec<u8> = (0..160).map(|k| byte(n * 160 + k)).collect();
    jitter.put(&header(sequence, n * 160), &payload, at)
}

fn take(jitter: &mut Jitter, at: u64) -> (Taken, [u8; FRAME]) {
    let mut out = [SILENT; FRAME];
    let taken = jitter.take(&mut out, at);
    let mut from = 0;
    for (length, there) in taken.runs() {
        if !there {
            out[from..from + length].fill(SILENT);
        }
        from += length;
    }
    (taken, out)
}

#[test]
fn disorder_is_put_right_doubles_and_the_late_are_left_out() {
    let mut jitter = Jitter::new(SILENT, 0);
    assert_eq!(put(&mut jitter, 1, 1, 0), Put::Begins);
    assert_eq!(put(&mut jitter, 3, 3, 10 * MS), Put::Taken);
    assert_eq!(put(&mut jitter, 2, 2, 11 * MS), Put::Taken);
    assert_eq!(put(&mut jitter, 2, 2, 12 * MS), Put::Double);
    let mut played = Vec::new();
    for tick in 1..=5u64 {
        played.extend(take(&mut jitter, tick * 20 * MS).1);
    }
    played.retain(|b| *b != SILENT);
    assert_eq!(played, (160..640).map(byte).collect::<Vec<_>>());
    assert_eq!(put(&mut jitter, 3, 3, 90 * MS), Put::Late);
}

#[test]
fn silence_on_purpose_is_not_loss_and_loss_is_not_silence() {
    // The sender is silent for a second: the numbers follow each other, the time does not.
    for lost in [false, true] {
        let mut jitter = Jitter::new(SILENT, 0);
        let mut missing = 0;
        for n in 0..14u16 {
            // Frame 10 never comes; the next packet, 19 ms early, says why by its number.
            let sequence = if lost || n < 10 { n } else { n - 1 };
            let early = if n == 11 { 19 } else { 0 };
            if n != 10 {
                put(&mut jitter, sequence, u32::from(n), (u64::from(n) * 20 - early) * MS);
            }
            let (taken, _) = take(&mut jitter, u64::from(n) * 20 * MS + 1);
            missing += taken.runs().filter(|r| !r.1).map(|r| r.0).sum::<usize>();
        }
        assert_eq!(missing > 100, lost, "{missing}");
    }
    let mut jitter = Jitter::new(SILENT, 0);
    put(&mut jitter, 1, 0, 0);
    let silent = (1..20u64).map(|tick| take(&mut jitter, tick * 20 * MS).0.silent).collect::<Vec<_>>();
    assert_eq!(silent.iter().filter(|s| !**s).count(), 5, "a frame, its passing, and 60 ms to conceal: {silent:?}");
    // After the pause the talkspurt is whole and no deeper than it must be.
    put(&mut jitter, 2, 50, 1_000 * MS);
    let mut played: Vec<u8> = (50..54u64).flat_map(|tick| take(&mut jitter, tick * 20 * MS).1).collect();
    played.retain(|b| *b != SILENT);
    assert_eq!(played, (8_000..8_160).map(byte).collect::<Vec<_>>());
}

#[test]
fn another_source_a_new_numbering_and_a_longer_way_are_followed_within_three_packets() {
    let mut jitter = Jitter::new(SILENT, 0);
    let mut clock = 0u64;
    let mut heard = |jitter: &mut Jitter, base: u32, ssrc: u32, delay: u64| {
        let mut whole = 0;
        for n in 0..25u32 {
            let timestamp = base.wrapping_add(n * 160);
            let header = Header { ssrc, ..header((base as u16).wrapping_add(n as u16), timestamp) };
            jitter.put(&header, &[9; 160], clock + delay);
            clock += 20 * MS;
            whole += u32::from(take(jitter, clock + delay).0.whole());
        }
        whole
    };
    for (what, base, ssrc) in
        [("first", 0u32, 1u32), ("SSRC", 4_000, 2), ("jump ahead", 900_000, 2), ("jump back", 500, 2)]
    {
        let whole = heard(&mut jitter, base, ssrc, 0);
        assert!(whole >= 22, "{what}: {whole} of 25");
    }
    // The way becomes 300 ms longer, on and on: three late packets prove it.
    let mut jitter = Jitter::new(SILENT, 0);
    let mut whole = 0;
    for n in 0..100u32 {
        let delay = if n < 50 { 0 } else { 300 * MS };
        put(&mut jitter, n as u16, n, u64::from(n) * 20 * MS + delay);
        let now = (u64::from(n) * 20 + 10) * MS + delay;
        let taken = take(&mut jitter, now).0;
        whole += u32::from(n > 60 && taken.whole());
    }
    assert!(whole >= 37, "{whole} of 39");
}

#[test]
fn depth_grows_with_the_network_and_comes_back_with_it() {
    let mut jitter = Jitter::new(SILENT, 0);
    let mut random = Random(0xBEEF);
    let mut depths = Vec::new();
    let mut arrivals = std::collections::BTreeSet::new();
    for n in 0..6_000u32 {
        let spread = if (1_000..2_000).contains(&n) { 80 } else { 2 };
        arrivals.insert((u64::from(n) * 20 * MS + random.below(spread * MS), n));
        let now = (u64::from(n) * 20 + 3) * MS;
        while let Some((at, n)) = arrivals.first().copied().filter(|a| a.0 <= now) {
            arrivals.pop_first();
            put(&mut jitter, n as u16, n, at);
        }
        take(&mut jitter, now);
        if n % 999 == 998 {
            depths.push(jitter.depth() / 8);
        }
        assert!(jitter.held() <= SIZE);
    }
    assert_eq!(depths[0], 25);
    assert!((80..=110).contains(&depths[1]), "{depths:?}");
    assert_eq!(depths[5], 25, "{depths:?}");
}

#[test]
fn no_numbers_whatever_make_it_panic_or_play_what_never_came() {
    for seed in 1..=300u64 {
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut jitter = Jitter::new(SILENT, random.below(1 << 32) as u32);
        let mut now = 0;
        for n in 0..400u32 {
            let wild = random.below(4) == 0;
            let timestamp = if wild { random.below(1 << 32) as u32 } else { n * 160 };
            let sequence = if wild { random.below(1 << 16) as u16 } else { n as u16 };
            let header =
                Header { ssrc: random.below(2) as u32 / 2 + u32::from(seed % 9 == 0), ..header(sequence, timestamp) };
            let length = random.below(1_500) as usize;
            if random.below(5) == 0 {
                jitter.put_silence(&header, length, now);
            } else {
                jitter.put(&header, &vec![7; length], now);
            }
            now += random.below(40) * MS;
            let mut out = [1; FRAME];
            let taken = jitter.take(&mut out, now);
            assert_eq!(taken.runs().map(|r| r.0).sum::<usize>(), FRAME, "seed {seed}");
            let mut at = 0;
            for (length, there) in taken.runs() {
                assert!(!there || out[at..at + length].iter().all(|b| *b == 7 || *b == SILENT), "seed {seed}");
                at += length;
            }
            assert!(jitter.held() <= SIZE && (200..=960).contains(&jitter.depth()), "seed {seed}");
        }
    }
}
