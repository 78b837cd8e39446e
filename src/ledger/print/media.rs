//! What each leg's media was like, as a table.

use super::columns::align;
use super::{Cdr, words};
use crate::fact::{Lang, Quality};

/// A line for each leg, with an empty line above; nothing where nothing is known.
pub(super) fn table(cdr: &Cdr, lang: Lang) -> String {
    if cdr.media.is_empty() {
        return String::new();
    }
    let heading = match lang {
        Lang::Zh => {
            ["腿", "编码", "收到", "丢失", "抖动 ms", "MOS", "发出", "对端丢失", "对端抖动 ms", "对端 MOS", "往返 ms"]
        }
        Lang::En => [
            "leg",
            "codec",
            "received",
            "lost",
            "jitter ms",
            "MOS",
            "sent",
            "lost there",
            "jitter there ms",
            "MOS there",
            "round trip ms",
        ],
    };
    let mut rows = vec![heading.map(str::to_owned)];
    rows.extend(cdr.media.iter().map(row));
    format!("\n{}", align(&rows, &[2, 3, 4, 5, 6, 7, 8, 9, 10]))
}

fn row(quality: &Quality) -> [String; 11] {
    let millis = |us: u32| format!("{}.{}", us / 1_000, us % 1_000 / 100);
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let Quality { received, lost, sent, .. } = quality;
    let share = |lost: u64, of: u64| format!("{lost} ({:.1}%)", lost as f64 * 100.0 / of.max(1) as f64);
    [
        format!("#{}", quality.leg.0),
        quality.codec.clone(),
        received.to_string(),
        share(*lost, received + lost),
        millis(quality.jitter_us),
        words::opinion(quality.mos),
        sent.to_string(),
        or_dash(quality.far_lost.map(|lost| share(lost.into(), quality.far_expected.unwrap_or(0).into()))),
        or_dash(quality.far_jitter_us.map(millis)),
        words::opinion(quality.far_mos),
        or_dash(quality.round_trip_us.map(millis)),
    ]
}
