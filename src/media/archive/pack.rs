//! Packs one finished recording, and proves it before anybody relies on it.

use super::form::{Form, Kind, PART};
use super::key::{Key, Keys};
use super::sealed::Sealer;
use super::sound::Sound;
use super::{Error, flac, opus};
use crate::audio::tracks::{self, Loudness, Sheet, fill};
use crate::media::private;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// A packed file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// Where it is.
    pub path: PathBuf,
    /// Its length, bytes.
    pub bytes: u64,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// SHA-256 of its sound (A-law, the channels by turns), where packing loses none of it.
    pub sound: Option<String>,
    /// The key's name, of a sealed one.
    pub key: Option<String>,
}

/// What may differ between a recording and its Opus file, dB over a channel's whole length.
const ALIKE_DB: f64 = 12.0;
/// Below this a channel is softer than what Opus keeps, dB relative to full scale.
const SOFT_DBFS: f64 = -45.0;
/// Bytes that are copied or hashed at a time.
const PIECE: usize = 1 << 16;

/// Packs a finished WAV into a file beside it, proves it by reading it back, and gives it its name once it is on the disk. The WAV
/// stays: it goes when the record knows of the packed one. A WAV that is to be one is only hashed.
///
/// `go_on` is asked every second of sound.
///
/// # Errors
/// [`Error`]: then everything is as it was before.
pub fn pack(wav: &Path, kind: Kind, key: Option<&Key>, go_on: &mut dyn FnMut() -> bool) -> Result<Packed, Error> {
    if tracks::is_cut(&mut File::open(wav)?)? {
        return Err(Error::Cut);
    }
    let form = Form { kind, sealed: key.is_some() };
    let path = form.beside(wav);
    let name = key.map(|key| key.id().to_string());
    if path == wav {
        let sound = Some(hash_of(Sound::open(wav, &Keys::default())?, go_on)?);
        let (sha256, bytes) = hash(wav, go_on)?;
        return Ok(Packed { path, bytes, sha256, sound, key: None });
    }
    let part = Part::new(&path)?;
    let sound = encode(wav, kind, &part, go_on)?;
    let whole = match key {
        None => part,
        Some(key) => seal(&part, &path, key, go_on)?,
    };
    let keys = Keys { sealing: key.cloned(), opening: Vec::new() };
    let sound = prove(wav, &whole.path, form, &keys, sound, go_on)?;
    let (sha256, bytes) = hash(&whole.path, go_on)?;
    whole.name(&path)?;
    Ok(Packed { path, bytes, sha256, sound, key: name })
}

/// A file that is being made; gone unless it gets its name.
struct Part {
    path: PathBuf,
    named: bool,
}

