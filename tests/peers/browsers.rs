//! Telephones in pages of a real browser: JsSIP over WebSockets, ICE and DTLS-SRTP against the daemon, SIPp on the other side.

use super::support::baresip::Baresip;
use super::support::chromium::{Account, Chromium, Page};
use super::support::gaps::Stretch;
use super::support::lab::{LAB_DAY, Lab};
use super::support::relay::Network;
use super::support::sipp::{Role, Sipp};
use super::support::sound::share;
use super::support::{now, pause, until};
use super::targets::{EXCHANGES, Place, SEATS, starts};
use switchboard::fact::{Fact, Outcome, Target, TransferResult};

const CALLER: f64 = 700.0;
const AGENT: f64 = 1_100.0;
const TARGET: f64 = 1_700.0;

#[test]
fn a_page_is_called_and_calls_and_both_sides_hear_each_other() {
    let lab = Lab::start();
    let browser = Chromium::start(&lab);
    let page = browser.phone(&lab, &Account::new("8060", 1_100.0));
    assert!(lab.seat("8060").contact.is_some());
    // 12320's kept seats are 8059 to 8062: it is offered the call.
    let caller = Role::dials(&lab, 0, "12320").says(700.0).millis(6_000).start(&lab);
    page.is("log.some(entry => entry.what[0] === 'confirmed')", 8_000);
    caller.talks(3_000);
    page.hears(700.0, 4_000);
    caller.line.hears(1_100.0, 4_000);
    let calls = lab.calls();
    let locks: Vec<_> = calls[0].parties.iter().map(|party| (party.who.clone(), party.secure)).collect();
    assert_eq!(locks, [("13900000001".to_owned(), false), ("8060".to_owned(), true)]);
    // From the moment at which the page has both descriptions: a page that answers has asked for its microphone before.
    let connected =
        page.noted(&["connection", "connected"]).unwrap() - page.noted(&["connection", "connecting"]).unwrap();
    assert!(connected < 2_000.0, "{connected} ms");
    let statistics = page.value("statistics()");
    assert_eq!(statistics["lost"], 0, "{statistics}");
    assert!(statistics["srtp"].as_str().is_some_and(|cipher| !cipher.is_empty()), "{statistics}");
    caller.ends_well(10_000);
    page.is("log.some(entry => entry.what[0] === 'ended')", 4_000);
    // And it calls: a desk phone, plain RTP.
    let other = Baresip::seat(&lab, 2, "8002", 900.0);
    page.dials("8002");
    other.has("CALL_ESTABLISHED", 8_000);
    page.hears(900.0, 6_000);
    pause(2_000);
    page.value("session.terminate()");
    other.has("CALL_CLOSED", 4_000);
    let records = lab.records(2);
    assert!(records.iter().all(|cdr| cdr.outcome == Outcome::Connected), "{records:#?}");
    assert_eq!(records[1].answered_by, Some(Target::Seat("8060".into())));
    assert!(super::secure::tenths(&other, 1_100.0) >= 10, "the desk phone did not hear the page");
}

#[test]
fn two_pages_talk_and_keys_of_a_page_bring_in_the_emergency_line() {
    let lab = Lab::start();
    let police = Role::exchange(&lab, "exchange", 30).says(500.0).millis(300).start(&lab);
    let browser = Chromium::start(&lab);
    let page = browser.phone(&lab, &Account::new("8060", 1_100.0));
    let caller = Role::dials(&lab, 0, "12320").says(700.0).millis(14_000).start(&lab);
    page.is("log.some(entry => entry.what[0] === 'confirmed')", 8_000);
    caller.talks(3_000);
    page.hears(700.0, 4_000);
    page.presses("*1110");
    let brought = until(8_000, || lab.calls().iter().any(|call| call.parties.len() == 3).then_some(()));
    assert!(brought.is_some(), "{:#?}", lab.calls());
    police.talks(4_000);
    page.hears(500.0, 6_000);
    page.hears(700.0, 4_000);
    caller.line.hears_among(1_100.0, 4_000);
    drop(police);
    let _ = caller;
    lab.ends_all();
}

