//! `dialplan check`, `dialplan fmt`, `dialplan schema` and `explain`: what is wrong with the files, and what the words mean.

use super::args::{Global, Report};
use super::exit::{Done, Exit, Failure};
use super::files::judged;
use super::mistakes::{details, shown, unreadable, wrong};
use super::place;
use super::screen::Screen;
use crate::clock::Clock;
use crate::daemon;
use crate::dialplan::{Code, Diagnostic, Guide, Plan, Severity, fmt, sarif, schema};
use crate::fact::Lang;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

/// `dialplan check [DIR] [--format text|json|sarif]`.
pub(super) fn check(global: &Global, folder: Option<&Path>, format: Report, screen: &Screen) -> Result<Done, Failure> {
    let found = folder.map_or_else(|| place::dialplan(global), place::existing).and_then(|folder| {
        judged(global, &folder, Clock::system().now().wall).map(|(sources, known)| (folder, sources, known))
    });
    let lang = screen.lang;
    let (folder, sources, known) = match found {
        Err(failure) if format == Report::Sarif => return Ok(unread(&failure, screen.lang)),
        found => found?,
    };
    let loaded = Plan::load(&sources, &known);
    if format == Report::Sarif {
        let (mistakes, exit) = match &loaded {
            Ok((_, warnings)) => (warnings, Exit::Ok),
            Err(mistakes) => (mistakes, Exit::Config),
        };
        return Ok(log(sarif(mistakes, &sources, lang), exit));
    }
    let (plan, warnings) = loaded.map_err(|mistakes| wrong(&mistakes, &sources))?;
    let (numbers, groups, trunks) = (plan.entries().count() + 4, plan.groups().count(), plan.trunks().count());
    let (version, files, at) = (plan.version(), sources.len(), folder.display());
    let count = Diagnostic::count(&warnings, Severity::Warning);
    let mut text = shown(&warnings, &sources, lang, screen.color);
    text.push_str(&match screen.lang {
        Lang::Zh => format!(
            "{at}：没有错误，{count} 处提醒。{files} 个文件，{numbers} 个号码，{groups} 个坐席组，{trunks} 条中继，版本 {version}\n"
        ),
        Lang::En => format!(
            "{at}: no error, {count} to look at. {files} files, {numbers} numbers, {groups} groups, {trunks} trunks, version {version}\n"
        ),
    });
    let result = json!({
        "folder": folder, "version": version, "files": files, "numbers": numbers, "groups": groups,
        "trunks": trunks, "warnings": details(&warnings, &sources),
    });
    Ok(Done::well(text, result))
}

/// A SARIF log on standard output, whatever it says; the exit code tells.
fn log(log: Value, exit: Exit) -> Done {
    Done { text: format!("{log}\n"), result: log, exit }
}

/// Nothing could be read: a SARIF log whose run did not succeed.
fn unread(failure: &Failure, lang: Lang) -> Done {
    let mut empty = sarif(&[], &[], lang);
    empty["runs"][0]["invocations"] = json!([{
        "executionSuccessful": false,
        "toolExecutionNotifications": [{ "level": "error", "message": { "text": lang.of(&failure.zh, &failure.en) } }],
    }]);
    log(empty, Exit::Config)
}

/// What became of one file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Formatted {
    Already,
    Changed,
    Refused,
}

/// `dialplan fmt [DIR|FILE…] [--check]`.
pub(super) fn format(global: &Global, paths: &[PathBuf], only_check: bool, screen: &Screen) -> Result<Done, Failure> {
    let folder = if paths.is_empty() { vec![place::dialplan(global)?] } else { paths.to_vec() };
    let mut outcomes: Vec<(String, Formatted)> = Vec::new();
    let (mut zh, mut en, mut wrong) = (String::new(), String::new(), Vec::new());
    let color = super::screen::color_on_stderr();
    for path in files(&folder)? {
        let source = daemon::source(&path).map_err(|e| unreadable(&path, &e))?;
        let outcome = match fmt::formatted(&source) {
            Ok(text) if *text == *source.text => Formatted::Already,
            Ok(text) => {
                if !only_check {
                    replace(&path, &text).map_err(|e| unwritable(&path, &e))?;
                }
                Formatted::Changed
            }
            Err(mistakes) => {
                let source = [source.clone()];
                zh.push_str(&shown(&mistakes, &source, Lang::Zh, color));
                en.push_str(&shown(&mistakes, &source, Lang::En, color));
                wrong.extend(details(&mistakes, &source));
                Formatted::Refused
            }
        };
        outcomes.push((source.file, outcome));
    }
    let count = |wanted| outcomes.iter().filter(|(_, o)| *o == wanted).count();
    let (changed, refused) = (count(Formatted::Changed), count(Formatted::Refused));
    if refused > 0 {
        let told = if only_check { ("待整理", "to be formatted") } else { ("已整理", "formatted") };
        zh.push_str(&format!("{refused} 个文件有语法错误，没有动它；另有 {changed} 个{}", told.0));
        en.push_str(&format!(
            "{refused} of the files have mistakes of syntax and were left alone; {changed} others {}",
            told.1
        ));
        return Err(Failure::mistakes(Exit::Config as u8, zh, en, wrong));
    }
    let named: Vec<&str> = outcomes.iter().filter(|(_, o)| *o == Formatted::Changed).map(|(f, _)| f.as_str()).collect();
    let text = summary(&named, outcomes.len(), only_check, screen.lang);
    let exit = if only_check && changed > 0 { Exit::Bad } else { Exit::Ok };
    let result = json!({ "files": outcomes.len(), "check": only_check, "changed": named });
    Ok(Done { text, result, exit })
}

