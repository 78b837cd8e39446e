//! What takes more than one step: REFERs and their NOTIFYs, what crosses a BYE, keys, probes, challenges inside a session.

use super::tests::{FLOW, Origin, SDP, Scene, text};
use super::{Credentials, Refer, ReferTo, Replaces};
use crate::sip::auth::client::Login;
use crate::sip::endpoint::Output;
use crate::sip::message::Message;
use crate::sip::name::{Method, Name};
use crate::sip::wire;
use bytes::Bytes;

/// A call of ours that stands.
fn standing() -> Scene {
    let mut scene = Scene::new(Origin::Calling);
    scene.response(200, "far", "", SDP);
    scene.drain();
    scene
}

/// Everything that leaves, whole.
fn sent(scene: &mut Scene) -> Vec<Message> {
    let mut out = Vec::new();
    while let Some(output) = scene.endpoint.poll() {
        if let Output::Send(_, bytes) = output {
            out.push(wire::parse(bytes).expect("we send what parses"));
        }
    }
    out
}

fn empties(mut scene: Scene) {
    scene.endpoint.hang_up(scene.id, b"", scene.now);
    scene.wait(300);
    assert_eq!(scene.endpoint.live(), (0, 0));
}

// --- REFER of the other side ----------------------------------------------------------------------------------------

/// RFC 3515 §2.4.4–2.4.6: 202 and `100 Trying` at once, progress, the final status, and nothing after it.
#[test]
fn a_refer_is_told_how_it_goes() {
    let mut s = standing();
    assert_eq!(s.refers(""), "[Refer]");
    assert_eq!(s.accept(), "202/REFER NOTIFY+100");
    // The next waits for the answer to the one before; only the last word counts.
    assert_eq!(s.report(180), "-");
    assert_eq!(s.report(183), "-");
    s.reply(200, "");
    assert_eq!(s.drain(), "NOTIFY+183");
    s.reply(200, "");
    assert_eq!(s.report(200), "NOTIFY+200");
    let last = s.ours.clone().expect("a NOTIFY");
    assert_eq!(text(last.value(Name::SubscriptionState)), "terminated;reason=noresource");
    assert_eq!(
        (text(last.value(Name::Event)), text(last.value(Name::ContentType))),
        ("refer".into(), "message/sipfrag;version=2.0".into())
    );
    assert_eq!(last.body(), b"SIP/2.0 200 OK\r\n");
    assert_eq!(s.report(486), "-", "a final status is the last word");
    s.reply(200, "");
    assert_eq!(s.report(486), "-");
    empties(s);
}

/// One at a time: 491; one after the other they are told apart by id (RFC 3515 §2.4.6).
#[test]
fn a_second_refer_waits_for_the_first() {
    let mut s = standing();
    assert_eq!(s.refers(""), "[Refer]");
    let first = s.refer;
    assert_eq!(s.refers(""), "491/REFER");
    assert_eq!(s.report(200), "-", "nothing to report before it is accepted");
    assert_eq!(s.refers(""), "491/REFER");
    assert_eq!(s.accept(), "202/REFER NOTIFY+100");
    assert_eq!(s.refers(""), "491/REFER", "under way");
    s.reply(200, "");
    assert_eq!(s.report(486), "NOTIFY+486");
    // Its last NOTIFY has no answer yet: that keeps nobody from trying the next target.
    let last = s.ours.clone();
    assert_eq!(s.refers(""), "[Refer]");
    assert_ne!(s.refer, first);
    assert_eq!(s.accept(), "202/REFER NOTIFY+100");
    let event = text(s.ours.as_ref().and_then(|m| m.value(Name::Event)));
    assert_eq!(event, format!("refer;id={}", s.cseq));
    s.reply(200, "");
    s.ours = last;
    s.reply(200, "");
    assert_eq!(s.report(200), "NOTIFY+200");
    s.reply(200, "");
    empties(s);
}

