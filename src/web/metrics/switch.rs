//! The exchange, its sockets, its journal, as the signalling thread has told.

use super::exposition::{Exposition, Kind, count, seconds};
use crate::admin::Pulse;
use crate::exchange::{Meters, SEAT_STATES};

pub(super) fn write(out: &mut Exposition, pulse: &Pulse, now: u64) {
    let age = seconds(now.saturating_sub(pulse.at));
    let help = "Since the signalling thread has told how it is; it does so every 5 s at least.";
    out.single("switchboard_signalling_age_seconds", Kind::Gauge, help, age);
    let busy = f64::from(pulse.busy_permille) / 1_000.0;
    out.single(
        "switchboard_signalling_busy_ratio",
        Kind::Gauge,
        "Share of a processor of the signalling thread.",
        busy,
    );
    exchange(out, &pulse.meters);
    trunks(out, &pulse.meters);
    sockets(out, pulse);
    books(out, pulse);
}

fn exchange(out: &mut Exposition, meters: &Meters) {
    out.single("switchboard_live_calls", Kind::Gauge, "Calls that live.", size(meters.calls));
    out.family("switchboard_waiting_calls", Kind::Gauge, "Calls in a group's line.");
    for (group, waiting) in &meters.waiting {
        out.sample("switchboard_waiting_calls", &[("group", group.as_str())], size(*waiting));
    }
    out.family("switchboard_seats", Kind::Gauge, "Seats by what they do.");
    for (state, seats) in SEAT_STATES.iter().zip(meters.seats) {
        out.sample("switchboard_seats", &[("state", state)], size(seats));
    }
    let help = "Seats with a registered phone.";
    out.single("switchboard_registered_seats", Kind::Gauge, help, size(meters.registered));
    let (used, free, bound) = meters.ports;
    out.family("switchboard_media_ports", Kind::Gauge, "Pairs of media ports: in use, free, and resting after use.");
    for (state, ports) in [("used", used), ("free", free), ("resting", bound.saturating_sub(used + free))] {
        out.sample("switchboard_media_ports", &[("state", state)], size(ports));
    }
    let (sessions, transactions) = meters.sip;
    out.single("switchboard_sip_sessions", Kind::Gauge, "SIP sessions.", size(sessions));
    out.single("switchboard_sip_transactions", Kind::Gauge, "SIP transactions.", size(transactions));
    let draining = f64::from(u8::from(meters.draining));
    out.single("switchboard_draining", Kind::Gauge, "1: no new calls are taken.", draining);
    let help = "Calls refused with 503 for want of time or room, with a record of their own or without.";
    out.single("switchboard_calls_shed_total", Kind::Counter, help, count(meters.shed));
    let help = "Share of the ordinary calls that is refused at present.";
    out.single("switchboard_shed_ratio", Kind::Gauge, help, f64::from(meters.shed_permille) / 1_000.0);
    let (response, acknowledgement) = meters.given_up;
    out.family(
        "switchboard_sip_given_up_total",
        Kind::Counter,
        "Waits that ended in a timer of RFC 3261, by what for.",
    );
    for (what, times) in [("response", response), ("acknowledgement", acknowledgement)] {
        out.sample("switchboard_sip_given_up_total", &[("what", what)], f64::from(times));
    }
}

fn trunks(out: &mut Exposition, meters: &Meters) {
    out.family("switchboard_trunk_up", Kind::Gauge, "1: the trunk answers OPTIONS, or is never asked.");
    for (trunk, up, _) in &meters.trunks {
        out.sample("switchboard_trunk_up", &[("trunk", trunk.as_str())], f64::from(u8::from(*up)));
    }
    out.family("switchboard_trunk_calls", Kind::Gauge, "Calls that we sent to the trunk.");
    for (trunk, _, calls) in &meters.trunks {
        out.sample("switchboard_trunk_calls", &[("trunk", trunk.as_str())], size(*calls));
    }
}

fn sockets(out: &mut Exposition, pulse: &Pulse) {
    let counts = &pulse.transport;
    out.family("switchboard_sip_messages_total", Kind::Counter, "SIP messages by transport and direction.");
    for (transport, direction, messages) in [
        ("udp", "in", counts.datagrams_in),
        ("udp", "out", counts.datagrams_out),
        ("tcp", "in", counts.messages_in),
        ("tcp", "out", counts.messages_out),
    ] {
        let labels = [("transport", transport), ("direction", direction)];
        out.sample("switchboard_sip_messages_total", &labels, count(messages));
    }
    out.family("switchboard_sip_dropped_total", Kind::Counter, "Datagrams that went nowhere, by why.");
    for (reason, datagrams) in [
        ("keepalive", counts.keepalives),
        ("truncated", counts.truncated),
        ("overfull", counts.overfull),
        ("unsent", counts.unsent),
    ] {
        out.sample("switchboard_sip_dropped_total", &[("reason", reason)], count(datagrams));
    }
    out.single("switchboard_tcp_connections", Kind::Gauge, "TCP connections of SIP.", size(pulse.connections));
    let help = "TCP connections closed at once because there were too many.";
    out.single("switchboard_tcp_refused_total", Kind::Counter, help, count(counts.refused));
    out.family(
        "switchboard_media_dropped_total",
        Kind::Counter,
        "What found no room on its way to or from the media threads.",
    );
    for (what, times) in
        [("packets", pulse.media_dropped), ("commands", pulse.media_refused), ("events", pulse.media_lost)]
    {
        out.sample("switchboard_media_dropped_total", &[("what", what)], count(times));
    }
    let help = "The most that sound was sent late by of late.";
    out.single("switchboard_media_late_seconds", Kind::Gauge, help, seconds(pulse.media_late));
    let help = "The longest that a datagram waited to be read of late.";
    out.single("switchboard_sip_delay_seconds", Kind::Gauge, help, seconds(pulse.waited));
}

fn books(out: &mut Exposition, pulse: &Pulse) {
    out.single("switchboard_facts_total", Kind::Counter, "Facts written to the journal.", count(pulse.facts));
    out.single("switchboard_alarms_total", Kind::Counter, "Alarms raised.", count(pulse.alarms));
    let failing = f64::from(u8::from(pulse.journal.failing.is_some()));
    out.single("switchboard_journal_failing", Kind::Gauge, "1: the disk does not take the journal.", failing);
    let help = "Of the journal, what waits in memory for the disk.";
    out.single("switchboard_journal_waiting_bytes", Kind::Gauge, help, size(pulse.journal.waiting));
    let help = "Facts lost because disk and memory were full.";
    out.single("switchboard_journal_lost_facts_total", Kind::Counter, help, count(pulse.journal.lost));
    let help = "Facts in the journal that the records do not follow yet.";
    out.single("switchboard_journal_lag_facts", Kind::Gauge, help, count(pulse.unfolded));
    let failing = f64::from(u8::from(pulse.unbookable.is_some()));
    out.single("switchboard_records_failing", Kind::Gauge, "1: the database does not take records.", failing);
    out.single(
        "switchboard_records_waiting",
        Kind::Gauge,
        "Records that wait for the database.",
        count(pulse.unbooked),
    );
}

fn size(size: usize) -> f64 {
    count(size as u64)
}
