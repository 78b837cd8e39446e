//! What media costs, beside its budgets: G.711, the relay with and without sockets, and prompts.
//!
//! CPU is that of the media thread alone, user and system, as the kernel counts it (`schedstat`); the load comes
//! from this thread, on the same cores.

use rustix::event::epoll;
use std::hint::black_box;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use switchboard::audio::g711;
use switchboard::clock::{Clock, Now};
use switchboard::key::{Master, Pair, Suite};
use switchboard::media::{Engine, Handle, Outlet, Settings, spawn};
use switchboard::patch::{Clip, Codec, Command, Epoch, Event, Latch, PlayId, PortId, Remote, Source, Take};
use switchboard::rtp::srtp::{GROWS, Listener, Sender};

pub const EPOCH: Epoch = Epoch(1);
const PACKET: usize = 172;

/// Runs every figure and prints it beside its budget.
pub fn run() {
    println!("media");
    frame();
    engine();
    opus();
    playing();
    floor();
    sealing();
    let bare = relay(100, Duration::from_secs(10), By::Bare);
    let ours = relay(100, Duration::from_secs(10), By::Thread);
    line("… more than bare system calls under the same load", ours / bare, "times", 1.25);
    let sealed = relay(100, Duration::from_secs(10), By::Sealed);
    line("… more with one side encrypted than with none", sealed / ours, "times", 1.67);
    let bare = bare_prompts(1_000);
    let ours = prompts(1_000, 250);
    line("… more than bare sends under the same load", ours / bare, "times", 1.25);
}

#[expect(clippy::disallowed_methods, reason = "a bench measures the machine's time")]
pub fn clock() -> Instant {
    Instant::now()
}

pub fn line(what: &str, value: f64, unit: &str, budget: f64) {
    let verdict = if value <= budget { "within" } else { "OVER" };
    println!("  {what:<58} {value:>9.4} {unit:<18} budget {budget:<7} {verdict}");
}

/// The best of many short rounds, ns a turn: others share the machine.
pub fn best(n: u32, mut turn: impl FnMut(u32)) -> f64 {
    let short = n / 50;
    (0..200)
        .map(|_| {
            let start = clock();
            (0..short).for_each(&mut turn);
            start.elapsed().as_nanos() as f64 / f64::from(short)
        })
        .fold(f64::INFINITY, f64::min)
}

fn frame() {
    let samples: Vec<i16> = (0..160).map(|i| (i * 397 % 30_011) as i16 - 15_000).collect();
    let mut alaw = [0u8; 160];
    let ns = best(200_000, |_| g711::alaw_encode_frame(black_box(&samples), black_box(&mut alaw)));
    line("G.711 A-law encode, 160 samples", ns, "ns/frame", 60.0);
    let mut back = [0i16; 160];
    let ns = best(200_000, |_| g711::alaw_decode_frame(black_box(&alaw), black_box(&mut back)));
    line("G.711 A-law decode, 160 samples", ns, "ns/frame", 60.0);
    let ns = best(200_000, |_| g711::alaw_to_ulaw(black_box(&mut alaw)));
    line("A-law to µ-law by table, 160 samples", ns, "ns/frame", 60.0);
}

/// Takes packets and does nothing.
pub struct Nowhere(pub u64);

impl Outlet for Nowhere {
    fn rtp(&mut self, _: u32, _: SocketAddr, packet: &[u8]) {
        self.0 += u64::from(black_box(packet)[3]);
    }
    fn rtcp(&mut self, _: u32, _: SocketAddr, _: &[u8]) {}
    fn connect(&mut self, _: u32, _: Option<SocketAddr>) {}
    fn tape(&mut self, take: Take) -> bool {
        black_box(take);
        true
    }
}

pub fn remote(rtp: SocketAddr, codec: Codec, telephone_event: Option<u8>) -> Remote {
    Remote {
        rtp: Some(rtp),
        source: Some(rtp),
        rtcp: None,
        codec,
        payload_type: 8,
        telephone_event,
        event_clock: 8_000,
        ptime: 20,
        latch: Latch::Sdp,
        crypto: None,
        receive: true,
    }
}

