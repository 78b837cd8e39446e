//! The load tester against the daemon: what it counts is what happened, and its exit code says whether all was well.

use super::support::lab::{LAB_DAY, Lab};
use super::support::pause;
use super::support::process::{Process, read};
use rustix::process::Signal;
use serde_json::Value;
use std::fs;
use std::net::UdpSocket;
use std::process::Command;
use switchboard::fact::Outcome;

/// `flood` with these words against the lab.
pub fn flood(lab: &Lab, words: &[&str]) -> Command {
    let to = lab.sip().to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_switchboard"));
    command.arg("flood").args(words).args(["--to", &to, "--json", "--seed", "7"]);
    command
}

/// The result of a flood that must exit with this code.
fn result(lab: &Lab, words: &[&str], exit: i32) -> Value {
    document(Process::start(&mut flood(lab, words), &lab.dir, "flood"), 60_000, exit)
}

/// The same of one that runs, within so many ms.
pub fn document(mut running: Process, millis: u64, exit: i32) -> Value {
    let ended = running.exit(millis).unwrap_or_else(|| panic!("it has not ended: {}", running.said()));
    let (said, problem) = (read(&running.stdout), running.said());
    assert_eq!(ended.code(), Some(exit), "{said}\n{problem}");
    let mut document: Value = serde_json::from_str(&said).unwrap_or_else(|e| panic!("{e}: {said}\n{problem}"));
    assert_eq!(document["ok"], exit == 0);
    document["result"].take()
}

#[test]
fn seats_answer_and_every_leg_hears_the_other() {
    let lab = Lab::start();
    let pid = std::process::id().to_string();
    let words = ["12345", "--rate", "8", "--even", "--for", "4s", "--talk", "2s", "--seats", "30", "--pid", &pid];
    let found = result(&lab, &words, 0);
    assert_eq!(
        (&found["calls"], &found["answered"], &found["failed"]),
        (&32.into(), &32.into(), &0.into()),
        "{found:#}"
    );
    assert_eq!((&found["served"], &found["status"]["200"]), (&32.into(), &32.into()), "{found:#}");
    let media = &found["media"];
    assert_eq!(
        (&media["legs"], &media["mute_legs"], &media["wrong_sound"]),
        (&64.into(), &0.into(), &0.into()),
        "{media:#}"
    );
    assert_eq!((&media["one_way"], &media["lost"]), (&0.into(), &0.into()), "{media:#}");
    // 64 legs of 1.8 to 2 s.
    let heard = media["of_the_other_side"].as_u64().unwrap();
    assert!((4_500..=6_600).contains(&heard), "{media:#}");
    for time in ["setup_ms", "post_dial_ms", "bye_ms", "person_ms"] {
        let row = &found[time];
        let at = |key: &str| row[key].as_f64().unwrap();
        assert!(at("count") == 32.0 && at("p50") <= at("p99") && at("p99") <= at("p9999"), "{time}: {row}");
        assert!(at("p9999") <= at("max"), "{time}: {row}");
    }
    assert!(found["server"]["rss_kb"].as_u64().is_some_and(|kb| kb > 1_000), "{}", found["server"]);
    // And the daemon says the same.
    let records = lab.records(32);
    assert!(records.iter().all(|cdr| cdr.outcome == Outcome::Connected && cdr.answered_by.is_some()));
}

#[test]
fn the_same_seed_calls_at_the_same_moments_and_departments_answer() {
    let lab = Lab::start();
    let at = format!("127.0.0.20:{}", lab.slot.trunks());
    let words = ["12366", "--rate", "15", "--for", "2s", "--talk", "500ms", "--answer-at", &at];
    let (one, two) = (result(&lab, &words, 0), result(&lab, &words, 0));
    assert_eq!(one["calls"], two["calls"]);
    let calls = one["calls"].as_u64().unwrap();
    assert!((10..=60).contains(&calls) && one["served"] == calls && one["media"]["mute_legs"] == 0, "{one:#}");
}

#[test]
fn agents_move_calls_by_key_and_by_refer() {
    let lab = Lab::start();
    let mix = lab.dir.join("mix.toml");
    let at = [20, 21].map(|last| format!("\"127.0.0.{last}:{}\"", lab.slot.trunks())).join(",");
    let kind = |agent: &str, more: &str| {
        format!("[[call]]\nnumbers = [\"12345\"]\ntalk_s = 5\n{agent}\nagent_after_s = 0.5\n{more}\n")
    };
    let text = format!(
        "departments = [{at}]\nring_s = 0.2\n{}{}",
        kind("agent_keys = \"*112366\"", "hold = 1\nhold_after_s = 3.5\nhold_for_s = 0.5"),
        kind("agent_refer = \"12360\"", "tcp = 1")
    );
    fs::write(&mix, text).unwrap();
    let words = ["--mix", mix.to_str().unwrap(), "--rate", "2", "--even", "--for", "4s", "--seats", "12"];
    let found = result(&lab, &words, 0);
    assert_eq!((&found["calls"], &found["answered"]), (&8.into(), &8.into()), "{found:#}");
    let (asked, done) = (found["transfers"]["asked"].as_u64().unwrap(), found["transfers"]["done"].as_u64().unwrap());
    assert!(asked > 0 && asked < 8 && done == asked, "{found:#}");
    // Every agent was reached, and every department.
    assert_eq!(found["served"], 16, "{found:#}");
    assert_eq!((&found["media"]["mute_legs"], &found["media"]["wrong_sound"]), (&0.into(), &0.into()), "{found:#}");
}

