//! Merged numbers: the transition prompt whole, then a seat; the cancelled announcement whole, then 410.

use super::support::lab::{Lab, root};
use super::support::sipp::{Role, Sipp, header};
use super::support::sound::audio;
use switchboard::audio::{g711, level, wav};
use switchboard::fact::{Outcome, Service, Target};

fn prompt(name: &str) -> Vec<u8> {
    wav::read(std::fs::File::open(root().join(format!("dialplans/prompts/{name}.wav"))).unwrap()).unwrap()
}

/// The first thing heard is the prompt, from its first sample to its last.
fn begins_with(heard: &[u8], prompt: &[u8]) {
    assert!(heard.len() >= prompt.len(), "{} samples came, the prompt has {}", heard.len(), prompt.len());
    let wrong = heard.iter().zip(prompt).position(|(a, b)| a != b);
    assert_eq!(wrong, None, "it differs from this sample on");
}

#[test]
fn the_transition_prompt_of_12333_is_whole_and_then_a_seat_answers() {
    let lab = Lab::start();
    let seat = Sipp::seat(&lab, 1, "8001", |r| r.says(1_100.0).millis(1_500));
    let caller = Role::dials(&lab, 0, "12333").says(700.0).millis(5_000).start(&lab);
    caller.talks(3_000);
    seat.receives("INVITE", 15_000);
    seat.talks(5_000);
    caller.line.hears(1_100.0, 5_000);
    seat.line.hears(700.0, 3_000);
    let caller = caller.ends_well(12_000);
    seat.ends_well(3_000);
    let prompt = prompt("transition/12333");
    let heard = caller.line.alaw();
    begins_with(&heard, &prompt);
    // Prompt, ringback, relay: one stream that the carrier's jitter buffer never has to restart.
    caller.line.is_one_stream();
    assert!(header(caller.received("SIP/2.0 183"), "Content-Type").contains("sdp"), "the prompt is early media");
    let after: Vec<i16> = heard[prompt.len()..].iter().copied().map(g711::alaw_decode).collect();
    // GB/T 3380: 450 Hz, one second on; the seat rings for one and a half.
    let ringback = after
        .windows(2_000)
        .step_by(400)
        .any(|w| level::dominant_frequency(w).is_some_and(|f| (f - 450.0).abs() < 5.0));
    assert!(ringback, "no ringback between the prompt and the seat");
    let cdr = lab.record();
    assert_eq!((cdr.outcome, &cdr.answered_by), (Outcome::Connected, &Some(Target::Seat("8001".into()))));
    assert!(cdr.prompts[0].whole && cdr.prompts[0].early && cdr.prompts[0].prompt.as_str() == "transition/12333");
    assert!(cdr.t1.unwrap() >= cdr.prompts[0].end.unwrap(), "t1 is after the transition prompt");
}

#[test]
fn a_cancelled_number_says_so_as_early_media_and_then_410() {
    let lab = Lab::as_of("2022-06-01T10:00");
    let seat = Sipp::seat(&lab, 1, "8001", |r| r);
    let caller = Role::carrier(&lab, 0, "refused", &format!("sip:12358@{}", lab.sip()));
    let caller = caller.word("status", "410").start(&lab).ends_well(20_000);
    assert!(header(caller.received("SIP/2.0 183"), "Content-Type").contains("sdp"));
    assert!(!caller.has("SIP/2.0 200"), "it was answered");
    let reason = header(caller.received("SIP/2.0 410"), "Reason").replace(' ', "");
    assert!(reason.starts_with("Q.850;cause=22"), "{reason}");
    let (prompt, heard) = (prompt("cancelled/12358"), audio(&caller.line.packets()));
    begins_with(&heard, &prompt);
    let rest: Vec<i16> = heard[prompt.len()..].iter().copied().map(g711::alaw_decode).collect();
    assert!(rest.len() < 4_000 && level::rms_dbfs(&rest) < -50.0, "something follows the announcement");
    caller.line.is_one_stream();
    assert_eq!(seat.log(), Vec::<String>::new(), "a seat was disturbed");
    let cdr = lab.record();
    assert_eq!((cdr.outcome, cdr.service, cdr.status), (Outcome::CancelledNumber, Some(Service::Cancelled), Some(410)));
    assert!(cdr.prompts[0].whole && cdr.t1.is_none() && cdr.t2.is_none());
}