/// RFC 3261 §17.2.2: the copies of a REFER whose 202 was lost get the 202 again; it is asked once and told once.
#[test]
fn a_refer_sent_again_is_done_once() {
    let mut s = standing();
    let copy = |s: &mut Scene| {
        s.cseq -= 1;
        s.refers("")
    };
    assert_eq!(s.refers(""), "[Refer]");
    assert_eq!(copy(&mut s), "-", "undecided: absorbed");
    assert_eq!(s.accept(), "202/REFER NOTIFY+100");
    assert_eq!(copy(&mut s), "202/REFER");
    s.reply(200, "");
    assert_eq!(copy(&mut s), "202/REFER");
    assert_eq!(s.report(200), "NOTIFY+200");
    s.reply(200, "");
    assert_eq!(copy(&mut s), "202/REFER", "over, and still the same answer");
    empties(s);
}

/// RFC 4488: without NOTIFYs where both sides say so.
#[test]
fn without_a_subscription_nothing_is_told() {
    let mut s = standing();
    assert_eq!(s.refers("Refer-Sub: false\r\nRequire: norefersub\r\n"), "[Refer]");
    let refer = s.refer.expect("a REFER");
    s.endpoint.accept_refer(refer, s.now);
    let ok = sent(&mut s);
    assert_eq!((ok.len(), ok[0].status(), ok[0].value(Name::ReferSub)), (1, Some(202), Some(&b"false"[..])));
    assert_eq!(s.report(180), "-");
    assert_eq!(s.refers(""), "491/REFER", "it is under way all the same");
    assert_eq!(s.report(200), "-");
    assert_eq!(s.refers("Refer-Sub: true\r\n"), "[Refer]");
    assert_eq!(s.accept(), "202/REFER NOTIFY+100");
    s.reply(200, "");
    s.report(200);
    empties(s);
}

#[test]
fn a_declined_refer_leaves_nothing() {
    let mut s = standing();
    for status in [403, 405, 603] {
        assert_eq!(s.refers(""), "[Refer]");
        let refer = s.refer.expect("a REFER");
        s.endpoint.decline_refer(refer, status, s.now);
        assert_eq!(s.drain(), format!("{status}/REFER"));
        s.endpoint.accept_refer(refer, s.now);
        s.endpoint.report_refer(refer, 200, s.now);
        assert_eq!(s.drain(), "-");
    }
    empties(s);
}

/// Its owner must decide before its sender gives it up.
#[test]
fn a_refer_that_nobody_decides_is_declined() {
    let mut s = standing();
    s.refers("");
    s.wait(21);
    assert_eq!(s.drain(), "480/REFER");
    assert_eq!(s.refers(""), "[Refer]");
    s.endpoint.decline_refer(s.refer.expect("a REFER"), 403, s.now);
    empties(s);
}

/// RFC 3261 §15.1.2: what is undecided when the BYE comes gets 487; ours too.
#[test]
fn a_bye_that_crosses_an_undecided_refer() {
    let mut s = standing();
    s.refers("");
    s.request("BYE", "", "");
    assert_eq!(s.drain(), "200/BYE 487/REFER [Ended Bye]");
    assert_eq!(s.accept(), "-");
    empties(s);

    let mut s = standing();
    s.refers("");
    s.endpoint.hang_up(s.id, b"", s.now);
    assert_eq!(s.drain(), "487/REFER BYE");
    assert_eq!(s.refers(""), "481/REFER", "it crossed our BYE");
    s.reply(200, "");
    empties(s);
}

/// RFC 5589 §6.1: the phone hangs up as soon as it has its 202, and still hears how it went, in one sequence of CSeqs.
#[test]
fn a_refer_outlives_its_session() {
    let mut s = standing();
    s.refers("");
    s.accept();
    let before = s.ours.as_ref().and_then(|m| m.cseq().map(|c| c.number));
    s.request("BYE", "", "");
    assert_eq!(s.drain(), "200/BYE [Ended Bye]");
    assert_eq!(s.endpoint.live().0, 1, "the reference lives on");
    s.reply(200, "");
    assert_eq!(s.report(180), "NOTIFY+180");
    let after = s.ours.as_ref().and_then(|m| m.cseq().map(|c| c.number));
    assert_eq!(after, before.map(|n| n + 1));
    s.reply(200, "");
    assert_eq!(s.report(200), "NOTIFY+200");
    s.reply(200, "");
    assert_eq!(s.endpoint.live().0, 0);
    empties(s);
}

