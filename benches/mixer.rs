//! What a conference costs, beside its budget and the peers' figures: in the engine alone, and over real sockets.
//!
//! CPU is that of the media thread alone, user and system (`schedstat`); the phones are this thread's, on the same cores.
//! Peers, CPU-s per minute of a three-way: Asterisk 23.4 ConfBridge 0.85; rustpbx 0.5 sent silence; Kamailio with
//! rtpengine does not mix. Floor of the system calls: 0.035.

use crate::media::{EPOCH, Nowhere, best, clock, cpu, floor, give, id, line, open, packet, phone, remote, start};
use rustix::event::epoll;
use std::hint::black_box;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use switchboard::audio::conceal::Concealer;
use switchboard::audio::mixer::{FRAME, Gain, Sum};
use switchboard::clock::Now;
use switchboard::media::Engine;
use switchboard::patch::{Codec, Command, PortId, RecordingId, Source, Tape, Voice};
use switchboard::rtp::{Header, Jitter};

/// Runs every figure and prints it beside its budget.
pub fn run() {
    pieces();
    for room in [3, 8, 32] {
        party_frame(room);
    }
    recorded_relay();
    floor();
    // As many phones as in the relay's own bench: what a packet costs depends on how many come at once.
    let relayed = conferences(100, 2, Duration::from_secs(8));
    line("relayed, the same load", relayed.cost, "CPU-s/call-min", 0.030);
    for (rooms, size) in [(66, 3), (25, 8), (6, 32)] {
        room(rooms, size, &relayed);
    }
}

fn pieces() {
    let mut jitter = Jitter::new(0xD5, 0);
    let mut n = 0u32;
    let ns = best(200_000, |_| {
        let header =
            Header { marker: false, payload_type: 8, sequence: n as u16, timestamp: n.wrapping_mul(160), ssrc: 1 };
        jitter.put(&header, &[0x55; 160], u64::from(n) * 20_000);
        black_box(jitter.take(&mut [0; 160], u64::from(n) * 20_000));
        n += 1;
    });
    line("jitter buffer, put and take", ns, "ns/frame", 150.0);
    let mut conceal = Concealer::default();
    let ns = best(20_000, |n| {
        let mut frame = [(n as i16).wrapping_mul(97); FRAME];
        if n % 20 == 0 {
            conceal.missing(&mut frame)
        } else {
            conceal.heard(&mut frame)
        }
        black_box(frame);
    });
    line("concealment, 5 % lost", ns, "ns/frame", 500.0);
    let voice = [1_234; FRAME];
    let ns = best(200_000, |_| {
        let mut sum = Sum::default();
        for _ in 0..31 {
            sum.add(black_box(&voice), Gain::UNITY);
        }
        black_box(sum.frame());
    });
    line("sum of 31 voices", ns, "ns/frame", 1_500.0);
}

/// Everyone hears everyone else.
fn mix(ports: &[PortId], me: usize) -> Source {
    let others = ports.iter().enumerate().filter(|(i, _)| *i != me).map(|(_, port)| Voice::new(*port, EPOCH));
    Source::Mix { voices: others.collect::<Arc<[_]>>(), beside: None }
}

/// Receive, decode, mix, encode, send: everything of one party's 20 ms but the system calls.
fn party_frame(room: u32) {
    let (mut engine, mut out) = (Engine::new(0, 1), Nowhere(0));
    let mut now = Now { mono: 1_000_000, wall: 1_600_000_000_000_000 };
    let rooms = 96 / room;
    let from = |i: u32| SocketAddr::from(([10, 0, (i >> 8) as u8, i as u8], 4_000));
    let ports: Vec<PortId> = (0..rooms * room).map(id).collect();
    for port in &ports {
        engine.grow();
        engine.handle(open(*port, EPOCH), now, &mut out);
        let agreed = remote(from(port.index), Codec::Pcma, Some(101));
        engine.handle(Command::Remote { port: *port, epoch: EPOCH, remote: agreed }, now, &mut out);
    }
    for members in ports.chunks(room as usize) {
        for (me, port) in members.iter().enumerate() {
            let command = Command::Hear { port: *port, epoch: EPOCH, source: mix(members, me) };
            engine.handle(command, now, &mut out);
        }
    }
    let mut turn = 0u32;
    let mut round = |engine: &mut Engine| {
        for port in &ports {
            let mut datagram = packet(turn as u16, turn.wrapping_mul(160), port.index);
            datagram[12..].fill((turn % 251) as u8);
            engine.on_rtp(port.index, from(port.index), &mut datagram, now, &mut out);
        }
        now = now.plus(20_000);
        engine.tick(now, &mut out);
        while engine.poll().is_some() {}
        turn += 1;
    };
    let ns = best(2_500, |_| round(&mut engine)) / f64::from(rooms * room);
    let budget = if room <= 8 { 1_500.0 } else { 3_000.0 };
    line(&format!("a party's 20 ms in a room of {room}, all speaking"), ns, "ns/party-frame", budget);
}

