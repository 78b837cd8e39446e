//! Alarms: what somebody must see to. Some are told once by whoever meets them; others stand as long as something is so, and end with
//! it. Who has seen to one says so. The last [`KEPT`] are kept, also over a restart.

use crate::admin::Pulse;
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
    text: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    text_en: String,
    /// It is so still.
    standing: bool,
    /// When it ended, µs since the epoch; what was told once does not end.
    #[serde(default)]
    over: Option<i64>,
    /// How often it was told before somebody saw to it, and when last, µs since the epoch.
    #[serde(default)]
    times: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last: Option<i64>,
    #[serde(default)]
    acknowledged: Option<Seen>,
}

/// What stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Standing {
    /// Of what: `trunk carrier`.
    pub subject: String,
    pub zh: String,
    pub en: String,
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
        // Those of a time in which what was told once waited for nobody.
        for alarm in all.iter_mut().filter(|alarm| alarm.times == 0 && alarm.is_open()) {
            alarm.over = Some(alarm.at);
        }
        let last = all.back().map_or(0, |alarm| alarm.id);
        Self { kept: Mutex::new(Kept { all, last, ..Kept::default() }), file }
    }

    /// Once a second: what has been told since, and what stands now.
    pub fn look(&self, pulse: &Pulse, now: Vec<Standing>, wall: i64) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = &mut *kept;
        let taken = kept.told;
        for (number, at, subject, text) in pulse.told.iter().filter(|told| told.0 > taken) {
            kept.told = *number;
            kept.tell(*at, subject, text);
        }
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
        kept.all.iter().filter(|alarm| alarm.is_open()).count()
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
        let (standing, over, times, last, acknowledged) = (false, None, 1, None, None);
        Self { id: 0, at: 0, subject, text, text_en, standing, over, times, last, acknowledged }
    }

    /// Somebody must still see to it.
    fn is_open(&self) -> bool {
        self.acknowledged.is_none() && (self.standing || self.over.is_none())
    }
}

impl Kept {
    /// What is told again before somebody has seen to it is the same alarm.
    fn tell(&mut self, at: i64, subject: &str, text: &str) {
        let Some((zh, en)) = words(subject, text) else { return };
        let again = self.all.iter_mut().rev().find(|a| a.subject == subject && !a.standing && a.is_open());
        let Some(again) = again else {
            let (subject, text, text_en) = (subject.to_owned(), zh, en);
            return self.add(Alarm { at, subject, text, text_en, ..Alarm::new() });
        };
        (again.text, again.text_en, again.last) = (zh, en, Some(at));
        again.times = again.times.saturating_add(1);
        self.changed = true;
    }

    fn add(&mut self, alarm: Alarm) {
        self.last += 1;
        self.all.push_back(Alarm { id: self.last, ..alarm });
        if self.all.len() > KEPT {
            self.all.pop_front();
        }
        self.changed = true;
    }
}

/// Something that was told once, for people: nothing where what stands tells it (a group without seats, overload).
fn words(subject: &str, text: &str) -> Option<(String, String)> {
    let (kind, of) = subject.split_once(' ').unwrap_or((subject, ""));
    let zh = match kind {
        "group" | "overload" => return None,
        "emergency" if text.starts_with("every") => format!("紧急号码 {of}：所有紧急中继都没有接通"),
        "emergency" => format!("紧急号码 {of}：一条紧急中继没有接通，已改走下一条（{text}）"),
        "trunk" => format!("中继 {of}：{text}"),
        "seat" => format!("坐席 {of}：口令连续输错，来源已暂停受理（{text}）"),
        "rtp" => "没有空闲的媒体端口，有来电没有接上".to_owned(),
        "recording" => format!("录音：{text}"),
        "store" => format!("事件日志或话单：{text}"),
        "dialplan" => format!("启动时没有采用文件夹中的拨号计划：{text}"),
        "tls" => format!("证书：{text}"),
        "prompt" => format!("提示音 {of} 放不出来，已跳过"),
        _ => format!("{subject}：{text}"),
    };
    Some((zh, format!("{subject}: {text}")))
}

