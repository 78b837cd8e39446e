//! Browsers' bodies: as Chromium 156 writes them, and with what they must not leave out.

use super::*;
use crate::key::{Fingerprint, Web};

const CERTIFICATE: &str =
    "0D:AB:4C:8B:E7:8B:2F:A6:56:DE:A0:7C:DD:E3:BD:08:0D:B4:7E:53:3E:56:8F:57:BF:55:90:2A:D7:E2:2E:62";

fn door() -> Door {
    Door { at: "192.0.2.1:19999".parse().unwrap(), ours: Fingerprint([0xAB; 32]), user: *b"00000007" }
}

fn browser_leg(speaks: bool) -> Negotiation {
    leg().with_door(door(), [3; 32], speaks)
}

/// An offer of Chromium's with JsSIP.
fn chromium() -> String {
    format!(
        "v=0\r\no=- 5117823393716884076 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\na=extmap-allow-mixed\r\n\
         a=msid-semantic: WMS faaa1f94\r\nm=audio 40618 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126\r\nc=IN IP4 0.0.0.0\r\n\
         a=rtcp:9 IN IP4 0.0.0.0\r\na=candidate:6728 1 udp 2122194687 7a6f8e3c-1111-4222-8333-944455556666.local 40618 typ host generation 0\r\n\
         a=ice-ufrag:5TbC\r\na=ice-pwd:w2q3BuC+d3I/P2gn16nW/P6x\r\na=ice-options:trickle\r\na=fingerprint:sha-256 {CERTIFICATE}\r\n\
         a=setup:actpass\r\na=mid:0\r\na=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\na=sendrecv\r\na=msid:faaa1f94 e42bfe34\r\n\
         a=rtcp-mux\r\na=rtcp-rsize\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:63 red/48000/2\r\n\
         a=rtpmap:9 G722/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:13 CN/8000\r\na=rtpmap:110 telephone-event/48000\r\n\
         a=rtpmap:126 telephone-event/8000\r\na=ssrc:1744056570 cname:ys/sbi1aS3Sbcs/O\r\n"
    )
}

fn web(agreed: &Agreed) -> Web {
    match agreed.crypto {
        Some(Crypto::Web(web)) => web,
        other => panic!("{other:?}"),
    }
}

fn line(body: &[u8], begins: &str) -> String {
    text(body).lines().find(|l| l.starts_with(begins)).unwrap_or_else(|| panic!("{begins}: {}", text(body))).to_owned()
}

#[test]
fn an_offer_of_chromium_is_answered_as_an_ice_lite_side_answers() {
    let (answer, agreed) = browser_leg(false).answer(chromium().as_bytes(), None).unwrap();
    let web = web(&agreed);
    assert_eq!((agreed.payload_type, agreed.telephone_event, agreed.direction), (PCMA, Some(126), Direction::SendRecv));
    assert!(agreed.remote_rtp.is_some() && !agreed.held_by_remote(), "c=0.0.0.0 is no hold here");
    assert_eq!((web.theirs, &web.ice.user[..8]), (Fingerprint::read(CERTIFICATE).unwrap(), &b"00000007"[..]));
    let (user, password) =
        (String::from_utf8(web.ice.user.to_vec()).unwrap(), String::from_utf8(web.ice.password.to_vec()).unwrap());
    let expected = format!(
        "a=ice-lite | a=group:BUNDLE 0 | m=audio 19999 UDP/TLS/RTP/SAVPF 8 126 | a=rtpmap:8 PCMA/8000 | a=rtpmap:126 telephone-event/8000 \
         | a=fmtp:126 0-16 | a=ice-ufrag:{user} | a=ice-pwd:{password} | a=fingerprint:sha-256 {} | a=setup:passive | a=rtcp-mux \
         | a=candidate:1 1 UDP 2130706431 192.0.2.1 19999 typ host | a=end-of-candidates | a=msid:switchboard audio | a=ptime:20 \
         | a=sendrecv | a=mid:0",
        Fingerprint([0xAB; 32])
    );
    assert_eq!(gist(&answer), expected);
    let chars = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/');
    assert!(user.chars().chain(password.chars()).all(chars) && password.len() == 24, "{user} {password}");
    // Its media may be encrypted where SRTP is required, and where it is off.
    for policy in [Policy::Off, Policy::Required] {
        assert!(secure(policy).with_door(door(), [3; 32], false).answer(chromium().as_bytes(), None).is_ok());
    }
    // Where browsers have nowhere to come to it is a profile that we do not speak.
    assert_eq!(leg().answer(chromium().as_bytes(), None).unwrap_err(), Refused::Profile);
}

