//! What a caller gets for what he dials: scenarios in virtual time, in fine weather.

use crate::support::graph::Heard;
use crate::support::town::{Manner, Town};
use crate::support::wire::Weather;
use switchboard::fact::{Fact, Outcome};

const SOON: Manner = Manner::Answers(1_000_000);

#[test]
fn the_hub_leads_straight_to_a_person() {
    let mut town = Town::new(1);
    let seat = town.seat("8001", SOON);
    let citizen = town.citizen("13900000001");
    town.runs(1.0);
    assert!(town.registered(seat));
    town.dials(citizen, "12345");
    town.runs(0.5);
    assert_eq!(town.hears(citizen), Heard::Tone("Ringback".into()));
    town.runs(2.0);
    assert!(town.talk(citizen, seat), "{}", town.trace.join("\n"));
    assert!(town.callers_shown(seat)[0].contains("12345"), "{:?}", town.callers_shown(seat));
    assert!(town.callers_shown(seat)[0].contains("sip:13900000001@"), "{:?}", town.callers_shown(seat));
    town.hangs_up(citizen);
    town.runs(1.0);
    assert!(!town.is_connected(seat));
    assert_eq!(town.outcomes(), [Outcome::Connected]);
    town.goes_home();
}

#[test]
fn a_number_in_transition_plays_its_prompt_whole_and_then_a_person_answers() {
    let mut town = Town::new(2);
    let seat = town.seat("8001", SOON);
    let citizen = town.citizen("13900000001");
    town.runs(1.0);
    town.dials(citizen, "12333");
    town.runs(1.0);
    assert_eq!(town.hears(citizen), Heard::Prompt("transition/12333".into()));
    assert!(!town.is_connected(citizen), "the prompt is early media");
    assert!(town.until(60, |t| t.talk(citizen, seat)), "{}", town.trace.join("\n"));
    assert_eq!(town.was_played(citizen)[0], "transition/12333");
    let whole = |f: &switchboard::fact::Event| matches!(&f.fact, Fact::PromptEnded { whole: true, .. });
    assert_eq!(town.facts.iter().filter(|f| whole(f)).count(), 1);
    assert!(town.callers_shown(seat)[0].contains("12333"));
    town.goes_home();
}

#[test]
fn a_cancelled_number_says_so_and_then_410() {
    let mut town = Town::on("2022-06-01T09:00", 3, Weather::FINE);
    let seat = town.seat("8001", SOON);
    let citizen = town.citizen("13900000001");
    town.runs(1.0);
    town.dials(citizen, "12358");
    town.runs(1.0);
    assert_eq!(town.hears(citizen), Heard::Prompt("cancelled/12358".into()));
    assert!(town.until(60, |t| t.failed(citizen).is_some()));
    assert_eq!(town.failed(citizen), Some((410, Some(22))));
    assert!(town.callers_shown(seat).is_empty(), "a cancelled number reaches nobody");
    assert_eq!(town.outcomes(), [Outcome::CancelledNumber]);
    town.goes_home();
}

#[test]
fn kept_seats_ring_first_and_the_hub_takes_over_when_they_do_not_answer() {
    let mut town = Town::new(4);
    let kept = town.seat("8051", Manner::Rings);
    let hub = town.seat("8001", SOON);
    let citizen = town.citizen("13900000001");
    town.runs(1.0);
    town.dials(citizen, "12348");
    town.runs(2.0);
    assert_eq!(town.callers_shown(kept).len(), 1);
    assert!(town.callers_shown(hub).is_empty() && !town.is_connected(citizen));
    assert!(town.until(20, |t| t.talk(citizen, hub)), "{}", town.trace.join("\n"));
    assert!(town.callers_shown(hub)[0].contains("12348"));
    town.goes_home();

    let mut town = Town::new(5);
    let kept = town.seat("8051", SOON);
    let hub = town.seat("8001", SOON);
    let citizen = town.citizen("13900000001");
    town.runs(1.0);
    town.dials(citizen, "12348");
    assert!(town.until(20, |t| t.talk(citizen, kept)));
    assert!(town.callers_shown(hub).is_empty());
    town.goes_home();
}

#[test]
fn pooled_numbers_reach_the_hub_which_sees_what_was_dialled() {
    let mut town = Town::new(6);
    let hub = town.seat("8001", SOON);
    let citizen = town.citizen("13900000001");
    town.runs(1.0);
    town.dials(citizen, "12329");
    assert!(town.until(20, |t| t.talk(citizen, hub)));
    assert!(town.callers_shown(hub)[0].contains("12329"), "{:?}", town.callers_shown(hub));
    town.goes_home();
}

