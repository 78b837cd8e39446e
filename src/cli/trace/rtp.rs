//! Packets of RTP among the messages: a second of one stream is one line.

use crate::exchange::{RtpRow, TraceRow};
use crate::rtp::{HEADER, Header};
use std::net::SocketAddr;

/// How much of a stream is one line, µs.
const SPAN: i64 = 1_000_000;

/// A line.
#[derive(Debug)]
pub enum Told<'r> {
    /// A message.
    Message(&'r TraceRow),
    /// Packets.
    Packets(Stream),
}

/// Packets of one stream within a second.
#[derive(Debug)]
pub struct Stream {
    /// From when, µs since the epoch.
    pub from: i64,
    /// We have sent it.
    pub sent: bool,
    /// The other side.
    pub peer: SocketAddr,
    first: RtpRow,
    last: RtpRow,
    last_at: i64,
    packets: u32,
    missing: u32,
    /// The longest time between two packets, µs.
    apart: i64,
}

impl Told<'_> {
    /// From when.
    pub fn at(&self) -> i64 {
        match self {
            Self::Message(row) => row.at,
            Self::Packets(stream) => stream.from,
        }
    }
}

impl Stream {
    fn of(row: &TraceRow, packet: RtpRow) -> Self {
        let (from, last_at) = (row.at, row.at);
        let (first, last) = (packet, packet);
        Self { from, sent: row.sent, peer: row.peer, first, last, last_at, packets: 1, missing: 0, apart: 0 }
    }

    /// Whether the packet goes on with it.
    fn takes(&self, row: &TraceRow, packet: &RtpRow) -> bool {
        let same = (self.sent, self.peer, self.last.ssrc, self.last.payload_type, self.last.call)
            == (row.sent, row.peer, packet.ssrc, packet.payload_type, packet.call);
        same && row.at < self.from + SPAN
    }

    fn goes_on(&mut self, row: &TraceRow, packet: RtpRow) {
        let ahead = packet.sequence.wrapping_sub(self.last.sequence);
        self.packets += 1;
        self.apart = self.apart.max(row.at - self.last_at);
        if ahead < 0x8000 {
            self.missing += u32::from(ahead.saturating_sub(1));
            self.last = packet;
        } else {
            // One that is late was counted as missing.
            self.missing = self.missing.saturating_sub(1);
        }
        self.last_at = row.at;
    }

    /// What it is, and how it went.
    pub fn words(&self) -> String {
        let RtpRow { call, payload_type, ssrc, length, .. } = self.first;
        let (packets, missing, apart) = (self.packets, self.missing, self.apart as f64 / 1_000.0);
        format!(
            "{call} pt {payload_type} ssrc {ssrc:08x} {packets} × {length} B, {missing} missing, {apart:.1} ms apart at most"
        )
    }
}

/// Messages as they are, and the packets between them by their streams.
pub fn told(rows: &[TraceRow]) -> Vec<Told<'_>> {
    let mut all: Vec<Told<'_>> = Vec::new();
    for row in rows {
        let Some(packet) = row.rtp else {
            all.push(Told::Message(row));
            continue;
        };
        let open = all.iter_mut().rev().take(64).find_map(|told| match told {
            Told::Packets(stream) if stream.takes(row, &packet) => Some(stream),
            _ => None,
        });
        match open {
            Some(stream) => stream.goes_on(row, packet),
            None => all.push(Told::Packets(Stream::of(row, packet))),
        }
    }
    all
}

/// The header as it was on the wire.
pub fn header(packet: &RtpRow) -> [u8; HEADER] {
    let RtpRow { marker, payload_type, sequence, timestamp, ssrc, .. } = *packet;
    let mut out = [0; HEADER];
    // Twelve bytes are room for it, and its payload type has seven bits.
    let _ = Header { marker, payload_type, sequence, timestamp, ssrc }.write(&mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::CallRef;

    fn row(at_ms: i64, sequence: u16, sent: bool) -> TraceRow {
        let call = CallRef::mint(1_639_533_600_000_000, 1);
        let rtp = RtpRow { call, payload_type: 8, marker: false, sequence, timestamp: 7, ssrc: 0xAB, length: 160 };
        TraceRow {
            seq: 1,
            at: at_ms * 1_000,
            sent,
            transport: "rtp".into(),
            local: "127.0.0.1:20000".parse().unwrap(),
            peer: "127.0.0.10:4000".parse().unwrap(),
            call_id: String::new(),
            text: String::new(),
            rtp: Some(rtp),
        }
    }

    #[test]
    fn a_second_of_a_stream_is_a_line_with_what_is_missing_in_it() {
        let mut rows: Vec<TraceRow> = Vec::new();
        for n in 0..100u16 {
            if n != 10 && n != 11 {
                rows.push(row(i64::from(n) * 20, n, false));
            }
            rows.push(row(i64::from(n) * 20 + 1, n.wrapping_add(65_500), true));
        }
        let lines: Vec<String> = told(&rows)
            .into_iter()
            .map(|told| match told {
                Told::Packets(stream) => format!("{} {}", stream.sent, stream.words()),
                Told::Message(_) => panic!("no message"),
            })
            .collect();
        assert_eq!(lines.len(), 4, "{lines:#?}");
        assert!(lines[0].contains("48 × 160 B, 2 missing, 60.0 ms apart"), "{lines:#?}");
        assert!(lines[1].starts_with("true") && lines[1].contains("50 × 160 B, 0 missing, 20.0 ms"), "{lines:#?}");
        assert!(lines[2].contains("50 × 160 B, 0 missing"), "{lines:#?}");
        let bytes = header(&rows[0].rtp.unwrap());
        assert_eq!(bytes, [0x80, 8, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0xAB]);
    }
}