/// A caller who talks to a page, and both have been heard.
fn talks<'b>(lab: &Lab, browser: &'b Chromium, account: &Account<'_>, seconds: u64) -> (Sipp, Page<'b>) {
    let page = browser.phone(lab, account);
    let caller = Role::dials(lab, 0, "12320").says(CALLER).millis(seconds * 1_000).start(lab);
    page.is("log.some(entry => entry.what[0] === 'confirmed')", 8_000);
    caller.talks(3_000);
    page.hears(CALLER, 4_000);
    caller.line.hears(AGENT, 4_000);
    (caller, page)
}

#[test]
fn a_page_that_is_loaded_anew_has_its_caller_again_and_he_hears_music_meanwhile() {
    let lab = Lab::start();
    let browser = Chromium::start(&lab);
    let account = Account::new("8060", AGENT);
    let (caller, page) = talks(&lab, &browser, &account, 25);
    let gone = now();
    page.reloads();
    // As long as the page is not there he hears that he may stay, and music.
    pause(1_500);
    let loaded = now();
    page.registers(&lab, &account);
    page.hears(CALLER, 4_000);
    let back = (now() - loaded) / 1_000;
    caller.line.hears(AGENT, 4_000);
    println!("sound {back} ms after the page was loaded");
    assert!(back < 2_000, "{back} ms from the page's load to its sound");
    // What the caller was sent: no hole of more than what shows that the voice has ended, and never a packet late by half a second.
    let stretch = Stretch::heard(&caller.line, gone, now());
    let silence = stretch.silence() / 8;
    println!("{silence} ms of silence at the most");
    assert!(silence < 600, "{silence} ms of silence for the caller");
    caller.line.is_one_stream();
    lab.ends_all();
    let cdr = lab.record();
    assert_eq!((cdr.outcome, cdr.answered_by), (Outcome::Connected, Some(Target::Seat("8060".into()))));
    drop(caller);
}

#[test]
fn a_browser_that_is_killed_has_its_caller_again_when_another_signs_in() {
    let lab = Lab::start();
    let browser = Chromium::start(&lab);
    let account = Account::new("8060", AGENT);
    let (caller, page) = talks(&lab, &browser, &account, 30);
    drop(page);
    browser.crashes();
    let music =
        until(3_000, || lab.journal().iter().any(|e| matches!(e.fact, Fact::LegAway { away: true, .. })).then_some(()));
    assert!(music.is_some(), "nobody has missed it");
    let browser = Chromium::start(&lab);
    let page = browser.phone(&lab, &account);
    page.hears(CALLER, 5_000);
    caller.line.hears(AGENT, 5_000);
    lab.ends_all();
    assert_eq!(lab.record().outcome, Outcome::Connected);
}

#[test]
fn a_network_that_is_away_for_five_seconds_ends_nothing() {
    let lab = Lab::start();
    let browser = Chromium::start(&lab);
    let network = Network::between(lab.slot.browsers(), lab.slot.http());
    let url = format!("ws://127.0.0.1:{}/sip", network.tcp);
    let account = Account { relay: Some(network.udp), url: Some(url), ..Account::new("8060", AGENT) };
    let (caller, page) = talks(&lab, &browser, &account, 30);
    network.cuts(true);
    pause(5_000);
    network.cuts(false);
    page.hears(CALLER, 6_000);
    caller.line.hears(AGENT, 6_000);
    page.is("!log.some(entry => entry.what[0] === 'ended' || entry.what[0] === 'failed')", 1_000);
    assert_eq!(lab.live(), 1);
    lab.ends_all();
    drop(caller);
}

