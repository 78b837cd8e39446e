//! Operators change the plan of a running switchboard: the real binary, its state folder, its words and exit codes.
#![cfg(test)]

use super::cli::{Folder, binary, code, document, err, out, root, switchboard};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::UdpSocket;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Output, Stdio};

/// The shipped plan in a folder of its own, and a configuration with a state that stays.
pub(super) struct Office {
    folder: Folder,
    as_of: &'static str,
}

impl Office {
    pub(super) fn new(as_of: &'static str) -> Self {
        let folder = Folder::new();
        let plan = folder.0.join("dialplans");
        fs::create_dir(&plan).unwrap();
        for entry in fs::read_dir(root().join("dialplans")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "toml") {
                fs::copy(&path, plan.join(path.file_name().unwrap())).unwrap();
            }
        }
        let office = Self { folder, as_of };
        office.configure("");
        office
    }

    pub(super) fn configure(&self, more: &str) {
        let sip = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let prompts = root().join("dialplans/prompts");
        let text = format!(
            "[sip]\nlisten = [\"udp:{sip}\"]\nmax_calls = 10\n[media]\nports = \"18000-18999\"\n\
             [plan]\nfolder = \"dialplans\"\nprompts = {prompts:?}\n{more}\n[store]\nfolder = \"state\"\n\
             [trunk.carrier]\ninbound = \"127.0.0.10\"\n"
        );
        self.folder.write("switchboard.toml", &text);
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.0.join(name)
    }

    fn write(&self, file: &str, text: &str) {
        self.folder.write(&format!("dialplans/{file}"), text);
    }

    pub(super) fn start(&self, more: &[&str]) -> Daemon {
        let mut command = binary();
        command.args(["run", "--json", "--as-of", self.as_of]).args(more).stdin(Stdio::null());
        command.arg("--config").arg(self.path("switchboard.toml"));
        command.stderr(fs::File::create(self.path("log")).unwrap());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready = serde_json::from_str(&line).unwrap_or_else(|_| {
            panic!("no daemon: {line}{}", fs::read_to_string(self.path("log")).unwrap());
        });
        Daemon { child, ready }
    }

    pub(super) fn says(&self, words: &[&str]) -> Output {
        let config = self.path("switchboard.toml");
        switchboard(&[words, &["--config", config.to_str().unwrap(), "--lang", "en"]].concat())
    }

    pub(super) fn json(&self, words: &[&str]) -> (Option<i32>, Value) {
        let output = self.says(&[words, &["--json"]].concat());
        (code(&output), document(&output))
    }

    /// The version in force.
    fn version(&self) -> String {
        self.json(&["status"]).1["result"]["plan"].as_str().unwrap().to_owned()
    }

    fn history(&self) -> Vec<(String, String)> {
        let (_, history) = self.json(&["dialplan", "history"]);
        let text = |v: &Value| v.as_str().unwrap().to_owned();
        let records = history["result"]["records"].as_array().unwrap();
        records.iter().map(|r| (text(&r["how"]), text(&r["version"]))).collect()
    }
}

pub(super) struct Daemon {
    child: Child,
    pub(super) ready: Value,
}