pub fn id(index: u32) -> PortId {
    PortId { thread: 0, index }
}

pub fn open(port: PortId, epoch: Epoch) -> Command {
    Command::Open { port, epoch, ssrc: 7 + port.index, sequence: 1, timestamp: 1 }
}

/// An RTP packet of A-law by hand: the bench does not measure its own making.
pub fn packet(sequence: u16, timestamp: u32, ssrc: u32) -> [u8; PACKET] {
    let mut bytes = [0xD5; PACKET];
    bytes[..2].copy_from_slice(&[0x80, 8]);
    bytes[2..4].copy_from_slice(&sequence.to_be_bytes());
    bytes[4..8].copy_from_slice(&timestamp.to_be_bytes());
    bytes[8..12].copy_from_slice(&ssrc.to_be_bytes());
    bytes
}

fn engine() {
    let cases = [
        ("relay in the engine, same codec", Codec::Pcma, Some(101), 150.0),
        ("relay in the engine, A-law to µ-law", Codec::Pcmu, Some(101), 250.0),
        ("relay in the engine, in-band digits listened for", Codec::Pcma, None, 3_000.0),
    ];
    for (what, codec, telephone_event, budget) in cases {
        let (mut engine, mut out) = (Engine::new(0, 1), Nowhere(0));
        let mut now = Now { mono: 1_000_000, wall: 1_600_000_000_000_000 };
        let pairs = 500u32;
        let from = |i: u32| SocketAddr::from(([10, 0, (i >> 8) as u8, i as u8], 4_000));
        for i in 0..2 * pairs {
            engine.grow();
            let agreed = if i % 2 == 0 { telephone_event } else { Some(101) };
            let codec = if i % 2 == 0 { Codec::Pcma } else { codec };
            for command in [
                open(id(i), EPOCH),
                Command::Remote { port: id(i), epoch: EPOCH, remote: remote(from(i), codec, agreed) },
            ] {
                engine.handle(command, now, &mut out);
            }
        }
        for i in 0..2 * pairs {
            let source = Source::Port(id(i ^ 1), EPOCH);
            engine.handle(Command::Hear { port: id(i), epoch: EPOCH, source }, now, &mut out);
        }
        let mut n = 0u32;
        let ns = best(200_000, |_| {
            let leg = (n % pairs) * 2;
            let turn = n / pairs;
            n += 1;
            if leg == 0 {
                now = now.plus(20_000);
            }
            let mut datagram = packet(turn as u16, turn.wrapping_mul(160), leg);
            engine.on_rtp(leg, from(leg), &mut datagram, now, &mut out);
        });
        black_box(out.0);
        line(what, ns, "ns/packet", budget);
    }
}

/// Keeps the last packet.
#[derive(Default)]
struct Kept(Vec<u8>);

impl Outlet for Kept {
    fn rtp(&mut self, _: u32, _: SocketAddr, packet: &[u8]) {
        packet.clone_into(&mut self.0);
    }
    fn rtcp(&mut self, _: u32, _: SocketAddr, _: &[u8]) {}
    fn connect(&mut self, _: u32, _: Option<SocketAddr>) {}
}

