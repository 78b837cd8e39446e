//! Why the daemon cannot start: one clear sentence each, and a truthful exit code.

use crate::config::Mistake;
use crate::dialplan::{Diagnostic, Source, render};
use crate::fact::Lang;
use crate::{media, store, transport};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// What stands in the way.
#[derive(Debug)]
pub enum Error {
    /// The dialplan has mistakes.
    Plan(Vec<Diagnostic>, Vec<Source>),
    /// The configuration has mistakes, or does not fit the dialplan.
    Config(Vec<Mistake>),
    /// A SIP address cannot be had.
    Listen(transport::Error),
    /// Media cannot be set up.
    Media(media::Error),
    /// The state folder cannot be used.
    Store(store::Error),
    /// A prompt cannot be read: its file and why, in English and in Chinese.
    Prompt(PathBuf, String, String),
    /// A file of the dialplan is not UTF-8.
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// The first byte that is not, from 0.
        at: usize,
        /// The line it stands in, from 1.
        line: usize,
        /// What it is.
        byte: u8,
    },
    /// The admin socket cannot be opened.
    Admin(PathBuf, io::Error),
    /// The API's address cannot be had.
    Http(SocketAddr, io::Error),
    /// The recordings made last were sealed by a key that is not at hand.
    Key {
        /// The file that says so.
        mark: PathBuf,
        /// The name of the key they were sealed by.
        last: String,
        /// The name of the one that is given.
        given: String,
    },
    /// The machine refuses something else.
    Machine(String, io::Error),
}

impl Error {
    /// The exit code (product §4): 78 for what an operator wrote, 75 for what is busy and may be free later, 77 where a right
    /// is missing, else 1.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Plan(..) | Self::Config(_) | Self::Prompt(..) | Self::NotUtf8 { .. } | Self::Key { .. } => 78,
            Self::Listen(transport::Error::InUse(_)) => 75,
            Self::Listen(transport::Error::Forbidden(_)) => 77,
            Self::Listen(_) => 78,
            Self::Http(_, e) => match e.kind() {
                io::ErrorKind::AddrInUse => 75,
                io::ErrorKind::PermissionDenied => 77,
                _ => 78,
            },
            Self::Admin(_, e) | Self::Machine(_, e) => match e.kind() {
                io::ErrorKind::AddrInUse => 75,
                io::ErrorKind::PermissionDenied => 77,
                _ => 1,
            },
            Self::Media(_) | Self::Store(_) => 1,
        }
    }

    /// What is wrong, in this language; several lines where there are several mistakes.
    #[must_use]
    pub fn tell(&self, lang: Lang, color: bool) -> String {
        let zh = lang == Lang::Zh;
        match self {
            Self::Plan(mistakes, sources) => render(mistakes, sources, lang, color),
            Self::Config(mistakes) => {
                let line = |m: &Mistake| if zh { format!("{m:#}") } else { format!("{m}") };
                mistakes.iter().map(line).collect::<Vec<_>>().join("\n")
            }
            Self::Listen(e) if zh => e.chinese(),
            Self::Listen(e) => e.to_string(),
            Self::Media(e) if zh => format!("无法准备媒体端口：{e}"),
            Self::Media(e) => format!("media cannot be set up: {e}"),
            Self::Store(e) if zh => format!("无法使用数据目录：{e}"),
            Self::Store(e) => format!("the state folder cannot be used: {e}"),
            Self::Prompt(path, _, why) if zh => format!("提示音 {}：{why}", path.display()),
            Self::Prompt(path, why, _) => format!("prompt {}: {why}", path.display()),
            Self::NotUtf8 { path, at, line, byte } if zh => format!(
                "{}:{line}：不是 UTF-8（从 0 数第 {at} 字节是 0x{byte:02X}），可能是 GBK；请另存为 UTF-8",
                path.display()
            ),
            Self::NotUtf8 { path, at, line, byte } => format!(
                "{}:{line}: not UTF-8 (byte 0x{byte:02X} at offset {at}), perhaps GBK; save it as UTF-8",
                path.display()
            ),
            Self::Admin(path, e) if zh => format!("无法打开管理套接字 {}：{e}", path.display()),
            Self::Admin(path, e) => format!("the admin socket {} cannot be opened: {e}", path.display()),
            Self::Http(at, e) => http(*at, e, zh),
            Self::Key { mark, last, given } if zh => format!(
                "录音密钥不符：上次录音用密钥 {last} 加密，现在给的是 {given}；更换密钥时请把旧密钥加入 former_keys_env 所指的环境变量，\
                 旧密钥已遗失则删除 {}",
                mark.display()
            ),
            Self::Key { mark, last, given } => format!(
                "the recordings made last were sealed by key {last}, and the key given now is {given}: where keys change, the former one \
                 goes into the variable of former_keys_env; if it is lost for good, remove {}",
                mark.display()
            ),
            Self::Machine(what, e) => format!("{what}: {e}"),
        }
    }
}

fn http(at: SocketAddr, error: &io::Error, zh: bool) -> String {
    let what = match (error.kind(), zh) {
        (io::ErrorKind::AddrInUse, true) => "已被其他程序占用：请停止该程序，或在 [admin] http 中改用其他端口",
        (io::ErrorKind::AddrInUse, false) => {
            "is in use by another program: stop it, or choose another port in [admin] http"
        }
        (io::ErrorKind::AddrNotAvailable, true) => "不是本机地址：请更正 [admin] http",
        (io::ErrorKind::AddrNotAvailable, false) => "is not an address of this machine: correct [admin] http",
        (_, true) => return format!("HTTP 接口 {at} 无法打开：{error}"),
        (_, false) => return format!("the HTTP API at {at} cannot be opened: {error}"),
    };
    if zh { format!("HTTP 接口 {at} {what}") } else { format!("the HTTP API's {at} {what}") }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.tell(Lang::En, false))
    }
}

impl std::error::Error for Error {}
