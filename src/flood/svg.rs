//! What was measured, drawn as SVG: the plots of a flood's page, and the bars beside the table of the comparison.
//!
//! A drawing has nothing from elsewhere, can be read by light and in the dark, and in a page its text keeps its size however narrow
//! the page is. It refuses to know what it draws.

use std::fmt::{Display, Write as _};

/// Colours of what was measured: each stands out from the paper by light and in the dark.
pub const BLUE: &str = "#2f6fde";
/// What went well.
pub const GREEN: &str = "#2a9154";
/// What did not.
pub const RED: &str = "#d1352b";
/// The slow ones.
pub const ORANGE: &str = "#c27a16";
/// What the server costs.
pub const VIOLET: &str = "#8f57d6";
/// Whoever does less than the others.
pub const GREY: &str = "#7d8590";

/// How text and paper look: for the page that has drawings inside, and in every drawing that stands alone.
pub const STYLE: &str = "text{font:12px system-ui,sans-serif;fill:#57606a}.paper{fill:#fff}\
    @media(prefers-color-scheme:dark){text{fill:#9aa4ae}.paper{fill:#14171a}}";

/// Which end of a text stands at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// Its beginning.
    Start,
    /// Its middle.
    Middle,
    /// Its end.
    End,
}

/// A drawing.
#[derive(Debug)]
pub struct Svg {
    out: String,
}

// Writing into a `String` cannot fail.
impl Svg {
    /// Inside a page, as wide as its style says and so many px high. What lies outside is seen too: names of axes.
    #[must_use]
    pub fn inside(title: &str, height: f64) -> Self {
        let title = escape(title);
        Self { out: format!("<svg height=\"{height}\" overflow=\"visible\" role=\"img\" aria-label=\"{title}\">") }
    }

    /// A file of its own, on paper of its own: whoever shows it may have another light than his page. It shrinks where there is less
    /// room.
    #[must_use]
    pub fn alone(title: &str, width: f64, height: f64) -> Self {
        let title = escape(title);
        Self {
            out: format!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
                 role=\"img\" aria-label=\"{title}\"><style>svg{{max-width:100%;height:auto}}{STYLE}</style>\
                 <rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n"
            ),
        }
    }

    /// Words at a place, their height about its middle. `x` may be a share of the width, like `50%`.
    pub fn text(&mut self, x: impl Display, y: f64, anchor: Anchor, words: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let words = escape(words);
        let _ = write!(self.out, "<text x=\"{x}\" y=\"{y}\" dy=\".35em\"{anchor}>{words}</text>");
    }

    /// A filled bar.
    pub fn bar(&mut self, x: f64, y: f64, (width, height): (f64, f64), colour: &str) {
        let _ =
            write!(self.out, "<rect x=\"{x}\" y=\"{y}\" width=\"{width:.1}\" height=\"{height}\" fill=\"{colour}\"/>");
    }

    /// A faint line from left to right.
    pub fn rule(&mut self, y: f64) {
        let _ = write!(self.out, "<line x1=\"0\" x2=\"100%\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#8886\"/>");
    }

    /// A line through points, each a share of the width from the left and of the height from the top.
    pub fn curve(&mut self, points: impl Iterator<Item = (f64, f64)>, colour: &str) {
        let points = points.map(|(x, y)| format!("{:.1},{:.1}", x * 1000.0, y * 1000.0)).collect::<Vec<_>>().join(" ");
        let _ = write!(
            self.out,
            "<svg viewBox=\"0 0 1000 1000\" preserveAspectRatio=\"none\" overflow=\"visible\"><polyline points=\"{points}\" \
             fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.6\" stroke-linejoin=\"round\" vector-effect=\"non-scaling-stroke\"/></svg>"
        );
    }

    /// Ends a line of the source.
    pub fn row(&mut self) {
        self.out.push('\n');
    }

    /// All of it.
    #[must_use]
    pub fn done(mut self) -> String {
        self.out.push_str("</svg>\n");
        self.out
    }
}

/// Text as it stands in a page or a drawing.
#[must_use]
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How much two colours `#rrggbb` differ, 1 to 21 (WCAG 2.2, contrast ratio).
    fn contrast(one: &str, other: &str) -> f64 {
        let light = |colour: &str| {
            let linear = |at: usize| {
                let c = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
                if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * linear(1) + 0.7152 * linear(3) + 0.0722 * linear(5)
        };
        let (one, other) = (light(one), light(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn everything_stands_out_by_light_and_in_the_dark() {
        let (light, dark) = ("#ffffff", "#14171a");
        assert!(STYLE.contains(".paper{fill:#fff}") && STYLE.contains(".paper{fill:#14171a}"));
        for colour in [BLUE, GREEN, RED, ORANGE, VIOLET, GREY] {
            // WCAG 2.2, 1.4.11.
            assert!(contrast(colour, light) >= 3.0, "{colour} on white: {}", contrast(colour, light));
            assert!(contrast(colour, dark) >= 3.0, "{colour} in the dark: {}", contrast(colour, dark));
        }
        for (ink, paper) in [("#57606a", light), ("#9aa4ae", dark)] {
            // 1.4.3.
            assert!(STYLE.contains(ink) && contrast(ink, paper) >= 4.5, "{ink}: {}", contrast(ink, paper));
        }
    }

    #[test]
    fn text_is_neither_mark_up_nor_stretched() {
        let mut svg = Svg::inside("a \"b\"", 100.0);
        svg.text("50%", 8.0, Anchor::Middle, "x<y & z");
        svg.curve([(0.0, 1.0), (1.0, 0.0)].into_iter(), BLUE);
        let drawn = svg.done();
        assert!(drawn.contains("aria-label=\"a &quot;b&quot;\"") && drawn.contains(">x&lt;y &amp; z</text>"));
        // Only the curve has a scale of its own.
        let (words, curve) = drawn.split_once("viewBox").unwrap();
        assert!(words.contains("<text") && !curve.contains("<text") && curve.contains("0.0,1000.0 1000.0,0.0"));
    }
}
