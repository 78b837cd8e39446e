//! Where things are: the configuration, the dialplan folder, the admin socket, the state.

use super::args::Global;
use super::exit::{Exit, Failure};
use crate::config::{Config, Mistake};
use crate::fact::Lang;
use std::path::{Path, PathBuf};

/// Looked at in this order when there is neither `--config` nor `SWITCHBOARD_CONFIG`.
const USUAL: [&str; 3] = ["switchboard.toml", "config/switchboard.toml", "/etc/switchboard/switchboard.toml"];

/// The configuration file that is meant, if there is one.
#[must_use]
pub fn config_file(global: &Global) -> Option<PathBuf> {
    let named = global.config.clone().or_else(|| std::env::var_os("SWITCHBOARD_CONFIG").map(PathBuf::from));
    named.or_else(|| USUAL.iter().map(PathBuf::from).find(|p| p.is_file()))
}

/// The checked configuration, with `--dialplan` put in.
///
/// # Errors
/// Every mistake with its place, exit 78; or that there is no file.
pub fn config(global: &Global) -> Result<Config, Failure> {
    read(global, Config::load)
}

/// The same for whoever only wants to know where things are: secrets of the daemon's environment may be missing.
///
/// # Errors
/// As [`config`], but for those.
pub fn outline(global: &Global) -> Result<Config, Failure> {
    read(global, Config::outline)
}

fn read(global: &Global, load: fn(&Path) -> Result<Config, Vec<Mistake>>) -> Result<Config, Failure> {
    let Some(path) = config_file(global) else {
        let tried = USUAL.join("、");
        let zh = format!("没有配置文件：请用 --config 指明（依次找过 {tried}）");
        let en = format!("no configuration: name it by --config (looked for {})", USUAL.join(", "));
        return Err(Failure::new(Exit::Config, zh, en));
    };
    let mut config = load(&path).map_err(|mistakes| wrong(&mistakes))?;
    if let Some(folder) = &global.dialplan {
        (config.plan.prompts, config.plan.folder) = (folder.join("prompts"), folder.clone());
    }
    Ok(config)
}

/// Mistakes of a configuration as a failure.
#[must_use]
pub fn wrong(mistakes: &[Mistake]) -> Failure {
    let lines = |text: fn(&Mistake) -> String| mistakes.iter().map(text).collect::<Vec<_>>().join("\n");
    let details = mistakes.iter().map(Mistake::document).collect();
    Failure::mistakes(78, lines(|m| format!("{m:#}")), lines(|m| format!("{m}")), details)
}

/// The dialplan folder: `--dialplan`, else that of a configuration that was named, else `./dialplans`, else that of the usual
/// configuration, else, if there is no configuration, beside the executable.
///
/// # Errors
/// That there is none, and where it was looked for; or the mistakes of the configuration: another plan than the one in force is no help.
pub fn dialplan(global: &Global) -> Result<PathBuf, Failure> {
    if let Some(folder) = &global.dialplan {
        return existing(folder);
    }
    if global.config.is_some() || std::env::var_os("SWITCHBOARD_CONFIG").is_some() {
        return outline(global).map(|c| c.plan.folder);
    }
    let here = PathBuf::from("dialplans");
    if here.is_dir() {
        return Ok(here);
    }
    match config_file(global) {
        Some(_) => outline(global).map(|c| c.plan.folder),
        None => shipped(),
    }
}

/// `./dialplans`, or the folder of that name beside the executable, above it, or in `share/switchboard` there.
///
/// # Errors
/// That there is none.
pub fn shipped() -> Result<PathBuf, Failure> {
    let here = PathBuf::from("dialplans");
    let beside = std::env::current_exe().ok();
    let above = beside.iter().flat_map(|exe| exe.ancestors().skip(1).take(3));
    let beside = above.flat_map(|dir| [dir.join("dialplans"), dir.join("share/switchboard/dialplans")]);
    let installed = PathBuf::from("/usr/share/switchboard/dialplans");
    std::iter::once(here).chain(beside).chain([installed]).find(|p| p.is_dir()).ok_or_else(|| {
        let zh = "没有拨号计划目录：当前目录和程序旁都没有 dialplans，请用 --dialplan 指明";
        let en = "no dialplan folder: there is no dialplans here or beside the program; name it by --dialplan";
        Failure::new(Exit::Config, zh, en)
    })
}

/// The folder, if it is one.
///
/// # Errors
/// That it is none.
pub fn existing(folder: &Path) -> Result<PathBuf, Failure> {
    if folder.is_dir() {
        return Ok(folder.to_owned());
    }
    let at = folder.display();
    Err(Failure::new(Exit::Config, format!("没有文件夹 {at}"), format!("there is no folder {at}")))
}

