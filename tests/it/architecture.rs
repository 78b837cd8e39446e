//! Reads the source: imports go downwards only, the pure tiers do no I/O, files and the call stay small.

mod circles;

use crate::support::city::root;
use circles::Tree;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The tier table of `src/lib.rs`.
const TIERS: [(u8, &[&str]); 9] = [
    (0, &["clock", "codec", "id", "key", "fact"]),
    (1, &["sip", "sdp", "rtp", "browser", "audio", "calendar"]),
    (2, &["access", "dialplan", "acd", "ivr", "patch"]),
    (3, &["call", "phone"]),
    (4, &["exchange"]),
    (5, &["ledger", "store", "transport", "media", "names", "live"]),
    (6, &["flood"]),
    (7, &["admin", "web", "config"]),
    (8, &["daemon", "cli"]),
];

/// Imports inside one tier that are meant: who may import whom.
const BESIDE: [(&str, &str); 4] = [("web", "admin"), ("fact", "id"), ("store", "ledger"), ("cli", "daemon")];

/// The last tier that is pure.
const PURE: u8 = 4;

/// What a pure tier never says, beside the tests in it.
const IO: [&str; 16] = [
    "tokio",
    ".await",
    "async fn",
    "dashmap",
    "arc_swap",
    "std::fs",
    "std::process",
    "std::thread",
    "thread::spawn",
    "std::env::var",
    "UdpSocket",
    "TcpStream",
    "TcpListener",
    "Mutex<",
    "RwLock<",
    "socket2",
];

/// The files that may hold `unsafe`: batched system calls.
const UNSAFE: [&str; 2] = ["transport/batch.rs", "media/batch.rs"];

/// Folders in which the verbs of the folder's one value stand in several files.
const PARTED: [&str; 4] = ["acd", "exchange", "phone", "sip"];
/// Longest file, lines.
const LONGEST: usize = 600;
/// Tables of data that may be longer, by name.
const TABLES: [&str; 1] = ["dialplan/check/guide.rs"];
/// One source file.
struct File {
    /// Below `src/`.
    name: String,
    /// As it stands.
    text: String,
    /// Comments and the contents of strings taken out.
    code: String,
    /// The same without `#[cfg(test)]` modules at the end; empty for a file of tests.
    shipped: String,
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            walk(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// Line comments and string contents out; lines are kept.
fn bare(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let (mut quoted, mut escaped, mut previous) = (false, false, ' ');
        for c in line.chars() {
            if quoted {
                match c {
                    _ if escaped => escaped = false,
                    '\\' => escaped = true,
                    '"' => quoted = false,
                    _ => {}
                }
                continue;
            }
            if c == '/' && previous == '/' {
                out.pop();
                break;
            }
            // `'"'` is a character, not the beginning of a string.
            quoted = c == '"' && previous != '\'';
            previous = c;
            out.push(c);
        }
        out.push('\n');
    }
    out
}

fn files() -> Vec<File> {
    let src = root().join("src");
    let mut paths = Vec::new();
    walk(&src, &mut paths);
    // Files that are modules of tests: `#[cfg(test)]` and then `mod name;` in the file above.
    let mut tests = Vec::new();
    for path in &paths {
        let text = fs::read_to_string(path).unwrap();
        let named =
            text.split("#[cfg(test)]\nmod ").skip(1).filter_map(|rest| rest.split_once(';').map(|(name, _)| name));
        let folder = path.parent().unwrap();
        tests.extend(named.filter(|n| n.chars().all(|c| c.is_alphanumeric() || c == '_')).map(|n| folder.join(n)));
    }
    let read = |path: &PathBuf| {
        let text = fs::read_to_string(path).unwrap();
        let name = path.strip_prefix(&src).unwrap().display().to_string().replace('\\', "/");
        let code = bare(&text);
        let shipped = if tests.iter().any(|t| path.starts_with(t) || path.with_extension("") == *t) {
            String::new()
        } else {
            code.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned()
        };
        File { name, text, code, shipped }
    };
    paths.iter().map(read).collect()
}

fn tier(module: &str) -> Option<u8> {
    TIERS.iter().find(|(_, modules)| modules.contains(&module)).map(|(tier, _)| *tier)
}

fn module(name: &str) -> &str {
    name.split('/').next().unwrap_or(name).trim_end_matches(".rs")
}

/// The top modules named by `crate::…`, in `use` lines and in paths.
fn imports(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        let names: Vec<&str> = match rest.strip_prefix('{') {
            // `use crate::{a, b::c, d::{e, f}}`: names at the outer level.
            Some(list) => {
                let mut depth = 0;
                let end = list.find(|c| {
                    depth += i32::from(c == '{') - i32::from(c == '}');
                    depth < 0
                });
                let list = &list[..end.unwrap_or(list.len())];
                let mut depth = 0;
                let split = move |c: char| {
                    depth += i32::from(c == '{') - i32::from(c == '}');
                    c == ',' && depth == 0
                };
                list.split(split).map(str::trim).filter(|n| !n.is_empty()).collect()
            }
            None => vec![rest],
        };
        for name in names {
            let end = name.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(name.len());
            found.push(name[..end].to_owned());
        }
    }
    found
}

