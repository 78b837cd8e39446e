//! baresip as a seat: calls another seat, answers the carrier, holds, presses keys.

use super::support::baresip::Baresip;
use super::support::lab::{Lab, root};
use super::support::pause;
use super::support::sipp::Role;
use super::support::sound::is_tone;
use switchboard::audio::{level, wav};
use switchboard::fact::{Fact, Origin, Outcome, Party, Service, Target};

/// The middle of a recording is this tone, as loud as it was said (−13.3 dBFS), for at least two seconds without a gap.
fn holds_tone(heard: &[i16], hertz: f64) {
    let frames: Vec<bool> = heard.chunks_exact(800).map(|c| is_tone(c, hertz)).collect();
    let longest = frames.split(|tone| !tone).map(<[bool]>::len).max().unwrap_or(0);
    assert!(longest >= 20, "{hertz} Hz was heard for {longest}00 ms at most of {}00 ms", frames.len());
    let middle = &heard[heard.len() / 2..][..2_000.min(heard.len() / 2)];
    assert!((level::rms_dbfs(middle) + 13.3).abs() < 1.0, "{:.1} dBFS", level::rms_dbfs(middle));
}

#[test]
fn a_baresip_seat_calls_another_and_both_recordings_have_the_other_one() {
    let lab = Lab::start();
    let mut first = Baresip::seat(&lab, 0, "8001", 700.0);
    let second = Baresip::seat(&lab, 1, "8002", 1_100.0);
    first.command("dial", &format!("sip:8002@{}", lab.sip()));
    first.has("CALL_ESTABLISHED", 6_000);
    second.has("CALL_ESTABLISHED", 3_000);
    pause(3_500);
    first.command("hangup", "");
    second.has("CALL_CLOSED", 4_000);
    holds_tone(&first.heard(), 1_100.0);
    holds_tone(&second.heard(), 700.0);
    let cdr = lab.record();
    assert_eq!((cdr.outcome, cdr.origin), (Outcome::Connected, Origin::Seat("8001".into())));
    assert_eq!(cdr.answered_by, Some(Target::Seat("8002".into())));
}

#[test]
fn a_baresip_seat_dials_12345_and_another_seat_answers() {
    let lab = Lab::start();
    let mut first = Baresip::seat(&lab, 0, "8050", 700.0);
    let second = Baresip::seat(&lab, 1, "8002", 1_100.0);
    first.command("dial", &format!("sip:12345@{}", lab.sip()));
    first.has("CALL_ESTABLISHED", 6_000);
    second.has("CALL_ESTABLISHED", 6_000);
    pause(3_500);
    first.command("hangup", "");
    second.has("CALL_CLOSED", 4_000);
    holds_tone(&first.heard(), 1_100.0);
    holds_tone(&second.heard(), 700.0);
    assert_eq!(lab.record().dialled, "12345");
}

#[test]
fn a_baresip_seat_answers_the_carrier() {
    let lab = Lab::start();
    let seat = Baresip::seat(&lab, 1, "8001", 1_100.0);
    let caller = Role::dials(&lab, 0, "12345").says(700.0).millis(4_500).start(&lab);
    caller.talks(4_000);
    seat.has("CALL_ESTABLISHED", 6_000);
    caller.line.hears(1_100.0, 4_000);
    let caller = caller.ends_well(10_000);
    seat.has("CALL_CLOSED", 3_000);
    caller.line.is_one_stream();
    let heard = seat.heard();
    let frames = heard.chunks_exact(800).filter(|c| is_tone(c, 700.0)).count();
    assert!(frames >= 20, "the seat heard 700 Hz for {frames}00 ms only");
    let cdr = lab.record();
    assert_eq!((cdr.outcome, cdr.answered_by), (Outcome::Connected, Some(Target::Seat("8001".into()))));
}

