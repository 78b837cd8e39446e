//! The pages themselves: what is built of `web/` and stands in `web/dist`, inside the program. There is nothing of anybody in them, so
//! they are given to whoever asks; what they may load and do is said with each.

use super::backend::Backend;
use super::fault::Fault;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use flate2::Compression;
use flate2::write::GzEncoder;
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::io::Write as _;
use std::sync::{Arc, LazyLock};

/// Pages by their address.
const PAGES: [(&str, &str); 11] = [
    ("/", "signin.html"),
    ("/join", "join.html"),
    ("/desk", "desk.html"),
    ("/hall", "hall.html"),
    ("/wall", "wall.html"),
    ("/ops", "ops.html"),
    ("/people", "people.html"),
    ("/account", "account.html"),
    ("/api", "api.html"),
    ("/audit", "audit.html"),
    ("/figures", "figures.html"),
];

/// Said with every page (CSP level 3): its own scripts, styles and pictures, its own server, and nothing else; no frame around it.
const HEADERS: [(&str, &str); 7] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; media-src 'self' blob:; \
         font-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "microphone=(self), speaker-selection=(self), camera=(), geolocation=()"),
];

#[derive(RustEmbed)]
#[folder = "web/dist"]
struct Dist;

/// One file, as it is sent.
struct File {
    kind: &'static str,
    plain: Bytes,
    /// The same by gzip, where that is shorter.
    packed: Option<Bytes>,
    tag: HeaderValue,
}

static FILES: LazyLock<HashMap<String, File>> = LazyLock::new(|| {
    let all = Dist::iter().filter_map(|name| Some((name.to_string(), file(&name, &Dist::get(&name)?.data))));
    all.collect()
});

fn file(name: &str, data: &[u8]) -> File {
    let kind = match name.rsplit_once('.').map_or("", |(_, end)| end) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "json" | "webmanifest" => "application/json",
        "wav" => "audio/wav",
        _ => "application/octet-stream",
    };
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    let packed = packer.write_all(data).and_then(|()| packer.finish()).ok().filter(|packed| packed.len() < data.len());
    let digest = Sha256::digest(data);
    let tag = digest.iter().take(12).map(|byte| format!("{byte:02x}")).collect::<String>();
    let tag = HeaderValue::from_str(&format!("\"{tag}\"")).unwrap_or(HeaderValue::from_static("\"\""));
    File { kind, plain: Bytes::copy_from_slice(data), packed: packed.map(Bytes::from), tag }
}

/// Their addresses.
pub(super) fn router() -> Router<Arc<Backend>> {
    let mut router = Router::new();
    for (address, name) in PAGES {
        let page = get(async move |headers: HeaderMap| give(name, &headers));
        router = router.route(address, page.fallback(async || Fault::method()));
    }
    let asset = async |Path(name): Path<String>, headers: HeaderMap| give(&name, &headers);
    router.route("/assets/{name}", get(asset).fallback(async || Fault::method()))
}

fn give(name: &str, headers: &HeaderMap) -> Response {
    let Some(file) = FILES.get(name) else { return Fault::no_such_path().into_response() };
    let list = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let known = list(IF_NONE_MATCH).split(',').any(|tag| tag.trim().trim_start_matches("W/") == file.tag);
    let packs = list(ACCEPT_ENCODING).split(',').any(|word| word.split(';').next().is_some_and(|w| w.trim() == "gzip"));
    let packed = file.packed.as_ref().filter(|_| packs);
    let body = if known { Body::empty() } else { Body::from(packed.unwrap_or(&file.plain).clone()) };
    let mut response = Response::new(body);
    *response.status_mut() = if known { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
    let head = response.headers_mut();
    for (name, value) in HEADERS {
        head.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    head.insert(ETAG, file.tag.clone());
    // Asked for again each time, and answered by 304: a new version is there at once.
    head.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    head.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if !known {
        head.insert(CONTENT_TYPE, HeaderValue::from_static(file.kind));
        if packed.is_some() {
            head.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
    }
    response
}