/// The state folder of `demo`: one a user, so that other commands find it without options.
#[must_use]
pub fn demo_state() -> PathBuf {
    let user = rustix::process::getuid().as_raw();
    std::env::temp_dir().join(format!("switchboard-demo-{user}"))
}

/// The state folders of demos that may run here, the usual one first.
pub fn demos() -> Vec<PathBuf> {
    let usual = demo_state();
    let name = usual.file_name().and_then(|n| n.to_str()).map(|n| format!("{n}.")).unwrap_or_default();
    let others = std::fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten();
    let others = others.filter(|e| e.file_name().to_str().is_some_and(|n| n.starts_with(&name))).map(|e| e.path());
    let mut others: Vec<PathBuf> = others.collect();
    others.sort();
    std::iter::once(usual).chain(others).collect()
}

/// The admin sockets that may be meant, most likely first.
///
/// # Errors
/// The mistakes of a configuration that was named.
pub fn sockets(global: &Global) -> Result<Vec<PathBuf>, Failure> {
    if let Some(socket) = &global.socket {
        return Ok(vec![socket.clone()]);
    }
    let named = global.config.is_some() || std::env::var_os("SWITCHBOARD_CONFIG").is_some();
    let found = if named { Some(outline(global)?) } else { outline(global).ok() };
    let configured = found.as_ref().and_then(|c| {
        let state = global.state.as_ref().or(c.store.folder.as_ref());
        c.admin.socket.clone().or_else(|| state.map(|s| s.join("switchboard.sock")))
    });
    if named {
        return Ok(configured.into_iter().collect());
    }
    let state = global.state.as_ref().map(|s| s.join("switchboard.sock"));
    let demos = demos().into_iter().map(|d| d.join("switchboard.sock"));
    Ok(state.into_iter().chain(configured).chain(demos).collect())
}

/// The state folder of the switchboard that is configured here, if it is to be kept. No demo's.
#[must_use]
pub fn kept_state(global: &Global) -> Option<PathBuf> {
    global.state.clone().or_else(|| outline(global).ok()?.store.folder)
}

/// The state folder that holds the records, as far as it can be known from outside.
///
/// # Errors
/// The mistakes of a configuration that was named; or that its state is temporary.
pub fn state(global: &Global) -> Result<PathBuf, Failure> {
    if let Some(state) = &global.state {
        return Ok(state.clone());
    }
    let there = |folder: &PathBuf| folder.join("switchboard.db").is_file();
    let named = global.config.is_some() || std::env::var_os("SWITCHBOARD_CONFIG").is_some();
    let found = if named { Some(outline(global)?) } else { outline(global).ok() };
    let configured = found.and_then(|c| c.store.folder);
    let demos = if named { Vec::new() } else { demos() };
    let all: Vec<PathBuf> = configured.into_iter().chain(demos).collect();
    all.iter().find(|f| there(f)).or(all.first().filter(|_| named)).cloned().ok_or_else(|| {
        let zh = "不知道记录在哪里：这个配置的数据目录是临时的，请用 run --state DIR 保存，再用 --state DIR 查看";
        let en = "where the records are is not known: this state is temporary; keep it with run --state DIR and name it here by --state DIR";
        Failure::new(Exit::Unreachable, zh, en)
    })
}

/// The language: `--lang`, else English when `LC_ALL` or `LANG` names another language than Chinese, else Chinese.
#[must_use]
pub fn lang(asked: Option<super::args::Language>, variable: &dyn Fn(&str) -> Option<String>) -> Lang {
    use super::args::Language;
    match asked {
        Some(Language::Zh) => Lang::Zh,
        Some(Language::En) => Lang::En,
        None => {
            let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(variable).find(|v| !v.is_empty());
            // A bare machine says nothing, or `C`: the house's own language then.
            match locale.as_deref().map(|l| l.split(['_', '.', '@']).next().unwrap_or(l)) {
                None | Some("C" | "POSIX" | "zh") => Lang::Zh,
                Some(_) => Lang::En,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::Language;

    #[test]
    fn chinese_comes_first_unless_another_language_is_named() {
        let with = |value: &str| {
            let value = value.to_owned();
            lang(None, &move |name| (name == "LANG").then(|| value.clone()))
        };
        assert_eq!(lang(None, &|_| None), Lang::Zh);
        assert_eq!([with("C.UTF-8"), with("zh_CN.UTF-8"), with("POSIX"), with("")], [Lang::Zh; 4]);
        assert_eq!([with("en_US.UTF-8"), with("de_DE")], [Lang::En; 2]);
        assert_eq!(lang(Some(Language::Zh), &|_| Some("en_US".into())), Lang::Zh);
        assert_eq!(lang(Some(Language::En), &|_| Some("zh_CN".into())), Lang::En);
    }
}