/// One line a file that is not, or was not, in the one layout; then how many there are.
fn summary(named: &[&str], files: usize, only_check: bool, lang: Lang) -> String {
    let word = match (lang, only_check) {
        (Lang::Zh, true) => "待整理",
        (Lang::Zh, false) => "已整理",
        (Lang::En, true) => "to be formatted",
        (Lang::En, false) => "formatted",
    };
    let mut text: String = named.iter().map(|f| format!("{word} {f}\n")).collect();
    text.push_str(&match lang {
        Lang::Zh => format!("{files} 个文件，{word} {} 个\n", named.len()),
        Lang::En => format!("{files} files, {} {word}\n", named.len()),
    });
    text
}

/// The files that are meant: those named, and the TOML files of the folders named.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(daemon::plan_files(path).map_err(|e| unreadable(path, &e))?);
        } else if path.is_file() {
            files.push(path.clone());
        } else {
            let at = path.display();
            let (zh, en) = (format!("没有文件或文件夹 {at}"), format!("there is no file or folder {at}"));
            return Err(Failure::new(Exit::Config, zh, en));
        }
    }
    Ok(files)
}

/// Writes a file anew beside the old one and puts it in its place: a reader sees the one or the other, never a part.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = fs::canonicalize(path)?;
    let old = fs::metadata(&path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let written = (|| {
        let mut file = File::create_new(&beside)?;
        file.set_permissions(fs::Permissions::from_mode(old.mode() & 0o7777))?;
        // Another's file can be given back to him by root alone; the folder's owner may replace it all the same.
        let _ = chown(&beside, Some(old.uid()), Some(old.gid()));
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, &path)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    let exit = if error.kind() == io::ErrorKind::PermissionDenied { Exit::Forbidden } else { Exit::Bad };
    let at = path.display();
    Failure::new(exit, format!("无法写入 {at}：{error}"), format!("{at} cannot be written: {error}"))
}

/// `dialplan schema`.
pub(super) fn json_schema() -> Done {
    let schema = schema::schema();
    Done::well(format!("{schema:#}\n"), schema)
}

/// `explain [CODE]`.
pub(super) fn explain(code: Option<&str>, screen: &Screen) -> Result<Done, Failure> {
    let lang = screen.lang;
    let Some(code) = code else {
        let heading = [lang.of("编号", "code"), "", lang.of("含义", "meaning")].map(str::to_owned);
        let row = |c: &Code| {
            let (zh, en) = c.meaning();
            [c.as_str(), severity(*c, lang), lang.of(zh, en)].map(str::to_owned)
        };
        let rows: Vec<[String; 3]> = std::iter::once(heading).chain(Code::ALL.iter().map(row)).collect();
        let codes: Vec<Value> = Code::ALL.iter().map(|c| explained(*c)).collect();
        return Ok(Done::well(super::table::aligned(&rows), json!({ "codes": codes })));
    };
    let wanted = code.to_ascii_uppercase();
    let Some(code) = Code::ALL.iter().find(|c| c.as_str() == wanted).copied() else {
        let zh = format!("没有诊断编号 {code}；不带编号列出全部：switchboard explain");
        let en = format!("there is no code {code}; without one all are listed: switchboard explain");
        return Err(Failure::new(Exit::Usage, zh, en));
    };
    let (guide, (zh, en)) = (Guide::of(code), code.meaning());
    let example =
        |text: &str| text.trim().lines().map(|l| format!("    {l}\n").replace("    \n", "\n")).collect::<String>();
    let effect = match code.severity() {
        Severity::Error => lang.of("错误：计划不会生效", "an error: the plan is not loaded"),
        Severity::Warning => lang.of("提醒：计划照常生效", "a warning: the plan is loaded"),
    };
    let text = format!(
        "{code} {}\n{effect}\n\n{}\n\n{}\n{}\n{}\n{}",
        lang.of(zh, en),
        lang.of(guide.zh, guide.en),
        lang.of("错误写法", "wrong"),
        example(guide.wrong),
        lang.of("正确写法", "right"),
        example(guide.right),
    );
    Ok(Done::well(text, explained(code)))
}

fn severity(code: Code, lang: Lang) -> &'static str {
    match code.severity() {
        Severity::Error => lang.of("错误", "error"),
        Severity::Warning => lang.of("提醒", "warning"),
    }
}

fn explained(code: Code) -> Value {
    let (guide, (zh, en)) = (Guide::of(code), code.meaning());
    json!({
        "code": code, "severity": code.severity(), "zh": zh, "en": en,
        "why": { "zh": guide.zh, "en": guide.en }, "wrong": guide.wrong.trim(), "right": guide.right.trim(),
    })
}
