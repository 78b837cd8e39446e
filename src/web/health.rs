//! `/healthz` and `/readyz`: for whoever restarts the process or sends it calls. Both without the token, and without a figure.

use super::backend::Backend;
use super::fault::json;
use crate::admin::Pulse;
use crate::clock::SECOND;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use serde_json::json as object;
use std::sync::Arc;

/// The signalling thread tells how it is every five seconds at least; after so long without a word it is not served, µs.
const SILENT: u64 = 15 * SECOND;

/// One reason not to be ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Reason {
    reason: &'static str,
    zh: &'static str,
    en: &'static str,
}

impl Reason {
    /// Nobody would answer a question.
    pub(super) fn is_silence(&self) -> bool {
        matches!(self.reason, "starting" | "silent")
    }

    /// The journal cannot be written.
    pub(super) fn is_journal(&self) -> bool {
        self.reason == "journal"
    }

    /// In Chinese and in English.
    pub(super) const fn words(&self) -> (&'static str, &'static str) {
        (self.zh, self.en)
    }
}

const fn reason(reason: &'static str, zh: &'static str, en: &'static str) -> Reason {
    Reason { reason, zh, en }
}

/// The process serves.
pub(super) async fn alive() -> Response {
    json(StatusCode::OK, &object!({ "healthy": true }))
}

/// It may be sent calls.
pub(super) async fn ready(State(backend): State<Arc<Backend>>) -> Response {
    let views = &backend.views;
    let reasons = reasons(&views.pulse.load(), views.clock.now().mono);
    let status = if reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    json(status, &object!({ "ready": reasons.is_empty(), "reasons": reasons }))
}

/// Why not. A plan is in force as soon as anything is told: without one the daemon does not start.
pub(super) fn reasons(pulse: &Pulse, now: u64) -> Vec<Reason> {
    if pulse.at == 0 {
        return vec![reason("starting", "正在启动", "it is starting")];
    }
    let (_, free, bound) = pulse.meters.ports;
    let all = [
        (
            now.saturating_sub(pulse.at) > SILENT,
            reason("silent", "信令线程没有响应", "the signalling thread is silent"),
        ),
        (pulse.meters.draining, reason("draining", "正在停止，不接新来电", "it is draining: no new calls")),
        (pulse.journal.failing.is_some(), reason("journal", "事件日志写不进去", "the journal cannot be written")),
        (free == 0 || bound == 0, reason("media", "没有空闲的媒体端口", "no media port is free")),
    ];
    all.into_iter().filter(|(holds, _)| *holds).map(|(_, reason)| reason).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::Meters;
    use crate::store::Health;

    fn told(pulse: &Pulse, now: u64) -> Vec<&'static str> {
        reasons(pulse, now).into_iter().map(|r| r.reason).collect()
    }

    #[test]
    fn each_thing_that_a_call_needs_is_a_reason_when_it_is_not_there() {
        let meters = Meters { ports: (2, 10, 12), ..Meters::default() };
        let well = Pulse { at: SECOND, meters, ..Pulse::default() };
        assert!(told(&well, 16 * SECOND).is_empty());
        assert_eq!(told(&well, 16 * SECOND + 1), ["silent"]);
        assert_eq!(told(&Pulse::default(), 0), ["starting"]);
        let full = Pulse { meters: Meters { ports: (12, 0, 12), ..Meters::default() }, ..well.clone() };
        assert_eq!(told(&full, SECOND), ["media"]);
        let meters = Meters { draining: true, ..well.meters.clone() };
        let journal = Health { failing: Some("full".into()), ..Health::default() };
        assert_eq!(told(&Pulse { meters, journal, ..well }, SECOND), ["draining", "journal"]);
    }
}
