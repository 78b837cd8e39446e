//! Messages that cross, are lost, come twice or come never: a hand-written peer against the exchange.

use crate::support::city;
use crate::support::raw::{Ask, CARRIER, FIRE, Peer, answer, branch, sdp, text};
use crate::support::town::{Manner, Town};
use crate::support::wire::Weather;
use std::net::SocketAddr;
use switchboard::fact::{Fact, Outcome};
use switchboard::sip::message::Message;
use switchboard::sip::name::Name;

const SOON: Manner = Manner::Answers(1_000_000);
const FAR_SDP: (&str, u16) = ("127.0.0.30", 41_000);

pub fn far_sdp() -> String {
    sdp(FAR_SDP.0, FAR_SDP.1)
}

/// A caller at the carrier who has dialled 119, and the far exchange that has the INVITE.
pub fn ringing_119(town: &mut Town, ask: &Ask) -> (Peer, Peer, Message) {
    let mut caller = Peer::at(town, CARRIER);
    let mut far = Peer::at(town, FIRE);
    caller.says(town, ask.write());
    let invite = far.hears_one(town);
    assert_eq!(caller.words(town), ["100 INVITE", "180 INVITE"]);
    (caller, far, invite)
}

pub fn ask_119() -> Ask {
    let at = SocketAddr::from(CARRIER);
    Ask::new("INVITE", "119", at)
}

/// Both ends of a call to 119 that stands, and the 200 that the caller got.
pub fn talking_119(town: &mut Town, ask: &Ask, far_extra: &str) -> (Peer, Peer, Message, Message) {
    let (mut caller, mut far, invite) = ringing_119(town, ask);
    far.says(town, answer(&invite, far.at, 200, "far1", far_extra, &far_sdp()));
    let ok = caller.hears_one(town);
    assert_eq!(ok.status(), Some(200));
    caller.says(town, ask.ack(&ok).write());
    assert_eq!(far.words(town), ["ACK"]);
    (caller, far, invite, ok)
}

pub fn empty_after_two_minutes(town: &mut Town) {
    town.runs(120.0);
    let (sessions, transactions, ports) = town.exchange.held();
    assert_eq!((town.exchange.live(), sessions, transactions, ports), (0, 0, 0, 0), "{}", town.trace.join("\n"));
    assert_eq!(town.graph.open(), 0);
}

// --- crossing -------------------------------------------------------------------------------------------------------

/// RFC 3261 §9.2: a CANCEL that finds the final response sent gets 200 and changes nothing.
#[test]
fn a_cancel_that_crosses_our_200_changes_nothing() {
    let mut town = Town::new(1);
    let _seat = town.seat("8001", SOON);
    town.runs(1.0);
    let mut caller = Peer::at(&town, CARRIER);
    let ask = Ask::new("INVITE", "12345", caller.at);
    caller.says(&mut town, ask.write());
    let got = caller.hears(&town);
    let ok = got.last().unwrap();
    assert_eq!(ok.status(), Some(200), "the queue answers at once");
    caller.says(&mut town, ask.same_branch("CANCEL", None).write());
    assert_eq!(caller.words(&town), ["200 CANCEL"]);
    caller.says(&mut town, ask.ack(ok).write());
    town.runs(5.0);
    assert_eq!(town.exchange.live(), 1);
    caller.says(&mut town, ask.within("BYE", ok, 1).write());
    assert!(caller.words(&town).contains(&"200 BYE".to_owned()));
    assert_eq!(town.outcomes(), [Outcome::Connected]);
    empty_after_two_minutes(&mut town);
}