#[test]
fn what_is_not_well_is_exit_1_and_what_is_not_allowed_is_not_done() {
    let lab = Lab::with(LAB_DAY, |text, _| text);
    // A number that leads nowhere: refused, and without an expectation that is a failure.
    let few = ["--rate", "5", "--even", "--for", "1s", "--talk", "200ms"];
    let with = |words: &[&'static str]| words.iter().copied().chain(few).collect::<Vec<_>>();
    let refused = result(&lab, &with(&["12999"]), 1);
    assert_eq!((&refused["answered"], &refused["failed"]), (&0.into(), &5.into()), "{refused:#}");
    let expected = result(&lab, &with(&["12999", "--expect", "failed=100%", "--expect", "answered<1"]), 0);
    assert!(expected["expect"].as_array().unwrap().iter().all(|e| e["met"] == true), "{expected:#}");
    let unmet = result(&lab, &with(&["12345", "--expect", "p99<1us"]), 1);
    assert_eq!((&unmet["failed"], &unmet["expect"][0]["met"]), (&0.into(), &false.into()), "{unmet:#}");
    // Two at once are allowed: the others are not begun, and said to be so.
    let held =
        result(&lab, &["12345", "--rate", "10", "--even", "--for", "1s", "--talk", "5s", "--concurrent", "2"], 1);
    assert_eq!((&held["answered"], &held["not_begun"]), (&2.into(), &8.into()), "{held:#}");
    let code = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_switchboard"));
        command.arg("flood").args(words).output().unwrap().status.code()
    };
    assert_eq!(code(&["12345", "--to", "192.0.2.1:5060"]), Some(77), "not this machine");
    assert_eq!(code(&["12345", "--rate", "1000000"]), Some(77), "beyond the limit");
    assert_eq!(code(&["12345", "--expect", "answred>1"]), Some(2));
    assert_eq!(code(&["--mix", "/nonexistent.toml"]), Some(78));
    let wrong = flood(&lab, &["12345", "--seats", "1", "--seat-password", "no"]).output().unwrap();
    assert_eq!(wrong.status.code(), Some(1), "{}", String::from_utf8_lossy(&wrong.stdout));
}

#[test]
fn ctrl_c_ends_it_in_peace_with_a_report() {
    let lab = Lab::start();
    let words = ["12345", "--rate", "10", "--even", "--for", "60s", "--talk", "30s", "--seats", "8"];
    let running = Process::start(&mut flood(&lab, &words), &lab.dir, "flood");
    pause(3_000);
    running.signal(Signal::INT);
    let found = document(running, 8_000, 0);
    assert_eq!((&found["interrupted"], &found["failed"]), (&true.into(), &0.into()), "{found:#}");
    let calls = found["calls"].as_u64().unwrap();
    assert!(calls >= 10 && found["abandoned"] == calls, "{found:#}");
    assert_eq!(found["byes"]["sent"], found["byes"]["answered"], "{found:#}");
    assert!(found["retransmissions"].as_u64().unwrap() < calls, "{found:#}");
    // Those who waited, and those who talked.
    let ended = lab.records(calls as usize);
    assert!(ended.iter().all(|cdr| matches!(cdr.outcome, Outcome::Connected | Outcome::Abandoned)));
}

#[test]
fn whoever_is_never_answered_gives_up_and_is_counted() {
    let lab = Lab::start();
    let silent = UdpSocket::bind(("127.0.0.20", lab.slot.trunks())).unwrap();
    let found = result(&lab, &["12366", "--rate", "5", "--even", "--for", "1s", "--patience", "1s"], 1);
    assert_eq!((&found["calls"], &found["timeouts"], &found["failed"]), (&5.into(), &5.into(), &5.into()), "{found:#}");
    assert!(found["seconds"].as_f64().unwrap() < 10.0, "{found:#}");
    drop(silent);
}

#[test]
fn the_report_is_kept_as_text_document_and_page() {
    let lab = Lab::start();
    let folder = lab.dir.join("report");
    let words =
        ["12345", "--rate", "10", "--even", "--for", "2s", "--talk", "500ms", "--report", folder.to_str().unwrap()];
    let found = result(&lab, &words, 0);
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&read("report.json")).unwrap(), found);
    let page = read("report.html");
    assert!(page.contains("<svg") && page.contains("</html>") && !page.contains("<script") && !page.contains("http:"));
    assert!(!page.contains("https:") && !page.contains("src="));
    assert!(read("report.txt").contains("20"));
}

#[test]
fn pages_of_another_hand_come_through_and_hear_the_line() {
    let lab = Lab::start();
    let web = format!("127.0.0.1:{}", lab.slot.http());
    let words = ["12345", "--webrtc", "12", "--rate", "10", "--talk", "2s", "--web", &web];
    let found = result(&lab, &words, 0);
    for figure in ["begun", "answered", "through", "heard"] {
        assert_eq!(found[figure], 12, "{found:#}");
    }
    assert_eq!((&found["failed"], &found["packets"]["missing"]), (&serde_json::json!({}), &0.into()), "{found:#}");
    // Where nobody listens it says so, and exits 1.
    let nobody = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let found = result(&lab, &["12345", "--webrtc", "2", "--web", &nobody], 1);
    assert_eq!((&found["begun"], &found["through"]), (&2.into(), &0.into()), "{found:#}");
}