impl Daemon {
    pub(super) fn stop(mut self) -> Option<i32> {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const MORE: &str = "[route]\n\"968xx\" = \"group:main\"\n96800 = \"release:486\"\n";

#[test]
fn a_plan_is_seen_applied_written_down_and_taken_back() {
    let office = Office::new("2021-12-15T10:00");
    let daemon = office.start(&[]);
    let first = office.version();
    assert_eq!(out(&office.says(&["dialplan", "plan"])).lines().next(), Some("every decision stays as it is"));

    office.write("95-more.toml", MORE);
    let plan = office.path("next.plan");
    let output = office.says(&["dialplan", "plan", "--exit-code", "--out", plan.to_str().unwrap()]);
    assert_eq!(code(&output), Some(3), "{}", err(&output));
    let told = out(&output);
    let lines: Vec<_> = told.lines().take(6).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    + 96800 
        release:404/1
          → release:486/17
    + 968xx, e.g. 96810 
        release:404/1
          → group:main
    ");
    assert_eq!(office.version(), first, "a comparison changes nothing");

    let apply = ["dialplan", "apply", plan.to_str().unwrap(), "--author", "li", "--note", "968 to the hub"];
    let (exit, applied) = office.json(&apply);
    assert_eq!(exit, Some(0), "{applied}");
    let second = office.version();
    assert_ne!(second, first);
    let record = &applied["result"]["record"];
    assert_eq!((&record["author"], &record["note"]), (&"li".into(), &"968 to the hub".into()));
    assert_eq!(record["uid"], rustix::process::getuid().as_raw());

    let again = office.says(&apply);
    assert_eq!(code(&again), Some(1), "the base has moved");
    assert!(err(&again).contains(&first) && err(&again).contains(&second), "{}", err(&again));

    let (exit, _) = office.json(&["dialplan", "rollback"]);
    assert_eq!((exit, office.version()), (Some(0), first.clone()));
    let (exit, _) = office.json(&["dialplan", "rollback"]);
    assert_eq!(exit, Some(1), "there is nothing before it");
    let (exit, _) = office.json(&["dialplan", "rollback", &second[..6]]);
    assert_eq!((exit, office.version()), (Some(0), second.clone()));
    let how: Vec<_> = office.history().into_iter().map(|(how, _)| how).collect();
    assert_eq!(how, ["start", "apply", "rollback", "rollback"]);

    let old = office.path("old");
    let output = office.says(&["dialplan", "history", &first, "--out", old.to_str().unwrap()]);
    assert_eq!(code(&output), Some(0), "{}", err(&output));
    assert_eq!(fs::read(old.join("00-city.toml")).unwrap(), fs::read(office.path("dialplans/00-city.toml")).unwrap());
    assert!(!old.join("95-more.toml").exists());
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn a_broken_plan_changes_nothing_and_the_next_good_one_is_taken() {
    let office = Office::new("2021-12-15T10:00");
    let _daemon = office.start(&[]);
    let first = office.version();
    office.write("95-more.toml", "[route]\n96800 = \"group:mian\"\n12333 = \"group:main\"\n");
    for words in [&["reload"][..], &["dialplan", "plan"]] {
        let output = office.says(words);
        assert_eq!(code(&output), Some(78), "{words:?}");
        for part in ["DP010", "DP021", "95-more.toml:2", "95-more.toml:3", "did you mean `main`"] {
            assert!(err(&output).contains(part), "{words:?}: {}", err(&output));
        }
        let (exit, document) = office.json(words);
        let codes: Vec<_> = document["details"].as_array().unwrap().iter().map(|d| &d["code"]).collect();
        assert_eq!((exit, codes), (Some(78), vec![&Value::from("DP010"), &"DP021".into()]));
        assert_eq!(office.version(), first);
    }
    office.write("95-more.toml", MORE);
    assert_eq!(code(&office.says(&["reload"])), Some(0));
    assert_ne!(office.version(), first);
    let output = office.says(&["reload"]);
    assert!(out(&output).starts_with("nothing has changed"), "{}", out(&output));
    assert_eq!(office.history().len(), 2);
}

#[test]
fn a_number_cancelled_under_one_version_stays_so_after_edits_rollbacks_and_restarts() {
    let office = Office::new("2022-03-01T00:00");
    let daemon = office.start(&[]);
    // 12333 was cancelled at midnight. Taking it out is allowed, bringing it back is not: not now, not after a restart.
    let file = office.path("dialplans/10-merged.toml");
    let shipped = fs::read_to_string(&file).unwrap();
    let without = |text: &str| {
        let start = text.find("[hotline.12333]").unwrap();
        let end = start + 1 + text[start + 1..].find("\n[").unwrap();
        format!("{}{}", &text[..start], &text[end..])
    };
    fs::write(&file, without(&shipped)).unwrap();
    let expect = office.path("dialplans/90-expect.toml");
    fs::remove_file(expect).unwrap();
    let output = office.says(&["reload"]);
    assert_eq!(code(&output), Some(0), "{}", err(&output));
    let revive = |office: &Office| {
        office.write("95-more.toml", "[route]\n12333 = \"group:main\"\n");
        let (exit, document) = office.json(&["reload"]);
        assert_eq!((exit, &document["details"][0]["code"]), (Some(78), &"DP041".into()), "{document}");
        let moved = shipped.replace("cutover = 2021-11-30", "cutover = 2022-02-28");
        fs::remove_file(office.path("dialplans/95-more.toml")).unwrap();
        fs::write(&file, moved).unwrap();
        let (exit, document) = office.json(&["reload"]);
        assert_eq!(exit, Some(78), "{document}");
        fs::write(&file, without(&shipped)).unwrap();
    };
    revive(&office);
    assert_eq!(daemon.stop(), Some(0));
    // `check` knows it from the state folder, also while no daemon runs; so does `history`.
    office.write("95-more.toml", "[route]\n12333 = \"group:main\"\n");
    std::os::unix::fs::symlink(root().join("dialplans/prompts"), office.path("dialplans/prompts")).unwrap();
    let (exit, document) = office.json(&["dialplan", "check"]);
    assert_eq!((exit, &document["details"][0]["code"]), (Some(78), &"DP041".into()), "{document}");
    fs::remove_file(office.path("dialplans/95-more.toml")).unwrap();
    assert_eq!(office.history().len(), 2);
    let daemon = office.start(&[]);
    revive(&office);
    let (exit, _) = office.json(&["dialplan", "rollback"]);
    assert_eq!(exit, Some(0), "the shipped plan has it as cancelled");
    assert_eq!(daemon.stop(), Some(0));
    // Not by starting on such a plan, either.
    office.write("95-more.toml", "[route]\n12333 = \"group:main\"\n");
    let config = office.path("switchboard.toml");
    let start = || switchboard(&["run", "--json", "--as-of", office.as_of, "--config", config.to_str().unwrap()]);
    assert_eq!(code(&start()), Some(78));
}

#[test]
fn what_was_taken_back_is_not_brought_back_by_a_restart_and_a_bad_folder_need_not_stop_one() {
    let office = Office::new("2021-12-15T10:00");
    let mut daemon = office.start(&[]);
    let first = office.version();
    office.write("95-more.toml", MORE);
    assert_eq!(code(&office.says(&["reload"])), Some(0));
    assert_eq!(code(&office.says(&["dialplan", "rollback"])), Some(0));
    daemon.child.kill().unwrap();
    daemon.child.wait().unwrap();
    drop(daemon);
    let daemon = office.start(&[]);
    assert_eq!(office.version(), first, "the folder still holds what was taken back");
    assert_eq!(daemon.stop(), Some(0));
    // Edited since: the operator means it.
    office.write("95-more.toml", &format!("{MORE}# again\n"));
    let daemon = office.start(&[]);
    let second = office.version();
    assert_ne!(second, first);
    assert_eq!(daemon.stop(), Some(0));
    office.write("95-more.toml", "[route\n");
    let config = office.path("switchboard.toml");
    let start = || switchboard(&["run", "--json", "--as-of", office.as_of, "--config", config.to_str().unwrap()]);
    assert_eq!(code(&start()), Some(78));
    let daemon = office.start(&["--last-good"]);
    assert_eq!((daemon.ready["result"]["plan"].as_str(), office.version()), (Some(&*second), second.clone()));
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn two_reloads_at_once_do_not_mix_and_an_edited_configuration_is_told() {
    let office = Office::new("2021-12-15T10:00");
    let _daemon = office.start(&[]);
    office.write("95-more.toml", MORE);
    let both = std::thread::scope(|scope| {
        let ask = || scope.spawn(|| office.json(&["reload"]));
        [ask(), ask()].map(|t| t.join().unwrap())
    });
    let in_force = both.iter().filter(|(exit, d)| *exit == Some(0) && d["result"]["in_force"] == true).count();
    assert_eq!((in_force, both.iter().filter(|(exit, _)| *exit == Some(0)).count()), (1, 2), "{both:?}");
    let text = fs::read_to_string(office.path("switchboard.toml")).unwrap();
    for (more, word) in [("[drain]\nlimit_s = 7\n", "needs_restart"), ("[nonsense]\n", "wrong")] {
        office.folder.write("switchboard.toml", &format!("{text}{more}"));
        let socket = office.path("state/switchboard.sock");
        let output = switchboard(&["reload", "--json", "--socket", socket.to_str().unwrap()]);
        let document = document(&output);
        assert_eq!((code(&output), &document["result"]["config"]), (Some(4), &word.into()), "{document}");
    }
}

#[test]
fn a_watched_folder_comes_into_force_when_it_is_good() {
    let office = Office::new("2021-12-15T10:00");
    office.configure("watch = true");
    let _daemon = office.start(&[]);
    let first = office.version();
    let until = |good: &dyn Fn() -> bool| {
        (0..150).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(100));
            good()
        })
    };
    office.write("95-more.toml", "[route\n");
    let told = || fs::read_to_string(office.path("log")).unwrap().contains("the edited dialplan is not used");
    assert!(until(&told), "{}", fs::read_to_string(office.path("log")).unwrap());
    assert_eq!(office.version(), first);
    office.write("95-more.toml", MORE);
    assert!(until(&|| office.version() != first));
    let (_, history) = office.json(&["dialplan", "history"]);
    assert_eq!(history["result"]["records"][1]["author"], "watch");
}

#[test]
fn an_altered_plan_file_and_a_foreign_one_are_refused() {
    let office = Office::new("2021-12-15T10:00");
    let _daemon = office.start(&[]);
    let first = office.version();
    office.write("95-more.toml", MORE);
    let plan = office.path("next.plan");
    assert_eq!(code(&office.says(&["dialplan", "plan", "--out", plan.to_str().unwrap()])), Some(0));
    let text = fs::read_to_string(&plan).unwrap();
    fs::write(&plan, text.replace("release:486", "release:487")).unwrap();
    let output = office.says(&["dialplan", "apply", plan.to_str().unwrap()]);
    assert_eq!(code(&output), Some(78), "{}", err(&output));
    for nonsense in ["", "{}", "[route]\n"] {
        fs::write(&plan, nonsense).unwrap();
        let output = office.says(&["dialplan", "apply", plan.to_str().unwrap()]);
        assert_eq!((code(&output), err(&output).lines().count()), (Some(78), 1), "{}", err(&output));
    }
    assert_eq!(office.version(), first);
    // Half an order, and one that is none.
    let socket = office.path("state/switchboard.sock");
    for text in ["{\"order\":\"reload\"", "{\"order\":\"format\"}\n"] {
        let mut stream = UnixStream::connect(&socket).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        assert_eq!(line, "{\"refused\":\"malformed\"}\n");
    }
    assert_eq!(office.version(), first);
}

#[test]
fn two_folders_are_compared_without_a_daemon() {
    let office = Office::new("2021-12-15T10:00");
    let base = root().join("dialplans");
    let words = ["dialplan", "plan", "--base", base.to_str().unwrap(), "--exit-code"];
    let folder = office.path("dialplans");
    // The prompts stand beside the shipped plan only.
    std::os::unix::fs::symlink(base.join("prompts"), folder.join("prompts")).unwrap();
    let same = switchboard(&[&words[..], &[folder.to_str().unwrap(), "--lang", "en"]].concat());
    assert_eq!(code(&same), Some(0), "{}{}", out(&same), err(&same));
    office.write("95-more.toml", MORE);
    let other = switchboard(&[&words[..], &[folder.to_str().unwrap(), "--lang", "zh"]].concat());
    assert_eq!(code(&other), Some(3), "{}", err(&other));
    assert!(out(&other).contains("+ 968xx，例如 96810"), "{}", out(&other));
}