/// What a recording adds to a relayed pair, in the engine.
fn recorded_relay() {
    let (mut engine, mut out) = (Engine::new(0, 1), Nowhere(0));
    let mut now = Now { mono: 1_000_000, wall: 1_600_000_000_000_000 };
    let from = |i: u32| SocketAddr::from(([10, 0, 0, i as u8], 4_000));
    let pairs = 50u32;
    for i in 0..2 * pairs {
        engine.grow();
        engine.handle(open(id(i), EPOCH), now, &mut out);
        let agreed = remote(from(i), Codec::Pcma, Some(101));
        engine.handle(Command::Remote { port: id(i), epoch: EPOCH, remote: agreed }, now, &mut out);
    }
    let record = |engine: &mut Engine, recording, tape, now, out: &mut Nowhere| {
        engine.handle(Command::Record { thread: 0, recording, tape }, now, out);
    };
    for i in 0..2 * pairs {
        let source = Source::Port(id(i ^ 1), EPOCH);
        engine.handle(Command::Hear { port: id(i), epoch: EPOCH, source }, now, &mut out);
        let recording = RecordingId(u64::from(i / 2));
        if i % 2 == 0 {
            record(&mut engine, recording, Tape::Begin { file: "bench".into() }, now, &mut out);
        }
        let tape = Tape::Channel { channel: (i % 2) as u8, port: id(i), epoch: EPOCH };
        record(&mut engine, recording, tape, now, &mut out);
    }
    let mut turn = 0u32;
    let ns = best(2_500, |_| {
        for i in 0..2 * pairs {
            let mut datagram = packet(turn as u16, turn.wrapping_mul(160), i);
            engine.on_rtp(i, from(i), &mut datagram, now, &mut out);
        }
        now = now.plus(20_000);
        engine.tick(now, &mut out);
        turn += 1;
    });
    line("relayed and recorded, a party's 20 ms", ns / f64::from(2 * pairs), "ns/party-frame", 1_000.0);
}

/// What came of a load over sockets.
struct Load {
    /// CPU-s for each minute of a conference.
    cost: f64,
    /// Times a second that the thread went to sleep and was woken.
    wakes: f64,
    /// How long a sound was under way, ms.
    mean: f64,
    p99: f64,
}

/// Measured apart, on the same kind of machine.
const PEERS: &str =
    "peers: Asterisk 23.4 ConfBridge 0.85; rustpbx 0.5 sent silence; Kamailio with rtpengine does not mix";

/// `rooms` rooms of `size`: what they cost us, beside the bare system calls of the same packets.
fn room(rooms: usize, size: usize, relayed: &Load) {
    const LONG: Duration = Duration::from_secs(8);
    let (bare, ours) = (bare_rooms(rooms, size, LONG), conferences(rooms, size, LONG));
    let (what, three) = (format!("room of {size}"), 3.0 / size as f64);
    let each = if size == 3 { "three-way" } else { "for each three of it" };
    line(&format!("{what}, {each}"), ours.cost * three, "CPU-s/conf-min", 0.06);
    if size == 3 {
        println!("    {PEERS}");
    }
    line(&format!("{what}, of that bare system calls"), bare.cost * three, "CPU-s/conf-min", 0.05);
    line(&format!("{what}, more than bare system calls"), ours.cost / bare.cost, "times", 1.25);
    line(&format!("{what}, wake-ups of the thread"), ours.wakes, "a second", 250.0);
    line(&format!("{what}, over relay, mean (25 ms are the buffer's)"), ours.mean - relayed.mean, "ms", 45.0);
    line(&format!("{what}, over relay, 99 %"), ours.p99 - relayed.p99, "ms", 65.0);
}

/// Rooms of phones on the media thread; rooms of two are relayed.
fn conferences(rooms: usize, size: usize, time: Duration) -> Load {
    let phones: Vec<_> = (0..rooms * size).map(|_| phone()).collect();
    let (handle, _events, leased) = start(52_000..=55_999, phones.len() as u16);
    let ports: Vec<PortId> = leased.iter().take(phones.len()).map(|l| l.0).collect();
    for (phone, (port, local)) in phones.iter().zip(&leased) {
        phone.connect(local).expect("loopback");
        let at = phone.local_addr().expect("bound");
        give(&handle, open(*port, EPOCH));
        give(&handle, Command::Remote { port: *port, epoch: EPOCH, remote: remote(at, Codec::Pcma, Some(101)) });
    }
    for members in ports.chunks(size) {
        for (me, port) in members.iter().enumerate() {
            let source = if size == 2 { Source::Port(members[1 - me], EPOCH) } else { mix(members, me) };
            give(&handle, Command::Hear { port: *port, epoch: EPOCH, source });
        }
    }
    let load = speak("media thread", &phones, size, time);
    handle.stop();
    load
}

