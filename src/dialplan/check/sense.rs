//! What can be read and compiled, yet cannot have been meant: hours that never come, a day in both lists, a prompt of
//! another number, a way round in a circle through the public network.

use super::checked::Checked;
use super::clause;
use super::{Code, Diagnostic, Mistakes, Span, Text};
use crate::dialplan::entry::{Access, Class, Role};
use crate::dialplan::format::{At, CalendarWritten, GroupWritten, HoursWritten, LineWritten, Target};
use crate::dialplan::window::Window;
use jiff::civil::Weekday;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;

/// GB/T 33358: a person answers within so long, ms.
const ANSWER_MS: u32 = 15_000;
/// A trunk that says nothing for so long is no way for an emergency call, ms; 2 s is the default.
const EMERGENCY_MS: u32 = 5_000;

/// Runs every check of this file.
pub(super) fn check(checked: &Checked<'_>, mistakes: &mut Mistakes) {
    let written = checked.written;
    let hotlines = written.lines.iter().filter(|l| l.table == "hotline");
    let numbers: BTreeSet<&str> = hotlines.map(|l| l.number.value.as_str()).collect();
    for line in &written.lines {
        titled(line.title.as_ref(), mistakes);
        once(&line.overflow, mistakes);
        once(&line.to, mistakes);
        prompts(line, &numbers, mistakes);
        ring(line, mistakes);
        already_over(checked, line, mistakes);
        outwards(checked, line, mistakes);
    }
    for group in &written.groups {
        named(&group.name, "group", mistakes);
        titled(group.title.as_ref(), mistakes);
        once(&group.overflow, mistakes);
        late(group.ring.as_ref(), &format!("group.{}", group.name.value), mistakes);
        hours(group, mistakes);
    }
    for trunk in &written.trunks {
        named(&trunk.name, "trunk", mistakes);
        titled(trunk.title.as_ref(), mistakes);
        once(&trunk.number_in, mistakes);
    }
    for calendar in &written.calendars {
        named(&calendar.name, "calendar", mistakes);
        days(calendar, mistakes);
    }
    for emergency in &written.emergencies {
        once(&emergency.trunks, mistakes);
        slow(emergency.progress.as_ref(), mistakes);
    }
    for at in written.expects.iter().filter_map(|e| e.never.as_ref()) {
        let title = Text::new("这条预期没有时间，什么也不检查", "this expectation has no time and checks nothing");
        mistakes.push(
            Diagnostic::new(Code::NothingExpected, title)
                .at(*at, "at 是空的", "`at` is empty")
                .help("写上至少一个时间，如 at = 2022-01-15T03:00", "give it a time such as at = 2022-01-15T03:00"),
        );
    }
}

/// A name must be one that `group:NAME` can say.
fn named(name: &At<String>, kind: &str, mistakes: &mut Mistakes) {
    let At { value, span } = name;
    let sayable = !value.is_empty() && value.trim() == value && !value.contains(|c: char| c == '>' || c.is_control());
    if sayable {
        return;
    }
    let title = Text::new(
        format!("`{kind}.\"{value}\"` 的名字无法引用"),
        format!("`{kind}.\"{value}\"` cannot be referred to"),
    );
    let mistake = Diagnostic::new(Code::BadName, title).at(*span, "这个名字", "this name").help(
        "名字不能为空，首尾不能有空格，不能有 > 和控制字符",
        "a name is not empty, has no blank at either end, no > and no control character",
    );
    mistakes.push(mistake);
}

fn titled(title: Option<&At<String>>, mistakes: &mut Mistakes) {
    if let Some(empty) = title.filter(|t| t.value.trim().is_empty()) {
        let title = Text::new("名称是空的，屏幕上什么也看不到", "the title is empty: screens show nothing");
        mistakes.push(Diagnostic::new(Code::NoTitle, title).at(empty.span, "空的", "empty"));
    }
}

/// Nothing stands twice in a list.
fn once<T: Eq + Hash>(list: &[At<T>], mistakes: &mut Mistakes) {
    if list.len() < 2 {
        return;
    }
    let mut seen: HashMap<&T, Span> = HashMap::new();
    for At { value, span } in list {
        match seen.entry(value) {
            Entry::Vacant(free) => {
                free.insert(*span);
            }
            Entry::Occupied(first) => {
                let title = Text::new("同一项在这个列表里写了两次", "the same thing stands twice in this list");
                let mistake = Diagnostic::new(Code::Repeated, title).at(*span, "第二次", "second time");
                mistakes.push(mistake.also(*first.get(), "第一次", "first time"));
            }
        }
    }
}

