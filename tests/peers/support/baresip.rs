//! baresip as a seat's phone: registers, dials, answers, holds; says a tone from a file, keeps what it hears in another.

use super::lab::Lab;
use super::process::{Process, needs, read};
use super::sound::tone;
use super::{pause, until};
use serde_json::{Value, json};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use switchboard::audio::{g711, wav};

const MODULES: &str = "/usr/lib/baresip/modules";

/// A running phone.
#[derive(Debug)]
pub struct Baresip {
    process: Process,
    control: TcpStream,
    events: Arc<Mutex<Vec<Value>>>,
    dir: PathBuf,
}

impl Baresip {
    /// The phone `n` of the slot at a seat: registered, answers by itself, says this tone.
    pub fn seat(lab: &Lab, n: u16, number: &str, hertz: f64) -> Self {
        let sip = lab.sip();
        let account =
            format!("<sip:{number}@{sip}>;auth_user={number};auth_pass=lab-{number};regint=60;answermode=auto");
        let phone = Self::start(lab, n, number, &account, hertz);
        lab.has_seat(number);
        phone
    }

    /// The same by TLS; it believes the certificate that the daemon has made.
    pub fn secure(lab: &Lab, n: u16, number: &str, hertz: f64) -> Self {
        let at = format!("{number}@127.0.0.1:{};transport=tls", lab.slot.tls());
        let account = format!("<sip:{at}>;auth_user={number};auth_pass=lab-{number};regint=60;answermode=auto");
        let phone = Self::start(lab, n, number, &account, hertz);
        lab.has_seat(number);
        phone
    }

    /// The same, and it takes no call whose voice is not encrypted.
    pub fn encrypted(lab: &Lab, n: u16, number: &str, hertz: f64) -> Self {
        let at = format!("{number}@127.0.0.1:{};transport=tls", lab.slot.tls());
        let account = format!(
            "<sip:{at}>;auth_user={number};auth_pass=lab-{number};regint=60;answermode=auto;mediaenc=srtp-mand"
        );
        let phone = Self::start(lab, n, number, &account, hertz);
        lab.has_seat(number);
        phone
    }

    /// The same at a seat where somebody has to sign in: registered only.
    pub fn desk(lab: &Lab, n: u16, number: &str, hertz: f64) -> Self {
        let sip = lab.sip();
        let account =
            format!("<sip:{number}@{sip}>;auth_user={number};auth_pass=lab-{number};regint=60;answermode=auto");
        let phone = Self::start(lab, n, number, &account, hertz);
        let registered = until(8_000, || lab.seat(number).contact);
        assert!(registered.is_some(), "seat {number} did not register");
        phone
    }

    /// The phone `n` of the slot as a citizen's: no account, calls by [`Baresip::command`] `dial`. It sends its sound from
    /// 127.0.0.1 whatever it is told; the lab's carrier has to be there too, see [`Lab::with_citizen`].
    pub fn citizen(lab: &Lab, n: u16, number: &str, hertz: f64) -> Self {
        let account = format!("<sip:{number}@127.0.0.1>;regint=0");
        Self::start(lab, n, number, &account, hertz)
    }

    fn start(lab: &Lab, n: u16, number: &str, account: &str, hertz: f64) -> Self {
        needs("baresip", "baresip-core");
        let dir = lab.dir.join(format!("baresip-{number}"));
        fs::create_dir_all(&dir).unwrap();
        let port = lab.slot.phone(n);
        write(&dir, account, port, hertz);
        let trusted = lab.dir.join("state/tls/certificate.pem");
        let mut config = fs::OpenOptions::new().append(true).open(dir.join("config")).unwrap();
        writeln!(config, "sip_cafile {}", trusted.display()).unwrap();
        let mut command = Command::new("baresip");
        command.arg("-f").arg(&dir).args(["-n", "127.0.0.1"]).current_dir(&dir);
        let process = Process::start(&mut command, &dir, "baresip");
        let control = until(8_000, || TcpStream::connect(("127.0.0.1", port + 5)).ok());
        let control = control.unwrap_or_else(|| panic!("baresip did not start: {}", read(&process.stdout)));
        let events = Arc::new(Mutex::new(Vec::new()));
        let (from, to) = (control.try_clone().unwrap(), Arc::clone(&events));
        // Ends with the connection, which ends with the phone.
        std::thread::spawn(move || listen(from, &to));
        Self { process, control, events, dir }
    }

