//! Codecs beyond G.711: Opus with its two clocks of events, and what only goes through with what each side has said of it.

use super::*;
use crate::codec::Codec::{G722, G729, Ilbc, Opus, Pcma, Pcmu};

fn speaking(codecs: &[Codec]) -> Negotiation {
    leg().speaking(Menu::of(codecs.iter().copied()))
}

/// What a browser offers (Chromium's order).
const BROWSER: &str = "m=audio 4000 RTP/AVP 111 63 9 0 8 13 110 126 | a=rtpmap:111 opus/48000/2 | a=fmtp:111 minptime=10;useinbandfec=1 | \
    a=rtpmap:63 red/48000/2 | a=rtpmap:110 telephone-event/48000 | a=rtpmap:126 telephone-event/8000";

#[test]
fn opus_is_answered_where_the_menu_has_it_first_and_events_go_with_its_clock() {
    for (menu, codec, number, event) in [
        (Menu::HOUSE, Pcma, 8, (126, 8_000)),
        (Menu::BROWSER, Pcma, 8, (126, 8_000)),
        (Menu::of([Opus, Pcma]), Opus, 111, (110, 48_000)),
        (Menu::of([Pcmu, Opus]), Pcmu, 0, (126, 8_000)),
        (Menu::HOUSE.and_through(), Pcma, 8, (126, 8_000)),
        (Menu::of([G722, Opus]), Opus, 111, (110, 48_000)),
        (Menu::of([G722]), G722, 9, (126, 8_000)),
    ] {
        let (body, agreed) = leg().speaking(menu).answer(phone(BROWSER).as_bytes(), None).expect("answered");
        assert_eq!((agreed.codec, agreed.payload_type), (codec, number), "{menu:?}");
        assert_eq!((agreed.telephone_event, agreed.event_clock), (Some(event.0), event.1), "{menu:?}");
        let body = text(&body);
        assert!(body.contains(&format!("m=audio 20000 RTP/AVP {number} {}\r\n", event.0)), "{body}");
        assert!(body.contains(&format!("a=rtpmap:{} telephone-event/{}\r\n", event.0, event.1)), "{body}");
        assert_eq!(
            body.contains("a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1"),
            codec == Opus,
            "{body}"
        );
    }
    // A page whose events are of 8 kHz alone (Firefox) has those.
    let plain = BROWSER.replace("a=rtpmap:110 telephone-event/48000", "a=x");
    let (_, agreed) = speaking(&[Opus]).answer(phone(&plain).as_bytes(), None).expect("answered");
    assert_eq!((agreed.codec, agreed.telephone_event, agreed.event_clock), (Opus, Some(126), 8_000));
    // One that says Opus of 16 kHz says none.
    let odd = BROWSER.replace("opus/48000/2", "opus/16000/2");
    assert_eq!(speaking(&[Opus]).answer(phone(&odd).as_bytes(), None), Err(Refused::NoCommonCodec));
}

#[test]
fn an_offer_of_opus_names_events_of_both_clocks_and_takes_the_answer_of_either() {
    let mut ours = leg();
    let offer = ours.offer_like(Direction::SendRecv, Menu::of([Opus, Pcma]), &[]);
    let body = text(&offer);
    assert!(body.contains("m=audio 20000 RTP/AVP 111 8 101 96\r\n"), "{body}");
    assert!(
        body.contains("a=rtpmap:101 telephone-event/8000\r\n")
            && body.contains("a=rtpmap:96 telephone-event/48000\r\n")
    );
    for (answer, codec, event) in [
        (
            "m=audio 4000 RTP/AVP 111 96 | a=rtpmap:111 opus/48000/2 | a=rtpmap:96 telephone-event/48000",
            Opus,
            Some((96, 48_000)),
        ),
        ("m=audio 4000 RTP/AVP 8 101 | a=rtpmap:101 telephone-event/8000", Pcma, Some((101, 8_000))),
        ("m=audio 4000 RTP/AVP 111 | a=rtpmap:111 opus/48000/2", Opus, None),
        ("m=audio 4000 RTP/AVP 111 101 | a=rtpmap:111 OPUS/48000", Opus, Some((101, 8_000))),
    ] {
        let agreed = ours.clone().take_answer(phone(answer).as_bytes()).expect("taken");
        let has = agreed.telephone_event.map(|pt| (pt, agreed.event_clock));
        assert_eq!((agreed.codec, has), (codec, event), "{answer}");
    }
    // What was not offered is not taken.
    let mut other = leg();
    other.offer(Direction::SendRecv);
    let answer = phone("m=audio 4000 RTP/AVP 111 | a=rtpmap:111 opus/48000/2");
    assert_eq!(other.take_answer(answer.as_bytes()), Err(Refused::NoCommonCodec));
}

#[test]
fn what_only_goes_through_comes_last_unless_it_is_preferred_and_keeps_what_was_said_of_it() {
    let offer = "m=audio 4000 RTP/AVP 98 18 8 | a=rtpmap:98 iLBC/8000 | a=fmtp:98 mode=20 | a=fmtp:18 annexb=no";
    let answered = |menu: &[Codec], prefer: Option<(Codec, Option<&str>)>| {
        let (body, agreed) = speaking(menu).answer(phone(offer).as_bytes(), prefer).expect("answered");
        let params =
            text(&body).lines().filter(|l| l.starts_with("a=fmtp:")).map(str::to_owned).collect::<Vec<_>>().join(" ");
        (agreed.codec, agreed.payload_type, params)
    };
    assert_eq!(answered(&[Ilbc, G729, Pcma], None), (Pcma, 8, String::new()));
    assert_eq!(answered(&[Ilbc, G729], None), (Ilbc, 98, "a=fmtp:98 mode=20".into()));
    assert_eq!(answered(&[Ilbc, Pcma], Some((Ilbc, Some("mode=30")))), (Ilbc, 98, "a=fmtp:98 mode=30".into()));
    assert_eq!(answered(&[Pcma, G729], Some((G729, None))), (G729, 18, "a=fmtp:18 annexb=no".into()));
    // Once it is settled, a re-offer brings nothing new of the kind; what is spoken stays.
    let mut leg = speaking(&[Pcma, G729]);
    leg.answer(phone("m=audio 4000 RTP/AVP 18 8").as_bytes(), Some((G729, None))).expect("answered");
    leg.settle();
    assert_eq!(leg.answer(phone("m=audio 4000 RTP/AVP 18").as_bytes(), None).expect("as before").1.codec, G729);
    let mut leg = speaking(&[Pcma, G729]);
    leg.answer(phone("m=audio 4000 RTP/AVP 18 8").as_bytes(), None).expect("answered");
    leg.settle();
    assert_eq!(leg.answer(phone("m=audio 4000 RTP/AVP 18").as_bytes(), None), Err(Refused::NoCommonCodec));
    // Parameters that could not be repeated are none.
    let long = format!("m=audio 4000 RTP/AVP 18 | a=fmtp:18 {}", "x".repeat(300));
    let (body, _) = speaking(&[G729]).answer(phone(&long).as_bytes(), None).expect("answered");
    assert!(!text(&body).contains("a=fmtp:18"), "{}", text(&body));
}
