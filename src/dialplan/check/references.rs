//! References: every name that is used is defined, and every group and trunk that is defined is used.

use super::checked::Checked;
use super::{Code, Diagnostic, Mistakes, Span, Text};
use crate::dialplan::entry::{Class, Role};
use crate::dialplan::format::{At, HoursWritten, LineWritten, Target};
use crate::dialplan::nearest::did_you_mean;
use std::collections::BTreeSet;

/// Checks every use of a name.
pub(super) fn check(checked: &Checked<'_>, mistakes: &mut Mistakes) {
    let mut used = BTreeSet::new();
    // Where a file could not be read whole, a use may stand in what was lost.
    let whole = !mistakes.has(&[Code::Syntax, Code::ChineseQuote]);
    if whole {
        unused_groups(checked, mistakes);
    }
    for line in &checked.written.lines {
        line_names(checked, line, &mut used, mistakes);
    }
    for group in &checked.written.groups {
        group.overflow.iter().chain(&group.disaster).for_each(|t| target(checked, t, &mut used, mistakes));
        let single = [&group.welcome, &group.waiting, &group.recording_notice].into_iter().flatten();
        for prompt in single.chain(&group.messages) {
            prompt_exists(checked, &prompt.value, prompt.span, mistakes);
        }
        let hours = match &group.hours {
            Some(At { value: HoursWritten::Workdays { calendar, .. }, .. }) => Some(calendar),
            _ => None,
        };
        let known = |c: &&At<String>| checked.names.calendars.contains_key(c.value.as_str());
        for calendar in [hours, group.shift_calendar.as_ref()].into_iter().flatten().filter(|c| !known(c)) {
            let known = checked.names.calendars.keys().copied();
            mistakes.push(missing(Code::UnknownCalendar, ("日历", "calendar"), calendar, known));
        }
    }
    emergency(checked, &mut used, mistakes);
    for (name, trunk) in &checked.names.trunks {
        let carrier = trunk.role.as_ref().is_none_or(|r| r.value == Role::Carrier);
        if whole && !carrier && !used.contains(name) {
            let title = Text::new(format!("没有号码用到中继 `{name}`"), format!("no number uses trunk `{name}`"));
            mistakes.push(Diagnostic::new(Code::Unused, title).at(trunk.name.span, "没有用到", "unused"));
        }
    }
}

/// A group that no number and no other group names. Calendars are data: one may stand ready for the day it is needed.
fn unused_groups(checked: &Checked<'_>, mistakes: &mut Mistakes) {
    let mut used: BTreeSet<&str> = BTreeSet::new();
    for line in &checked.written.lines {
        used.extend(line.group.as_ref().map(|g| g.value.as_str()));
        used.extend(line.overflow.iter().chain(&line.to).filter_map(group_of));
    }
    for group in &checked.written.groups {
        used.extend(
            group.overflow.iter().chain(&group.disaster).filter_map(group_of).filter(|name| *name != group.name.value),
        );
    }
    for (name, group) in checked.names.groups.iter().filter(|(name, _)| !used.contains(*name)) {
        let title = Text::new(format!("没有号码用到坐席组 `{name}`"), format!("no number uses group `{name}`"));
        mistakes.push(Diagnostic::new(Code::Unused, title).at(group.name.span, "没有用到", "unused"));
    }
}

fn group_of(target: &At<Target>) -> Option<&str> {
    match &target.value {
        Target::Group(name) => Some(name),
        _ => None,
    }
}

fn line_names<'w>(checked: &Checked<'w>, line: &'w LineWritten, used: &mut BTreeSet<&'w str>, mistakes: &mut Mistakes) {
    if let Some(group) = &line.group {
        group_exists(checked, group, mistakes);
    }
    if let Some(trunk) = &line.trunk {
        trunk_exists(checked, trunk, used, mistakes);
    }
    line.overflow.iter().chain(&line.to).for_each(|t| target(checked, t, used, mistakes));
    if line.class.as_ref().is_some_and(|c| c.value == Class::Merged) {
        let number = &line.number;
        for (written, folder) in [(&line.transition, "transition"), (&line.cancelled, "cancelled")] {
            match written {
                Some(prompt) => prompt_exists(checked, &prompt.value, prompt.span, mistakes),
                None => prompt_exists(checked, &format!("{folder}/{}", number.value), number.span, mistakes),
            }
        }
    }
}

fn target<'w>(checked: &Checked<'w>, target: &'w At<Target>, used: &mut BTreeSet<&'w str>, mistakes: &mut Mistakes) {
    match &target.value {
        Target::Group(name) if !checked.names.groups.contains_key(name.as_str()) => {
            let at = At { value: name.to_string(), span: target.span };
            group_exists(checked, &at, mistakes);
        }
        Target::Group(_) | Target::Release(..) | Target::CallBack => {}
        Target::Trunk(name) => trunk_named(checked, name, target.span, used, mistakes),
        Target::Prompt(name) => prompt_exists(checked, name, target.span, mistakes),
    }
}

