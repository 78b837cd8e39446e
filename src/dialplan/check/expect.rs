//! A plan's own tests, `[[expect]]`, and the numbers that must stay cancelled.

use super::checked::Checked;
use super::clause;
use super::{Code, Diagnostic, Mistakes, Severity, Text};
use crate::dialplan::Plan;
use crate::dialplan::explain::{self, Decision};
use crate::dialplan::life::State;
use crate::dialplan::number::{Dialled, Spelling};
use std::sync::Arc;

/// Runs every expectation against the compiled plan, by the code of the hot path.
pub(super) fn run(plan: &Plan, checked: &Checked<'_>, mistakes: &mut Mistakes) {
    for expect in &checked.written.expects {
        let (Some(dial), Some(to)) = (&expect.dial, &expect.to) else { continue };
        let wanted = to.value.split('>').map(str::trim).collect::<Vec<_>>().join(" > ");
        for at in &expect.at {
            let wall = plan.zone.moment(at.value);
            let found = match plan.normalise(dial.value.as_bytes()) {
                Ok(dialled) => explain::line(plan.decide(dialled, wall)),
                Err(_) => "release:404".to_owned(),
            };
            if found == wanted {
                continue;
            }
            let when = at.value.strftime("%Y-%m-%dT%H:%M").to_string();
            let number = &dial.value;
            let title = Text::new(
                format!("预期不符：{when} 拨 {number}"),
                format!("expectation fails: {number} dialled at {when}"),
            );
            mistakes.push(
                Diagnostic::new(Code::Expectation, title)
                    .at(to.span, format!("实际是 {found}"), format!("found {found}"))
                    .also(at.span, "在这个时间", "at this time"),
            );
        }
    }
    stay_cancelled(plan, checked, mistakes);
}

/// What an earlier version had cancelled is cancelled or unknown, today and for ever.
fn stay_cancelled(plan: &Plan, checked: &Checked<'_>, mistakes: &mut Mistakes) {
    let wall = checked.known.wall.unwrap_or(i64::MAX);
    for digits in checked.known.cancelled.iter().copied() {
        let dialled = Dialled { digits, spelling: Spelling::Local, emergency: None };
        let entry = match plan.decide(dialled, wall) {
            Decision::Routed(routed) if routed.state != State::Cancelled => routed.entry,
            Decision::Refused(refusal) => match refusal.entry {
                Some(entry) => entry,
                None => continue,
            },
            Decision::Routed(_) => continue,
        };
        let written =
            plan.entries.iter().position(|e| Arc::ptr_eq(e, entry)).and_then(|i| checked.written.lines.get(i));
        let title = Text::new(
            format!("号码 {digits} 以前已取消，现在又有了去向"),
            format!("number {digits} was cancelled before and is routed again"),
        );
        let mut mistake =
            Diagnostic::new(Code::Revived, title).note(clause::NEVER_RESTORED.0, clause::NEVER_RESTORED.1);
        mistake.severity = Severity::Error;
        if let Some(line) = written {
            mistake = mistake.at(line.number.span, "恢复了它", "brings it back");
        }
        mistakes.push(mistake.help(
            "保留 class = \"merged\" 和原来的 cutover，或删去这一条",
            "keep class = \"merged\" and its old cutover, or delete the entry",
        ));
    }
}
