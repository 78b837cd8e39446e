//! `[keys]`: what an agent presses on a plain phone to bring a third party in, to let one go, and to sign in and out.

use super::reader::Table;
use crate::exchange::Codes;
use std::collections::BTreeMap;

pub(super) fn read(table: Table<'_, '_>) -> Codes {
    let usual = Codes::default();
    let code = |key, usual: String| {
        let Some((text, span)) = table.text(key) else { return usual };
        let good = text.starts_with('*')
            && (2..=4).contains(&text.len())
            && text.bytes().skip(1).all(|b| b.is_ascii_digit() || b == b'*');
        if !good {
            let zh = format!("{key} 应为 * 加 1 到 3 个数字，如 \"*1\"，而不是 \"{text}\"");
            table.document.error(
                span,
                zh,
                format!("{key} should be * and 1 to 3 digits such as \"*1\", not \"{text}\""),
            );
        }
        text.to_owned()
    };
    let codes = Codes {
        three_way: code("three_way", usual.three_way),
        leave: code("leave", usual.leave),
        cancel: code("cancel", usual.cancel),
        swap: code("swap", usual.swap),
        back: code("back", usual.back),
        survey: code("survey", usual.survey),
        sign_in: code("sign_in", usual.sign_in),
        sign_out: code("sign_out", usual.sign_out),
        ready: code("ready", usual.ready),
        rest: code("break", usual.rest),
        wrap_up: code("wrap_up", usual.wrap_up),
        speed: speed(&table),
    };
    if let Some((one, other)) = codes.ambiguous() {
        let zh = format!("[keys] {one} 是 {other} 的开头：按下时分不清");
        table.document.error(
            table.span.clone(),
            zh,
            format!("[keys] {one} is how {other} begins: neither can be told"),
        );
    }
    table.finish();
    codes
}

/// `speed = { 1 = "119", 66 = "12366" }`: one or two digits each.
fn speed(table: &Table<'_, '_>) -> BTreeMap<String, String> {
    let mut keys = BTreeMap::new();
    for (pressed, value) in table.table("speed").entries() {
        let digits = |t: &str, most: usize| (1..=most).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_digit());
        match value.get_ref().as_str().filter(|number| digits(pressed, 2) && digits(number, 20)) {
            Some(number) => {
                keys.insert(pressed.to_owned(), number.to_owned());
            }
            None => {
                let zh = format!("speed 应为一两位数字对应一个号码，如 1 = \"119\"，{pressed} 不是");
                let en = format!("speed has one or two digits for a number, such as 1 = \"119\"; {pressed} is not so");
                table.document.error(value.span(), zh, en);
            }
        }
    }
    keys
}
