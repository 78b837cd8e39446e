//! The JSON Schema (2020-12) of a dialplan file, for editors: completion and red lines while typing.
//!
//! The readers of [`format`](super::format) tell what they ask for, so the schema cannot differ from what is read; only the words
//! are here. It covers one file. Names, dates against each other and whole plans are judged by `check` alone.

mod words;

use super::check;
use super::entry::Class;
use super::format::{self, Kind, Told};
use serde_json::{Map, Value, json};

/// Digits, up to 16 of them.
const NUMBER: &str = "^[0-9]{1,16}$";
/// Digits and `x`, at least one digit.
const PATTERN: &str = "^x*[0-9][0-9x]*$";

/// The schema. A date or time is a string there, as editors hand it over: one in quotes is found by `check`.
#[must_use]
pub fn schema() -> Value {
    let told = format::told();
    let of = |table: &str| object(&told, table);
    let mut hotline = of("hotline");
    hotline["allOf"] = Value::Array([Class::Hub, Class::Merged, Class::Parallel, Class::Branch].map(demands).to_vec());
    let mut utility = of("utility");
    require(&mut utility, "trunk");
    let route = json!({ "anyOf": [item(&Kind::Targets), of("route")] });
    let mut properties = Map::new();
    for (table, value) in [
        ("city", of("city")),
        ("emergency", of("emergency")),
        ("hotline", numbers(NUMBER, &hotline)),
        ("utility", numbers(NUMBER, &utility)),
        ("route", numbers(PATTERN, &route)),
        ("group", names(&of("group"))),
        ("trunk", names(&of("trunk"))),
        ("calendar", names(&of("calendar"))),
        ("expect", json!({ "type": "array", "items": of("expect") })),
    ] {
        properties.insert(table.to_owned(), described(value, table, ""));
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "switchboard dialplan",
        "description": "拨号计划的一个文件\nOne file of a dialplan",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    })
}

/// Every key that a reader asks for, as `table.key`: the address under which [`schema`] describes it.
#[cfg(test)]
fn addresses() -> Vec<String> {
    let mut all: Vec<String> = format::told().iter().map(|t| format!("{}.{}", t.table, t.key)).collect();
    all.sort();
    all.dedup();
    all
}

fn numbers(pattern: &str, value: &Value) -> Value {
    json!({
        "type": "object",
        "propertyNames": { "maxLength": 16 },
        "patternProperties": { pattern: value },
        "additionalProperties": false,
    })
}

/// Names as `group:NAME` can say them.
fn names(value: &Value) -> Value {
    json!({
        "type": "object",
        "patternProperties": { "^[^\\s>]([^>]*[^\\s>])?$": value },
        "additionalProperties": false,
    })
}

fn object(told: &[Told], table: &str) -> Value {
    let here = || told.iter().filter(|t| t.table == table);
    let mut properties = Map::new();
    for Told { key, .. } in here() {
        let mut forms: Vec<Value> = here()
            .filter(|t| t.key == *key)
            .filter_map(|t| match &t.kind {
                Kind::Required => None,
                Kind::Table => Some(object(told, &format!("{table}.{key}"))),
                kind => Some(value(kind)),
            })
            .collect();
        let form = if forms.len() == 1 { forms.swap_remove(0) } else { json!({ "anyOf": forms }) };
        properties.insert((*key).to_owned(), described(form, table, key));
    }
    let required: Vec<&str> = here().filter(|t| t.kind == Kind::Required).map(|t| t.key).collect();
    let mut object = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    object
}

fn described(mut value: Value, table: &str, key: &str) -> Value {
    if let Some((zh, en)) = words::of(table, key) {
        value["description"] = json!(format!("{zh}\n{en}"));
    }
    value
}

