//! Why there is no socket.

use super::certificate::Mistake;
use super::settings::Listen;
use std::io;
use thiserror::Error;

/// Why the transports cannot be set up. Each is one sentence that says what to do.
#[derive(Debug, Error)]
pub enum Error {
    /// Another program holds the port.
    #[error("{0} is in use by another program: stop it, or choose another port in [sip] listen")]
    InUse(Listen),
    /// The address is not one of this machine.
    #[error("{0} is not an address of this machine: correct [sip] listen")]
    NotLocal(Listen),
    /// A port below 1024 without the right to it.
    #[error(
        "{0} may be opened by root or with CAP_NET_BIND_SERVICE only: choose a port from 1024 on, or give the right"
    )]
    Forbidden(Listen),
    /// The wildcard address tells the other side nothing.
    #[error("{0} names no address: list each address, or say which one others reach us by (advertised)")]
    Wildcard(Listen),
    /// A certificate or key cannot be used.
    #[error("{0}")]
    Certificate(#[from] Mistake),
    /// Two sockets would carry the same name.
    #[error("{0} stands twice in [sip] listen")]
    Twice(Listen),
    /// Anything else, with what the kernel said.
    #[error("{listen} cannot be opened: {source}")]
    Other {
        /// The address.
        listen: Listen,
        /// What the kernel said.
        source: io::Error,
    },
}

impl Error {
    /// The same sentence in Chinese.
    #[must_use]
    pub fn chinese(&self) -> String {
        match self {
            Self::InUse(at) => {
                format!("{at} 已被其他程序占用：请停止该程序，或在 [sip] listen 中改用其他端口")
            }
            Self::NotLocal(at) => format!("{at} 不是本机地址：请更正 [sip] listen"),
            Self::Forbidden(at) => {
                format!("{at} 需要 root 或 CAP_NET_BIND_SERVICE 权限：请改用 1024 及以上端口，或授予权限")
            }
            Self::Wildcard(at) => {
                format!("{at} 没有写明地址：请逐个列出地址，或用 advertised 写明对方使用的地址")
            }
            Self::Certificate(mistake) => format!("证书或密钥不可用：{mistake}"),
            Self::Twice(at) => format!("{at} 在 [sip] listen 中重复"),
            Self::Other { listen, source } => format!("{listen} 无法打开：{source}"),
        }
    }

    pub(super) fn from_io(listen: Listen, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::AddrInUse => Self::InUse(listen),
            io::ErrorKind::AddrNotAvailable => Self::NotLocal(listen),
            io::ErrorKind::PermissionDenied => Self::Forbidden(listen),
            _ => Self::Other { listen, source },
        }
    }
}