#[test]
fn the_reader_of_imports_reads_them() {
    let code = "use crate::clock::Now;\nuse crate::{id, sip::{dialog, flow}, fact::Fact};\nlet x = crate::acd::Input; mycrate::no; pub(crate) y";
    assert_eq!(imports(code), ["clock", "id", "sip", "fact", "acd"]);
    assert_eq!(bare("a // tokio\nb(\"tokio\", '\"') // x\n"), "a \nb(\"\", '\"') \n".replace("\"\"", "\""));
    assert_eq!((module("sip/dialog/mod.rs"), module("clock.rs"), tier("sip")), ("sip", "clock", Some(1)));
}

#[test]
fn every_module_has_a_tier_and_the_map_agrees() {
    let map = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let declared = map.lines().filter_map(|l| l.strip_prefix("pub mod ")?.strip_suffix(';'));
    for name in declared {
        let tier = tier(name).unwrap_or_else(|| panic!("{name} stands in no tier"));
        let row = map.lines().find(|l| l.starts_with(&format!("//! | {tier} |"))).expect("the tier's row");
        assert!(row.contains(&format!("[`{name}`]")), "lib.rs says of tier {tier}: {row}");
    }
}

#[test]
fn imports_go_downwards_only() {
    let mut wrong = BTreeMap::new();
    for file in files().iter().filter(|f| f.name != "lib.rs" && f.name != "main.rs") {
        let from = module(&file.name);
        let Some(above) = tier(from) else { panic!("{from} stands in no tier") };
        for to in imports(&file.shipped) {
            let Some(below) = tier(&to) else { continue };
            let fine = to == from || below < above || BESIDE.contains(&(from, to.as_str()));
            if !fine {
                wrong.insert(file.name.clone(), format!("tier {above} imports {to} of tier {below}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Whether the word stands in the line, and not as the beginning of a longer one.
fn says(line: &str, word: &str) -> bool {
    let whole = |at: usize| !line[at + word.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
    line.match_indices(word).any(|(at, _)| whole(at))
}

#[test]
fn the_files_of_a_folder_need_each_other_in_no_circle() {
    let files = files();
    let tree = Tree::read(files.iter().map(|f| (f.name.as_str(), f.text.as_str())), &PARTED);
    let circles = tree.circles();
    assert!(circles.is_empty(), "{circles:#?}");
}

#[test]
fn the_pure_tiers_do_no_io() {
    let mut wrong = Vec::new();
    for file in files() {
        if tier(module(&file.name)).is_none_or(|t| t > PURE) {
            continue;
        }
        for (number, line) in file.shipped.lines().enumerate() {
            if let Some(word) = IO.iter().find(|w| says(line, w)) {
                wrong.push(format!("{}:{}: {word}", file.name, number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn unsafe_stands_in_the_batching_files_only() {
    let unsafe_words = ["unsafe {", "unsafe fn", "unsafe impl", "unsafe_code"];
    let says = |f: &File| unsafe_words.iter().any(|w| f.code.contains(w));
    let wrong: Vec<_> =
        files().into_iter().filter(|f| says(f) && !UNSAFE.contains(&f.name.as_str())).map(|f| f.name).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn files_stay_short() {
    let mut paths = Vec::new();
    for folder in ["src", "tests", "benches"] {
        walk(&root().join(folder), &mut paths);
    }
    let mut long = Vec::new();
    for path in paths {
        let name = path.strip_prefix(root()).unwrap().display().to_string().replace('\\', "/");
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        let table = name.strip_prefix("src/").is_some_and(|n| TABLES.contains(&n));
        if lines > LONGEST && !table {
            long.push((name, lines));
        }
    }
    assert!(long.is_empty(), "longer than {LONGEST} lines: {long:?}");
}

/// Where VoIP projects rot: the call object that grows into everything.
#[test]
fn the_call_has_at_most_a_dozen_fields() {
    let file = files().into_iter().find(|f| f.name == "call/mod.rs").unwrap();
    let body = file.code.split("pub struct Call {").nth(1).and_then(|s| s.split("\n}").next()).unwrap();
    let fields: Vec<&str> = body.lines().filter_map(|l| l.trim().split_once(": ").map(|(name, _)| name)).collect();
    assert!(fields.len() >= 5, "the reader of fields is broken: {fields:?}");
    assert!(fields.len() <= 12, "{fields:?}");
}

/// A feature is a value of its own that the call asks; it is no further part of the call.
#[test]
fn the_call_has_its_verbs_in_one_file() {
    let parts = ["impl Call", "impl super::Call", "impl crate::call::Call"];
    let says = |f: &File| f.code.lines().any(|l| parts.iter().any(|p| says(l, p)));
    let elsewhere = |f: &File| f.name.starts_with("call/") && f.name != "call/mod.rs" && says(f);
    let wrong: Vec<String> = files().into_iter().filter(elsewhere).map(|f| f.name).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}
