//! Offer × answer as a table, the rules one by one, and bodies that nobody should send.

mod codecs;
mod web;

use super::*;
use crate::codec::Menu;
use crate::key::{Crypto, Master, Pair, Policy, Suite};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use std::fmt::Write as _;

const LOCAL: Local = Local { address: IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)), port: 20_000, session_id: 42 };

fn leg() -> Negotiation {
    Negotiation::new(LOCAL)
}

/// The keys that were agreed on.
fn pair(agreed: &Agreed) -> Pair {
    match agreed.crypto {
        Some(Crypto::Keys(pair)) => pair,
        other => panic!("{other:?}"),
    }
}

/// A plain body of a phone at 198.51.100.7 with these lines after `t=`.
fn phone(lines: &str) -> String {
    let head = "v=0\r\no=- 1 1 IN IP4 198.51.100.7\r\ns=-\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\n";
    lines.split(" | ").fold(head.to_owned(), |text, line| text + line + "\r\n")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("our bodies are ASCII")
}

/// The version in the `o=` line.
fn version(body: &[u8]) -> u64 {
    let session = sdp_types::Session::parse(body).expect("ours parses");
    session.origin.sess_version
}

/// The lines that an answer's reader acts on.
fn gist(body: &[u8]) -> String {
    let lines = text(body).lines().filter(|l| ["m=", "a="].iter().any(|k| l.starts_with(k)));
    lines.collect::<Vec<_>>().join(" | ")
}

fn summary(outcome: &Result<Agreed, Refused>) -> String {
    match outcome {
        Err(why) => format!("refused: {why:?}"),
        Ok(a) => {
            let at = |s: Option<SocketAddr>| s.map_or("-".to_owned(), |s| s.to_string());
            format!(
                "pt {} te {:?} rtp {} rtcp {} from {} ptime {} we {} they {}",
                a.payload_type,
                a.telephone_event,
                at(a.remote_rtp),
                at(a.remote_rtcp),
                at(a.remote_source),
                a.ptime,
                a.direction.as_str(),
                a.remote_direction.as_str()
            )
        }
    }
}

