//! Opus of real pages, and a codec that only goes through, on the wire.

use super::support::chromium::{Account, Chromium};
use super::support::lab::{LAB_DAY, Lab};
use super::support::sipp::Role;
use super::support::tape::{Piece, Tape};
use super::support::{pause, until};

/// The kept seats of 12320 with a line more.
fn lab(line: &str) -> Lab {
    Lab::with(LAB_DAY, |text, _| {
        let group = "group = \"kept.12320\"\n";
        assert!(text.contains(group));
        text.replace(group, &format!("{group}{line}\n"))
    })
}

/// The codecs of the legs of the newest record.
fn codecs(lab: &Lab, records: usize) -> Vec<String> {
    lab.records(records)[0].media.iter().map(|quality| quality.codec.clone()).collect()
}

#[test]
fn two_pages_talk_in_opus_without_being_told_to() {
    let lab = Lab::start();
    let browser = Chromium::start(&lab);
    let one = browser.phone(&lab, &Account::new("8060", 900.0));
    let other = browser.phone(&lab, &Account::new("8067", 1_100.0));
    one.dials("8067");
    other.is("log.some(entry => entry.what[0] === 'confirmed')", 8_000);
    one.hears(1_100.0, 6_000);
    other.hears(900.0, 6_000);
    pause(2_000);
    for page in [&one, &other] {
        let statistics = page.value("statistics()");
        assert_eq!((&statistics["codec"], &statistics["lost"]), (&"audio/opus".into(), &0.into()), "{statistics}");
    }
    one.value("session.terminate()");
    assert_eq!(codecs(&lab, 1), ["opus", "opus"]);
}

#[test]
fn a_page_that_speaks_opus_and_a_phone_that_does_not_hear_each_other_with_a_third_and_on_the_tape() {
    let lab = lab("codecs = [\"opus\"]");
    let police = Role::exchange(&lab, "exchange", 30).says(500.0).millis(300).start(&lab);
    let browser = Chromium::start(&lab);
    let page = browser.phone(&lab, &Account::new("8060", 1_100.0));
    let caller = Role::dials(&lab, 0, "12320").says(700.0).millis(14_000).start(&lab);
    page.is("log.some(entry => entry.what[0] === 'confirmed')", 8_000);
    caller.talks(3_000);
    page.hears(700.0, 4_000);
    caller.line.hears(1_100.0, 4_000);
    let statistics = page.value("statistics()");
    assert_eq!(statistics["codec"], "audio/opus", "{statistics}");
    pause(1_500);
    page.presses("*1110");
    let brought = until(8_000, || lab.calls().iter().any(|call| call.parties.len() == 3).then_some(()));
    assert!(brought.is_some(), "{:#?}", lab.calls());
    police.talks(4_000);
    page.hears(500.0, 6_000);
    page.hears(700.0, 4_000);
    caller.line.hears_among(1_100.0, 4_000);
    caller.line.hears_among(500.0, 4_000);
    police.line.hears_among(1_100.0, 4_000);
    caller.line.is_one_stream();
    drop((police, caller));
    lab.ends_all();
    let record = lab.record();
    let of: Vec<_> = record.media.iter().map(|quality| (quality.leg.0, quality.codec.as_str())).collect();
    assert_eq!(of, [(0, "PCMA"), (1, "opus"), (2, "PCMA")]);
    let of_page = &record.media[1];
    assert!(of_page.mos.unwrap() > 400 && of_page.far_mos.is_some(), "{of_page:?}");
    // The page's own channel: its tone, as loud as it was said, in most tenths of the first three seconds.
    let tape = Tape::read(&lab.recordings()[0]);
    let pieces = tape.pieces(1, &[1_100.0]);
    let heard = pieces.iter().take(40).filter(|piece| **piece == Piece::Tone(1_100)).count();
    println!("{:?}; {heard} tenths of 1,100 Hz on the page's channel", record.media);
    assert!(heard >= 20, "{pieces:?}");
}

#[test]
fn g_722_of_two_exchanges_goes_through_untouched() {
    let lab = Lab::start();
    let branch = Role::exchange(&lab, "exchange", 20).says(500.0).millis(300).speaks(9, "G722/8000").start(&lab);
    let caller = Role::dials(&lab, 0, "12366").says(700.0).millis(5_000).speaks(9, "G722/8000").start(&lab);
    branch.receives("ACK", 4_000);
    caller.talks(3_000);
    branch.talks(3_000);
    branch.line.hears_exactly(700.0, 4_000);
    caller.line.hears_exactly(500.0, 4_000);
    for line in [&branch.line, &caller.line] {
        assert!(line.packets().iter().all(|packet| packet.header.payload_type == 9));
        line.is_one_stream();
    }
    caller.ends_well(8_000);
    assert_eq!(codecs(&lab, 1), ["G722", "G722"]);
}
