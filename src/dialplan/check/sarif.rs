//! Diagnostics as SARIF 2.1.0 (OASIS), which editors and code hosts show beside the lines.

use super::place::Region;
use super::{Code, Diagnostic, Guide, Label, Places, Severity};
use crate::dialplan::Source;
use crate::fact::Lang;
use serde_json::{Value, json};

/// One log with one run: every code there is as a rule, every diagnostic as a result. Columns are characters.
#[must_use]
pub fn sarif(diagnostics: &[Diagnostic], sources: &[Source], lang: Lang) -> Value {
    let places = Places::of(sources);
    let results: Vec<Value> = diagnostics.iter().map(|d| result(d, &places, lang)).collect();
    let rules: Vec<Value> = Code::ALL.iter().map(|c| rule(*c, lang)).collect();
    let driver = json!({
        "name": "switchboard",
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "rules": rules,
    });
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": driver },
            "columnKind": "unicodeCodePoints",
            "language": match lang { Lang::Zh => "zh-CN", Lang::En => "en-US" },
            "invocations": [{ "executionSuccessful": true }],
            "results": results,
        }],
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn rule(code: Code, lang: Lang) -> Value {
    let (zh, en) = code.meaning();
    let guide = Guide::of(code);
    let (meaning, why, words) = match lang {
        Lang::Zh => (zh, guide.zh, ("错误写法", "正确写法")),
        Lang::En => (en, guide.en, ("wrong", "right")),
    };
    let (wrong, right) = (guide.wrong.trim(), guide.right.trim());
    json!({
        "id": code,
        "name": format!("{code:?}"),
        "shortDescription": { "text": meaning },
        "fullDescription": { "text": why },
        "help": {
            "text": format!("{why}\n\n{}:\n{wrong}\n\n{}:\n{right}", words.0, words.1),
            "markdown": format!("{why}\n\n{}\n```toml\n{wrong}\n```\n{}\n```toml\n{right}\n```", words.0, words.1),
        },
        "defaultConfiguration": { "level": level(code.severity()) },
    })
}

fn result(diagnostic: &Diagnostic, places: &Places<'_>, lang: Lang) -> Value {
    let mut text = diagnostic.title.in_lang(lang).to_owned();
    let label = diagnostic.primary.iter().map(|l| &l.text);
    for more in label.chain(&diagnostic.notes).chain(&diagnostic.help) {
        text.push('\n');
        text.push_str(more.in_lang(lang));
    }
    let more = diagnostic.and_more();
    if let Some(more) = &more {
        text.push('\n');
        text.push_str(more.in_lang(lang));
    }
    let mut result = json!({
        "ruleId": diagnostic.code,
        "ruleIndex": Code::ALL.iter().position(|c| *c == diagnostic.code),
        "level": level(diagnostic.severity),
        "message": { "text": text },
        "locations": diagnostic.primary.iter().filter_map(|l| location(l, places)).collect::<Vec<_>>(),
    });
    if more.is_some() {
        result["properties"] = json!({ "more": diagnostic.more });
    }
    let related = diagnostic.others.iter().enumerate().filter_map(|(id, label)| {
        let mut location = location(label, places)?;
        location["id"] = json!(id + 1);
        location["message"] = json!({ "text": label.text.in_lang(lang) });
        Some(location)
    });
    let related: Vec<Value> = related.collect();
    if !related.is_empty() {
        result["relatedLocations"] = Value::Array(related);
    }
    result
}

fn location(label: &Label, places: &Places<'_>) -> Option<Value> {
    let (file, Region { start, end }) = places.region(label.span)?;
    let region = json!({ "startLine": start.0, "startColumn": start.1, "endLine": end.0, "endColumn": end.1 });
    Some(json!({ "physicalLocation": { "artifactLocation": { "uri": uri(file) }, "region": region } }))
}

/// A path as a URI reference (RFC 3986): absolute ones with their scheme, relative ones as they are.
fn uri(path: &str) -> String {
    let mut out = String::from(if path.starts_with('/') { "file://" } else { "" });
    let path = path.strip_prefix("./").unwrap_or(path);
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
