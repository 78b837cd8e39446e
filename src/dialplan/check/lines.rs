//! What each class of line demands: seats, window, destination, 7x24.

use super::checked::Checked;
use super::clause;
use super::{Code, Diagnostic, Mistakes, Span, Text};
use crate::dialplan::entry::{Access, Class};
use crate::dialplan::format::{At, HoursWritten, LineWritten, Target, Written};
use crate::dialplan::window::Window;

/// Finds the one hub.
pub(super) fn hub<'w>(written: &'w Written, mistakes: &mut Mistakes) -> Option<&'w LineWritten> {
    let mut hubs = written.lines.iter().filter(|l| is(l, Class::Hub));
    let hub = hubs.next();
    let Some(first) = hub else {
        if written.lines.iter().any(|l| l.unread.contains(&"class")) {
            return None;
        }
        let title =
            Text::new("没有总台：要有一个 class = \"hub\" 的号码", "no hub: one number must have class = \"hub\"");
        mistakes.push(Diagnostic::new(Code::NoHub, title).help(
            "加上 [hotline.12345]，class = \"hub\"，group = \"main\"",
            "add [hotline.12345] with class = \"hub\" and group = \"main\"",
        ));
        return None;
    };
    for again in hubs {
        let title = Text::new("总台只能有一个", "there can be only one hub");
        let mistake = Diagnostic::new(Code::NoHub, title).at(again.number.span, "第二个总台", "a second hub").also(
            first.number.span,
            "第一个",
            "the first",
        );
        mistakes.push(mistake);
    }
    hub
}

/// Checks every line by its class.
pub(super) fn check(checked: &Checked<'_>, mistakes: &mut Mistakes) {
    for line in &checked.written.lines {
        let Some(class) = line.class.as_ref().map(|c| c.value) else {
            if line.table == "utility" && !line.has("trunk") {
                mistakes.push(nowhere(line, "trunk", "trunk"));
            }
            continue;
        };
        misplaced(line, class, mistakes);
        match class {
            Class::Merged => merged(checked, line, mistakes),
            Class::Parallel => parallel(checked, line, mistakes),
            Class::Branch => kept(checked, line, mistakes),
            Class::Hub => {
                if !line.has("group") {
                    mistakes.push(nowhere(line, "group", "group"));
                }
                all_day(checked, line, mistakes);
            }
            Class::Emergency | Class::Utility | Class::Route => {}
        }
    }
}

fn is(line: &LineWritten, class: Class) -> bool {
    line.class.as_ref().is_some_and(|c| c.value == class)
}

const OF_MERGED: [&str; 6] = ["cutover", "until", "stopped", "transition", "cancelled", "early"];
const OF_KEPT: [&str; 3] = ["seats", "ring", "overflow"];

/// The keys of a hotline that another class has and this one has not.
pub(in crate::dialplan) fn foreign(class: Class) -> Vec<&'static str> {
    match class {
        Class::Merged => OF_KEPT.to_vec(),
        Class::Hub => [&OF_MERGED[..], &OF_KEPT, &["trunk"]].concat(),
        _ => OF_MERGED.to_vec(),
    }
}

fn misplaced(line: &LineWritten, class: Class, mistakes: &mut Mistakes) {
    for (key, span) in foreign(class).into_iter().filter_map(|k| Some((k, place_of(line, k)?))) {
        let title = Text::new(
            format!("`{key}` 不用于{}号码", class.zh()),
            format!("`{key}` does not belong to a line of class {}", class.en()),
        );
        let mut mistake = Diagnostic::new(Code::WrongClass, title).at(span, "不用于这一类", "not of this class");
        if let Some(class) = &line.class {
            mistake = mistake.also(class.span, "这一类", "this class");
        }
        mistakes.push(mistake);
    }
    if let Some(access) = line.access.as_ref().filter(|a| a.value == Access::Seats) {
        let title = Text::new(
            format!("热线 {} 不能只让坐席拨打", line.number.value),
            format!("hotline {} cannot be for seats alone", line.number.value),
        );
        let mistake = Diagnostic::new(Code::WrongClass, title)
            .at(access.span, "市民拨打会得到 404", "citizens would get 404")
            .help("删去这一行", "delete this line");
        mistakes.push(mistake);
    }
}

