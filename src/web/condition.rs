//! `GET /health`: how the switchboard is, for whoever looks after it: figures of its pulse, trunks, queues, disks, and what of them
//! wants somebody. It is answered from what others publish; the signalling thread is asked only while it is known to answer.

use super::alarms::Standing;
use super::backend::Backend;
use super::fault::{Told, json};
use super::health::{Reason, reasons};
use super::room::{Disk, Room, disks};
use crate::admin::Pulse;
use crate::clock::{MILLI, machine_wall};
use crate::dialplan::{Plan, Role};
use crate::exchange::{Answer, Command, GroupRow, Storage, TrunkRow};
use crate::live::GroupNow;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json as object};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// How often the room on the disks is looked at for the list of alarms.
const EVERY: Duration = Duration::from_secs(10);
/// Free on a disk, bytes: less is bad, less than ten times this is worth a look.
const SPACE: u64 = 100 << 20;
/// Facts that the records' thread may be behind, and those that can wait before it.
const BEHIND: u64 = 10_000;
const FACTS: u64 = 128 * 1024;
/// Records that may wait for the database before somebody should look, and at all.
const UNBOOKED: u64 = 1_000;
const RECORDS: u64 = 50_000;
/// Sound may be sent so late, µs.
const LATE: u64 = 20 * MILLI;

/// How a finding is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    /// As it should be.
    Ok,
    /// Somebody should look.
    Warn,
    /// Somebody must do something.
    Bad,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Check {
    level: Level,
    /// Of what it is an alarm as long as it is so; empty: it is none.
    #[serde(skip)]
    subject: String,
    zh: String,
    en: String,
}

/// All of them.
#[derive(Debug, Default)]
struct Checks(Vec<Check>);

impl Checks {
    fn add(&mut self, level: Level, zh: impl Into<String>, en: impl Into<String>) {
        self.alarm(level, String::new(), zh, en);
    }

    /// The same where somebody on the floor must see to it.
    fn alarm(&mut self, level: Level, subject: String, zh: impl Into<String>, en: impl Into<String>) {
        self.0.push(Check { level, subject, zh: zh.into(), en: en.into() });
    }

    /// Looks at everything: who sees to the list of alarms and who asks for the health see the same. The exchange's own word of its
    /// trunks is there only where it was asked.
    fn look(&mut self, pulse: &Pulse, groups: &[GroupNow], plan: &Plan, space: &Room, trunks: Option<&[TrunkRow]>) {
        lines(pulse, plan, trunks, self);
        load(pulse, self);
        books(pulse, self);
        room(space, self);
        staff(groups, self);
    }
}

/// What is so that should not be, for the list of alarms.
pub(super) fn standing(pulse: &Pulse, groups: &[GroupNow], plan: &Plan, space: &Room) -> Vec<Standing> {
    let mut checks = Checks::default();
    checks.look(pulse, groups, plan, space, None);
    let alarms = checks.0.into_iter().filter(|check| !check.subject.is_empty());
    alarms.map(|Check { subject, zh, en, .. }| Standing { subject, zh, en }).collect()
}

/// Looks after the room as long as the daemon runs: a share that hangs holds up nothing but this.
pub(super) async fn watch(backend: Arc<Backend>) {
    let mut tick = interval_at(Instant::now() + EVERY, EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = backend.stopped() => return,
        }
        let disks = disks(&backend.views.house.folders).await;
        let storage = storage(&backend).await;
        backend.room.store(Arc::new(Room { disks, storage }));
    }
}

async fn storage(backend: &Backend) -> Option<Storage> {
    match backend.ask(Command::Recordings).await {
        Ok(Answer::Recordings { storage }) => storage,
        Ok(_) | Err(_) => None,
    }
}

/// What the exchange itself says; nothing where it does not answer.
#[derive(Debug, Default)]
struct Said {
    trunks: Option<Vec<TrunkRow>>,
    storage: Option<Storage>,
}

pub(super) async fn health(State(backend): State<Arc<Backend>>) -> Told {
    let views = &backend.views;
    let (pulse, now) = (views.pulse.load_full(), views.clock.now());
    let reasons = reasons(&pulse, now.mono);
    let answers = !reasons.iter().any(Reason::is_silence);
    let Said { trunks, storage } = if answers { questions(&backend).await } else { Said::default() };
    let disks = disks(&views.house.folders).await;
    let plan = Arc::clone(&views.plan.load().plan);
    let mut checks = Checks::default();
    serving(&reasons, &mut checks);
    let space = Room { disks, storage };
    checks.look(&pulse, &views.board.groups(), &plan, &space, trunks.as_deref());
    let told = object!({
        "version": env!("CARGO_PKG_VERSION"),
        "plan": plan.version(),
        "now": now.wall,
        "uptime_s": machine_wall().saturating_sub(backend.started) / 1_000_000,
        "ready": reasons.is_empty(),
        "reasons": reasons,
        "pulse": figures(&pulse),
        "trunks": trunks.map(|rows| titled(&rows, &plan)),
        "ports": ports(&pulse),
        "queues": queues(&backend, &pulse),
        "disk": space.disks,
        "recordings": space.storage,
        "checks": checks.0,
    });
    Ok(json(StatusCode::OK, &told))
}

