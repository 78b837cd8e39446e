//! `[sip] listen` and `ws_origins`: where we are reached, and by whose pages.

use super::reader::{Found, Table};
use crate::sip::flow::Transport;
use crate::transport::Listen;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;

/// `listen`, and where it stands.
pub(super) fn listens(table: &Table<'_, '_>, advertised: Option<Found<IpAddr>>) -> (Vec<Listen>, Range<usize>) {
    let document = table.document;
    let span = table.value("listen").map_or(table.span.clone(), |v| v.span());
    let mut all: Vec<Listen> = Vec::new();
    let texts = table.texts("listen").unwrap_or_default();
    if table.value("listen").is_none() || (texts.is_empty() && span.len() <= 2) {
        table.missing(
            "listen，例如 listen = [\"udp:192.0.2.10:5060\"]",
            "listen, e.g. listen = [\"udp:192.0.2.10:5060\"]",
        );
    }
    for (text, span) in texts {
        let parts = text.split_once(':').and_then(|(scheme, rest)| Some((scheme, rest.parse::<SocketAddr>().ok()?)));
        let (transport, address) = match parts {
            Some(("udp", address)) => (Transport::Udp, address),
            Some(("tcp", address)) => (Transport::Tcp, address),
            Some(("tls", address)) => (Transport::Tls, address),
            Some(("ws", address)) => (Transport::Ws, address),
            Some(("wss", address)) => (Transport::Wss, address),
            _ => {
                let zh = format!(
                    "\"{text}\" 不是监听地址：应写作 \"udp:192.0.2.10:5060\"、\"tcp:[2001:db8::1]:5060\"、\"tls:192.0.2.10:5061\"、\"ws:127.0.0.1:8080\" 或 \"wss:192.0.2.10:8443\""
                );
                let en = format!(
                    "\"{text}\" is no address to listen on: write \"udp:192.0.2.10:5060\", \"tcp:[2001:db8::1]:5060\", \"tls:192.0.2.10:5061\", \"ws:127.0.0.1:8080\" or \"wss:192.0.2.10:8443\""
                );
                document.error(span, zh, en);
                continue;
            }
        };
        let mut listen = Listen::new(transport, address);
        if let Some((ip, _)) = &advertised
            && ip.is_ipv4() == address.is_ipv4()
            && !address.ip().is_loopback()
        {
            listen.advertised = Some(SocketAddr::new(*ip, address.port()));
        }
        if address.port() == 0 {
            document.error(span, "缺少端口：0 不是端口", "the port is missing: 0 is none");
        } else if address.ip().is_unspecified() && listen.advertised.is_none() {
            let zh = format!("\"{text}\" 没有写明地址：请逐个列出本机地址，或用 advertised 写明对方使用的地址");
            let en = format!(
                "\"{text}\" names no address: list each address of this machine, or say by advertised which one others use"
            );
            document.error(span, zh, en);
        } else if all.iter().any(|l| l.transport == transport && l.name() == listen.name()) {
            document.error(span, format!("\"{text}\" 重复"), format!("\"{text}\" stands here twice"));
        } else {
            all.push(listen);
        }
    }
    (all, span)
}

/// `ws_origins`: as browsers write them (RFC 6454 §6.2).
pub(super) fn origins(table: &Table<'_, '_>) -> Vec<String> {
    let mut all = Vec::new();
    for (text, span) in table.texts("ws_origins").unwrap_or_default() {
        let site = text.split_once("://").is_some_and(|(scheme, host)| {
            matches!(scheme, "http" | "https") && !host.is_empty() && !host.contains(['/', ' ', '?', '#'])
        });
        if site || matches!(text, "*" | "null") {
            all.push(text.to_owned());
        } else {
            let zh = format!("ws_origins 应为网页来源，如 \"https://hub.example\"，或 \"*\"，而不是 \"{text}\"");
            let en = format!("ws_origins are pages' origins like \"https://hub.example\", or \"*\", not \"{text}\"");
            table.document.error(span, zh, en);
        }
    }
    all
}
