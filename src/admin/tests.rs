use super::*;
use crate::exchange::Command;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{fs, thread};
use tokio::sync::mpsc;

/// A folder of one test, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("switchboard-admin-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn socket(&self) -> PathBuf {
        self.0.join("s.sock")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A daemon that answers `Done` to a drain and keeps silent about anything else.
fn daemon(folder: &Folder) {
    let listener = bind(&folder.socket()).unwrap();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (to, mut asks) = mpsc::channel::<Ask>(4);
            let (tasks, _) = mpsc::channel::<Task>(4);
            let (errands, _) = mpsc::channel(4);
            tokio::spawn(serve(listener, Queues { asks: to, tasks, errands }));
            while let Some((command, answer)) = asks.recv().await {
                if command == Command::Drain {
                    let _ = answer.send(Answer::Done);
                }
            }
        });
    });
}

#[test]
fn a_question_gets_its_answer_and_an_unanswered_one_its_refusal() {
    let folder = Folder::new();
    daemon(&folder);
    assert_eq!(ask(&folder.socket(), &Command::Drain).unwrap(), Answer::Done);
    let error = ask(&folder.socket(), &Command::Status).unwrap_err();
    assert!(matches!(error, Error::Refused(Refusal::Stopping)), "{error}");
}

#[test]
fn the_socket_is_the_owners_alone() {
    let folder = Folder::new();
    let _listener = bind(&folder.socket()).unwrap();
    assert_eq!(fs::metadata(folder.socket()).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_dead_daemons_file_is_replaced_a_living_ones_and_a_plain_file_are_not() {
    let folder = Folder::new();
    let living = bind(&folder.socket()).unwrap();
    assert_eq!(bind(&folder.socket()).unwrap_err().kind(), ErrorKind::AddrInUse);
    drop(living);
    assert!(folder.socket().exists());
    drop(bind(&folder.socket()).unwrap());
    let plain = folder.0.join("plain");
    fs::write(&plain, "kept").unwrap();
    assert_eq!(bind(&plain).unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(fs::read_to_string(&plain).unwrap(), "kept");
}

#[test]
fn no_daemon_is_said_to_be_none() {
    let folder = Folder::new();
    assert!(matches!(ask(&folder.socket(), &Command::Status), Err(Error::Unreachable { .. })));
    drop(bind(&folder.socket()).unwrap());
    assert!(matches!(ask(&folder.socket(), &Command::Status), Err(Error::Unreachable { .. })));
}

#[test]
fn nonsense_and_endless_lines_are_refused_and_the_next_client_is_served() {
    let folder = Folder::new();
    daemon(&folder);
    let said = |text: &[u8]| {
        let mut stream = UnixStream::connect(folder.socket()).unwrap();
        stream.write_all(text).unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        line
    };
    assert_eq!(said(b"{\"command\":\"format_disk\"}\n"), "{\"refused\":\"malformed\"}\n");
    assert_eq!(said(b"\xff\xfe\n"), "{\"refused\":\"malformed\"}\n");
    assert_eq!(said(&vec![b'x'; QUESTION + 1]), "{\"refused\":\"malformed\"}\n");
    assert_eq!(ask(&folder.socket(), &Command::Drain).unwrap(), Answer::Done);
}