/// The `m=` and `a=` part of every offer that the tables go through.
const BODIES: &[(&str, &str)] = &[
    ("PCMA and PCMU", "m=audio 4000 RTP/AVP 0 8"),
    ("PCMU only", "m=audio 4000 RTP/AVP 0"),
    ("names in odd case", "m=audio 4000 RTP/AVP 8 | a=RTPMAP:8 pcma/8000/1"),
    ("8 taken by another codec", "m=audio 4000 RTP/AVP 8 0 | a=rtpmap:8 G729/8000"),
    ("PCMA under a dynamic number", "m=audio 4000 RTP/AVP 97 | a=rtpmap:97 PCMA/8000"),
    ("wideband only", "m=audio 4000 RTP/AVP 9 111 | a=rtpmap:111 opus/48000/2"),
    ("telephone-event 96", "m=audio 4000 RTP/AVP 8 96 | a=rtpmap:96 telephone-event/8000 | a=fmtp:96 0-15"),
    (
        "telephone-event at two rates",
        "m=audio 4000 RTP/AVP 111 8 110 126 | a=rtpmap:111 opus/48000/2 | a=rtpmap:110 telephone-event/48000 | a=rtpmap:126 telephone-event/8000",
    ),
    ("telephone-event mapped, not listed", "m=audio 4000 RTP/AVP 8 | a=rtpmap:101 telephone-event/8000"),
    ("hold sendonly", "m=audio 4000 RTP/AVP 8 | a=sendonly"),
    ("hold inactive", "m=audio 4000 RTP/AVP 8 | a=inactive"),
    ("recvonly", "m=audio 4000 RTP/AVP 8 | a=recvonly"),
    ("hold c=0.0.0.0", "m=audio 4000 RTP/AVP 8 | c=IN IP4 0.0.0.0"),
    ("hold c=0.0.0.0 and inactive", "m=audio 4000 RTP/AVP 8 | c=IN IP4 0.0.0.0 | a=inactive"),
    ("port 0", "m=audio 0 RTP/AVP 8"),
    ("port 0 without formats", "m=audio 0 RTP/AVP"),
    ("direction of the session", "a=sendonly | m=audio 4000 RTP/AVP 8"),
    ("direction of the stream wins", "a=sendonly | m=audio 4000 RTP/AVP 8 | a=sendrecv"),
    ("ptime 30", "m=audio 4000 RTP/AVP 8 | a=ptime:30"),
    ("ptime 5", "m=audio 4000 RTP/AVP 8 | a=ptime:5"),
    ("ptime 200", "m=audio 4000 RTP/AVP 8 | a=ptime:200"),
    ("ptime 0", "m=audio 4000 RTP/AVP 8 | a=ptime:0"),
    ("ptime no number", "m=audio 4000 RTP/AVP 8 | a=ptime:fast"),
    ("ptime 60, maxptime 40", "m=audio 4000 RTP/AVP 8 | a=ptime:60 | a=maxptime:40"),
    ("maxptime 10 alone", "m=audio 4000 RTP/AVP 8 | a=maxptime:10"),
    ("rtcp apart", "m=audio 4000 RTP/AVP 8 | a=rtcp:5001"),
    ("rtcp at another host", "m=audio 4000 RTP/AVP 8 | a=rtcp:5001 IN IP4 198.51.100.8"),
    ("audio and video", "m=audio 4000 RTP/AVP 8 | m=video 5000 RTP/AVP 99 100 | a=rtpmap:99 H264/90000"),
    ("video first", "m=video 5000 RTP/AVP 99 | a=rtpmap:99 H264/90000 | m=audio 4000 RTP/AVP 8"),
    ("video only", "m=video 5000 RTP/AVP 99"),
    ("fax only", "m=image 5000 udptl t38"),
    ("two audio streams, second usable", "m=audio 4000 RTP/AVP 9 | m=audio 4002 RTP/AVP 8"),
    ("two audio streams, both usable", "m=audio 4000 RTP/AVP 8 | m=audio 4002 RTP/AVP 8"),
    ("first audio removed", "m=audio 0 RTP/AVP 8 | m=audio 4002 RTP/AVP 8"),
    ("SRTP", "m=audio 4000 RTP/SAVP 8 | a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x"),
    ("SRTP or RTP", "m=audio 4000 RTP/SAVP 8 | m=audio 4000 RTP/AVP 8"),
    ("browser", "m=audio 9 UDP/TLS/RTP/SAVPF 111 8 | a=rtpmap:111 opus/48000/2"),
    ("AVPF", "m=audio 4000 RTP/AVPF 8"),
    ("host name", "m=audio 4000 RTP/AVP 8 | c=IN IP4 phone.example.org"),
    ("multicast", "m=audio 4000 RTP/AVP 8 | c=IN IP4 224.2.1.1/127"),
    ("IPv6 at an IPv4 port", "m=audio 4000 RTP/AVP 8 | c=IN IP6 2001:db8::7"),
    ("IPv4 in IPv6 clothes", "m=audio 4000 RTP/AVP 8 | c=IN IP6 ::ffff:198.51.100.9"),
    ("port count", "m=audio 4000/2 RTP/AVP 8"),
    ("port out of range", "m=audio 70000 RTP/AVP 8"),
    ("no stream at all", "a=sendrecv"),
];

#[test]
fn every_offer_has_its_answer() {
    let mut table = String::new();
    for (name, lines) in BODIES {
        let outcome = leg().answer(phone(lines).as_bytes(), None);
        let agreed = outcome.as_ref().map(|(_, a)| *a).map_err(|e| *e);
        let _ = writeln!(table, "{name}\n  {}", summary(&agreed));
        if let Ok((body, _)) = outcome {
            let _ = writeln!(table, "  {}", gist(&body));
        }
    }
    insta::assert_snapshot!("offers", table);
}

#[test]
fn every_answer_to_our_offer_is_weighed() {
    let mut table = String::new();
    for (name, lines) in BODIES {
        let mut leg = leg();
        leg.offer(Direction::SendRecv);
        let outcome = leg.take_answer(phone(lines).as_bytes());
        let _ = writeln!(table, "{name}\n  {}", summary(&outcome));
    }
    insta::assert_snapshot!("answers", table);
}

