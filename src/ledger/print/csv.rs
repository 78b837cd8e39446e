//! Comma-separated values (RFC 4180) for spreadsheets.

use super::words;
use crate::fact::Lang;
use crate::ledger::Cdr;
use jiff::{Timestamp, tz};

/// One line. What a spreadsheet would take for a formula is set apart by an apostrophe: titles come from the plan, numbers from callers.
#[must_use]
pub fn record<S: AsRef<str>>(fields: &[S]) -> String {
    let quoted = |field: &S| {
        let field = field.as_ref();
        let formula = field.starts_with(['=', '+', '-', '@', '\t', '\r']);
        let field = if formula { format!("'{field}") } else { field.to_owned() };
        let plain = !field.contains(['"', ',', '\n', '\r']);
        if plain { field } else { format!("\"{}\"", field.replace('"', "\"\"")) }
    };
    let mut text = fields.iter().map(quoted).collect::<Vec<_>>().join(",");
    text.push_str("\r\n");
    text
}

/// Calls, one a line below a heading; times in UTC+8 and ms.
#[must_use]
pub fn records(cdrs: &[Cdr]) -> String {
    let heading = [
        "call",
        "time",
        "caller",
        "dialled",
        "line",
        "title",
        "traffic",
        "outcome",
        "answered_by",
        "wait_ms",
        "talk_ms",
        "total_ms",
    ];
    let mut out = record(&heading);
    for cdr in cdrs {
        let ms = |ms: Option<u64>| ms.map_or_else(String::new, |ms| ms.to_string());
        let traffic = match cdr.traffic {
            crate::ledger::Traffic::City => "city",
            crate::ledger::Traffic::Province => "province",
        };
        out.push_str(&record(&[
            cdr.call.to_string(),
            local(cdr.t0),
            cdr.caller.clone(),
            cdr.dialled.clone(),
            cdr.entry.clone().unwrap_or_default(),
            cdr.title.clone().unwrap_or_default(),
            traffic.to_owned(),
            cdr.outcome.word().to_owned(),
            cdr.answered_by.as_ref().map_or_else(String::new, |t| words::target(t, Lang::En)),
            ms(cdr.wait_ms()),
            ms(cdr.talk_ms()),
            cdr.total_ms().to_string(),
        ]));
    }
    out
}

fn local(at: i64) -> String {
    let zone = tz::TimeZone::fixed(tz::offset(8));
    let moment = Timestamp::from_microsecond(at);
    moment.map_or_else(|_| at.to_string(), |t| t.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S%.3f").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_quoted_where_it_must_be_and_is_no_formula() {
        let fields = ["a", "b,c", "say \"x\"", "=1+1", "-"];
        assert_eq!(record(&fields), "a,\"b,c\",\"say \"\"x\"\"\",'=1+1,'-\r\n");
    }
}
