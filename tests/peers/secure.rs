//! TLS with real phones and real clients: baresip at a seat, openssl as whoever tries what he may not.

use super::support::baresip::Baresip;
use super::support::lab::Lab;
use super::support::process::needs;
use super::support::sipp::{Role, Sipp};
use super::support::sound::share;
use super::support::{pause, until};
use std::io::Write;
use std::process::{Command, Stdio};
use switchboard::fact::{Outcome, Target};

/// What openssl says of a connection with these arguments.
fn openssl(lab: &Lab, arguments: &[&str]) -> String {
    needs("openssl", "openssl");
    let mut command = Command::new("openssl");
    let to = format!("127.0.0.1:{}", lab.slot.tls());
    command.args(["s_client", "-connect", &to, "-brief"]).args(arguments);
    let output = command.stdin(Stdio::null()).output().unwrap();
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Tenths of a second of its latest call in which a phone heard this tone.
pub fn tenths(phone: &Baresip, hertz: f64) -> usize {
    phone.heard().chunks_exact(800).filter(|c| share(c, hertz) > 0.05).count()
}

/// A caller of 700 Hz and the seat of 1,100 Hz that has answered him have heard each other, to the end of the call.
fn both_heard(caller: Sipp, phone: &Baresip) {
    caller.line.hears(1_100.0, 4_000);
    caller.ends_well(8_000);
    phone.has("CALL_CLOSED", 4_000);
    let tenths = tenths(phone, 700.0);
    assert!(tenths >= 30, "the agent heard his caller for {tenths}00 ms");
}

#[test]
fn a_desk_phone_registers_by_tls_is_called_and_both_hear_each_other() {
    let lab = Lab::start();
    let mut phone = Baresip::secure(&lab, 1, "8001", 1_100.0);
    assert!(lab.seat("8001").contact.is_some());
    let caller = Role::dials(&lab, 0, "12345").says(700.0).millis(5_000).start(&lab);
    phone.has("CALL_ESTABLISHED", 6_000);
    caller.talks(3_000);
    both_heard(caller, &phone);
    // And it calls, by the connection that it has made.
    let _other = Baresip::seat(&lab, 2, "8002", 900.0);
    phone.command("dial", &format!("sip:8002@127.0.0.1:{};transport=tls", lab.slot.tls()));
    let live = until(6_000, || lab.calls().iter().any(|c| c.stage == "talking").then_some(()));
    assert!(live.is_some(), "{:?}", lab.calls());
    phone.command("hangup", "");
    let records = lab.records(2);
    assert!(records.iter().all(|cdr| cdr.outcome == Outcome::Connected), "{records:#?}");
    assert_eq!(records[1].answered_by, Some(Target::Seat("8001".into())));
}

#[test]
fn a_desk_phone_that_takes_only_srtp_and_a_caller_in_the_clear_hear_each_other() {
    let lab = Lab::start();
    let mut phone = Baresip::encrypted(&lab, 1, "8001", 1_100.0);
    let caller = Role::dials(&lab, 0, "12345").says(700.0).millis(5_000).start(&lab);
    phone.has("CALL_ESTABLISHED", 6_000);
    caller.talks(2_000);
    let calls = lab.calls();
    let locks: Vec<_> = calls[0].parties.iter().map(|party| (party.who.clone(), party.secure)).collect();
    assert_eq!(locks, [("13900000001".to_owned(), false), ("8001".to_owned(), true)]);
    caller.talks(1_000);
    both_heard(caller, &phone);
    // It calls, with a key of its own in the offer; the other one's voice is in the clear.
    let other = Baresip::seat(&lab, 2, "8002", 900.0);
    phone.command("dial", &format!("sip:8002@127.0.0.1:{};transport=tls", lab.slot.tls()));
    other.has("CALL_ESTABLISHED", 6_000);
    pause(3_000);
    phone.command("hangup", "");
    lab.records(2);
    for (listener, hertz) in [(&phone, 900.0), (&other, 1_100.0)] {
        let tenths = tenths(listener, hertz);
        assert!(tenths >= 20, "{hertz} Hz were heard for {tenths}00 ms");
    }
}

#[test]
fn old_versions_are_refused_and_others_get_the_certificate_that_was_made_at_the_start() {
    let lab = Lab::start();
    let certificate = lab.dir.join("state/tls/certificate.pem").display().to_string();
    for version in ["-tls1_2", "-tls1_3"] {
        let said =
            openssl(&lab, &[version, "-CAfile", &certificate, "-verify_ip", "127.0.0.1", "-verify_return_error"]);
        assert!(said.contains("Verification: OK"), "{version}: {said}");
    }
    for version in ["-tls1", "-tls1_1"] {
        let said = openssl(&lab, &[version, "-cipher", "ALL:@SECLEVEL=0"]);
        assert!(!said.contains("CONNECTION ESTABLISHED"), "{version}: {said}");
    }
}

#[test]
fn a_request_by_tls_is_answered_and_whoever_speaks_http_or_nothing_is_let_go() {
    let lab = Lab::start();
    let to = format!("127.0.0.1:{}", lab.slot.tls());
    let ask = |text: &str, millis| {
        let mut client = Command::new("openssl");
        client.args(["s_client", "-connect", &to, "-quiet"]);
        let mut client = client.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        client.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
        pause(millis);
        let _ = client.kill();
        String::from_utf8_lossy(&client.wait_with_output().unwrap().stdout).into_owned()
    };
    let options = "REGISTER sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bKs\r\nFrom: <sip:8001@127.0.0.1>;tag=1\r\n\
        To: <sip:8001@127.0.0.1>\r\nCall-ID: s@x\r\nCSeq: 1 REGISTER\r\nContact: <sip:8001@127.0.0.1:9;transport=tls>\r\nContent-Length: 0\r\n\r\n";
    assert!(ask(options, 1_500).starts_with("SIP/2.0 401"), "no challenge by TLS");
    assert_eq!(ask("GET / HTTP/1.1\r\n\r\n", 1_000), "");
}