/// A transition says that the number has moved, a cancellation that it is gone, and each says the number.
fn prompts(line: &LineWritten, numbers: &BTreeSet<&str>, mistakes: &mut Mistakes) {
    let number = line.number.value.as_str();
    let stages = [(&line.transition, "transition", "cancelled"), (&line.cancelled, "cancelled", "transition")];
    for (prompt, own, other) in stages.into_iter().filter_map(|(p, own, other)| Some((p.as_ref()?, own, other))) {
        let (folder, name) = prompt.value.rsplit_once('/').unwrap_or(("", &prompt.value));
        let of_number = name != number && numbers.contains(name);
        if !of_number && folder != other {
            continue;
        }
        let title = Text::new(
            format!("号码 {number} 的 `{own}` 用了 `{}`", prompt.value),
            format!("`{own}` of number {number} is `{}`", prompt.value),
        );
        let (zh, en) = if of_number {
            (format!("这是 {name} 的提示音"), format!("the prompt of {name}"))
        } else {
            (format!("这是 {other} 阶段的提示音"), format!("a prompt of the stage `{other}`"))
        };
        let help = format!("{own}/{number}");
        mistakes.push(
            Diagnostic::new(Code::OtherPrompt, title)
                .at(prompt.span, zh, en)
                .help(format!("是不是 `{help}`？不写就是它"), format!("did you mean `{help}`? It is the default")),
        );
    }
}

fn ring(line: &LineWritten, mistakes: &mut Mistakes) {
    let branch = line.class.as_ref().is_some_and(|c| c.value == Class::Branch);
    if branch || line.kept.as_ref().is_some_and(|k| k.value) {
        late(line.ring.as_ref(), &format!("hotline.{}", line.number.value), mistakes);
    }
}

/// Seats that ring until the time of an answer is over leave nobody the time to answer.
fn late(ring: Option<&At<u32>>, address: &str, mistakes: &mut Mistakes) {
    let Some(ring) = ring.filter(|r| r.value >= ANSWER_MS) else { return };
    let seconds = ring.value / 1000;
    let title = Text::new(
        format!("`{address}` 振铃 {seconds} 秒才找下一个"),
        format!("`{address}` rings for {seconds} s before anybody else is tried"),
    );
    mistakes.push(
        Diagnostic::new(Code::LateOverflow, title)
            .at(ring.span, "15 秒已经过了", "15 s are over by then")
            .note("GB/T 33358：15 秒内应答", "GB/T 33358: answered within 15 s")
            .help("写 \"8s\" 或 \"10s\"，或不写", "write \"8s\" or \"10s\", or nothing"),
    );
}

fn slow(progress: Option<&At<u32>>, mistakes: &mut Mistakes) {
    let Some(slow) = progress.filter(|p| p.value > EMERGENCY_MS) else { return };
    let seconds = slow.value / 1000;
    let title = Text::new(
        format!("紧急呼叫要等 {seconds} 秒才换下一条中继"),
        format!("an emergency call waits {seconds} s before the next trunk is tried"),
    );
    let mistake = Diagnostic::new(Code::SlowEmergency, title).at(slow.span, "太久", "too long");
    mistakes.push(mistake.help("写 \"2s\"，或不写", "write \"2s\", or nothing"));
}

/// A wrong year cancels a number for ever: its transition was over before there was a plan.
fn already_over(checked: &Checked<'_>, line: &LineWritten, mistakes: &mut Mistakes) {
    let stopped = line.stopped.as_ref().is_some_and(|s| s.value) || line.unread.contains(&"stopped");
    let (Some(cutover), Some(issued), false) = (&line.cutover, checked.issued, stopped) else { return };
    let last = line.until.as_ref().map_or_else(|| Window::last_day(cutover.value, 3), |u| u.value);
    if last >= issued {
        return;
    }
    let number = &line.number.value;
    let title = Text::new(
        format!("号码 {number} 的过渡期 {last} 就满了，早于方案印发 {issued}"),
        format!("the transition of number {number} ended on {last}, before the plan was issued on {issued}"),
    );
    mistakes.push(
        Diagnostic::new(Code::AlreadyOver, title)
            .at(cutover.span, "年份对吗？一生效就是已取消", "the right year? It is cancelled at once")
            .note(clause::NEVER_RESTORED.0, clause::NEVER_RESTORED.1)
            .help(
                "核对日期；方案印发前已停止的，再写上 stopped = true",
                "see the date; if it had stopped before the plan, add stopped = true",
            ),
    );
}

