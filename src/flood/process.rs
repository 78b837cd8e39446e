//! What a process on this machine costs, with all that it has started: read from `/proc`.

use std::collections::{HashMap, HashSet};
use std::fs;

/// CPU and memory of a process tree at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Cost {
    /// User and system time, s, of those that live and of children that have ended.
    pub cpu_s: f64,
    /// Memory in use, kB.
    pub rss_kb: u64,
}

/// The cost of this process and its descendants; `None`: there is none of that number.
#[must_use]
pub fn cost(pid: u32) -> Option<Cost> {
    let own = stat(pid)?;
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for entry in fs::read_dir("/proc").ok()?.flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        if let Some(found) = stat(id) {
            children.entry(found.parent).or_default().push(id);
        }
    }
    let (mut left, mut seen) = (children.remove(&pid).unwrap_or_default(), HashSet::from([pid]));
    let mut sum = own.cost();
    while let Some(id) = left.pop() {
        if !seen.insert(id) {
            continue;
        }
        if let Some(found) = stat(id) {
            let cost = found.cost();
            sum.cpu_s += cost.cpu_s;
            sum.rss_kb += cost.rss_kb;
        }
        left.extend(children.remove(&id).unwrap_or_default());
    }
    Some(sum)
}

/// CPU of this process alone, s.
#[must_use]
pub fn own_cpu_s() -> f64 {
    own().map_or(0.0, |cost| cost.cpu_s)
}

/// The cost of this process alone.
#[must_use]
pub fn own() -> Option<Cost> {
    stat(std::process::id()).map(Stat::cost)
}

#[derive(Debug, Clone, Copy)]
struct Stat {
    parent: u32,
    ticks: u64,
    pages: u64,
}

impl Stat {
    fn cost(self) -> Cost {
        // The kernel tells times in hundredths of a second (USER_HZ) on every platform that has `/proc`.
        Cost { cpu_s: self.ticks as f64 / 100.0, rss_kb: self.pages * (rustix::param::page_size() as u64) / 1024 }
    }
}

/// `/proc/PID/stat`: the name may hold anything, also brackets, so that fields count from the last one.
fn stat(pid: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    let number = |n: usize| fields.get(n).and_then(|f| f.parse::<u64>().ok());
    let ticks = (11..=14).map(|n| number(n).unwrap_or(0)).sum();
    Some(Stat { parent: u32::try_from(number(1)?).ok()?, ticks, pages: number(21)? })
}

/// Processor and cores of this machine, as a report names it.
#[must_use]
pub fn machine() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':').map(|(_, m)| m.trim()));
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kb =
        memory.lines().find_map(|line| line.strip_prefix("MemTotal:")?.split_ascii_whitespace().next()?.parse().ok());
    let gb = kb.map_or(0.0, |kb: f64| kb / 1024.0 / 1024.0);
    format!("{} × {cores}, {gb:.1} GB, Linux {}", model.unwrap_or(std::env::consts::ARCH), kernel.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_process_costs_what_its_children_cost_too() {
        let own = cost(std::process::id()).unwrap();
        assert!(own.rss_kb > 1_000 && own.cpu_s >= 0.0);
        // A shell that only waits: its own memory stands still, while that of this process is other tests' too.
        let mut child = std::process::Command::new("sh").args(["-c", "sleep 5 & wait"]).spawn().unwrap();
        let more = || cost(child.id()).unwrap().rss_kb > stat(child.id()).unwrap().cost().rss_kb;
        let mut patience = 500;
        while !more() && patience > 0 {
            std::thread::sleep(Duration::from_millis(10));
            patience -= 1;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(patience > 0, "what the shell has started is counted");
        assert_eq!(cost(u32::MAX), None);
        assert!(machine().contains("Linux"));
    }
}