/// A phone in A-law and a page in Opus: both ways.
fn opus() {
    let (mut engine, mut out) = (Engine::new(0, 1), Kept::default());
    let mut now = Now { mono: 1_000_000, wall: 1_600_000_000_000_000 };
    let from = |i: u32| SocketAddr::from(([10, 0, 0, i as u8 + 1], 4_000));
    for i in 0..2 {
        engine.grow();
        let mut agreed = remote(from(i), if i == 0 { Codec::Pcma } else { Codec::Opus }, Some(101));
        agreed.payload_type = if i == 0 { 8 } else { 111 };
        engine.handle(open(id(i), EPOCH), now, &mut out);
        engine.handle(Command::Remote { port: id(i), epoch: EPOCH, remote: agreed }, now, &mut out);
    }
    for i in 0..2 {
        let source = Source::Port(id(i ^ 1), EPOCH);
        engine.handle(Command::Hear { port: id(i), epoch: EPOCH, source }, now, &mut out);
    }
    let voice: Vec<u8> = (0..8_000).map(|i| g711::alaw_encode(((i * 397) % 9_001 - 4_500) as i16)).collect();
    let mut n = 0u32;
    let ns = best(2_000, |_| {
        now = now.plus(20_000);
        let mut datagram = packet(n as u16, n.wrapping_mul(160), 1);
        let at = (n as usize * 160) % 7_840;
        datagram[12..].copy_from_slice(&voice[at..at + 160]);
        n += 1;
        engine.on_rtp(0, from(0), &mut datagram, now, &mut out);
    });
    line("A-law made Opus in the engine, 20 ms", ns / 1_000.0, "µs/packet", 200.0);
    let said = out.0.clone();
    let mut n = 0u32;
    let ns = best(2_000, |_| {
        now = now.plus(20_000);
        let mut datagram = said.clone();
        datagram[1] = 111;
        datagram[2..4].copy_from_slice(&(n as u16).to_be_bytes());
        datagram[4..8].copy_from_slice(&n.wrapping_mul(960).to_be_bytes());
        n += 1;
        engine.on_rtp(1, from(1), &mut datagram, now, &mut out);
    });
    line("Opus made A-law in the engine, 20 ms", ns / 1_000.0, "µs/packet", 50.0);
}

fn playing() {
    let (mut engine, mut out) = (Engine::new(0, 1), Nowhere(0));
    let mut now = Now { mono: 1_000_000, wall: 1_600_000_000_000_000 };
    let clip = Clip { name: "bench".into(), alaw: vec![0x55; 16_000].into() };
    let clips: Arc<[Clip]> = [clip].into();
    let legs = 500;
    for i in 0..legs {
        engine.grow();
        let agreed = remote(SocketAddr::from(([10, 0, 0, 1], 4_000)), Codec::Pcma, Some(101));
        let source = Source::Play { play: PlayId(i), clips: clips.clone(), repeat: true };
        engine.handle(open(id(i), EPOCH), now, &mut out);
        engine.handle(Command::Remote { port: id(i), epoch: EPOCH, remote: agreed }, now, &mut out);
        engine.handle(Command::Hear { port: id(i), epoch: EPOCH, source }, now, &mut out);
        now = now.plus(40);
    }
    let ns = best(5_000, |_| {
        now = now.plus(20_000);
        engine.tick(now, &mut out);
        while engine.poll().is_some() {}
    });
    line("prompt in the engine", ns / f64::from(legs), "ns/packet", 150.0);
}

/// CPU of the media threads so far, in seconds.
pub fn cpu() -> f64 {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let nanos: f64 = tasks
        .filter(|t| std::fs::read_to_string(t.path().join("comm")).is_ok_and(|c| c.starts_with("media-")))
        .filter_map(|t| std::fs::read_to_string(t.path().join("schedstat")).ok())
        .filter_map(|s| s.split(' ').next()?.parse::<f64>().ok())
        .sum();
    nanos / 1e9
}

pub fn start(ports: std::ops::RangeInclusive<u16>, chunk: u16) -> (Handle, Receiver<Event>, Vec<(PortId, SocketAddr)>) {
    let (tell, events) = channel();
    let settings = Settings { ports, chunk, ..Settings::new([127, 0, 0, 1].into()) };
    let tell = Arc::new(move |event| {
        let _ = tell.send(event);
    });
    let handle = spawn(&settings, Clock::system(), tell).expect("loopback has free ports");
    let Ok(Event::Ready { ports }) = events.recv() else { unreachable!("the first event is Ready") };
    (handle, events, ports)
}

pub fn phone() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    socket.set_nonblocking(true).expect("nonblocking");
    socket
}

pub fn give(handle: &Handle, command: Command) {
    handle.send(command).expect("the queue has room");
}

