//! Measurements, run by hand: a look-up, and the check of a million numbers.

use super::*;
use std::fmt::Write as _;

/// `cargo test --release -- --ignored lookup --nocapture` prints ns per look-up; the benches of the project do so too.
#[test]
#[ignore = "a measurement"]
fn lookup_measured() {
    let plan = shipped();
    let numbers: Vec<Digits> = plan.entries().map(|e| Digits::parse(&e.number).unwrap()).collect();
    let numbers: Vec<Digits> = (0..4096usize).map(|i| numbers[i * 2_654_435_761 % 65_521 % numbers.len()]).collect();
    let measure = |name: &str, work: &dyn Fn(usize) -> u64| {
        let clock = switchboard::clock::Clock::system();
        let mut sum = 0u64;
        (0..200_000).for_each(|i| sum = sum.wrapping_add(work(i)));
        let start = clock.now().mono;
        (0..4_000_000).for_each(|i| sum = sum.wrapping_add(work(i)));
        let ns = (clock.now().mono - start) as f64 * 1000.0 / 4_000_000.0;
        println!("{name:34} {ns:6.1} ns  ({sum:x})");
    };
    measure("loop alone", &|i| numbers[i & 4095].packed());
    measure("table, 36 entries", &|i| u64::from(plan.table().get(numbers[i & 4095]).unwrap_or(0)));
    let noon = wall(&plan, "2021-12-15T12:00");
    let uris: Vec<String> = numbers.iter().map(|n| format!("sip:+86591{n}@192.0.2.1;user=phone")).collect();
    measure("normalise", &|i| plan.normalise(uris[i & 4095].as_bytes()).map_or(0, |d| d.packed()));
    measure("normalise + decide", &|i| {
        let dialled = plan.normalise(uris[i & 4095].as_bytes()).unwrap();
        match plan.decide(dialled, noon) {
            Decision::Routed(r) => r.route.steps.len() as u64,
            Decision::Refused(_) => 0,
        }
    });
    for count in [1_000u64, 100_000, 1_000_000] {
        let keys: Vec<(Pattern, u32)> =
            (0..count).map(|i| (Pattern::parse(&format!("{}", 20_000_000 + i * 7)).unwrap(), i as u32)).collect();
        let table = Table::build(&keys);
        let probe: Vec<Digits> = (0..65_536u64)
            .map(|i| Digits::parse(&format!("{}", 20_000_000 + i * 2_654_435_761 % count * 7)).unwrap())
            .collect();
        measure(&format!("table, {count} ({} B an entry)", table.bytes() / keys.len()), &|i| {
            u64::from(table.get(probe[i & 65_535]).unwrap_or(0))
        });
    }
}

/// A million numbers: the check ends, and in time. Prints how long and how much.
#[test]
#[ignore = "a measurement"]
fn a_million_numbers_are_checked() {
    let mut text = read_sample("valid/minimal.toml").text.to_string();
    text.push_str("[route]\n");
    (0..1_000_000u32).for_each(|i| writeln!(text, "{} = \"group:main\"", 20_000_000 + i * 7).unwrap());
    let sources = [Source { file: "million.toml".into(), text: text.into() }];
    let clock = switchboard::clock::Clock::system();
    let start = clock.now().mono;
    let (plan, _) = Plan::load(&sources, &Known::default()).unwrap();
    println!(
        "{} entries in {} ms, {} B of table an entry",
        plan.table().len(),
        (clock.now().mono - start) / 1000,
        plan.table().bytes() / plan.table().len()
    );
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    println!("{}", status.lines().find(|l| l.starts_with("VmHWM")).unwrap_or_default());
}