/// A NOTIFY that is refused or gets no answer ends the subscription, and not the call.
#[test]
fn a_notify_that_fails_ends_only_the_subscription() {
    for (status, said) in
        [(481, "[ReferUnheard]"), (603, "[ReferUnheard]"), (408, "[ReferUnheard]"), (0, "[ReferUnheard]")]
    {
        let mut s = standing();
        s.refers("");
        s.accept();
        if status == 0 {
            s.wait(33);
            assert!(s.drain().ends_with(said), "after {status}");
        } else {
            s.reply(status, "");
            assert_eq!(s.drain(), said, "after {status}");
        }
        assert!(s.endpoint.is_live(s.id));
        assert_eq!(s.report(200), "-");
        assert_eq!(s.refers(""), "[Refer]", "another may follow");
        s.endpoint.decline_refer(s.refer.expect("a REFER"), 403, s.now);
        empties(s);
    }
    // The last one: nobody has to hear of that.
    let mut s = standing();
    s.refers("");
    s.accept();
    s.reply(200, "");
    s.report(200);
    s.reply(481, "");
    assert_eq!(s.drain(), "-");
    empties(s);
}

/// RFC 3261 §12.2.2: a NOTIFY that another request of ours overtook is said again, once.
#[test]
fn a_notify_out_of_order_is_said_again() {
    let mut s = standing();
    s.refers("");
    s.accept();
    s.report(180);
    s.reply(500, "Retry-After: 0\r\n");
    assert_eq!(s.drain(), "NOTIFY+180");
    s.reply(500, "Retry-After: 0\r\n");
    assert_eq!(s.drain(), "[ReferUnheard]");
    empties(s);
}

#[test]
fn a_subscription_expires() {
    let mut s = standing();
    s.refers("");
    s.accept();
    s.reply(200, "");
    s.wait(900);
    assert_eq!(s.drain(), "NOTIFY+100");
    let state = s.ours.as_ref().map(|m| text(m.value(Name::SubscriptionState)));
    assert_eq!(state.as_deref(), Some("terminated;reason=timeout"));
    s.reply(200, "");
    assert_eq!(s.report(200), "-");
    empties(s);
}

