//! Another certificate while people talk: new connections are shown it, and no call notices.
//!
//! SIPp as Debian has it speaks no TLS: each of its connections goes through a tunnel of the test, one a call on the callers' side. The
//! exchange itself has one to the sub-centre. Under broken files a phone with a TLS of its own (baresip, OpenSSL) says and hears a tone.

use super::support::authority::{Authority, Pair, fingerprint, shown};
use super::support::baresip::Baresip;
use super::support::lab::{LAB_DAY, Lab};
use super::support::sipp::{Role, Sipp, header};
use super::support::tunnel::Tunnel;
use super::support::{pause, until};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use switchboard::fact::{Fact, Outcome, Target};

const CALLS: u32 = 200;
/// One address may begin 32 handshakes a second; these share the calls.
const CARRIERS: [IpAddr; 4] = [carrier(10), carrier(11), carrier(12), carrier(13)];

const fn carrier(last: u8) -> IpAddr {
    IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, last))
}

/// The exchange, with room for all of them, and ways by TLS to it and to a sub-centre.
struct Hall {
    /// Whom the exchange believes.
    authority: Authority,
    /// Where its callers' SIPp connects to.
    callers: Tunnel,
    branch: Tunnel,
    /// The sub-centre, which answers at once.
    exchange: Sipp,
    lab: Lab,
}

impl Hall {
    fn start() -> Self {
        let mut made = None;
        let lab = Lab::with(LAB_DAY, |text, dir| {
            let authority = made.insert(Authority::new(dir, "authority"));
            let rtp = text.lines().find(|l| l.starts_with("ports = ")).unwrap().to_owned();
            let text = text.replace(&rtp, "ports = \"28000-31999\"").replace("max_calls = 50", "max_calls = 400");
            let all = CARRIERS.map(|ip| format!("\"{ip}\"")).join(", ");
            let text = text.replacen("inbound = \"127.0.0.10\"", &format!("inbound = [{all}]"), 1);
            let branch = text.lines().find(|l| l.starts_with("outbound = \"127.0.0.21:")).unwrap().to_owned();
            let text = text.replacen(&branch, &format!("{branch}\ntransport = \"tls\""), 1);
            format!("{text}\n[tls]\ntrusted = \"{}\"\n", authority.own.certificate.display())
        });
        let (authority, trunks) = (made.unwrap(), lab.slot.trunks());
        let at = |last, port| SocketAddr::from(([127, 0, 0, last], port));
        let branch = Tunnel::within(at(21, trunks), &authority.signs("branch", "IP:127.0.0.21"), at(121, trunks));
        let exchange = Role::exchange(&lab, "exchange", 121).behind(&branch).start(&lab);
        let callers = Tunnel::out(at(10, lab.slot.phone(2)), &CARRIERS, tls(&lab), &own_certificate(&lab).certificate);
        Self { authority, callers, branch, exchange, lab }
    }

    /// So many callers of the sub-centre, each by a connection of its own.
    fn calls(&self, n: u16, calls: u32, tunnel: &Tunnel) -> Sipp {
        let uri = format!("sip:12360@127.0.0.1:{}", self.lab.slot.tls());
        let role = Role::carrier(&self.lab, n, "stays", &uri).calling_from("138[call_number]").word("every", "1000");
        role.through(tunnel).calls(calls).rate(50).start(&self.lab)
    }

    /// All of them talk by the connections that they have made.
    fn all_talk(&self, calls: u32) {
        let talking = || self.lab.calls().iter().filter(|call| call.stage == "talking").count();
        let all = until(20_000, || (talking() == calls as usize).then_some(()));
        assert!(all.is_some(), "{} of {calls} talk: {}", talking(), self.lab.daemon.said());
        let ways = [(&self.callers, CALLS as usize), (&self.branch, 1)];
        for (tunnel, wanted) in ways {
            assert_eq!((tunnel.opened(), tunnel.refused(), tunnel.over()), (wanted, 0, 0));
        }
    }
}

/// Its address for TLS.
fn tls(lab: &Lab) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], lab.slot.tls()))
}

/// The files of the exchange's own certificate.
fn own_certificate(lab: &Lab) -> Pair {
    let folder = lab.dir.join("state/tls");
    Pair { certificate: folder.join("certificate.pem"), key: folder.join("key.pem") }
}

/// As a renewal does it: each file whole and in one moment.
fn replaces(file: PathBuf, by: &[u8]) {
    let next = file.with_extension("next");
    fs::write(&next, by).unwrap();
    fs::rename(next, file).unwrap();
}

/// Waits until new connections are shown this certificate.
fn becomes(lab: &Lab, wanted: &str) {
    let shown = until(10_000, || {
        // More often would be too many handshakes of one address.
        pause(200);
        (shown(tls(lab), &lab.dir) == wanted).then_some(())
    });
    assert!(shown.is_some(), "the old certificate is shown yet: {}", lab.daemon.said());
}

/// How many questions of each call have been answered.
fn answered(callers: &Sipp) -> BTreeMap<String, usize> {
    let mut all = BTreeMap::new();
    for message in callers.log() {
        if message.starts_with("<SIP/2.0 200") && header(&message, "CSeq").ends_with("OPTIONS") {
            *all.entry(header(&message, "Call-ID").to_owned()).or_default() += 1;
        }
    }
    all
}

/// Every call is asked about from now on, and answered for: of two more answers the second is to a question that was not yet on its way.
fn all_are_answered_for(callers: &Sipp) {
    let before = answered(callers);
    let more = |now: &BTreeMap<String, usize>| {
        now.iter().filter(|(call, count)| **count > before.get(*call).copied().unwrap_or(0) + 1).count()
    };
    let all = until(10_000, || (more(&answered(callers)) == CALLS as usize).then_some(()));
    assert!(all.is_some(), "{} of {CALLS} calls are answered for", more(&answered(callers)));
}