/// The form of one value, or of a list of them.
fn value(kind: &Kind) -> Value {
    match kind {
        Kind::Texts | Kind::Dates | Kind::Moments | Kind::Targets | Kind::Shifts | Kind::Words(_) => {
            json!({ "anyOf": [item(kind), { "type": "array", "items": item(kind) }] })
        }
        _ => item(kind),
    }
}

fn item(kind: &Kind) -> Value {
    let text = |pattern: &str| json!({ "type": "string", "pattern": pattern });
    match kind {
        Kind::Text | Kind::Texts => json!({ "type": "string" }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Count(low, high) => json!({ "type": "integer", "minimum": low, "maximum": high }),
        Kind::Duration { zero: true } => text("^[0-9]+(ms|s|m|h)$"),
        Kind::Duration { zero: false } => text("^0*[1-9][0-9]*(ms|s|m|h)$"),
        Kind::Date | Kind::Dates => text("^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
        Kind::Moments => text("^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]+)?)?$"),
        Kind::Time => text("^[0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]+)?)?$"),
        Kind::Shifts => text("^\\s*((workday|dayoff)\\s+)?[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}\\s+[1-9][0-9]{0,4}\\s*$"),
        Kind::Targets => text(
            "^\\s*(callback\\s*|(group|trunk|prompt)\\s*:\\s*\\S.*|release\\s*:\\s*[4-6][0-9]{2}(/([1-9][0-9]?|1[01][0-9]|12[0-7]))?\\s*)$",
        ),
        Kind::Word(words) | Kind::Words(words) => json!({ "enum": words }),
        Kind::Required | Kind::Table => json!({ "type": "object" }),
    }
}

fn require(object: &mut Value, key: &str) {
    match object.get_mut("required").and_then(Value::as_array_mut) {
        Some(required) => required.push(json!(key)),
        None => object["required"] = json!([key]),
    }
}

/// What one class of hotline demands and forbids beyond what every hotline has (`check::lines`).
fn demands(class: Class) -> Value {
    let never: Map<String, Value> = check::foreign(class).into_iter().map(|k| (k.to_owned(), json!(false))).collect();
    let mut then = json!({ "properties": never });
    let own = json!([{ "required": ["group"] }, { "required": ["trunk"] }]);
    match class {
        Class::Hub => then["required"] = json!(["group"]),
        Class::Merged => {
            let stopped = json!({ "required": ["stopped"], "properties": { "stopped": { "const": true } } });
            then["anyOf"] = json!([{ "required": ["cutover"] }, stopped]);
            then["dependentRequired"] = json!({ "until": ["cutover"] });
        }
        Class::Parallel => {
            then["required"] = json!(["seats"]);
            let pooled = json!({ "properties": { "seats": { "const": "pooled" } }, "required": ["seats"] });
            let none = json!({ "properties": { "group": false, "trunk": false, "ring": false, "overflow": false } });
            then["if"] = pooled;
            then["then"] = none;
            then["else"] = json!({ "anyOf": own });
        }
        _ => then["anyOf"] = own,
    }
    json!({ "if": { "properties": { "class": { "const": class.en() } }, "required": ["class"] }, "then": then })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_described_and_no_word_is_stale() {
        let mut tables: Vec<String> =
            schema()["properties"].as_object().unwrap().keys().map(|t| format!("{t}.")).collect();
        tables.extend(addresses());
        tables.sort();
        let mut words: Vec<String> = words::ALL.iter().map(|(table, key, ..)| format!("{table}.{key}")).collect();
        words.sort();
        assert_eq!(words, tables);
        assert!(words::ALL.iter().all(|(.., zh, en)| !zh.is_empty() && !en.is_empty() && zh != en));
    }

    #[test]
    fn the_schema_has_every_table_that_is_read() {
        let mut told: Vec<String> = format::told().into_iter().map(|t| t.table).filter(|t| !t.contains('.')).collect();
        told.sort();
        told.dedup();
        let schema = schema();
        let mut tables: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
        tables.sort();
        assert_eq!(tables, told.iter().collect::<Vec<_>>());
    }
}
