//! Session timers (RFC 4028), and challenges of trunks: a hand-written peer against the exchange.

use crate::races::{ask_119, empty_after_two_minutes, far_sdp, ringing_119, talking_119};
use crate::support::city;
use crate::support::raw::{Ask, CARRIER, Peer, answer, branch, text};
use crate::support::town::Town;
use crate::support::wire::Weather;
use switchboard::fact::{Fact, Outcome};
use switchboard::id::TrunkId;
use switchboard::sip::dialog::Credentials;
use switchboard::sip::name::Name;

#[test]
fn a_session_interval_below_the_smallest_is_422() {
    let mut town = Town::new(24);
    let mut caller = Peer::at(&town, CARRIER);
    let ask = Ask::new("INVITE", "12345", caller.at).with("Supported: timer").with("Session-Expires: 60");
    caller.says(&mut town, ask.write());
    let no = caller.hears_one(&town);
    assert_eq!((no.status(), no.number(Name::MinSe)), (Some(422), Some(90)));
    // 422 to ours: again with what the other side wants, in the same call (RFC 4028 §7.3).
    caller.says(&mut town, ask.same_branch("ACK", Some(&no)).write());
    let ask = ask_119();
    let (mut caller, mut far, invite) = ringing_119(&mut town, &ask);
    assert_eq!(invite.number(Name::SessionExpires), Some(1800));
    far.says(&mut town, answer(&invite, far.at, 422, "x", "Min-SE: 3600\r\n", ""));
    let got = far.hears(&town);
    assert_eq!(got[0].method_token(), b"ACK");
    let again = &got[1];
    assert_eq!(again.number(Name::SessionExpires), Some(3600));
    assert_eq!((again.call_id(), again.cseq().unwrap().number), (invite.call_id(), 2));
    assert_eq!(again.from_tag(), invite.from_tag());
    caller.says(&mut town, ask.same_branch("CANCEL", None).write());
    far.says(&mut town, answer(again, far.at, 486, "x", "", ""));
    caller.words(&town);
    caller.says(&mut town, ask.same_branch("ACK", None).write());
    empty_after_two_minutes(&mut town);
}

/// We are the refresher: UPDATE at half the interval, the session ends when nobody answers it (RFC 4028 §10).
#[test]
fn as_refresher_we_send_update_at_half_the_interval_and_end_a_dead_session() {
    let mut town = Town::new(25);
    let ask = ask_119()
        .with("Supported: timer")
        .with("Session-Expires: 90;refresher=uas")
        .with("Allow: INVITE, ACK, BYE, CANCEL, UPDATE");
    let (mut caller, mut far, _, ok) = talking_119(&mut town, &ask, "");
    assert_eq!(text(ok.value(Name::SessionExpires)), "90;refresher=uas");
    town.runs(45.2);
    let update = caller.hears_one(&town);
    assert_eq!((update.method_token(), update.body()), (&b"UPDATE"[..], &b""[..]));
    assert_eq!(text(update.value(Name::SessionExpires)), "90;refresher=uac");
    caller.says(
        &mut town,
        answer(&update, caller.at, 200, "", "Session-Expires: 90;refresher=uac\r\nRequire: timer\r\n", ""),
    );
    town.runs(45.5);
    assert_eq!(caller.words(&town)[0], "UPDATE", "and again");
    town.runs(33.0);
    let words = caller.words(&town);
    assert!(words.contains(&"BYE".to_owned()), "no answer: {words:?}");
    let bye = far.hears(&town).pop().unwrap();
    assert_eq!(bye.method_token(), b"BYE");
    far.says(&mut town, answer(&bye, far.at, 200, "", "", ""));
    empty_after_two_minutes(&mut town);
}

/// The other side is the refresher: its UPDATE prolongs the session; without one we send BYE before the interval is over.
#[test]
fn as_watcher_we_end_a_session_that_is_not_refreshed() {
    let mut town = Town::new(26);
    let ask = ask_119().with("Supported: timer").with("Session-Expires: 90;refresher=uac");
    let (mut caller, mut far, _, ok) = talking_119(&mut town, &ask, "");
    assert_eq!(text(ok.value(Name::SessionExpires)), "90;refresher=uac");
    assert!(ok.lists(Name::Require, "timer"));
    town.runs(45.0);
    let update = ask.within("UPDATE", &ok, 1).with("Supported: timer").with("Session-Expires: 90;refresher=uac");
    caller.says(&mut town, update.write());
    let refreshed = caller.hears_one(&town);
    assert_eq!(
        (refreshed.status(), text(refreshed.value(Name::SessionExpires))),
        (Some(200), "90;refresher=uac".into())
    );
    // Too short an interval in a refresh is refused like any other (RFC 4028 §9).
    let short = ask.within("UPDATE", &ok, 2).with("Supported: timer").with("Session-Expires: 30");
    caller.says(&mut town, short.write());
    let no = caller.hears_one(&town);
    assert_eq!((no.status(), no.number(Name::MinSe)), (Some(422), Some(90)));
    town.runs(55.0);
    assert!(caller.words(&town).is_empty(), "prolonged");
    town.runs(10.0);
    let bye = caller.hears(&town).into_iter().next().expect("BYE at two thirds of the interval");
    assert_eq!(bye.method_token(), b"BYE");
    caller.says(&mut town, answer(&bye, caller.at, 200, "", "", ""));
    let bye = far.hears(&town).into_iter().find(|m| m.method_token() == b"BYE").unwrap();
    far.says(&mut town, answer(&bye, far.at, 200, "", "", ""));
    assert_eq!(town.outcomes(), [Outcome::Connected]);
    empty_after_two_minutes(&mut town);
}

