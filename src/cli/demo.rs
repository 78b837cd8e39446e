//! `demo`: the whole on one machine and nothing outside it. Robot seats, robot exchanges behind every trunk, robot callers when they
//! are wanted, a temporary state.
//!
//! No default password: each start draws its own. Emergency numbers lead to a robot with a tone and never leave the machine.

mod agent;
mod answering;
pub(super) mod args;
mod caller;
mod choir;
mod duty;
mod guests;
mod hall;
mod mix;
mod post;
mod served;
mod setting;
mod supervisor;
mod welcome;

use super::args::Global;
use super::exit::{Done, Exit, Failure};
use super::screen::Screen;
use super::{call, place, run};
use crate::config::{Config, Level};
use crate::daemon::Options;
use args::Demo;
use setting::{FLOOD, PORT, ROBOTS, Setting};
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::watch;

/// Where a load test finds its seats' password: first line the SIP address, then the first seat, then the password.
pub(super) const SEATS_FILE: &str = "flood-seats";

/// Runs until SIGINT or SIGTERM.
pub(super) fn demo(global: &Global, asked: &Demo, screen: &Screen) -> Result<Done, Failure> {
    run::log(Level::Warn);
    let plan = global.dialplan.as_ref().map_or_else(place::shipped, |folder| place::existing(folder))?;
    let plan = fs::canonicalize(&plan).unwrap_or(plan);
    let port = setting::choose(asked.port)?;
    let state = State::make(port)?;
    let setting = draw(asked, port, plan, state.0.clone())?;
    let config =
        Config::parse("demo", &setting::text(&setting), Path::new("/"), &|_| None).map_err(|m| place::wrong(&m))?;
    let voices = ROBOTS.iter().zip(1..).map(|(_, n)| voice(&setting.plan, n)).collect::<Result<Vec<_>, _>>()?;
    let options = Options { config, as_of: Some(asked.as_of), state: Some(setting.state.clone()), last_good: false };
    let (stop, stopped) = watch::channel(false);
    let mut robots: Option<JoinHandle<()>> = None;
    let shown = *screen;
    leave_seats(&setting).map_err(|e| {
        let at = setting.state.display();
        Failure::new(Exit::Bad, format!("无法写入 {at}：{e}"), format!("{at} cannot be written: {e}"))
    })?;
    let done = run::start(options, |ready| {
        let (ready, as_of) = (ready.clone(), asked.as_of);
        // Links come by the daemon's own door, which is open as soon as this returns.
        robots = Some(std::thread::spawn(move || {
            let links = ready.http.map_or_else(Vec::new, |at| guests::invite(&ready.admin, at));
            let text = welcome::text(&ready, &setting, &links, (as_of, shown.lang));
            shown.say(&text, || welcome::document(&ready, &setting, &links));
            guests::name(&ready.admin, &setting::persons(setting.callers));
            hall::run(setting, voices, stopped, shown);
        }));
    });
    // The daemon has ended, or never began: without listeners there is nobody to tell.
    let _ = stop.send(true);
    if robots.is_some_and(|thread| thread.join().is_err()) {
        tracing::error!("a robot stopped in disorder");
    }
    done
}

/// What this start draws and finds.
fn draw(asked: &Demo, port: u16, plan: PathBuf, state: PathBuf) -> Result<Setting, Failure> {
    Ok(Setting {
        sip: SocketAddr::from(([127, 0, 0, 1], port)),
        web: setting::web(port),
        browsers: setting::free_browsers(port)?,
        exchanges: setting::free_exchanges(port)?,
        secret: setting::secret()?,
        token: setting::secret()?,
        pin: setting::pin()?,
        callers: asked.callers,
        seed: asked.seed.map_or_else(setting::seed, Ok)?,
        plan,
        state,
    })
}

fn voice(plan: &Path, number: u32) -> Result<Arc<[u8]>, Failure> {
    let path = plan.join(format!("prompts/robot/{number}.wav"));
    call::read_wav(&path).map(Arc::from).map_err(|failure| Failure { exit: Exit::Config as u8, ..failure })
}

/// The state folder: ours alone, and gone in the end.
struct State(PathBuf);

impl State {
    fn make(port: u16) -> Result<Self, Failure> {
        let usual = place::demo_state();
        let folder = if port == PORT { usual } else { usual.with_extension(port.to_string()) };
        let at = folder.display().to_string();
        let failed =
            |e: io::Error| Failure::new(Exit::Bad, format!("无法使用 {at}：{e}"), format!("{at} cannot be used: {e}"));
        match fs::symlink_metadata(&folder) {
            // What a killed demo left. Another user's is not touched.
            Ok(found) if found.is_dir() && found.uid() == rustix::process::getuid().as_raw() => {
                if std::os::unix::net::UnixStream::connect(folder.join("switchboard.sock")).is_ok() {
                    let zh = format!("另一个演示正在 {at} 运行");
                    return Err(Failure::new(Exit::Busy, zh, format!("another demo runs in {at}")));
                }
                fs::remove_dir_all(&folder).map_err(failed)?;
            }
            Ok(_) => return Err(failed(io::ErrorKind::PermissionDenied.into())),
            Err(_) => {}
        }
        DirBuilder::new().mode(0o700).create(&folder).map_err(failed)?;
        Ok(Self(folder))
    }
}

impl Drop for State {
    fn drop(&mut self) {
        // Left behind on failure: it is below the system's temporary folder, and the next demo clears it.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Tells load tests of this user which seats they may have.
fn leave_seats(setting: &Setting) -> io::Result<()> {
    let text = format!("{}\n{}\n{}\n", setting.sip, FLOOD.0, setting.secret);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(setting.state.join(SEATS_FILE))?;
    file.write_all(text.as_bytes())
}