/// What the two system calls of a packet cost on this machine at this moment, to judge the figures below by.
pub fn floor() {
    let (a, b) = (phone(), phone());
    a.connect(b.local_addr().expect("bound")).expect("loopback");
    let bytes = packet(1, 1, 1);
    let mut buffer = [0; 2_048];
    let mut round = |n: u32| {
        let start = clock();
        for _ in 0..n {
            black_box(a.send(&bytes).is_ok() && b.recv_from(&mut buffer).is_ok());
        }
        start.elapsed().as_nanos() as f64 / f64::from(n) / 1e3
    };
    let mut rounds: Vec<f64> = (0..200).map(|_| round(200)).collect();
    rounds.sort_by(f64::total_cmp);
    line("floor: connected send + recv_from, best", rounds[0], "µs/packet", 3.25);
    line("floor: the same, median", rounds[100], "µs/packet", 3.25);
}

/// Two system calls a packet and nothing else: epoll, recv, send to the other socket of the pair.
fn bare(pairs: Vec<UdpSocket>, stop: Arc<AtomicBool>) {
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).expect("epoll");
    for (i, socket) in pairs.iter().enumerate() {
        let data = epoll::EventData::new_u64(i as u64);
        epoll::add(&epoll, socket, data, epoll::EventFlags::IN).expect("epoll");
    }
    let mut ready = Vec::with_capacity(256);
    let mut buffer = [0; 2_048];
    let wait = rustix::event::Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
    while !stop.load(Ordering::Relaxed) {
        ready.clear();
        let _ = epoll::wait(&epoll, rustix::buffer::spare_capacity(&mut ready), Some(&wait));
        for event in &ready {
            let i = event.data.u64() as usize;
            if let Ok(n) = pairs[i].recv(&mut buffer) {
                let _ = pairs[i ^ 1].send(&buffer[..n]);
            }
        }
    }
}

/// Who relays.
#[derive(Clone, Copy, PartialEq)]
enum By {
    /// [`bare`] calls.
    Bare,
    /// The media thread.
    Thread,
    /// The same, and the first phone of each call is encrypted.
    Sealed,
}

/// What an encrypted phone seals and opens with; a plain one has none.
type Ends = Option<Box<(Sender, Listener)>>;

/// The agreement of a leg, and the phone's ends of it.
fn keys(suite: Suite) -> (Pair, Sender, Listener) {
    let master = |fill: u8| Master::new(suite, &vec![fill; suite.length()]).expect("as long as the suite says");
    let pair = Pair { ours: master(3), theirs: master(5) };
    (pair, Sender::new(&pair.theirs), Listener::new(&pair.ours))
}

/// SRTP alone, a packet of 20 ms.
fn sealing() {
    for suite in Suite::ALL {
        let maker = || {
            let (_, mut sender, _) = keys(suite);
            let mut turn = 0u32;
            move |room: &mut [u8; PACKET + GROWS]| {
                turn += 1;
                room[..PACKET].copy_from_slice(&packet(turn as u16, turn.wrapping_mul(160), 1));
                sender.protect(room, PACKET).expect("there is room")
            }
        };
        let mut made = maker();
        let mut room = [0; PACKET + GROWS];
        let ns = best(200_000, |_| {
            black_box(made(&mut room));
        });
        line(&format!("{}: seal", suite.name()), ns, "ns/packet", 387.0);
        // From the first packet on, or it would not know how often the numbers went round.
        let (mut made, mut listener) = (maker(), Listener::new(&keys(suite).0.theirs));
        let both = best(200_000, |_| {
            let length = made(&mut room);
            assert!(listener.open(black_box(&mut room[..length])).is_some(), "it was sealed a moment ago");
        });
        line(&format!("{}: open", suite.name()), both - ns, "ns/packet", 301.0);
    }
}

