//! Real peers: the daemon against SIPp (as carrier, seat, exchange) baresip (as a phone) and Chromium (telephones in pages), on loopback ports of its own.
//!
//! Debian: `apt-get install sip-tester baresip-core chromium`. Every test starts its own daemon from `config/lab.toml` with other
//! ports, so tests run beside each other and beside a lab that runs. Whatever is started is ended by its process id.
#![cfg(test)]

mod archived;
mod browsers;
mod carrier;
mod codecs;
mod crashes;
mod desk;
mod disks;
mod door;
mod emergency;
mod flood;
mod floor;
mod gaps;
mod lifecycle;
mod lines;
mod located;
mod names;
mod overload;
mod phones;
mod prompts;
mod quality;
mod recorded;
mod reloads;
mod renewed;
mod secure;
mod supervised;
mod support;
mod targets;
mod three_way;
mod transfers;
mod unserved;
mod upgrade;
