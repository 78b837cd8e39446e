//! Real threads and sockets on the loopback.

use super::*;
use crate::audio::g711;
use crate::patch::{Clip, Codec, Epoch, Latch, PlayId, Recorded, RecordingId, Remote, Source, Tape, Voice};
use crate::rtp::{HEADER, Header, View};
use std::net::{IpAddr, UdpSocket};
use std::sync::mpsc::channel;
use std::time::Duration;

const EPOCH: Epoch = Epoch(1);

struct Rig {
    handle: Handle,
    events: Receiver<Event>,
    ports: Vec<(PortId, SocketAddr)>,
}

/// Threads on an address of their own, so that no other test is in the way.
fn rig(address: IpAddr, threads: u8, chunk: u16, last: u16) -> Rig {
    let (tell, events) = channel();
    let settings = Settings { ports: 43_000..=last, threads, chunk, ..Settings::new(address) };
    let tell = Arc::new(move |event| drop(tell.send(event)));
    let handle = spawn(&settings, Clock::system(), tell).unwrap();
    let ports = (0..threads).flat_map(|_| match events.recv().unwrap() {
        Event::Ready { ports } => ports,
        other => panic!("{other:?}"),
    });
    Rig { ports: ports.collect(), handle, events }
}

impl Rig {
    fn lease(&self, index: usize, phone: &UdpSocket, latch: Latch) -> PortId {
        let (port, _) = self.ports[index];
        let remote = Remote {
            rtp: Some(phone.local_addr().unwrap()),
            source: None,
            rtcp: None,
            codec: Codec::Pcma,
            payload_type: 8,
            telephone_event: Some(101),
            event_clock: 8_000,
            ptime: 20,
            latch,
            crypto: None,
            receive: true,
        };
        self.handle.send(Command::Open { port, epoch: EPOCH, ssrc: 5, sequence: 9, timestamp: 0 }).unwrap();
        self.handle.send(Command::Remote { port, epoch: EPOCH, remote }).unwrap();
        port
    }

    fn hear(&self, port: PortId, source: Source) {
        self.handle.send(Command::Hear { port, epoch: EPOCH, source }).unwrap();
    }

    fn event(&self) -> Event {
        self.events.recv_timeout(Duration::from_secs(5)).expect("an event in time")
    }
}

fn phone(address: IpAddr) -> UdpSocket {
    // An even port with a free odd one beside it is not needed: reports find nobody, and that must not hurt.
    let socket = UdpSocket::bind((address, 0)).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(1_000))).unwrap();
    socket
}

fn packet(sequence: u16, byte: u8) -> Vec<u8> {
    let mut bytes = vec![byte; HEADER + 160];
    let header = Header { marker: false, payload_type: 8, sequence, timestamp: u32::from(sequence) * 160, ssrc: 3 };
    header.write(&mut bytes).unwrap();
    bytes
}

fn take(socket: &UdpSocket) -> Option<(View, Vec<u8>)> {
    let mut buffer = [0; 2_048];
    let n = socket.recv(&mut buffer).ok()?;
    let view = View::parse(&buffer[..n]).unwrap();
    let payload = buffer[view.payload.clone()].to_vec();
    Some((view, payload))
}

fn relays(address: IpAddr, latch: Latch) {
    let rig = rig(address, 1, 4, 43_015);
    let (a, b) = (phone(address), phone(address));
    let (pa, pb) = (rig.lease(0, &a, latch), rig.lease(1, &b, latch));
    rig.hear(pa, Source::Port(pb, EPOCH));
    rig.hear(pb, Source::Port(pa, EPOCH));
    std::thread::sleep(Duration::from_millis(50));
    for n in 0..20 {
        a.send_to(&packet(n, 7), rig.ports[0].1).unwrap();
        let (view, payload) = take(&b).expect("relayed");
        assert_eq!((view.header.sequence, payload), (9 + n, vec![7; 160]));
    }
    let stranger = phone(address);
    stranger.send_to(&packet(20, 66), rig.ports[0].1).unwrap();
    a.send_to(&packet(20, 8), rig.ports[0].1).unwrap();
    assert_eq!(take(&b).unwrap().1[0], 8, "the stranger is not heard");
    rig.handle.send(Command::Close { port: pa, epoch: EPOCH }).unwrap();
    let Event::Closed { stats, .. } = rig.event() else { panic!() };
    assert_eq!((stats.received, stats.lost), (21, 0));
    rig.handle.stop();
}

#[test]
fn packets_are_relayed_over_ipv4_and_ipv6_and_strangers_are_not() {
    let four = IpAddr::from([127, 0, 0, 63]);
    relays(four, Latch::Sdp);
    relays(four, Latch::SdpOr(four));
    // A machine without IPv6 has nothing to test here.
    let six = IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]);
    if UdpSocket::bind((six, 0)).is_ok() {
        relays(six, Latch::Sdp);
    }
}