/// REFER from RFC 3515 §4, RFC 5589 and RFC 3892, and what phones make of them.
#[test]
fn what_a_refer_asks_is_read() {
    let read = |lines: &str| {
        Refer::read(&super::tests::parsed(format!(
            "REFER sip:b@atlanta.example.com SIP/2.0\r\nVia: SIP/2.0/UDP agenta.atlanta.example.com;branch=z9hG4bK2293940223\r\n\
             To: <sip:b@atlanta.example.com>\r\nFrom: <sip:a@atlanta.example.com>;tag=193402342\r\n\
             Call-ID: 898234234@agenta.atlanta.example.com\r\nCSeq: 93809823 REFER\r\nMax-Forwards: 70\r\n{lines}\
             Contact: sip:a@atlanta.example.com\r\nContent-Length: 0\r\n\r\n"
        )))
    };
    let uri = |lines: &str| read(lines).map(|r| text(Some(&r.uri)));
    for (lines, want) in [
        // RFC 3515 §4.1, and §2.1's forms.
        ("Refer-To: (whatever URI)\r\n", Err(400)),
        ("Refer-To: sip:alice@atlanta.example.com\r\n", Ok("sip:alice@atlanta.example.com")),
        ("Refer-To: <sip:bob@biloxi.example.net;method=SUBSCRIBE>\r\n", Err(501)),
        ("Refer-To: <http://www.ietf.org>\r\n", Err(416)),
        (
            "Refer-To: <sip:carol@cleveland.example.org;method=invite;x=y>\r\n",
            Ok("sip:carol@cleveland.example.org;x=y"),
        ),
        ("Refer-To: sip:119@c;method=INVITE\r\n", Ok("sip:119@c")),
        ("r: \"Dept\" <tel:119;phone-context=+86>\r\n", Ok("tel:119;phone-context=+86")),
        ("Refer-To: <sips:119@c>;early=yes\r\n", Ok("sips:119@c")),
        ("", Err(400)),
        ("Refer-To: <sip:a@b>\r\nRefer-To: <sip:c@d>\r\n", Err(400)),
        ("Refer-To: <sip:a@b>, <sip:c@d>\r\n", Err(400)),
        ("Refer-To: <sip:a@b\r\n", Err(400)),
        ("Refer-To: <sip:>\r\n", Err(400)),
        ("Refer-To: <urn:service:sos>\r\n", Err(416)),
        // The rest of the new INVITE is not the referrer's to write.
        ("Refer-To: <sip:a@b?Route=%3Csip:evil%3E&Subject=x>\r\n", Ok("sip:a@b")),
        ("Refer-To: <sip:127.0.0.1:5070?Replaces=x@y%3Bto-tag%3D1%3Bfrom-tag%3D2>\r\n", Ok("sip:127.0.0.1:5070")),
        ("Refer-To: <sip:a@b?Replaces=x>\r\n", Err(400)),
        ("Refer-To: <sip:a@b?Replaces=x%0d%0aX:%20y%3Bto-tag%3D1%3Bfrom-tag%3D2>\r\n", Err(400)),
    ] {
        assert_eq!(uri(lines), want.map(str::to_owned), "{lines}");
    }
    // RFC 5589 §7.1 (F5), RFC 3891 §7.
    let attended = "Refer-To: <sips:482n4z24kdg@chicago.example.com;gr=8594958?Replaces=090459243588173445%3Bto-tag%3D7553452%3Bfrom-tag%3D31431>\r\n\
                    Referred-By: <sips:transferor@atlanta.example.com>;cid=\"2UWQFN309shb3@atlanta.example.com\"\r\nRefer-Sub: FALSE;x\r\n";
    let refer = read(attended).expect("RFC 5589");
    assert_eq!(text(Some(&refer.uri)), "sips:482n4z24kdg@chicago.example.com;gr=8594958");
    assert_eq!(refer.replaces, Replaces::read(b"090459243588173445;to-tag=7553452;from-tag=31431"));
    assert!(refer.silent);
    assert!(refer.referred_by.is_some_and(|by| by.starts_with(b"<sips:transferor@atlanta.example.com>")));
    // What we write is read back as it was meant.
    let to = ReferTo { uri: "sip:119@c".into(), replaces: refer.replaces.clone() };
    let again = read(&format!("Refer-To: {to}\r\n")).expect("ours");
    assert_eq!((text(Some(&again.uri)), again.replaces, again.silent), ("sip:119@c".into(), refer.replaces, false));
}

// --- REFER of ours --------------------------------------------------------------------------------------------------

fn notify(s: &mut Scene, event: &str, state: &str, fragment: &str) -> String {
    let lines =
        format!("Event: {event}\r\nSubscription-State: {state}\r\nContent-Type: message/sipfrag;version=2.0\r\n");
    s.request("NOTIFY", &lines, fragment);
    s.drain()
}

#[test]
fn a_refer_of_ours_hears_how_it_goes() {
    let mut s = standing();
    let to = ReferTo { uri: "sip:119@127.0.0.2".into(), replaces: None };
    s.endpoint.refer(s.id, &to, false, s.now);
    assert_eq!(s.drain(), "REFER");
    let refer = s.ours.clone().expect("a REFER");
    assert_eq!(text(refer.value(Name::ReferTo)), "<sip:119@127.0.0.2>");
    // The first NOTIFY may overtake the 202 (RFC 3515 §2.4.4).
    assert_eq!(notify(&mut s, "refer", "active;expires=60", "SIP/2.0 100 Trying\r\n"), "200/NOTIFY [Notified 100]");
    s.reply(202, "");
    assert_eq!(s.drain(), "[ReferAnswered 202]");
    let id = refer.cseq().expect("a CSeq").number;
    let named = format!("refer;id={id}");
    assert_eq!(notify(&mut s, &named, "active", "SIP/2.0 180 Ringing"), "200/NOTIFY [Notified 180]");
    assert_eq!(notify(&mut s, "refer;id=77", "active", "SIP/2.0 180 Ringing"), "481/NOTIFY");
    assert_eq!(notify(&mut s, &named, "active", "nonsense"), "400/NOTIFY");
    assert_eq!(
        notify(&mut s, "refer", "terminated;reason=noresource", "SIP/2.0 200 OK"),
        "200/NOTIFY [Notified 200 over]"
    );
    assert_eq!(notify(&mut s, "refer", "active", "SIP/2.0 200 OK"), "481/NOTIFY", "it is over");
    empties(s);
}

