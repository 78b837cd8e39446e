//! `completions` and `man`: made from the grammar itself, so that they cannot lag behind it.

use super::examples;
use super::exit::{Done, Exit, Failure};
use super::screen::Screen;
use clap_complete::Shell;
use serde_json::json;
use std::path::Path;

/// `completions SHELL`.
pub(super) fn completions(shell: Shell) -> Result<Done, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut examples::command(), "switchboard", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    Ok(Done::well(script.clone(), json!({ "shell": shell.to_string(), "script": script })))
}

/// `man [--out DIR]`.
pub(super) fn man(out: Option<&Path>, screen: &Screen) -> Result<Done, Failure> {
    let pages = pages().map_err(|e| unwritten("switchboard.1", &e))?;
    let Some(folder) = out else {
        let main = pages.into_iter().next().map(|(_, page)| page).unwrap_or_default();
        return Ok(Done::well(main.clone(), json!({ "page": main })));
    };
    let at = folder.display().to_string();
    std::fs::create_dir_all(folder).map_err(|e| unwritten(&at, &e))?;
    for (name, page) in &pages {
        let path = folder.join(name);
        std::fs::write(&path, page).map_err(|e| unwritten(&path.display().to_string(), &e))?;
    }
    let names: Vec<&str> = pages.iter().map(|(name, _)| name.as_str()).collect();
    let text = format!("{}{}{at}\n", names.len(), screen.lang.of(" 页手册写入 ", " pages written to "));
    Ok(Done::well(text, json!({ "folder": at, "pages": names })))
}

fn unwritten(what: &str, why: &std::io::Error) -> Failure {
    let exit = if why.kind() == std::io::ErrorKind::PermissionDenied { Exit::Forbidden } else { Exit::Bad };
    Failure::new(exit, format!("无法写入 {what}：{why}"), format!("{what} cannot be written: {why}"))
}

/// Every page with the name of its file; the main one first.
pub(super) fn pages() -> std::io::Result<Vec<(String, String)>> {
    let mut pages = Vec::new();
    let mut command = examples::command();
    command.build();
    walk(&command, "switchboard", &mut pages)?;
    Ok(pages)
}

fn walk(command: &clap::Command, name: &str, pages: &mut Vec<(String, String)>) -> std::io::Result<()> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    pages.push((format!("{name}.1"), String::from_utf8_lossy(&page).into_owned()));
    for below in command.get_subcommands() {
        walk(below, &format!("{name}-{}", below.get_name()), pages)?;
    }
    Ok(())
}
