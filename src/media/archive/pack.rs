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
    // Without a sample there is nothing to encode: FLAC has no such file.
    let kind = if fs::metadata(wav)?.len() > tracks::HEAD as u64 { kind } else { Kind::Wav };
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
    let (before, after) = (before.sheet()?, sheet(read, go_on)?);
    if alike(&before, &after) { Ok(None) } else { Err(Error::Differs) }
}

/// Reads a sound that takes long to its end.
fn sheet(sound: Sound, go_on: &mut dyn FnMut() -> bool) -> Result<Sheet, Error> {
    let opening = sound.opening().clone();
    let mut asking = Asking { sound, go_on, stopped: false };
    let sheet = Sheet::gather(&opening, &mut asking);
    if asking.stopped { Err(Error::Stopped) } else { Ok(sheet?) }
}

/// A sound that asks whether to go on.
struct Asking<'a> {
    sound: Sound,
    go_on: &'a mut dyn FnMut() -> bool,
    stopped: bool,
}

impl Read for Asking<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        self.stopped = !(self.go_on)();
        if self.stopped { Ok(0) } else { self.sound.read(to) }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::g711::{ALAW_SILENCE, alaw_encode};
    use crate::audio::tracks::{Cue, HEAD, head};
    use std::os::unix::fs::PermissionsExt;

    struct Folder(PathBuf);

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("switchboard-pack-{}-{name}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        /// Two who speak in turns for so many seconds, two who say nothing.
        fn wav(&self, seconds: u32) -> PathBuf {
            let samples = seconds * 8_000;
            let mut file = head(4, samples, &[Cue { at: 80, label: "paused" }, Cue { at: 160, label: "resumed" }]);
            for at in 0..samples {
                let wave =
                    alaw_encode((f64::from(at % 8_000) * 0.4).sin().mul_add(6_000.0, f64::from(at % 13) * 20.0) as i16);
                let says = |turn| if at / 8_000 % 2 == turn { wave } else { ALAW_SILENCE };
                file.extend([says(0), says(1), ALAW_SILENCE, ALAW_SILENCE]);
            }
            let path = self.0.join("5bhd7pq5c01.wav");
            fs::write(&path, file).unwrap();
            path
        }

        fn names(&self) -> Vec<String> {
            let mut names: Vec<_> =
                fs::read_dir(&self.0).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        }
    }

    fn key() -> Key {
        Key::parse(&"7".repeat(64)).unwrap()
    }

    #[test]
    fn every_kind_is_proved_hashed_and_its_owners_alone() {
        let folder = Folder::new("kinds");
        let wav = folder.wav(3);
        let sound = fs::read(&wav).unwrap()[HEAD..].to_vec();
        for (kind, sealed) in [Kind::Wav, Kind::Flac, Kind::Opus].into_iter().flat_map(|k| [(k, false), (k, true)]) {
            let key = sealed.then(key);
            let packed = pack(&wav, kind, key.as_ref(), &mut || true).unwrap();
            let form = Form { kind, sealed };
            assert_eq!(Form::of(&packed.path), Some((form, "5bhd7pq5c01")));
            let whole = fs::read(&packed.path).unwrap();
            assert_eq!(
                (packed.bytes, &packed.sha256),
                (whole.len() as u64, &hexadecimal(Sha256::new().chain_update(&whole)))
            );
            let told = hexadecimal(Sha256::new().chain_update(&sound));
            assert_eq!(packed.sound, (kind != Kind::Opus).then_some(told), "{form:?}");
            assert_eq!(packed.key.is_some(), sealed);
            if packed.path != wav {
                assert_eq!(fs::metadata(&packed.path).unwrap().permissions().mode() & 0o777, 0o600);
                fs::remove_file(&packed.path).unwrap();
            }
            assert_eq!(folder.names(), ["5bhd7pq5c01.wav"], "the WAV stays, and nothing half made");
        }
    }

    #[test]
    fn told_to_stop_at_any_moment_it_leaves_what_there_was() {
        let folder = Folder::new("stopped");
        let wav = folder.wav(4);
        let before = fs::read(&wav).unwrap();
        for (kind, key) in [(Kind::Flac, Some(key())), (Kind::Opus, None), (Kind::Wav, Some(key())), (Kind::Wav, None)]
        {
            let mut stops = 0;
            for most in 0.. {
                let mut asked = 0;
                let packed = pack(&wav, kind, key.as_ref(), &mut || {
                    asked += 1;
                    asked <= most
                });
                match packed {
                    Err(Error::Stopped) => stops += 1,
                    Ok(packed) => {
                        if packed.path != wav {
                            fs::remove_file(packed.path).unwrap();
                        }
                        break;
                    }
                    Err(other) => panic!("{other}"),
                }
                assert_eq!(folder.names(), ["5bhd7pq5c01.wav"], "{kind:?} stopped at {most}");
            }
            assert!(stops >= 2, "{kind:?}");
            assert!(fs::read(&wav).unwrap() == before);
        }
    }

    #[test]
    fn what_is_being_recorded_and_what_is_none_of_ours_is_refused() {
        let folder = Folder::new("refused");
        let wav = folder.wav(1);
        let mut bytes = fs::read(&wav).unwrap();
        bytes.extend([ALAW_SILENCE; 400]);
        fs::write(&wav, &bytes).unwrap();
        assert!(matches!(pack(&wav, Kind::Flac, None, &mut || true), Err(Error::Cut)));
        fs::write(&wav, "no sound").unwrap();
        assert!(matches!(pack(&wav, Kind::Flac, None, &mut || true), Err(Error::Foreign)));
        assert!(pack(&folder.0.join("x.wav"), Kind::Flac, None, &mut || true).is_err());
        assert_eq!(folder.names(), ["5bhd7pq5c01.wav"]);
        // An empty one is one, too.
        fs::write(&wav, head(4, 0, &[])).unwrap();
        for kind in [Kind::Flac, Kind::Opus] {
            let packed = pack(&wav, kind, None, &mut || true).unwrap();
            assert_eq!((&packed.path, packed.bytes), (&wav, HEAD as u64), "it stays what it is");
        }
    }

    #[test]
    fn a_channel_in_anothers_place_and_a_sample_too_few_are_noticed() {
        let folder = Folder::new("alike");
        let wav = folder.wav(3);
        let before = Sound::open(&wav, &Keys::default()).unwrap().sheet().unwrap();
        assert!(alike(&before, &before));
        let mut moved = before.clone();
        moved.channels.swap(0, 2);
        let mut short = before.clone();
        short.samples -= 1;
        let mut fewer = before.clone();
        fewer.channels.pop();
        assert!([moved, short, fewer].iter().all(|after| !alike(&before, after)));
    }
}
