//! Alarms: what somebody must see to. Some are told once by whoever meets them; others stand as long as something is so, and end with
//! it. Who has seen to one says so. The last [`KEPT`] are kept, also over a restart.

use crate::admin::Pulse;
use crate::dialplan::{Plan, Role};
use crate::live::GroupNow;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// Alarms that are kept.
const KEPT: usize = 1_000;

/// Who has seen to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Seen {
    pub by: String,
    pub at: i64,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// One alarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Alarm {
    pub id: u64,
    /// When it began, µs since the epoch.
    at: i64,
    /// Of what: `trunk carrier`, `group main`.
    subject: String,
    /// In Chinese, or as it was told.
    text: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    text_en: String,
    /// It is so still.
    standing: bool,
    /// When it ended, µs since the epoch.
    #[serde(default)]
    over: Option<i64>,
    #[serde(default)]
    acknowledged: Option<Seen>,
}

/// What stands.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Standing {
    subject: String,
    zh: String,
    en: String,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Alarms {
    kept: Mutex<Kept>,
    file: Option<PathBuf>,
}

#[derive(Debug, Default)]
struct Kept {
    /// The latest last.
    all: VecDeque<Alarm>,
    last: u64,
    /// Those of the signalling thread that have been taken.
    told: u64,
    changed: bool,
}

impl Alarms {
    /// With those of former runs; what stood then is over.
    pub fn open(state: &std::path::Path) -> Self {
        let file = Some(state.join("access/alarms.json")).filter(|_| !state.as_os_str().is_empty());
        let text = file.as_ref().and_then(|file| std::fs::read(file).ok());
        let mut all: VecDeque<Alarm> = text.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
        for alarm in all.iter_mut().filter(|alarm| alarm.standing) {
            (alarm.standing, alarm.over) = (false, Some(alarm.at));
        }
        let last = all.back().map_or(0, |alarm| alarm.id);
        Self { kept: Mutex::new(Kept { all, last, ..Kept::default() }), file }
    }

    /// Once a second: what has been told since, and what stands now.
    pub fn look(&self, pulse: &Pulse, groups: &[GroupNow], plan: &Plan, wall: i64) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = &mut *kept;
        let taken = kept.told;
        for (number, at, subject, text) in pulse.told.iter().filter(|told| told.0 > taken) {
            kept.told = *number;
            kept.add(Alarm { at: *at, subject: subject.clone(), text: text.clone(), ..Alarm::new() });
        }
        let now = standing(pulse, groups, plan);
        for alarm in kept.all.iter_mut().filter(|alarm| alarm.standing) {
            if now.iter().all(|one| one.subject != alarm.subject) {
                (alarm.standing, alarm.over) = (false, Some(wall));
                kept.changed = true;
            }
        }
        for one in now {
            if kept.all.iter().all(|alarm| !alarm.standing || alarm.subject != one.subject) {
                let Standing { subject, zh, en } = one;
                kept.add(Alarm { at: wall, subject, text: zh, text_en: en, standing: true, ..Alarm::new() });
            }
        }
        if std::mem::take(&mut kept.changed)
            && let Some(file) = &self.file
            && let Ok(text) = serde_json::to_vec(&kept.all)
            && let Err(error) = crate::store::access::keep(file, &text)
        {
            tracing::debug!(%error, "the list of alarms cannot be kept");
        }
    }

    /// Those that stand, or were told, and that nobody has seen to.
    pub fn open_ones(&self) -> usize {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.all.iter().filter(|alarm| alarm.standing && alarm.acknowledged.is_none()).count()
    }

    /// Those before a number, the latest first.
    pub fn page(&self, before: u64, most: usize) -> Vec<Alarm> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.all.iter().rev().filter(|alarm| alarm.id < before).take(most).cloned().collect()
    }

    /// Somebody has seen to one; of what it was.
    pub fn acknowledge(&self, id: u64, seen: Seen) -> Option<String> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let alarm = kept.all.iter_mut().find(|alarm| alarm.id == id)?;
        // The first one has seen to it.
        alarm.acknowledged.get_or_insert(seen);
        let subject = alarm.subject.clone();
        kept.changed = true;
        Some(subject)
    }
}

impl Alarm {
    fn new() -> Self {
        let (subject, text, text_en) = (String::new(), String::new(), String::new());
        Self { id: 0, at: 0, subject, text, text_en, standing: false, over: None, acknowledged: None }
    }
}

impl Kept {
    fn add(&mut self, alarm: Alarm) {
        self.last += 1;
        self.all.push_back(Alarm { id: self.last, ..alarm });
        if self.all.len() > KEPT {
            self.all.pop_front();
        }
        self.changed = true;
    }
}