fn place_of(line: &LineWritten, key: &str) -> Option<Span> {
    fn span<T>(at: Option<&At<T>>) -> Option<Span> {
        at.map(|a| a.span)
    }
    match key {
        "cutover" => span(line.cutover.as_ref()),
        "until" => span(line.until.as_ref()),
        "stopped" => span(line.stopped.as_ref()),
        "transition" => span(line.transition.as_ref()),
        "cancelled" => span(line.cancelled.as_ref()),
        "early" => span(line.early.as_ref()),
        "seats" => span(line.kept.as_ref()),
        "ring" => span(line.ring.as_ref()),
        "overflow" => span(line.overflow.first()),
        "trunk" => span(line.trunk.as_ref()),
        _ => None,
    }
}

fn nowhere(line: &LineWritten, zh: &str, en: &str) -> Diagnostic {
    let number = &line.number.value;
    let title = Text::new(format!("号码 {number} 没有去向"), format!("number {number} leads nowhere"));
    Diagnostic::new(Code::NoDestination, title)
        .at(line.number.span, "没有去向", "no destination")
        .help(format!("写明 {zh}"), format!("give it {en}"))
}

fn merged(checked: &Checked<'_>, line: &LineWritten, mistakes: &mut Mistakes) {
    let stopped = line.stopped.as_ref().is_some_and(|s| s.value);
    if stopped {
        let own = [&line.group, &line.trunk];
        own.into_iter()
            .flatten()
            .for_each(|key| mistakes.push(routed_again(line, key.span, "已停止话务服务", "already stopped")));
    }
    for prompt in [&line.transition, &line.cancelled].into_iter().flatten() {
        if Target::parse(&prompt.value).is_some() {
            mistakes.push(routed_again(line, prompt.span, "这里只能写提示音", "only a prompt can stand here"));
        }
    }
    let Some(cutover) = &line.cutover else {
        if !stopped && !line.has("cutover") && !line.unread.contains(&"stopped") {
            let title = Text::new(
                format!("整体并入的号码 {} 没有归并日期", line.number.value),
                format!("merged number {} has no cutover", line.number.value),
            );
            mistakes.push(
                Diagnostic::new(Code::MissingKey, title)
                    .at(line.number.span, "缺少 `cutover`", "`cutover` is missing")
                    .help(
                        "写明 cutover = 2021-11-30；方案印发前已停止的写 stopped = true",
                        "give it cutover = 2021-11-30, or stopped = true if it had stopped before the plan",
                    ),
            );
        }
        if let Some(until) = line.until.as_ref().filter(|_| !line.has("cutover")) {
            let title = Text::new("没有 cutover 就没有 until", "`until` means nothing without `cutover`");
            mistakes.push(Diagnostic::new(Code::WrongValue, title).at(
                until.span,
                "缺少 cutover",
                "cutover is missing",
            ));
        }
        return;
    };
    window(line, cutover.value, cutover.span, mistakes);
    let deadline = checked.city.and_then(|c| c.deadline.as_ref()).filter(|d| d.value < cutover.value);
    if let Some(deadline) = deadline {
        let title = Text::new(
            format!("号码 {} 在 {} 归并，晚于期限 {}", line.number.value, cutover.value, deadline.value),
            format!(
                "number {} is merged on {}, after the deadline {}",
                line.number.value, cutover.value, deadline.value
            ),
        );
        mistakes.push(
            Diagnostic::new(Code::LateCutover, title)
                .at(cutover.span, "晚于期限", "after the deadline")
                .also(deadline.span, "期限", "the deadline")
                .note(clause::DEADLINE.0, clause::DEADLINE.1),
        );
    }
}

fn routed_again(line: &LineWritten, span: Span, zh: &str, en: &str) -> Diagnostic {
    let number = &line.number.value;
    let title = Text::new(
        format!("号码 {number} 已取消，不能再有去向"),
        format!("number {number} is cancelled; it cannot be routed"),
    );
    Diagnostic::new(Code::CancelledRouted, title)
        .at(span, zh, en)
        .also(line.number.span, "整体并入的号码", "a merged number")
        .note(clause::NEVER_RESTORED.0, clause::NEVER_RESTORED.1)
        .help("删去这个去向", "delete this route")
}

