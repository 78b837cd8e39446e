//! Trunks by name against a name server: which records are read, what their age and failures do, and that calls go on.

use super::support::dns::{Dns, Mood};
use super::support::lab::Lab;
use super::support::sipp::{Role, Sipp};
use super::support::{pause, until};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use switchboard::fact::{Outcome, Target as Called};
use switchboard::names::{Settings, Told, Wanted, start};
use switchboard::sip::flow::Transport;
use switchboard::sip::locate::{Place, Target};
use tokio::sync::mpsc::{Receiver, channel};

const ABLE: [(Transport, bool); 3] = [(Transport::Udp, true), (Transport::Tcp, true), (Transport::Tls, true)];

/// What is found of this place, asked for by this transport.
fn asks(dns: &Dns, place: &str, transport: Option<Transport>, memory: Option<&Path>) -> Receiver<Told> {
    let places = vec![Place::parse(place).unwrap()];
    wants(dns, Wanted::Calls { trunk: "t".into(), places, transport }, memory)
}

fn wants(dns: &Dns, wanted: Wanted, memory: Option<&Path>) -> Receiver<Told> {
    let (tell, told) = channel(64);
    let settings = Settings {
        servers: vec![dns.at],
        timeout: Duration::from_millis(200),
        able: ABLE.to_vec(),
        memory: memory.map(Path::to_owned),
    };
    start(settings, vec![wanted], tell).unwrap();
    told
}

fn next(told: &mut Receiver<Told>, millis: u64) -> Option<Told> {
    until(millis, || told.try_recv().ok())
}

