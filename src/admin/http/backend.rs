//! What the handlers share: the token, the way to the exchange, and one look at the live calls for all who wait.

use super::super::server::{Ask, ask};
use super::fault::Fault;
use super::limits::Limits;
use super::views::Views;
use crate::clock::{Clock, machine_wall};
use crate::exchange::{Answer, CallRow, Command};
use crate::fact::{Cause, TransferResult};
use crate::id::CallRef;
use sha2::{Digest, Sha256};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, mpsc};
use tokio::time::sleep;

/// How often the live calls are looked at while somebody waits, however many do.
const INTERVAL: Duration = Duration::from_millis(250);

/// A look at the live calls, and when it was asked for, µs monotonic.
type Snapshot = (u64, Arc<Vec<CallRow>>);

pub(super) struct Backend {
    /// SHA-256 of the token: digests are compared, so that neither its text nor its length can be told by time.
    token: [u8; 32],
    asks: mpsc::Sender<Ask>,
    pub(super) limits: Limits,
    pub(super) views: Views,
    /// When the API began, µs since the epoch by this machine's clock.
    pub(super) started: i64,
    clock: Clock,
    last: Mutex<Option<Snapshot>>,
}

impl Backend {
    pub(super) fn new(token: &str, asks: mpsc::Sender<Ask>, views: Views, limits: Limits) -> Self {
        let token = Sha256::digest(token.as_bytes()).into();
        Self { token, asks, limits, views, started: machine_wall(), clock: Clock::system(), last: Mutex::new(None) }
    }

    /// Whether this is the token, in a time that does not depend on where they differ.
    pub(super) fn knows(&self, token: &[u8]) -> bool {
        let shown: [u8; 32] = Sha256::digest(token).into();
        let differ = self.token.iter().zip(shown).fold(0, |sum, (ours, theirs)| black_box(sum | (ours ^ theirs)));
        differ == 0
    }

    /// One question to the exchange.
    ///
    /// # Errors
    /// 503 when it does not answer in time, or stops.
    pub(super) async fn ask(&self, command: Command) -> Result<Answer, Fault> {
        ask(command, &self.asks, self.limits.patience).await.map_err(Fault::from)
    }

    /// The live calls as they are now.
    ///
    /// # Errors
    /// As [`Backend::ask`].
    pub(super) async fn calls(&self) -> Result<Vec<CallRow>, Fault> {
        match self.ask(Command::Calls).await? {
            Answer::Calls { calls } => Ok(calls),
            _ => Err(Fault::strange()),
        }
    }

    /// Waits for the end of a transfer: what came of it and why; nothing when the call itself has ended.
    ///
    /// # Errors
    /// As [`Backend::ask`].
    pub(super) async fn outcome(
        &self,
        call: CallRef,
        transfer: u32,
    ) -> Result<(Option<TransferResult>, Option<Cause>), Fault> {
        let since = self.clock.now().mono;
        loop {
            let calls = self.snapshot(since).await?;
            let Some(row) = calls.iter().find(|row| row.call == call) else { return Ok((None, None)) };
            let row = row.transfers.iter().find(|row| row.transfer == transfer);
            if let Some(row) = row.filter(|row| row.result.is_some()) {
                return Ok((row.result, row.cause));
            }
            drop(calls);
            sleep(INTERVAL).await;
        }
    }

    /// The last look, if it was asked for at `since` or later and is young; else a new one. Whoever comes meanwhile waits for it.
    async fn snapshot(&self, since: u64) -> Result<Arc<Vec<CallRow>>, Fault> {
        let mut last = self.last.lock().await;
        let now = self.clock.now().mono;
        if let Some((at, calls)) = last.as_ref()
            && *at >= since
            && u128::from(now - *at) < INTERVAL.as_micros()
        {
            return Ok(Arc::clone(calls));
        }
        let calls = Arc::new(self.calls().await?);
        *last = Some((now, Arc::clone(&calls)));
        Ok(calls)
    }
}