/// RFC 3261 §9.1, §13.2.2.4: the 200 that crosses our CANCEL, even with a tag never seen, gets ACK and then BYE.
#[test]
fn a_200_that_crosses_our_cancel_gets_ack_and_bye() {
    for tag in ["ringing", "another"] {
        let mut town = Town::new(2);
        let ask = ask_119();
        let (mut caller, mut far, invite) = ringing_119(&mut town, &ask);
        far.says(&mut town, answer(&invite, far.at, 180, "ringing", "", ""));
        assert_eq!(far.words(&town), Vec::<String>::new());
        caller.says(&mut town, ask.same_branch("CANCEL", None).write());
        assert_eq!(caller.words(&town), ["200 CANCEL", "487 INVITE"]);
        let cancel = far.hears_one(&town);
        assert_eq!((text(Some(cancel.method_token())), branch(&cancel)), ("CANCEL".into(), branch(&invite)));
        assert_eq!(cancel.request_uri(), invite.request_uri());
        far.says(&mut town, answer(&cancel, far.at, 200, tag, "", ""));
        far.says(&mut town, answer(&invite, far.at, 200, tag, "", &far_sdp()));
        let got = far.hears(&town);
        let methods: Vec<_> = got.iter().map(|m| text(Some(m.method_token()))).collect();
        assert_eq!(methods, ["ACK", "BYE"], "{}", town.trace.join("\n"));
        assert!(got.iter().all(|m| m.to_tag() == Some(tag.as_bytes())));
        assert_ne!(branch(&got[0]), branch(&invite), "the ACK of a 2xx is a transaction of its own");
        // A copy of the 200: the ACK was lost.
        far.says(&mut town, answer(&invite, far.at, 200, tag, "", &far_sdp()));
        assert_eq!(far.words(&town), ["ACK"]);
        far.says(&mut town, answer(&got[1], far.at, 200, tag, "", ""));
        caller.says(&mut town, ask.same_branch("ACK", None).write());
        assert_eq!(town.outcomes(), [Outcome::Abandoned]);
        empty_after_two_minutes(&mut town);
        assert!(far.words(&town).is_empty());
    }
}

/// RFC 3261 §9.1: no CANCEL before a provisional response; the request is cancelled when one comes.
#[test]
fn no_cancel_leaves_before_a_provisional_response() {
    let mut town = Town::new(3);
    let ask = ask_119();
    let (mut caller, mut far, invite) = ringing_119(&mut town, &ask);
    caller.says(&mut town, ask.same_branch("CANCEL", None).write());
    assert_eq!(caller.words(&town), ["200 CANCEL", "487 INVITE"]);
    town.runs(0.4);
    assert!(far.words(&town).is_empty());
    far.says(&mut town, answer(&invite, far.at, 100, "", "", ""));
    let cancel = far.hears_one(&town);
    assert_eq!(cancel.method_token(), b"CANCEL");
    far.says(&mut town, answer(&cancel, far.at, 200, "t", "", ""));
    far.says(&mut town, answer(&invite, far.at, 487, "t", "", ""));
    let ack = far.hears_one(&town);
    assert_eq!((ack.method_token(), branch(&ack)), (&b"ACK"[..], branch(&invite)));
    caller.says(&mut town, ask.same_branch("ACK", None).write());
    empty_after_two_minutes(&mut town);
}

/// The caller's BYE before his ACK: the call is over, the 200 is not sent again (RFC 3261 §15).
#[test]
fn a_bye_that_overtakes_its_ack_ends_the_call() {
    let mut town = Town::new(4);
    let _seat = town.seat("8001", Manner::Rings);
    town.runs(1.0);
    let mut caller = Peer::at(&town, CARRIER);
    let ask = Ask::new("INVITE", "12345", caller.at);
    caller.says(&mut town, ask.write());
    let ok = caller.hears(&town).pop().unwrap();
    caller.says(&mut town, ask.within("BYE", &ok, 1).write());
    assert_eq!(caller.words(&town), ["200 BYE"]);
    caller.says(&mut town, ask.ack(&ok).write());
    empty_after_two_minutes(&mut town);
    assert!(caller.words(&town).is_empty());
}

/// RFC 3261 §15: the called side sends no BYE before the ACK of its 2xx, or the end of waiting for it.
#[test]
fn we_send_no_bye_before_the_ack_of_our_200() {
    let mut town = Town::new(5);
    let seat = town.seat("8001", SOON);
    town.runs(1.0);
    let mut caller = Peer::at(&town, CARRIER);
    let ask = Ask::new("INVITE", "12345", caller.at);
    caller.says(&mut town, ask.write());
    let ok = caller.hears(&town).into_iter().find(|m| m.status() == Some(200)).unwrap();
    town.runs(3.0);
    assert!(town.is_connected(seat));
    town.hangs_up(seat);
    town.runs(2.0);
    assert!(caller.words(&town).iter().all(|w| w == "200 INVITE"), "no BYE yet");
    caller.says(&mut town, ask.ack(&ok).write());
    let bye = caller.hears_one(&town);
    assert_eq!(bye.method_token(), b"BYE");
    caller.says(&mut town, answer(&bye, caller.at, 200, "", "", ""));
    empty_after_two_minutes(&mut town);
}