#[test]
fn a_connection_that_only_the_page_knows_to_be_lost_ends_nothing() {
    let lab = Lab::start();
    let browser = Chromium::start(&lab);
    let network = Network::between(lab.slot.browsers(), lab.slot.http());
    let url = format!("ws://127.0.0.1:{}/sip", network.tcp);
    let account = Account { url: Some(url), ..Account::new("8060", AGENT) };
    let (caller, page) = talks(&lab, &browser, &account, 40);
    let registered = "log.filter(entry => entry.what[0] === 'registered').length";
    let before = page.value(registered);
    network.forgets();
    page.is(&format!("{registered} > {before}"), 8_000);
    // Longer than a question by the connection that leads nowhere may go without an answer.
    pause(6_000);
    page.hears(CALLER, 5_000);
    caller.line.hears(AGENT, 5_000);
    page.is("!log.some(entry => entry.what[0] === 'ended' || entry.what[0] === 'failed')", 1_000);
    assert!(!lab.journal().iter().any(|e| matches!(e.fact, Fact::LegAway { .. })), "nobody had gone");
    lab.ends_all();
    drop(caller);
}

#[test]
fn twelve_targets_are_brought_in_by_the_keys_of_a_page() {
    let lab = Lab::start();
    let browser = Chromium::start(&lab);
    // The seat that is a target too would be offered the call, so the page sits at another: 12328's.
    let page = browser.phone(&lab, &Account::new("8056", AGENT));
    let caller = Role::dials(&lab, 0, "12328").says(CALLER).millis(110_000).seconds(120).start(&lab);
    page.is("log.some(entry => entry.what[0] === 'confirmed')", 8_000);
    caller.talks(3_000);
    page.hears(CALLER, 4_000);
    for (n, (number, place)) in (1..).zip(SEATS.into_iter().chain(EXCHANGES)) {
        let scenario = if matches!(place, Place::Seat(_)) { "answer" } else { "exchange" };
        let target = starts(&lab, n, place, scenario, |role| role.says(TARGET).millis(100));
        page.presses(&format!("*1{number}"));
        target.receives("ACK", 10_000);
        target.talks(3_000);
        page.hears(TARGET, 5_000);
        page.hears(CALLER, 5_000);
        target.line.hears_among(AGENT, 5_000);
        caller.line.hears_among(TARGET, 5_000);
        page.presses("*3");
        let ended = lab.transfer_ends(number, 6_000);
        assert_eq!((ended.result, ended.cause), (Some(TransferResult::Joined), None), "{number}");
        caller.line.hears(AGENT, 5_000);
    }
    lab.ends_all();
    drop(caller);
}

#[test]
fn a_page_by_a_secure_websocket_of_our_own_talks() {
    let lab = Lab::with(LAB_DAY, |text, dir| {
        // The slot's port behind that of TLS and of browsers is nobody's.
        let tls =
            text.lines().find_map(|line| line.split("tls:127.0.0.1:").nth(1)?.split('"').next()?.parse::<u16>().ok());
        let port = tls.expect("a port of TLS") + 2;
        std::fs::write(dir.join("wss"), port.to_string()).unwrap();
        text.replacen("\"tls:127.0.0.1:", &format!("\"wss:127.0.0.1:{port}\", \"tls:127.0.0.1:"), 1)
    });
    let port = std::fs::read_to_string(lab.dir.join("wss")).unwrap();
    let browser = Chromium::start(&lab);
    let account = Account { url: Some(format!("wss://127.0.0.1:{port}/sip")), ..Account::new("8060", AGENT) };
    let (caller, page) = talks(&lab, &browser, &account, 8);
    assert_eq!(page.value("agent.transport.url"), format!("wss://127.0.0.1:{port}/sip"));
    lab.ends_all();
    lab.has_one(Outcome::Connected);
    drop(caller);
}

