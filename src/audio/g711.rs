//! G.711 (ITU-T, 11/1988): A-law and µ-law by table, and the direct way between the two.
//!
//! All tables are built at compile time: 8 KiB and 16 KiB to encode, 2 × 512 bytes to decode,
//! 2 × 256 bytes to transcode.

/// A-law for silence: the smallest positive value.
pub const ALAW_SILENCE: u8 = 0xD5;
/// µ-law for silence: positive zero.
pub const ULAW_SILENCE: u8 = 0xFF;

static ALAW_DECODE: [i16; 256] = alaw_decode_table();
static ULAW_DECODE: [i16; 256] = ulaw_decode_table();
static ALAW_ENCODE: [u8; 8_192] = alaw_encode_table();
static ULAW_ENCODE: [u8; 16_384] = ulaw_encode_table();
static ALAW_TO_ULAW: [u8; 256] = alaw_to_ulaw_table();
static ULAW_TO_ALAW: [u8; 256] = ulaw_to_alaw_table();

/// The 16-bit sample of an A-law byte.
#[must_use]
#[inline]
pub fn alaw_decode(byte: u8) -> i16 {
    ALAW_DECODE[byte as usize]
}

/// The 16-bit sample of a µ-law byte.
#[must_use]
#[inline]
pub fn ulaw_decode(byte: u8) -> i16 {
    ULAW_DECODE[byte as usize]
}

/// The A-law byte of a 16-bit sample.
#[must_use]
#[inline]
pub fn alaw_encode(sample: i16) -> u8 {
    ALAW_ENCODE[(sample.cast_unsigned() >> 3) as usize]
}

/// The µ-law byte of a 16-bit sample.
#[must_use]
#[inline]
pub fn ulaw_encode(sample: i16) -> u8 {
    ULAW_ENCODE[(sample.cast_unsigned() >> 2) as usize]
}

/// Turns A-law into µ-law in place.
#[inline]
pub fn alaw_to_ulaw(payload: &mut [u8]) {
    for byte in payload {
        *byte = ALAW_TO_ULAW[*byte as usize];
    }
}

/// Turns µ-law into A-law in place.
#[inline]
pub fn ulaw_to_alaw(payload: &mut [u8]) {
    for byte in payload {
        *byte = ULAW_TO_ALAW[*byte as usize];
    }
}

/// Encodes as many samples as both slices hold.
#[inline]
pub fn alaw_encode_frame(samples: &[i16], out: &mut [u8]) {
    for (byte, sample) in out.iter_mut().zip(samples) {
        *byte = alaw_encode(*sample);
    }
}

/// Decodes as many samples as both slices hold.
#[inline]
pub fn alaw_decode_frame(payload: &[u8], out: &mut [i16]) {
    for (sample, byte) in out.iter_mut().zip(payload) {
        *sample = alaw_decode(*byte);
    }
}

/// Encodes as many samples as both slices hold.
#[inline]
pub fn ulaw_encode_frame(samples: &[i16], out: &mut [u8]) {
    for (byte, sample) in out.iter_mut().zip(samples) {
        *byte = ulaw_encode(*sample);
    }
}

/// Decodes as many samples as both slices hold.
#[inline]
pub fn ulaw_decode_frame(payload: &[u8], out: &mut [i16]) {
    for (sample, byte) in out.iter_mut().zip(payload) {
        *sample = ulaw_decode(*byte);
    }
}

const fn expand_alaw(byte: u8) -> i16 {
    let a = byte ^ 0x55;
    let mantissa = ((a & 0x0F) as i16) << 4;
    let segment = (a & 0x70) >> 4;
    let magnitude = match segment {
        0 => mantissa + 8,
        s => (mantissa + 0x108) << (s - 1),
    };
    if a & 0x80 == 0 { -magnitude } else { magnitude }
}

const fn expand_ulaw(byte: u8) -> i16 {
    const BIAS: i16 = 0x84;
    let u = !byte;
    let magnitude = ((((u & 0x0F) as i16) << 3) + BIAS) << ((u & 0x70) >> 4);
    if u & 0x80 == 0 { magnitude - BIAS } else { BIAS - magnitude }
}

/// `value` is the upper 13 bits of a sample, with its sign.
const fn compress_alaw(value: i16) -> u8 {
    let (mask, magnitude) = if value >= 0 { (0xD5, value) } else { (0x55, -value - 1) };
    let mut segment = 0u8;
    while segment < 7 && magnitude > (0x20 << segment) - 1 {
        segment += 1;
    }
    let shift = if segment < 2 { 1 } else { segment };
    let mantissa = ((magnitude >> shift) & 0x0F) as u8;
    ((segment << 4) | mantissa) ^ mask
}

