//! RTCP (RFC 3550 §6): SR, RR, SDES CNAME and BYE, always as a compound.

/// SR (§6.4.1).
const SR: u8 = 200;
/// RR (§6.4.2).
const RR: u8 = 201;
/// SDES (§6.5).
const SDES: u8 = 202;
/// BYE (§6.6).
const BYE: u8 = 203;
/// Longest compound that [`Compound::write`] makes: SR with one block, CNAME of 16 bytes, BYE.
pub const LONGEST: usize = 28 + 24 + 28 + 8;

/// A compound ready to be written: SR or RR first, then the CNAME, then perhaps BYE (§6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compound {
    /// Our SSRC.
    pub ssrc: u32,
    /// Present when we have sent since the last report: makes it an SR.
    pub sender: Option<SenderReport>,
    /// About the stream that we receive.
    pub block: Option<ReportBlock>,
    /// Canonical name: 16 characters, random for each lease (RFC 7022).
    pub cname: [u8; 16],
    /// We leave.
    pub bye: bool,
}

/// What a sender says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderReport {
    /// NTP time, seconds since 1900 in the upper half.
    pub ntp: u64,
    /// The same moment in RTP timestamps.
    pub timestamp: u32,
    /// Packets sent.
    pub packets: u32,
    /// Payload bytes sent.
    pub octets: u32,
}

/// What a receiver says of one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportBlock {
    /// Whose stream.
    pub ssrc: u32,
    /// Lost since the last report, in 1/256.
    pub fraction: u8,
    /// Lost in all; 24 bits, negative when doubles came.
    pub lost: i32,
    /// Highest sequence number with its cycles.
    pub highest: u32,
    /// Jitter in timestamp units.
    pub jitter: u32,
    /// Middle 32 bits of the last SR's NTP time, or 0.
    pub last_sr: u32,
    /// Time since that SR, 1/65536 s.
    pub since_sr: u32,
}

/// One packet of a received compound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet {
    /// A sender's report.
    Sender {
        /// Whose.
        ssrc: u32,
        /// What it says of itself.
        report: SenderReport,
    },
    /// A block of a sender's or receiver's report.
    Block(ReportBlock),
    /// The source leaves.
    Bye {
        /// Which.
        ssrc: u32,
    },
}

/// Not a valid compound (§A.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed RTCP compound")]
pub struct Malformed;

impl Compound {
    /// Writes the compound; the bytes to send.
    #[must_use]
    pub fn write(self, out: &mut [u8; LONGEST]) -> &[u8] {
        let mut pen = Pen { out, at: 0 };
        let count = u8::from(self.block.is_some());
        let words = 1 + 6 * u16::from(count);
        match self.sender {
            Some(s) => {
                pen.head(SR, count, words + 5);
                pen.word(self.ssrc);
                pen.word((s.ntp >> 32) as u32);
                pen.word(s.ntp as u32);
                pen.word(s.timestamp);
                pen.word(s.packets);
                pen.word(s.octets);
            }
            None => {
                pen.head(RR, count, words);
                pen.word(self.ssrc);
            }
        }
        if let Some(block) = self.block {
            pen.block(block);
        }
        // One chunk: SSRC, CNAME (1), its length, its text; then at least one null, padded to a word (§6.5).
        pen.head(SDES, 1, 6);
        pen.word(self.ssrc);
        pen.bytes(&[1, 16]);
        pen.bytes(&self.cname);
        pen.bytes(&[0, 0]);
        if self.bye {
            pen.head(BYE, 1, 1);
            pen.word(self.ssrc);
        }
        let at = pen.at;
        out.get(..at).unwrap_or(&[])
    }
}

/// Reads a compound and gives each part that matters here to `each`.
///
/// # Errors
/// [`Malformed`] unless every part is version 2, the first is SR or RR without padding, and the lengths add up to
/// the datagram (§A.2). Nothing is given before the whole was checked.
pub fn parse(datagram: &[u8], mut each: impl FnMut(Packet)) -> Result<(), Malformed> {
    check(datagram)?;
    let mut rest = datagram;
    while let Some((kind, count, body, after)) = split(rest) {
        part(kind, count, body, &mut each);
        rest = after;
    }
    Ok(())
}

fn check(datagram: &[u8]) -> Result<(), Malformed> {
    let first = datagram.first().ok_or(Malformed)?;
    let kind = datagram.get(1).ok_or(Malformed)?;
    if first & 0x20 != 0 || !matches!(*kind, SR | RR) {
        return Err(Malformed);
    }
    let mut rest = datagram;
    while !rest.is_empty() {
        let (kind, count, body, after) = split(rest).ok_or(Malformed)?;
        let blocks = usize::from(count) * 24;
        let least = match kind {
            SR => 24 + blocks,
            RR => 4 + blocks,
            BYE => 4 * usize::from(count),
            _ => 0,
        };
        if body.len() < least {
            return Err(Malformed);
        }
        rest = after;
    }
    Ok(())
}