#[test]
fn a_page_holds_takes_back_and_restarts_ice() {
    let lab = Lab::start();
    let browser = Chromium::start(&lab);
    let (one, other) =
        (browser.phone(&lab, &Account::new("8060", CALLER)), browser.phone(&lab, &Account::new("8061", AGENT)));
    one.dials("8061");
    one.hears(AGENT, 8_000);
    other.hears(CALLER, 4_000);
    other.value("session.hold()");
    let music = until(4_000, || (share(&one.heard(), AGENT) < 0.01).then_some(()));
    assert!(music.is_some(), "he still hears who holds him");
    pause(300);
    let loud = switchboard::audio::level::rms_dbfs(&one.heard());
    assert!(loud > -45.0, "music: {loud:.1} dBFS");
    other.value("session.unhold()");
    one.hears(AGENT, 4_000);
    other.hears(CALLER, 4_000);
    // As a page does it that finds itself in another network: new names and passwords of ICE, from either side.
    for page in [&other, &one] {
        let before = page.value("connection.localDescription.sdp.match(/ice-ufrag:(.*)/)[1]");
        page.value("session.renegotiate({ rtcOfferConstraints: { iceRestart: true } })");
        page.is(&format!("connection.signalingState === 'stable' && connection.localDescription.sdp.match(/ice-ufrag:(.*)/)[1] !== {before}"), 4_000);
        pause(1_000);
        one.hears(AGENT, 4_000);
        other.hears(CALLER, 4_000);
    }
    lab.ends_all();
}

/// Chromium plays 50 sounds at a time, and each of these pages has two: what it says and hears, and what it would play. In pages beyond
/// them nothing is said or heard.
const PAGES_OF_A_BROWSER: usize = 24;

/// `PAGES=40` has a whole hall of them, in two browsers.
#[test]
fn many_pages_talk_at_once() {
    let pages: usize = std::env::var("PAGES").ok().and_then(|n| n.parse().ok()).unwrap_or(6);
    // In G.711, as a hall of them talks to callers: what forty pages need to make Opus is more than two cores have.
    let lab = Lab::with(LAB_DAY, |text, _| {
        let main = "numbers = \"8001-8040\"\n";
        assert!(text.contains(main));
        text.replace(main, &format!("{main}codecs = [\"PCMA\", \"PCMU\", \"opus\"]\n"))
    });
    let browsers: Vec<_> = (0..pages.div_ceil(PAGES_OF_A_BROWSER)).map(|_| Chromium::start(&lab)).collect();
    let browser = |n: usize| &browsers[n / PAGES_OF_A_BROWSER];
    let seat = |n: usize| format!("{}", 8001 + n);
    let tone = |n: usize| if n.is_multiple_of(2) { CALLER } else { AGENT };
    let all: Vec<Page<'_>> = (0..pages).map(|n| browser(n).phone(&lab, &Account::new(&seat(n), tone(n)))).collect();
    for pair in (0..pages).step_by(2) {
        all[pair].dials(&seat(pair + 1));
    }
    for (n, page) in all.iter().enumerate() {
        page.is("log.some(entry => entry.what[0] === 'connection' && entry.what[1] === 'connected')", 20_000);
        page.hears(tone(n + 1), 10_000);
    }
    let took = |page: &Page<'_>| {
        page.noted(&["connection", "connected"]).unwrap() - page.noted(&["connection", "connecting"]).unwrap()
    };
    println!("{pages} pages, at most {:.0} ms for ICE and DTLS", all.iter().map(took).fold(0.0, f64::max));
    let statistics: Vec<_> = all.iter().map(|page| page.value("statistics()")).collect();
    assert!(
        statistics.iter().all(|of| of["codec"] == "audio/PCMA"),
        "the list says what is liked best: {statistics:?}"
    );
    let lost: Vec<_> = statistics.iter().map(|of| of["lost"].as_i64()).collect();
    assert!(lost.iter().all(|lost| *lost == Some(0)), "{lost:?}");
    assert_eq!(lab.live(), pages / 2);
    lab.ends_all();
}
