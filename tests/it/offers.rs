//! Offers that come late or reliably: INVITEs without an offer, 100rel and PRACK, by a hand-written peer.

use crate::races::{ask_119, empty_after_two_minutes, far_sdp, ringing_119};
use crate::support::raw::{Ask, CARRIER, FIRE, Peer, answer, sdp, text};
use crate::support::town::{Manner, Town};
use crate::support::wire::Weather;
use switchboard::sip::name::Name;

const SOON: Manner = Manner::Answers(1_000_000);

// --- no offer, 100rel -----------------------------------------------------------------------------------------------

#[test]
fn an_offerless_invite_without_100rel_gets_our_offer_in_the_200() {
    let mut town = Town::new(17);
    let seat = town.seat("8001", SOON);
    town.runs(1.0);
    let mut caller = Peer::at(&town, CARRIER);
    let ask = Ask::new("INVITE", "12333", caller.at).without_offer();
    caller.says(&mut town, ask.write());
    let got = caller.hears(&town);
    assert!(got.iter().all(|m| m.status() == Some(200) || m.body().is_empty()), "no offer in an unreliable 1xx");
    let ok = got.last().unwrap();
    assert!(ok.status() == Some(200) && ok.sdp().is_some(), "{}", town.trace.join("\n"));
    caller.says(&mut town, ask.ack(ok).offering(sdp("127.0.0.10", 40_000)).write());
    town.runs(3.0);
    assert!(town.is_connected(seat));
    caller.says(&mut town, ask.within("BYE", ok, 1).write());
    empty_after_two_minutes(&mut town);

    // The ACK brings no answer: there is no call (RFC 3261 §13.2.2.4).
    let ask = Ask { branch: "z9hG4bK-b".into(), call_id: "b".into(), ..ask };
    caller.words(&town);
    caller.says(&mut town, ask.write());
    let ok = caller.hears(&town).pop().unwrap();
    caller.says(&mut town, ask.ack(&ok).write());
    let bye = caller.hears_one(&town);
    assert_eq!(bye.method_token(), b"BYE");
    caller.says(&mut town, answer(&bye, caller.at, 200, "", "", ""));
    empty_after_two_minutes(&mut town);

    let mut town = Town::on("2022-06-01T09:00", 18, Weather::FINE);
    let mut caller = Peer::at(&town, CARRIER);
    let ask = Ask::new("INVITE", "12358", caller.at).without_offer();
    caller.says(&mut town, ask.write());
    assert_eq!(caller.words(&town).last().unwrap(), "410 INVITE", "nowhere to play to: 410 at once");
    caller.says(&mut town, ask.same_branch("ACK", None).write());
    empty_after_two_minutes(&mut town);
}

/// The 183 carries our offer, the PRACK its answer, and only then the prompt begins (RFC 3262 §5).
#[test]
fn an_offerless_invite_with_100rel_hears_the_prompt_after_its_prack() {
    let mut town = Town::new(19);
    let seat = town.seat("8001", SOON);
    town.runs(1.0);
    let mut caller = Peer::at(&town, CARRIER);
    let ask = Ask::new("INVITE", "12333", caller.at).without_offer().with("Supported: 100rel");
    caller.says(&mut town, ask.write());
    let early = caller.hears(&town).into_iter().find(|m| m.status() == Some(183)).unwrap();
    assert!(early.lists(Name::Require, "100rel") && early.sdp().is_some());
    let rseq = early.number(Name::RSeq).unwrap();
    assert!(town.graph.played.is_empty(), "nothing plays before the path exists");
    let prack =
        ask.within("PRACK", &early, 1).with(&format!("RAck: {rseq} 1 INVITE")).offering(sdp("127.0.0.10", 40_000));
    caller.says(&mut town, prack.write());
    assert_eq!(caller.words(&town), ["200 PRACK"]);
    let rtp = "127.0.0.10:40000".parse().unwrap();
    assert_eq!(town.graph.hears(rtp), crate::support::graph::Heard::Prompt("transition/12333".into()));
    // The PRACK again: the same 200, no second prompt.
    caller.says(&mut town, prack.write());
    assert_eq!(caller.words(&town), ["200 PRACK"]);
    assert!(town.until(60, |t| t.is_connected(seat)));
    town.runs(0.1);
    let ok = caller.hears(&town).into_iter().find(|m| m.status() == Some(200)).unwrap();
    caller.says(&mut town, ask.ack(&ok).write());
    town.runs(2.0);
    assert_eq!(town.graph.hears(rtp), crate::support::graph::Heard::Party("127.0.1.1:30000".parse().unwrap()));
    caller.says(&mut town, ask.within("BYE", &ok, 2).write());
    empty_after_two_minutes(&mut town);
}

