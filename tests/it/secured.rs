//! Who is believed on a TLS connection: a trunk by its certificate beside its address, and `sips` calls that go nowhere in the clear.

use crate::support::city;
use bytes::Bytes;
use std::net::SocketAddr;
use std::sync::Arc;
use switchboard::clock::Now;
use switchboard::exchange::{Exchange, Input, Output, Settings};
use switchboard::id::TrunkId;
use switchboard::key::{Policy, Srtp};
use switchboard::sip::flow::{Flow, Transport};

const CARRIER: &str = "127.0.0.10:5061";

fn exchange(change: impl FnOnce(&mut Settings)) -> Exchange {
    let mut settings = city::settings();
    settings.listen.push((Transport::Tls, "127.0.0.1:5071".parse().unwrap()));
    change(&mut settings);
    let now = Now { mono: 0, wall: city::at("2021-12-15T10:00") };
    let mut exchange = Exchange::new(settings, city::SHIPPED.clone(), [7; 32], 1, now);
    exchange.handle(Input::Media(crate::support::graph::Graph::ready(64)), now);
    exchange
}

fn flow(transport: Transport, connection: u32) -> Flow {
    let local: SocketAddr =
        if transport == Transport::Tls { "127.0.0.1:5071" } else { "127.0.0.1:5070" }.parse().unwrap();
    Flow { transport, local, peer: CARRIER.parse().unwrap(), connection }
}

/// An INVITE of the carrier; all statuses that come back, and where other INVITEs go.
fn invites(exchange: &mut Exchange, flow: Flow, uri: &str) -> (Vec<String>, Vec<Flow>) {
    let (statuses, sent, _) = invites_with(exchange, flow, uri, "m=audio 4000 RTP/AVP 8\r\n");
    (statuses, sent)
}

/// The same with this stream; also all that has been sent, as one text.
fn invites_with(exchange: &mut Exchange, flow: Flow, uri: &str, stream: &str) -> (Vec<String>, Vec<Flow>, String) {
    let sdp = format!("v=0\r\no=- 1 1 IN IP4 127.0.0.10\r\ns=-\r\nc=IN IP4 127.0.0.10\r\nt=0 0\r\n{stream}");
    let call = format!("{}-{}-{uri}", flow.connection, flow.transport.token());
    let text = format!(
        "INVITE {uri} SIP/2.0\r\nVia: SIP/2.0/{} {CARRIER};branch=z9hG4bK{}\r\nMax-Forwards: 70\r\nFrom: <sip:13900000001@x>;tag=1\r\n\
         To: <{uri}>\r\nCall-ID: {call}\r\nCSeq: 1 INVITE\r\nContact: <sip:a@{CARRIER};transport=tls>\r\nContent-Type: application/sdp\r\n\
         Content-Length: {}\r\n\r\n{sdp}",
        flow.transport.token(),
        call.bytes().fold(7u64, |hash, b| hash.wrapping_mul(31).wrapping_add(u64::from(b))),
        sdp.len()
    );
    let now = Now { mono: 1_000_000, wall: city::at("2021-12-15T10:00") };
    exchange.handle(Input::Message(flow, Bytes::from(text)), now);
    let (mut statuses, mut sent, mut all) = (Vec::new(), Vec::new(), String::new());
    while let Some(output) = exchange.poll() {
        let Output::Send(to, bytes) = output else { continue };
        all.push_str(&String::from_utf8_lossy(&bytes));
        let first = String::from_utf8_lossy(&bytes).lines().next().unwrap().to_owned();
        match first.strip_prefix("SIP/2.0 ") {
            Some(status) => statuses.push(status[..3].to_owned()),
            None if first.starts_with("INVITE") => sent.push(to),
            None => {}
        }
    }
    (statuses, sent, all)
}

