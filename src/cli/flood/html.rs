//! The report as one HTML file: the words, the table of times, and plots as SVG. No script, nothing from elsewhere; to be read on
//! a telephone as well as on a desk, by light and in the dark.

use super::text::{PERCENTILES, Words};
use crate::fact::Lang;
use crate::flood::report::Report;
use crate::flood::svg::{self, Anchor, BLUE, GREEN, ORANGE, RED, Svg, VIOLET};
use crate::flood::tally::{Second, Spread};
use std::fmt::Write as _;
use std::net::SocketAddr;

/// How high a plot is, px, without what is written around it.
const HEIGHT: f64 = 170.0;
/// How far above and below the plot its legend and the names of its columns stand, px.
const ABOVE: f64 = 14.0;
const BELOW: f64 = 14.0;
/// From one entry of a legend to the next, px: three fit beside each other on a telephone.
const ENTRY: f64 = 88.0;
/// Nines to the right end of the percentiles: 99.99 % and a little more.
const NINES: f64 = 4.3;

/// Plots have the names of their rows in the margin on the left, of columns below, the legend above.
const STYLE: &str = ":root{color-scheme:light dark}\
    body{font:15px/1.5 system-ui,sans-serif;max-width:960px;margin:0 auto;padding:1em;color:#1b1f24;background:#fff}\
    h1{font-size:1.3em;overflow-wrap:anywhere}h2{font-size:1.05em;margin:1.4em 0 .2em}\
    .box{background:#f5f6f8;padding:.8em;margin:.5em 0;font-size:13px;overflow:auto}\
    .words p{font-family:ui-monospace,monospace;white-space:pre-wrap;overflow-wrap:anywhere;margin:0;padding-left:8ch;text-indent:-8ch}\
    table{border-spacing:0;font-size:12px;font-variant-numeric:tabular-nums}\
    td,th{text-align:right;padding:.1em .35em;font-weight:normal;white-space:nowrap}\
    th{opacity:.75}td:first-child,th:first-child{text-align:left;padding-left:0}\
    body>svg{display:block;width:calc(100% - 64px);margin:30px 8px 40px 56px}\
    @media(prefers-color-scheme:dark){body{color:#d7dce1;background:#14171a}.box{background:#1d2125}}";

/// A line of a plot: its name, its colour, its values over the seconds.
type Line<'a> = (&'a str, &'a str, Vec<Option<f64>>);

/// The page.
pub(super) fn page(report: &Report, server: SocketAddr, words: &Words, lang: Lang) -> String {
    let title = format!("switchboard flood → {server}");
    let code = lang.of("zh-CN", "en");
    let mut out = format!(
        "<!doctype html>\n<html lang=\"{code}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <title>{title}</title><style>{STYLE}{}</style></head><body><h1>{title}</h1>\n",
        svg::STYLE
    );
    lines(&mut out, &words.above);
    times(&mut out, words);
    lines(&mut out, &words.below);
    plots(&mut out, report, lang);
    out.push_str("</body></html>\n");
    out
}

/// Lines of words, each folded where the page is too narrow.
fn lines(out: &mut String, text: &str) {
    let lines: String = text.trim().lines().map(|line| format!("<p>{}</p>", svg::escape(line))).collect();
    // Writing into a `String` cannot fail.
    let _ = writeln!(out, "<div class=\"box words\">{lines}</div>");
}

/// The table of times; where it is too wide for the page it moves in its own box.
fn times(out: &mut String, words: &Words) {
    let head: String = PERCENTILES.iter().map(|(name, _)| format!("<th>{name}</th>")).collect();
    let cells = |ms: &[String]| ms.iter().map(|cell| format!("<td>{cell}</td>")).collect::<String>();
    let rows: String =
        words.times.iter().map(|row| format!("<tr><td>{}</td>{}</tr>\n", row.name, cells(&row.ms))).collect();
    let _ = writeln!(out, "<div class=\"box\"><table><tr><th>ms</th>{head}</tr>\n{rows}</table></div>");
}

