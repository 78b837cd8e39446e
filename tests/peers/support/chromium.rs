//! A real browser, headless, driven over its DevTools protocol: pages with a telephone in them.

use super::lab::Lab;
use super::process::{Process, needs, read};
use super::sound::share;
use super::{now, until};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use tokio_tungstenite::tungstenite::protocol::WebSocket;
use tokio_tungstenite::tungstenite::{Message, client};

/// Made from JsSIP by `npm run build` in the folder.
const JSSIP: &str = include_str!("../browser/jssip.js");
const PHONE: &str = include_str!("../browser/phone.js");

/// A running browser.
pub struct Chromium {
    process: Process,
    profile: PathBuf,
    socket: RefCell<WebSocket<TcpStream>>,
    last: Cell<u64>,
}

/// A page of it.
pub struct Page<'b> {
    browser: &'b Chromium,
    session: String,
}

/// What a telephone in a page is told.
pub struct Account<'a> {
    pub seat: &'a str,
    pub hertz: f64,
    /// The port of a relay on the way of its media.
    pub relay: Option<u16>,
    /// Another way for its SIP.
    pub url: Option<String>,
    /// It rings until it is told to answer.
    pub rings: bool,
}

impl Account<'_> {
    pub fn new(seat: &str, hertz: f64) -> Account<'_> {
        Account { seat, hertz, relay: None, url: None, rings: false }
    }
}

impl Chromium {
    /// Starts it with a profile of its own.
    pub fn start(lab: &Lab) -> Self {
        needs("chromium", "chromium");
        let name = format!("chromium-{}", now());
        let profile = lab.dir.join(&name);
        let mut command = Command::new("chromium");
        command.args([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-background-timer-throttling",
            "--disable-renderer-backgrounding",
            "--allow-loopback-in-peer-connection",
            "--autoplay-policy=no-user-gesture-required",
            // The certificate of a lab signs itself.
            "--ignore-certificate-errors",
            "--remote-debugging-port=0",
        ]);
        command.arg(format!("--user-data-dir={}", profile.display())).arg("about:blank");
        let process = Process::start(&mut command, &lab.dir, &name);
        let listens = until(30_000, || {
            let said = read(&process.stderr);
            said.lines().find_map(|line| line.strip_prefix("DevTools listening on ").map(str::to_owned))
        });
        let url = listens.unwrap_or_else(|| panic!("Chromium did not start: {}", process.said()));
        let at = url.trim_start_matches("ws://").split('/').next().unwrap().to_owned();
        let stream = TcpStream::connect(at).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let (socket, _) = client(url, stream).unwrap();
        Self { process, profile, socket: RefCell::new(socket), last: Cell::new(0) }
    }

    /// It is killed: nobody is told.
    pub fn crashes(mut self) {
        self.process.kill();
    }

    /// One command of the protocol.
    fn asks(&self, session: Option<&str>, method: &str, params: &Value) -> Value {
        let id = self.last.get() + 1;
        self.last.set(id);
        let mut message = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        let mut socket = self.socket.borrow_mut();
        socket.send(Message::text(message.to_string())).unwrap();
        loop {
            let Message::Text(text) = socket.read().unwrap_or_else(|e| panic!("{method}: {e}")) else { continue };
            let answer: Value = serde_json::from_str(&text).unwrap();
            if answer["id"] == id {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].clone();
            }
        }
    }

    /// An empty page with the telephone's scripts.
    pub fn page(&self) -> Page<'_> {
        let made = self.asks(None, "Target.createTarget", &json!({ "url": "about:blank" }));
        let target = made["targetId"].as_str().unwrap().to_owned();
        let attached = self.asks(None, "Target.attachToTarget", &json!({ "targetId": target, "flatten": true }));
        let page = Page { browser: self, session: attached["sessionId"].as_str().unwrap().to_owned() };
        page.loads();
        page
    }

    /// A page whose telephone has registered.
    pub fn phone(&self, lab: &Lab, account: &Account<'_>) -> Page<'_> {
        let page = self.page();
        page.registers(lab, account);
        page
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // Its children end with it when they are asked to; those of a killed one would linger.
        let _ = self.socket.borrow_mut().send(Message::text(r#"{"id":0,"method":"Browser.close"}"#));
        if self.process.exit(5_000).is_none() {
            self.process.kill();
        }
        let _ = std::fs::remove_dir_all(&self.profile);
    }
}

impl Page<'_> {
    fn loads(&self) {
        self.value(JSSIP);
        self.value(PHONE);
    }

    /// The value of an expression; a promise is waited for.
    pub fn value(&self, expression: &str) -> Value {
        let params = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let answer = self.browser.asks(Some(&self.session), "Runtime.evaluate", &params);
        assert!(answer.get("exceptionDetails").is_none(), "{}: {answer}", &expression[..expression.len().min(200)]);
        answer["result"]["value"].clone()
    }

    /// Waits until an expression is true.
    pub fn is(&self, expression: &str, millis: u64) {
        let held = until(millis, || (self.value(&format!("!!({expression})")) == true).then_some(()));
        assert!(held.is_some(), "not {expression}: {:#}", self.value("log"));
    }

    /// Registers, and waits until it has.
    pub fn registers(&self, lab: &Lab, account: &Account<'_>) {
        let url = account.url.clone().unwrap_or_else(|| format!("ws://127.0.0.1:{}/sip", lab.slot.http()));
        let told = json!({
            "seat": account.seat, "password": format!("lab-{}", account.seat), "url": url, "hertz": account.hertz,
            "relay": account.relay, "rings": account.rings,
        });
        self.value(&format!("register({told})"));
        self.is("log.some(entry => entry.what[0] === 'registered')", 10_000);
    }

    pub fn dials(&self, number: &str) {
        self.value(&format!("dial('{number}')"));
    }

    pub fn presses(&self, keys: &str) {
        self.value(&format!(
            "session.sendDTMF('{keys}', {{ transportType: 'RFC2833', duration: 100, interToneGap: 100 }})"
        ));
    }

    /// When something was noted first, ms after the page was loaded.
    pub fn noted(&self, what: &[&str]) -> Option<f64> {
        let what = json!(what);
        let found = self.value(&format!(
            "(log.find(entry => {what}.every((word, n) => entry.what[n] === word)) || {{ at: null }}).at"
        ));
        found.as_f64()
    }

    /// The last quarter of a second that it heard, 8 kHz.
    pub fn heard(&self) -> Vec<i16> {
        let samples = self.value("heard()");
        samples.as_array().unwrap().iter().map(|s| s.as_i64().unwrap() as i16).collect()
    }

    /// Waits until this tone is loud in what it hears.
    pub fn hears(&self, hertz: f64, millis: u64) {
        let found = until(millis, || (share(&self.heard(), hertz) > 0.05).then_some(()));
        let (loud, log) = (share(&self.heard(), hertz), self.value("log.map(entry => entry.what.slice(0, 2))"));
        assert!(found.is_some(), "the page does not hear {hertz} Hz: {loud:.4}; {log}");
    }

    /// As somebody who presses F5: everything of it is gone, and its scripts begin anew.
    pub fn reloads(&self) {
        self.browser.asks(Some(&self.session), "Page.reload", &json!({}));
        let gone = until(10_000, || (self.value("typeof register") == "undefined").then_some(()));
        assert!(gone.is_some(), "it was not loaded anew");
        self.loads();
    }
}
