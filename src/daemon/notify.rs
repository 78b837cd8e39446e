//! What systemd is told (sd_notify(3)): ready, alive, stopping. Nothing where nobody asks for it.

use crate::clock::Now;
use std::env;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// The way to it.
#[derive(Debug, Default)]
pub(super) struct Notify {
    socket: Option<(UnixDatagram, SocketAddr)>,
    /// How often a sign of life is owed, µs, and when the next one is, µs monotonic.
    every: Option<u64>,
    next: u64,
}

impl Notify {
    /// As `NOTIFY_SOCKET` and `WATCHDOG_USEC` say.
    pub(super) fn of_environment() -> Self {
        let Some(path) = env::var_os("NOTIFY_SOCKET") else { return Self::default() };
        let path = path.to_string_lossy().into_owned();
        let address = match path.strip_prefix('@') {
            Some(name) => SocketAddr::from_abstract_name(name),
            None => SocketAddr::from_pathname(&path),
        };
        let socket = UnixDatagram::unbound().ok().zip(address.ok());
        if socket.is_none() {
            tracing::warn!(%path, "systemd cannot be told anything");
        }
        let own = env::var("WATCHDOG_PID").map_or(true, |pid| pid == std::process::id().to_string());
        let period = env::var("WATCHDOG_USEC").ok().and_then(|text| text.parse::<u64>().ok());
        // Twice in its time, as it is recommended.
        Self { socket, every: period.filter(|n| own && *n > 1).map(|n| n / 2), next: 0 }
    }

    /// When [`Notify::alive`] is due, µs monotonic.
    pub(super) fn deadline(&self) -> Option<u64> {
        self.every.map(|_| self.next)
    }

    /// It serves.
    pub(super) fn ready(&self) {
        self.say(&format!("READY=1\nMAINPID={}", std::process::id()));
    }

    /// Drains, and then ends.
    pub(super) fn stopping(&self) {
        self.say("STOPPING=1");
    }

    /// The loop turns.
    pub(super) fn alive(&mut self, now: Now) {
        if let Some(every) = self.every.filter(|_| self.next <= now.mono) {
            self.next = now.mono + every;
            self.say("WATCHDOG=1");
        }
    }

    fn say(&self, text: &str) {
        if let Some((socket, to)) = &self.socket {
            // Whoever started us may be gone; that is no reason to stop.
            let _ = socket.send_to_addr(text.as_bytes(), to);
        }
    }
}