/// How many alarms of each subject stand, for whoever counts them.
#[cfg(test)]
fn subjects(alarms: &Alarms) -> std::collections::BTreeMap<String, (bool, bool)> {
    let all = alarms.page(u64::MAX, KEPT);
    all.into_iter().rev().map(|a| (a.subject, (a.standing, a.over.is_some()))).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::condition::standing;
    use super::super::room::Room;
    use super::*;
    use crate::dialplan::Plan;
    use crate::exchange::Meters;
    use std::sync::Arc;

    pub fn plan() -> Plan {
        let text = "[city]\narea = \"0591\"\nissued = 2021-11-08\n[hotline.12345]\ntitle = \"12345\"\nclass = \"hub\"\ngroup = \"main\"\n\
            [group.main]\ntitle = \"大厅\"\nhours = \"7x24\"\n[emergency]\ntrunks = [\"e\"]\n[trunk.e]\ntitle = \"紧急一\"\nrole = \"emergency\"\n";
        let source = crate::dialplan::Source { file: "city.toml".into(), text: text.into() };
        Plan::load(&[source], &crate::dialplan::Known::default()).unwrap_or_else(|m| panic!("{m:#?}")).0
    }

    fn pulse(up: bool, told: &[(u64, &str)]) -> Pulse {
        let meters = Meters { trunks: vec![("e".into(), up, 0)], ..Meters::default() };
        let told = told.iter().map(|(n, subject)| (*n, 7, (*subject).to_owned(), "full".to_owned())).collect();
        Pulse { meters, told: Arc::new(told), ..Pulse::default() }
    }

    fn look(alarms: &Alarms, pulse: &Pulse, wall: i64) {
        alarms.look(pulse, standing(pulse, &[], &plan(), &Room::default()), wall);
    }

    #[test]
    fn what_stands_ends_and_what_was_told_waits_for_somebody() {
        let alarms = Alarms::default();
        look(&alarms, &pulse(false, &[(1, "recording")]), 10);
        look(&alarms, &pulse(false, &[(1, "recording"), (2, "emergency 119")]), 11);
        assert_eq!(alarms.page(u64::MAX, 9).len(), 3);
        assert_eq!(subjects(&alarms)["trunk e"], (true, false));
        assert_eq!(alarms.open_ones(), 3, "the trunk, the recording, the emergency call that a trunk has not taken");
        let seen = Seen { by: "班长".into(), at: 12, note: "已报修".into() };
        let id = alarms.page(u64::MAX, 9).iter().find(|a| a.standing).unwrap().id;
        assert_eq!(alarms.acknowledge(id, seen.clone()).as_deref(), Some("trunk e"));
        assert_eq!((alarms.open_ones(), alarms.acknowledge(99, seen)), (2, None));
        look(&alarms, &pulse(true, &[(2, "emergency 119")]), 13);
        assert_eq!(subjects(&alarms)["trunk e"], (false, true));
        // It fails again: that is another alarm, which nobody has seen to.
        look(&alarms, &pulse(false, &[(2, "emergency 119")]), 14);
        assert_eq!((alarms.page(u64::MAX, 9).len(), alarms.open_ones()), (4, 3));
        let text = &alarms.page(u64::MAX, 1)[0];
        assert!(text.text.contains("紧急中继 e 紧急一 不应答"), "{text:?}");
    }

    #[test]
    fn what_is_told_again_is_the_same_alarm_until_somebody_has_seen_to_it() {
        let alarms = Alarms::default();
        look(&alarms, &pulse(true, &[(1, "rtp"), (2, "rtp"), (3, "group main"), (4, "overload")]), 10);
        let [one] = &*alarms.page(u64::MAX, 9) else { panic!("what stands tells the others") };
        assert_eq!((one.times, one.last, &*one.text_en), (2, Some(7), "rtp: full"));
        assert!(one.text.contains("媒体端口"));
        alarms.acknowledge(one.id, Seen { by: "班长".into(), at: 12, note: String::new() });
        look(&alarms, &pulse(true, &[(5, "rtp")]), 11);
        assert_eq!((alarms.page(u64::MAX, 9).len(), alarms.open_ones()), (2, 1));
    }

    #[test]
    fn they_are_there_after_a_restart_and_bounded() {
        let state = std::env::temp_dir().join(format!("switchboard-alarms-{}", std::process::id()));
        std::fs::create_dir_all(state.join("access")).unwrap();
        let alarms = Alarms::open(&state);
        let names: Vec<String> = (1..=2_000).map(|n| format!("prompt p{n}")).collect();
        let many: Vec<(u64, &str)> = names.iter().zip(1..).map(|(name, n)| (n, &**name)).collect();
        look(&alarms, &pulse(false, &many), 10);
        assert_eq!(alarms.page(u64::MAX, 5_000).len(), KEPT);
        drop(alarms);
        let again = Alarms::open(&state);
        // What stood then is over; what was told has still to be seen to.
        assert_eq!((again.page(u64::MAX, 5_000).len(), again.open_ones()), (KEPT, KEPT - 1));
        let _ = std::fs::remove_dir_all(&state);
    }
}
