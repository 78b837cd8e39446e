//! The one-key panel: whom an agent can bring in, and what can be had there now. It is made once a second for all pages together.

use super::backend::Backend;
use super::condition::standing;
use super::shown::Rows;
use crate::dialplan::Class;
use crate::exchange::{Line, SeatRow, directory};
use crate::fact::TransferResult;
use crate::id::{CallRef, GroupId};
use crate::live::{GroupNow, Resumed};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

/// How often it is made.
const EVERY: Duration = Duration::from_secs(1);
/// The plan is asked anew so often for what holds at this hour, in ticks.
const PLAN: u32 = 10;

/// How a line was answered last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Last {
    /// µs since the epoch.
    at: i64,
    ok: bool,
    /// In words, where it was not: 忙.
    seen: String,
}

/// What it is made of.
#[derive(Default)]
struct Panel {
    lines: Vec<Line>,
    lasts: BTreeMap<String, Last>,
    /// Transfers that have been counted, of live calls.
    counted: BTreeSet<(CallRef, u32)>,
    seq: u64,
}

/// Makes it as long as the daemon runs.
pub(super) async fn keep(backend: Arc<Backend>) {
    let (mut panel, mut tick, mut count) = (Panel::default(), interval(EVERY), 0u32);
    let mut before = Rows::default();
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = backend.stopped() => return backend.people.keep(),
        }
        let people = Arc::clone(&backend.people);
        backend.takes_back().await;
        // Beside everything else: files are written. At the next tick it has long been done.
        tokio::task::spawn_blocking(move || people.keep());
        let wall = backend.views.clock.now().wall;
        if count.is_multiple_of(PLAN) {
            panel.lines = directory(&backend.views.plan.load().plan, wall);
        }
        count = count.wrapping_add(1);
        {
            let (pulse, plan) = (backend.views.pulse.load(), backend.views.plan.load());
            let room = backend.room.load();
            let stands = standing(&pulse, &backend.views.board.groups(), &plan.plan, &room);
            backend.alarms.look(&pulse, stands, wall);
        }
        panel.follow(&backend, wall);
        let now = panel.show(&backend);
        let next = backend.panel.borrow().next(&before, &now);
        if let Some(next) = next {
            backend.panel.send_replace(Arc::new(next));
        }
        before = now;
    }
}

impl Panel {
    /// How transfers have ended since the last look.
    fn follow(&mut self, backend: &Backend, wall: i64) {
        let board = &backend.views.board;
        let Resumed::On(deltas) = board.after(self.seq) else {
            self.seq = board.seq();
            return;
        };
        for delta in deltas {
            self.seq = delta.seq;
            for call in &delta.rows.calls {
                for transfer in call.transfers.iter().filter(|transfer| transfer.result.is_some()) {
                    if self.counted.insert((call.call, transfer.transfer)) {
                        let ok = transfer.result == Some(TransferResult::Joined);
                        let failed = transfer.result == Some(TransferResult::Failed);
                        if ok || failed {
                            let last = Last { at: wall, ok, seen: transfer.seen.clone() };
                            self.lasts.insert(transfer.to.clone(), last);
                        }
                    }
                }
            }
            for call in &delta.rows.over {
                let of_it: Vec<_> = self.counted.range((*call, 0)..=(*call, u32::MAX)).copied().collect();
                of_it.iter().for_each(|one| _ = self.counted.remove(one));
            }
        }
    }

    fn show(&self, backend: &Backend) -> Rows {
        let (groups, pulse) = (backend.views.board.groups(), backend.views.pulse.load());
        let plan = &backend.views.plan.load().plan;
        let wall = backend.views.clock.now().wall;
        let up = |line: &Line| {
            let trunk = |id| pulse.meters.trunks.iter().any(|(trunk, up, _)| trunk == id && *up);
            line.trunks.iter().any(trunk)
                || line.groups.iter().any(|id| found(&groups, id).is_some_and(|g| g.row.at_work > 0))
        };
        let open = |line: &Line| {
            let open = |id: &GroupId| plan.group(id).is_none_or(|group| plan.is_open(group, wall));
            line.groups.is_empty() || line.groups.iter().any(open)
        };
        let sum = |line: &Line, what: fn(&GroupNow) -> u64| {
            (!line.groups.is_empty())
                .then(|| line.groups.iter().filter_map(|id| found(&groups, id)).map(what).sum::<u64>())
        };
        let lines: Vec<Value> = self.lines.iter().map(|line| {
            json!({
                "number": line.number, "title": line.title, "kind": kind(line.class), "up": up(line),
                "free": sum(line, |g| g.seats.ready as u64), "at_work": sum(line, |g| g.row.at_work), "open": open(line),
                "last": self.lasts.get(&line.number),
            })
        }).collect();
        let number = |group: &GroupNow| {
            self.lines.iter().find(|line| line.groups.first() == Some(&group.row.group)).map(|l| &l.number)
        };
        let groups: Vec<Value> = groups.iter().map(|g| {
            json!({
                "group": g.row.group, "title": g.row.title, "waiting": g.row.waiting, "ready": g.seats.ready, "busy": g.seats.busy,
                "wrap_up": g.seats.wrap_up, "at_work": g.row.at_work, "number": number(g),
            })
        }).collect();
        Rows { lines, seats: seats(backend, &backend.views.board.seats()), groups }
    }
}

/// Those at which somebody sits.
fn seats(backend: &Backend, rows: &[Arc<SeatRow>]) -> Vec<Value> {
    let there = rows.iter().filter(|row| row.agent.is_some());
    there
        .map(|row| {
            let free = row.state == "ready";
            let name = row.agent.as_ref().and_then(|agent| backend.people.name_of(agent));
            json!({ "name": name, "seat": row.seat, "agent": row.agent, "zh": row.zh, "state": row.state, "group": row.group, "free": free })
        })
        .collect()
}

fn found<'g>(groups: &'g [GroupNow], id: &GroupId) -> Option<&'g GroupNow> {
    groups.iter().find(|group| group.row.group == *id)
}

fn kind(class: Class) -> &'static str {
    match class {
        Class::Emergency => "emergency",
        Class::Utility => "utility",
        Class::Branch => "branch",
        Class::Hub => "hub",
        Class::Parallel | Class::Merged | Class::Route => "kept",
    }
}