/// Kind, count, body and what follows. `None`: cut off, or not version 2.
fn split(bytes: &[u8]) -> Option<(u8, u8, &[u8], &[u8])> {
    let &[flags, kind, high, low, ..] = bytes else {
        return None;
    };
    if flags >> 6 != 2 {
        return None;
    }
    let end = 4 + 4 * usize::from(u16::from_be_bytes([high, low]));
    Some((kind, flags & 0x1F, bytes.get(4..end)?, bytes.get(end..)?))
}

fn part(kind: u8, count: u8, body: &[u8], each: &mut impl FnMut(Packet)) {
    let word = |at: usize| body.get(at * 4..at * 4 + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_be_bytes);
    let first_block = match kind {
        SR => {
            let report = SenderReport {
                ntp: (u64::from(word(1)) << 32) | u64::from(word(2)),
                timestamp: word(3),
                packets: word(4),
                octets: word(5),
            };
            each(Packet::Sender { ssrc: word(0), report });
            6
        }
        RR => 1,
        BYE => {
            (0..usize::from(count)).for_each(|i| each(Packet::Bye { ssrc: word(i) }));
            return;
        }
        _ => return,
    };
    for i in 0..usize::from(count) {
        let at = first_block + 6 * i;
        each(Packet::Block(ReportBlock {
            ssrc: word(at),
            fraction: (word(at + 1) >> 24) as u8,
            // 24 bits with a sign.
            lost: (word(at + 1) << 8).cast_signed() >> 8,
            highest: word(at + 2),
            jitter: word(at + 3),
            last_sr: word(at + 4),
            since_sr: word(at + 5),
        }));
    }
}

/// Writes big-endian words into a buffer that is long enough by construction.
struct Pen<'b> {
    out: &'b mut [u8; LONGEST],
    at: usize,
}

impl Pen<'_> {
    fn bytes(&mut self, bytes: &[u8]) {
        if let Some(place) = self.out.get_mut(self.at..self.at + bytes.len()) {
            place.copy_from_slice(bytes);
            self.at += bytes.len();
        }
    }

    fn word(&mut self, word: u32) {
        self.bytes(&word.to_be_bytes());
    }

    fn head(&mut self, kind: u8, count: u8, words: u16) {
        let [high, low] = words.to_be_bytes();
        self.bytes(&[0x80 | count, kind, high, low]);
    }

    fn block(&mut self, b: ReportBlock) {
        self.word(b.ssrc);
        self.word((u32::from(b.fraction) << 24) | (b.lost.cast_unsigned() & 0xFF_FFFF));
        self.word(b.highest);
        self.word(b.jitter);
        self.word(b.last_sr);
        self.word(b.since_sr);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: ReportBlock =
        ReportBlock { ssrc: 5, fraction: 64, lost: -3, highest: 65_540, jitter: 17, last_sr: 0xAABB_CCDD, since_sr: 9 };
    const REPORT: SenderReport = SenderReport { ntp: 0x0102_0304_0506_0708, timestamp: 160, packets: 2, octets: 320 };

    fn read(bytes: &[u8]) -> Result<Vec<Packet>, Malformed> {
        let mut all = Vec::new();
        parse(bytes, |p| all.push(p)).map(|()| all)
    }

    fn compound(sender: bool, block: bool, bye: bool) -> Compound {
        Compound {
            ssrc: 1,
            sender: sender.then_some(REPORT),
            block: block.then_some(BLOCK),
            cname: *b"0123456789abcdef",
            bye,
        }
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        let mut out = [0; LONGEST];
        let bytes = compound(true, true, true).write(&mut out);
        assert_eq!(bytes.len(), LONGEST);
        assert_eq!(bytes[..4], [0x81, 200, 0, 12]);
        let sender = Packet::Sender { ssrc: 1, report: REPORT };
        assert_eq!(read(bytes).unwrap(), [sender, Packet::Block(BLOCK), Packet::Bye { ssrc: 1 }]);
        let bytes = compound(false, false, false).write(&mut out).to_vec();
        assert_eq!(bytes[..8], [0x80, 201, 0, 1, 0, 0, 0, 1]);
        assert_eq!(bytes[8..12], [0x81, 202, 0, 6]);
        assert_eq!(read(&bytes), Ok(vec![]));
    }

    #[test]
    fn a_compound_must_begin_with_a_report_and_add_up() {
        let mut out = [0; LONGEST];
        let good = compound(true, true, true).write(&mut out).to_vec();
        for cut in 1..good.len() {
            // Cuts between whole parts leave a valid compound.
            assert_eq!(read(&good[..cut]).is_ok(), cut == 52 || cut == 80, "{cut}");
        }
        assert_eq!(read(&good[52..]), Err(Malformed), "SDES first");
        let mut padded = good.clone();
        padded[0] |= 0x20;
        assert_eq!(read(&padded), Err(Malformed), "padding in the first part");
        let mut counts_more = good;
        counts_more[0] = 0x9F;
        assert_eq!(read(&counts_more), Err(Malformed), "31 blocks in the room of one");
        assert_eq!(read(&[]), Err(Malformed));
    }
}
