//! `codecs` of a trunk or of seats: what they may speak, the one that is liked best first.

use super::reader::Table;
use crate::codec::{Codec, Menu};

/// `None`: it does not say; the house's, and a browser's.
pub(super) fn codecs(table: &Table<'_, '_>) -> Option<Menu> {
    let texts = table.texts("codecs")?;
    let (document, at) = (table.document, table.value("codecs").map_or(0..0, |value| value.span()));
    let mut all: Vec<Codec> = Vec::new();
    for (text, span) in texts {
        let Some(codec) = Codec::of(text) else {
            let known = Codec::ALL.map(Codec::name).join(", ");
            let zh = format!("codecs 只能是 {known}，而不是 \"{text}\"");
            document.error(span, zh, format!("codecs are of {known}, not \"{text}\""));
            continue;
        };
        if all.contains(&codec) {
            document.error(span, format!("\"{text}\" 重复"), format!("\"{text}\" stands here twice"));
        } else {
            all.push(codec);
        }
    }
    if all.is_empty() {
        document.error(at, "codecs 至少要有一项", "codecs needs one at least");
        return None;
    }
    if !all.iter().any(|codec| codec.is_decoded()) {
        let zh = "codecs 中没有 PCMA、PCMU 或 opus：只有双方都说同一编码时才能通话，听不到任何提示音，也录不到音";
        let en = "codecs without PCMA, PCMU and opus: who speaks none of them hears no prompt, is not recorded, and talks only to others of \
                  the same codec";
        document.warning(at, zh, en);
    }
    Some(Menu::of(all))
}
