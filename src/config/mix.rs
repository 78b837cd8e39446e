//! The file of a scenario mix: what the callers of a load test do. All mistakes with their lines, as of every file here.

use super::mistake::{Mistake, Severity, Spot};
use super::reader::{Document, Found, Table};
use crate::flood::scenario::{Agent, Does, Kind, Length, Scenario};
use crate::phone::is_number;
use std::net::SocketAddr;
use std::path::Path;

/// The mix that is shipped: a weekday of a city.
const CITY: &str = include_str!("../../config/mix/city.toml");

/// The longest time that a mix may name, s.
const LONGEST: f64 = 86_400.0;

/// Reads a mix: `city`, or the file of that name.
///
/// # Errors
/// Every mistake, in the order of the text.
pub fn load(name: &str) -> Result<Scenario, Vec<Mistake>> {
    if name == "city" {
        return parse("city", CITY);
    }
    let text = std::fs::read_to_string(name).map_err(|e| {
        let (zh, en) = (format!("无法读取：{e}"), format!("cannot be read: {e}"));
        vec![Mistake { spot: Spot::file(name), severity: Severity::Error, zh, en }]
    })?;
    parse(name, &text)
}

/// Reads the text of a mix; `file` is its name in sentences.
///
/// # Errors
/// Every mistake, in the order of the text.
pub fn parse(file: &str, text: &str) -> Result<Scenario, Vec<Mistake>> {
    let document = Document::new(file, text, Path::new(""), &|_| None);
    let scenario = read(&document);
    let mistakes = document.mistakes();
    if mistakes.iter().any(|m| m.severity == Severity::Error) { Err(mistakes) } else { Ok(scenario) }
}

fn read(document: &Document<'_>) -> Scenario {
    let entries = document.parse();
    let root = Table::root(document, &entries);
    let kinds: Vec<Kind> = tables(document, &root, "call").into_iter().filter_map(kind).collect();
    if kinds.is_empty() {
        document.error(0..0, "至少要有一个 [[call]]", "at least one [[call]] is needed");
    }
    let mut departments = Vec::new();
    for (text, span) in root.texts("departments").unwrap_or_default() {
        match text.parse::<SocketAddr>() {
            Ok(at) => departments.push(at),
            Err(_) => document.error(
                span,
                format!("departments 应为 IP:端口，而不是 \"{text}\""),
                format!("departments are IP:PORT, not \"{text}\""),
            ),
        }
    }
    let scenario = Scenario {
        kinds,
        day: numbers(&root, "day"),
        departments,
        ring: length(&root, "ring_s").unwrap_or(Length::Fixed(0.5)),
    };
    root.finish();
    scenario
}

/// `[[key]]`: each of its tables.
fn tables<'d, 'a>(document: &'d Document<'a>, root: &Table<'d, 'a>, key: &'static str) -> Vec<Table<'d, 'a>> {
    let Some(value) = root.value(key) else { return Vec::new() };
    let Some(array) = value.get_ref().as_array() else {
        document.error(value.span(), format!("应写作 [[{key}]]"), format!("write [[{key}]]"));
        return Vec::new();
    };
    array.iter().map(|value| Table::new(document, format!("[[{key}]]"), Some(value))).collect()
}

/// An array of numbers from 0 on, or nothing.
fn numbers(table: &Table<'_, '_>, key: &'static str) -> Vec<f64> {
    let Some(value) = table.value(key) else { return Vec::new() };
    let read = |text: &str| text.replace('_', "").parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0);
    let one = |value: &toml::Spanned<toml::de::DeValue<'_>>| match value.get_ref() {
        toml::de::DeValue::Integer(n) => read(n.as_str()),
        toml::de::DeValue::Float(n) => read(n.as_str()),
        _ => None,
    };
    let numbers: Option<Vec<f64>> = value.get_ref().as_array().and_then(|a| a.iter().map(one).collect());
    match numbers.filter(|n| n.iter().sum::<f64>() > 0.0 && n.len() <= 1_440) {
        Some(numbers) => numbers,
        None => {
            let (zh, en) =
                (format!("{key} 应为数的数组，不全为 0"), format!("{key} is an array of numbers, not all 0"));
            table.document.error(value.span(), zh, en);
            Vec::new()
        }
    }
}

fn kind(table: Table<'_, '_>) -> Option<Kind> {
    let numbers = table.texts("numbers").unwrap_or_default();
    for (number, span) in &numbers {
        if !is_number(number) {
            let (zh, en) = (format!("\"{number}\" 不能拨"), format!("\"{number}\" cannot be dialled"));
            table.document.error(span.clone(), zh, en);
        }
    }
    if numbers.is_empty() {
        table.missing("numbers：要拨的号码", "numbers: whom to call");
    }
    let title = table.text("title").or_else(|| numbers.first().cloned()).map(|(text, _)| text.to_owned());
    let share = |key| table.decimal(key, 0.0..=1.0).map(|(n, _)| n);
    let kind = Kind {
        title: title.unwrap_or_default(),
        share: table.decimal("share", 0.0..=1e9).map_or(1.0, |(n, _)| n),
        numbers: numbers.iter().map(|(n, _)| (*n).to_owned()).collect(),
        talk: length(&table, "talk_s").unwrap_or(Length::Fixed(20.0)),
        gives_up: share("gives_up")
            .map(|s| (s, length(&table, "gives_up_after_s").unwrap_or(Length::Exponential(20.0)))),
        keys: keys(&table, "keys").map(|keys| (length(&table, "keys_after_s").unwrap_or(Length::Fixed(2.0)), keys)),
        hold: share("hold").map(|s| {
            let after = length(&table, "hold_after_s").unwrap_or(Length::Fixed(2.0));
            (s, after, length(&table, "hold_for_s").unwrap_or(Length::Fixed(2.0)))
        }),
        agent: agent(&table),
        tcp: share("tcp").unwrap_or(0.0),
        expect: statuses(&table),
    };
    table.finish();
    (!kind.numbers.is_empty()).then_some(kind)
}