fn group_exists(checked: &Checked<'_>, group: &At<String>, mistakes: &mut Mistakes) {
    if !checked.names.groups.contains_key(group.value.as_str()) {
        let known = checked.names.groups.keys().copied();
        mistakes.push(missing(Code::UnknownGroup, ("坐席组", "group"), group, known));
    }
}

fn trunk_exists<'w>(
    checked: &Checked<'w>,
    trunk: &'w At<String>,
    used: &mut BTreeSet<&'w str>,
    mistakes: &mut Mistakes,
) {
    trunk_named(checked, &trunk.value, trunk.span, used, mistakes);
}

/// A trunk named by an ordinary entry: it exists, and it is no emergency trunk.
fn trunk_named<'w>(
    checked: &Checked<'w>,
    name: &'w str,
    span: Span,
    used: &mut BTreeSet<&'w str>,
    mistakes: &mut Mistakes,
) {
    used.insert(name);
    let Some(trunk) = checked.names.trunks.get(name) else {
        let at = At { value: name.to_owned(), span };
        let known = checked.names.trunks.keys().copied();
        return mistakes.push(missing(Code::UnknownTrunk, ("中继", "trunk"), &at, known));
    };
    if let Some(role) = trunk.role.as_ref().filter(|r| r.value == Role::Emergency) {
        let title = Text::new(
            format!("紧急中继 `{name}` 只能给 110、119、120、122 用"),
            format!("emergency trunk `{name}` is for 110, 119, 120 and 122 only"),
        );
        mistakes.push(
            Diagnostic::new(Code::EmergencyTrunk, title).at(span, "别的号码用了它", "used by another number").also(
                role.span,
                "它是紧急中继",
                "it is an emergency trunk",
            ),
        );
    }
}

fn emergency<'w>(checked: &Checked<'w>, used: &mut BTreeSet<&'w str>, mistakes: &mut Mistakes) {
    let Some(section) = checked.written.emergencies.first() else {
        let title = Text::new(
            "没有 [emergency]：110、119、120、122 没有中继",
            "no [emergency]: 110, 119, 120 and 122 have no trunk",
        );
        return mistakes.push(
            Diagnostic::new(Code::EmergencyTrunk, title).help(
                "加上 [emergency]，trunks = [\"emergency-1\"]",
                "add [emergency] with trunks = [\"emergency-1\"]",
            ),
        );
    };
    for named in &section.trunks {
        used.insert(&named.value);
        let Some(trunk) = checked.names.trunks.get(named.value.as_str()) else {
            let known = checked.names.trunks.keys().copied();
            mistakes.push(missing(Code::UnknownTrunk, ("中继", "trunk"), named, known));
            continue;
        };
        if let Some(role) = trunk.role.as_ref().filter(|r| r.value != Role::Emergency) {
            let name = &named.value;
            let title = Text::new(format!("`{name}` 不是紧急中继"), format!("`{name}` is not an emergency trunk"));
            let mistake = Diagnostic::new(Code::EmergencyTrunk, title)
                .at(named.span, "用于紧急号码", "used for emergency numbers")
                .also(role.span, "用途不是 \"emergency\"", "its role is not \"emergency\"");
            mistakes.push(mistake);
        }
    }
    if section.trunks.is_empty() && section.unread.is_empty() {
        let title = Text::new("紧急号码至少要一条中继", "emergency numbers need at least one trunk");
        mistakes.push(Diagnostic::new(Code::EmergencyTrunk, title).at(section.at, "没有中继", "no trunk"));
    }
}

fn prompt_exists(checked: &Checked<'_>, name: &str, span: Span, mistakes: &mut Mistakes) {
    let Some(prompts) = &checked.known.prompts else { return };
    if prompts.contains(name) {
        return;
    }
    let title = Text::new(format!("没有提示音 {name}.wav"), format!("there is no prompt {name}.wav"));
    let mistake = Diagnostic::new(Code::UnknownPrompt, title).at(span, "要用到它", "needed here");
    mistakes.push(match did_you_mean(name, prompts.iter().map(crate::id::PromptId::as_str)) {
        Some(near) => mistake.help(format!("是不是 `{near}`？"), format!("did you mean `{near}`?")),
        None => mistake.help(
            format!("录好后放到提示音目录下的 {name}.wav"),
            format!("put the recording at {name}.wav in the prompts folder"),
        ),
    });
}

fn missing<'k>(
    code: Code,
    (zh, en): (&str, &str),
    used: &At<String>,
    known: impl Iterator<Item = &'k str> + Clone,
) -> Diagnostic {
    let name = &used.value;
    let title = Text::new(format!("没有{zh} `{name}`"), format!("there is no {en} `{name}`"));
    let mistake = Diagnostic::new(code, title).at(used.span, "没有定义", "not defined");
    match did_you_mean(name, known.clone()) {
        Some(near) => mistake.help(format!("是不是 `{near}`？"), format!("did you mean `{near}`?")),
        None if known.clone().next().is_none() => mistake,
        None => {
            let all = known.take(12).collect::<Vec<_>>();
            mistake.help(format!("已有：{}", all.join("、")), format!("there are: {}", all.join(", ")))
        }
    }
}
