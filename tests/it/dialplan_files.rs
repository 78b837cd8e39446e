//! `dialplan fmt`, `schema`, `check --format` and `explain` as an operator meets them: the real binary and real files.
#![cfg(test)]

use super::cli::{Folder, code, document, err, out, switchboard};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

const ODD: &str = "[city]\narea=\"0591\"# area\n\n\n\nissued = 2021-11-08";
const EVEN: &str = "[city]\narea = \"0591\"  # area\n\nissued = 2021-11-08\n";

#[test]
fn the_shipped_dialplan_is_in_the_one_layout() {
    let output =
        switchboard(&["dialplan", "fmt", "dialplans", "tests/samples/dialplans/valid", "--check", "--lang", "en"]);
    assert_eq!((code(&output), &*out(&output)), (Some(0), "15 files, 0 to be formatted\n"), "{}", err(&output));
}

#[test]
fn only_what_changes_is_written_and_whole_and_with_its_mode() {
    let folder = Folder::new();
    let odd = folder.write("10-odd.toml", ODD);
    let even = folder.write("20-even.toml", EVEN);
    let elsewhere = folder.write("elsewhere.txt", ODD);
    let link = folder.0.join("30-link.toml");
    symlink(&elsewhere, &link).unwrap();
    fs::set_permissions(&odd, fs::Permissions::from_mode(0o640)).unwrap();
    let inode = |p: &std::path::Path| fs::metadata(p).unwrap().ino();
    let before = inode(&even);
    let at = folder.0.to_str().unwrap();

    let output = switchboard(&["dialplan", "fmt", at, "--check", "--json"]);
    let changed = |document: &Value| document["result"]["changed"].as_array().unwrap().len();
    assert_eq!((code(&output), changed(&document(&output))), (Some(1), 2));
    assert_eq!(fs::read_to_string(&odd).unwrap(), ODD, "--check writes nothing");

    let output = switchboard(&["dialplan", "fmt", at, "--lang", "zh"]);
    assert_eq!(code(&output), Some(0), "{}", err(&output));
    assert!(
        out(&output).contains("10-odd.toml") && out(&output).ends_with("3 个文件，已整理 2 个\n"),
        "{}",
        out(&output)
    );
    assert_eq!([&odd, &even, &elsewhere].map(|p| fs::read_to_string(p).unwrap()), [EVEN; 3]);
    assert_eq!(fs::metadata(&odd).unwrap().mode() & 0o777, 0o640);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink(), "the file behind a link is written, not the link");
    assert_eq!(inode(&even), before, "a file in order is left alone");
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 4, "nothing is left beside them");
    assert_eq!(code(&switchboard(&["dialplan", "fmt", at, "--check"])), Some(0));
}

#[test]
fn a_file_with_mistakes_of_syntax_is_left_alone_and_the_others_are_not() {
    let folder = Folder::new();
    let odd = folder.write("10-odd.toml", ODD);
    let broken = folder.write("20-broken.toml", "[city\nname  =  1\n");
    let at = folder.0.to_str().unwrap();
    let output = switchboard(&["dialplan", "fmt", at, "--json"]);
    let document = document(&output);
    assert_eq!((code(&output), &document["details"][0]["code"]), (Some(78), &"DP001".into()));
    assert_eq!(fs::read_to_string(&broken).unwrap(), "[city\nname  =  1\n");
    assert_eq!(fs::read_to_string(&odd).unwrap(), EVEN);
    let output = switchboard(&["dialplan", "fmt", broken.to_str().unwrap(), "--lang", "en"]);
    assert_eq!((code(&output), &*out(&output)), (Some(78), ""));
    assert!(err(&output).contains("20-broken.toml:1:6"), "{}", err(&output));
    let nowhere = switchboard(&["dialplan", "fmt", "/nowhere/x.toml"]);
    assert_eq!((code(&nowhere), err(&nowhere).lines().count()), (Some(78), 1));
}

#[test]
fn a_file_in_another_encoding_is_told_with_its_byte() {
    let folder = Folder::new();
    let gbk = folder.0.join("10-gbk.toml");
    fs::write(&gbk, b"[city]\nname = \"\xb8\xa3\xd6\xdd\"\n").unwrap();
    let at = folder.0.to_str().unwrap();
    for arguments in
        [&["dialplan", "check", at][..], &["dialplan", "fmt", at], &["dialplan", "why", "110", "--dialplan", at]]
    {
        let output = switchboard(&[arguments, &["--lang", "en"]].concat());
        assert_eq!((code(&output), err(&output).lines().count()), (Some(78), 1), "{}", err(&output));
        assert!(err(&output).contains("10-gbk.toml:2: not UTF-8 (byte 0xB8 at offset 15)"), "{}", err(&output));
    }
}

#[test]
fn sarif_goes_to_standard_output_whatever_it_says() {
    let log = |at: &str| {
        let output = switchboard(&["dialplan", "check", at, "--format", "sarif", "--lang", "en"]);
        assert_eq!(err(&output), "");
        (code(&output), serde_json::from_str::<Value>(&out(&output)).unwrap()["runs"][0].take())
    };
    let (exit, run) = log("dialplans");
    assert_eq!((exit, run["results"].as_array().unwrap().len()), (Some(0), 0));
    let folder = Folder::new();
    folder.write("10-broken.toml", "[hotline.12333]\ntitel = \"x\"\n");
    let (exit, run) = log(folder.0.to_str().unwrap());
    let unknown = run["results"].as_array().unwrap().iter().find(|r| r["ruleId"] == "DP003").unwrap();
    let place = &unknown["locations"][0]["physicalLocation"];
    assert!(place["artifactLocation"]["uri"].as_str().unwrap().starts_with("file:///"), "{place}");
    assert_eq!((exit, &place["region"]["startLine"], &place["region"]["endColumn"]), (Some(78), &2.into(), &6.into()));
    let (exit, run) = log("/nowhere");
    assert_eq!((exit, &run["invocations"][0]["executionSuccessful"]), (Some(78), &false.into()));
}

#[test]
fn format_json_is_json() {
    let one = switchboard(&["dialplan", "check", "dialplans", "--format", "json"]);
    let other = switchboard(&["dialplan", "check", "dialplans", "--json"]);
    assert_eq!((code(&one), out(&one)), (Some(0), out(&other)));
    let output = switchboard(&["dialplan", "check", "/nowhere", "--format", "json"]);
    assert_eq!((code(&output), &document(&output)["exit"]), (Some(78), &78.into()));
}

#[test]
fn the_schema_is_one_document_with_and_without_json() {
    let plain: Value = serde_json::from_str(&out(&switchboard(&["dialplan", "schema"]))).unwrap();
    assert_eq!(plain["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(document(&switchboard(&["dialplan", "schema", "--json"]))["result"], plain);
}

#[test]
fn explain_tells_one_code_or_all() {
    let output = switchboard(&["explain", "dp050", "--lang", "en"]);
    insta::assert_snapshot!(out(&output));
    let all = switchboard(&["explain", "--lang", "zh"]);
    insta::assert_snapshot!(out(&all));
    let listed = document(&switchboard(&["explain", "--json"]));
    assert_eq!(listed["result"]["codes"].as_array().unwrap().len(), out(&all).lines().count() - 1);
    assert_eq!(code(&switchboard(&["explain", "DP999"])), Some(2));
}