#[test]
fn every_re_offer_on_an_agreed_leg_has_its_answer() {
    let mut table = String::new();
    for (name, lines) in BODIES {
        let mut leg = leg();
        leg.answer(phone("m=audio 4000 RTP/AVP 0").as_bytes(), None).expect("PCMU");
        let outcome = leg.answer(phone(lines).as_bytes(), None);
        let agreed = outcome.as_ref().map(|(_, a)| *a).map_err(|e| *e);
        let _ = writeln!(table, "{name}\n  {}", summary(&agreed));
        if let Ok((body, _)) = outcome {
            let _ = writeln!(table, "  v{} {}", version(&body), gist(&body));
        }
    }
    insta::assert_snapshot!("re_offers", table);
}

#[test]
fn our_offer_as_it_is_written() {
    insta::assert_snapshot!(text(&leg().offer(Direction::SendRecv)), @r"
    v=0
    o=- 42 0 IN IP4 192.0.2.1
    s=-
    c=IN IP4 192.0.2.1
    t=0 0
    m=audio 20000 RTP/AVP 8 0 101
    a=rtpmap:8 PCMA/8000
    a=rtpmap:0 PCMU/8000
    a=rtpmap:101 telephone-event/8000
    a=fmtp:101 0-16
    a=ptime:20
    a=sendrecv
    ");
}

#[test]
fn an_ipv6_leg_says_ip6_everywhere_and_takes_ipv6() {
    let address: IpAddr = "2001:db8::1".parse().expect("address");
    let mut leg = Negotiation::new(Local { address, ..LOCAL });
    let offer = leg.offer(Direction::SendRecv);
    assert!(text(&offer).contains("o=- 42 0 IN IP6 2001:db8::1\r\n"));
    assert!(text(&offer).contains("c=IN IP6 2001:db8::1\r\n"));
    let answer = phone("m=audio 4000 RTP/AVP 8 | c=IN IP6 2001:db8::7");
    let agreed = leg.take_answer(answer.as_bytes()).expect("agreed");
    assert_eq!(agreed.remote_rtp, "[2001:db8::7]:4000".parse().ok());
    let held = phone("m=audio 4000 RTP/AVP 8 | c=IN IP6 ::");
    assert!(leg.answer(held.as_bytes(), None).expect("held").1.held_by_remote());
}

#[test]
fn a_refresh_keeps_the_version_and_a_change_takes_the_next() {
    let mut leg = leg();
    let versions: Vec<u64> = [
        leg.offer(Direction::SendRecv),
        leg.offer(Direction::SendRecv),
        leg.offer(Direction::SendOnly),
        leg.offer(Direction::SendOnly),
        leg.offer(Direction::SendRecv),
    ]
    .iter()
    .map(|b| version(b))
    .collect();
    assert_eq!(versions, [0, 0, 1, 1, 2]);

    let offer = phone("m=audio 4000 RTP/AVP 8 101 | a=rtpmap:101 telephone-event/8000");
    let (first, _) = leg.answer(offer.as_bytes(), None).expect("first");
    let (again, _) = leg.answer(offer.as_bytes(), None).expect("again");
    assert_eq!((version(&first), &first), (3, &again));
    leg.move_to(LOCAL.address, 20_002);
    let (moved, _) = leg.answer(offer.as_bytes(), None).expect("moved");
    assert_eq!(version(&moved), 4);
    assert!(text(&moved).contains("m=audio 20002 "));
}

#[test]
fn a_prefer_and_the_codec_in_use_come_before_the_house_codec() {
    let both = phone("m=audio 4000 RTP/AVP 8 0");
    let mut leg = leg();
    assert_eq!(leg.answer(both.as_bytes(), Some((Codec::Pcmu, None))).expect("prefer").1.payload_type, PCMU);
    assert_eq!(leg.answer(both.as_bytes(), None).expect("in use").1.payload_type, PCMU);
    assert_eq!(leg.answer(both.as_bytes(), Some((Codec::Pcma, None))).expect("prefer").1.payload_type, PCMA);
    let first = Menu::of([Codec::Pcmu, Codec::Pcma]);
    assert!(text(&leg.offer_like(Direction::SendRecv, first, &[])).contains("RTP/AVP 0 8 101\r\n"));
    assert!(text(&leg.offer_like(Direction::SendRecv, only_pcmu(), &[])).contains("RTP/AVP 0 101\r\n"));
}

#[test]
fn an_answer_is_held_to_what_was_offered() {
    let mut leg = leg();
    leg.offer_like(Direction::SendRecv, only_pcmu(), &[]);
    let pcma = phone("m=audio 4000 RTP/AVP 8");
    assert_eq!(leg.take_answer(pcma.as_bytes()), Err(Refused::NoCommonCodec));
    leg.offer(Direction::SendOnly);
    let eager = phone("m=audio 4000 RTP/AVP 8 101 | a=sendrecv");
    let agreed = leg.take_answer(eager.as_bytes()).expect("agreed");
    assert_eq!(agreed.direction, Direction::SendOnly);
    assert_eq!(agreed.telephone_event, Some(101), "listed, rtpmap left out");
    assert_eq!(leg.take_answer(eager.as_bytes()), Ok(agreed), "183, then 200");
}

#[test]
fn an_answer_without_an_offer_is_refused() {
    let body = phone("m=audio 4000 RTP/AVP 8");
    let mut leg = leg();
    assert_eq!(leg.take_answer(body.as_bytes()), Err(Refused::NoOffer));
    leg.answer(body.as_bytes(), None).expect("answered");
    assert_eq!(leg.take_answer(body.as_bytes()), Err(Refused::NoOffer));
}

#[test]
fn our_re_offer_keeps_the_order_of_streams_and_the_numbers_in_use() {
    let mut leg = leg();
    let offer = phone("m=video 5000 RTP/AVP 99 | m=audio 4000 RTP/AVPF 8 96 | a=rtpmap:96 telephone-event/8000");
    leg.answer(offer.as_bytes(), None).expect("answered");
    let ours = leg.offer(Direction::SendOnly);
    let m: Vec<&str> = text(&ours).lines().filter(|l| l.starts_with("m=")).collect();
    assert_eq!(m, ["m=video 0 RTP/AVP 99", "m=audio 20000 RTP/AVPF 8 0 96"]);
    let answer =
        phone("m=video 0 RTP/AVP 99 | m=audio 4000 RTP/AVPF 8 96 | a=rtpmap:96 telephone-event/8000 | a=recvonly");
    assert_eq!(leg.take_answer(answer.as_bytes()).expect("agreed").telephone_event, Some(96));
}

#[test]
fn a_number_the_other_side_uses_for_something_else_is_left_alone() {
    let mut leg = leg();
    let offer = phone("m=audio 4000 RTP/AVP 101 8 96 | a=rtpmap:101 opus/48000/2 | a=rtpmap:96 iLBC/8000");
    leg.answer(offer.as_bytes(), None).expect("answered");
    assert!(text(&leg.offer(Direction::SendRecv)).contains("m=audio 20000 RTP/AVP 8 0 97\r\n"));
}

#[test]
fn a_refused_re_offer_leaves_what_was_agreed() {
    let mut leg = leg();
    let (_, agreed) = leg.answer(phone("m=audio 4000 RTP/AVP 8").as_bytes(), None).expect("agreed");
    assert_eq!(leg.answer(phone("m=audio 4000 RTP/AVP 9").as_bytes(), None), Err(Refused::NoCommonCodec));
    assert_eq!(leg.answer(b"", None), Err(Refused::NotSdp));
    assert_eq!(leg.agreed(), Some(&agreed));
}

#[test]
fn what_real_phones_send_is_read() {
    let tolerated: &[&[u8]] = &[
        b"v=0\no=x 1 1 IN IP4 198.51.100.7\ns=\nc=IN IP4 198.51.100.7\nm=audio 4000 RTP/AVP 8\n",
        b"v=0\rc=IN IP4 198.51.100.7\rm=audio 4000 RTP/AVP 8\r",
        b"\r\n\r\nv=0 \r\nc=IN  IP4  198.51.100.7 \r\nt=\r\nm=audio  4000  RTP/AVP  8 \r\na=\r\na=:x\r\n",
        b"v=0\r\no=broken\r\ns=\xd6\xd0\xb9\xfa\r\nc=IN IP4 198.51.100.7\r\nm=audio 4000 RTP/AVP 8\r\n\0\0garbage",
        b"v=0\r\nc=in ip4 198.51.100.7\r\nc=IN IP4 203.0.113.1\r\nt=0 0\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\nb=AS:x\r\n--boundary--",
    ];
    for body in tolerated {
        let (_, agreed) = leg().answer(body, None).expect("tolerated");
        assert_eq!(agreed.remote_rtp, "198.51.100.7:4000".parse().ok());
    }
}

fn key_line(tag: u32, suite: Suite, fill: u8) -> String {
    let key = Master::new(suite, &vec![fill; suite.length()]).unwrap();
    format!("a=crypto:{tag} {} inline:{}", suite.name(), STANDARD.encode(key.bytes()))
}

fn secure(policy: Policy) -> Negotiation {
    leg().secured(policy, [9; 32])
}

#[test]
fn keys_are_taken_as_the_policy_says_whatever_the_profile_is_called() {
    let key = key_line(3, Suite::Cm80, 7);
    for profile in ["RTP/AVP", "RTP/AVPF", "RTP/SAVP", "RTP/SAVPF"] {
        for (policy, keys) in
            [Policy::Off, Policy::Offered, Policy::Required].into_iter().flat_map(|p| [(p, true), (p, false)])
        {
            let lines = format!("m=audio 4000 {profile} 8{}", if keys { format!(" | {key}") } else { String::new() });
            let outcome = secure(policy).answer(phone(&lines).as_bytes(), None);
            let (asks, wanted) = (profile.contains("SAVP"), (policy, keys));
            match (asks, wanted) {
                (true, (Policy::Off, _)) => assert_eq!(outcome.unwrap_err(), Refused::Profile),
                (false, (Policy::Off, _)) | (false, (Policy::Offered, false)) => {
                    let (body, agreed) = outcome.unwrap();
                    assert!(agreed.crypto.is_none() && !text(&body).contains("crypto"), "{profile} {policy:?}");
                }
                (_, (_, true)) => {
                    let (body, agreed) = outcome.unwrap();
                    let pair = pair(&agreed);
                    assert_eq!(pair.theirs.bytes(), [7; 30]);
                    assert_ne!(pair.ours, pair.theirs);
                    let ours =
                        format!("a=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:{}", STANDARD.encode(pair.ours.bytes()));
                    assert!(text(&body).contains(&ours) && text(&body).contains(&format!("m=audio 20000 {profile} 8")));
                    assert_eq!(text(&body).matches("a=crypto").count(), 1);
                }
                (_, (_, false)) => assert_eq!(outcome.unwrap_err(), Refused::Insecure, "{profile} {policy:?}"),
            }
        }
    }
}

#[test]
fn the_first_key_that_we_can_use_is_taken_and_no_other() {
    let good = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";
    for (lines, tag) in [
        (
            format!("a=crypto:1 F8_128_HMAC_SHA1_80 inline:{good} | a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:{good}"),
            Some(2),
        ),
        (
            format!("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{good}|2^20|1:4 | {}", key_line(2, Suite::Gcm, 1)),
            Some(2),
        ),
        (format!("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{good}|2^48"), Some(1)),
        (format!("a=crypto:1 aes_cm_128_hmac_sha1_80 INLINE:{good} WSH=128 KDR=0"), Some(1)),
        (format!("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{good} KDR=5"), None),
        (format!("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{good} UNENCRYPTED_SRTP"), None),
        (format!("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{good} UNAUTHENTICATED_SRTP"), None),
        (format!("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{good};inline:{good}"), None),
        ("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA".to_owned(), None),
        (format!("a=crypto:x AES_CM_128_HMAC_SHA1_80 inline:{good}"), None),
        ("a=crypto:".to_owned(), None),
    ] {
        let offer = phone(&format!("m=audio 4000 RTP/SAVP 8 | {lines}"));
        let answer = secure(Policy::Required).answer(offer.as_bytes(), None);
        match tag {
            Some(tag) => assert!(text(&answer.unwrap().0).contains(&format!("a=crypto:{tag} ")), "{lines}"),
            None => assert_eq!(answer.unwrap_err(), Refused::Insecure, "{lines}"),
        }
    }
}

#[test]
fn our_offer_has_a_key_for_each_suite_and_the_answer_picks_one() {
    for (policy, profile) in [(Policy::Offered, "RTP/AVP"), (Policy::Required, "RTP/SAVP")] {
        let mut leg = secure(policy);
        let offer = leg.offer(Direction::SendRecv);
        let keys: Vec<&str> = text(&offer).lines().filter(|l| l.starts_with("a=crypto")).collect();
        assert!(keys.len() == 3 && text(&offer).contains(&format!("m=audio 20000 {profile} ")), "{keys:?}");
        for (n, suite) in (1u32..).zip(Suite::ALL) {
            let mut fork = leg.clone();
            let answer = phone(&format!("m=audio 4000 {profile} 8 | {}", key_line(n, suite, 5)));
            let keys_of = pair;
            let pair = keys_of(&fork.take_answer(answer.as_bytes()).unwrap());
            assert!(keys[n as usize - 1].ends_with(&STANDARD.encode(pair.ours.bytes())));
            assert_eq!((pair.ours.suite, pair.theirs.suite), (suite, suite));
            // Said again it is the same; what the other side offers again too, and a new key of its own gets a new one of ours.
            assert_eq!(fork.offer(Direction::SendRecv), offer);
            fork.take_answer(answer.as_bytes()).unwrap();
            let again = keys_of(&fork.answer(answer.as_bytes(), None).unwrap().1);
            assert_eq!(again, pair);
            let other = phone(&format!("m=audio 4000 {profile} 8 | {}", key_line(1, suite, 6)));
            assert_ne!(keys_of(&fork.answer(other.as_bytes(), None).unwrap().1).ours, pair.ours);
        }
        // Whoever wants its name to be that of SRTP gets the same under it, and is offered nothing else afterwards.
        let other = leg.secured_offer();
        assert_eq!(other.is_some(), policy == Policy::Offered);
        if let Some(other) = other {
            assert_eq!(text(&other), text(&offer).replace("RTP/AVP", "RTP/SAVP"));
            let mut fork = leg.clone();
            let answer = phone(&format!("m=audio 4000 RTP/SAVP 8 | {}", key_line(1, Suite::Cm80, 5)));
            fork.take_answer(answer.as_bytes()).unwrap();
            assert!(text(&fork.offer(Direction::SendRecv)).contains("m=audio 20000 RTP/SAVP "));
        }
        // A tag that was not offered, another suite under a tag, and no key.
        for line in [key_line(4, Suite::Cm80, 5), key_line(1, Suite::Gcm, 5)] {
            let answer = phone(&format!("m=audio 4000 {profile} 8 | {line}"));
            assert_eq!(leg.clone().take_answer(answer.as_bytes()).unwrap_err(), Refused::Insecure);
        }
        let plain = leg.clone().take_answer(phone("m=audio 4000 RTP/AVP 8").as_bytes());
        match policy {
            Policy::Required => assert_eq!(plain.unwrap_err(), Refused::Insecure),
            _ => assert_eq!(plain.unwrap().crypto, None),
        }
    }
}

#[test]
fn what_is_no_session_description_is_malformed_and_what_is_too_large_too() {
    for body in
        [&b""[..], b"\0", b"hello", b"v=1\r\n", b"s=-\r\nv=0\r\n", b"v=0\r\nm=audio\r\n", b"v=0\r\nm=audio x RTP/AVP 8"]
    {
        assert_eq!(leg().answer(body, None), Err(Refused::NotSdp), "{}", body.escape_ascii());
    }
    let many = phone("m=audio 4000 RTP/AVP 8") + &"m=video 0 RTP/AVP 99\r\n".repeat(16);
    let lines = phone("m=audio 4000 RTP/AVP 8") + &"a=x\r\n".repeat(600);
    let bytes = phone("m=audio 4000 RTP/AVP 8") + &"x".repeat(17_000);
    let stream = phone(&format!("m=audio 4000 RTP/AVP {}8", "9 ".repeat(300)));
    for body in [many, lines, bytes, stream] {
        let refused = leg().answer(body.as_bytes(), None).expect_err("too large");
        assert!(refused == Refused::TooLarge && refused.malformed());
    }
    let long = phone(&format!("m=audio 4000 RTP/AVP 8 | a=fmtp:99 {}", "x".repeat(2_000)));
    leg().answer(long.as_bytes(), None).expect("a long attribute is passed over");
}

/// A line as a hostile or merely odd phone might write it.
fn odd_line() -> impl Strategy<Value = String> {
    prop_oneof![
        "[vosctmabikzur]=[ -~]{0,40}",
        "m=(audio|video|image|Audio) (0|9|4000|65535|65536)(/2)? (RTP/AVP|RTP/SAVP|rtp/avpf|udptl)( (0|8|9|96|101|127|128|t38)){0,4}",
        "c=IN (IP4|IP6) (0\\.0\\.0\\.0|::|10\\.0\\.0\\.1|224\\.0\\.0\\.1|2001:db8::1|host)(/1){0,2}",
        "a=(rtpmap|fmtp|ptime|maxptime|rtcp|crypto):(0|8|96|101|300)?( |/)(PCMA|pcmu|telephone-event)?/?(8000)?(/1)?",
        "a=(sendrecv|sendonly|recvonly|inactive|SENDONLY)",
        "\\PC{0,20}",
    ]
}

fn only_pcmu() -> Menu {
    Menu::of([Codec::Pcmu])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let mut leg = leg();
        let _ = leg.answer(&bytes, None);
        leg.offer(Direction::SendRecv);
        let _ = leg.take_answer(&bytes);
    }

    #[test]
    fn an_answer_mirrors_the_offer_and_reads_back(
        lines in proptest::collection::vec(odd_line(), 0..20), end in prop_oneof![Just("\r\n"), Just("\n"), Just("\r")],
        prefer in proptest::option::of(0usize..6),
    ) {
        let offer = format!("v=0{end}c=IN IP4 198.51.100.7{end}{}", lines.join(end));
        let mut leg = leg();
        let prefer = prefer.map(|n| (Codec::ALL[n], Some("x=1")));
        if let Ok((body, agreed)) = leg.answer(offer.as_bytes(), prefer) {
            let read = body::Body::parse(offer.as_bytes()).expect("it was answered");
            let ours = sdp_types::Session::parse(&body).expect("ours parses");
            prop_assert_eq!(ours.medias.len(), read.streams.len());
            for (o, r) in ours.medias.iter().zip(&read.streams) {
                prop_assert_eq!(o.media.to_lowercase(), r.media.to_lowercase());
                prop_assert_eq!(&o.proto, &r.proto);
                prop_assert!(r.port != 0 || o.port == 0, "a removed stream stays removed");
            }
            prop_assert_eq!(ours.medias.iter().filter(|m| m.port != 0).count(), 1);
            let mut written = Vec::new();
            ours.write(&mut written).expect("into memory");
            prop_assert_eq!(text(&written), text(&body), "sdp-types writes what we wrote");
            prop_assert!(agreed.codec.is_g711() || prefer.is_some_and(|(codec, _)| codec == agreed.codec));
            prop_assert!((10..=60).contains(&agreed.ptime));
            prop_assert_eq!(agreed.remote_rtp.is_some(), agreed.remote_direction.receives());
        }
    }

    #[test]
    fn two_of_our_own_legs_agree(direction in 0usize..4, only in any::<bool>(), port in 2u16..65_000) {
        use Direction::{Inactive, RecvOnly, SendOnly, SendRecv};
        let direction = [SendRecv, SendOnly, RecvOnly, Inactive][direction];
        let mut a = Negotiation::new(Local { port, ..LOCAL });
        let mut b = leg();
        let codecs = if only { only_pcmu() } else { Menu::HOUSE };
        let offer = a.offer_like(direction, codecs, &[]);
        let (answer, theirs) = b.answer(&offer, None).expect("ours");
        let ours = a.take_answer(&answer).expect("ours");
        prop_assert_eq!(ours.direction, direction);
        prop_assert_eq!(theirs.direction, direction.reversed());
        prop_assert_eq!((ours.payload_type, ours.telephone_event), (theirs.payload_type, theirs.telephone_event));
    }
}

#[test]
fn a_fax_that_asks_for_t38_is_refused_and_its_sound_stays_as_it_was() {
    let mut leg = leg();
    let (_, agreed) = leg.answer(phone("m=audio 4000 RTP/AVP 8").as_bytes(), None).unwrap();
    for lines in [
        "m=image 4002 udptl t38 | a=T38FaxVersion:0",
        "m=audio 0 RTP/AVP 8 | m=image 4002 udptl t38",
        "m=audio 0 RTP/AVP 8 | m=image 4002 UDPTL t38 | a=T38MaxBitRate:14400",
    ] {
        assert_eq!(leg.answer(phone(lines).as_bytes(), None).unwrap_err(), Refused::NoAudio, "{lines}");
        assert_eq!(leg.agreed(), Some(&agreed), "nothing is remembered of it");
    }
    // Beside its sound it is only left out.
    let (answer, _) = leg.answer(phone("m=audio 4000 RTP/AVP 8 | m=image 4002 udptl t38").as_bytes(), None).unwrap();
    assert!(
        gist(&answer).contains("m=audio 20000") && gist(&answer).ends_with("m=image 0 udptl t38"),
        "{}",
        gist(&answer)
    );
}
