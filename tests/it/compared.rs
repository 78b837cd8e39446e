//! The comparison that stands in `benches/results`: the drawing is that of the table, and can be read.

#[path = "../../benches/compare/plot.rs"]
mod plot;

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
fn its_text_is_large_enough_on_a_telephone_and_stands_on_paper_of_its_own() {
    let drawn = result("compare.svg");
    let width: f64 = drawn.split_once("viewBox=\"0 0 ").unwrap().1.split(' ').next().unwrap().parse().unwrap();
    assert!(drawn.contains("text{font:12px") && 12.0 * 420.0 / width >= 11.0, "{width}");
    assert!(drawn.contains("prefers-color-scheme:dark") && drawn.contains("<rect class=\"paper\""));
}
