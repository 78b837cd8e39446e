//! RTCP, and knowing that nobody is there.

use super::*;
use crate::patch::Reported;
use crate::rtp::rtcp::{self, Compound, Packet, ReportBlock, SenderReport};

fn parts(bytes: &[u8]) -> Vec<Packet> {
    let mut all = Vec::new();
    rtcp::parse(bytes, |p| all.push(p)).expect("a valid compound");
    all
}

fn report(lost: i32) -> Vec<u8> {
    let compound = Compound {
        ssrc: 0xB000,
        sender: Some(SenderReport { ntp: 0x1122_3344_5566_7788, timestamp: 0, packets: 1, octets: 160 }),
        block: Some(ReportBlock {
            ssrc: 0xA000,
            fraction: 0,
            lost,
            highest: 65_530 + 100,
            jitter: 10,
            last_sr: 0,
            since_sr: 0,
        }),
        cname: *b"0123456789abcdef",
        bye: false,
    };
    compound.write(&mut [0; rtcp::LONGEST]).to_vec()
}

fn rtcp_of(index: u32) -> SocketAddr {
    SocketAddr::new(phone(index).ip(), phone(index).port() + 1)
}

#[test]
fn reports_say_what_was_sent_and_what_was_lost() {
    let mut town = Town::new(&[sdp(0), sdp(1)]);
    town.join(0, 1);
    for n in 0..3_000u16 {
        // Every tenth packet of leg 0 is lost on the way.
        if n % 10 != 9 {
            town.says(0, n, &[1; 160]);
        }
        town.says(1, n, &[2; 160]);
        town.pass(20);
    }
    let of = |leg| town.wire.rtcp.iter().filter(move |r| r.1 == leg).collect::<Vec<_>>();
    for leg in [0, 1] {
        let all = of(leg);
        // A minute: about twelve; by RFC 3550 each interval lies between 2.05 and 6.16 s.
        assert!((9..=30).contains(&all.len()), "{}", all.len());
        for pair in all.windows(2) {
            let gap = pair[1].0 - pair[0].0;
            assert!((2_040_000..=6_170_000).contains(&gap), "{gap}");
        }
        assert!(all.iter().all(|r| r.2 == rtcp_of(leg)));
    }
    let last = of(0).last().unwrap().3.clone();
    let [Packet::Sender { ssrc, report }, Packet::Block(block)] = &parts(&last)[..] else { panic!() };
    assert_eq!(*ssrc, 0xA000);
    assert_eq!(report.octets, report.packets * 160);
    assert!(report.packets > 2_500);
    assert_eq!((block.ssrc, block.jitter), (0xB000, 0));
    assert!((24..=27).contains(&block.fraction), "a tenth of 256: {}", block.fraction);
    assert!(block.lost > 250);
    let text = String::from_utf8_lossy(&last).into_owned();
    let cname = of(0).iter().all(|r| String::from_utf8_lossy(&r.3).contains(&text[text.len() - 18..text.len() - 2]));
    assert!(cname, "one CNAME for the whole lease");
}

#[test]
fn jitter_is_that_of_the_arrivals() {
    let mut town = Town::new(&[sdp(0)]);
    for n in 0..2_000u16 {
        town.says(0, n, &[1; 160]);
        // 15 and 25 ms by turns: |D| is 5 ms each time.
        town.pass(if n % 2 == 0 { 15 } else { 25 });
    }
    town.close(0);
    let Some(Event::Closed { stats, .. }) = town.events.last() else { panic!() };
    assert!((4_500..=5_200).contains(&stats.jitter_us), "{}", stats.jitter_us);
}

#[test]
fn what_the_other_side_reports_is_kept_and_its_sr_is_echoed() {
    let mut town = Town::new(&[sdp(0), sdp(1)]);
    town.join(0, 1);
    town.says(0, 0, &[1; 160]);
    town.engine.on_rtcp(0, SocketAddr::from(([9, 9, 9, 9], 4_001)), &report(77), town.now);
    town.engine.on_rtcp(0, rtcp_of(0), &report(5), town.now);
    town.engine.on_rtcp(0, rtcp_of(0), b"nonsense", town.now);
    let came = town.now.mono;
    town.pass(4_000);
    let (at, .., bytes) = town.wire.rtcp.iter().find(|r| r.1 == 0).unwrap();
    let [Packet::Block(block)] = &parts(bytes)[..] else { panic!("a receiver's report") };
    assert_eq!(block.last_sr, 0x3344_5566);
    assert_eq!(u64::from(block.since_sr), (at - came) * 65_536 / 1_000_000);
    town.close(0);
    let Some(Event::Closed { stats, .. }) = town.events.last() else { panic!() };
    let theirs = Reported { lost: 5, expected: 101, jitter_us: 1_250, round_trip_us: None };
    assert_eq!((stats.reported, stats.refused), (Some(theirs), 2));
}

