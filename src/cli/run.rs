//! `run`: the daemon in the foreground, its log on stderr.

use super::args::Global;
use super::exit::{Done, Exit, Failure};
use super::screen::Screen;
use super::{mistakes, moment, place};
use crate::config::Level;
use crate::daemon::{self, Options, Ready};
use crate::fact::Lang;
use serde_json::{Value, json};
use std::io::IsTerminal;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Runs until SIGTERM or SIGINT has been drained.
pub(super) fn run(global: &Global, as_of: Option<i64>, last_good: bool, screen: &Screen) -> Result<Done, Failure> {
    let config = place::config(global)?;
    log(config.log);
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let options = Options { config, as_of, state: global.state.clone(), last_good };
    start(options, |ready| screen.say(&text(ready, as_of, screen), || document(ready)))
}

/// Runs a daemon; its failure to start becomes ours.
pub(super) fn start(options: Options, ready: impl FnOnce(&Ready)) -> Result<Done, Failure> {
    daemon::run(options, ready).map_err(|e| mistakes::refused(&e))?;
    Ok(Done { text: String::new(), result: Value::Null, exit: Exit::Ok })
}

/// The log goes to stderr: `RUST_LOG` comes before the configured level.
pub(super) fn log(level: Level) {
    let default = match level {
        Level::Error => "error",
        Level::Warn => "warn",
        Level::Info => "info",
        Level::Debug => "debug",
        Level::Trace => "trace",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(default));
    // Under systemd each line goes with its fields; a person who looks at a terminal gets text.
    if to_journal()
        && let Ok(journal) = tracing_journald::layer()
    {
        let _ = tracing_subscriber::registry().with(filter).with(journal).try_init();
        return;
    }
    let color = std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()) && std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(color).with_writer(std::io::stderr);
    // A second one is refused: the first goes on.
    let _ = log.try_init();
}

/// Whether standard error leads to journald: it says device and inode of the stream (systemd.exec(5), `JOURNAL_STREAM`).
fn to_journal() -> bool {
    let said = std::env::var("JOURNAL_STREAM").ok();
    let stream = rustix::fs::fstat(std::io::stderr()).ok().map(|stat| format!("{}:{}", stat.st_dev, stat.st_ino));
    said.is_some() && said == stream
}

fn listens(ready: &Ready) -> Vec<String> {
    ready.sip.iter().map(|(transport, address)| format!("{}:{address}", transport.word())).collect()
}

pub(super) fn document(ready: &Ready) -> Value {
    json!({
        "listening": listens(ready), "plan": ready.plan, "numbers": ready.numbers, "seats": ready.seats,
        "trunks": ready.trunks, "state": ready.state, "temporary": ready.temporary, "admin": ready.admin,
        "http": ready.http, "version": env!("CARGO_PKG_VERSION"), "pid": std::process::id(),
    })
}

fn text(ready: &Ready, as_of: Option<i64>, screen: &Screen) -> String {
    let Ready { plan, numbers, seats, trunks, state, admin, .. } = ready;
    let (sip, state, admin) = (listens(ready).join(" "), state.display(), admin.display());
    let version = env!("CARGO_PKG_VERSION");
    let scheme = if ready.https { "https" } else { "http" };
    let http = ready
        .http
        .map_or_else(String::new, |at| format!("{}{scheme}://{at}/api/v1\n", screen.lang.of("接口  ", "API    ")));
    let clock = as_of.map_or_else(String::new, |at| {
        format!("{}{}\n", screen.lang.of("时钟  自 ", "clock  from "), moment::shown(at))
    });
    match screen.lang {
        Lang::Zh => {
            let kind = if ready.temporary { "（临时，停止时删除）" } else { "" };
            format!(
                "switchboard {version} 已就绪\nSIP   {sip}\n计划  {plan}：{numbers} 个号码，{seats} 个坐席，{trunks} 条中继\n\
                 数据  {state}{kind}\n管理  {admin}\n{http}{clock}"
            )
        }
        Lang::En => {
            let kind = if ready.temporary { " (temporary, removed at the end)" } else { "" };
            format!(
                "switchboard {version} is ready\nSIP    {sip}\nplan   {plan}: {numbers} numbers, {seats} seats, {trunks} trunks\n\
                 state  {state}{kind}\nadmin  {admin}\n{http}{clock}"
            )
        }
    }
}
