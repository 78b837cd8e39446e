//! The robots' thread: who answers, who calls, and the sound of them all.

use super::agent::Agent;
use super::answering::{Action, Robot};
use super::caller;
use super::choir::Choir;
use super::duty::Duty;
use super::mix::{Visit, dice, visits};
use super::post::Post;
use super::served::Served;
use super::setting::{EXCHANGES, ROBOTS, Setting, desks};
use super::supervisor;
use crate::audio::g711;
use crate::cli::line::Place;
use crate::cli::screen::Screen;
use crate::cli::voice::Sound;
use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{Instant, sleep_until};

/// Pause between a robot's sentences, samples: 2 s.
const PAUSE: usize = 16_000;
/// Most calls of a robot exchange.
const MOST: usize = 50;
/// Callers speak one of so many tones, the lowest of this pitch, each so much above the last, Hz.
const TONES: (usize, f64, f64) = (6, 300.0, 25.0);

/// Everything that the robots share.
#[derive(Debug, Clone)]
struct Hall {
    setting: Rc<Setting>,
    choir: Rc<Choir>,
    served: Rc<Served>,
    /// What agents say.
    voices: Rc<[Arc<[u8]>]>,
    stop: watch::Receiver<bool>,
    /// Telephones so far.
    posts: Rc<Cell<u32>>,
    screen: Screen,
}

/// Runs the robots until `stopped` says so, or a signal ends the process: a talk of robots is no reason to wait.
pub fn run(setting: Setting, voices: Vec<Arc<[u8]>>, mut stopped: watch::Receiver<bool>, screen: Screen) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return tracing::error!(%error, "no robots"),
    };
    let (stop, told) = watch::channel(false);
    let hall = Hall {
        served: Rc::new(Served::new(setting.state.join("switchboard.sock"))),
        setting: Rc::new(setting),
        choir: Rc::new(Choir::new()),
        voices: voices.into(),
        stop: told,
        posts: Rc::default(),
        screen,
    };
    let local = LocalSet::new();
    let choir = hall.choir.clone();
    let singing = local.spawn_local(async move { choir.sing().await });
    local.spawn_local(async move {
        let ended = tokio::select! {
            ended = interrupted() => ended,
            _ = stopped.wait_for(|stopped| *stopped) => Ok(()),
        };
        if let Err(error) = ended {
            // The daemon's end is then the robots'.
            tracing::warn!(%error, "robots hear no signals");
            let _ = stopped.wait_for(|stopped| *stopped).await;
        }
        singing.abort();
        let _ = stop.send(true);
    });
    local.spawn_local(async move { hall.people().await });
    runtime.block_on(local);
}

/// SIGINT or SIGTERM, which the daemon hears too.
async fn interrupted() -> io::Result<()> {
    let (mut int, mut term) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = int.recv() => {}
        _ = term.recv() => {}
    }
    Ok(())
}

impl Hall {
    /// Everybody comes; then callers do until the end.
    async fn people(self) {
        for (last, names, hertz) in EXCHANGES {
            let user = names.first().map_or("exchange", |name| name);
            let local = SocketAddr::from(([127, 0, 0, last], self.setting.exchanges));
            self.answers(user, false, local, Sound::Clip(tone(hertz), 0)).await;
        }
        let seats = desks(self.setting.callers);
        if seats.is_empty() {
            for (seat, n) in ROBOTS.iter().zip(0..) {
                self.answers(seat, true, loopback(), self.voice(n)).await;
            }
            return;
        }
        for (desk, n) in seats.iter().zip(0..) {
            let Some(post) = self.seat(&desk.seat, self.voice(n)).await else { continue };
            let seed = self.setting.seed;
            let day = dice(seed, 2 * n as u64 + 1);
            let duty = Duty::new(desk.persons(), self.setting.pin.clone(), desk.opens(), day);
            let agent = Agent::new(post, duty, dice(seed, 2 * n as u64 + 2), self.served.clone());
            let (name, screen) = (desk.seat.clone(), self.screen);
            spawn_local(agent.run(self.stop.clone(), move |status| tell(&name, Action::Refused(status), screen)));
        }
        if let Some(post) = self.seat(supervisor::SEAT, self.voice(0)).await {
            let dice = dice(self.setting.seed, u64::MAX);
            spawn_local(supervisor::run(post, self.served.clone(), dice, self.stop.clone()));
        }
        self.callers().await;
    }