#[test]
fn the_way_there_and_back_is_known_from_a_report_that_answers_one_of_ours() {
    let mut town = Town::new(&[sdp(0)]);
    town.hear(0, play(1, &[clip("a", 160_000)], true));
    town.pass(4_000);
    let answered = |town: &mut Town, waited_ms: u32| {
        let (.., bytes) = town.wire.rtcp.last().unwrap();
        let [Packet::Sender { report, .. }, ..] = parts(bytes)[..] else { panic!("a sender's report") };
        let (ssrc, last_sr) = (0xA000, (report.ntp >> 16) as u32);
        let since_sr = waited_ms * 65_536 / 1_000;
        let block = ReportBlock { ssrc, fraction: 0, lost: 3, highest: 0, jitter: 8, last_sr, since_sr };
        let compound =
            Compound { ssrc: 0xB000, sender: None, block: Some(block), cname: *b"0123456789abcdef", bye: false };
        town.engine.on_rtcp(0, rtcp_of(0), compound.write(&mut [0; rtcp::LONGEST]), town.now);
    };
    let said = town.wire.rtcp.last().unwrap().0;
    let since = (town.now.mono - said) / MILLI;
    town.pass(580);
    answered(&mut town, u32::try_from(since).unwrap() + 500);
    // One that has waited longer than there was time for is not believed, nor one without a report of ours.
    answered(&mut town, 60_000);
    town.engine.on_rtcp(0, rtcp_of(0), &report(4), town.now);
    town.close(0);
    let Some(Event::Closed { stats, .. }) = town.events.last() else { panic!() };
    let Some(Reported { lost: 4, expected: 101, jitter_us: 1_250, round_trip_us: Some(us) }) = stats.reported else {
        panic!("{stats:?}")
    };
    assert!((79_900..=80_100).contains(&us), "{us}");
}

#[test]
fn good_bye_is_said_by_those_who_were_heard() {
    let mut town = Town::new(&[sdp(0), sdp(1)]);
    town.hear(0, play(1, &[clip("a", 160)], false));
    town.close(0);
    town.close(1);
    let [(_, 0, to, bytes)] = &town.wire.rtcp[..] else { panic!("{:?}", town.wire.rtcp) };
    assert_eq!(*to, rtcp_of(0));
    assert!(matches!(parts(bytes)[..], [Packet::Sender { .. }, Packet::Bye { ssrc: 0xA000 }]));
}

#[test]
fn silence_is_told_every_five_seconds_and_only_of_those_who_should_be_heard() {
    let mut town = Town::new(&[sdp(0), sdp(1), Remote { receive: false, ..sdp(2) }, sdp(3)]);
    let start = town.now.mono;
    for n in 0..700u16 {
        town.says(1, n, &[1; 160]);
        if n % 200 == 0 {
            // Only RTCP: alive.
            town.engine.on_rtcp(3, rtcp_of(3), &report(0), town.now);
        }
        town.pass(20);
    }
    let silent = Event::Silent { port: id(0), epoch: FIRST, spoke: false };
    assert_eq!(town.events, [silent.clone(), silent]);
    assert_eq!(town.now.mono - start, 14_000 * MILLI);
    town.remote(0, sdp(0));
    town.events.clear();
    town.pass(4_990);
    let of_the_first = Event::Silent { port: id(0), epoch: FIRST, spoke: false };
    assert!(
        town.events.contains(&Event::Silent { port: id(3), epoch: FIRST, spoke: true }),
        "its last report is 5 s old"
    );
    assert!(!town.events.contains(&of_the_first), "new SDP begins the five seconds anew");
    town.pass(20);
    assert!(town.events.contains(&of_the_first));
}