#[test]
fn a_certificate_that_is_replaced_under_two_hundred_live_calls_loses_none_of_them() {
    let hall = Hall::start();
    let Hall { lab, authority, .. } = &hall;
    let old = fingerprint(&own_certificate(lab).certificate);
    let callers = hall.calls(0, CALLS, &hall.callers);
    hall.all_talk(CALLS);
    all_are_answered_for(&callers);
    assert_eq!(shown(tls(lab), &lab.dir), old);
    let new = authority.signs("renewed", "IP:127.0.0.1");
    let own = own_certificate(lab);
    replaces(own.key, &fs::read(&new.key).unwrap());
    replaces(own.certificate, &fs::read(&new.certificate).unwrap());
    becomes(lab, &fingerprint(&new.certificate));
    // Who calls now believes the new one alone; those who talk have noticed nothing.
    let at = SocketAddr::from(([127, 0, 0, 10], lab.slot.phone(3)));
    let after = Tunnel::out(at, &CARRIERS, tls(lab), &authority.own.certificate);
    let another = hall.calls(1, 1, &after);
    hall.all_talk(CALLS + 1);
    assert_eq!((after.opened(), after.refused()), (1, 0));
    all_are_answered_for(&callers);
    hall.all_talk(CALLS + 1);
    // The ends of all calls go by the connections of before as well.
    lab.ends_all();
    for (mut sipp, calls) in [(callers, CALLS), (another, 1)] {
        // A BYE that comes in the moment in which SIPp turns from waiting to asking is answered by it, and yet counted as a failure.
        sipp.ends(10_000);
        let log = sipp.log();
        let byes: BTreeSet<&str> = log.iter().filter(|m| m.starts_with("<BYE")).map(|m| header(m, "Call-ID")).collect();
        assert_eq!(byes.len(), calls as usize);
    }
    let records = lab.all_records();
    assert_eq!(records.len(), CALLS as usize + 1);
    let branch =
        |t: &Option<Target>| matches!(t, Some(Target::Trunk { trunk, .. }) if trunk.as_str() == "branch.12360");
    let strange = records.iter().find(|cdr| cdr.outcome != Outcome::Connected || !branch(&cdr.answered_by));
    assert_eq!(strange, None);
    let ended: BTreeSet<String> =
        hall.exchange.log().iter().filter(|m| m.starts_with("<BYE")).map(|m| header(m, "Call-ID").to_owned()).collect();
    assert_eq!(ended.len(), CALLS as usize + 1, "the sub-centre's side of each call ends by BYE");
    assert_eq!(hall.branch.opened(), 1);
}

/// Waits until the daemon has said once more that it keeps what it has.
fn keeps(lab: &Lab, times: usize, why: &str) {
    let said = || lab.daemon.said().lines().filter(|l| l.contains("the certificates of before stay in force")).count();
    let told = until(10_000, || (said() == times).then_some(()));
    assert!(told.is_some() && lab.daemon.said().contains(why), "not told of {why}: {}", lab.daemon.said());
    let alarms = || {
        let tls = |fact: &Fact| matches!(fact, Fact::Alarm { subject, .. } if subject == "tls");
        lab.journal().iter().filter(|event| tls(&event.fact)).count()
    };
    assert!(until(3_000, || (alarms() == times).then_some(())).is_some(), "{} alarms, not {times}", alarms());
}

#[test]
fn a_broken_certificate_changes_nothing_and_is_told_while_a_phone_talks() {
    let lab = Lab::start();
    let phone = Baresip::secure(&lab, 1, "8001", 1_100.0);
    let uri = format!("sip:12345@{}", lab.sip());
    let caller = Role::carrier(&lab, 0, "called_ends", &uri).says(700.0).start(&lab);
    phone.has("CALL_ESTABLISHED", 6_000);
    caller.talks(3_000);
    caller.line.hears(1_100.0, 4_000);
    let own = own_certificate(&lab);
    let old = fingerprint(&own.certificate);
    let good = fs::read(&own.certificate).unwrap();
    replaces(own.certificate.clone(), b"-----BEGIN CERTIFICATE-----\nbm90aGluZw==\n-----END CERTIFICATE-----\n");
    keeps(&lab, 1, "certificate.pem: it is no X.509 certificate");
    assert_eq!(shown(tls(&lab), &lab.dir), old);
    // A whole certificate whose key is another one.
    let stranger = Authority::new(&lab.dir, "signer").signs("stranger", "IP:127.0.0.1");
    replaces(own.certificate.clone(), &fs::read(&stranger.certificate).unwrap());
    keeps(&lab, 2, "it is not the certificate's key");
    assert_eq!(shown(tls(&lab), &lab.dir), old);
    // And one whose key cannot be read at all.
    replaces(own.certificate.clone(), &good);
    replaces(own.key.clone(), b"no key");
    keeps(&lab, 3, "key.pem");
    assert_eq!(shown(tls(&lab), &lab.dir), old);
    // The phone calls by the connection that it has, and others can make one.
    caller.line.hears(1_100.0, 2_000);
    assert_eq!(lab.live(), 1);
    let _other = Baresip::secure(&lab, 2, "8002", 900.0);
    replaces(own.key, &fs::read(&stranger.key).unwrap());
    replaces(own.certificate, &fs::read(&stranger.certificate).unwrap());
    becomes(&lab, &fingerprint(&stranger.certificate));
    caller.line.hears(1_100.0, 2_000);
    lab.ends_all();
    phone.has("CALL_CLOSED", 4_000);
    caller.ends_well(4_000);
    assert_eq!(lab.record().outcome, Outcome::Connected);
}