/// The same packets in and out of as many sockets, in the same rhythm, by system calls and nothing else.
fn bare_rooms(rooms: usize, size: usize, time: Duration) -> Load {
    let phones: Vec<_> = (0..rooms * size).map(|_| phone()).collect();
    let sockets: Vec<_> = phones.iter().map(|_| phone()).collect();
    for (a, b) in phones.iter().zip(&sockets) {
        a.connect(b.local_addr().expect("bound")).expect("loopback");
        b.connect(a.local_addr().expect("bound")).expect("loopback");
    }
    let stop = Arc::new(AtomicBool::new(false));
    let told = stop.clone();
    let thread = std::thread::Builder::new().name("media-bare".into()).spawn(move || bare(&sockets, &told));
    let load = speak("bare system calls", &phones, size, time);
    stop.store(true, Ordering::Relaxed);
    let _ = thread.map(std::thread::JoinHandle::join);
    load
}

/// Every 5 ms what has come is received, every 20 ms something is sent to everyone.
fn bare(sockets: &[UdpSocket], stop: &AtomicBool) {
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).expect("epoll");
    for (i, socket) in sockets.iter().enumerate() {
        let data = epoll::EventData::new_u64(i as u64);
        epoll::add(&epoll, socket, data, epoll::EventFlags::IN).expect("epoll");
    }
    let mut ready = Vec::with_capacity(256);
    let mut buffer = [0; 2_048];
    let (bytes, began) = (packet(1, 1, 1), clock());
    for slot in 1.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        std::thread::sleep(Duration::from_millis(slot * 5).saturating_sub(began.elapsed()));
        loop {
            ready.clear();
            let wait = rustix::event::Timespec::default();
            let n = epoll::wait(&epoll, rustix::buffer::spare_capacity(&mut ready), Some(&wait)).unwrap_or(0);
            if n == 0 {
                break;
            }
            for event in &ready {
                let _ = sockets[event.data.u64() as usize].recv(&mut buffer);
            }
        }
        if slot % 4 == 0 {
            sockets.iter().for_each(|socket| drop(socket.send(&bytes)));
        }
    }
}

/// How often the media threads went to sleep so far.
fn sleeps() -> f64 {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    tasks
        .filter(|t| std::fs::read_to_string(t.path().join("comm")).is_ok_and(|c| c.starts_with("media-")))
        .filter_map(|t| std::fs::read_to_string(t.path().join("status")).ok())
        .filter_map(|s| s.split("\nvoluntary_ctxt_switches:").nth(1)?.split_whitespace().next()?.parse::<f64>().ok())
        .sum()
}

/// All phones speak: a quiet sound, and by turns one of a room a click that all others wait for.
fn speak(what: &str, phones: &[UdpSocket], size: usize, time: Duration) -> Load {
    const CLICK: u8 = 0xAA;
    let rooms = phones.len() / size;
    std::thread::sleep(Duration::from_millis(200));
    let (before, slept, began) = (cpu(), sleeps(), clock());
    // When each phone's room last clicked, and by whom.
    let mut clicked = vec![(Duration::ZERO, usize::MAX); rooms];
    let (mut waited, mut sent, mut heard) = (Vec::new(), 0u64, 0u64);
    let mut buffer = [0; 2_048];
    for step in 0..time.as_millis() as u64 {
        for (i, phone) in phones.iter().enumerate().filter(|(i, _)| (*i as u64 * 7) % 20 == step % 20) {
            let turn = step / 20;
            let mut bytes = packet(turn as u16, turn as u32 * 160, i as u32);
            // A click every half second, each time another's.
            if turn >= 25 && turn.is_multiple_of(25) && (turn / 25) as usize % size == i % size {
                bytes[12..].fill(CLICK);
                clicked[i / size] = (began.elapsed(), i);
            }
            sent += u64::from(phone.send(&bytes).is_ok());
        }
        std::thread::sleep(Duration::from_millis(step + 1).saturating_sub(began.elapsed()));
        for (i, phone) in phones.iter().enumerate() {
            while let Ok(n) = phone.recv(&mut buffer) {
                heard += 1;
                let (at, who) = clicked[i / size];
                let first = buffer[12..n].iter().position(|b| *b == CLICK);
                if let Some(first) = first.filter(|_| who != usize::MAX && who != i) {
                    let way = began.elapsed().saturating_sub(at).as_secs_f64() * 1e3 + first as f64 / 8.0;
                    // The rest of a click that has been heard is in the next packet.
                    if first > 0 || buffer[n - 1] == CLICK {
                        waited.push(way);
                    }
                }
            }
        }
    }
    let used = cpu() - before;
    let seconds = began.elapsed().as_secs_f64();
    let (wakes, minutes) = ((sleeps() - slept) / seconds, seconds / 60.0 * rooms as f64);
    waited.sort_by(f64::total_cmp);
    let mean = waited.iter().sum::<f64>() / waited.len().max(1) as f64;
    let p99 = waited.get(waited.len() * 99 / 100).copied().unwrap_or(f64::NAN);
    println!(
        "  {rooms} rooms of {size}, {what}: {sent} packets sent, {heard} heard; {} clicks heard after {mean:.1} ms, 99 % within {p99:.1}; {:.4} CPU-s a room-minute",
        waited.len(),
        used / minutes
    );
    Load { cost: used / minutes, wakes, mean, p99 }
}
