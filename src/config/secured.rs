//! Whether the media of a trunk or of seats is encrypted.

use super::reader::Table;
use super::sections::Sip;
use crate::key::{Policy, Srtp};
use crate::sip::flow::Transport;

/// `srtp` and `srtp_keys_in_clear` of a trunk, whose calls go out by this transport, or of seats.
pub(super) fn srtp(table: &Table<'_, '_>, sip: &Sip, out: Option<Transport>) -> Srtp {
    let policy = table.choice("srtp", &Policy::ALL, Policy::Off);
    let in_clear = table.flag("srtp_keys_in_clear", false);
    if in_clear && !sip.only_loopback() {
        let span = table.value("srtp_keys_in_clear").map_or(table.span.clone(), |v| v.span());
        let zh = "srtp_keys_in_clear：谁能读到 SDP，谁就能解密通话；请改用 TLS";
        let en = "srtp_keys_in_clear: whoever can read the SDP can decrypt the talk; use TLS";
        table.document.warning(span, zh, en);
    }
    let by_tls = sip.transports.listen.iter().any(|l| l.transport.is_secret())
        && out.is_none_or(|transport| transport == Transport::Tls);
    if policy != Policy::Off && !in_clear && !by_tls {
        let span = table.value("srtp").map_or(table.span.clone(), |v| v.span());
        let zh = "srtp 的密钥只随 TLS 信令发送，而这里的信令不是 TLS：请用 tls: 监听地址和 transport = \"tls\"，或写 srtp_keys_in_clear = true";
        let en = "the keys of srtp go by TLS alone, and its SIP does not: use a tls: address and transport = \"tls\", or write srtp_keys_in_clear = true";
        match policy {
            Policy::Required => table.document.error(span, zh, en),
            _ => table.document.warning(span, zh, en),
        }
    }
    Srtp { policy, in_clear }
}