fn window(line: &LineWritten, cutover: jiff::civil::Date, at: Span, mistakes: &mut Mistakes) {
    let Some(until) = &line.until else { return };
    let last = Window::last_day(cutover, 3);
    if until.value == last {
        return;
    }
    if until.value < cutover {
        let title = Text::new("过渡期的末日早于首日", "the transition ends before it begins");
        let mistake =
            Diagnostic::new(Code::WrongValue, title).at(until.span, "末日", "last day").also(at, "首日", "first day");
        return mistakes.push(mistake);
    }
    let (code, zh, en) = if until.value > last {
        (Code::LongWindow, "超过三个月", "longer than three months")
    } else {
        (Code::ShortWindow, "不足三个月", "shorter than three months")
    };
    let title = Text::new(
        format!("号码 {} 的过渡期{zh}", line.number.value),
        format!("the transition of number {} is {en}", line.number.value),
    );
    mistakes.push(
        Diagnostic::new(code, title)
            .at(until.span, zh, en)
            .also(at, "从这天起", "from this day")
            .note(clause::THREE_MONTHS.0, clause::THREE_MONTHS.1)
            .help(
                format!("末日应为 {last}；不写 until 就是它"),
                format!("the last day is {last}; without `until` it is that day"),
            ),
    );
}

fn parallel(checked: &Checked<'_>, line: &LineWritten, mistakes: &mut Mistakes) {
    match line.kept.as_ref().map(|k| k.value) {
        Some(true) => kept(checked, line, mistakes),
        Some(false) => pooled(line, mistakes),
        None if line.has("seats") => {}
        None => {
            let title = Text::new(
                format!("双号并行的号码 {} 没有写 seats", line.number.value),
                format!("parallel number {} does not say `seats`", line.number.value),
            );
            mistakes.push(
                Diagnostic::new(Code::MissingKey, title)
                    .at(line.number.span, "缺少 `seats`", "`seats` is missing")
                    .help("保留座席写 \"kept\"，取消座席写 \"pooled\"", "write \"kept\" or \"pooled\""),
            );
        }
    }
}

fn pooled(line: &LineWritten, mistakes: &mut Mistakes) {
    let spans = [
        line.group.as_ref().map(|g| g.span),
        line.trunk.as_ref().map(|t| t.span),
        line.ring.as_ref().map(|r| r.span),
        line.overflow.first().map(|o| o.span),
    ];
    for span in spans.into_iter().flatten() {
        let title = Text::new(
            format!("号码 {} 的座席已取消，不能另有去向", line.number.value),
            format!("the seats of number {} are pooled; it has no destination of its own", line.number.value),
        );
        let mut mistake = Diagnostic::new(Code::PooledSeats, title).at(span, "另设的去向", "its own destination");
        if let Some(kept) = &line.kept {
            mistake = mistake.also(kept.span, "座席已取消", "seats are pooled");
        }
        mistakes.push(
            mistake
                .note(clause::POOLED.0, clause::POOLED.1)
                .help("删去它，或改成 seats = \"kept\"", "delete it, or write seats = \"kept\""),
        );
    }
}

fn kept(checked: &Checked<'_>, line: &LineWritten, mistakes: &mut Mistakes) {
    if !line.has("group") && !line.has("trunk") {
        mistakes.push(nowhere(line, "group 或 trunk", "a group or a trunk"));
    }
    all_day(checked, line, mistakes);
}

fn all_day(checked: &Checked<'_>, line: &LineWritten, mistakes: &mut Mistakes) {
    let group = line.group.as_ref().and_then(|g| Some((g, checked.names.groups.get(g.value.as_str())?)));
    let Some((named, group)) = group else { return };
    let Some(hours) = group.hours.as_ref().filter(|h| h.value != HoursWritten::Always) else { return };
    let title = Text::new(
        format!("号码 {} 的坐席组 `{}` 不是 7×24", line.number.value, named.value),
        format!("group `{}` of number {} is not 7x24", named.value, line.number.value),
    );
    mistakes.push(
        Diagnostic::new(Code::NotAllDay, title)
            .at(hours.span, "不是全天候", "not around the clock")
            .also(named.span, "这个号码用它", "used by this number")
            .note(clause::ALL_DAY.0, clause::ALL_DAY.1)
            .help("改成 hours = \"7x24\"", "write hours = \"7x24\""),
    );
}