/// Trunks with what the plan calls them.
pub(super) fn titled(rows: &[TrunkRow], plan: &Plan) -> Vec<Value> {
    let row = |row: &TrunkRow| {
        let mut told = object!(row);
        if let (Some(trunk), Some(told)) = (plan.trunk(&row.trunk), told.as_object_mut()) {
            told.insert("title".into(), object!(*trunk.title));
        }
        told
    };
    rows.iter().map(row).collect()
}

async fn questions(backend: &Backend) -> Said {
    let (trunks, storage) = tokio::join!(backend.ask(Command::Trunks), storage(backend));
    let trunks = match trunks {
        Ok(Answer::Trunks { trunks }) => Some(trunks),
        Ok(_) | Err(_) => None,
    };
    Said { trunks, storage }
}

fn figures(pulse: &Pulse) -> Value {
    let meters = &pulse.meters;
    object!({
        "busy_permille": pulse.busy_permille,
        "waited_us": pulse.waited,
        "media_late_us": pulse.media_late,
        "media_dropped": pulse.media_dropped,
        "calls": meters.calls,
        "waiting": meters.waiting.iter().map(|(_, waiting)| waiting).sum::<usize>(),
        "registered": meters.registered,
        "shed_permille": meters.shed_permille,
        "shed": meters.shed,
        "draining": meters.draining,
        "sip": { "sessions": meters.sip.0, "transactions": meters.sip.1 },
        "connections": pulse.connections,
        "journal": { "failing": pulse.journal.failing, "waiting": pulse.journal.waiting, "lost": pulse.journal.lost },
        "facts": pulse.facts,
        "unfolded": pulse.unfolded,
        "unbooked": pulse.unbooked,
        "unbookable": pulse.unbookable,
        "alarms": pulse.alarms,
    })
}

fn ports(pulse: &Pulse) -> Value {
    let (used, free, bound) = pulse.meters.ports;
    object!({ "used": used, "free": free, "bound": bound })
}

/// Queues between threads whose length is known, with what was lost at their bound since the start.
fn queues(backend: &Backend, pulse: &Pulse) -> Vec<Value> {
    let queue = |name: &str, (zh, en): (&str, &str), length: u64, bound: u64, dropped: u64| object!({ "name": name, "zh": zh, "en": en, "length": length, "bound": bound, "dropped": dropped });
    let (asks, planner) = backend.waiting();
    let journal = pulse.journal.waiting as u64;
    let followers = backend.limits.watchers.saturating_sub(backend.watchers.available_permits());
    vec![
        queue("asks", ("给交换机的指令", "orders to the exchange"), asks.0, asks.1, 0),
        queue("planner", ("给拨号计划的指令", "orders about the dialplan"), planner.0, planner.1, 0),
        queue("facts", ("待归集的事件", "facts to be folded"), pulse.unfolded, FACTS, 0),
        queue("records", ("待入库的话单", "records to be booked"), pulse.unbooked, RECORDS, 0),
        queue("journal", ("待写盘的事件，字节", "facts to be written, bytes"), journal, 16 << 20, pulse.journal.lost),
        queue("live", ("跟随实时数据的页面", "pages that follow"), followers as u64, backend.limits.watchers as u64, 0),
    ]
}

fn serving(reasons: &[Reason], checks: &mut Checks) {
    // Of the journal more is told with the books.
    for (zh, en) in reasons.iter().filter(|reason| !reason.is_journal()).map(Reason::words) {
        checks.add(Level::Bad, zh, en);
    }
    if reasons.is_empty() {
        checks.add(Level::Ok, "可以接来电", "it takes calls");
    }
}

