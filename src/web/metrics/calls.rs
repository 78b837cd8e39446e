//! The calls that have ended in this run, by product §7: whoever adds up over time must not meet a number that goes down.

use super::exposition::{Exposition, Kind, count, seconds};
use crate::ledger::figures::Meter;

pub(super) fn write(out: &mut Exposition, meter: &Meter) {
    let all = &meter.tally.all;
    out.family(
        "switchboard_calls_total",
        Kind::Counter,
        "Calls that have ended, by outcome: their sum is all of them.",
    );
    for (outcome, calls) in all.outcomes.iter() {
        out.sample("switchboard_calls_total", &[("outcome", outcome.word())], count(calls));
    }
    let help = "Calls offered to persons: with t1, and any that we failed before it.";
    out.single("switchboard_offered_calls_total", Kind::Counter, help, count(all.level.offered));
    let help = "Of these, answered by a person.";
    out.single("switchboard_answered_calls_total", Kind::Counter, help, count(all.level.connected));
    let help = "Of these, within 15.000 s of t1.";
    out.single("switchboard_answered_in_time_calls_total", Kind::Counter, help, count(all.level.in_15s));
    out.single(
        "switchboard_talk_seconds_total",
        Kind::Counter,
        "Callers and persons had each other.",
        seconds(all.talk),
    );
    out.single("switchboard_transfers_total", Kind::Counter, "Transfers asked for.", count(all.transfers.asked));
    let help = "Transfers whose target joined.";
    out.single("switchboard_transfers_joined_total", Kind::Counter, help, count(all.transfers.joined));
    waits(out, meter);
    lines(out, meter);
    groups(out, meter);
}

fn waits(out: &mut Exposition, meter: &Meter) {
    let name = "switchboard_answer_wait_seconds";
    out.family(name, Kind::Histogram, "From t1 until a person answered, of those who got one.");
    let bucket = format!("{name}_bucket");
    for (bound, calls) in meter.waits.cumulated() {
        out.sample(&bucket, &[("le", &bound.to_string())], count(calls));
    }
    out.sample(&bucket, &[("le", "+Inf")], count(meter.waits.count()));
    out.sample(&format!("{name}_sum"), &[], seconds(meter.waits.sum()));
    out.sample(&format!("{name}_count"), &[], count(meter.waits.count()));
}

fn lines(out: &mut Exposition, meter: &Meter) {
    let lines = || meter.tally.lines.iter().map(|(number, line)| (&**number, &line.calls));
    let mut family = |name: &str, help: &str, of: fn(&crate::ledger::figures::Calls) -> u64| {
        out.family(name, Kind::Counter, help);
        for (number, calls) in lines() {
            out.sample(name, &[("line", number)], count(of(calls)));
        }
    };
    let help = "Calls that have ended, by the number first dialled.";
    family("switchboard_line_calls_total", help, |calls| calls.outcomes.calls());
    let help = "Calls offered to persons, by the number first dialled.";
    family("switchboard_line_offered_calls_total", help, |calls| calls.level.offered);
    let help = "Of these, answered by a person, wherever.";
    family("switchboard_line_answered_calls_total", help, |calls| calls.level.connected);
    let help = "Of these, within 15.000 s of t1.";
    family("switchboard_line_answered_in_time_calls_total", help, |calls| calls.level.in_15s);
}

fn groups(out: &mut Exposition, meter: &Meter) {
    let name = "switchboard_group_visits_total";
    out.family(name, Kind::Counter, "Visits to a group's queue, by how they ended.");
    for (group, visits) in &meter.tally.groups {
        for (end, times) in visits.by_end() {
            out.sample(name, &[("group", group.as_str()), ("end", end)], count(times));
        }
    }
    let name = "switchboard_group_answered_in_time_visits_total";
    out.family(name, Kind::Counter, "Visits answered within 15.000 s of their beginning.");
    for (group, visits) in &meter.tally.groups {
        out.sample(name, &[("group", group.as_str())], count(visits.in_15s));
    }
}
