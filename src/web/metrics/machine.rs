//! The process and what it runs.

use super::exposition::{Exposition, Kind, count};
use crate::flood::process;

pub(super) fn write(out: &mut Exposition, plan: &str, started: i64) {
    let version = env!("CARGO_PKG_VERSION");
    out.family("switchboard_build_info", Kind::Gauge, "The program; always 1.");
    out.sample("switchboard_build_info", &[("version", version)], 1.0);
    out.family("switchboard_plan_info", Kind::Gauge, "The dialplan in force; always 1.");
    out.sample("switchboard_plan_info", &[("version", plan)], 1.0);
    if let Some(cost) = process::own() {
        let cpu = "User and system time of the process.";
        out.single("process_cpu_seconds_total", Kind::Counter, cpu, cost.cpu_s);
        let memory = "Resident memory of the process.";
        out.single("process_resident_memory_bytes", Kind::Gauge, memory, count(cost.rss_kb * 1024));
    }
    let began = started as f64 / 1e6;
    out.single("process_start_time_seconds", Kind::Gauge, "When the process began, s since the epoch.", began);
    if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
        // Without the one by which they are counted.
        let open = open.count().saturating_sub(1) as u64;
        out.single("process_open_fds", Kind::Gauge, "Open file descriptors.", count(open));
    }
    let most = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    if let Some(most) = most {
        out.single("process_max_fds", Kind::Gauge, "Most open file descriptors.", count(most));
    }
}