#[test]
fn a_sub_centre_is_reached_by_its_trunk_and_overflows_to_the_hub() {
    let mut town = Town::new(7);
    let branch = town.trunk(20, SOON);
    let citizen = town.citizen("13900000001");
    town.dials(citizen, "12366");
    assert!(town.until(20, |t| t.talk(citizen, branch)), "{}", town.trace.join("\n"));
    town.goes_home();

    let mut town = Town::new(8);
    let branch = town.trunk(20, Manner::Refuses(503));
    let hub = town.seat("8001", SOON);
    let citizen = town.citizen("13900000001");
    town.runs(1.0);
    town.dials(citizen, "12366");
    assert!(town.until(60, |t| t.talk(citizen, hub)), "{}", town.trace.join("\n"));
    assert!(!town.is_connected(branch));
    town.goes_home();
}

#[test]
fn an_emergency_call_takes_the_trunks_in_order_and_nothing_else_does() {
    let mut town = Town::new(9);
    let first = town.trunk(30, Manner::Dead);
    let second = town.trunk(31, SOON);
    let citizen = town.citizen("13900000001");
    town.dials(citizen, "119");
    assert!(town.until(20, |t| t.talk(citizen, second)), "{}", town.trace.join("\n"));
    assert!(!town.is_connected(first));
    town.goes_home();

    let mut town = Town::new(10);
    let fire = town.trunk(30, SOON);
    let citizen = town.citizen("13900000001");
    town.dials(citizen, "96119");
    town.runs(40.0);
    assert!(town.callers_shown(fire).is_empty(), "96119 is not 119");
    town.goes_home();
}

#[test]
fn spellings_of_12345_are_one_number_and_what_is_outside_is_refused() {
    for spelling in
        ["sip:059112345@h", "sip:+8659112345@h", "tel:12345;phone-context=+86591", "sip:123-45@h;user=phone"]
    {
        let mut town = Town::new(11);
        let hub = town.seat("8001", SOON);
        let citizen = town.citizen("13900000001");
        town.runs(1.0);
        town.dials_uri(citizen, spelling, b"");
        assert!(town.until(20, |t| t.talk(citizen, hub)), "{spelling}\n{}", town.trace.join("\n"));
        town.goes_home();
    }
    for number in ["13800138000", "059212345", "8001", "11012", "12399", "0086059112345x"] {
        let mut town = Town::new(12);
        let hub = town.seat("8001", SOON);
        let citizen = town.citizen("13900000001");
        town.runs(1.0);
        town.dials(citizen, number);
        town.runs(3.0);
        assert!(matches!(town.failed(citizen), Some((404 | 403, _))), "{number}: {:?}", town.failed(citizen));
        assert!(town.callers_shown(hub).is_empty());
        assert_eq!(town.outcomes(), [Outcome::Refused]);
        town.goes_home();
    }
}

#[test]
fn seats_call_each_other_and_may_not_call_outside() {
    let mut town = Town::new(13);
    let a = town.seat("8001", SOON);
    let b = town.seat("8002", SOON);
    town.runs(1.0);
    town.dials(a, "8002");
    assert!(town.until(20, |t| t.talk(a, b)), "{}", town.trace.join("\n"));
    let c = town.seat("8003", SOON);
    town.runs(1.0);
    town.dials(c, "8001");
    town.runs(2.0);
    assert_eq!(town.failed(c), Some((486, Some(17))), "call waiting is off");
    town.dials(c, "13800138000");
    town.runs(2.0);
    assert!(matches!(town.failed(c), Some((404 | 403, _))));
    town.goes_home();
}

#[test]
fn a_caller_who_gives_up_stops_the_ringing_and_frees_the_seat() {
    let mut town = Town::new(14);
    let seat = town.seat("8001", Manner::Rings);
    let (first, second) = (town.citizen("13900000001"), town.citizen("13900000002"));
    town.runs(1.0);
    town.dials(first, "12345");
    town.runs(2.0);
    town.hangs_up(first);
    town.runs(1.0);
    assert_eq!(town.outcomes(), [Outcome::Abandoned]);
    town.set_manner(seat, SOON);
    town.dials(second, "12345");
    assert!(town.until(20, |t| t.talk(second, seat)), "{}", town.trace.join("\n"));
    town.goes_home();
}

