//! The tables of `scale.md` as small plots, one below the other.

use super::sheet::{LOADS, LOOKUPS, MEMORY, points, table};
use switchboard::flood::svg::{Anchor, BLUE, GREEN, ORANGE, Svg, VIOLET};

/// As wide as a telephone nearly: text of 12 px is 11 px there.
const WIDTH: f64 = 440.0;
/// Where curves begin and end.
const LEFT: f64 = 28.0;
const RIGHT: f64 = 408.0;
/// Of a curve from its highest to its lowest point.
const HIGH: f64 = 64.0;
/// Of a plot: its name, room for a figure, the curve, room for a figure, and the names of its places.
const PLOT: f64 = HIGH + 86.0;
/// A mark of a point is so wide and high.
const MARK: f64 = 5.0;
/// A figure needs so much room beside the next.
const ROOM: f64 = 40.0;

/// How values become places.
#[derive(Clone, Copy, PartialEq)]
enum Scale {
    /// From 0 on.
    Linear,
    Logarithmic,
}

/// One plot: its curves share both scales.
struct Plot {
    name: &'static str,
    /// What stands behind a value of x.
    unit: &'static str,
    x: Scale,
    y: Scale,
    curves: Vec<Curve>,
}

struct Curve {
    points: Vec<(f64, f64)>,
    colour: &'static str,
    /// Its figures stand below it.
    below: bool,
    digits: usize,
}

/// The drawing of the file `scale.md`.
pub fn drawn(text: &str) -> String {
    let plots = plots(text);
    let machine = text.lines().next().and_then(|line| line.split_once(": ")).map_or("", |(_, machine)| machine);
    let height = 48.0 + PLOT * plots.len() as f64;
    let mut svg = Svg::alone("How cost, memory and look-ups grow", WIDTH, height);
    let mut y = 18.0;
    // The processor and the rest: one line of a telephone does not hold both.
    for line in machine.splitn(2, ", ") {
        svg.text(8, y, Anchor::Start, line);
        y += 18.0;
    }
    svg.row();
    for (plot, number) in plots.iter().zip(0..) {
        plot.draw(&mut svg, 48.0 + PLOT * f64::from(number), height);
        svg.row();
    }
    svg.done()
}

fn plots(text: &str) -> Vec<Plot> {
    let (loads, memory, lookups) = (table(text, LOADS), table(text, MEMORY), table(text, LOOKUPS));
    let curve = |points, colour, below, digits| Curve { points, colour, below, digits };
    let mb = points(&memory, 0, 1).into_iter().map(|(calls, kb)| (calls, kb / 1024.0)).collect();
    vec![
        Plot {
            name: "CPU-s a 1000 calls, over the share of the clean maximum",
            unit: " %",
            x: Scale::Linear,
            y: Scale::Linear,
            curves: vec![curve(points(&loads, 0, 2), BLUE, false, 3)],
        },
        Plot {
            name: "set-up time, ms (logarithmic): p99 above, median below",
            unit: " %",
            x: Scale::Linear,
            y: Scale::Logarithmic,
            curves: vec![curve(points(&loads, 0, 4), ORANGE, false, 2), curve(points(&loads, 0, 3), GREEN, true, 2)],
        },
        Plot {
            name: "memory, MB, over live calls",
            unit: "",
            x: Scale::Linear,
            y: Scale::Linear,
            curves: vec![curve(mb, VIOLET, false, 1)],
        },
        Plot {
            name: "ns a look-up, over entries (logarithmic)",
            unit: "",
            x: Scale::Logarithmic,
            y: Scale::Linear,
            curves: vec![curve(points(&lookups, 0, 1), BLUE, false, 1)],
        },
    ]
}

impl Plot {
    fn draw(&self, svg: &mut Svg, top: f64, whole: f64) {
        let all = || self.curves.iter().flat_map(|curve| &curve.points);
        let (xs, ys) = (self.x.ends(all().map(|p| p.0)), self.y.ends(all().map(|p| p.1)));
        let floor = top + 44.0 + HIGH;
        let place =
            |(x, y): (f64, f64)| (LEFT + self.x.share(x, xs) * (RIGHT - LEFT), floor - self.y.share(y, ys) * HIGH);
        svg.text(8, top + 14.0, Anchor::Start, self.name);
        let ground = floor + 20.0;
        svg.rule(ground);
        for (curve, first) in self.curves.iter().zip([true, false]) {
            let places: Vec<(f64, f64)> = curve.points.iter().map(|p| place(*p)).collect();
            svg.curve(places.iter().map(|(x, y)| (x / WIDTH, y / whole)), curve.colour);
            let named = roomy(&places);
            for ((at, value), named) in places.iter().zip(&curve.points).zip(named) {
                let mark = (at.0 - MARK / 2.0, at.1 - MARK / 2.0);
                svg.bar(tenth(mark.0), tenth(mark.1), (MARK, MARK), curve.colour);
                if !named {
                    continue;
                }
                let y = at.1 + if curve.below { 12.0 } else { -12.0 };
                svg.text(tenth(at.0), tenth(y), Anchor::Middle, &format!("{:.*}", curve.digits, value.1));
                if first {
                    svg.text(tenth(at.0), ground + 12.0, Anchor::Middle, &format!("{}{}", value.0, self.unit));
                }
            }
        }
    }
}

/// Which places have room for a figure: the last, and before it each that is far enough from the next one that has.
fn roomy(places: &[(f64, f64)]) -> Vec<bool> {
    let mut next = f64::INFINITY;
    let mut named: Vec<bool> = places
        .iter()
        .rev()
        .map(|(x, _)| {
            let room = next - x >= ROOM;
            if room {
                next = *x;
            }
            room
        })
        .collect();
    named.reverse();
    named
}

/// Coordinates need no more.
fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

impl Scale {
    fn ends(self, values: impl Iterator<Item = f64>) -> (f64, f64) {
        let (least, most) = values.fold((f64::MAX, f64::MIN_POSITIVE), |(a, b), value| (a.min(value), b.max(value)));
        if self == Self::Linear { (0.0, most) } else { (least, most) }
    }

    /// Where a value lies between the ends, 0 to 1.
    fn share(self, value: f64, (least, most): (f64, f64)) -> f64 {
        let at = |v: f64| if self == Self::Linear { v } else { v.ln() };
        (at(value) - at(least)) / (at(most) - at(least)).max(f64::MIN_POSITIVE)
    }
}
