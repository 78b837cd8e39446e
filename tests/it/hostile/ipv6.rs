//! The messages of RFC 5118 (torture messages of IPv6), and those of RFC 4475 that ask a registrar, written anew from their sections.

use crate::support::desk::{Desk, HOME};
use crate::support::town::Town;
use crate::torture::{Case, SDP, case, common, plays};
use switchboard::sip::message::Message;
use switchboard::sip::name::Name;

/// A request of RFC 5118: its Via and Contact are IPv6.
fn six(start: &str, method: &str, name: &str, extra: &str) -> String {
    let common = common(method, name)
        .replace("UDP 192.0.2.1:5060;", "UDP [2001:db8::9:1];")
        .replace("sip:caller@192.0.2.1", "sip:caller@[2001:db8::9:1]");
    format!("{start} SIP/2.0\n{common}{extra}Content-Length: {{L}}\n")
}

/// The same inside a dialog that does not exist: understood, so 481.
fn within(name: &str, via: &str) -> String {
    six("BYE sip:12345@[2001:db8::10]", "BYE", name, "")
        .replace("To: <sip:12345@example.com>", "To: <sip:12345@example.com>;tag=there")
        .replace("Max-Forwards", &format!("{via}Max-Forwards"))
}

/// RFC 5118 §4.1 to §4.10, with the answer of a trunk's peer: a registrar refuses a trunk, which says that it has understood.
#[test]
fn ipv6_references_are_read_wherever_they_stand() {
    let invite = |name: &str| six("INVITE sip:12345@[2001:db8::10]", "INVITE", name, "Content-Type: application/sdp\n");
    let body = |c: &str| String::from_utf8_lossy(SDP).replace("IN IP4 192.0.2.4", c).into_bytes();
    let register = |uri: &str, name: &str| six(&format!("REGISTER {uri}"), "REGISTER", name, "");
    let received = |value: &str, name: &str| within(name, "").replace(";rport", &format!(";received={value};rport"));
    let both = "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx\nVia: SIP/2.0/TCP [2001:db8::9:2]:5070;branch=z9hG4bKy\n";
    let mixed = String::from_utf8_lossy(SDP)
        .replace("c=IN IP4 192.0.2.4\r\nt=0 0", "t=0 0")
        .replace("RTP/AVP 0 12\r\n", "RTP/AVP 0 12\r\nc=IN IP4 192.0.2.4\r\n")
        .replace("RTP/AVP 31\r\n", "RTP/AVP 31\r\nc=IN IP6 2001:db8::1\r\n");
    plays(vec![
        case("ipv6-good", &[403], &register("sip:[2001:db8::10]", "ipv6-good"), b""),
        case("ipv6-bad", &[400], &register("sip:2001:db8::10", "ipv6-bad"), b""),
        case("port-ambiguous", &[403], &register("sip:[2001:db8::10:5070]", "port-ambiguous"), b""),
        case("port-unambiguous", &[403], &register("sip:[2001:db8::10]:5070", "port-unambiguous"), b""),
        case("via-received-param-with-delim", &[481], &received("[2001:db8::9:255]", "delim"), b""),
        case("via-received-param-no-delim", &[481], &received("2001:db8::9:255", "nodelim"), b""),
        // We have media over IPv4 only: no stream in common. A mapped address is one of IPv4.
        case("ipv6-in-sdp", &[100, 488], &invite("ipv6-in-sdp"), &body("IN IP6 2001:db8::20")),
        case("mult-ip-in-header", &[481], &within("mult-ip-in-header", both), b""),
        case("mult-ip-in-sdp", &[100, 200], &invite("mult-ip-in-sdp"), mixed.as_bytes()),
        case("ipv4-mapped-ipv6", &[100, 200], &invite("ipv4-mapped"), &body("IN IP6 ::ffff:192.0.2.10")),
        case(
            "ipv6-bug-abnf-3-colons",
            &[200],
            &six("OPTIONS sip:user@[2001:db8:::192.0.2.1]", "OPTIONS", "abnf", ""),
            b"",
        ),
        Case { name: "bracket that never closes", ..case("", &[400], &register("sip:[2001:db8::10", "open"), b"") },
    ]);
}