#[test]
fn hold_gives_the_caller_music_and_resume_the_seat() {
    let lab = Lab::start();
    let mut seat = Baresip::seat(&lab, 1, "8001", 1_100.0);
    let caller = Role::dials(&lab, 0, "12345").says(700.0).millis(8_000).start(&lab);
    caller.talks(4_000);
    caller.line.hears(1_100.0, 5_000);
    seat.command("hold", "");
    pause(1_000);
    let from = caller.line.alaw().len();
    pause(1_500);
    let held = caller.line.alaw()[from..].to_vec();
    // Sample by sample a piece of the music file, wherever it began.
    let music = wav::read(std::fs::File::open(root().join("dialplans/prompts/music/hold.wav")).unwrap()).unwrap();
    let twice = [music.as_slice(), &music].concat();
    assert!(held.len() >= 8_000, "{} samples while held", held.len());
    let piece = &held[..8_000];
    assert!(twice.windows(piece.len()).any(|w| w == piece), "what the held caller hears is not the music");
    seat.command("resume", "");
    caller.line.hears(1_100.0, 3_000);
    let caller = caller.ends_well(12_000);
    seat.has("CALL_CLOSED", 3_000);
    caller.line.is_one_stream();
    let cdr = lab.record();
    let holds: Vec<bool> = lab
        .facts(&cdr)
        .iter()
        .filter_map(|e| if let Fact::Held { held, .. } = e.fact { Some(held) } else { None })
        .collect();
    assert_eq!(holds, [true, false]);
}

/// The seat's phone says telephone-event under 101, the carrier asked for it under 97 (RFC 4733).
#[test]
fn keys_of_a_baresip_seat_arrive_as_telephone_events_under_the_carriers_number() {
    let lab = Lab::start();
    let mut seat = Baresip::seat(&lab, 1, "8001", 1_100.0);
    let caller = Role::dials(&lab, 0, "12345").says(700.0).millis(5_500).start(&lab);
    caller.talks(4_000);
    caller.line.hears(1_100.0, 5_000);
    for key in ["5", "9"] {
        seat.command("sndcode", key);
        pause(600);
    }
    let caller = caller.ends_well(10_000);
    let keys = caller.line.keys(97);
    let pressed: String = keys.iter().map(|k| k.0).collect();
    assert_eq!(pressed, "59", "{keys:?}");
    assert!(keys.iter().all(|k| k.1 >= 320 && k.2 >= 1), "each lasts and ends: {keys:?}");
    assert!(caller.line.keys(101).is_empty(), "an unnegotiated payload type");
    lab.record();
}

#[test]
fn a_baresip_seat_registers_with_the_lab_as_it_is() {
    let lab = Lab::start();
    Baresip::seat(&lab, 1, "8001", 1_100.0);
}

#[test]
fn a_baresip_seat_that_hangs_up_ends_the_call_for_the_carrier() {
    let lab = Lab::start();
    let mut seat = Baresip::seat(&lab, 1, "8001", 1_100.0);
    let caller = Role::carrier(&lab, 0, "called_ends", &format!("sip:12345@{}", lab.sip())).says(700.0).start(&lab);
    caller.talks(4_000);
    caller.line.hears(1_100.0, 5_000);
    // Within 5 s of its answer the caller would be given back to the queue.
    pause(5_000);
    seat.command("hangup", "");
    caller.ends_well(4_000);
    let cdr = lab.record();
    assert_eq!((cdr.outcome, cdr.by), (Outcome::Connected, Party::Callee));
}

/// Interconnect, "Seats": a phone that asks 110 directly is a call to emergency, recorded with the seat.
#[test]
fn a_baresip_seat_dials_110_and_gets_the_emergency_trunk() {
    let lab = Lab::start();
    let first = Role::exchange(&lab, "exchange", 30).says(1_100.0).start(&lab);
    let mut seat = Baresip::seat(&lab, 1, "8001", 700.0);
    seat.command("dial", &format!("sip:110@{}", lab.sip()));
    first.receives("INVITE sip:110@", 4_000);
    first.receives("ACK", 4_000);
    first.talks(3_000);
    seat.has("CALL_ESTABLISHED", 3_000);
    first.line.hears(700.0, 4_000);
    pause(2_500);
    seat.command("hangup", "");
    first.receives("BYE", 4_000);
    seat.has("CALL_CLOSED", 3_000);
    holds_tone(&seat.heard(), 1_100.0);
    let cdr = lab.record();
    assert_eq!((cdr.origin, cdr.service), (Origin::Seat("8001".into()), Some(Service::Emergency)));
}