#[test]
fn a_refused_or_silent_refer_of_ours_is_not_subscribed_to() {
    for (status, lines, silent) in [(403, "", false), (202, "Refer-Sub: false\r\n", false), (202, "", true)] {
        let mut s = standing();
        let to = ReferTo { uri: "sip:119@127.0.0.2".into(), replaces: None };
        s.endpoint.refer(s.id, &to, silent, s.now);
        s.drain();
        s.reply(status, lines);
        assert_eq!(s.drain(), format!("[ReferAnswered {status}]"));
        assert_eq!(notify(&mut s, "refer", "active", "SIP/2.0 100 Trying"), "481/NOTIFY");
        empties(s);
    }
}

// --- Replaces -------------------------------------------------------------------------------------------------------

/// RFC 3891 §3: 603 for one that has ended, 481 for one that never was.
#[test]
fn a_replaces_that_comes_too_late_is_told_from_a_wrong_one() {
    let mut s = standing();
    s.endpoint.hang_up(s.id, b"", s.now);
    s.drain();
    s.replacing("");
    assert_eq!(s.drain(), "603/INVITE");
    s.tag.push('x');
    s.replacing("");
    assert_eq!(s.drain(), "481/INVITE");
    s.reply(200, "");
    empties(s);
}

#[test]
fn a_malformed_replaces_is_a_bad_request() {
    let s = standing();
    for lines in [
        "Replaces: a;to-tag=1\r\n",
        "Replaces: a;to-tag=1;from-tag=2\r\nReplaces: a;to-tag=1;from-tag=2\r\n",
        "Replaces: a;to-tag=1;from-tag=2, b;to-tag=1;from-tag=2\r\n",
        "Replaces: a;to-tag=1;from-tag=2\r\nJoin: a;to-tag=1;from-tag=2\r\n",
    ] {
        let message = super::tests::parsed(format!(
            "INVITE sip:1@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.2;branch=z9hG4bKr\r\nFrom: <sip:z@b>;tag=t\r\nTo: <sip:1@c>\r\n\
             Call-ID: o\r\nCSeq: 1 INVITE\r\n{lines}Content-Length: 0\r\n\r\n"
        ));
        let incoming = crate::sip::endpoint::Incoming { flow: FLOW, message };
        assert_eq!(s.endpoint.replaced(&incoming).map_err(|no| no.status), Err(400), "{lines}");
    }
}

// --- keys, probes ---------------------------------------------------------------------------------------------------

#[test]
fn keys_go_out_one_after_the_other() {
    let mut s = standing();
    s.endpoint.info_digits(s.id, "1x#", s.now);
    assert_eq!(s.drain(), "INFO+key");
    s.endpoint.info_digits(s.id, "a", s.now);
    let mut keys = Vec::new();
    for _ in 0..3 {
        keys.push(text(s.ours.as_ref().map(Message::body)));
        s.reply(200, "");
        s.drain();
    }
    assert_eq!(keys, ["Signal=1\r\nDuration=160\r\n", "Signal=#\r\nDuration=160\r\n", "Signal=A\r\nDuration=160\r\n"]);
    assert!(s.ours.is_none(), "nothing more");
    // One who does not take them is not asked again.
    s.endpoint.info_digits(s.id, "123", s.now);
    s.drain();
    s.reply(415, "");
    assert_eq!(s.drain(), "-");
    s.endpoint.info_digits(s.id, "4", s.now);
    assert_eq!(s.drain(), "INFO+key");
    s.reply(200, "");
    empties(s);
}

