//! The API's own description (OpenAPI 3.1), made of the table of doors: it cannot say anything else than what is served.

use super::doors::DOORS;
use super::fault::{Told, json};
use super::fields::{self, Field, Kind};
use super::verb::Action;
use axum::http::StatusCode;
use serde_json::{Map, Value, json as object};

pub(super) async fn openapi() -> Told {
    Ok(json(StatusCode::OK, &describe()))
}

/// All of it.
#[must_use]
pub(super) fn describe() -> Value {
    let mut paths = Map::new();
    let mut put = |method: &str, path: &str, right: String, zh: &str, en: &str| {
        let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let parameter =
            |name| object!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } });
        let parameters: Vec<Value> = names.map(parameter).collect();
        let (query, body) = fields::of(method, path);
        let parameters: Vec<Value> = parameters.into_iter().chain(query.iter().map(asked)).collect();
        let failed = object!({ "$ref": "#/components/responses/Fault" });
        let mut operation = object!({
            "summary": zh,
            "description": en,
            "x-right": right,
            "parameters": parameters,
            "responses": { "200": { "description": "OK" }, "401": failed, "403": failed, "default": failed },
        });
        if (matches!(method, "POST" | "PATCH") || !body.is_empty())
            && let Some(operation) = operation.as_object_mut()
        {
            let required: Vec<&str> = body.iter().filter(|field| field.required).map(|field| field.name).collect();
            let each: Map<String, Value> = body.iter().map(|field| (field.name.to_owned(), described(field))).collect();
            let schema =
                object!({ "type": "object", "properties": each, "required": required, "additionalProperties": false });
            let content = object!({ "application/json": { "schema": schema } });
            operation.insert("requestBody".into(), object!({ "required": !required.is_empty(), "content": content }));
        }
        let at = paths.entry(path.to_owned()).or_insert_with(|| object!({}));
        if let Some(at) = at.as_object_mut() {
            at.insert(method.to_lowercase(), operation);
        }
    };
    for door in DOORS.iter().filter(|door| !door.path.ends_with("{word}")) {
        put(door.method, door.path, word(door.right), door.zh, door.en);
    }
    for (verb, action) in Action::ALL {
        let (zh, en) = (format!("对通话的指令：{verb}"), format!("an order about a call: {verb}"));
        put("POST", &format!("/api/v1/calls/{{ref}}/{verb}"), word(action.right()), &zh, &en);
    }
    object!({
        "openapi": "3.1.0",
        "info": { "title": "switchboard", "version": env!("CARGO_PKG_VERSION") },
        "paths": paths,
        "components": components(),
        "security": [{ "bearer": [] }, { "session": [] }],
    })
}

/// A field of a query.
fn asked(field: &Field) -> Value {
    object!({
        "name": field.name, "in": "query", "required": field.required, "schema": schema(field.kind),
        "description": format!("{} · {}", field.zh, field.en),
    })
}

/// A field of a body.
fn described(field: &Field) -> Value {
    let mut told = schema(field.kind);
    if let Some(told) = told.as_object_mut() {
        told.insert("description".into(), format!("{} · {}", field.zh, field.en).into());
    }
    told
}

fn schema(kind: Kind) -> Value {
    match kind {
        Kind::Text => object!({ "type": "string" }),
        Kind::Flag => object!({ "type": "boolean" }),
        Kind::Number => object!({ "type": "integer" }),
        Kind::Moment => object!({ "type": ["integer", "string"] }),
        Kind::Texts => object!({ "type": "array", "items": { "type": "string" } }),
        Kind::Word(words) => object!({ "type": "string", "enum": words }),
        Kind::Files => object!({ "type": "array", "items": {
            "type": "object", "required": ["name", "text"],
            "properties": { "name": { "type": "string" }, "text": { "type": "string" } },
        } }),
    }
}

/// What all operations share.
fn components() -> Value {
    object!({
            "responses": { "Fault": {
                "description": "error, and a sentence in both languages",
                "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Fault" } } },
            } },
            "schemas": { "Fault": {
                "type": "object",
                "required": ["error", "zh", "en"],
                "properties": {
                    "error": { "type": "string" },
                    "why": { "type": "string" },
                    "field": { "type": "string" },
                    "right": { "type": "string" },
                    "retry_s": { "type": "integer" },
                    "zh": { "type": "string" },
                    "en": { "type": "string" },
                },
            } },
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer" },
                "session": { "type": "apiKey", "in": "cookie", "name": super::guard::SESSION },
            },
    })
}

/// A right as it is written in JSON.
fn word(right: crate::access::Right) -> String {
    object!(right).as_str().unwrap_or_default().to_owned()
}