#[test]
fn a_caller_who_requires_100rel_gets_every_1xx_reliably() {
    let mut town = Town::new(20);
    let ask = ask_119().with("Require: 100rel");
    let (mut caller, mut far) = (Peer::at(&town, CARRIER), Peer::at(&town, FIRE));
    caller.says(&mut town, ask.write());
    let invite = far.hears_one(&town);
    let ringing = caller.hears(&town).pop().unwrap();
    assert_eq!(ringing.status(), Some(180));
    assert!(ringing.lists(Name::Require, "100rel"));
    let rseq = ringing.number(Name::RSeq).expect("RSeq");
    far.says(&mut town, answer(&invite, far.at, 100, "", "", ""));
    // The PRACK is lost for a while: the 180 comes again at T1, doubling.
    town.runs(3.6);
    assert_eq!(caller.words(&town), ["180 INVITE"; 3]);
    // The answer need not wait for a 180 without SDP, and the PRACK that comes after it is still answered 200 (RFC 3262 §3).
    far.says(&mut town, answer(&invite, far.at, 200, "far1", "", &far_sdp()));
    let ok = caller.hears(&town).pop().unwrap();
    assert_eq!(ok.status(), Some(200));
    let prack = ask.within("PRACK", &ringing, 1).with(&format!("RAck: {rseq} 1 INVITE"));
    caller.says(&mut town, prack.write());
    assert_eq!(caller.words(&town), ["200 PRACK"]);
    caller.says(&mut town, ask.ack(&ok).write());
    let wrong = ask.within("PRACK", &ringing, 2).with(&format!("RAck: {} 1 INVITE", rseq + 9));
    for _ in 0..2 {
        caller.says(&mut town, wrong.write());
        assert_eq!(caller.words(&town), ["481 PRACK"]);
    }
    caller.says(&mut town, ask.within("BYE", &ok, 3).write());
    assert_eq!(caller.words(&town), ["200 BYE"]);
    far.hears(&town);
    town.runs(1.0);
    let bye = far.hears(&town).pop().expect("BYE again");
    far.says(&mut town, answer(&bye, far.at, 200, "", "", ""));
    empty_after_two_minutes(&mut town);
}

/// RFC 3262 §3: no PRACK for 64·T1 refuses the INVITE with a 5xx.
#[test]
fn a_prack_that_never_comes_refuses_the_call_with_5xx() {
    let mut town = Town::new(21);
    let _seat = town.seat("8001", SOON);
    town.runs(1.0);
    let mut caller = Peer::at(&town, CARRIER);
    let ask = Ask::new("INVITE", "12333", caller.at).with("Supported: 100rel");
    caller.says(&mut town, ask.write());
    town.runs(31.0);
    let words = caller.words(&town);
    assert_eq!(words.iter().filter(|w| *w == "183 INVITE").count(), 6, "T1, doubling: {words:?}");
    assert!(!words.iter().any(|w| w == "200 INVITE"), "no 2xx while an SDP-bearing 183 is without its PRACK");
    town.runs(1.5);
    let no = caller.hears(&town).pop().unwrap();
    assert!(no.status().is_some_and(|s| (500..600).contains(&s)), "{:?}", no.status());
    caller.says(&mut town, ask.same_branch("ACK", Some(&no)).write());
    empty_after_two_minutes(&mut town);
}