/// Both hang up at once: each BYE is answered, nobody's is repeated for ever.
#[test]
fn two_byes_that_cross_end_one_call() {
    let mut town = Town::new(6);
    let seat = town.seat("8001", SOON);
    town.runs(1.0);
    let mut caller = Peer::at(&town, CARRIER);
    let ask = Ask::new("INVITE", "12345", caller.at);
    caller.says(&mut town, ask.write());
    let ok = caller.hears(&town).pop().unwrap();
    caller.says(&mut town, ask.ack(&ok).write());
    town.runs(3.0);
    town.hangs_up(seat);
    town.injects(caller.at, &ask.within("BYE", &ok, 1).write());
    town.runs(0.1);
    let got = caller.hears(&town);
    assert!(got.iter().any(|m| matches!(m.status(), Some(200 | 481))), "{}", town.trace.join("\n"));
    if let Some(bye) = got.iter().find(|m| m.method_token() == b"BYE") {
        caller.says(&mut town, answer(bye, caller.at, 481, "", "", ""));
    }
    assert_eq!(town.outcomes(), [Outcome::Connected]);
    empty_after_two_minutes(&mut town);
}

// --- lost and repeated ----------------------------------------------------------------------------------------------

/// RFC 3261 §13.3.1.4: the 2xx again at T1, doubling to T2, for 64·T1; then BYE.
#[test]
fn an_ack_that_never_comes_ends_the_call_with_bye_after_64_t1() {
    let mut town = Town::new(7);
    let _seat = town.seat("8001", SOON);
    town.runs(1.0);
    let mut caller = Peer::at(&town, CARRIER);
    let ask = Ask::new("INVITE", "12345", caller.at);
    caller.says(&mut town, ask.write());
    town.runs(31.9);
    let words = caller.words(&town);
    assert_eq!(words.iter().filter(|w| *w == "200 INVITE").count(), 11, "{words:?}");
    town.runs(0.3);
    let bye = caller.hears_one(&town);
    assert_eq!(bye.method_token(), b"BYE");
    assert!(text(bye.value(Name::Reason)).contains("408"));
    caller.says(&mut town, answer(&bye, caller.at, 200, "", "", ""));
    empty_after_two_minutes(&mut town);
}

#[test]
fn an_invite_that_comes_again_while_it_rings_gets_the_last_1xx_and_no_second_call() {
    let mut town = Town::new(8);
    let ask = ask_119();
    let (mut caller, mut far, invite) = ringing_119(&mut town, &ask);
    for _ in 0..3 {
        caller.says(&mut town, ask.write());
        assert_eq!(caller.words(&town), ["180 INVITE"]);
    }
    assert_eq!(town.exchange.live(), 1);
    far.says(&mut town, answer(&invite, far.at, 486, "busy", "", ""));
    assert_eq!(far.words(&town), ["ACK"]);
    far.says(&mut town, answer(&invite, far.at, 486, "busy", "", ""));
    assert_eq!(far.words(&town), ["ACK"], "each copy of a refusal is acknowledged");
    caller.says(&mut town, ask.same_branch("CANCEL", None).write());
    empty_after_two_minutes(&mut town);
}

/// RFC 3261 §8.2.2.2: the same request by another path, while the first is under way or has just been answered.
#[test]
fn a_merged_request_gets_482() {
    let mut town = Town::new(9);
    let ask = ask_119();
    let (mut caller, _far, _) = ringing_119(&mut town, &ask);
    let merged = Ask { branch: "z9hG4bK-other-path".into(), ..ask.clone() };
    caller.says(&mut town, merged.write());
    assert_eq!(caller.words(&town), ["482 INVITE"]);
    caller.says(&mut town, ask.same_branch("CANCEL", None).write());
    caller.words(&town);

    let _seat = town.seat("8001", Manner::Rings);
    town.runs(1.0);
    let ask = Ask { call_id: "second".into(), ..Ask::new("INVITE", "12345", caller.at) };
    caller.says(&mut town, ask.write());
    let ok = caller.hears(&town).pop().unwrap();
    assert_eq!(ok.status(), Some(200));
    let merged = Ask { branch: "z9hG4bK-other-path-2".into(), ..ask.clone() };
    caller.says(&mut town, merged.write());
    assert_eq!(caller.words(&town), ["482 INVITE"], "answered, and the copy must not become a second call");
    caller.says(&mut town, ask.ack(&ok).write());
    caller.says(&mut town, merged.write());
    assert_eq!(caller.words(&town), ["482 INVITE"]);
    assert_eq!(town.exchange.live(), 1);
    caller.says(&mut town, ask.within("BYE", &ok, 1).write());
    empty_after_two_minutes(&mut town);
}