#[test]
fn a_probe_finds_out_who_lives() {
    for (status, found) in [
        (200, "[Probed alive]"),
        (405, "[Probed alive]"),
        (500, "[Probed alive]"),
        (481, "[Probed dead]"),
        (408, "[Probed dead]"),
    ] {
        let mut s = standing();
        s.endpoint.probe(s.id, s.now);
        s.endpoint.probe(s.id, s.now);
        assert_eq!(s.drain(), "OPTIONS", "one question at a time");
        s.reply(status, "");
        assert_eq!(s.drain(), found);
        s.wait(5);
        assert_eq!(s.drain(), "-", "one answer");
        s.endpoint.probe(s.id, s.now);
        assert_eq!(s.drain(), "OPTIONS", "it may be asked again");
        s.endpoint.flow_failed(FLOW, s.now);
        assert_eq!(s.drain(), "[Probed dead]");
        empties(s);
    }
    let mut s = standing();
    s.endpoint.probe(s.id, s.now);
    s.wait(3);
    assert!(!s.drain().contains("Probed"));
    s.wait(2);
    assert!(s.drain().ends_with("[Probed dead]"));
    s.reply(200, "");
    s.wait(40);
    assert_eq!(s.drain(), "-", "not asked again, a late answer is none");
    assert!(s.endpoint.is_live(s.id), "its owner decides");
    empties(s);
}

// --- challenges -----------------------------------------------------------------------------------------------------

const CHALLENGE: &str = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n";
const STALE: &str = "WWW-Authenticate: Digest realm=\"r\", nonce=\"m\", qop=\"auth\", stale=true\r\n";

fn known() -> Scene {
    let mut s = standing();
    s.endpoint.set_credentials(s.id, Credentials { user: "u".into(), password: "p".into() });
    s
}

/// RFC 3261 §22.2: every request of ours is sent once more with credentials, and with the next CSeq.
#[test]
fn a_challenge_to_any_request_is_answered() {
    type Verb = fn(&mut Scene);
    let verbs: [(Method, Verb); 6] = [
        (Method::Invite, |s| s.endpoint.offer(s.id, Bytes::from_static(SDP.as_bytes()), s.now)),
        (Method::Info, |s| s.endpoint.info_digits(s.id, "5", s.now)),
        (Method::Options, |s| s.endpoint.probe(s.id, s.now)),
        (Method::Refer, |s| {
            s.endpoint.refer(s.id, &ReferTo { uri: "sip:119@c".into(), replaces: None }, false, s.now);
        }),
        (Method::Notify, |s| {
            s.refers("");
            s.accept();
        }),
        (Method::Bye, |s| s.endpoint.hang_up(s.id, b"Reason: Q.850;cause=16\r\n", s.now)),
    ];
    for (method, verb) in verbs {
        for (status, name, answer) in
            [(401, "WWW-Authenticate", Name::Authorization), (407, "Proxy-Authenticate", Name::ProxyAuthorization)]
        {
            let mut s = known();
            verb(&mut s);
            s.drain();
            let first = s.ours.clone().expect("a request");
            assert_eq!(first.method(), Some(method));
            s.reply(status, &CHALLENGE.replace("WWW-Authenticate", name));
            s.drain();
            let second = s.ours.clone().unwrap_or_else(|| panic!("{method} again after {status}"));
            let value = text(second.value(answer));
            assert!(value.contains("username=\"u\"") && value.contains("nc=00000001"), "{method}: {value}");
            assert_eq!(second.method(), Some(method));
            assert_eq!(second.cseq().map(|c| c.number), first.cseq().map(|c| c.number + 1));
            assert_ne!(second.via().map(|v| v.branch().to_vec()), first.via().map(|v| v.branch().to_vec()));
            assert_eq!((second.body(), second.value(Name::Reason)), (first.body(), first.value(Name::Reason)));
            // A wrong password is said once; a nonce that was too old is said again.
            s.reply(status, &STALE.replace("WWW-Authenticate", name));
            s.drain();
            let third = s.ours.clone().unwrap_or_else(|| panic!("{method} again after a stale nonce"));
            assert!(text(third.value(answer)).contains("nonce=\"m\""));
            s.reply(status, &STALE.replace("WWW-Authenticate", name));
            s.drain();
            assert!(s.ours.is_none() || s.ours.as_ref().and_then(Message::method) != Some(method), "{method}: enough");
            empties(s);
        }
    }
}

