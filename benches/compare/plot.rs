//! The table as bars: the CPU of each server, grouped by load, each group in its own scale.

use switchboard::flood::svg::{Anchor, BLUE, GREY, ORANGE, Svg};

/// Servers of the table and their colours.
const COLOURS: [(&str, &str); 3] =
    [("switchboard", BLUE), ("Kamailio (proxy alone)", GREY), ("Kamailio + rtpengine", ORANGE)];

/// As wide as a telephone nearly: text of 12 px is 11 px there.
const WIDTH: f64 = 440.0;
/// From one line to the next.
const LINE: f64 = 24.0;
/// Where bars begin, and how long the longest of a group is: its figure follows.
const BEGIN: f64 = 164.0;
const LONGEST: f64 = 216.0;

/// What a row of the table says of CPU.
struct Row<'t> {
    load: &'t str,
    server: &'t str,
    cost: f64,
    unit: &'t str,
}

/// The drawing of the file `compare.md`.
pub fn bars(text: &str) -> String {
    let rows: Vec<Row<'_>> = text.lines().filter_map(row).collect();
    let machine = text.lines().next().and_then(|line| line.split_once(": ")).map_or("", |(_, machine)| machine);
    let groups = rows.chunk_by(|a, b| a.load == b.load);
    let height = LINE * (rows.len() + groups.clone().count()) as f64 + 60.0;
    let mut svg = Svg::alone("CPU of the server", WIDTH, height);
    svg.text(8, 18.0, Anchor::Start, "CPU of the server, user and system");
    svg.text(8, 38.0, Anchor::Start, machine);
    let mut y = 38.0;
    for group in groups {
        y += LINE + 4.0;
        let most = group.iter().map(|row| row.cost).fold(f64::MIN_POSITIVE, f64::max);
        if let Some(first) = group.first() {
            svg.text(8, y, Anchor::Start, &format!("{} · CPU-s {}", first.load, first.unit));
        }
        for Row { server, cost, .. } in group {
            y += LINE - 2.0;
            let colour = COLOURS.iter().find(|(name, _)| name == server).map_or(GREY, |(_, colour)| colour);
            let length = cost / most * LONGEST;
            svg.row();
            svg.text(BEGIN - 8.0, y, Anchor::End, server);
            svg.bar(BEGIN, y - 8.0, (length, 16.0), colour);
            svg.text(format_args!("{:.1}", BEGIN + length + 6.0), y, Anchor::Start, &format!("{cost:.3}"));
        }
        svg.row();
    }
    svg.done()
}

/// `| load | server | 1.185 a 1000 calls | …`; heading and other lines are none.
fn row(line: &str) -> Option<Row<'_>> {
    let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
    let (load, server, cpu) = (cells.next()?, cells.next()?, cells.next()?);
    let (cost, unit) = cpu.split_once(' ')?;
    Some(Row { load, server, cost: cost.parse().ok()?, unit })
}