#[test]
fn no_hops_left_is_483() {
    let mut town = Town::new(10);
    let mut caller = Peer::at(&town, CARRIER);
    let ask = Ask { hops: 0, ..Ask::new("INVITE", "12345", caller.at) };
    caller.says(&mut town, ask.write());
    assert_eq!(caller.words(&town), ["483 INVITE"]);
    let mut far = Peer::at(&town, FIRE);
    let ask = Ask { hops: 7, ..Ask::new("INVITE", "119", caller.at) };
    caller.says(&mut town, ask.write());
    assert_eq!(far.hears_one(&town).number(Name::MaxForwards), Some(6));
    caller.says(&mut town, ask.same_branch("CANCEL", None).write());
    empty_after_two_minutes(&mut town);
}

// --- forks ----------------------------------------------------------------------------------------------------------

/// RFC 3261 §13.2.2.4: the first 2xx is taken, every other dialog gets ACK and BYE, and the BYE is not lost with one datagram.
#[test]
fn a_second_2xx_of_a_fork_gets_ack_and_bye() {
    let mut town = Town::new(11);
    let ask = ask_119();
    let (mut caller, mut far, invite) = ringing_119(&mut town, &ask);
    for tag in ["a", "b"] {
        far.says(&mut town, answer(&invite, far.at, 180, tag, "", ""));
    }
    far.says(&mut town, answer(&invite, far.at, 200, "b", "", &far_sdp()));
    let ack = far.hears_one(&town);
    assert_eq!((ack.method_token(), ack.to_tag()), (&b"ACK"[..], Some(&b"b"[..])));
    let ok = caller.hears(&town).pop().unwrap();
    caller.says(&mut town, ask.ack(&ok).write());
    far.says(&mut town, answer(&invite, far.at, 200, "a", "Contact: <sip:fork@127.0.0.30:5060>\r\n", &far_sdp()));
    let got = far.hears(&town);
    let seen: Vec<_> =
        got.iter().map(|m| (text(Some(m.method_token())), text(m.to_tag()), text(Some(m.request_uri())))).collect();
    let fork = |method: &str| (method.to_owned(), "a".to_owned(), "sip:fork@127.0.0.30:5060".to_owned());
    assert_eq!(seen, [fork("ACK"), fork("BYE")]);
    assert_eq!(got[1].cseq().unwrap().number, got[0].cseq().unwrap().number + 1);
    // The BYE was lost, the ACK was not: no further 200 comes, and the fork must not stay up for ever.
    town.runs(0.7);
    let again = far.hears_one(&town);
    assert_eq!((again.method_token(), branch(&again)), (&b"BYE"[..], branch(&got[1])));
    far.says(&mut town, answer(&again, far.at, 200, "", "", ""));
    town.runs(5.0);
    assert!(far.words(&town).is_empty());
    far.says(&mut town, answer(&invite, far.at, 200, "b", "", &far_sdp()));
    assert_eq!(far.words(&town), ["ACK"], "a copy of the 2xx that was taken: its ACK again");
    assert_eq!(town.exchange.live(), 1);
    caller.says(&mut town, ask.within("BYE", &ok, 1).write());
    let bye = far.hears_one(&town);
    assert_eq!((bye.method_token(), bye.to_tag()), (&b"BYE"[..], Some(&b"b"[..])));
    far.says(&mut town, answer(&bye, far.at, 200, "", "", ""));
    empty_after_two_minutes(&mut town);
}

// --- offers inside --------------------------------------------------------------------------------------------------

