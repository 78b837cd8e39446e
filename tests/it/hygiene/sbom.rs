//! The bill of materials: CycloneDX 1.5 of what is built into the program, from cargo's graph and the lock file's checksums.
//!
//! `make sbom` sets `SBOM` to the file that is to be written; without it the document is only checked.

use super::packages::{Graph, graph};
use crate::support::city::root;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// SHA-256 of each package by name and version.
pub fn checksums(lock: &toml::Table) -> BTreeMap<(String, String), String> {
    let text = |package: &toml::Value, key: &str| package.get(key).and_then(|v| v.as_str()).map(str::to_owned);
    let packages = lock["package"].as_array().unwrap();
    packages.iter().filter_map(|p| Some(((text(p, "name")?, text(p, "version")?), text(p, "checksum")?))).collect()
}

/// Names a package everywhere in the document.
fn purl(graph: &Graph, id: &str) -> String {
    let package = &graph.packages[id];
    format!("pkg:cargo/{}@{}", package.name, package.version)
}

fn component(graph: &Graph, id: &str, sums: &BTreeMap<(String, String), String>) -> Value {
    let package = &graph.packages[id];
    let at = purl(graph, id);
    let mut component = json!({
        "type": if id == graph.root { "application" } else { "library" },
        "bom-ref": at, "name": package.name, "version": package.version, "purl": at,
    });
    let fields = component.as_object_mut().unwrap();
    if let Some(license) = &package.license {
        // An older spelling of OR is no SPDX.
        fields.insert("licenses".into(), json!([{ "expression": license.replace('/', " OR ") }]));
    }
    if let Some(description) = &package.description {
        fields.insert("description".into(), json!(description.trim()));
    }
    if let Some(sum) = sums.get(&(package.name.clone(), package.version.clone())) {
        fields.insert("hashes".into(), json!([{ "alg": "SHA-256", "content": sum }]));
    }
    component
}

fn document(graph: &Graph) -> Value {
    let lock: toml::Table = fs::read_to_string(root().join("Cargo.lock")).unwrap().parse().unwrap();
    let sums = checksums(&lock);
    let libraries = graph.packages.keys().filter(|id| **id != graph.root);
    let components: Vec<Value> = libraries.map(|id| component(graph, id, &sums)).collect();
    let edge = |(id, needs): (&String, &BTreeSet<String>)| {
        let on: Vec<String> = needs.iter().map(|n| purl(graph, n)).collect();
        json!({ "ref": purl(graph, id), "dependsOn": on })
    };
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": component(graph, &graph.root, &sums) },
        "components": components,
        "dependencies": graph.needs.iter().map(edge).collect::<Vec<_>>(),
    })
}

#[test]
fn the_bill_of_materials_names_all_that_is_built_in_and_nothing_else() {
    let graph = graph();
    let bill = document(&graph);
    let components = bill["components"].as_array().unwrap();
    let named: BTreeSet<&str> = components.iter().map(|c| c["bom-ref"].as_str().unwrap()).collect();
    assert_eq!(named.len(), components.len(), "each once");
    assert!(components.iter().all(|c| c["hashes"][0]["content"].as_str().is_some_and(|h| h.len() == 64)));
    let names: BTreeSet<&str> = components.iter().map(|c| c["name"].as_str().unwrap()).collect();
    for there in ["tokio", "rsip", "sqlx", "libsqlite3-sys", "cc"] {
        assert!(names.contains(there), "{there}");
    }
    for tests_only in ["proptest", "insta"] {
        assert!(!names.contains(tests_only), "{tests_only}");
    }
    let own = bill["metadata"]["component"]["bom-ref"].as_str().unwrap();
    for edge in bill["dependencies"].as_array().unwrap() {
        let ends = edge["dependsOn"].as_array().unwrap().iter().chain([&edge["ref"]]);
        assert!(ends.map(|e| e.as_str().unwrap()).all(|e| e == own || named.contains(e)), "{edge}");
    }
    if let Ok(path) = std::env::var("SBOM") {
        fs::write(&path, serde_json::to_string_pretty(&bill).unwrap() + "\n").unwrap();
        println!("{path}: {} components", components.len());
    }
}
