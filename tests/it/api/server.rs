//! The web server before an exchange that is a script, and what it answers.

use crate::cli::root;
use crate::support::city::{SHIPPED, at};
use arc_swap::ArcSwap;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use switchboard::admin::Beat;
use switchboard::clock::Clock;
use switchboard::config::Config;
use switchboard::exchange::{Answer, Change, Command};
use switchboard::ledger::figures::Sheet;
use switchboard::live::{self, Feed};
use switchboard::web::{House, Limits, People, Rules, Views, bind, serve};
use tokio::sync::{mpsc, oneshot};

/// The token of its programs.
pub(crate) const TOKEN: &str = "long-enough-for-anybody";

/// An API before an exchange that answers as it is told; `None` is silence.
pub(crate) struct Api {
    pub(crate) at: SocketAddr,
    pub(crate) heard: Arc<Mutex<Vec<Command>>>,
    /// What it shows without asking.
    pub(crate) views: Views,
    /// Rows for it.
    feed: Feed,
    /// Where its accounts are kept.
    state: PathBuf,
    stop: Option<oneshot::Sender<()>>,
}

impl Api {
    pub(crate) fn new(answer: impl FnMut(&Command) -> Option<Answer> + Send + 'static) -> Self {
        Self::with(Limits::default(), answer)
    }

    pub(crate) fn with(limits: Limits, answer: impl FnMut(&Command) -> Option<Answer> + Send + 'static) -> Self {
        Self::showing(limits, |_| (), answer)
    }

    /// The same with something else in its views.
    pub(crate) fn showing(
        limits: Limits,
        change: impl FnOnce(&mut Views),
        mut answer: impl FnMut(&Command) -> Option<Answer> + Send + 'static,
    ) -> Self {
        let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let at = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (stop, mut stopped) = oneshot::channel();
        let hearing = Arc::clone(&heard);
        let mut views = views();
        change(&mut views);
        let (people, state) = people(&views);
        let (shown, feed) = (views.clone(), live::start(Arc::clone(&views.board)).unwrap());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let (asks, mut asked) = mpsc::channel(64);
                tokio::spawn(serve(listener, TOKEN.into(), asks, shown, people, limits));
                let mut unanswered = Vec::new();
                loop {
                    let (command, to) = tokio::select! {
                        Some(ask) = asked.recv() => ask,
                        _ = &mut stopped => break,
                    };
                    let answer = answer(&command);
                    // Before whoever has asked can look what was heard.
                    hearing.lock().unwrap().push(command);
                    match answer {
                        Some(answer) => drop(to.send(answer)),
                        None => unanswered.push(to),
                    }
                }
                // The doors see that the exchange is gone.
                drop((asked, unanswered));
                tokio::time::sleep(Duration::from_millis(50)).await;
            });
        });
        Self { at, heard, views, feed, state, stop: Some(stop) }
    }

    pub(crate) fn says(&self, method: &str, path: &str, body: &str) -> Told {
        self.sends(&request(method, path, &["Content-Type: application/json"], body))
    }

    pub(crate) fn sends(&self, bytes: &[u8]) -> Told {
        let mut stream = TcpStream::connect(self.at).unwrap();
        // What is refused early may be closed before all of it is written.
        let _ = stream.write_all(bytes);
        answer(stream)
    }

    /// These rows are told, and are there.
    pub(crate) fn shows(&self, changes: Vec<Change>) {
        let before = self.views.board.seq();
        assert!(self.feed.offer(|| changes));
        while self.views.board.seq() == before {
            std::thread::yield_now();
        }
    }

    pub(super) fn heard(&self) -> Vec<Command> {
        std::mem::take(&mut *self.heard.lock().unwrap())
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        let _ = self.stop.take().map(|stop| stop.send(()));
        let _ = std::fs::remove_dir_all(&self.state);
    }
}

pub(crate) fn request(method: &str, path: &str, headers: &[&str], body: &str) -> Vec<u8> {
    let close = if headers.iter().any(|h| h.starts_with("Connection:")) { "" } else { "Connection: close\r\n" };
    let mut text =
        format!("{method} /api/v1{path} HTTP/1.1\r\nHost: sw.example\r\n{close}Authorization: Bearer {TOKEN}\r\n");
    for header in headers {
        text.push_str(&format!("{header}\r\n"));
    }
    text.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    text.into_bytes()
}

/// An answer.
#[derive(Debug, PartialEq)]
pub(crate) struct Told {
    pub(crate) status: u16,
    pub(super) head: String,
    pub(crate) body: Value,
}

impl Told {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|l| l.split_once(": "));
        lines.filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v).next()
    }

    /// A refusal: its status and word. Its body has the shape that all have.
    pub(crate) fn refused(&self) -> (u16, &str) {
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        let text = |key: &str| self.body[key].as_str().unwrap_or_else(|| panic!("no {key}: {self:?}"));
        assert!(!text("zh").is_empty() && !text("en").is_empty());
        let known = ["error", "zh", "en", "why", "field", "right", "retry_s"];
        assert!(self.body.as_object().unwrap().keys().all(|k| known.contains(&k.as_str())), "{self:?}");
        (self.status, text("error"))
    }
}

/// The laboratory's accounts, in a folder of their own.
fn people(views: &Views) -> (Arc<People>, PathBuf) {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Relaxed);
    let state = std::env::temp_dir().join(format!("switchboard-api-{}-{count}", std::process::id()));
    let written = Config::load(&root().join("config/lab.toml")).unwrap().accounts;
    let rules = Rules { written, url: "http://sw.example".into(), ..Rules::default() };
    let people = People::open(&state, rules, views.clock, Arc::clone(&views.board)).unwrap();
    (Arc::new(people), state)
}

/// Before an exchange that nobody asks.
fn views() -> Views {
    Views {
        clock: Clock::as_of(at("2021-12-15T10:30")),
        plan: Arc::new(ArcSwap::new(SHIPPED.clone())),
        figures: Arc::new(ArcSwap::from_pointee(Sheet::new(SHIPPED.plan.zone().clone()))),
        pulse: Beat::default(),
        board: Arc::default(),
        house: House::default(),
        phones: None,
        planner: None,
        tls: None,
    }
}

pub(super) fn answer(mut stream: TcpStream) -> Told {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&bytes)));
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let json = head.lines().any(|line| line.eq_ignore_ascii_case("content-type: application/json"));
    let body = if body.is_empty() || !json { Value::Null } else { serde_json::from_str(body).unwrap() };
    Told { status, head: head.to_owned(), body }
}
