//! Who is believed on a TLS connection: a trunk by its certificate beside its address, and `sips` calls that go nowhere in the clear.

use crate::support::city;
use bytes::Bytes;
use std::net::SocketAddr;
use std::sync::Arc;
use switchboard::clock::Now;
use switchboard::exchange::{Exchange, Input, Output, Settings};
use switchboard::id::TrunkId;
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
    let sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.10\r\ns=-\r\nc=IN IP4 127.0.0.10\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n";
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
    let (mut statuses, mut sent) = (Vec::new(), Vec::new());
    while let Some(output) = exchange.poll() {
        let Output::Send(to, bytes) = output else { continue };
        let first = String::from_utf8_lossy(&bytes).lines().next().unwrap().to_owned();
        match first.strip_prefix("SIP/2.0 ") {
            Some(status) => statuses.push(status[..3].to_owned()),
            None if first.starts_with("INVITE") => sent.push(to),
            None => {}
        }
    }
    (statuses, sent)
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
        branch.outbound = Some((Transport::Tls, "127.0.0.20:5061".parse().unwrap()));
    });
    let (_, sent) = invites(&mut secure, flow(Transport::Tls, 1), "sips:12366@127.0.0.1");
    assert_eq!(sent.iter().map(|flow| flow.transport).collect::<Vec<_>>(), [Transport::Tls]);
    // Nothing keeps anybody from an emergency line.
    let (_, sent) = invites(&mut plain, flow(Transport::Tls, 1), "sips:110@127.0.0.1");
    assert_eq!(sent.len(), 1);
}