/// RFC 3311 §5.2: an UPDATE with an offer while we owe an answer is 500 with Retry-After; while our own offer is open, 491.
#[test]
fn an_update_with_an_offer_while_one_is_open() {
    let mut town = Town::new(12);
    let ask = ask_119();
    let mut caller = Peer::at(&town, CARRIER);
    let mut far = Peer::at(&town, FIRE);
    caller.says(&mut town, ask.write());
    let _invite = far.hears_one(&town);
    let ringing = caller.hears(&town).pop().unwrap();
    assert_eq!(ringing.status(), Some(180));
    let update = ask.within("UPDATE", &ringing, 1).offering(sdp("127.0.0.10", 40_000));
    caller.says(&mut town, update.write());
    let no = caller.hears_one(&town);
    assert_eq!(no.status(), Some(500));
    assert!(no.number(Name::RetryAfter).is_some_and(|s| s <= 10));
    // Its copy gets the same answer.
    caller.says(&mut town, update.write());
    assert_eq!(caller.hears_one(&town).value(Name::RetryAfter), no.value(Name::RetryAfter));
    caller.says(&mut town, ask.same_branch("CANCEL", None).write());
    empty_after_two_minutes(&mut town);

    // Offerless with 100rel: our offer is in the 183.
    let mut town = Town::new(13);
    let _seat = town.seat("8001", SOON);
    town.runs(1.0);
    let mut caller = Peer::at(&town, CARRIER);
    let ask = Ask::new("INVITE", "12333", caller.at).without_offer().with("Supported: 100rel");
    caller.says(&mut town, ask.write());
    let early = caller.hears(&town).into_iter().find(|m| m.status() == Some(183)).unwrap();
    assert!(early.sdp().is_some());
    let update = ask.within("UPDATE", &early, 1).offering(sdp("127.0.0.10", 40_000));
    caller.says(&mut town, update.write());
    assert_eq!(caller.words(&town), ["491 UPDATE"]);
    caller.says(&mut town, ask.same_branch("CANCEL", None).write());
    empty_after_two_minutes(&mut town);
}

/// A re-INVITE that meets our own gets 491, and its copies get 491 too (RFC 3261 §14.2, §17.2.1).
#[test]
fn a_reinvite_that_meets_ours_gets_491_each_time() {
    let mut settings = city::settings();
    settings.sip.session_expires = 90;
    let mut town = Town::with("2021-12-15T10:00", 14, Weather::FINE, settings);
    let ask = ask_119().with("Supported: timer").with("Session-Expires: 1800;refresher=uac");
    // The far exchange knows neither UPDATE nor timers: we refresh alone, by re-INVITE.
    let (caller, mut far, invite, ok) = talking_119(&mut town, &ask, "Allow: INVITE, ACK, BYE, CANCEL\r\n");
    town.runs(45.5);
    let refresh =
        far.hears(&town).into_iter().find(|m| m.method_token() == b"INVITE").expect("a refresh at half the interval");
    let from = text(invite.value(Name::To)) + ";tag=far1";
    let theirs = Ask {
        from,
        to: text(invite.value(Name::From)),
        call_id: text(invite.value(Name::CallId)),
        uri: text(invite.contact().map(|c| c.uri)),
        ..Ask::new("INVITE", "x", far.at)
    };
    for _ in 0..2 {
        far.says(&mut town, theirs.write());
        let got = far.hears(&town);
        let no = got.iter().find(|m| m.status().is_some_and(|s| s > 100)).unwrap();
        assert_eq!(no.status(), Some(491), "{}", town.trace.join("\n"));
    }
    far.says(&mut town, theirs.same_branch("ACK", None).write());
    // Ours is refused as well: the call goes on and the refresh is tried again.
    far.says(&mut town, answer(&refresh, far.at, 491, "", "", ""));
    assert_eq!(far.words(&town), ["ACK"]);
    assert_eq!(town.exchange.live(), 1);
    town.runs(40.0);
    let again = far.hears(&town).into_iter().find(|m| m.method_token() == b"INVITE").expect("tried again in time");
    assert_eq!(again.body(), refresh.body(), "the same SDP, the same version");
    far.says(&mut town, answer(&again, far.at, 200, "", "", &far_sdp()));
    assert_eq!(far.words(&town), ["ACK"]);
    caller.says(&mut town, ask.within("BYE", &ok, 1).write());
    let bye = far.hears_one(&town);
    far.says(&mut town, answer(&bye, far.at, 200, "", "", ""));
    empty_after_two_minutes(&mut town);
}

