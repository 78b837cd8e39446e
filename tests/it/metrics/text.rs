//! A strict reader of the text format 0.0.4, by its specification and Prometheus' conventions for names.

use std::collections::{BTreeMap, BTreeSet};

/// One sample.
#[derive(Debug, Clone)]
pub struct Sample {
    pub name: String,
    pub labels: BTreeMap<String, String>,
    pub value: f64,
}

/// One family with its samples.
#[derive(Debug, Clone)]
pub struct Family {
    pub kind: String,
    pub samples: Vec<Sample>,
}

fn is_name(text: &str, colon: bool) -> bool {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_' || (colon && c == ':');
    text.chars().next().is_some_and(letter) && text.chars().all(|c| letter(c) || c.is_ascii_digit())
}

/// All families of a page.
pub fn families(text: &str) -> Result<BTreeMap<String, Family>, String> {
    if !text.is_empty() && !text.ends_with('\n') {
        return Err("the last line has no end".into());
    }
    let mut found: BTreeMap<String, Family> = BTreeMap::new();
    let (mut helped, mut open): (Option<String>, Option<String>) = (None, None);
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').ok_or_else(|| format!("no help: {line}"))?;
            if help.trim().is_empty() || found.contains_key(name) {
                return Err(format!("help: {line}"));
            }
            (helped, open) = (Some(name.to_owned()), None);
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').ok_or_else(|| format!("no type: {line}"))?;
            if helped.as_deref() != Some(name) {
                return Err(format!("type without help before it: {line}"));
            }
            named(name, kind)?;
            found.insert(name.to_owned(), Family { kind: kind.to_owned(), samples: Vec::new() });
            open = Some(name.to_owned());
        } else {
            let name = open.as_ref().ok_or_else(|| format!("a sample without a family: {line}"))?;
            let family = found.get_mut(name).ok_or("lost")?;
            let sample = sample(line)?;
            belongs(&sample, name, &family.kind)?;
            family.samples.push(sample);
        }
    }
    for (name, family) in &found {
        whole(name, family)?;
    }
    Ok(found)
}

fn named(name: &str, kind: &str) -> Result<(), String> {
    if !is_name(name, true) || name.contains(':') {
        return Err(format!("{name} is no name: colons are for rules"));
    }
    if !["counter", "gauge", "histogram"].contains(&kind) {
        return Err(format!("{kind} is no type"));
    }
    if (kind == "counter") != name.ends_with("_total") {
        return Err(format!("{name} is a {kind}"));
    }
    let units = ["_ms", "_milliseconds", "_us", "_micros", "_minutes", "_kb", "_kilobytes", "_percent", "_permille"];
    if let Some(unit) = units.iter().find(|u| name.ends_with(**u) || name.contains(&format!("{u}_"))) {
        return Err(format!("{name}: {unit} is no base unit"));
    }
    if ["_count", "_sum", "_bucket"].iter().any(|end| name.ends_with(end)) {
        return Err(format!("{name} ends like a part of a histogram"));
    }
    if !name.starts_with("switchboard_") && !name.starts_with("process_") && name.len() > 9 {
        return Err(format!("{name} is nobody's"));
    }
    Ok(())
}

fn belongs(sample: &Sample, family: &str, kind: &str) -> Result<(), String> {
    let rest = sample.name.strip_prefix(family);
    let fits = match kind {
        "histogram" => rest.is_some_and(|end| ["_bucket", "_sum", "_count"].contains(&end)),
        _ => rest == Some(""),
    };
    let bounded = sample.labels.contains_key("le") == (kind == "histogram" && rest == Some("_bucket"));
    let sound = kind == "gauge" || sample.value >= 0.0;
    if fits && bounded && sound { Ok(()) } else { Err(format!("{sample:?} is none of the {kind} {family}")) }
}

fn sample(line: &str) -> Result<Sample, String> {
    let wrong = |why: &str| format!("{why}: {line}");
    let end = line.find(['{', ' ']).ok_or_else(|| wrong("no value"))?;
    let (name, mut rest) = line.split_at(end);
    if !is_name(name, true) {
        return Err(wrong("the name"));
    }
    let mut labels = BTreeMap::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        loop {
            let (label, after) = rest.split_once("=\"").ok_or_else(|| wrong("a label"))?;
            if !is_name(label, false) || label.starts_with("__") {
                return Err(wrong("a label's name"));
            }
            let (text, after) = quoted(after).ok_or_else(|| wrong("a label's text"))?;
            if labels.insert(label.to_owned(), text).is_some() {
                return Err(wrong("a label twice"));
            }
            match after.as_bytes().first() {
                Some(b',') => rest = &after[1..],
                Some(b'}') => {
                    rest = &after[1..];
                    break;
                }
                _ => return Err(wrong("behind a label")),
            }
        }
    }
    let value = rest.strip_prefix(' ').ok_or_else(|| wrong("no value"))?;
    let number = match value {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        "NaN" => f64::NAN,
        text if text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b)) => {
            text.parse().map_err(|_| wrong("no number"))?
        }
        _ => return Err(wrong("no number, or more behind it")),
    };
    Ok(Sample { name: name.to_owned(), labels, value: number })
}

/// A text up to its closing quote, and what stands behind that.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((out, &text[at + 1..])),
            '\\' => match chars.next()?.1 {
                'n' => out.push('\n'),
                c @ ('\\' | '"') => out.push(c),
                _ => return None,
            },
            c => out.push(c),
        }
    }
    None
}

/// No series twice; a histogram's buckets rise to its count.
fn whole(name: &str, family: &Family) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for sample in &family.samples {
        if !seen.insert((sample.name.clone(), sample.labels.clone())) {
            return Err(format!("{name}: {:?} stands twice", sample.labels));
        }
    }
    if family.kind != "histogram" {
        return Ok(());
    }
    let of = |end: &str| family.samples.iter().filter(|s| s.name == format!("{name}{end}")).collect::<Vec<_>>();
    let buckets: Vec<(f64, f64)> = of("_bucket")
        .iter()
        .map(|s| {
            (if s.labels["le"] == "+Inf" { f64::INFINITY } else { s.labels["le"].parse().unwrap_or(f64::NAN) }, s.value)
        })
        .collect();
    let rises = buckets.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 <= w[1].1);
    let (sum, count) = (of("_sum"), of("_count"));
    let last = buckets.last().is_some_and(|(le, n)| le.is_infinite() && count.first().is_some_and(|c| c.value == *n));
    if rises && last && sum.len() == 1 && count.len() == 1 { Ok(()) } else { Err(format!("{name}: {buckets:?}")) }
}