#[test]
fn media_is_encrypted_as_the_trunk_wants_and_keys_go_by_tls_unless_told_otherwise() {
    let plain = "m=audio 4000 RTP/AVP 8\r\n";
    let keyed = "m=audio 4000 RTP/SAVP 8\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n";
    let (tls, udp) = (Transport::Tls, Transport::Udp);
    for (policy, in_clear, transport, stream, status, keys) in [
        (Policy::Off, false, tls, plain, "200", false),
        (Policy::Off, true, tls, keyed, "488", false),
        (Policy::Offered, false, tls, plain, "200", false),
        (Policy::Offered, false, tls, keyed, "200", true),
        (Policy::Offered, false, udp, plain, "200", false),
        (Policy::Offered, false, udp, keyed, "488", false),
        (Policy::Offered, true, udp, keyed, "200", true),
        (Policy::Required, false, tls, plain, "488", false),
        (Policy::Required, false, tls, keyed, "200", true),
        (Policy::Required, false, udp, keyed, "488", false),
        (Policy::Required, true, udp, plain, "488", false),
        (Policy::Required, true, udp, keyed, "200", true),
    ] {
        let mut exchange = exchange(|settings| {
            settings.trunks.get_mut(&TrunkId::from("carrier")).unwrap().srtp = Srtp { policy, in_clear };
        });
        let flow = flow(transport, u32::from(transport == tls));
        let (statuses, _, all) = invites_with(&mut exchange, flow, "sip:12345@127.0.0.1", stream);
        let what = format!("{policy:?} {in_clear} {transport:?} {stream}");
        let refused = statuses.iter().any(|s| s == "488");
        assert_eq!(refused, status == "488", "{what}: {statuses:?}");
        let body = all.split("\r\n\r\n").find(|part| part.starts_with("v=0"));
        assert_eq!(body.is_some(), !refused, "{what}: {all}");
        let said =
            body.is_some_and(|b| b.contains("RTP/SAVP") && b.contains("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:"));
        assert_eq!(said, keys, "{what}: {all}");
        assert!(!all.contains("WVNfX19zZW1jdGwg"), "its own key comes back");
    }
}

fn mutual(settings: &mut Settings) {
    settings.trunks.get_mut(&TrunkId::from("carrier")).unwrap().proves = Some("sbc.example.net".into());
}

#[test]
fn a_trunk_that_must_show_a_certificate_is_believed_by_nothing_else() {
    let mut exchange = exchange(mutual);
    let asks = |exchange: &mut Exchange, flow| invites(exchange, flow, "sip:12366@127.0.0.1").0;
    assert_eq!(asks(&mut exchange, flow(Transport::Udp, 0)), ["403"], "its address alone");
    assert_eq!(asks(&mut exchange, flow(Transport::Tls, 1)), ["403"], "no certificate");
    let now = Now { mono: 0, wall: city::at("2021-12-15T10:00") };
    let other: Arc<[String]> = ["sbc.example.org".to_owned()].into();
    exchange.handle(Input::Proved(flow(Transport::Tls, 2), other), now);
    assert_eq!(asks(&mut exchange, flow(Transport::Tls, 2)), ["403"], "somebody else's");
    let own: Arc<[String]> = ["x.example".to_owned(), "sbc.example.net".to_owned()].into();
    exchange.handle(Input::Proved(flow(Transport::Tls, 3), own), now);
    assert_eq!(asks(&mut exchange, flow(Transport::Tls, 3))[0], "100");
    // The proof ends with its connection: numbers are never used again, but should one be.
    exchange.handle(Input::FlowFailed(flow(Transport::Tls, 3)), now);
    let (statuses, _) = invites(&mut exchange, flow(Transport::Tls, 3), "sip:12360@127.0.0.1");
    assert_eq!(statuses, ["403"]);
}

#[test]
fn a_sips_call_comes_by_tls_alone_and_goes_nowhere_in_the_clear() {
    let mut plain = exchange(|_| ());
    assert_eq!(invites(&mut plain, flow(Transport::Udp, 0), "sips:12366@127.0.0.1").0, ["400"]);
    // The sub-centre is reached by UDP.
    let (statuses, sent) = invites(&mut plain, flow(Transport::Tls, 1), "sips:12366@127.0.0.1");
    assert_eq!((statuses[0].as_str(), sent), ("100", Vec::new()), "{statuses:?}");
    let (_, sent) = invites(&mut plain, flow(Transport::Tls, 1), "sip:12366@127.0.0.1");
    assert_eq!(sent.len(), 1);
    let mut secure = exchange(|settings| {
        let branch = settings.trunks.get_mut(&TrunkId::from("branch.12366")).unwrap();
        branch.outbound = Some(switchboard::exchange::Outbound::to(Transport::Tls, "127.0.0.20:5061".parse().unwrap()));
    });
    let (_, sent) = invites(&mut secure, flow(Transport::Tls, 1), "sips:12366@127.0.0.1");
    assert_eq!(sent.iter().map(|flow| flow.transport).collect::<Vec<_>>(), [Transport::Tls]);
    // Nothing keeps anybody from an emergency line.
    let (_, sent) = invites(&mut plain, flow(Transport::Tls, 1), "sips:110@127.0.0.1");
    assert_eq!(sent.len(), 1);
}
