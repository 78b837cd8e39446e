//! The daemon's own life: a crash, a drain, a port that is taken.

use super::support::lab::Lab;
use super::support::process::read;
use super::support::sipp::{Role, Sipp};
use super::support::{now, pause};
use switchboard::fact::Outcome;

#[test]
fn a_kill_right_after_a_call_loses_no_record() {
    let mut lab = Lab::start();
    let seat = Sipp::seat(&lab, 1, "8001", |r| r.says(1_100.0));
    let caller = Role::dials(&lab, 0, "12345").millis(700).start(&lab);
    caller.ends_well(8_000);
    // Its BYE is answered: from here on the record may not be lost, however early the end comes.
    lab.crash_and_start();
    drop(seat);
    let cdr = lab.record();
    assert_eq!((cdr.outcome, cdr.dialled.as_str()), (Outcome::Connected, "12345"));
}

#[test]
fn a_call_that_lived_at_the_kill_is_recorded_as_interrupted_once_and_both_its_sides_are_told() {
    let mut lab = Lab::start();
    let seat = Sipp::seat(&lab, 1, "8001", |r| r.says(1_100.0));
    let caller = Role::dials(&lab, 0, "12345").millis(20_000).start(&lab);
    caller.receives("SIP/2.0 200", 4_000);
    seat.receives("ACK", 4_000);
    lab.crash_and_start();
    // Dialogs that the run before has left are ended by the next one, from what its journal has.
    caller.receives("BYE", 4_000);
    seat.receives("BYE", 4_000);
    let journal = lab.dir.join("state/journal");
    pause(300);
    let journals: String = std::fs::read_dir(journal).unwrap().map(|f| read(&f.unwrap().path())).collect();
    assert_eq!(journals.matches("\"what\":\"dialog_stands\"").count(), 2, "{journals}");
    drop((caller, seat));
    assert_eq!(lab.record().outcome, Outcome::Interrupted);
    lab.crash_and_start();
    assert_eq!(lab.record().outcome, Outcome::Interrupted);
}

#[test]
fn sigterm_lets_the_live_call_end_in_peace_and_takes_no_other() {
    let mut lab = Lab::start();
    let seat = Sipp::seat(&lab, 1, "8001", |r| r.says(1_100.0));
    let _other = Sipp::seat(&lab, 2, "8002", |r| r);
    let caller = Role::dials(&lab, 0, "12345").says(700.0).millis(5_000).start(&lab);
    seat.receives("ACK", 4_000);
    caller.talks(3_000);
    seat.talks(3_000);
    caller.line.hears(1_100.0, 3_000);
    lab.daemon.terminate();
    pause(200);
    let late = Role::carrier(&lab, 3, "refused", &format!("sip:12345@{}", lab.sip()));
    late.word("status", "503").start(&lab).ends_well(4_000);
    assert!(lab.daemon.runs(), "it did not wait for the live call");
    pause(300);
    caller.line.hears(1_100.0, 400);
    seat.line.hears(700.0, 400);
    caller.ends_well(8_000);
    seat.ends_well(3_000);
    let status = lab.daemon.exit(5_000).expect("the daemon goes on though no call is left");
    assert!(status.success(), "{status}: {}", lab.daemon.said());
    lab.has_one(Outcome::Connected);
}

#[test]
fn a_drain_that_reaches_its_limit_ends_the_call_and_itself() {
    let drain = |text: String, _: &std::path::Path| format!("{text}\n[drain]\nlimit_s = 1\n");
    let mut lab = Lab::with(super::support::lab::LAB_DAY, drain);
    let seat = Sipp::seat(&lab, 1, "8001", |r| r);
    let caller = Role::dials(&lab, 0, "12345").millis(30_000).start(&lab);
    seat.receives("ACK", 4_000);
    lab.daemon.terminate();
    caller.receives("BYE", 4_000);
    seat.receives("BYE", 4_000);
    let status = lab.daemon.exit(6_000).expect("the daemon goes on though its limit is over");
    assert!(status.success(), "{status}: {}", lab.daemon.said());
    lab.has_one(Outcome::Connected);
}

/// Product §7: what we failed before a person could be rung (shed, no trunk, crash) is offered, so it is recorded.
#[test]
fn a_call_that_comes_while_draining_is_recorded_as_shed() {
    let mut lab = Lab::start();
    let seat = Sipp::seat(&lab, 1, "8001", |r| r);
    let caller = Role::dials(&lab, 0, "12345").millis(1_500).start(&lab);
    seat.receives("ACK", 4_000);
    lab.daemon.terminate();
    pause(200);
    let late = Role::carrier(&lab, 3, "refused", &format!("sip:12345@{}", lab.sip()));
    late.word("status", "503").start(&lab).ends_well(4_000);
    caller.ends_well(6_000);
    assert!(lab.daemon.exit(6_000).is_some_and(|s| s.success()));
    lab.has_one(Outcome::Shed);
}

#[test]
fn a_port_in_use_is_one_clear_sentence() {
    let mut lab = Lab::start();
    let began = now();
    let mut twin = lab.twin();
    let status = twin.exit(10_000).expect("it does not give up");
    assert!(now() - began < 10_000_000);
    assert_eq!(status.code(), Some(75), "busy, retry (product §4)");
    let said = twin.said();
    let lines: Vec<_> = said.lines().filter(|l| !l.trim().is_empty()).collect();
    assert_eq!(lines.len(), 1, "{said}");
    assert!(lines[0].contains(&lab.sip().to_string()) && lines[0].contains("in use"), "{said}");
    assert!(lab.daemon.runs(), "the first one was disturbed");
    // And serves on.
    let seat = Sipp::seat(&lab, 1, "8001", |r| r);
    Role::dials(&lab, 0, "12345").millis(300).start(&lab).ends_well(8_000);
    seat.ends_well(3_000);
    lab.record();
}

#[test]
fn systemd_is_told_when_it_serves_and_when_it_stops_and_a_hangup_signal_is_a_reload() {
    let path = std::env::temp_dir().join(format!("switchboard-notify-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let systemd = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
    systemd.set_read_timeout(Some(std::time::Duration::from_secs(10))).unwrap();
    let told = || {
        let mut room = [0; 256];
        let length = systemd.recv(&mut room).expect("nothing was told");
        String::from_utf8_lossy(&room[..length]).into_owned()
    };
    let text: &'static str = Box::leak(path.display().to_string().into_boxed_str());
    let mut lab = Lab::with_variable("NOTIFY_SOCKET", text, |text| text);
    assert!(told().starts_with("READY=1"));
    lab.daemon.signal(rustix::process::Signal::HUP);
    let reloaded = super::support::until(10_000, || lab.daemon.said().contains("SIGHUP").then_some(()));
    assert!(reloaded.is_some() && lab.daemon.runs(), "{}", lab.daemon.said());
    assert!(lab.daemon.said().contains("the dialplan is unchanged: SIGHUP"), "{}", lab.daemon.said());
    lab.daemon.terminate();
    assert_eq!(told(), "STOPPING=1");
    assert_eq!(lab.daemon.exit(10_000).and_then(|status| status.code()), Some(0));
    let _ = std::fs::remove_file(&path);
}