/// RFC 4475 §3.3.3: a scheme that is known but leads nowhere here. (§3.3.2 and §3.3.4 stand in `torture`.)
#[test]
fn a_tel_uri_is_no_place_to_register_at() {
    let common = |name: &str| common("REGISTER", name).replace("sip:12345@example.com", "isbn:2983792873");
    plays(vec![case(
        "unksm2",
        &[403],
        &format!("REGISTER sip:example.com SIP/2.0\n{}Content-Length: 0\n", common("unksm2")),
        b"",
    )]);
}

/// Seat 8001 registers with these lines; the answer.
fn registers(lines: &[&str]) -> (Town, Message) {
    let mut town = Town::new(1);
    let mut desk = Desk::new(&mut town, HOME, "8001", "lab-8001");
    let answer = desk.registers(&mut town, lines);
    (town, answer)
}

/// RFC 4475 §3.1.2.13 and §3.3.11 to §3.3.14: Contacts of a REGISTER.
#[test]
fn contacts_of_a_register_are_read_or_refused() {
    let rows: [(&str, &str, u16); 5] = [
        ("regbadct: a `?` outside of brackets", "Contact: sip:user@example.com?Route=%3Csip:sip.example.com%3E", 400),
        ("cparam01: an unknown parameter", "Contact: sip:+19725552222@gw1.example.net;unknownparam", 200),
        ("cparam02: one inside the URI", "Contact: <sip:+19725552222@gw1.example.net;unknownparam>", 200),
        (
            "regescrt: an escaped header in brackets",
            "Contact: <sip:user@example.com?Route=%3Csip:sip.example.com%3E>",
            200,
        ),
        ("a Contact that is nothing", "Contact: <>", 400),
    ];
    let mut wrong = Vec::new();
    for (name, contact, status) in rows {
        let (_, answer) = registers(&["Expires: 600", contact]);
        if answer.status() != Some(status) {
            wrong.push(format!("{name}: {:?} instead of {status}", answer.status()));
        }
        if status == 200 {
            let back = answer.value(Name::Contact).map(|c| String::from_utf8_lossy(c).into_owned());
            assert!(back.is_some_and(|c| c.contains("expires=600")), "{name}: the binding is told");
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// RFC 4475 §3.3.7: an unknown scheme of authorization is as none at all.
#[test]
fn an_unknown_authorization_scheme_is_challenged() {
    let mut town = Town::new(1);
    let mut desk = Desk::new(&mut town, HOME, "8001", "lab-8001");
    let ask = desk.ask(&["Authorization: NoOneKnowsThisScheme opaque-data=here"]);
    let answer = desk.says(&mut town, &ask);
    assert_eq!(answer.status(), Some(401));
    assert!(answer.value(Name::WwwAuthenticate).is_some());
}

/// RFC 3261 §19.1.1: no headers stand in a request-URI, and no Contact breaks a start line of ours.
#[test]
fn what_a_contact_says_never_breaks_a_request_of_ours() {
    let mut town = Town::new(1);
    let citizen = town.citizen("13900000001");
    let mut desk = Desk::new(&mut town, HOME, "8001", "lab-8001");
    for broken in ["<sip:80 01@127.0.1.1:7000>", "<sip:8001\0@127.0.1.1:7000>"] {
        let answer = desk.registers(&mut town, &["Expires: 600", &format!("Contact: {broken}")]);
        assert_eq!(answer.status(), Some(400), "{broken}");
        desk.challenges.clear();
    }
    let contact = "Contact: <sip:8001@127.0.1.1:7000;ob?Route=%3Csip:127.0.9.9%3E&Replaces=a>";
    assert_eq!(desk.registers(&mut town, &["Expires: 600", contact]).status(), Some(200));
    desk.peer.hears(&town);
    town.dials(citizen, "12345");
    town.runs(2.0);
    let heard = desk.peer.hears(&town);
    let invite = heard.iter().find(|m| m.method_token() == b"INVITE").expect("it rings");
    assert_eq!(invite.request_uri(), b"sip:8001@127.0.1.1:7000;ob");
}
