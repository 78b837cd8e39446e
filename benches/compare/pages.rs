//! `make pages-load`: 300 agents' pages that follow their feeds beside 50 calls a second to their seats, and the same calls without
//! pages, in turns in one run. What the web threads take, and what pages cost the set-up of a call.
//!
//! Each page is a signed-in session of its own with its WebSocket; all of them are read by one thread of this process.

use super::flooded::flood_seats;
use super::server::{Server, TARGETS};
use futures_util::StreamExt as _;
use rustix::process::setpriority_process;
use rustix::thread::gettid;
use serde_json::json;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::Duration;
use switchboard::clock::Clock;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

const PAGES: u32 = 300;
const WEB: &str = "127.0.0.1:18080";
const TURNS: u32 = 3;
/// Of one core, and of the set-up's p99 without pages.
const BUDGETS: (f64, f64) = (0.30, 1.5);

/// Pages that are open.
struct Pages {
    stop: Arc<AtomicBool>,
    heard: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

pub fn run() {
    let seats = "[[seats]]\nnumbers = \"2001-2300\"\ngroup = \"main\"\npassword = \"lab-{seat}\"\n\n[[accounts]]\nnumbers = \"2001-2300\"\n\
                 name = \"page{number}\"\nroles = [\"agent\"]\npassword = \"lab-{name}\"\n\n[[seats]]\nnumbers = \"8001-8040\"";
    let admin = format!("[admin]\nhttp = \"{WEB}\"\nhttp_token = \"lab\"\n");
    let changes = [("[[seats]]\nnumbers = \"8001-8040\"", seats), ("[admin]\n", &*admin)];
    let server = Server::altered(&TARGETS[0], &changes);
    let (mut shares, mut ratios) = (Vec::new(), Vec::new());
    println!("{PAGES} agents' pages, 50 calls a second to {PAGES} seats");
    for turn in 1..=TURNS {
        let (without, ..) = measured(&server);
        let pages = Pages::open();
        let before = pages.heard.load(Relaxed);
        let (with, share, live) = measured(&server);
        let heard = pages.heard.load(Relaxed) - before;
        drop(pages);
        println!(
            "  {turn}: set-up p99 {without:.2} ms without, {with:.2} ms with pages ({:.2} ×); web threads {:.1} %, board {:.1} % of a core; \
             {heard} messages to pages",
            with / without,
            share * 100.0,
            live * 100.0
        );
        shares.push(share);
        ratios.push(with / without);
    }
    let middle = |all: &mut Vec<f64>| {
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    let (share, ratio) = (middle(&mut shares), middle(&mut ratios));
    let (most, times) = BUDGETS;
    println!(
        "  web threads {:.1} % of one core (budget {:.0} %), set-up p99 {ratio:.2} × (budget {times:.1} ×), at the median",
        share * 100.0,
        most * 100.0
    );
}

/// One flood: set-up p99 in ms, and what the web threads and the board's thread took of a core meanwhile.
fn measured(server: &Server) -> (f64, f64, f64) {
    let pid = server.pids()[0];
    let (web, live) = (ticks(pid, "api-"), ticks(pid, "live"));
    let clock = Clock::system();
    let result = flood_seats(
        server.at,
        &[
            "--rate",
            "50",
            "--even",
            "--for",
            "20s",
            "--talk",
            "2s",
            "--no-sound",
            "--seats",
            "300",
            "--first-seat",
            "2001",
        ],
    );
    let seconds = clock.now().mono as f64 / 1e6;
    let share = |now: u64, before: u64| (now - before) as f64 / 100.0 / seconds;
    let shares = (share(ticks(pid, "api-"), web), share(ticks(pid, "live"), live));
    let p99 = result["setup"]["p99_ms"].as_f64().or_else(|| result["setup_ms"]["p99"].as_f64());
    (p99.unwrap_or_else(|| panic!("no p99 in {result}")), shares.0, shares.1)
}

/// Ticks of a hundredth of a second that the threads of this name have taken.
fn ticks(pid: u32, name: &str) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let of = |path: std::path::PathBuf| -> Option<u64> {
        let text = fs::read_to_string(path.join("stat")).ok()?;
        let (head, tail) = text.rsplit_once(')')?;
        let fields: Vec<&str> = tail.split_ascii_whitespace().collect();
        let (user, system): (u64, u64) = (fields.get(11)?.parse().ok()?, fields.get(12)?.parse().ok()?);
        head.split_once('(')?.1.starts_with(name).then_some(user + system)
    };
    tasks.filter_map(|task| of(task.unwrap().path())).sum()
}

impl Pages {
    fn open() -> Self {
        let (stop, heard) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let cookies: Vec<String> = (0..PAGES).map(|n| sign_in(2001 + n)).collect();
        let (ends, counts) = (Arc::clone(&stop), Arc::clone(&heard));
        let thread = spawn(move || {
            // Pages are on other machines: their reading takes no processor from the calls, as far as this one machine can tell that.
            let _ = setpriority_process(Some(gettid()), 19);
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(follow(cookies, ends, counts));
        });
        sleep(Duration::from_secs(3));
        Self { stop, heard, thread: Some(thread) }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        self.thread.take().unwrap().join().unwrap();
    }
}

fn sign_in(agent: u32) -> String {
    let body = json!({ "account": format!("page{agent}"), "password": format!("lab-page{agent}") }).to_string();
    let mut stream = TcpStream::connect(WEB).unwrap();
    let head = format!(
        "POST /api/v1/session HTTP/1.1\r\nHost: {WEB}\r\nConnection: close\r\nContent-Type: application/json\r\n"
    );
    write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let cookie = text.lines().find_map(|line| line.strip_prefix("set-cookie: "));
    cookie.unwrap_or_else(|| panic!("{text}")).split(';').next().unwrap().to_owned()
}

/// Reads every feed until it is to end.
async fn follow(cookies: Vec<String>, stop: Arc<AtomicBool>, heard: Arc<AtomicU64>) {
    let mut pages = tokio::task::JoinSet::new();
    for cookie in cookies {
        let (stop, heard) = (Arc::clone(&stop), Arc::clone(&heard));
        pages.spawn(async move {
            let stream = tokio::net::TcpStream::connect(WEB).await.unwrap();
            let mut request = format!("ws://{WEB}/api/v1/desk/live").into_client_request().unwrap();
            request.headers_mut().insert("cookie", cookie.parse().unwrap());
            let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
            while !stop.load(Relaxed) {
                let message = tokio::time::timeout(Duration::from_millis(500), socket.next()).await;
                if let Ok(message) = message {
                    message.unwrap().unwrap();
                    heard.fetch_add(1, Relaxed);
                }
            }
            let _ = socket.close(None).await;
        });
    }
    while let Some(page) = pages.join_next().await {
        page.unwrap();
    }
}
