//! A line of the journal: an event as JSON whose last member is a checksum of all before it, so that bits that have changed on the
//! disk are found. A line without one is of an earlier version and is believed.

use crate::fact::Event;
use crc::{CRC_32_ISO_HDLC, Crc, Table};
use std::io::Write;

/// CRC-32 as in Ethernet and gzip: finds every burst of up to 32 bits.
static CRC: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISO_HDLC);
const MEMBER: &[u8] = b",\"crc\":\"";
/// Of the member with its eight digits and what closes it.
const LENGTH: usize = MEMBER.len() + 8 + 2;

/// Appends the event's line, its end included.
///
/// # Errors
/// When the event cannot be written as JSON; `out` may have part of it then.
pub fn write(out: &mut Vec<u8>, event: &Event) -> serde_json::Result<()> {
    let start = out.len();
    serde_json::to_writer(&mut *out, event)?;
    out.truncate(out.len().saturating_sub(1)); // the closing brace, which comes again
    let sum = CRC.checksum(out.get(start..).unwrap_or_default());
    out.extend_from_slice(MEMBER);
    writeln!(out, "{sum:08x}\"}}").map_err(serde_json::Error::io)
}

/// Whether a line, without its end, is as it was written.
pub fn is_sound(line: &[u8]) -> bool {
    let Some((text, member)) = line.len().checked_sub(LENGTH).and_then(|at| line.split_at_checked(at)) else {
        return true;
    };
    let Some(digits) = member.strip_prefix(MEMBER).and_then(|m| m.strip_suffix(b"\"}")) else { return true };
    let told = std::str::from_utf8(digits).ok().and_then(|d| u32::from_str_radix(d, 16).ok());
    told == Some(CRC.checksum(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::tests::day;

    #[test]
    fn every_bit_that_changes_in_an_event_is_found() {
        let event = &day().events[0];
        let mut line = Vec::new();
        write(&mut line, event).expect("json");
        assert_eq!(line.pop(), Some(b'\n'));
        assert!(is_sound(&line));
        assert_eq!(serde_json::from_slice::<Event>(&line).expect("an event"), *event);
        let told = line.len() - LENGTH;
        for (byte, bit) in (0..told).flat_map(|byte| (0..8).map(move |bit| (byte, bit))) {
            line[byte] ^= 1 << bit;
            assert!(!is_sound(&line), "bit {bit} of byte {byte}");
            line[byte] ^= 1 << bit;
        }
    }

    #[test]
    fn a_line_of_an_earlier_version_is_believed() {
        let line = serde_json::to_vec(&day().events[0]).expect("json");
        assert!(is_sound(&line) && is_sound(b"") && is_sound(b"{}"));
    }
}