#[test]
fn what_a_browser_must_say_is_missed_and_what_it_may_say_is_passed_over() {
    let answered = |change: &dyn Fn(String) -> String| {
        browser_leg(false).answer(change(chromium()).as_bytes(), None).map(|(_, agreed)| web(&agreed))
    };
    let replaced = |from: &'static str, to: &'static str| move |s: String| s.replace(from, to);
    for missing in [
        replaced("a=rtcp-mux\r\n", ""),
        replaced("a=setup:actpass", "a=setup:passive"),
        replaced("a=setup:actpass", "a=setup:holdconn"),
        replaced("a=fingerprint:sha-256", "a=fingerprint:sha-1"),
        replaced("22:2E:62", ""),
        replaced("E2:2E:62", "E2:2E:6"),
        replaced("E2:2E:62", "E2:2E:62:00"),
    ] {
        let outcome = answered(&missing);
        let whole = missing(chromium()) == chromium();
        assert!(whole || outcome == Err(Refused::Browser), "{outcome:?}");
    }
    for passed in [
        replaced("a=setup:actpass", "a=setup:active"),
        replaced("UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP"),
        replaced("a=ice-options:trickle\r\n", "a=ice-options:trickle renomination\r\na=fingerprint:sha-1 00:11\r\n"),
        replaced("a=candidate", "a=x-candidate"),
    ] {
        answered(&passed).unwrap();
    }
    // Said for the whole session.
    let fingerprint = format!("a=fingerprint:sha-256 {CERTIFICATE}\r\n");
    let session = |s: String| s.replace(&fingerprint, "").replace("t=0 0\r\n", &format!("t=0 0\r\n{fingerprint}"));
    answered(&session).unwrap();
    // A name that cannot be repeated is left out; streams beside it keep theirs, with port 0.
    let odd = chromium().replace("a=mid:0", "a=mid:<x>");
    let (answer, _) = browser_leg(false).answer(odd.as_bytes(), None).unwrap();
    assert!(!text(&answer).contains("mid") && !text(&answer).contains("BUNDLE"));
    let video = chromium() + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=rtcp-mux\r\n";
    let (answer, _) = browser_leg(false).answer(video.as_bytes(), None).unwrap();
    assert!(
        text(&answer).contains("BUNDLE 0\r\n") && gist(&answer).ends_with("m=video 0 UDP/TLS/RTP/SAVPF 96 | a=mid:1")
    );
}

#[test]
fn a_restart_of_ice_gets_another_name_and_password_and_a_refresh_the_same() {
    let mut leg = browser_leg(false);
    let first = web(&leg.answer(chromium().as_bytes(), None).unwrap().1);
    let (same, agreed) = leg.answer(chromium().as_bytes(), None).unwrap();
    assert_eq!((web(&agreed), version(&same)), (first, 0));
    let restarted = chromium().replace("ice-ufrag:5TbC", "ice-ufrag:6UcD");
    let (body, agreed) = leg.answer(restarted.as_bytes(), None).unwrap();
    let second = web(&agreed);
    assert_eq!((second.theirs, second.ice.user[..8] == first.ice.user[..8], version(&body)), (first.theirs, true, 1));
    assert!(second.ice != first.ice && leg.ice() == Some(second.ice));
    // Held and taken back, as a page does it.
    let held = restarted.replace("a=sendrecv", "a=sendonly");
    let (body, agreed) = leg.answer(held.as_bytes(), None).unwrap();
    assert_eq!((agreed.direction, agreed.remote_rtp, web(&agreed)), (Direction::RecvOnly, None, second));
    assert_eq!(line(&body, "a=recv"), "a=recvonly");
}

#[test]
fn our_offer_for_a_page_is_answered_by_a_page_and_by_nobody_else() {
    let mut leg = browser_leg(true);
    let offer = leg.offer(Direction::SendRecv);
    assert_eq!(line(&offer, "m="), "m=audio 19999 UDP/TLS/RTP/SAVPF 8 0 101");
    assert_eq!(
        (line(&offer, "a=setup"), line(&offer, "a=group")),
        ("a=setup:actpass".into(), "a=group:BUNDLE 0".into())
    );
    assert!(line(&offer, "a=ice-pwd").ends_with(&String::from_utf8_lossy(&leg.ice().unwrap().password).into_owned()));
    let answer = chromium()
        .replace("a=setup:actpass", "a=setup:active")
        .replace("111 63 9 0 8 13 110 126", "8 101")
        .replace(":126 telephone", ":101 telephone");
    let agreed = leg.clone().take_answer(answer.as_bytes()).unwrap();
    assert_eq!((web(&agreed).ice, agreed.telephone_event), (leg.ice().unwrap(), Some(101)));
    for (from, to, why) in [
        ("a=setup:active", "a=setup:passive", Refused::Browser),
        ("a=rtcp-mux\r\n", "", Refused::Browser),
        ("UDP/TLS/RTP/SAVPF", "RTP/AVP", Refused::Address),
        ("UDP/TLS/RTP/SAVPF", "RTP/SAVPF", Refused::Address),
    ] {
        let outcome = leg.clone().take_answer(answer.replace(from, to).as_bytes());
        assert!(outcome.is_err(), "{to}: {why:?} or {outcome:?}");
    }
    let plain = answer.replace("UDP/TLS/RTP/SAVPF", "RTP/AVP").replace("c=IN IP4 0.0.0.0", "c=IN IP4 198.51.100.7");
    assert_eq!(leg.take_answer(plain.as_bytes()).unwrap_err(), Refused::Profile, "nothing goes in the clear");
}
