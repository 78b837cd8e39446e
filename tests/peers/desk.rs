//! Agents and callers by the keys of real telephones: signing in, a break, a call-back; and what a kill -9 leaves of it.

use super::support::baresip::Baresip;
use super::support::lab::Lab;
use super::support::sipp::Role;
use super::support::sound::share;
use super::support::{pause, until};
use switchboard::audio::level;
use switchboard::fact::{Missed, Outcome, Target};

fn presses(phone: &mut Baresip, keys: &str) {
    for key in keys.chars() {
        phone.command("sndcode", &key.to_string());
        pause(300);
    }
}

#[test]
fn an_agent_signs_in_by_keys_and_is_signed_in_after_a_crash() {
    let mut lab = Lab::start();
    let mut phone = Baresip::desk(&lab, 1, "8041", 1_100.0);
    let sip = lab.sip();
    lab.stands("8041", None, "not_ready:signed_out");
    phone.command("dial", &format!("sip:*71@{sip}"));
    phone.has("CALL_ESTABLISHED", 4_000);
    // He hears what is asked of him.
    pause(2_500);
    presses(&mut phone, "8041#");
    pause(500);
    presses(&mut phone, "8041#");
    lab.stands("8041", Some("8041"), "not_ready:signed_in");
    phone.has("CALL_CLOSED", 6_000);
    let heard = phone.heard();
    let loud = heard.chunks_exact(800).filter(|c| level::rms_dbfs(c) > -35.0).count();
    assert!(loud >= 20, "the prompts were heard for {loud}00 ms");
    phone.command("dial", &format!("sip:*72@{sip}"));
    lab.stands("8041", Some("8041"), "ready");

    let caller = Role::dials(&lab, 0, "12345").says(700.0).millis(30_000).start(&lab);
    caller.talks(6_000);
    caller.line.hears(1_100.0, 5_000);
    presses(&mut phone, "*732");
    lab.stands("8041", Some("8041"), "talking>用餐");
    lab.crash_and_start();
    let records = lab.records(3);
    let cdr = records.iter().find(|cdr| cdr.dialled == "12345").unwrap();
    let codes = records.iter().filter(|cdr| cdr.outcome == Outcome::Served).count();
    assert_eq!(codes, 2, "{records:#?}");
    assert_eq!((cdr.outcome, cdr.answered_by.clone()), (Outcome::Interrupted, Some(Target::Seat("8041".into()))));
    assert_eq!(cdr.attempts.iter().find_map(|a| a.agent.clone()), Some("8041".into()));
    let row = lab.seat("8041");
    assert_eq!(row.agent, Some("8041".into()));
    assert!(row.state.starts_with("not_ready:用餐"), "{}", row.state);
    let rows = lab.callbacks();
    assert_eq!(
        rows.iter().map(|r| r.why).collect::<Vec<_>>(),
        [Missed::Interrupted],
        "whose call was cut off is called back"
    );
    lab.crash_and_start();
    assert_eq!((lab.seat("8041").agent, lab.callbacks().len()), (Some("8041".into()), 1));
    lab.records(3);
}

#[test]
fn a_caller_asks_by_key_to_be_called_back_and_both_hear_each_other() {
    let lab = Lab::with_citizen(3);
    let mut citizen = Baresip::citizen(&lab, 3, "13900000001", 700.0);
    citizen.command("dial", &format!("sip:12345@{}", lab.sip()));
    citizen.has("CALL_ESTABLISHED", 6_000);
    pause(13_000);
    presses(&mut citizen, "1");
    pause(9_000);
    presses(&mut citizen, "1");
    citizen.has("CALL_CLOSED", 12_000);
    assert_eq!(lab.callbacks().iter().map(|r| r.number.clone()).collect::<Vec<_>>(), ["13900000001"]);
    // Its seat is rung as soon as it is there.
    let seat = Baresip::desk(&lab, 1, "8001", 1_100.0);
    citizen.has("CALL_INCOMING", 10_000);
    citizen.command("accept", "");
    // It may have answered before anybody listened to what it tells.
    lab.stands("8001", Some("8001"), "talking");
    pause(4_000);
    citizen.command("hangup", "");
    seat.has("CALL_CLOSED", 4_000);
    let tenths = |phone: &Baresip, f: f64| phone.heard().chunks_exact(800).filter(|c| share(c, f) > 0.05).count();
    let heard = (tenths(&citizen, 1_100.0), tenths(&seat, 700.0));
    assert!(heard.0 >= 25 && heard.1 >= 25, "{heard:?}");
    assert!(until(4_000, || lab.callbacks().is_empty().then_some(())).is_some());
    let outcomes: Vec<_> = lab.records(2).iter().map(|cdr| cdr.outcome).collect();
    assert_eq!(outcomes, [Outcome::Connected, Outcome::Callback]);
}

#[test]
fn a_caller_says_by_keys_how_he_was_served() {
    let lab = Lab::with_citizen(3);
    let mut citizen = Baresip::citizen(&lab, 3, "13900000001", 700.0);
    let mut seat = Baresip::seat(&lab, 1, "8001", 1_100.0);
    citizen.command("dial", &format!("sip:12345@{}", lab.sip()));
    citizen.has("CALL_ESTABLISHED", 6_000);
    seat.has("CALL_ESTABLISHED", 6_000);
    pause(1_500);
    presses(&mut seat, "*8");
    seat.has("CALL_CLOSED", 4_000);
    lab.stands("8001", Some("8001"), "ready");
    pause(3_000);
    presses(&mut citizen, "5");
    pause(2_000);
    presses(&mut citizen, "1");
    citizen.has("CALL_CLOSED", 6_000);
    let cdr = lab.record();
    assert_eq!((cdr.outcome, cdr.grade, cdr.solved), (Outcome::Connected, Some(5), Some(true)));
    // He heard the questions: speech, not the agent's tone, for three seconds and more.
    let heard = citizen.heard();
    let speech = heard.chunks_exact(800).filter(|c| level::rms_dbfs(c) > -35.0 && share(c, 1_100.0) < 0.2).count();
    assert!(speech >= 30, "{speech}00 ms");
}