/// Trunks that do not answer, and registrations that fail.
fn lines(pulse: &Pulse, plan: &Plan, rows: Option<&[TrunkRow]>, checks: &mut Checks) {
    let before = checks.0.len();
    for (trunk, _, _) in pulse.meters.trunks.iter().filter(|(_, up, _)| !up) {
        let (found, subject) = (plan.trunk(trunk), format!("trunk {trunk}"));
        let title = found.map_or("", |trunk| &*trunk.title);
        match found.map(|trunk| trunk.role) {
            Some(Role::Emergency) => checks.alarm(
                Level::Bad,
                subject,
                format!("紧急中继 {trunk} {title} 不应答：立即联系对方，110/119/120/122 走其余紧急中继"),
                format!("the emergency trunk {trunk} {title} does not answer: 110, 119, 120 and 122 go by the others"),
            ),
            Some(Role::Carrier) => checks.alarm(
                Level::Bad,
                subject,
                format!("中继 {trunk} {title} 不应答"),
                format!("trunk {trunk} {title} does not answer"),
            ),
            _ => checks.alarm(
                Level::Warn,
                subject,
                format!("中继 {trunk} {title} 不应答：走它的号码按计划溢出"),
                format!("trunk {trunk} {title} does not answer: its numbers overflow as the plan says"),
            ),
        }
    }
    let failing = rows.unwrap_or_default().iter().filter(|row| {
        row.registration.as_ref().is_some_and(|r| {
            use crate::exchange::RegistrationState as State;
            matches!(r.state, State::Failing | State::Silent | State::Refused)
        })
    });
    for row in failing {
        let trunk = &row.trunk;
        checks.add(Level::Warn, format!("中继 {trunk} 注册不上"), format!("trunk {trunk} is not registered"));
    }
    let count = pulse.meters.trunks.len();
    if checks.0.len() == before && count > 0 {
        checks.add(Level::Ok, format!("{count} 条中继都在应答"), format!("all {count} trunks answer"));
    }
}

/// Overload, late sound, ports, and what was lost between threads.
fn load(pulse: &Pulse, checks: &mut Checks) {
    let meters = &pulse.meters;
    if meters.shed_permille > 0 {
        let share = meters.shed_permille;
        let zh = format!("过载：{share}‰ 的普通来电被拒，紧急来电不受影响");
        checks.alarm(
            Level::Bad,
            "load".into(),
            zh,
            format!("overload: {share}‰ of ordinary calls are refused, emergency calls are not"),
        );
    }
    if pulse.media_late > LATE {
        let late = pulse.media_late / MILLI;
        checks.add(Level::Warn, format!("声音迟发 {late} 毫秒"), format!("sound is sent {late} ms late"));
    }
    let (_, free, bound) = meters.ports;
    if bound > 0 && free > 0 && free < bound / 10 {
        let (zh, en) = (format!("媒体端口只剩 {free}，共 {bound}"), format!("{free} media ports of {bound} are free"));
        checks.add(Level::Warn, zh, en);
    }
    let lost = pulse.media_lost + pulse.media_refused;
    if lost > 0 {
        let zh = format!("启动以来，线程之间丢失 {lost} 条媒体指令或事件");
        checks.add(Level::Warn, zh, format!("{lost} commands and events of media were lost between threads"));
    }
}

/// Journal, records and their database.
fn books(pulse: &Pulse, checks: &mut Checks) {
    if let Some(why) = &pulse.journal.failing {
        let (zh, en) = (format!("事件日志写不进去：{why}"), format!("the journal cannot be written: {why}"));
        checks.alarm(Level::Bad, "journal".into(), zh, en);
    }
    if pulse.journal.lost > 0 {
        let lost = pulse.journal.lost;
        let (zh, en) = (format!("启动以来丢失 {lost} 条事件"), format!("{lost} facts were lost since the start"));
        checks.add(Level::Bad, zh, en);
    }
    if let Some(why) = &pulse.unbookable {
        let (zh, en) = (format!("话单写不进数据库：{why}"), format!("records cannot be booked: {why}"));
        checks.alarm(Level::Bad, "records".into(), zh, en);
    }
    let (unfolded, unbooked) = (pulse.unfolded, pulse.unbooked);
    if unfolded > BEHIND {
        let zh = format!("话单落后 {unfolded} 条事件，数字暂不完整");
        checks.add(Level::Warn, zh, format!("records are {unfolded} facts behind: figures are not complete"));
    }
    if unbooked > UNBOOKED {
        checks.add(
            Level::Warn,
            format!("{unbooked} 张话单等待入库"),
            format!("{unbooked} records wait for the database"),
        );
    }
}