/// `transport address priority weight` of each.
fn shown(told: Option<Told>) -> Vec<String> {
    match told {
        Some(Told::Targets { targets, .. }) => {
            let one = |t: &Target| format!("{} {} {} {}", t.transport.word(), t.address, t.priority, t.weight);
            targets.iter().map(one).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn records_are_read_as_rfc_3263_has_it() {
    let dns = Dns::start();
    // NAPTR chooses TCP before UDP; what we cannot speak and what leads elsewhere is passed over.
    dns.naptr("a.test", (10, 50, "SIP+D2S", "_sip._sctp.a.test"));
    dns.naptr("a.test", (20, 50, "SIP+D2U", "_sip._udp.a.test"));
    dns.naptr("a.test", (10, 60, "sip+d2t", "elsewhere.test"));
    dns.srv("elsewhere.test", 60, (1, 7, 5080, "h1.test"));
    dns.srv("elsewhere.test", 60, (2, 0, 5090, "h2.test"));
    dns.srv("_sip._udp.a.test", 60, (0, 0, 5070, "h1.test"));
    // Two addresses share a weight; an alias is followed.
    dns.a("h1.test", 60, [192, 0, 2, 1]);
    dns.a("h1.test", 60, [192, 0, 2, 2]);
    dns.alias("h2.test", 60, "h3.test");
    dns.a("h3.test", 60, [192, 0, 2, 3]);
    let found = shown(next(&mut asks(&dns, "a.test", None, None), 5_000));
    let expected = ["tcp 192.0.2.1:5080 1 896", "tcp 192.0.2.2:5080 1 896", "tcp 192.0.2.3:5090 2 0"];
    assert_eq!(found, expected, "{:?}", dns.asked());
    // A transport that is written asks for its own service only; a port asks for none at all.
    let found = shown(next(&mut asks(&dns, "a.test", Some(Transport::Udp), None), 5_000));
    assert_eq!(found, ["udp 192.0.2.1:5070 0 0", "udp 192.0.2.2:5070 0 0"]);
    dns.asked();
    dns.a("a.test", 60, [192, 0, 2, 9]);
    assert_eq!(shown(next(&mut asks(&dns, "a.test:5099", None, None), 5_000)), ["udp 192.0.2.9:5099 0 0"]);
    assert_eq!(dns.asked(), ["a.test A"]);
    // No service record: the host itself, at the usual port.
    dns.a("b.test", 60, [192, 0, 2, 8]);
    assert_eq!(shown(next(&mut asks(&dns, "b.test", Some(Transport::Tls), None), 5_000)), ["tls 192.0.2.8:5061 0 0"]);
    assert_eq!(shown(next(&mut asks(&dns, "B.Test.", None, None), 5_000)), ["udp 192.0.2.8:5060 0 0"]);
}

#[test]
fn a_name_that_cannot_be_found_takes_no_other_place_with_it() {
    let dns = Dns::start();
    dns.a("f.test", 2, [192, 0, 2, 1]);
    let places = ["e.test", "192.0.2.7:5070", "f.test"].map(|text| Place::parse(text).unwrap()).to_vec();
    let mut told = wants(&dns, Wanted::Calls { trunk: "t".into(), places, transport: None }, None);
    let both = ["udp 192.0.2.7:5070 0 0", "udp 192.0.2.1:5060 0 0"];
    assert_eq!(shown(next(&mut told, 5_000)), both);
    let trouble = next(&mut told, 5_000);
    assert!(matches!(&trouble, Some(Told::Trouble { known: true, why, .. }) if why.contains("e.test")), "{trouble:?}");
    // Found at last; then it is the other one that cannot be: what was found of it holds.
    dns.a("e.test", 2, [192, 0, 2, 2]);
    let all = ["udp 192.0.2.2:5060 0 0", both[0], both[1]];
    assert_eq!(shown(next(&mut told, 30_000)), all);
    dns.forgets("f.test");
    dns.forgets("e.test");
    dns.a("e.test", 2, [192, 0, 2, 3]);
    assert_eq!(shown(next(&mut told, 30_000)), ["udp 192.0.2.3:5060 0 0", all[1], all[2]]);
}

#[test]
fn every_address_that_a_name_may_call_from_is_its_own() {
    let dns = Dns::start();
    dns.a("c.test", 60, [192, 0, 2, 1]);
    dns.srv("_sip._udp.c.test", 60, (0, 0, 5060, "x.test"));
    dns.srv("_sips._tcp.c.test", 60, (0, 0, 5061, "y.test"));
    dns.a("x.test", 60, [192, 0, 2, 2]);
    dns.a("y.test", 60, [192, 0, 2, 3]);
    let wanted = |place: &str| Wanted::Sources { trunk: "t".into(), places: vec![Place::parse(place).unwrap()] };
    let Some(Told::Sources { addresses, .. }) = next(&mut wants(&dns, wanted("c.test"), None), 5_000) else {
        panic!("nothing")
    };
    let at = |last, port| (std::net::IpAddr::from([192, 0, 2, last]), port);
    assert_eq!(addresses, [at(1, None), at(2, None), at(3, None)]);
    let Some(Told::Sources { addresses, .. }) = next(&mut wants(&dns, wanted("c.test:5060"), None), 5_000) else {
        panic!("nothing")
    };
    assert_eq!(addresses, [at(1, Some(5060))]);
    // One host that cannot be found takes nobody else with it.
    dns.forgets("y.test");
    dns.a("c2.test", 60, [192, 0, 2, 4]);
    let places = ["nobody.test", "c2.test"].map(|text| Place::parse(text).unwrap()).to_vec();
    let mut told = wants(&dns, Wanted::Sources { trunk: "t".into(), places }, None);
    assert_eq!(next(&mut told, 5_000), Some(Told::Sources { trunk: "t".into(), addresses: vec![at(4, None)] }));
    assert!(matches!(next(&mut told, 5_000), Some(Told::Trouble { known: true, .. })));
    let told = next(&mut wants(&dns, wanted("nobody.test"), None), 5_000);
    assert!(matches!(&told, Some(Told::Trouble { known: false, .. })), "{told:?}");
}

#[test]
fn an_answer_is_asked_for_again_when_it_is_old_and_holds_while_no_other_comes() {
    let dns = Dns::start();
    let folder = std::env::temp_dir().join(format!("switchboard-names-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let memory = folder.join("names.json");
    dns.a("d.test", 2, [192, 0, 2, 1]);
    let mut told = asks(&dns, "d.test:5060", None, Some(&memory));
    assert_eq!(shown(next(&mut told, 5_000)), ["udp 192.0.2.1:5060 0 0"]);
    // Another address: known within its time to live.
    dns.forgets("d.test");
    dns.a("d.test", 2, [192, 0, 2, 2]);
    assert_eq!(shown(next(&mut told, 6_000)), ["udp 192.0.2.2:5060 0 0"]);
    // The same again is no news; failures are told once, and what was found holds.
    dns.is(Mood::Failing);
    let trouble = next(&mut told, 8_000);
    assert!(matches!(&trouble, Some(Told::Trouble { known: true, why, .. }) if why.contains("d.test")), "{trouble:?}");
    dns.is(Mood::Silent);
    assert_eq!(next(&mut told, 5_000), None, "told once");
    // A start without any name server has what the last run has found.
    let mut other = asks(&dns, "d.test:5060", None, Some(&memory));
    assert_eq!(shown(next(&mut other, 1_000)), ["udp 192.0.2.2:5060 0 0"]);
    // It is well again: said once more, so that whoever was told of trouble knows.
    dns.is(Mood::Well);
    assert_eq!(shown(next(&mut told, 30_000)), ["udp 192.0.2.2:5060 0 0"]);
    // Records that are gone are no records: what was found holds.
    dns.forgets("d.test");
    assert!(matches!(next(&mut told, 8_000), Some(Told::Trouble { known: true, .. })));
    std::fs::remove_dir_all(&folder).unwrap();
}

fn named(dns: SocketAddr, extra: &str) -> impl FnOnce(String, &Path) -> String {
    let extra = extra.to_owned();
    move |text, _| {
        let head = text.split("[trunk.\"branch.12366\"]").next().unwrap().to_owned();
        let rest = text.split("[trunk.\"branch.12360\"]").nth(1).unwrap();
        format!(
            "{head}[trunk.\"branch.12366\"]\ninbound = \"127.0.0.20\"\ntrusted = true\noptions_s = 0\n{extra}\n\
             [trunk.\"branch.12360\"]{rest}\n[dns]\nservers = \"{dns}\"\ntimeout_ms = 300\n"
        )
    }
}

/// One call to the sub-centre: both are heard.
fn goes_well(lab: &Lab, n: u16, branch: &Sipp, records: usize) {
    let caller = Role::dials(lab, n, "12366").says(700.0).millis(2_500).start(lab);
    caller.talks(6_000);
    branch.talks(6_000);
    branch.line.hears(700.0, 6_000);
    caller.line.hears(1_100.0, 6_000);
    caller.ends_well(10_000);
    let all = lab.records(records);
    let cdr = &all[records - 1];
    assert_eq!(cdr.outcome, Outcome::Connected, "{cdr:#?}");
    assert!(
        matches!(&cdr.answered_by, Some(Called::Trunk { trunk, .. }) if trunk.as_str() == "branch.12366"),
        "{cdr:#?}"
    );
}

#[test]
fn calls_by_name_go_on_past_a_dead_target_and_without_any_name_server() {
    let dns = Dns::start();
    let mut lab = Lab::with(super::support::lab::LAB_DAY, |text, dir| {
        // The port of this slot's trunks is in the text.
        let port = text.split("outbound = \"127.0.0.20:").nth(1).and_then(|t| t.split('"').next()).unwrap();
        let port: u16 = port.parse().unwrap();
        // Nobody is at the first; all calls go to the second, by weight and because the first rests.
        dns.srv("_sip._udp.branch.test", 2, (10, 100, port, "dead.test"));
        dns.srv("_sip._udp.branch.test", 2, (20, 0, port, "live.test"));
        dns.a("dead.test", 2, [127, 0, 0, 29]);
        dns.a("live.test", 2, [127, 0, 0, 20]);
        named(dns.at, "outbound = \"branch.test\"")(text, dir)
    });
    let branch = Role::exchange(&lab, "exchange", 20).says(1_100.0).start(&lab);
    let row = lab.trunk("branch.12366");
    let ips: Vec<String> = row.targets.iter().map(|t| t.address.ip().to_string()).collect();
    assert_eq!((ips, row.outbound.as_deref()), (vec!["127.0.0.29".into(), "127.0.0.20".into()], Some("branch.test")));
    goes_well(&lab, 0, &branch, 1);
    // The name server fails, its answers are old: nothing changes for callers, and operators are told.
    dns.is(Mood::Failing);
    pause(6_000);
    goes_well(&lab, 1, &branch, 2);
    let alarmed = |lab: &Lab| lab.journal().iter().any(|f| format!("{:?}", f.fact).contains("a name cannot be found"));
    assert!(until(5_000, || alarmed(&lab).then_some(())).is_some());
    // And nothing after a crash and a start without one.
    dns.is(Mood::Silent);
    lab.crash_and_start();
    goes_well(&lab, 2, &branch, 3);
    let uri = branch.receives("INVITE", 1_000);
    assert!(uri.contains("@branch.test SIP/2.0"), "{uri}");
}