/// What is so that should not be.
fn standing(pulse: &Pulse, groups: &[GroupNow], plan: &Plan) -> Vec<Standing> {
    let mut all = Vec::new();
    let mut say = |subject: String, zh: String, en: String| all.push(Standing { subject, zh, en });
    for group in groups.iter().filter(|group| group.row.short) {
        let (title, there, least) = (&group.row.title, group.row.at_work, group.row.least);
        let subject = format!("group {}", group.row.group);
        // A group that is there at all hours is short without anybody, whatever its plan wants.
        let (zh, en) = match (there, least) {
            (0, 0) => (format!("{title}：没有坐席在岗"), format!("{title}: nobody is at work")),
            _ => (
                format!("{title}：在岗 {there} 个坐席，应有 {least} 个"),
                format!("{title}: {there} seats at work, {least} must be"),
            ),
        };
        say(subject, zh, en);
    }
    let meters = &pulse.meters;
    for (trunk, _, _) in meters.trunks.iter().filter(|(_, up, _)| !up) {
        let role = plan.trunk(trunk).map(|trunk| (trunk.role, trunk.title.clone()));
        let title = role.as_ref().map_or(trunk.as_str(), |(_, title)| title);
        let emergency = role.as_ref().is_some_and(|(role, _)| *role == Role::Emergency);
        let (zh, en) = if emergency {
            ("紧急中继不应答", "an emergency trunk does not answer")
        } else {
            ("中继不应答", "the trunk does not answer")
        };
        say(format!("trunk {trunk}"), format!("{title}：{zh}"), format!("{title}: {en}"));
    }
    if meters.shed_permille > 0 {
        let share = meters.shed_permille;
        say(
            "load".into(),
            format!("过载，拒接 {share}‰ 的普通来电"),
            format!("overload: {share} of 1000 ordinary calls are refused"),
        );
    }
    if let Some(why) = &pulse.journal.failing {
        say("journal".into(), format!("事件日志写不进去：{why}"), format!("the journal cannot be written: {why}"));
    }
    if let Some(why) = &pulse.unbookable {
        say("records".into(), format!("通话记录写不进去：{why}"), format!("records cannot be booked: {why}"));
    }
    all
}

/// How many alarms of each subject stand, for whoever counts them.
#[cfg(test)]
fn subjects(alarms: &Alarms) -> std::collections::BTreeMap<String, (bool, bool)> {
    let all = alarms.page(u64::MAX, KEPT);
    all.into_iter().rev().map(|a| (a.subject, (a.standing, a.over.is_some()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::Meters;
    use std::sync::Arc;

    fn plan() -> Plan {
        let text = "[city]\narea = \"0591\"\nissued = 2021-11-08\n[hotline.12345]\ntitle = \"12345\"\nclass = \"hub\"\ngroup = \"main\"\n\
            [group.main]\ntitle = \"大厅\"\nhours = \"7x24\"\n[emergency]\ntrunks = [\"e\"]\n[trunk.e]\ntitle = \"紧急一\"\nrole = \"emergency\"\n";
        let source = crate::dialplan::Source { file: "city.toml".into(), text: text.into() };
        Plan::load(&[source], &crate::dialplan::Known::default()).unwrap_or_else(|m| panic!("{m:#?}")).0
    }

    fn pulse(up: bool, told: &[u64]) -> Pulse {
        let meters = Meters { trunks: vec![("e".into(), up, 0)], ..Meters::default() };
        let told = told.iter().map(|n| (*n, 7, "disk".to_owned(), "full".to_owned())).collect();
        Pulse { meters, told: Arc::new(told), ..Pulse::default() }
    }

    #[test]
    fn what_stands_ends_and_what_was_told_is_told_once() {
        let (alarms, plan) = (Alarms::default(), plan());
        alarms.look(&pulse(false, &[1]), &[], &plan, 10);
        alarms.look(&pulse(false, &[1, 2]), &[], &plan, 11);
        assert_eq!(alarms.page(u64::MAX, 9).len(), 3);
        assert_eq!(subjects(&alarms)["trunk e"], (true, false));
        assert_eq!(alarms.open_ones(), 1);
        let seen = Seen { by: "班长".into(), at: 12, note: "已报修".into() };
        let id = alarms.page(u64::MAX, 9).iter().find(|a| a.standing).unwrap().id;
        assert_eq!(alarms.acknowledge(id, seen.clone()).as_deref(), Some("trunk e"));
        assert_eq!((alarms.open_ones(), alarms.acknowledge(99, seen)), (0, None));
        alarms.look(&pulse(true, &[2]), &[], &plan, 13);
        assert_eq!(subjects(&alarms)["trunk e"], (false, true));
        // It fails again: that is another alarm, which nobody has seen to.
        alarms.look(&pulse(false, &[2]), &[], &plan, 14);
        assert_eq!((alarms.page(u64::MAX, 9).len(), alarms.open_ones()), (4, 1));
        let text = &alarms.page(u64::MAX, 1)[0];
        assert!(text.text.contains("紧急一：紧急中继不应答"), "{text:?}");
    }

    #[test]
    fn they_are_there_after_a_restart_and_bounded() {
        let state = std::env::temp_dir().join(format!("switchboard-alarms-{}", std::process::id()));
        std::fs::create_dir_all(state.join("access")).unwrap();
        let (alarms, plan) = (Alarms::open(&state), plan());
        let many: Vec<u64> = (1..=2_000).collect();
        alarms.look(&pulse(false, &many), &[], &plan, 10);
        assert_eq!(alarms.page(u64::MAX, 5_000).len(), KEPT);
        drop(alarms);
        let again = Alarms::open(&state);
        assert_eq!((again.page(u64::MAX, 5_000).len(), again.open_ones()), (KEPT, 0));
        let _ = std::fs::remove_dir_all(&state);
    }
}