/// Disks, and the room for recordings.
fn room(Room { disks, storage }: &Room, checks: &mut Checks) {
    if let Some(storage) = storage {
        let near = storage.quota.is_some_and(|quota| storage.bytes >= quota / 100 * 80);
        if storage.refused {
            let zh = "录音空间不足，不再开始新的录音";
            let en = "there is no room for recordings: no further one begins";
            checks.alarm(Level::Bad, "recordings".into(), zh, en);
        } else if near || storage.free < storage.min_free.saturating_mul(4) {
            checks.add(Level::Warn, "录音空间将满", "the room for recordings is nearly used up");
        }
    }
    for Disk { what, zh, en, path, free, .. } in disks {
        let mib = free >> 20;
        let (level, subject) = match *free {
            free if free < SPACE => (Level::Bad, format!("disk {what}")),
            free if free < 10 * SPACE => (Level::Warn, String::new()),
            _ => continue,
        };
        checks.alarm(level, subject, format!("{zh} {path} 只剩 {mib} MiB"), format!("{en} {path}: {mib} MiB free"));
    }
    let well =
        !storage.as_ref().is_some_and(|storage| storage.refused) && disks.iter().all(|disk| disk.free >= 10 * SPACE);
    if well && !disks.is_empty() {
        checks.add(Level::Ok, "磁盘有余量", "the disks have room");
    }
}

/// Whether every group has the seats at work that it must.
fn staff(groups: &[GroupNow], checks: &mut Checks) {
    for GroupRow { group, title, at_work, least, short, disaster, .. } in groups.iter().map(|group| &group.row) {
        if *short {
            // A group that is there at all hours is short without anybody, whatever its plan wants.
            let least = (*least).max(1);
            let zh = format!("坐席组 {group} {title}：在岗 {at_work} 席，应有 {least} 席");
            let en = format!("group {group} {title}: {at_work} seats at work of at least {least}");
            checks.alarm(Level::Warn, format!("group {group}"), zh, en);
        }
        if *disaster {
            let zh = format!("坐席组 {group} {title} 处于应急模式");
            checks.add(Level::Warn, zh, format!("group {group} {title} is in disaster mode"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::Meters;
    use crate::store::Health;

    fn levels(fill: impl FnOnce(&mut Checks)) -> Vec<Level> {
        let mut checks = Checks::default();
        fill(&mut checks);
        assert!(checks.0.iter().all(|check| !check.zh.is_empty() && !check.en.is_empty()));
        checks.0.iter().map(|check| check.level).collect()
    }

    #[test]
    fn what_wants_somebody_is_told_and_what_is_well_is_not() {
        assert!(levels(|checks| load(&Pulse::default(), checks)).is_empty());
        assert!(levels(|checks| books(&Pulse::default(), checks)).is_empty());
        let meters = Meters { shed_permille: 120, ports: (95, 5, 100), ..Meters::default() };
        let pulse = Pulse { meters, media_late: LATE + 1, media_lost: 1, ..Pulse::default() };
        assert_eq!(levels(|checks| load(&pulse, checks)), [Level::Bad, Level::Warn, Level::Warn, Level::Warn]);
        let journal = Health { failing: Some("full".into()), lost: 3, ..Health::default() };
        let pulse = Pulse { journal, unfolded: BEHIND + 1, unbooked: UNBOOKED + 1, ..Pulse::default() };
        assert_eq!(levels(|checks| books(&pulse, checks)), [Level::Bad, Level::Bad, Level::Warn, Level::Warn]);
    }

    #[test]
    fn a_full_disk_is_bad_and_a_filling_one_is_worth_a_look() {
        let disk =
            |free| Disk {
                what: "state", zh: "数据目录", en: "state folder", path: "/x".into(), free, total: 1 << 40
            };
        let of = |free: &[u64]| Room { disks: free.iter().map(|free| disk(*free)).collect(), storage: None };
        assert_eq!(levels(|checks| room(&of(&[20 * SPACE]), checks)), [Level::Ok]);
        assert_eq!(levels(|checks| room(&of(&[SPACE - 1, 2 * SPACE]), checks)), [Level::Bad, Level::Warn]);
        let storage = Some(Storage { refused: true, ..Storage::default() });
        let full = Room { storage, ..of(&[20 * SPACE]) };
        assert_eq!(levels(|checks| room(&full, checks)), [Level::Bad]);
        let plan = crate::web::alarms::tests::plan();
        let subjects = |space: &Room| {
            let all = standing(&Pulse::default(), &[], &plan, space);
            all.into_iter().map(|one| one.subject).collect::<Vec<_>>()
        };
        assert_eq!(
            (subjects(&full), subjects(&of(&[SPACE - 1, 2 * SPACE]))),
            (vec!["recordings".to_owned()], vec!["disk state".to_owned()])
        );
    }
}
