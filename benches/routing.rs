//! Look-ups in the shipped plan and in the table alone.

use crate::line;
use crate::shipped::shipped;
use std::hint::black_box;
use std::time::Instant;

/// Median over rounds of the mean ns of one call of `work`.
pub fn median_ns(rounds: usize, times: usize, mut work: impl FnMut(usize)) -> f64 {
    let mut all: Vec<f64> = (0..rounds)
        .map(|_| {
            #[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
            let start = Instant::now();
            for i in 0..times {
                work(i);
            }
            start.elapsed().as_nanos() as f64 / times as f64
        })
        .collect();
    all.sort_by(f64::total_cmp);
    all[rounds / 2]
}

pub fn run() {
    let plan = shipped();
    let uris: Vec<Vec<u8>> = ["12345", "12333", "059112345", "+8659112348", "119", "12366", "13800138000", "96119"]
        .iter()
        .map(|n| format!("sip:{n}@10.1.2.3:5060;user=phone").into_bytes())
        .collect();
    let dialled: Vec<_> = uris.iter().map(|u| plan.normalise(u).unwrap()).collect();
    let wall = 1_639_533_600_000_000;
    let digits: Vec<_> = dialled.iter().map(|d| d.digits).collect();
    let table = median_ns(51, 100_000, |i| {
        black_box(plan.table().get(black_box(digits[i & 7])));
    });
    line("look-up from packed digits, shipped plan", table, "ns", Some(10.0));
    let uri = median_ns(51, 100_000, |i| {
        black_box(plan.normalise(black_box(&uris[i & 7])).ok());
    });
    line("normalise the request-URI", uri, "ns more", Some(50.0));
    let decide = median_ns(51, 100_000, |i| {
        black_box(plan.decide(black_box(dialled[i & 7]), wall));
    });
    line("decide: emergency layer, look-up, date", decide, "ns", None);
}
