//! `make bench-routing`: the look-up table beside its budgets and beside what others use, and the loader of a large plan.
//!
//! Budgets (issue: "the table"): from packed digits ≤ 10 ns for 33 numbers, ≤ 25 ns for 1,000, ≤ 100 ns for 1,000,000,
//! the same on two threads; ≤ 50 ns more from the raw request-URI; no allocation; ≤ 24 bytes an entry; p99.99 while whole
//! tables are being swapped no worse than twice that without; a reload of 1,000,000 entries under a second; `check` of
//! them within 10 s. Nothing here fails: figures are read, not asserted.

#![expect(clippy::unwrap_used, reason = "a bench that cannot set itself up has nothing to measure")]

#[path = "../../tests/it/support/counted.rs"]
mod counted;
mod instructions;
mod load;
mod numbers;
mod path;
mod readers;
mod rivals;
#[path = "../shipped.rs"]
mod shipped;
mod tables;

/// Sizes that are measured, in entries.
pub const SIZES: [usize; 4] = [33, 1_000, 100_000, 1_000_000];

/// The budget of one look-up from packed digits, ns.
pub fn budget(entries: usize) -> Option<f64> {
    match entries {
        0..=33 => Some(10.0),
        34..=1_000 => Some(25.0),
        1_000_000 => Some(100.0),
        _ => None,
    }
}

/// `ok` or `OVER`, with the budget beside it.
pub fn verdict(figure: f64, budget: Option<f64>) -> String {
    budget.map_or_else(String::new, |b| format!("budget {b:>6.1}  {}", if figure <= b { "ok" } else { "OVER" }))
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match *words {
        // What this program runs of itself, under valgrind or to see the memory of one load alone.
        ["--count", what, entries, times] => {
            return instructions::measured_part(what, entries.parse().unwrap(), times.parse().unwrap());
        }
        ["--load", shape] => return load::child(shape),
        _ => {}
    }
    // `cargo test --benches` runs this too, to see that it starts; figures are for `cargo bench`.
    if !std::env::args().any(|a| a == "--bench") {
        return;
    }
    let wanted = |part: &str| words.is_empty() || words.contains(&part);
    let parts: [(&str, fn()); 5] = [
        ("path", path::run),
        ("tables", tables::run),
        ("rivals", rivals::run),
        ("instructions", instructions::run),
        ("load", load::run),
    ];
    readers::explain();
    for (name, run) in parts {
        if wanted(name) {
            println!("\n{name}");
            run();
        }
    }
}
