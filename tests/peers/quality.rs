//! What a call's media was like, as its record has it.

use super::support::baresip::Baresip;
use super::support::lab::Lab;
use super::support::pause;
use super::support::sipp::Role;
use std::process::Command;
use switchboard::fact::{Fact, Quality};

/// What `calls show` prints of a call.
fn shown(lab: &Lab, call: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_switchboard"));
    command.args(["calls", "show", call, "--lang", "en", "--config"]).arg(lab.dir.join("lab.toml"));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_line_that_loses_one_of_ten_packets_is_told_apart_from_the_good_one_in_the_calls_record() {
    let lab = Lab::start();
    let phone = Baresip::seat(&lab, 1, "8001", 1_100.0);
    let caller = Role::dials(&lab, 0, "12345").says(700.0).millis(14_000).start(&lab);
    caller.line.loses_one_of(10);
    phone.has("CALL_ESTABLISHED", 6_000);
    caller.talks(3_000);
    caller.line.hears(1_100.0, 4_000);
    caller.ends_well(18_000);
    let records = lab.records(1);
    let [from_caller, from_phone] = &records[0].media[..] else { panic!("{:#?}", records[0].media) };
    println!("{from_caller:?}\n{from_phone:?}");
    let share = |quality: &Quality| quality.lost as f64 / (quality.lost + quality.received) as f64;
    assert_eq!((from_caller.leg.0, from_phone.leg.0), (0, 1));
    assert!(from_caller.received > 500, "ten seconds and more");
    assert!((0.08..=0.12).contains(&share(from_caller)), "{from_caller:?}");
    assert!((250..=390).contains(&from_caller.mos.unwrap()), "{from_caller:?}");
    assert!(share(from_phone) < 0.01 && from_phone.mos.unwrap() > 400, "{from_phone:?}");
    // What was lost before us is lost there too, and the phone says so; SIPp says nothing.
    assert_eq!((from_caller.far_lost, from_caller.far_mos), (None, None));
    let there = f64::from(from_phone.far_lost.unwrap()) / f64::from(from_phone.far_expected.unwrap());
    assert!((0.08..=0.12).contains(&there), "{from_phone:?}");
    assert!(from_phone.far_mos.unwrap() < 400, "{from_phone:?}");
    assert!(from_phone.round_trip_us.unwrap() < 1_000_000, "{from_phone:?}");
    let printed = shown(&lab, &records[0].call.to_string());
    println!("{printed}");
    assert!(printed.contains("MOS there") && printed.contains("PCMA"), "{printed}");
    let told = lab.journal().into_iter().filter(|e| matches!(e.fact, Fact::MediaCarried { .. })).count();
    assert_eq!(told, 1, "once a call");
}

#[test]
fn a_call_without_any_media_says_nothing_of_it() {
    let lab = Lab::start();
    let uri = format!("sip:99999999999@{}", lab.sip());
    Role::carrier(&lab, 0, "refused", &uri).word("status", "404").start(&lab).ends_well(8_000);
    pause(500);
    assert!(lab.journal().iter().all(|e| !matches!(e.fact, Fact::MediaCarried { .. })));
}

#[test]
fn a_trace_has_the_packets_of_a_call_without_what_they_say() {
    let lab = Lab::start();
    let phone = Baresip::seat(&lab, 1, "8001", 1_100.0);
    let caller = Role::dials(&lab, 0, "12345").says(700.0).millis(9_000).start(&lab);
    phone.has("CALL_ESTABLISHED", 6_000);
    caller.talks(3_000);
    caller.line.hears(1_100.0, 4_000);
    let file = lab.dir.join("talk.pcap");
    let mut command = Command::new(env!("CARGO_BIN_EXE_switchboard"));
    command.args(["trace", "13900000001", "--rtp", "--seconds", "3", "--lang", "en", "--config"]);
    command.arg(lab.dir.join("lab.toml")).arg("--pcap").arg(&file);
    let output = command.output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    println!("{printed}");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(printed.contains("INVITE sip:12345"), "the messages too: {printed}");
    // Two streams in, two out, a line a second for each.
    let lines: Vec<&str> = printed.lines().filter(|line| line.contains(" rtp ")).collect();
    for arrow in ["─▶", "◀─"] {
        let of = lines.iter().filter(|line| line.contains(arrow) && line.contains("pt 8 ")).count();
        assert!((4..=8).contains(&of), "{of} lines of {arrow}: {printed}");
    }
    // Fifty packets a second; a second that is looked at a moment late has a few more, and the next one lacks them.
    let packets = |line: &&&str| {
        let (before, _) = line.split_once(" × 160 B, 0 missing")?;
        before.rsplit(' ').next()?.parse::<u32>().ok()
    };
    assert!(lines.iter().filter_map(|line| packets(&line)).filter(|n| (47..=53).contains(n)).count() >= 4, "{printed}");
    // What the file has of each packet is cut behind its header, though its length is told.
    let bytes = std::fs::read(&file).unwrap();
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let (mut at, mut packets) = (24, 0);
    while at < bytes.len() {
        let (kept, was) = (word(at + 8), word(at + 12));
        assert!(kept <= was);
        if kept == 40 && was == 200 {
            assert_eq!(bytes[at + 16 + 28], 0x80, "RTP behind IP and UDP");
            packets += 1;
        }
        at += 16 + kept as usize;
    }
    assert!(packets > 400, "{packets} packets in the file");
    caller.ends_well(14_000);
}