#[test]
fn a_wrong_password_is_not_tried_twice_and_none_is_none() {
    let mut s = known();
    s.endpoint.offer(s.id, Bytes::from_static(SDP.as_bytes()), s.now);
    s.drain();
    s.reply(401, CHALLENGE);
    assert_eq!(s.drain(), "ACK INVITE+SDP");
    s.reply(401, CHALLENGE);
    assert_eq!(s.drain(), "ACK [OfferFailed 401]");
    empties(s);

    let mut s = standing();
    s.endpoint.offer(s.id, Bytes::from_static(SDP.as_bytes()), s.now);
    s.drain();
    s.reply(401, CHALLENGE);
    assert_eq!(s.drain(), "ACK [OfferFailed 401]");
    empties(s);
}

/// Refused as an offer: the other one, once; refused by the callee: no.
#[test]
fn an_offer_that_is_refused_is_made_otherwise_once() {
    for (status, sent) in [(488, "ACK INVITE+SDP"), (606, "ACK INVITE+SDP"), (486, "ACK [Failed 486 Response]")] {
        let mut s = Scene::new(Origin::Calling);
        let outgoing = s.endpoint.session(s.id).and_then(|session| session.outgoing.as_mut()).expect("an INVITE");
        outgoing.other_sdp = Some(Bytes::from_static(b"v=0\r\no=other\r\n"));
        s.ours = Some(s.invite.clone());
        s.reply(status, "");
        assert_eq!(s.drain(), sent);
        if status != 486 {
            assert_eq!(s.ours.as_ref().map(Message::body), Some(&b"v=0\r\no=other\r\n"[..]));
            s.reply(status, "");
            assert_eq!(s.drain(), format!("ACK [Failed {status} Response]"));
        }
        empties(s);
    }
}

/// RFC 7616 §3.3: the same nonce again is counted on, over all requests of a session; the ACK carries what its INVITE did.
#[test]
fn one_nonce_is_counted_over_the_session() {
    let mut s = known();
    for count in 1..4 {
        s.endpoint.offer(s.id, Bytes::from_static(SDP.as_bytes()), s.now);
        s.drain();
        s.reply(401, CHALLENGE);
        s.drain();
        let again = s.ours.clone().expect("a re-INVITE");
        assert!(text(again.value(Name::Authorization)).contains(&format!("nc=0000000{count}")), "{count}");
        s.invite = again.clone();
        s.response(200, "far", "", SDP);
        let ack = sent(&mut s);
        assert_eq!(ack.first().and_then(|m| m.value(Name::Authorization)), again.value(Name::Authorization));
    }
    s.endpoint.hang_up(s.id, b"", s.now);
    s.drain();
    s.reply(401, CHALLENGE);
    s.drain();
    assert!(s.ours.as_ref().is_some_and(|m| text(m.value(Name::Authorization)).contains("nc=00000004")));
    s.reply(200, "");
    empties(s);
}

/// The one function behind all of it.
#[test]
fn a_login_gives_up_where_there_is_no_use() {
    let response = |status: u16, lines: &str| {
        super::tests::parsed(format!(
            "SIP/2.0 {status} x\r\nVia: SIP/2.0/UDP 127.0.0.2;branch=z9hG4bKi\r\nFrom: <sip:a@b>;tag=f\r\nTo: <sip:1@c>;tag=t\r\n\
             Call-ID: c\r\nCSeq: 2 BYE\r\n{lines}Content-Length: 0\r\n\r\n"
        ))
    };
    let mut login = Login::new(Credentials { user: "u".into(), password: "p".into() });
    for (status, lines) in
        [(401, ""), (200, CHALLENGE), (407, CHALLENGE), (401, "WWW-Authenticate: Basic realm=\"r\"\r\n")]
    {
        assert_eq!(login.line(&response(status, lines), Method::Bye, b"sip:x", "c", &mut 0), None, "{status} {lines}");
    }
    let mut answered = 0;
    assert!(login.line(&response(401, CHALLENGE), Method::Bye, b"sip:x", "c", &mut answered).is_some());
    assert!(login.line(&response(401, CHALLENGE), Method::Bye, b"sip:x", "c", &mut answered).is_none());
}
