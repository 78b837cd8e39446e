//! Flat or linear: said of the figures, by one rule.
//!
//! y ~ x^k: k is the slope of the least-squares line through the logarithms of all rows.

use super::sheet::{LOADS, LOOKUPS, MEMORY, points, table};

/// |k| up to this is flat; so near to 1 is linear.
const NEAR: f64 = 0.1;
/// So many calls have touched what is there for all of them.
const MANY: f64 = 100.0;

/// The rule, as it stands above the tables.
pub const RULE: &str = "A figure y over x is called flat or linear by the k of y ~ x^k, fitted to all rows by least squares of the \
    logarithms: flat when k is within 0.1 of 0, linear when it is within 0.1 of 1.";

/// What grows how: a sentence for each table of `scale.md`.
pub fn said(text: &str) -> [String; 3] {
    [loads(&table(text, LOADS)), memory(&table(text, MEMORY)), lookups(&table(text, LOOKUPS))]
}

fn loads(rows: &[Vec<f64>]) -> String {
    let of = |column| growth(&points(rows, 1, column));
    let [cost, p50, p99, p9999] = [2, 3, 4, 5].map(of);
    format!(
        "Over the calls a second CPU a call {cost}; the median of the set-up time {p50}, its p99 {p99}, its p99.99 {p9999}."
    )
}

/// Beyond the first many calls: what they have touched for all that come is no call's.
fn memory(rows: &[Vec<f64>]) -> String {
    let many: Vec<(f64, f64)> = points(rows, 0, 1).into_iter().filter(|(calls, _)| *calls >= MANY).collect();
    let (first, kb) = many.first().copied().unwrap_or((f64::NAN, f64::NAN));
    let beyond: Vec<(f64, f64)> = many.iter().skip(1).map(|(calls, more)| (calls - first, more - kb)).collect();
    let each = beyond.last().map_or(f64::NAN, |(calls, kb)| kb / calls);
    format!("Over the live calls beyond the first {first} memory {}: {each:.1} kB a call.", growth(&beyond))
}

fn lookups(rows: &[Vec<f64>]) -> String {
    format!("Over the entries the time of a look-up {}.", growth(&points(rows, 0, 1)))
}

/// `is flat (k = 0.03: 1.1 times over 9.0 times)`.
fn growth(points: &[(f64, f64)]) -> String {
    let k = exponent(points);
    let word = match k {
        k if k.is_nan() => "cannot be told",
        k if k < -NEAR => "falls",
        k if k <= NEAR => "is flat",
        k if k < 1.0 - NEAR => "grows, but less than linearly",
        k if k <= 1.0 + NEAR => "is linear",
        _ => "grows more than linearly",
    };
    let times = |of: fn(&(f64, f64)) -> f64| match (points.first(), points.last()) {
        (Some(first), Some(last)) => of(last) / of(first),
        _ => f64::NAN,
    };
    format!("{word} (k = {k:.2}: {:.2} times over {:.1} times)", times(|p| p.1), times(|p| p.0))
}

/// The k of y ~ x^k.
fn exponent(points: &[(f64, f64)]) -> f64 {
    let logs: Vec<(f64, f64)> = points.iter().map(|(x, y)| (x.ln(), y.ln())).collect();
    let mean = |of: fn(&(f64, f64)) -> f64| logs.iter().map(of).sum::<f64>() / logs.len() as f64;
    let (x, y) = (mean(|p| p.0), mean(|p| p.1));
    let (along, across) =
        logs.iter().fold((0.0, 0.0), |(xx, xy), p| (xx + (p.0 - x).powi(2), xy + (p.0 - x) * (p.1 - y)));
    across / along
}
