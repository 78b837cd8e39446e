//! `[tls]`: certificates, keys, and whom we trust, for every `tls:` address of `[sip] listen` and every trunk that is reached so.

use super::reader::{Found, Table};
use crate::transport::certificate::Identity;
use std::path::PathBuf;

/// `[tls]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tls {
    /// Shown to whoever asks for no other name; `None`: one is made in the state folder.
    pub own: Option<Identity>,
    /// By the name that is asked for (SNI).
    pub named: Vec<(String, Identity)>,
    /// Whose certificates are believed; `None`: the system's authorities.
    pub trusted: Option<PathBuf>,
    /// TLS 1.2 is refused.
    pub only_13: bool,
}

impl Tls {
    pub(super) fn read(table: Table<'_, '_>) -> Self {
        let versions = [("1.2", false), ("1.3", true)];
        let names = table.table("name");
        let named = names.entries().filter_map(|(name, value)| {
            let table = Table::new(table.document, format!("[tls.name.\"{name}\"]"), Some(value));
            let found = identity(&table);
            if found.is_none() {
                table.missing("certificate 和 key", "certificate and key");
            }
            table.finish();
            Some((name.to_owned(), found?))
        });
        let tls = Self {
            named: named.collect(),
            own: identity(&table),
            trusted: file(&table, "trusted").map(|(path, _)| path),
            only_13: table.choice("min_version", &versions, false),
        };
        table.finish();
        tls
    }
}

/// Certificate and key, which go together.
fn identity(table: &Table<'_, '_>) -> Option<Identity> {
    match (file(table, "certificate"), file(table, "key")) {
        (Some((certificate, _)), Some((key, _))) => Some(Identity { certificate, key }),
        (Some((_, span)), None) => {
            table.document.error(span, "certificate 缺少 key", "certificate lacks key");
            None
        }
        (None, Some((_, span))) => {
            table.document.error(span, "key 缺少 certificate", "key lacks certificate");
            None
        }
        (None, None) => None,
    }
}

/// A file that is there.
fn file(table: &Table<'_, '_>, key: &'static str) -> Option<Found<PathBuf>> {
    let (text, span) = table.text(key)?;
    let path = table.document.path(text);
    if !path.is_file() {
        let at = path.display();
        table.document.error(span.clone(), format!("{key}：没有文件 {at}"), format!("{key}: there is no file {at}"));
    }
    Some((path, span))
}