#[test]
fn a_trunk_that_challenges_gets_our_credentials() {
    use switchboard::sip::auth::{Algorithm, Password, Realm, Verdict};
    for status in [401, 407] {
        let mut settings = city::settings();
        let trunk = settings.trunks.get_mut(&TrunkId::from("emergency-1")).unwrap();
        trunk.credentials = Some(Credentials { user: "hub".into(), password: "secret".into() });
        let mut town = Town::with("2021-12-15T10:00", 27, Weather::FINE, settings);
        let mut realm = Realm::new("far", [9; 32]);
        let ask = ask_119();
        let (mut caller, mut far, invite) = ringing_119(&mut town, &ask);
        let (challenge, credentials) = if status == 401 {
            (Name::WwwAuthenticate, Name::Authorization)
        } else {
            (Name::ProxyAuthenticate, Name::ProxyAuthorization)
        };
        far.says(&mut town, answer(&invite, far.at, 100, "", "", ""));
        let mut lines = String::new();
        for value in realm.challenge(town.now, city::EXCHANGE.ip(), &[Algorithm::Sha256, Algorithm::Md5], false) {
            lines += &format!("{}: {value}\r\n", challenge.token());
        }
        far.says(&mut town, answer(&invite, far.at, status, "ch", &lines, ""));
        let got = far.hears(&town);
        assert_eq!((got[0].method_token(), branch(&got[0])), (&b"ACK"[..], branch(&invite)));
        let again = &got[1];
        assert_eq!((again.call_id(), again.from_tag()), (invite.call_id(), invite.from_tag()));
        assert_eq!(again.cseq().unwrap().number, 2);
        assert_ne!(branch(again), branch(&invite));
        let header = again.value(credentials).expect("credentials").to_vec();
        let password = Password::Plain("secret".into());
        let verdict =
            realm.verify(&header, b"INVITE", city::EXCHANGE.ip(), town.now, |u| (u == "hub").then_some(&password));
        assert!(matches!(verdict, Verdict::Ok { .. }), "{verdict:?}");
        // The 100 was that of the first INVITE: the second may not be cancelled yet (RFC 3261 §9.1).
        if status == 401 {
            caller.says(&mut town, ask.same_branch("CANCEL", None).write());
            town.runs(0.3);
            assert!(far.words(&town).is_empty(), "{}", town.trace.join("\n"));
            far.says(&mut town, answer(again, far.at, 180, "far1", "", ""));
            let cancel = far.hears_one(&town);
            assert_eq!(branch(&cancel), branch(again));
            far.says(&mut town, answer(&cancel, far.at, 200, "far1", "", ""));
            far.says(&mut town, answer(again, far.at, 487, "far1", "", ""));
        } else {
            far.says(&mut town, answer(again, far.at, 200, "far1", "", &far_sdp()));
            let ack = far.hears_one(&town);
            // RFC 3261 §13.2.2.4: the ACK carries the credentials of its INVITE.
            assert_eq!(text(ack.value(credentials)), text(Some(&header)));
            let ok = caller.hears(&town).pop().unwrap();
            caller.says(&mut town, ask.ack(&ok).write());
            caller.says(&mut town, ask.within("BYE", &ok, 1).write());
            let bye = far.hears_one(&town);
            far.says(&mut town, answer(&bye, far.at, 200, "", "", ""));
        }
        caller.words(&town);
        caller.says(&mut town, ask.same_branch("ACK", None).write());
        empty_after_two_minutes(&mut town);
    }
}

/// A challenge that our answer does not satisfy ends the attempt; it is never asked for ever.
#[test]
fn a_trunk_that_challenges_for_ever_is_given_up() {
    let mut settings = city::settings();
    let trunk = settings.trunks.get_mut(&TrunkId::from("emergency-1")).unwrap();
    trunk.credentials = Some(Credentials { user: "hub".into(), password: "wrong".into() });
    let mut town = Town::with("2021-12-15T10:00", 28, Weather::FINE, settings);
    let ask = ask_119();
    let (caller, mut far, invite) = ringing_119(&mut town, &ask);
    let mut pending = vec![invite];
    let mut invites = 0;
    while let Some(invite) = pending.pop() {
        invites += 1;
        assert!(invites < 10);
        let lines = format!("WWW-Authenticate: Digest realm=\"far\", nonce=\"n{invites}\", qop=\"auth\"\r\n");
        far.says(&mut town, answer(&invite, far.at, 401, "ch", &lines, ""));
        pending = far.hears(&town).into_iter().filter(|m| m.method_token() == b"INVITE").collect();
    }
    assert!(invites <= 3, "{invites}");
    let failed = town.facts.iter().any(|f| matches!(&f.fact, Fact::LegFailed { status: Some(401), .. }));
    assert!(failed, "{}", town.trace.join("\n"));
    caller.says(&mut town, ask.same_branch("CANCEL", None).write());
    caller.says(&mut town, ask.same_branch("ACK", None).write());
    empty_after_two_minutes(&mut town);
}
