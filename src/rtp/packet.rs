//! The RTP header (RFC 3550 §5.1): the one door to `rtp-rs`.
//!
//! A packet is looked at where it lies. To be sent on, its header is written anew directly in front of its
//! payload, so CSRCs, extensions and padding, which nobody negotiated, fall away without a byte being moved.

use rtp_rs::{RtpPacketBuilder, RtpReader, Seq};
use std::ops::Range;

/// Length of the header that we write: no CSRC, no extension.
pub const HEADER: usize = 12;

/// The fields of the fixed header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Begin of a talkspurt or of an event.
    pub marker: bool,
    /// Payload type, 0–127.
    pub payload_type: u8,
    /// Sequence number.
    pub sequence: u16,
    /// Timestamp, 1/8000 s.
    pub timestamp: u32,
    /// Synchronisation source.
    pub ssrc: u32,
}

/// A received packet: its header, and where its payload lies in the datagram.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The fixed header.
    pub header: Header,
    /// The payload without padding, as offsets into the datagram.
    pub payload: Range<usize>,
}

/// Not an RTP version 2 packet, or one that is cut off or contradicts itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed RTP packet")]
pub struct Malformed;

impl View {
    /// Looks at a datagram.
    ///
    /// # Errors
    /// [`Malformed`]: shorter than it says, not version 2, or padding longer than the payload (RFC 3550 A.1).
    #[inline]
    pub fn parse(datagram: &[u8]) -> Result<Self, Malformed> {
        let reader = RtpReader::new(datagram).map_err(|_| Malformed)?;
        let start = reader.payload_offset();
        let header = Header {
            marker: reader.mark(),
            payload_type: reader.payload_type(),
            sequence: reader.sequence_number().into(),
            timestamp: reader.timestamp(),
            ssrc: reader.ssrc(),
        };
        Ok(Self { header, payload: start..start + reader.payload().len() })
    }
}

impl Header {
    /// Writes the header over the first twelve bytes of `out`.
    ///
    /// # Errors
    /// [`Malformed`] if `out` is shorter than that or the payload type is over 127.
    #[inline]
    pub fn write(&self, out: &mut [u8]) -> Result<(), Malformed> {
        let out = out.get_mut(..HEADER).ok_or(Malformed)?;
        RtpPacketBuilder::new()
            .payload_type(self.payload_type)
            .marked(self.marker)
            .sequence(Seq::from(self.sequence))
            .timestamp(self.timestamp)
            .ssrc(self.ssrc)
            .payload(&[])
            .build_into(out)
            .map(|_| ())
            .map_err(|_| Malformed)
    }

    /// Writes the header in front of a payload that lies at `payload` in `buffer`; the packet to send.
    ///
    /// # Errors
    /// [`Malformed`] if there are not twelve bytes in front of the payload.
    #[inline]
    pub fn write_before<'b>(&self, buffer: &'b mut [u8], payload: &Range<usize>) -> Result<&'b [u8], Malformed> {
        let start = payload.start.checked_sub(HEADER).ok_or(Malformed)?;
        let packet = buffer.get_mut(start..payload.end).ok_or(Malformed)?;
        self.write(packet)?;
        Ok(packet)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: Header =
        Header { marker: true, payload_type: 8, sequence: 65_535, timestamp: 0xDEAD_BEEF, ssrc: 0x0123_4567 };

    fn plain(payload: &[u8]) -> Vec<u8> {
        let mut packet = vec![0; HEADER];
        HEAD.write(&mut packet).unwrap();
        packet.extend(payload);
        packet
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        let packet = plain(&[1, 2, 3]);
        assert_eq!(packet[..4], [0x80, 0x88, 0xFF, 0xFF]);
        let view = View::parse(&packet).unwrap();
        assert_eq!((view.header, view.payload), (HEAD, 12..15));
    }

    #[test]
    fn csrc_extension_and_padding_are_stepped_over_and_left_behind() {
        // V=2 P=1 X=1 CC=2, extension of one word, 4 bytes of payload, 3 of padding.
        let mut packet = vec![0xB2, 0x08, 0, 9, 0, 0, 0, 1, 0, 0, 0, 2];
        packet.extend([0xAA; 8]);
        packet.extend([0xBE, 0xDE, 0, 1, 1, 2, 3, 4]);
        packet.extend([10, 20, 30, 40, 0, 0, 3]);
        let view = View::parse(&packet).unwrap();
        assert_eq!(packet[view.payload.clone()], [10, 20, 30, 40]);
        let sent = HEAD.write_before(&mut packet, &view.payload).unwrap().to_vec();
        assert_eq!(sent, plain(&[10, 20, 30, 40]));
    }

    #[test]
    fn malformed_packets_are_errors() {
        for bytes in [
            &[][..],
            &[0x80; 11],
            &[0x40, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],    // version 1
            &[0x82, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], // CSRCs cut off
            &[0x90, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255], // extension too long
            &[0xA0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 9], // padding too long
            &[0xA0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0], // padding of none
            &[0xA0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],    // padding nowhere
        ] {
            assert_eq!(View::parse(bytes), Err(Malformed), "{bytes:?}");
        }
        assert!(HEAD.write(&mut [0; 11]).is_err());
        assert!(HEAD.write_before(&mut [0; 20], &(5..20)).is_err());
        assert!(HEAD.write_before(&mut [0; 20], &(12..21)).is_err());
    }
}