impl Part {
    fn new(whole: &Path) -> io::Result<Self> {
        let mut name = whole.as_os_str().to_owned();
        name.push(PART);
        let path = PathBuf::from(name);
        // Nobody else makes one: it was left by a crash.
        match fs::remove_file(&path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        private::file(&path)?;
        Ok(Self { path, named: false })
    }

    fn open(&self) -> io::Result<File> {
        File::options().read(true).write(true).open(&self.path)
    }

    fn name(mut self, whole: &Path) -> io::Result<()> {
        self.open()?.sync_all()?;
        fs::rename(&self.path, whole)?;
        self.named = true;
        sync_folder(whole)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.named {
            // What cannot be removed now is at the next start.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A name is on the disk once its folder is.
fn sync_folder(file: &Path) -> io::Result<()> {
    file.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Encodes the sound of a WAV; gives its hash.
fn encode(wav: &Path, kind: Kind, to: &Part, go_on: &mut dyn FnMut() -> bool) -> Result<String, Error> {
    let mut sound = Sound::open(wav, &Keys::default())?;
    let opening = sound.opening().clone();
    let mut to = BufWriter::with_capacity(PIECE, to.open()?);
    let mut hash = Sha256::new();
    let mut each = |bytes: &[u8]| {
        hash.update(bytes);
        go_on()
    };
    match kind {
        Kind::Wav => {
            sound.to_wav(&mut to)?;
            let mut again = Sound::open(wav, &Keys::default())?;
            let mut piece = vec![0; PIECE];
            loop {
                let there = fill(&mut again, &mut piece)?;
                if !each(piece.get(..there).unwrap_or_default()) {
                    return Err(Error::Stopped);
                }
                if there < piece.len() {
                    break;
                }
            }
        }
        Kind::Flac => flac::encode(&opening, &mut sound, &mut to, &mut each)?,
        Kind::Opus => {
            let sheet = Sound::open(wav, &Keys::default())?.sheet()?;
            let silent: Vec<bool> = sheet.channels.iter().map(|c| c.peak_dbfs == f64::NEG_INFINITY).collect();
            opus::encode(&opening, &silent, &mut sound, &mut to, &mut each)?;
        }
    }
    to.flush()?;
    Ok(hexadecimal(hash))
}

fn seal(part: &Part, path: &Path, key: &Key, go_on: &mut dyn FnMut() -> bool) -> Result<Part, Error> {
    // Its own name is that of the sealed file; the plain one goes when this is done.
    let mut plain = part.open()?;
    let sealed = Part::new(&path.with_extension("sealing"))?;
    let mut sealer = Sealer::new(BufWriter::with_capacity(PIECE, sealed.open()?), key)?;
    let mut piece = vec![0; PIECE];
    plain.rewind()?;
    loop {
        let there = fill(&mut plain, &mut piece)?;
        if !go_on() {
            return Err(Error::Stopped);
        }
        sealer.write_all(piece.get(..there).unwrap_or_default())?;
        if there < piece.len() {
            break;
        }
    }
    sealer.finish()?;
    Ok(sealed)
}

/// Reads the packed file and holds it against the recording; gives the hash of its sound where nothing is lost.
fn prove(
    wav: &Path,
    packed: &Path,
    form: Form,
    keys: &Keys,
    sound: String,
    go_on: &mut dyn FnMut() -> bool,
) -> Result<Option<String>, Error> {
    let read = Sound::of(File::open(packed)?, form, keys)?;
    let before = Sound::open(wav, &Keys::default())?;
    if read.opening() != before.opening() {
        return Err(Error::Differs);
    }
    if form.kind != Kind::Opus {
        return if hash_of(read, go_on)? == sound { Ok(Some(sound)) } else { Err(Error::Differs) };
    }
    if alike(&before.sheet()?, &read.sheet()?) { Ok(None) } else { Err(Error::Differs) }
}

/// Of the same length, and each channel about as loud as it was.
fn alike(before: &Sheet, after: &Sheet) -> bool {
    let energy = |channel: &Loudness, sheet: &Sheet| {
        #[expect(clippy::cast_precision_loss, reason = "a recording's ms are far below 2^52")]
        let share = channel.sounding_ms as f64 / sheet.millis().max(1) as f64;
        if share > 0.0 { channel.level_dbfs + 10.0 * share.log10() } else { f64::NEG_INFINITY }
    };
    let near = |(old, new): (&Loudness, &Loudness)| {
        let (old, new) = (energy(old, before), energy(new, after));
        if old < SOFT_DBFS { new < SOFT_DBFS + ALIKE_DB } else { (old - new).abs() <= ALIKE_DB }
    };
    before.samples == after.samples
        && before.channels.len() == after.channels.len()
        && before.channels.iter().zip(&after.channels).all(near)
}

/// SHA-256 of a file, hexadecimal, and its length.
///
/// # Errors
/// As reading fails; [`Error::Stopped`].
pub fn hash(path: &Path, go_on: &mut dyn FnMut() -> bool) -> Result<(String, u64), Error> {
    let file = File::open(path)?;
    let bytes = file.metadata()?.len();
    Ok((hash_of(file, go_on)?, bytes))
}

fn hash_of(mut from: impl Read, go_on: &mut dyn FnMut() -> bool) -> Result<String, Error> {
    let mut hash = Sha256::new();
    let mut piece = vec![0; PIECE];
    loop {
        let there = fill(&mut from, &mut piece)?;
        hash.update(piece.get(..there).unwrap_or_default());
        if !go_on() {
            return Err(Error::Stopped);
        }
        if there < piece.len() {
            return Ok(hexadecimal(hash));
        }
    }
}

fn hexadecimal(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