/// Relays calls; µs of CPU for each packet.
fn relay(calls: u16, time: Duration, by: By) -> f64 {
    let phones: Vec<UdpSocket> = (0..usize::from(calls) * 2).map(|_| phone()).collect();
    let mut ends: Vec<Ends> = phones.iter().map(|_| None).collect();
    if by == By::Bare {
        let sockets: Vec<UdpSocket> = phones.iter().map(|_| phone()).collect();
        for (a, b) in phones.iter().zip(&sockets) {
            a.connect(b.local_addr().expect("bound")).expect("loopback");
            b.connect(a.local_addr().expect("bound")).expect("loopback");
        }
        let stop = Arc::new(AtomicBool::new(false));
        let told = stop.clone();
        let thread = std::thread::Builder::new().name("media-bare".into()).spawn(move || bare(sockets, told));
        let cost = load("bare system calls", &phones, &mut ends, time);
        stop.store(true, Ordering::Relaxed);
        let _ = thread.map(std::thread::JoinHandle::join);
        return cost;
    }
    let (handle, _events, ports) = start(46_000..=47_999, calls * 2);
    for (i, (phone, (port, local))) in phones.iter().zip(&ports).enumerate() {
        phone.connect(local).expect("loopback");
        let at = phone.local_addr().expect("bound");
        let mut remote = remote(at, Codec::Pcma, Some(101));
        if by == By::Sealed && i % 2 == 0 {
            let (pair, sender, listener) = keys(Suite::Cm80);
            remote.crypto = Some(switchboard::key::Crypto::Keys(pair));
            ends[i] = Some(Box::new((sender, listener)));
        }
        give(&handle, open(*port, EPOCH));
        give(&handle, Command::Remote { port: *port, epoch: EPOCH, remote });
    }
    for i in 0..phones.len() {
        let source = Source::Port(ports[i ^ 1].0, EPOCH);
        give(&handle, Command::Hear { port: ports[i].0, epoch: EPOCH, source });
    }
    let what = if by == By::Sealed { "one side encrypted" } else { "relayed call over sockets" };
    let cost = load(what, &phones, &mut ends, time);
    handle.stop();
    cost
}

/// Every phone speaks every 20 ms, a twentieth of them in each millisecond.
fn load(what: &str, phones: &[UdpSocket], ends: &mut [Ends], time: Duration) -> f64 {
    std::thread::sleep(Duration::from_millis(200));
    let (before, began) = (cpu(), clock());
    let (mut sent, mut heard, mut late) = (0u64, 0u64, Vec::new());
    let mut buffer = [0; 2_048];
    for step in 0..time.as_millis() as u64 {
        for (i, phone) in phones.iter().enumerate().filter(|(i, _)| *i as u64 % 20 == step % 20) {
            let turn = step / 20;
            let mut bytes = [0; PACKET + GROWS];
            bytes[..PACKET].copy_from_slice(&packet(turn as u16, turn as u32 * 160, i as u32));
            bytes[12..20].copy_from_slice(&(began.elapsed().as_nanos() as u64).to_be_bytes());
            let sealed = ends[i].as_mut().and_then(|ends| ends.0.protect(&mut bytes, PACKET));
            sent += u64::from(phone.send(&bytes[..sealed.unwrap_or(PACKET)]).is_ok());
        }
        std::thread::sleep(Duration::from_millis(step + 1).saturating_sub(began.elapsed()));
        // Those that spoke last millisecond have been answered by now.
        for (i, phone) in phones.iter().enumerate().filter(|(i, _)| (*i as u64 ^ 1) % 20 == step % 20) {
            while let Ok(length) = phone.recv(&mut buffer) {
                if ends[i].as_mut().is_some_and(|ends| ends.1.open(&mut buffer[..length]).is_none()) {
                    continue;
                }
                let at = u64::from_be_bytes(buffer[12..20].try_into().unwrap_or_default());
                late.push(began.elapsed().as_nanos() as u64 - at);
                heard += 1;
            }
        }
    }
    let took = began.elapsed().as_secs_f64();
    let used = cpu() - before;
    late.sort_unstable();
    let at = |n: usize| late.get(late.len() * n / 100).copied().unwrap_or(0) as f64 / 1e6;
    let calls = phones.len() / 2;
    println!(
        "  {what}: {calls} calls for {took:.1} s, {sent} packets sent, {heard} heard; through in {:.2} ms (50 %)",
        at(50)
    );
    let budget = if ends.iter().any(Option::is_some) { 0.050 } else { 0.030 };
    line(&format!("{what}, 6000 packets"), used / sent as f64 * 6_000.0, "CPU-s/call-min", budget);
    line(&format!("{what}, 99 % are through in"), at(99), "ms", 6.0);
    used / sent as f64 * 1e6
}

