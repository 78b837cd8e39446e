//! The packages that the program is made of, as cargo tells them without a network, and their licences against `deny.toml`.
//!
//! `make deny` asks for advisories too, with cargo-deny and the network; this always runs.

use crate::support::city::root;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

/// A package of the graph.
#[derive(Debug, Deserialize)]
pub struct Package {
    pub id: String,
    pub name: String,
    pub version: String,
    pub license: Option<String>,
    pub source: Option<String>,
    pub description: Option<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
    root: String,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    kind: Option<String>,
}

/// What is built into the program, build scripts included, tests not.
pub struct Graph {
    pub root: String,
    /// By id.
    pub packages: BTreeMap<String, Package>,
    /// What each needs, by id.
    pub needs: BTreeMap<String, BTreeSet<String>>,
}

/// Of this platform only: the others' packages need not be on this machine.
pub fn graph() -> Graph {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let arguments = ["metadata", "--format-version=1", "--locked", "--offline", "--filter-platform", &platform];
    let told = Command::new(cargo).args(arguments).current_dir(root()).output().unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let Metadata { packages, resolve } = serde_json::from_slice(&told.stdout).unwrap();
    let shipped = |d: &Dependency| d.dep_kinds.iter().any(|k| k.kind.as_deref() != Some("dev"));
    let mut all: BTreeMap<String, BTreeSet<String>> = resolve
        .nodes
        .into_iter()
        .map(|n| (n.id, n.deps.into_iter().filter(shipped).map(|d| d.pkg).collect()))
        .collect();
    let mut needs = BTreeMap::new();
    let mut open = vec![resolve.root.clone()];
    while let Some(id) = open.pop() {
        if let Some(of) = all.remove(&id) {
            open.extend(of.iter().cloned());
            needs.insert(id, of);
        }
    }
    let clarified = clarified();
    let read = |mut p: Package| {
        p.license = p.license.or_else(|| clarified.get(&p.name).cloned());
        (p.id.clone(), p)
    };
    let packages = packages.into_iter().filter(|p| needs.contains_key(&p.id)).map(read).collect();
    Graph { root: resolve.root, packages, needs }
}

/// Whether an SPDX expression can be met with these licences. `/` is how older packages write OR.
fn met(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let fine = any(&words, &mut at, allowed);
    fine && at == words.len()
}

fn any(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut fine = all(words, at, allowed);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        fine |= all(words, at, allowed);
    }
    fine
}

fn all(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut fine = one(words, at, allowed);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        fine &= one(words, at, allowed);
    }
    fine
}

fn one(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let Some(word) = words.get(*at) else { return false };
    *at += 1;
    if *word == "(" {
        let fine = any(words, at, allowed);
        *at += 1;
        return fine;
    }
    if words.get(*at) == Some(&"WITH") {
        *at += 2;
        return allowed.contains(&format!("{word} WITH {}", words[*at - 1]));
    }
    allowed.contains(*word)
}

fn deny() -> toml::Table {
    fs::read_to_string(root().join("deny.toml")).unwrap().parse().unwrap()
}

fn allowed() -> BTreeSet<String> {
    let list = deny()["licenses"]["allow"].as_array().unwrap().clone();
    list.iter().map(|l| l.as_str().unwrap().to_owned()).collect()
}

/// Those whose licence stands in a file: name and what was read there.
fn clarified() -> BTreeMap<String, String> {
    let text = |entry: &toml::Value, key: &str| entry[key].as_str().unwrap().to_owned();
    let list = deny()["licenses"]["clarify"].as_array().unwrap().clone();
    list.iter().map(|entry| (text(entry, "crate"), text(entry, "expression"))).collect()
}

#[test]
fn an_expression_is_met_as_spdx_has_it() {
    let allowed: BTreeSet<String> = ["MIT", "BSD-3-Clause", "Apache-2.0 WITH LLVM-exception"].map(Into::into).into();
    for fine in
        ["MIT", "MIT OR GPL-3.0", "GPL-3.0/MIT", "(GPL-3.0 OR MIT) AND BSD-3-Clause", "Apache-2.0 WITH LLVM-exception"]
    {
        assert!(met(fine, &allowed), "{fine}");
    }
    for wrong in ["", "GPL-3.0", "MIT AND GPL-3.0", "Apache-2.0", "(MIT OR X) AND Y", "MIT MIT"] {
        assert!(!met(wrong, &allowed), "{wrong}");
    }
}

#[test]
fn every_licence_is_one_that_deny_toml_allows() {
    let (graph, allowed) = (graph(), allowed());
    assert!(graph.packages.len() > 50, "{} packages", graph.packages.len());
    let wrong: Vec<_> = graph
        .packages
        .values()
        .filter(|p| !p.license.as_deref().is_some_and(|l| met(l, &allowed)))
        .map(|p| format!("{} {}: {:?}", p.name, p.version, p.license))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    // What nothing needs any more is not allowed any more.
    let unused: Vec<_> = allowed
        .iter()
        .filter(|l| !graph.packages.values().any(|p| p.license.as_ref().is_some_and(|e| e.contains(l.as_str()))))
        .collect();
    assert!(unused.is_empty(), "{unused:?}");
}

#[test]
fn every_package_is_of_the_registry_and_has_a_checksum() {
    let graph = graph();
    let lock: toml::Table = fs::read_to_string(root().join("Cargo.lock")).unwrap().parse().unwrap();
    let sums = super::sbom::checksums(&lock);
    for package in graph.packages.values().filter(|p| p.id != graph.root) {
        let registry = package.source.as_deref().is_some_and(|s| s.starts_with("registry+"));
        let known = (package.name.clone(), package.version.clone());
        assert!(registry && sums.contains_key(&known), "{} {}: {:?}", package.name, package.version, package.source);
    }
}
