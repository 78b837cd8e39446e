//! The report as one HTML file: the text, and plots as SVG. No script, nothing from elsewhere.

use crate::fact::Lang;
use crate::flood::plan::Plan;
use crate::flood::report::Report;
use crate::flood::tally::{Second, Spread};
use std::fmt::Write as _;

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 64.0;
const BOTTOM: f64 = 28.0;
const TOP: f64 = 26.0;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:960px;margin:2em auto;padding:0 1em;color:#1b1f24;background:#fff}\
    pre{background:#f5f6f8;padding:1em;overflow:auto;font-size:13px}svg{width:100%;height:auto;margin:.5em 0}\
    h2{font-size:1.05em;margin:1.4em 0 .2em}text{font:11px system-ui,sans-serif;fill:#57606a}\
    @media(prefers-color-scheme:dark){body{background:#14171a;color:#d7dce1}pre{background:#1d2125}text{fill:#9aa4ae}}";

/// A line of a plot: its name, its colour, its values over the seconds.
type Line<'a> = (&'a str, &'a str, Vec<Option<f64>>);

/// The page.
pub(super) fn page(report: &Report, plan: &Plan, text: &str, lang: Lang) -> String {
    let title = format!("switchboard flood → {}", plan.server);
    let code = lang.of("zh-CN", "en");
    let mut out = format!(
        "<!doctype html>\n<html lang=\"{code}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <title>{title}</title><style>{STYLE}</style></head><body><h1>{title}</h1>\n<pre>{}</pre>\n",
        escape(text.trim())
    );
    let seconds = &report.tally.seconds;
    let each = |value: fn(&Second) -> f64| seconds.iter().map(|s| Some(value(s))).collect::<Vec<_>>();
    // A second without an answer has no time.
    let timed =
        |value: fn(&Second) -> f64| seconds.iter().map(|s| (s.answered > 0).then(|| value(s))).collect::<Vec<_>>();
    let calls: [Line<'_>; 3] = [
        (lang.of("发起", "begun"), "#2f6fde", each(|s| s.begun as f64)),
        (lang.of("接通", "answered"), "#2a9d55", each(|s| s.answered as f64)),
        (lang.of("失败", "failed"), "#d1352b", each(|s| s.failed as f64)),
    ];
    plot(&mut out, lang.of("每秒呼叫", "Calls a second"), &calls);
    plot(
        &mut out,
        lang.of("进行中的呼叫", "Live calls"),
        &[(lang.of("进行中", "live"), "#2f6fde", each(|s| s.live as f64))],
    );
    let times: [Line<'_>; 2] = [("p50", "#2a9d55", timed(|s| s.p50)), ("p99", "#d98b1f", timed(|s| s.p99))];
    plot(&mut out, lang.of("接通用时（ms）", "Set-up time, ms"), &times);
    if report.server.is_some() {
        let cpu = seconds.iter().map(|s| s.cpu.map(|c| c * 100.0)).collect();
        plot(&mut out, lang.of("对方 CPU（一个核的 %）", "Server CPU, % of one core"), &[("CPU", "#8a4fd3", cpu)]);
        let memory = seconds.iter().map(|s| s.rss).collect();
        plot(&mut out, lang.of("对方内存（MB）", "Server memory, MB"), &[("RSS", "#8a4fd3", memory)]);
    }
    percentiles(
        &mut out,
        lang.of("接通用时的分位数（ms，对数）", "Percentiles of the set-up time, ms"),
        &report.tally.setup,
    );
    percentiles(
        &mut out,
        lang.of("声音时延的分位数（ms）", "Percentiles of the delay of sound, ms"),
        &report.sound.delay,
    );
    out.push_str("</body></html>\n");
    out
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A round number not below this one.
fn round_up(value: f64) -> f64 {
    let scale = 10f64.powf(value.max(1e-6).log10().floor());
    [1.0, 2.0, 5.0, 10.0].iter().map(|m| m * scale).find(|top| *top >= value).unwrap_or(10.0 * scale)
}

fn plot(out: &mut String, title: &str, lines: &[Line<'_>]) {
    let length = lines.iter().map(|(.., values)| values.len()).max().unwrap_or(0);
    let most = lines.iter().flat_map(|(.., values)| values.iter().flatten()).copied().fold(0.0, f64::max);
    if length < 2 {
        return;
    }
    let top = round_up(most);
    let x = |i: usize| LEFT + i as f64 / (length - 1) as f64 * (WIDTH - LEFT - 8.0);
    let y = |value: f64| TOP + (1.0 - value / top) * (HEIGHT - TOP - BOTTOM);
    begin(out, title);
    for part in [0.0, 0.5, 1.0] {
        grid(out, y(part * top), &format!("{}", part * top));
    }
    for (n, second) in [0, length / 2, length - 1].into_iter().enumerate() {
        let anchor = ["start", "middle", "end"].get(n).copied().unwrap_or("middle");
        // Writing into a `String` cannot fail.
        let _ = write!(
            out,
            "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"{anchor}\">{second} s</text>",
            x(second),
            HEIGHT - 8.0
        );
    }
    for (n, (name, colour, values)) in lines.iter().enumerate() {
        let points: String =
            values.iter().enumerate().filter_map(|(i, v)| Some(format!("{:.1},{:.1} ", x(i), y((*v)?)))).collect();
        let _ = write!(out, "<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.6\"/>");
        let at = LEFT + 100.0 * n as f64;
        let _ = write!(
            out,
            "<rect x=\"{at}\" y=\"6\" width=\"12\" height=\"4\" fill=\"{colour}\"/><text x=\"{}\" y=\"12\">{name}</text>",
            at + 18.0
        );
    }
    out.push_str("</svg>\n");
}

/// From the median to the slowest of ten thousand, each nine as wide as the one before.
fn percentiles(out: &mut String, title: &str, spread: &Spread) {
    if spread.count() == 0 {
        return;
    }
    let (low, high) = (
        (spread.at(0.1) as f64 / 1000.0).max(0.001).log10().floor(),
        (spread.max() as f64 / 1000.0).max(0.01).log10().ceil(),
    );
    let high = high.max(low + 1.0);
    let x = |nines: f64| LEFT + nines / 4.3 * (WIDTH - LEFT - 8.0);
    let y = |ms: f64| TOP + (1.0 - (ms.max(0.001).log10() - low) / (high - low)) * (HEIGHT - TOP - BOTTOM);
    begin(out, title);
    for power in low as i32..=high as i32 {
        grid(out, y(10f64.powi(power)), &format!("{}", 10f64.powi(power)));
    }
    for (nines, name) in [(0.0, "0%"), (0.301, "50%"), (1.0, "90%"), (2.0, "99%"), (3.0, "99.9%"), (4.0, "99.99%")] {
        let _ =
            write!(out, "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"middle\">{name}</text>", x(nines), HEIGHT - 8.0);
    }
    let points: String = (0..=86)
        .map(|n| f64::from(n) / 20.0)
        .map(|nines| format!("{:.1},{:.1} ", x(nines), y(spread.at(1.0 - 10f64.powf(-nines)) as f64 / 1000.0)))
        .collect();
    let _ =
        writeln!(out, "<polyline points=\"{points}\" fill=\"none\" stroke=\"#2f6fde\" stroke-width=\"1.6\"/></svg>");
}

fn begin(out: &mut String, title: &str) {
    let _ = write!(out, "<h2>{title}</h2><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}\">");
}

fn grid(out: &mut String, y: f64, name: &str) {
    let (from, to, text) = (LEFT, WIDTH - 8.0, LEFT - 6.0);
    let _ = write!(
        out,
        "<line x1=\"{from}\" x2=\"{to}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#8884\"/><text x=\"{text}\" y=\"{:.1}\" text-anchor=\"end\">{name}</text>",
        y + 4.0
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_at_round_numbers() {
        assert_eq!([0.3, 1.0, 3.0, 70.0, 201.0].map(round_up), [0.5, 1.0, 5.0, 100.0, 500.0]);
        assert_eq!(escape("a<b & c>d"), "a&lt;b &amp; c&gt;d");
    }
}