/// `value` is the upper 14 bits of a sample, with its sign.
const fn compress_ulaw(value: i16) -> u8 {
    // One below the usual 8,159, which would overflow the last segment once biased.
    const CLIP: i16 = 8_158;
    const BIAS: i16 = 33;
    let (mask, magnitude) = if value < 0 { (0x7F, -value) } else { (0xFF, value) };
    let magnitude = (if magnitude > CLIP { CLIP } else { magnitude }) + BIAS;
    let mut segment = 0u8;
    while segment < 7 && magnitude > (0x40 << segment) - 1 {
        segment += 1;
    }
    let mantissa = ((magnitude >> (segment + 1)) & 0x0F) as u8;
    ((segment << 4) | mantissa) ^ mask
}

const fn alaw_decode_table() -> [i16; 256] {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        table[i] = expand_alaw(i as u8);
        i += 1;
    }
    table
}

const fn ulaw_decode_table() -> [i16; 256] {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        table[i] = expand_ulaw(i as u8);
        i += 1;
    }
    table
}

const fn alaw_encode_table() -> [u8; 8_192] {
    let mut table = [0; 8_192];
    let mut i = 0;
    while i < 8_192 {
        table[i] = compress_alaw(((i << 3) as u16).cast_signed() >> 3);
        i += 1;
    }
    table
}

const fn ulaw_encode_table() -> [u8; 16_384] {
    let mut table = [0; 16_384];
    let mut i = 0;
    while i < 16_384 {
        table[i] = compress_ulaw(((i << 2) as u16).cast_signed() >> 2);
        i += 1;
    }
    table
}

const fn alaw_to_ulaw_table() -> [u8; 256] {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        table[i] = compress_ulaw(expand_alaw(i as u8) >> 2);
        i += 1;
    }
    table
}

const fn ulaw_to_alaw_table() -> [u8; 256] {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        table[i] = compress_alaw(expand_ulaw(i as u8) >> 3);
        i += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_word_survives_decoding_and_encoding() {
        for byte in 0..=255u8 {
            assert_eq!(alaw_encode(alaw_decode(byte)), byte, "A-law {byte:#x}");
            // Negative zero (0x7F) is the one µ-law word that has a twin.
            let expected = if byte == 0x7F { 0xFF } else { byte };
            assert_eq!(ulaw_encode(ulaw_decode(byte)), expected, "µ-law {byte:#x}");
        }
    }

    #[test]
    fn decoded_values_are_those_of_the_recommendation() {
        // G.711 tables 1a and 2a: first, middle and last decision values, scaled to 16 bits.
        for (byte, value) in [(0xD5, 8), (0x55, -8), (0xAA, 32_256), (0x2A, -32_256), (0x80, 5_504)] {
            assert_eq!(alaw_decode(byte), value, "{byte:#x}");
        }
        for (byte, value) in [(0xFF, 0), (0x7F, 0), (0x80, 32_124), (0x00, -32_124), (0xEF, 132)] {
            assert_eq!(ulaw_decode(byte), value, "{byte:#x}");
        }
    }

    #[test]
    fn encoding_never_errs_by_more_than_half_a_step() {
        for sample in i16::MIN..=i16::MAX {
            let a = i32::from(alaw_decode(alaw_encode(sample)));
            let u = i32::from(ulaw_decode(ulaw_encode(sample)));
            let magnitude = i32::from(sample).abs();
            // A step is 1/16 of its segment, never less than 16 (A-law) or 8 (µ-law); the bits below the
            // 13 or 14 that are coded come on top.
            assert!((a - i32::from(sample)).abs() <= 8.max(magnitude / 32) + 1, "A {sample}");
            let top = if magnitude > 32_635 { 700 } else { 0 };
            assert!((u - i32::from(sample)).abs() <= 4.max((magnitude + 132) / 32) + 4 + top, "µ {sample}");
        }
    }

    #[test]
    fn transcoding_is_within_one_step_and_keeps_silence_and_sign() {
        let mut bytes: Vec<u8> = (0..=255).collect();
        alaw_to_ulaw(&mut bytes);
        for (a, u) in (0..=255u8).zip(&bytes) {
            let (a, u) = (i32::from(alaw_decode(a)), i32::from(ulaw_decode(*u)));
            assert!((a - u).abs() <= 8 + a.abs() / 16, "{a} {u}");
            assert!(a.signum() * u.signum() >= 0);
        }
        let mut silence = [ULAW_SILENCE; 4];
        ulaw_to_alaw(&mut silence);
        assert_eq!(silence, [ALAW_SILENCE; 4]);
    }
}
