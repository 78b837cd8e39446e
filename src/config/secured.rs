//! Whether the media of a trunk or of seats is encrypted.

use super::reader::Table;
use super::sections::Sip;
use crate::key::{Policy, Srtp};

/// `srtp` and `srtp_keys_in_clear` of a trunk or of seats.
pub(super) fn srtp(table: &Table<'_, '_>, sip: &Sip) -> Srtp {
    let policy = table.choice("srtp", &Policy::ALL, Policy::Off);
    let in_clear = table.flag("srtp_keys_in_clear", false);
    if in_clear && !sip.only_loopback() {
        let span = table.value("srtp_keys_in_clear").map_or(table.span.clone(), |v| v.span());
        let zh = "srtp_keys_in_clear：谁能读到 SDP，谁就能解密通话；请改用 TLS";
        let en = "srtp_keys_in_clear: whoever can read the SDP can decrypt the talk; use TLS";
        table.document.warning(span, zh, en);
    }
    Srtp { policy, in_clear }
}