/// A refused re-INVITE leaves the call as it was; its copies get the same refusal (RFC 3261 §14.2).
#[test]
fn a_reinvite_that_cannot_be_taken_changes_nothing() {
    let mut town = Town::new(15);
    let ask = ask_119();
    let (mut caller, mut far, _, ok) = talking_119(&mut town, &ask, "");
    let broken = ask.within("INVITE", &ok, 1).offering("hello".into());
    let video =
        "v=0\r\no=- 1 2 IN IP4 127.0.0.10\r\ns=-\r\nc=IN IP4 127.0.0.10\r\nt=0 0\r\nm=audio 40000 RTP/AVP 18\r\n";
    let foreign = ask.within("INVITE", &ok, 2).offering(video.into());
    for (request, status) in [(broken, 400), (foreign, 488)] {
        for _ in 0..2 {
            caller.says(&mut town, request.write());
            let got = caller.hears(&town);
            assert_eq!(got.last().unwrap().status(), Some(status));
        }
        caller.says(&mut town, request.same_branch("ACK", Some(&ok)).write());
    }
    assert_eq!(town.exchange.live(), 1);
    let required = ask.within("INVITE", &ok, 3).with("Require: precondition").offering(sdp("127.0.0.10", 40_000));
    for _ in 0..2 {
        caller.says(&mut town, required.write());
        let no = caller.hears_one(&town);
        assert_eq!((no.status(), text(no.value(Name::Unsupported))), (Some(420), "precondition".into()));
    }
    caller.says(&mut town, required.same_branch("ACK", Some(&ok)).write());
    caller.says(&mut town, ask.within("BYE", &ok, 4).write());
    let bye = far.hears_one(&town);
    far.says(&mut town, answer(&bye, far.at, 200, "", "", ""));
    empty_after_two_minutes(&mut town);
}

/// An INVITE inside the dialog of a request of ours that is still open is 491, not 500 (RFC 3261 §14.2).
#[test]
fn an_invite_of_the_called_side_before_its_own_answer_is_491() {
    let mut town = Town::new(16);
    let ask = ask_119();
    let (caller, mut far, invite) = ringing_119(&mut town, &ask);
    far.says(&mut town, answer(&invite, far.at, 180, "far1", "", ""));
    let theirs = Ask {
        from: text(invite.value(Name::To)) + ";tag=far1",
        to: text(invite.value(Name::From)),
        call_id: text(invite.value(Name::CallId)),
        ..Ask::new("INVITE", "x", far.at)
    };
    far.says(&mut town, theirs.write());
    assert_eq!(far.hears(&town).last().unwrap().status(), Some(491));
    far.says(&mut town, theirs.same_branch("ACK", None).write());
    caller.says(&mut town, ask.same_branch("CANCEL", None).write());
    let cancel = far.hears(&town).pop().unwrap();
    far.says(&mut town, answer(&cancel, far.at, 200, "far1", "", ""));
    far.says(&mut town, answer(&invite, far.at, 487, "far1", "", ""));
    caller.says(&mut town, ask.same_branch("ACK", None).write());
    empty_after_two_minutes(&mut town);
}

#[test]
fn a_caller_who_is_lost_in_the_moment_in_which_his_seat_is_has_his_end_and_nothing_after_it() {
    for caller_first in [false, true] {
        let mut town = Town::new(8);
        let (citizen, seat) = crate::support::scenes::talks(&mut town);
        town.cuts(citizen);
        town.cuts(seat);
        let both = if caller_first { [citizen, seat] } else { [seat, citizen] };
        both.into_iter().for_each(|who| town.falls_silent(who));
        town.runs(20.0);
        assert_eq!(town.outcomes().len(), 1, "{}", town.trace.join("\n"));
        let end = town.facts.iter().position(|f| matches!(f.fact, Fact::CallEnded { .. })).unwrap();
        let call = town.facts[end].call;
        let after: Vec<_> = town.facts[end + 1..].iter().filter(|f| f.call == call).collect();
        assert!(after.is_empty(), "{after:?}\n{}", town.trace.join("\n"));
        town.goes_home();
    }
}
