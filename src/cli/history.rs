//! `dialplan history`: the versions that were in force, and their texts.

use super::args::Global;
use super::change::refused;
use super::exit::{Done, Exit, Failure};
use super::screen::Screen;
use super::{ask, moment, place, table};
use crate::admin::{Order, Outcome};
use crate::fact::How;
use crate::fact::Lang;
use crate::store::Plans;
use crate::store::plans::Record;
use serde_json::json;
use std::fs;
use std::path::Path;

/// `dialplan history [VERSION [--out DIR]]`.
pub(super) fn history(
    global: &Global,
    version: Option<&str>,
    out: Option<&Path>,
    screen: &Screen,
) -> Result<Done, Failure> {
    match version {
        None => list(global, screen),
        Some(version) => texts(global, version, out, screen),
    }
}

fn list(global: &Global, screen: &Screen) -> Result<Done, Failure> {
    let (records, kept, now, folder) = match ask::order(global, &Order::History) {
        Ok(Outcome::History { records, kept, now, folder }) => (records, kept, Some(now), Some(folder)),
        Ok(other) => return Err(refused(&other)),
        // Without a daemon the state folder still knows.
        Err(failure) if failure.exit == Exit::Unreachable as u8 => match stored(global) {
            Some(plans) => {
                let kept = |r: &&Record| plans.has(&r.version);
                let kept = plans.records().iter().filter(kept).map(|r| r.version.clone()).collect();
                (plans.records().to_vec(), kept, None, None)
            }
            None => return Err(failure),
        },
        Err(failure) => return Err(failure),
    };
    let lang = screen.lang;
    let heading = match lang {
        Lang::Zh => ["", "序号", "时间", "版本", "方式", "何人", "为何"],
        Lang::En => ["", "no.", "at", "version", "how", "who", "why"],
    };
    let line = |r: &Record| {
        let latest = records.last().is_some_and(|l| l.number == r.number);
        let mark = match (latest && now.is_some(), kept.contains(&r.version)) {
            (true, _) => "*",
            (false, true) => "",
            (false, false) => "×",
        };
        let uid = r.uid.map_or_else(String::new, |uid| format!(" (uid {uid})"));
        let who = format!("{}{uid}", r.author);
        [
            mark.into(),
            r.number.to_string(),
            moment::shown(r.at),
            r.version.clone(),
            how(r.how, lang).into(),
            who,
            r.note.clone(),
        ]
    };
    let mut rows = vec![heading.map(str::to_owned)];
    rows.extend(records.iter().map(line));
    let mut text = table::aligned(&rows);
    if let (Some(now), Some((folder, Some(edited)))) = (&now, &folder)
        && now != edited
    {
        let at = folder.display();
        text.push_str(&match lang {
            Lang::Zh => format!("{at} 中的文本是版本 {edited}，还没有生效：见 switchboard dialplan plan\n"),
            Lang::En => format!("the text in {at} is version {edited}, not in force: see switchboard dialplan plan\n"),
        });
    }
    let folder = folder.map(|(path, version)| json!({ "path": path, "version": version }));
    Ok(Done::well(text, json!({ "records": records, "kept": kept, "now": now, "folder": folder })))
}

fn how(how: How, lang: Lang) -> &'static str {
    match how {
        How::Start => lang.of("启动", "start"),
        How::Reload => lang.of("重新加载", "reload"),
        How::Apply => lang.of("应用", "apply"),
        How::Rollback => lang.of("回退", "rollback"),
    }
}

fn stored(global: &Global) -> Option<Plans> {
    let plans = Plans::read(&place::kept_state(global)?).ok()?;
    (!plans.records().is_empty()).then_some(plans)
}

fn texts(global: &Global, version: &str, out: Option<&Path>, screen: &Screen) -> Result<Done, Failure> {
    let order = Order::Texts { version: Some(version.to_owned()) };
    let Outcome::Texts { version, files } = known(ask::order(global, &order)?)? else { return Err(ask::strange()) };
    let Some(folder) = out else {
        let text: String = files.iter().map(|f| format!("# ==> {}\n{}\n", f.name, f.text)).collect();
        return Ok(Done::well(text, json!({ "version": version, "files": files })));
    };
    let failed = |path: &Path, why: String| {
        let at = path.display();
        Failure::new(Exit::Bad, format!("不能写入 {at}：{why}"), format!("{at} cannot be written: {why}"))
    };
    fs::create_dir_all(folder).map_err(|e| failed(folder, e.to_string()))?;
    if fs::read_dir(folder).is_ok_and(|mut d| d.next().is_some()) {
        return Err(failed(folder, screen.lang.of("目录不是空的", "the folder is not empty").to_owned()));
    }
    for file in &files {
        let path = folder.join(&file.name);
        fs::write(&path, file.text.as_bytes()).map_err(|e| failed(&path, e.to_string()))?;
    }
    let at = folder.display();
    let text = match screen.lang {
        Lang::Zh => format!("版本 {version} 的 {} 个文件已写入 {at}\n", files.len()),
        Lang::En => format!("{} files of version {version} written to {at}\n", files.len()),
    };
    let names: Vec<_> = files.iter().map(|f| &f.name).collect();
    Ok(Done::well(text, json!({ "version": version, "files": names, "out": folder })))
}

fn known(outcome: Outcome) -> Result<Outcome, Failure> {
    match outcome {
        texts @ Outcome::Texts { .. } => Ok(texts),
        other => Err(refused(&other)),
    }
}
