//! The table as bars: an SVG with nothing from elsewhere.

use std::fmt::Write as _;

const COLOURS: [(&str, &str); 3] =
    [("switchboard", "#2f6fde"), ("Kamailio (proxy alone)", "#a0a7b0"), ("Kamailio + rtpengine", "#d98b1f")];

/// Bars of CPU, grouped by load, each group in its own scale.
pub fn bars(cells: &[(&str, &str, f64)], machine: &str) -> String {
    let height = 40 + cells.len() * 26;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 900 {height}\" font-family=\"system-ui,sans-serif\" font-size=\"12\">\
         <text x=\"8\" y=\"18\">CPU of the server · {machine}</text>\n"
    );
    for (n, (load, server, cost)) in cells.iter().enumerate() {
        let most = cells.iter().filter(|(l, ..)| l == load).map(|c| c.2).fold(f64::MIN_POSITIVE, f64::max);
        let colour = COLOURS.iter().find(|(name, _)| name == server).map_or("#888", |c| c.1);
        let (y, width) = (36 + n * 26, cost / most * 380.0);
        let _ = writeln!(
            out,
            "<text x=\"8\" y=\"{}\">{load}</text><text x=\"200\" y=\"{}\">{server}</text>\
             <rect x=\"370\" y=\"{y}\" width=\"{width:.1}\" height=\"16\" fill=\"{colour}\"/><text x=\"{:.0}\" y=\"{}\">{cost:.3}</text>",
            y + 13,
            y + 13,
            376.0 + width,
            y + 13
        );
    }
    out.push_str("</svg>\n");
    out
}