fn hours(group: &GroupWritten, mistakes: &mut Mistakes) {
    let Some(At { value: HoursWritten::Workdays { from, to, .. }, span }) = &group.hours else { return };
    let name = &group.name.value;
    if from >= to {
        let (from, to) = (from.strftime("%H:%M"), to.strftime("%H:%M"));
        let title = Text::new(
            format!("坐席组 `{name}` 从 {from} 到 {to}，永远不在服务时间"),
            format!("group `{name}` is staffed from {from} to {to}: never"),
        );
        let mistake =
            Diagnostic::new(Code::NeverOpen, title).at(*span, "结束不晚于开始", "ends no later than it begins");
        return mistakes.push(mistake.help(
            "跨零点的班次分成两个组，前一个溢出到后一个",
            "for hours past midnight define two groups, the first overflowing to the second",
        ));
    }
    if group.overflow.is_empty() && !group.unread.contains(&"overflow") {
        let title = Text::new(
            format!("坐席组 `{name}` 下班以后来电没有去向"),
            format!("calls to group `{name}` outside its hours lead nowhere"),
        );
        mistakes.push(
            Diagnostic::new(Code::ClosedAway, title)
                .at(*span, "这段时间以外，来电得到 480", "outside these hours callers get 480")
                .help("写上 overflow，如 \"group:main\"", "give it an overflow such as \"group:main\""),
        );
    }
}

fn days(calendar: &CalendarWritten, mistakes: &mut Mistakes) {
    let holidays: BTreeMap<_, Span> = calendar.holidays.iter().map(|d| (d.value, d.span)).collect();
    for day in &calendar.workdays {
        if let Some(holiday) = holidays.get(&day.value) {
            let title = Text::new(
                format!("{} 既是假日又是工作日", day.value),
                format!("{} is a holiday and a workday", day.value),
            );
            mistakes.push(
                Diagnostic::new(Code::DayTwice, title)
                    .at(day.span, "在这里是工作日", "a workday here")
                    .also(*holiday, "在这里是假日", "a holiday here")
                    .help("删去其中一个", "delete one of the two"),
            );
        } else if !matches!(day.value.weekday(), Weekday::Saturday | Weekday::Sunday) {
            let title = Text::new(
                format!("{} 不是周末，本来就是工作日", day.value),
                format!("{} is no weekend: people work on it anyway", day.value),
            );
            mistakes.push(
                Diagnostic::new(Code::IdleWorkday, title).at(day.span, "写在这里没有作用", "has no effect here").help(
                    "核对国务院办公厅的通知：调休都在周六、周日",
                    "see the official notice: make-up days are weekends",
                ),
            );
        }
    }
    once(&calendar.holidays, mistakes);
    once(&calendar.workdays, mistakes);
}

/// Where a number is dialled out to the public network.
fn outwards(checked: &Checked<'_>, line: &LineWritten, mistakes: &mut Mistakes) {
    let is_carrier = |name: &str| {
        let role = checked.names.trunks.get(name).and_then(|t| t.role.as_ref());
        role.is_some_and(|r| r.value == Role::Carrier)
    };
    let number = &line.number.value;
    if let Some(trunk) = line.trunk.as_ref().filter(|t| line.table == "hotline" && is_carrier(&t.value)) {
        let title = Text::new(
            format!("热线 {number} 打回了公网，公网会再送回来"),
            format!("hotline {number} is dialled back to the public network, which sends it here again"),
        );
        mistakes.push(
            Diagnostic::new(Code::BackToCarrier, title)
                .at(trunk.span, "这是公网中继", "a trunk of the carrier")
                .help("写通往这个单位交换机的中继", "name the trunk to the department's own exchange"),
        );
    }
    let seats = line.access.as_ref().is_some_and(|a| a.value == Access::Seats);
    let out = line.to.iter().find(|t| matches!(&t.value, Target::Trunk(name) if is_carrier(name)));
    if let Some(out) = out.filter(|_| !seats && !line.unread.contains(&"access")) {
        let title = Text::new(
            format!("外线来电拨 {number} 就能借道打到公网"),
            format!("a caller from outside who dials {number} is connected to the public network"),
        );
        let long = format!("\"{number}\" = {{ to = \"…\", access = \"seats\" }}");
        mistakes.push(
            Diagnostic::new(Code::OpenRelay, title)
                .at(out.span, "通往公网", "to the public network")
                .help(format!("只给坐席用的，写 {long}"), format!("if it is meant for seats, write {long}")),
        );
    }
}