#[test]
fn callers_wait_in_order_and_the_longest_idle_seat_answers() {
    let mut town = Town::new(15);
    let seat = town.seat("8001", SOON);
    let first = town.citizen("13900000001");
    let second = town.citizen("13900000002");
    let third = town.citizen("13900000003");
    town.runs(1.0);
    town.dials(first, "12345");
    town.runs(3.0);
    town.dials(second, "12345");
    town.runs(1.0);
    town.dials(third, "12345");
    town.runs(3.0);
    assert!(town.talk(first, seat));
    assert!(matches!(town.hears(second), Heard::Prompt(_) | Heard::Tone(_)), "{:?}", town.hears(second));
    town.hangs_up(first);
    town.runs(3.0);
    assert!(town.talk(second, seat), "{}", town.trace.join("\n"));
    town.hangs_up(second);
    town.runs(3.0);
    assert!(town.talk(third, seat));
    town.goes_home();
}

#[test]
fn hold_gives_music_to_the_other_side_and_never_to_the_holder() {
    let mut town = Town::new(16);
    let seat = town.seat("8001", SOON);
    let citizen = town.citizen("13900000001");
    town.runs(1.0);
    town.dials(citizen, "12345");
    assert!(town.until(20, |t| t.talk(citizen, seat)));
    town.holds(seat, true);
    town.runs(1.0);
    assert_eq!(town.hears(citizen), Heard::Prompt("music/hold".into()));
    assert_eq!(town.hears(seat), Heard::Nothing);
    town.holds(seat, false);
    town.runs(1.0);
    assert!(town.talk(citizen, seat), "{}", town.trace.join("\n"));
    town.goes_home();
}

#[test]
fn an_unanswered_seat_leads_to_the_next_one() {
    let mut town = Town::new(17);
    let _deaf = town.seat("8001", Manner::Rings);
    let citizen = town.citizen("13900000001");
    town.runs(1.0);
    let awake = town.seat("8002", SOON);
    town.runs(1.0);
    town.dials(citizen, "12345");
    assert!(town.until(20, |t| t.talk(citizen, awake)), "{}", town.trace.join("\n"));
    town.goes_home();
}

#[test]
fn strangers_get_one_small_401_whatever_they_ask() {
    let from = std::net::SocketAddr::from(([127, 0, 9, 9], 5060));
    let ask = |method: &str, user: &str| {
        let pad = "x".repeat(120);
        format!(
            "{method} sip:{user}@127.0.0.1:5070 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.9.9:5060;branch=z9hG4bK{method}{user}\r\n\
             From: <sip:a@b>;tag=1\r\nTo: <sip:{user}@127.0.0.1>\r\nCall-ID: {method}{user}@x\r\nCSeq: 1 {method}\r\n\
             Contact: <sip:a@127.0.9.9>\r\nMax-Forwards: 70\r\nUser-Agent: {pad}\r\nContent-Length: 0\r\n\r\n"
        )
    };
    let mut town = Town::new(18);
    for (method, user) in
        [("INVITE", "12345"), ("INVITE", "119"), ("REGISTER", "8001"), ("OPTIONS", "x"), ("MESSAGE", "8001")]
    {
        let before = town.spied(from).len();
        let request = ask(method, user);
        town.injects(from, request.as_bytes());
        town.runs(40.0);
        let got = town.spied(from);
        assert_eq!(got.len(), before + 1, "{method} {user}: never retransmitted");
        assert!(got[before].starts_with("SIP/2.0 401 "), "{}", got[before]);
        assert!(got[before].len() <= request.len() * 3 / 2);
    }
    assert_eq!(town.exchange.held(), (0, 0, 0));
}

#[test]
fn nonsense_from_the_wire_gets_silence_or_the_rfcs_answer() {
    let carrier = std::net::SocketAddr::from(([127, 0, 0, 10], 5060));
    let mut town = Town::new(19);
    for junk in [&b"\x00\x01\x02\x03"[..], b"GET / HTTP/1.1\r\n\r\n", b"\r\n\r\n", b"SIP/2.0 200 OK\r\n\r\n", b"INVITE"]
    {
        town.injects(carrier, junk);
    }
    town.runs(1.0);
    assert!(town.spied(carrier).is_empty(), "{:?}", town.spied(carrier));
    let broken = "INVITE sip:12345@h SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.10:5060;branch=z9hG4bKx\r\nCall-ID: 1\r\n\r\n";
    town.injects(carrier, broken.as_bytes());
    town.runs(1.0);
    assert!(town.spied(carrier)[0].starts_with("SIP/2.0 400 "));
    town.injects(carrier, broken.replace("SIP/2.0\r\nVia", "SIP/7.0\r\nVia").as_bytes());
    town.runs(1.0);
    assert!(town.spied(carrier)[1].starts_with("SIP/2.0 505 "));
}
