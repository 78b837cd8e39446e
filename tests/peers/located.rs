//! Calls to trunks by name: each target has its share of them, and by TLS only one whose certificate is of the name.

use super::support::authority::Authority;
use super::support::dns::Dns;
use super::support::lab::{LAB_DAY, Lab};
use super::support::sipp::{Role, Sipp, header};
use super::support::tunnel::Tunnel;
use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener};
use switchboard::fact::{Outcome, Target};

/// Calls that are shared out.
const CALLS: u32 = 480;

/// The port of the lab's trunks.
fn port_of(text: &str) -> u16 {
    let port = text.split("outbound = \"127.0.0.20:").nth(1).and_then(|rest| rest.split('"').next());
    port.unwrap().parse().unwrap()
}

/// Calls that were set up with this exchange.
fn had(exchange: &Sipp) -> usize {
    let log = exchange.log();
    let calls: BTreeSet<&str> =
        log.iter().filter(|m| m.starts_with("<ACK")).map(|message| header(message, "Call-ID")).collect();
    calls.len()
}

/// So many short calls to the sub-centre; each is answered.
fn calls(lab: &Lab, n: u16, calls: u32) {
    let role = Role::dials(lab, n, "12366").calling_from(&format!("13{n}[call_number]")).quiet();
    role.millis(20).calls(calls).rate(60).start(lab).ends_well(60_000);
}

#[test]
fn each_target_has_its_share_of_calls_and_one_of_a_later_priority_none_while_another_lives() {
    let dns = Dns::start();
    let lab = Lab::with(LAB_DAY, |text, _| {
        let port = port_of(&text);
        dns.srv("_sip._udp.branch.test", 600, (10, 30, port, "three.test"));
        dns.srv("_sip._udp.branch.test", 600, (10, 10, port, "one.test"));
        dns.srv("_sip._udp.branch.test", 600, (20, 65_535, port, "spare.test"));
        for (host, last) in [("three.test", 20), ("one.test", 25), ("spare.test", 26)] {
            dns.a(host, 600, [127, 0, 0, last]);
        }
        let (from, to) =
            (format!("outbound = \"127.0.0.20:{port}\""), "outbound = \"branch.test\"\nfailover_ms = 3000");
        let text = text.replacen(&from, to, 1);
        format!("{text}\n[dns]\nservers = \"{}\"\n", dns.at)
    });
    let [three, one, spare] = [20, 25, 26].map(|last| Role::exchange(&lab, "exchange", last).start(&lab));
    calls(&lab, 0, CALLS);
    let found = [&three, &one, &spare].map(had);
    println!("of {CALLS} calls: {found:?} by weights of 30 and 10, and a later priority");
    assert_eq!((found[0] + found[1], found[2]), (CALLS as usize, 0), "{found:?}");
    // Five standard deviations of a draw of three in four.
    let (n, share) = (f64::from(CALLS), 0.75);
    let off = (found[0] as f64 - n * share).abs() / (n * share * (1.0 - share)).sqrt();
    assert!(off < 5.0, "{found:?}: {off:.1} standard deviations from three quarters");
    // The heavy one dies: the other one has all, and no call is lost.
    drop(three);
    calls(&lab, 1, 20);
    assert_eq!([&one, &spare].map(had), [found[1] + 20, 0]);
    // Both are dead: that is what the later one is for.
    drop(one);
    calls(&lab, 2, 5);
    assert_eq!(had(&spare), 5);
    let records = lab.all_records();
    assert_eq!(records.len(), CALLS as usize + 25);
    assert!(records.iter().all(|cdr| cdr.outcome == Outcome::Connected && cdr.attempts.len() == 1));
}

/// One call to this number is answered by that trunk.
fn is_answered(lab: &Lab, n: u16, number: &str) {
    Role::dials(lab, n, number).millis(200).start(lab).ends_well(20_000);
    let records = lab.records(usize::from(n) + 1);
    let cdr = records.iter().find(|cdr| cdr.dialled == number).unwrap();
    let trunk = format!("branch.{number}");
    let by = matches!(&cdr.answered_by, Some(Target::Trunk { trunk: by, .. }) if by.as_str() == trunk);
    assert!(cdr.outcome == Outcome::Connected && by, "{cdr:#?}");
}

#[test]
fn a_call_by_tls_goes_past_targets_that_are_dead_mute_or_not_of_the_name_to_the_one_that_is() {
    let dns = Dns::start();
    let mut made = None;
    // Of each sub-centre the first target cannot be had, each for a reason of its own; the second is 40 addresses on.
    let branches = [("12366", 20_u8), ("12360", 21), ("12313", 22), ("12367", 23)];
    let lab = Lab::with(LAB_DAY, |mut text, dir| {
        let port = port_of(&text);
        let authority = made.insert(Authority::new(dir, "authority"));
        for (number, last) in branches {
            let service = format!("_sips._tcp.b{number}.test");
            dns.srv(&service, 600, (10, 0, port, &format!("first{number}.test")));
            dns.srv(&service, 600, (20, 0, port, &format!("second{number}.test")));
            dns.a(&format!("first{number}.test"), 600, [127, 0, 0, last]);
            dns.a(&format!("second{number}.test"), 600, [127, 0, 0, last + 40]);
            let from = format!("outbound = \"127.0.0.{last}:{port}\"");
            let to = format!("outbound = \"b{number}.test\"\ntransport = \"tls\"");
            text = text.replacen(&from, &to, 1);
        }
        let trusted = authority.own.certificate.display();
        format!("{text}\n[tls]\ntrusted = \"{trusted}\"\n[dns]\nservers = \"{}\"\n", dns.at)
    });
    let (authority, port) = (made.unwrap(), lab.slot.trunks());
    let at = |last: u8, port| SocketAddr::from(([127, 0, 0, last], port));
    // Whoever is behind a certificate that is not believed must not be sent a call.
    let stranger = Role::exchange(&lab, "exchange", 129).tcp().start(&lab);
    let mute = TcpListener::bind(at(21, port)).unwrap();
    let host = authority.signs("host", "DNS:first12313.test");
    let other_name = Tunnel::within(at(22, port), &host, at(129, port));
    let unknown = Authority::new(&lab.dir, "unknown").signs("imposter", "DNS:b12367.test");
    let imposter = Tunnel::within(at(23, port), &unknown, at(129, port));
    for (n, (number, last)) in (0..).zip(branches) {
        let right = authority.signs(number, &format!("DNS:b{number}.test"));
        let tunnel = Tunnel::within(at(last + 40, port), &right, at(last + 140, port));
        let exchange = Role::exchange(&lab, "exchange", last + 140).behind(&tunnel).start(&lab);
        is_answered(&lab, n, number);
        assert_eq!((tunnel.opened(), tunnel.refused(), had(&exchange)), (1, 0, 1), "{number}");
        let uri = exchange.receives("INVITE", 1_000);
        assert!(uri.contains(&format!("@b{number}.test")), "{uri}");
    }
    assert!(mute.accept().is_ok(), "it was tried");
    assert_eq!((other_name.refused(), other_name.opened()), (1, 0));
    assert_eq!((imposter.refused(), imposter.opened()), (1, 0));
    assert_eq!(had(&stranger), 0);
    assert!(!stranger.log().iter().any(|message| message.starts_with("<INVITE")));
}