#[test]
fn a_prompt_is_heard_whole_and_in_time_and_a_phone_that_is_gone_does_no_harm() {
    let address = IpAddr::from([127, 0, 0, 64]);
    let rig = rig(address, 2, 2, 43_031);
    let here = phone(address);
    let gone = phone(address);
    // Ports 0 and 1 are the first thread's, 2 and 3 the second's.
    let (a, b) = (rig.lease(0, &here, Latch::Sdp), rig.lease(2, &gone, Latch::Sdp));
    drop(gone);
    let alaw: Vec<u8> = (0..4_000).map(|i| (i % 251) as u8).collect();
    let clip = Clip { name: "x".into(), alaw: alaw.clone().into() };
    for port in [a, b] {
        rig.hear(port, Source::Play { play: PlayId(1), clips: [clip.clone()].into(), repeat: false });
    }
    let sound: Vec<u8> = (0..25).flat_map(|_| take(&here).expect("in time").1).collect();
    assert_eq!(sound, alaw);
    let mut finished = [rig.event(), rig.event()].map(|e| match e {
        Event::PlayFinished { port, .. } => port,
        other => panic!("{other:?}"),
    });
    finished.sort();
    assert_eq!(finished, [a, b]);
    assert_eq!(rig.handle.dropped(), 0, "nobody there is no drop");
}

#[test]
fn three_are_mixed_over_sockets_and_recorded_in_a_file() {
    let address = IpAddr::from([127, 0, 0, 68]);
    let folder = std::env::temp_dir().join(format!("switchboard-media-{}", std::process::id()));
    let (tell, events) = channel();
    let settings =
        Settings { ports: 43_000..=43_007, chunk: 4, recordings: Some(folder.clone()), ..Settings::new(address) };
    let tell = Arc::new(move |event| drop(tell.send(event)));
    let handle = spawn(&settings, Clock::system(), tell).unwrap();
    let Event::Ready { ports } = events.recv().unwrap() else { panic!() };
    let rig = Rig { handle, events, ports };
    let phones: Vec<UdpSocket> = (0..3).map(|_| phone(address)).collect();
    let ports: Vec<PortId> = (0..3).map(|i| rig.lease(i, &phones[i], Latch::Sdp)).collect();
    let (thread, recording) = (0, RecordingId(1));
    let record = |tape| rig.handle.send(Command::Record { thread, recording, tape }).unwrap();
    record(Tape::Begin { file: "day/call".into() });
    for (me, port) in ports.iter().enumerate() {
        record(Tape::Channel { channel: me as u8, port: *port, epoch: EPOCH });
        let voices = ports.iter().filter(|p| *p != port).map(|p| Voice::new(*p, EPOCH));
        rig.hear(*port, Source::Mix { voices: voices.collect(), beside: None });
    }
    // Each says one value, so a sum says whose they are.
    let says = [1_000i16, 2_000, 4_000].map(g711::alaw_encode);
    let sums = [[1, 2], [0, 2], [0, 1]].map(|of| of.iter().map(|i| g711::alaw_decode(says[*i])).sum::<i16>());
    let mut heard = [false; 3];
    for n in 0..3_000u16 {
        for (i, phone) in phones.iter().enumerate() {
            phone.send_to(&packet(n, says[i]), rig.ports[i].1).unwrap();
            let (_, sound) = take(phone).expect("every tick has its packet");
            heard[i] |= sound.iter().all(|b| (g711::alaw_decode(*b) - sums[i]).abs() <= 128);
        }
        if n > 50 && heard == [true; 3] {
            break;
        }
    }
    assert_eq!(heard, [true; 3]);
    record(Tape::End);
    let frames = loop {
        match rig.event() {
            Event::Recording { what: Recorded::Ended { frames }, .. } => break frames,
            Event::Recording { what, .. } => panic!("{what:?}"),
            _ => {}
        }
    };
    rig.handle.stop();
    let file = std::fs::read(folder.join("day/call.wav")).unwrap();
    assert_eq!(file.len() as u64, crate::audio::tracks::HEAD as u64 + frames * 640);
    let all = [says[0], says[1], says[2], g711::ALAW_SILENCE];
    assert!(file.chunks_exact(4).filter(|sample| **sample == all).count() > 1_000);
    let _ = std::fs::remove_dir_all(folder);
}

#[test]
fn more_ports_are_bound_when_few_are_free_until_the_range_is_spent() {
    let address = IpAddr::from([127, 0, 0, 65]);
    let mut rig = rig(address, 1, 4, 43_019);
    assert_eq!(rig.ports.len(), 4);
    let far = phone(address);
    for i in 0..10 {
        rig.lease(i, &far, Latch::Sdp);
        while rig.ports.len() < 10 && rig.ports.len() <= i + 1 {
            let Event::Ready { ports } = rig.event() else { panic!() };
            rig.ports.extend(ports);
        }
    }
    let mut numbers: Vec<u16> = rig.ports.iter().map(|p| p.1.port()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (43_000..43_020).step_by(2).collect::<Vec<_>>());
}

#[test]
fn what_cannot_start_says_why_and_commands_for_nobody_come_back() {
    let address = IpAddr::from([127, 0, 0, 66]);
    let _in_use = UdpSocket::bind((address, 43_000)).unwrap();
    let settings = Settings { ports: 43_000..=43_001, ..Settings::new(address) };
    let why = spawn(&settings, Clock::system(), Arc::new(|_| ())).unwrap_err().to_string();
    assert!(why.starts_with("cannot bind one media port pair on 127.0.0.66 in 43000-43001: "), "{why}");
    let rig = rig(IpAddr::from([127, 0, 0, 67]), 1, 1, 43_001);
    let nobody = PortId { thread: 9, index: 0 };
    assert!(rig.handle.send(Command::Close { port: nobody, epoch: EPOCH }).is_err());
    assert_eq!(rig.handle.refused(), 1);
}
