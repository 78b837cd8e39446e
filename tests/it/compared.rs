//! What stands in `benches/results`: the drawings are those of the tables, and can be read.

#[path = "../../benches/compare/scale/curves.rs"]
mod curves;
#[path = "../../benches/compare/scale/growth.rs"]
mod growth;
#[path = "../../benches/compare/plot.rs"]
mod plot;
#[path = "../../benches/compare/scale/sheet.rs"]
mod sheet;

use crate::support::city::root;
use std::fs;

fn result(name: &str) -> String {
    fs::read_to_string(root().join("benches/results").join(name)).unwrap()
}

#[test]
fn the_bars_are_those_of_the_table() {
    let (table, drawn) = (result("compare.md"), result("compare.svg"));
    assert_eq!(drawn, plot::bars(&table), "`cargo bench --bench compare -- plot` draws it");
    let measured = table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| load")).count();
    assert!(measured > 0 && drawn.matches("<rect x=").count() == measured, "a bar a row");
}

#[test]
fn the_curves_are_those_of_the_tables() {
    let (tables, drawn) = (result("scale.md"), result("scale.svg"));
    assert_eq!(drawn, curves::drawn(&tables), "`cargo bench --bench compare -- scale plot` draws it");
    let [loads, memory, lookups] =
        [sheet::LOADS, sheet::MEMORY, sheet::LOOKUPS].map(|head| sheet::table(&tables, head));
    assert_eq!((loads.len(), lookups.len()), (3, 6));
    // Of the load three figures are drawn.
    assert_eq!(drawn.matches("<rect x=").count(), 3 * loads.len() + memory.len() + lookups.len(), "a mark a figure");
    assert!(loads.iter().all(|row| row.get(6) == Some(&0.0)), "a call failed below the maximum");
}

#[test]
fn what_is_flat_and_what_is_linear_follows_from_the_tables() {
    let tables = result("scale.md");
    for sentence in growth::said(&tables) {
        assert!(tables.lines().any(|line| line == sentence), "{sentence}");
    }
    assert!(tables.contains(growth::RULE));
    let rows = |head: &str, figures: &[(f64, f64)]| {
        let row = |(x, y): &(f64, f64)| format!("| {x} | {y} |\n");
        format!("| {head} |\n|---|\n{}\n", figures.iter().map(row).collect::<String>())
    };
    let loads = |costs: [f64; 3]| {
        let row = |(rate, cost): (u32, f64)| format!("| {rate}0 % | {rate} | {cost} | {cost} | {cost} | {cost} |\n");
        format!("| {} |\n|---|\n{}\n", sheet::LOADS, [1, 5, 9].into_iter().zip(costs).map(row).collect::<String>())
    };
    let said = |costs, memory: &[(f64, f64)], lookups: &[(f64, f64)]| {
        growth::said(&format!("{}{}{}", loads(costs), rows(sheet::MEMORY, memory), rows(sheet::LOOKUPS, lookups)))
    };
    let line = [(0.0, 50.0), (10.0, 400.0), (100.0, 500.0), (300.0, 700.0), (1_100.0, 1_500.0)];
    let [load, memory, lookups] = said([2.0; 3], &line, &[(1.0, 1.0), (10.0, 100.0), (100.0, 10_000.0)]);
    assert!(load.contains("CPU a call is flat (k = 0.00: 1.00 times over 9.0 times)"), "{load}");
    assert!(
        memory.contains("first 100 memory is linear (k = 1.00") && memory.ends_with(": 1.0 kB a call."),
        "{memory}"
    );
    assert!(lookups.contains("grows more than linearly (k = 2.00"), "{lookups}");
    let bent = [(0.0, 50.0), (100.0, 500.0), (300.0, 700.0), (1_100.0, 800.0)];
    let [load, memory, lookups] = said([9.0, 4.0, 3.0], &bent, &[(1.0, 3.0), (100.0, 3.1), (1e6, 3.0)]);
    assert!(load.contains("CPU a call falls") && memory.contains("less than linearly"), "{load} {memory}");
    assert!(lookups.contains("is flat"), "{lookups}");
}

#[test]
fn their_text_is_large_enough_on_a_telephone_and_stands_on_paper_of_its_own() {
    for name in ["compare.svg", "scale.svg"] {
        let drawn = result(name);
        let width: f64 = drawn.split_once("viewBox=\"0 0 ").unwrap().1.split(' ').next().unwrap().parse().unwrap();
        assert!(drawn.contains("text{font:12px") && 12.0 * 420.0 / width >= 11.0, "{name}: {width}");
        assert!(drawn.contains("prefers-color-scheme:dark") && drawn.contains("<rect class=\"paper\""), "{name}");
    }
}