/// As many packets as `calls` prompts of 2 s, 125 every 5 ms, each from another socket: sends and nothing else.
fn bare_prompts(calls: u32) -> f64 {
    let pairs: Vec<(UdpSocket, UdpSocket)> = (0..calls).map(|_| (phone(), phone())).collect();
    for (ours, theirs) in &pairs {
        ours.connect(theirs.local_addr().expect("bound")).expect("loopback");
    }
    let (ours, theirs): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
    let before = cpu();
    let (ends, used) = channel();
    let thread = std::thread::Builder::new().name("media-bare".into()).spawn(move || {
        let bytes = packet(1, 1, 1);
        let mut all = ours.iter().cycle();
        for _ in 0..calls * 100 / 125 {
            all.by_ref().take(125).for_each(|socket| drop(socket.send(&bytes)));
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = ends.send(cpu());
    });
    let mut buffer = [0; 2_048];
    let after = loop {
        if let Ok(after) = used.try_recv() {
            break after;
        }
        std::thread::sleep(Duration::from_millis(4));
        for phone in &theirs {
            while phone.recv(&mut buffer).is_ok() {}
        }
    };
    let _ = thread.map(std::thread::JoinHandle::join);
    line("bare sends of the same packets", (after - before) / f64::from(calls) * 1_000.0, "CPU-s/1000 calls", 0.4);
    after - before
}

fn prompts(calls: u32, per_second: u32) -> f64 {
    let (handle, events, ports) = start(48_000..=51_999, 1_200);
    let phones: Vec<UdpSocket> = ports.iter().map(|_| phone()).collect();
    let clip = Clip { name: "bench".into(), alaw: vec![0x55; 16_000].into() };
    let clips: Arc<[Clip]> = [clip].into();
    let (before, began) = (cpu(), clock());
    let (mut done, mut started, mut heard) = (0, 0u32, 0u64);
    let mut buffer = [0; 2_048];
    while done < calls && began.elapsed() < Duration::from_secs(60) {
        let due = (began.elapsed().as_secs_f64() * f64::from(per_second)) as u32;
        while started < due.min(calls) {
            let (port, _) = ports[started as usize % ports.len()];
            let at = phones[started as usize % ports.len()].local_addr().expect("bound");
            let play = Source::Play { play: PlayId(started), clips: clips.clone(), repeat: false };
            give(&handle, open(port, EPOCH));
            give(&handle, Command::Remote { port, epoch: EPOCH, remote: remote(at, Codec::Pcma, Some(101)) });
            give(&handle, Command::Hear { port, epoch: EPOCH, source: play });
            started += 1;
        }
        while let Ok(event) = events.try_recv() {
            match event {
                Event::PlayFinished { port, epoch, .. } => give(&handle, Command::Close { port, epoch }),
                Event::Closed { .. } => done += 1,
                Event::Ready { .. }
                | Event::Digit { .. }
                | Event::Silent { .. }
                | Event::Recording { .. }
                | Event::Packet { .. } => {}
            }
        }
        std::thread::sleep(Duration::from_millis(4));
        for phone in &phones {
            while phone.recv(&mut buffer).is_ok() {
                heard += 1;
            }
        }
    }
    let used = cpu() - before;
    handle.stop();
    println!("  {calls} prompts of 2 s, {per_second} begun a second: {heard} packets heard of {}", calls * 100);
    line("prompt leg, 100 packets", used / f64::from(calls) * 1_000.0, "CPU-s/1000 calls", 0.4);
    used
}
