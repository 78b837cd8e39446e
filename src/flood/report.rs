//! What came of a run, as one document.

use super::process::Cost;
use super::sound::Totals;
use super::tally::{Spread, Tally};
use serde_json::{Value, json};

/// The server's process, from the begin to the end of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Server {
    /// CPU that it used, s.
    pub cpu_s: f64,
    /// Its memory at the begin, the most that was seen, and at the end, kB.
    pub rss_kb: [u64; 3],
}

impl Server {
    /// From the first to the last look.
    #[must_use]
    pub fn of(first: Cost, last: Cost, most_kb: u64) -> Self {
        let most = most_kb.max(first.rss_kb).max(last.rss_kb);
        Self { cpu_s: (last.cpu_s - first.cpu_s).max(0.0), rss_kb: [first.rss_kb, most, last.rss_kb] }
    }
}

/// What came of a run.
#[derive(Debug, Default)]
pub struct Report {
    /// Counts of the signalling.
    pub tally: Tally,
    /// What was heard.
    pub sound: Totals,
    /// The server's cost.
    pub server: Option<Server>,
    /// Our own CPU, s.
    pub own_cpu_s: f64,
    /// How long it took until the last call was over, s.
    pub seconds: f64,
    /// It was ended from outside before its time.
    pub interrupted: bool,
    /// Calls that were live at most.
    pub most_live: u64,
    /// Replays the run.
    pub seed: u64,
}

/// A measured value that an expectation can name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Figure {
    /// A count, of `whole`.
    Count {
        /// The count.
        count: u64,
        /// What it is a share of.
        whole: u64,
    },
    /// µs.
    Time(u64),
    /// Something without a unit, or in its own.
    Plain(f64),
    /// It was not measured in this run.
    Missing,
}

/// Names of the figures of [`Report::figure`].
pub const FIGURES: [&str; 31] = [
    "answered",
    "failed",
    "abandoned",
    "late_starts",
    "not_begun",
    "timeouts",
    "broken",
    "retransmissions",
    "ended_there",
    "byes_unanswered",
    "served",
    "p50",
    "p90",
    "p99",
    "p999",
    "p9999",
    "max",
    "post_dial_p99",
    "bye_p99",
    "person_p99",
    "mute_legs",
    "wrong_sound",
    "one_way",
    "lost",
    "holes_over_40ms",
    "delay_p99",
    "jitter_p99",
    "first_sound_p99",
    "cpu_s",
    "cpu_s_per_1000",
    "rss_kb",
];

impl Report {
    /// Calls that were not as they should be.
    #[must_use]
    pub fn bad(&self) -> u64 {
        self.tally.failed + self.tally.not_begun
    }

    /// CPU of the server for a thousand answered calls, s.
    #[must_use]
    pub fn cpu_s_per_1000(&self) -> Option<f64> {
        let server = self.server?;
        (self.tally.answered > 0).then(|| server.cpu_s * 1000.0 / self.tally.answered as f64)
    }

    /// The figure of this name; `None`: there is none.
    #[must_use]
    pub fn figure(&self, name: &str) -> Option<Figure> {
        let t = &self.tally;
        let of_calls = |count| Figure::Count { count, whole: t.calls };
        let time = |spread: &Spread, p: f64| {
            if spread.count() == 0 { Figure::Missing } else { Figure::Time(spread.at(p)) }
        };
        let heard = &self.sound.counts;
        let packets = heard.packets + heard.lost;
        Some(match name {
            "answered" => of_calls(t.answered),
            "failed" => of_calls(self.bad()),
            "abandoned" => of_calls(t.abandoned),
            "late_starts" => of_calls(t.late_starts),
            "not_begun" => of_calls(t.not_begun),
            "timeouts" => of_calls(t.timeouts),
            "broken" => of_calls(t.broken),
            "retransmissions" => of_calls(t.retransmissions),
            "ended_there" => of_calls(t.ended_there),
            "byes_unanswered" => Figure::Count { count: t.byes.saturating_sub(t.byes_answered), whole: t.byes },
            "served" => of_calls(t.served),
            "p50" => time(&t.setup, 0.5),
            "p90" => time(&t.setup, 0.9),
            "p99" => time(&t.setup, 0.99),
            "p999" => time(&t.setup, 0.999),
            "p9999" => time(&t.setup, 0.9999),
            "max" => time(&t.setup, 1.0),
            "post_dial_p99" => time(&t.post_dial, 0.99),
            "bye_p99" => time(&t.bye, 0.99),
            "person_p99" => time(&t.person, 0.99),
            "mute_legs" => Figure::Count { count: self.sound.mute_legs, whole: self.sound.legs },
            "wrong_sound" => Figure::Count { count: heard.wrong, whole: heard.packets },
            "one_way" => of_calls(self.sound.one_way),
            "lost" => Figure::Count { count: heard.lost, whole: packets },
            "holes_over_40ms" => Figure::Count { count: heard.holes, whole: heard.packets },
            "delay_p99" => time(&self.sound.delay, 0.99),
            "jitter_p99" => time(&self.sound.jitter, 0.99),
            "first_sound_p99" => time(&self.sound.first, 0.99),
            "cpu_s" => self.server.map_or(Figure::Missing, |s| Figure::Plain(s.cpu_s)),
            "cpu_s_per_1000" => self.cpu_s_per_1000().map_or(Figure::Missing, Figure::Plain),
            "rss_kb" => self.server.map_or(Figure::Missing, |s| Figure::Plain(s.rss_kb[1] as f64)),
            _ => return None,
        })
    }