    /// Callers come as they are drawn; whoever would be one too many stays at home.
    async fn callers(self) {
        let Setting { callers, seed, .. } = *self.setting;
        let live = Rc::new(Cell::new(0));
        let tones: Vec<Arc<[u8]>> = (0..TONES.0).map(|n| tone(TONES.1 + TONES.2 * n as f64)).collect();
        let mut stop = self.stop.clone();
        let begin = self.choir.clock.now().mono;
        for ((at, visit), clip) in visits(callers, seed).zip(tones.iter().cycle()) {
            let moment = Instant::from_std(self.choir.clock.instant(begin + at));
            tokio::select! {
                () = sleep_until(moment) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            if live.get() < callers + callers.div_ceil(2) {
                live.set(live.get() + 1);
                spawn_local(self.clone().caller(visit, Sound::Clip(clip.clone(), PAUSE), live.clone()));
            }
        }
    }

    async fn caller(self, visit: Visit, sound: Sound, live: Rc<Cell<u32>>) {
        let local = SocketAddr::from(([127, 0, 0, 10], 0));
        if let Some(post) = self.post(&visit.from, None, local, sound).await {
            caller::call(post, &visit, &self.served, self.stop).await;
        }
        live.set(live.get().saturating_sub(1));
    }

    async fn answers(&self, user: &str, registers: bool, local: SocketAddr, sound: Sound) {
        let password = registers.then(|| self.setting.secret.clone());
        let Some(post) = self.post(user, password, local, sound).await else { return };
        let robot = Robot::new(post, registers, if registers { 1 } else { MOST }, self.served.clone());
        // Of a hall that is alive all would be too much to read.
        let (name, screen, quiet) = (user.to_owned(), self.screen, self.setting.callers == 0);
        spawn_local(robot.run(self.stop.clone(), move |action| {
            if quiet {
                tell(&name, action, screen);
            }
        }));
    }

    async fn seat(&self, seat: &str, sound: Sound) -> Option<Post> {
        self.post(seat, Some(self.setting.secret.clone()), loopback(), sound).await
    }

    async fn post(&self, user: &str, password: Option<String>, local: SocketAddr, sound: Sound) -> Option<Post> {
        let id = self.posts.get() + 1;
        self.posts.set(id);
        let place = Place { user: user.to_owned(), password, local, server: self.setting.sip };
        match Post::open(place, sound, self.choir.clone(), id).await {
            Ok(post) => Some(post),
            Err(error) => {
                tracing::error!(user, %error, "a robot has no line");
                None
            }
        }
    }

    fn voice(&self, n: usize) -> Sound {
        let clip = self.voices.get(n % self.voices.len().max(1)).cloned();
        Sound::Clip(clip.unwrap_or_else(|| tone(440.0)), PAUSE)
    }
}

fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// A second of a tone whose pitch is a whole number of Hz: in a circle it has no seam.
fn tone(hertz: f64) -> Arc<[u8]> {
    let sample = |n: u32| {
        let turns = (hertz * f64::from(n) / 8_000.0).fract();
        g711::alaw_encode(((turns * std::f64::consts::TAU).sin() * 7_000.0) as i16)
    };
    (0..8_000).map(sample).collect()
}

fn tell(name: &str, action: Action, screen: Screen) {
    let text = match action {
        Action::Registered => return,
        Action::Refused(status) => format!("{} {status}", screen.lang.of("注册被拒", "registration refused")),
        Action::Rings => screen.lang.of("振铃", "rings").to_owned(),
        Action::Answers => screen.lang.of("应答", "answers").to_owned(),
        Action::Over => screen.lang.of("结束", "over").to_owned(),
    };
    screen.line(&format!("  {name}  {text}"));
}