fn plots(out: &mut String, report: &Report, lang: Lang) {
    let seconds = &report.tally.seconds;
    let each = |value: fn(&Second) -> f64| seconds.iter().map(|s| Some(value(s))).collect::<Vec<_>>();
    // A second without an answer has no time.
    let timed =
        |value: fn(&Second) -> f64| seconds.iter().map(|s| (s.answered > 0).then(|| value(s))).collect::<Vec<_>>();
    let calls: [Line<'_>; 3] = [
        (lang.of("发起", "begun"), BLUE, each(|s| s.begun as f64)),
        (lang.of("接通", "answered"), GREEN, each(|s| s.answered as f64)),
        (lang.of("失败", "failed"), RED, each(|s| s.failed as f64)),
    ];
    plot(out, lang.of("每秒呼叫", "Calls a second"), &calls);
    plot(out, lang.of("进行中的呼叫", "Live calls"), &[(lang.of("进行中", "live"), BLUE, each(|s| s.live as f64))]);
    let times: [Line<'_>; 2] = [("p50", GREEN, timed(|s| s.p50)), ("p99", ORANGE, timed(|s| s.p99))];
    plot(out, lang.of("接通用时（ms）", "Set-up time, ms"), &times);
    if report.server.is_some() {
        let cpu = seconds.iter().map(|s| s.cpu.map(|c| c * 100.0)).collect();
        plot(out, lang.of("对方 CPU（一个核的 %）", "Server CPU, % of one core"), &[("CPU", VIOLET, cpu)]);
        let memory = seconds.iter().map(|s| s.rss).collect();
        plot(out, lang.of("对方内存（MB）", "Server memory, MB"), &[("RSS", VIOLET, memory)]);
    }
    percentiles(
        out,
        lang.of("接通用时的分位数（ms，对数）", "Percentiles of the set-up time, ms"),
        &report.tally.setup,
    );
    percentiles(out, lang.of("声音时延的分位数（ms）", "Percentiles of the delay of sound, ms"), &report.sound.delay);
}

/// A round number not below this one; 1 where nothing was measured.
fn round_up(value: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    let scale = 10f64.powf(value.log10().floor());
    [1.0, 2.0, 5.0, 10.0].iter().map(|m| m * scale).find(|top| *top >= value).unwrap_or(10.0 * scale)
}

fn plot(out: &mut String, title: &str, lines: &[Line<'_>]) {
    let length = lines.iter().map(|(.., values)| values.len()).max().unwrap_or(0);
    let most = lines.iter().flat_map(|(.., values)| values.iter().flatten()).copied().fold(0.0, f64::max);
    if length < 2 {
        return;
    }
    let top = round_up(most);
    let x = |second: usize| second as f64 / (length - 1) as f64;
    let rows = [0.0, 0.5, 1.0].map(|part| (1.0 - part, format!("{}", part * top)));
    let columns = [(0, Anchor::Start), (length / 2, Anchor::Middle), (length - 1, Anchor::End)]
        .map(|(second, anchor)| (x(second), anchor, format!("{second} s")));
    let mut svg = axes(title, &rows, &columns);
    for (n, (name, colour, values)) in lines.iter().enumerate() {
        svg.curve(values.iter().enumerate().filter_map(|(i, value)| Some((x(i), 1.0 - (*value)? / top))), colour);
        let at = ENTRY * n as f64;
        svg.bar(at, -ABOVE - 2.0, (12.0, 4.0), colour);
        svg.text(at + 18.0, -ABOVE, Anchor::Start, name);
    }
    put(out, title, svg);
}

/// Each nine is as wide as the one before: from all to the slowest of ten thousand.
fn percentiles(out: &mut String, title: &str, spread: &Spread) {
    if spread.count() == 0 {
        return;
    }
    let ms = |us: u64| us as f64 / 1000.0;
    let low = ms(spread.at(0.1)).max(0.001).log10().floor();
    let high = ms(spread.max()).max(0.01).log10().ceil().max(low + 1.0);
    // The few that were faster than the lowest row lie on it.
    let y = |ms: f64| (1.0 - (ms.max(0.001).log10() - low) / (high - low)).min(1.0);
    let rows: Vec<(f64, String)> = (low as i32..=high as i32)
        .map(|power| {
            let ms = 10f64.powi(power);
            (y(ms), format!("{ms}"))
        })
        .collect();
    let named = [(0.0, "0%"), (0.301, "50%"), (1.0, "90%"), (2.0, "99%"), (3.0, "99.9%"), (4.0, "99.99%")];
    // The first two would touch on a telephone.
    let columns = named
        .map(|(nines, name)| (nines / NINES, if nines > 0.0 { Anchor::Middle } else { Anchor::End }, name.to_owned()));
    let mut svg = axes(title, &rows, &columns);
    let nines = (0..=86).map(|n| f64::from(n) / 20.0);
    svg.curve(nines.map(|nines| (nines / NINES, y(ms(spread.at(1.0 - 10f64.powf(-nines)))))), BLUE);
    put(out, title, svg);
}

/// A plot without its lines: rows and columns, each with its share of height or width and its name.
fn axes(title: &str, rows: &[(f64, String)], columns: &[(f64, Anchor, String)]) -> Svg {
    let mut svg = Svg::inside(title, HEIGHT);
    for (share, name) in rows {
        svg.rule(share * HEIGHT);
        svg.text(-6, share * HEIGHT, Anchor::End, name);
    }
    for (share, anchor, name) in columns {
        svg.text(format_args!("{:.1}%", share * 100.0), HEIGHT + BELOW, *anchor, name);
    }
    svg
}

fn put(out: &mut String, title: &str, svg: Svg) {
    let _ = write!(out, "<h2>{}</h2>{}", svg::escape(title), svg.done());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_at_round_numbers() {
        assert_eq!([0.0, 0.3, 1.0, 3.0, 70.0, 201.0].map(round_up), [1.0, 0.5, 1.0, 5.0, 100.0, 500.0]);
    }

    #[test]
    fn on_a_telephone_words_keep_their_size_and_only_the_table_moves() {
        let mut report = Report::default();
        for n in 1..50 {
            let second = Second { begun: n, answered: n % 3, p50: 1.5, p99: n as f64, ..Second::default() };
            report.tally.seconds.push(second);
            report.tally.setup.add(n * 700);
        }
        let row = super::super::text::Row { name: "answer", ms: PERCENTILES.map(|_| "10659.586".to_owned()) };
        let words = Words { above: "calls   1 <&> 2".into(), times: vec![row], below: "took    3 s".into() };
        let page = page(&report, SocketAddr::from(([127, 0, 0, 1], 5_070)), &words, Lang::En);
        assert_eq!((page.matches("<svg height").count(), page.matches("<p>").count()), (4, 2));
        // What has a scale of its own has no words in it.
        let scaled = page.split("viewBox").skip(1).map(|part| part.split("</svg>").next().unwrap());
        assert!(scaled.clone().count() > 4 && scaled.clone().all(|part| !part.contains("<text")));
        let sizes = page.split("px").filter_map(|before| {
            let size = before.rsplit(|c: char| !c.is_ascii_digit()).next()?;
            let said = before.strip_suffix(size)?;
            (said.ends_with("font:") || said.ends_with("font-size:")).then(|| size.parse::<u32>().ok())?
        });
        assert!(sizes.clone().count() >= 4 && sizes.clone().all(|px| px >= 11), "{:?}", sizes.collect::<Vec<_>>());
        let open = page.find("overflow:auto").unwrap();
        assert!(page[..open].ends_with("font-size:13px;") && page.contains("<div class=\"box\"><table>"));
        assert!(page.contains("1 &lt;&amp;&gt; 2") && page.contains("color-scheme:light dark"));
    }
}