fn agent(table: &Table<'_, '_>) -> Option<(f64, Agent)> {
    let share = table.decimal("agent", 0.0..=1.0);
    let (keys, refer) = (keys(table, "agent_keys"), table.text("agent_refer"));
    let after = length(table, "agent_after_s").unwrap_or(Length::Fixed(2.0));
    let does = match (keys, refer) {
        (Some(_), Some((_, span))) => {
            let zh = "agent_keys 与 agent_refer 只能写一个";
            table.document.error(span, zh, "either agent_keys or agent_refer, not both");
            return None;
        }
        (Some(keys), None) => Does::Keys(keys),
        (None, Some((number, _))) => Does::Refer(number.to_owned()),
        (None, None) => {
            if let Some((_, span)) = share {
                let (zh, en) =
                    ("agent 要与 agent_keys 或 agent_refer 一起写", "agent goes with agent_keys or agent_refer");
                table.document.error(span, zh, en);
            }
            return None;
        }
    };
    Some((share.map_or(1.0, |(n, _)| n), Agent { after, does }))
}

fn keys(table: &Table<'_, '_>, key: &'static str) -> Option<String> {
    let (text, span) = table.text(key)?;
    if let Some(strange) = text.chars().find(|k| crate::rtp::telephone_event::code(*k).is_none()) {
        let (zh, en) =
            (format!("没有按键 '{strange}'：0-9 * # A-D"), format!("there is no key '{strange}': 0-9 * # A-D"));
        table.document.error(span, zh, en);
        return None;
    }
    Some(text.to_owned())
}

fn statuses(table: &Table<'_, '_>) -> Vec<u16> {
    let Some(value) = table.value("expect") else { return Vec::new() };
    let one = |value: &toml::Spanned<toml::de::DeValue<'_>>| {
        let number = value.get_ref().as_integer()?;
        number.as_str().parse::<u16>().ok().filter(|n| (300..700).contains(n))
    };
    let statuses: Option<Vec<u16>> = value.get_ref().as_array().and_then(|a| a.iter().map(one).collect());
    statuses.unwrap_or_else(|| {
        let (zh, en) = ("expect 应为状态码（300 到 699）的数组", "expect is an array of statuses from 300 to 699");
        table.document.error(value.span(), zh, en);
        Vec::new()
    })
}

/// `20`, `{ from = 5, to = 10 }`, `{ mean = 20, spread = "exponential" }`, `{ mean = 180, spread = "log-normal", sigma = 0.8 }`.
fn length(table: &Table<'_, '_>, key: &'static str) -> Option<Length> {
    let value = table.value(key)?;
    if value.get_ref().as_table().is_none() {
        return table.decimal(key, 0.0..=LONGEST).map(|(n, _)| Length::Fixed(n));
    }
    let inner = Table::new(table.document, format!("{} {key}", table.name), Some(value));
    let number = |key, most| inner.decimal(key, 0.0..=most).map(|(n, _): Found<f64>| n);
    let (from, to, mean) = (number("from", LONGEST), number("to", LONGEST), number("mean", LONGEST));
    let sigma = number("sigma", 3.0).unwrap_or(0.8);
    let exponential = inner.choice("spread", &[("exponential", true), ("log-normal", false)], true);
    let length = match (from, to, mean) {
        (Some(from), Some(to), None) if from <= to => Some(Length::Between(from, to)),
        (None, None, Some(mean)) if exponential => Some(Length::Exponential(mean)),
        (None, None, Some(mean)) => Some(Length::LogNormal(mean, sigma)),
        _ => {
            let zh = format!("{key} 应有 mean，或 from 与 to（from 不大于 to）");
            table.document.error(value.span(), zh, format!("{key} has a mean, or from and to with from ≤ to"));
            None
        }
    };
    inner.finish();
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_city_is_a_mix() {
        let city = parse("city", CITY).unwrap();
        assert!(city.day.len() == 24 && city.kinds.len() >= 6 && !city.departments.is_empty());
        let some = |what: fn(&Kind) -> bool| city.kinds.iter().any(what);
        assert!(some(|k| k.gives_up.is_some()) && some(|k| k.hold.is_some()) && some(|k| k.tcp > 0.0));
        assert!(some(|k| matches!(&k.agent, Some((_, Agent { does: Does::Keys(_), .. })))));
        assert!(some(|k| matches!(&k.agent, Some((_, Agent { does: Does::Refer(_), .. })))));
        assert!(some(|k| !k.expect.is_empty()) && some(|k| k.keys.is_some()));
    }

    #[test]
    fn every_mistake_with_its_line() {
        let text = "ring = 1\nday = [0]\n[[call]]\nshare = -1\n[[call]]\nnumbers = [\"1 2\"]\ntalk_s = { mean = 1, to = 2 }\n\
            keys = \"x\"\nagent = 0.5\nexpect = [200]\n";
        let mistakes = parse("m.toml", text).unwrap_err();
        let lines: Vec<_> = mistakes.iter().map(|m| (m.spot.line, m.en.as_str())).collect();
        assert_eq!(lines.iter().map(|l| l.0).collect::<Vec<_>>(), [1, 2, 3, 4, 6, 7, 8, 9, 10], "{lines:?}");
        assert!(parse("m.toml", "").is_err() && load("/nonexistent.toml").is_err());
    }
}