    /// The whole as a document.
    #[must_use]
    pub fn document(&self) -> Value {
        let t = &self.tally;
        let status: serde_json::Map<String, Value> = t.status.iter().map(|(k, v)| (k.to_string(), json!(v))).collect();
        let kinds: serde_json::Map<String, Value> = t
            .kinds
            .iter()
            .map(|(k, [calls, answered, failed])| {
                (k.clone(), json!({ "calls": calls, "answered": answered, "failed": failed }))
            })
            .collect();
        let seconds: Vec<Value> = t
            .seconds
            .iter()
            .map(|s| json!([s.begun, s.answered, s.failed, s.live, s.p50, s.p99, s.cpu, s.rss]))
            .collect();
        json!({
            "calls": t.calls, "answered": t.answered, "failed": self.bad(), "late_starts": t.late_starts,
            "not_begun": t.not_begun, "as_expected": t.as_expected, "abandoned": t.abandoned, "timeouts": t.timeouts,
            "broken": t.broken, "ended_there": t.ended_there, "served": t.served, "retransmissions": t.retransmissions,
            "byes": { "sent": t.byes, "answered": t.byes_answered },
            "transfers": { "asked": t.refers, "done": t.referred },
            "status": status, "kinds": kinds,
            "setup_ms": t.setup.ms(), "post_dial_ms": t.post_dial.ms(), "bye_ms": t.bye.ms(), "person_ms": t.person.ms(),
            "media": self.media(),
            "server": self.server.map(|s| json!({
                "cpu_s": s.cpu_s, "cpu_s_per_1000": self.cpu_s_per_1000(), "rss_kb": s.rss_kb[1],
                "rss_kb_begin": s.rss_kb[0], "rss_kb_end": s.rss_kb[2],
            })),
            "own_cpu_s": self.own_cpu_s, "seconds": self.seconds, "most_live": self.most_live,
            "interrupted": self.interrupted, "seed": self.seed,
            "each_second": { "columns": ["begun", "answered", "failed", "live", "p50_ms", "p99_ms", "cpu", "rss_mb"], "rows": seconds },
        })
    }

    fn media(&self) -> Value {
        let s = &self.sound;
        let level = |p: f64| (s.level.count() > 0).then(|| -(s.level.at(p) as f64) / 10.0);
        json!({
            "legs": s.legs, "mute_legs": s.mute_legs, "one_way": s.one_way, "wrong_sound": s.counts.wrong,
            "packets": s.counts.packets, "sent": s.said, "unsent": s.unsent, "lost": s.counts.lost, "late": s.counts.late,
            "holes_over_40ms": s.counts.holes, "of_the_other_side": s.counts.marked, "of_others": s.counts.other,
            "strays": s.strays, "delay_ms": s.delay.ms(), "jitter_ms": s.jitter.ms(), "first_sound_ms": s.first.ms(),
            "level_dbfs": { "loudest": level(0.0), "median": level(0.5), "softest": level(1.0) },
            "stalls": s.stalls,
        })
    }
}
