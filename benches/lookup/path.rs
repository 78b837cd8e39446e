//! The whole path of a call through the shipped plan: the request-URI as it came, then the decision. It allocates nothing.

use crate::counted::counted;
use crate::readers::measure;
use crate::shipped::shipped;
use crate::verdict;
use std::hint::black_box;
use switchboard::dialplan::Digits;

/// Every spelling of product §2, right and wrong numbers.
const URIS: [&str; 8] = [
    "sip:12345@10.1.2.3:5060;user=phone",
    "sip:059112333@10.1.2.3",
    "sip:+8659112348@10.1.2.3;user=phone",
    "tel:12366;phone-context=+86591",
    "sip:%2B8659112329@192.0.2.1",
    "sip:119@10.1.2.3",
    "sip:13800138000@10.1.2.3:5060;user=phone",
    "sip:96119@[2001:db8::1]:5061",
];

pub fn run() {
    let plan = shipped();
    // The probe is only the number of a URI here; the chain and the clock are the same as for the table.
    let turn: Vec<Digits> = (0..1 << 14).map(|i: usize| Digits::parse(&(i * 5 % 8 + 1).to_string()).unwrap()).collect();
    let uri = |d: Digits| URIS[d.packed() as usize & 7].as_bytes();
    let dialled = URIS.map(|u| plan.normalise(u.as_bytes()).unwrap());
    let noon = 1_639_533_600_000_000;
    let line =
        |what: &str, ns: f64, budget: Option<f64>| println!("  {what:<58} {ns:>8.1} ns  {}", verdict(ns, budget));
    for threads in [1, 2] {
        let table = measure(&turn, threads, None, |d| {
            plan.table().get(dialled[d.packed() as usize & 7].digits).unwrap_or(u32::MAX)
        });
        line(&format!("look-up in the shipped plan, {threads} threads"), table.chained, Some(10.0));
        let normalise = measure(&turn, threads, None, |d| plan.normalise(uri(d)).map_or(0, |n| n.packed() as u32));
        line(&format!("request-URI to packed digits, {threads} threads"), normalise.chained, Some(50.0));
        let decide = measure(&turn, threads, None, |d| {
            plan.normalise(uri(d))
                .map_or(0, |n| u32::from(matches!(plan.decide(n, noon), switchboard::dialplan::Decision::Routed(_))))
        });
        line(&format!("request-URI to decision, date and all, {threads} threads"), decide.chained, None);
    }
    let (_, counts) = counted(|| {
        for uri in URIS.iter().cycle().take(1_000) {
            let _ = black_box(plan.decide(plan.normalise(black_box(uri.as_bytes())).unwrap(), noon));
        }
    });
    let allocations = counts.allocations;
    println!("  allocations in 1,000 calls' look-ups{:>31} {}", allocations, verdict(allocations as f64, Some(0.0)));
}