    /// Gives a command of its menu.
    pub fn command(&mut self, command: &str, params: &str) {
        let text = json!({ "command": command, "params": params }).to_string();
        self.control.write_all(format!("{}:{text},", text.len()).as_bytes()).unwrap();
    }

    /// Waits for an event of this type, e.g. `CALL_ESTABLISHED`.
    pub fn has(&self, kind: &str, millis: u64) -> Value {
        let found = until(millis, || self.events.lock().unwrap().iter().find(|e| e["type"] == kind).cloned());
        found.unwrap_or_else(|| {
            panic!("baresip had no {kind}: {:#?}\n{}", self.events.lock().unwrap(), read(&self.process.stdout))
        })
    }

    /// What it heard in its latest call, which is over: the decoded stream as it wrote it down.
    pub fn heard(&self) -> Vec<i16> {
        self.dump("-dec.wav")
    }

    fn dump(&self, kind: &str) -> Vec<i16> {
        // The file is whole once the call is closed and its stream is freed.
        pause(300);
        let files = fs::read_dir(&self.dir).unwrap().map(|f| f.unwrap().path());
        let mut files: Vec<PathBuf> = files.filter(|p| p.to_string_lossy().ends_with(kind)).collect();
        files.sort();
        let path = files.last().unwrap_or_else(|| panic!("baresip kept no *{kind} in {}", self.dir.display()));
        let alaw = wav::read(fs::File::open(path).unwrap()).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        alaw.into_iter().map(g711::alaw_decode).collect()
    }
}

fn write(dir: &Path, account: &str, port: u16, hertz: f64) {
    let (at, control) = (dir.display(), port + 5);
    let mut said = fs::File::create(dir.join("tone.wav")).unwrap();
    let alaw: Vec<u8> = tone(hertz, 0, 60 * 8_000).map(g711::alaw_encode).collect();
    wav::write(&mut said, &alaw).unwrap();
    let config = format!(
        "poll_method epoll\nsip_listen 127.0.0.1:{port}\naudio_source aufile,{at}/tone.wav\n\
         ausrc_srate 8000\nauplay_srate 8000\nausrc_channels 1\nauplay_channels 1\nrtp_ports {}-{}\n\
         module_path {MODULES}\nmodule stdio.so\nmodule g711.so\nmodule srtp.so\nmodule aufile.so\nmodule sndfile.so\nsnd_path {at}\n\
         module_app account.so\nmodule_app menu.so\nmodule_app ctrl_tcp.so\nctrl_tcp_listen 127.0.0.1:{control}\n",
        port + 6,
        port + 9,
    );
    fs::write(dir.join("config"), config).unwrap();
    fs::write(dir.join("accounts"), format!("{account};audio_codecs=pcma\n")).unwrap();
    fs::write(dir.join("contacts"), "").unwrap();
}

/// Netstrings of JSON, `LEN:{…},`.
fn listen(mut from: TcpStream, events: &Mutex<Vec<Value>>) {
    let _ = from.set_read_timeout(None::<Duration>);
    let mut length = 0;
    let mut byte = [0];
    while from.read_exact(&mut byte).is_ok() {
        match byte[0] {
            digit @ b'0'..=b'9' => length = length * 10 + usize::from(digit - b'0'),
            b':' => {
                let mut text = vec![0; std::mem::take(&mut length)];
                if from.read_exact(&mut text).is_err() {
                    return;
                }
                events.lock().unwrap().extend(serde_json::from_slice(&text).ok());
            }
            _ => {}
        }
    }
}