/// The answer waits for the PRACK of the 183 that carried SDP, and an offer in that PRACK is answered before the 200 of the INVITE.
#[test]
fn an_offer_in_a_prack_is_answered_before_the_invite_is() {
    let mut town = Town::new(22);
    let ask = ask_119().with("Supported: 100rel");
    let (mut caller, mut far, invite) = ringing_119(&mut town, &ask);
    far.says(&mut town, answer(&invite, far.at, 183, "far1", "", &far_sdp()));
    let early = caller.hears(&town).into_iter().find(|m| m.status() == Some(183)).unwrap();
    far.says(&mut town, answer(&invite, far.at, 200, "far1", "", &far_sdp()));
    assert_eq!(far.words(&town), ["ACK"]);
    assert!(caller.words(&town).is_empty(), "the 200 waits");
    let rseq = early.number(Name::RSeq).unwrap();
    let prack =
        ask.within("PRACK", &early, 1).with(&format!("RAck: {rseq} 1 INVITE")).offering(sdp("127.0.0.10", 40_100));
    town.injects(caller.at, &prack.write());
    town.runs(0.01);
    let sent: Vec<_> = town.sent.iter().rev().take(2).map(|(_, b)| String::from_utf8_lossy(b).into_owned()).collect();
    assert!(sent[1].contains("1 PRACK") || sent[1].contains("2 PRACK"), "the PRACK is answered first: {sent:#?}");
    assert!(sent[1].contains("m=audio") && sent[0].contains("1 INVITE"));
    let ok = caller.hears(&town).into_iter().find(|m| m.cseq().unwrap().method == b"INVITE").unwrap();
    caller.says(&mut town, ask.ack(&ok).write());
    caller.says(&mut town, ask.within("BYE", &ok, 2).write());
    let bye = far.hears_one(&town);
    far.says(&mut town, answer(&bye, far.at, 200, "", "", ""));
    empty_after_two_minutes(&mut town);
}

/// A reliable 1xx of the other side gets its PRACK once, copies and gaps get none (RFC 3262 §4).
#[test]
fn we_prack_reliable_responses_in_order() {
    let mut town = Town::new(23);
    let ask = ask_119();
    let (mut caller, mut far, invite) = ringing_119(&mut town, &ask);
    let reliable = |rseq: u32| format!("Require: 100rel\r\nRSeq: {rseq}\r\n");
    far.says(&mut town, answer(&invite, far.at, 183, "far1", &reliable(700), &far_sdp()));
    let prack = far.hears_one(&town);
    assert_eq!(text(prack.value(Name::RAck)), "700 1 INVITE");
    far.says(&mut town, answer(&prack, far.at, 200, "", "", ""));
    far.says(&mut town, answer(&invite, far.at, 183, "far1", &reliable(700), &far_sdp()));
    far.says(&mut town, answer(&invite, far.at, 180, "far1", &reliable(702), ""));
    assert!(far.words(&town).is_empty());
    far.says(&mut town, answer(&invite, far.at, 180, "far1", &reliable(701), ""));
    let prack = far.hears_one(&town);
    assert_eq!(text(prack.value(Name::RAck)), "701 1 INVITE");
    far.says(&mut town, answer(&prack, far.at, 200, "", "", ""));
    // Offer and answer are complete: the far side may offer anew by UPDATE before its 200 (RFC 3311 §5.1).
    let update = Ask {
        from: text(invite.value(Name::To)) + ";tag=far1",
        to: text(invite.value(Name::From)),
        call_id: text(invite.value(Name::CallId)),
        ..Ask::new("UPDATE", "x", far.at)
    };
    far.says(&mut town, update.offering(sdp("127.0.0.30", 41_100)).write());
    let ok = far.hears_one(&town);
    assert!(ok.status() == Some(200) && ok.sdp().is_some(), "{:?}", ok.status());
    caller.says(&mut town, ask.same_branch("CANCEL", None).write());
    let cancel = far.hears_one(&town);
    far.says(&mut town, answer(&cancel, far.at, 200, "far1", "", ""));
    far.says(&mut town, answer(&invite, far.at, 487, "far1", "", ""));
    caller.words(&town);
    caller.says(&mut town, ask.same_branch("ACK", None).write());
    empty_after_two_minutes(&mut town);
}
