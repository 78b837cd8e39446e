//! Whose packets wake the thread, round by round.

use super::*;
use crate::patch::{Codec, Epoch, Latch, Remote, Source, Voice};
use crate::rtp::{HEADER, Header};
use std::net::{IpAddr, UdpSocket};

const EPOCH: Epoch = Epoch(1);

#[test]
fn those_who_are_only_mixed_wake_nobody_and_whoever_is_relayed_does_again() {
    let address = IpAddr::from([127, 0, 0, 71]);
    let settings = Settings { ports: 43_000..=43_005, chunk: 3, ..Settings::new(address) };
    let (commands, queue) = sync_channel(64);
    let wake = Arc::new(Wake::new().unwrap());
    let mut core =
        Core::new(&settings, 0, Clock::system(), Arc::new(|_| ()), wake.clone(), queue, Arc::default()).unwrap();
    let (ports, _) = core.bind(3);
    let phones: Vec<UdpSocket> = (0..3).map(|_| UdpSocket::bind((address, 0)).unwrap()).collect();
    for ((port, _), phone) in ports.iter().zip(&phones) {
        let rtp = Some(phone.local_addr().unwrap());
        let (codec, latch, ptime) = (Codec::Pcma, Latch::Sdp, 20);
        let (telephone_event, event_clock, payload_type) = (None, 8_000, 8);
        #[rustfmt::skip]
        let remote = Remote {
            rtp, source: None, rtcp: None, codec, payload_type, telephone_event, event_clock, ptime, latch, crypto: None, receive: true,
        };
        commands.send(Command::Open { port: *port, epoch: EPOCH, ssrc: 1, sequence: 1, timestamp: 0 }).unwrap();
        commands.send(Command::Remote { port: *port, epoch: EPOCH, remote }).unwrap();
    }
    let hear = |me: usize, source| {
        commands.send(Command::Hear { port: ports[me].0, epoch: EPOCH, source }).unwrap();
        wake.ring();
    };
    let (mut ready, mut buffer) = (Vec::with_capacity(BATCH), vec![0; GATHERED]);
    let mut sequence = 0;
    let mut rounds = |core: &mut Core, aside: usize| {
        for _ in 0..5_000 {
            // Who goes from the relay into a mix is on both ways for a few frames.
            std::thread::sleep(std::time::Duration::from_millis(1));
            sequence += 1;
            for (phone, (_, at)) in phones.iter().zip(&ports) {
                let mut bytes = [0xD5; HEADER + 160];
                let timestamp = u32::from(sequence) * 160;
                Header { marker: false, payload_type: 8, sequence, timestamp, ssrc: 3 }.write(&mut bytes).unwrap();
                phone.send_to(&bytes, at).unwrap();
            }
            assert!(core.round(&mut ready, &mut buffer));
            if core.ports.aside() == aside {
                return;
            }
        }
        panic!("{} ports are set aside, not {aside}", core.ports.aside());
    };
    for _ in 0..3 {
        for me in 0..3 {
            let voices = (0..3).filter(|other| *other != me).map(|other| Voice::new(ports[other].0, EPOCH)).collect();
            hear(me, Source::Mix { voices, beside: None });
        }
        rounds(&mut core, 3);
        // Whom somebody hears relayed is called back at once, and so is whom nobody mixes.
        hear(0, Source::Port(ports[1].0, EPOCH));
        rounds(&mut core, 2);
        hear(1, Source::Port(ports[0].0, EPOCH));
        hear(2, Source::Nothing);
        rounds(&mut core, 0);
    }
}
