//! Names of trunks: what the name servers say of them now.

use crate::config::Config;
use crate::daemon;
use crate::names::{self, Told};
use crate::sip::locate::Target;

/// Asks for each name once, as the daemon does at its start: whether it is found, and the sentence in Chinese and in English.
pub(super) fn names(config: &Config) -> Vec<(bool, String, String)> {
    let one = |(settings, wanted): (names::Settings, names::Wanted)| {
        let trunk = wanted.trunk();
        match names::once(&settings, &wanted) {
            Ok(Told::Targets { targets, .. }) => {
                let all = listed(targets.iter().map(|t: &Target| format!("{}:{}", t.transport.word(), t.address)));
                (
                    true,
                    format!("中继 {trunk} 按名称呼往 {all}"),
                    format!("trunk {trunk} by its name is called at {all}"),
                )
            }
            Ok(Told::Sources { addresses, .. }) => {
                let all = listed(addresses.iter().map(|(ip, _)| ip.to_string()));
                (true, format!("中继 {trunk} 按名称来自 {all}"), format!("trunk {trunk} by its name calls from {all}"))
            }
            Ok(Told::Trouble { why, .. }) | Err(why) => (
                false,
                format!("中继 {trunk}：名称无法解析（{why}）；请检查名称、[dns] servers 和 /etc/resolv.conf"),
                format!(
                    "trunk {trunk}: its name cannot be found ({why}); look at the name, [dns] servers and /etc/resolv.conf"
                ),
            ),
        }
    };
    daemon::names_of(config).into_iter().map(one).collect()
}

fn listed(all: impl Iterator<Item = String>) -> String {
    all.collect::<Vec<_>>().join(", ")
}
