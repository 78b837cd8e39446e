//! The sound of a recording, whatever its file is.

use super::form::{Form, Kind};
use super::key::Keys;
use super::sealed::Unsealer;
use super::{Error, flac, opus};
use crate::audio::tracks::{Opening, Sheet, head};
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, Write};
use std::path::Path;

/// A recording that is being read: A-law, the channels by turns, to its end.
pub struct Sound {
    opening: Opening,
    bytes: Box<dyn Read>,
}

impl std::fmt::Debug for Sound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sound").field("opening", &self.opening).finish_non_exhaustive()
    }
}

impl Sound {
    /// Opens a file; its name says what it is.
    ///
    /// # Errors
    /// [`Error`].
    pub fn open(path: &Path, keys: &Keys) -> Result<Self, Error> {
        let (form, _) = Form::of(path).ok_or(Error::Foreign)?;
        Self::of(File::open(path)?, form, keys)
    }

    /// Opens a file of this form.
    pub(super) fn of(file: File, form: Form, keys: &Keys) -> Result<Self, Error> {
        let file = BufReader::with_capacity(1 << 16, file);
        let plain: Box<dyn Read> = if form.sealed { Box::new(Unsealer::new(file, keys)?) } else { Box::new(file) };
        Self::plain(plain, form.kind)
    }

    fn plain(mut file: Box<dyn Read>, kind: Kind) -> Result<Self, Error> {
        Ok(match kind {
            Kind::Wav => Self { opening: Opening::read(&mut file)?, bytes: file },
            Kind::Flac => {
                let (opening, decoder) = flac::Decoder::new(file)?;
                Self { opening, bytes: Box::new(decoder) }
            }
            Kind::Opus => {
                let (opening, decoder) = opus::Decoder::new(file)?;
                Self { opening, bytes: Box::new(decoder) }
            }
        })
    }

    /// Its channels and cues.
    #[must_use]
    pub fn opening(&self) -> &Opening {
        &self.opening
    }

    /// Reads it to its end: how long it is, how loud each channel, where it pauses.
    ///
    /// # Errors
    /// As reading fails.
    pub fn sheet(mut self) -> Result<Sheet, Error> {
        Ok(Sheet::gather(&self.opening, &mut self.bytes)?)
    }

    /// Writes it as a WAV, as the recorder would have.
    ///
    /// # Errors
    /// As reading or writing fails.
    pub fn to_wav(mut self, to: &mut (impl Write + Seek)) -> Result<(), Error> {
        let Opening { channels, cues } = &self.opening;
        to.write_all(&head(*channels, 0, cues))?;
        let bytes = io::copy(&mut self.bytes, to)?;
        let samples = u32::try_from(bytes / u64::from(*channels)).unwrap_or(u32::MAX);
        to.rewind()?;
        to.write_all(&head(*channels, samples, cues))?;
        Ok(to.flush()?)
    }
}

impl Read for Sound {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        self.bytes.read(to)
    }
}

/// The packed file as it was before it was sealed.
///
/// # Errors
/// [`Error`].
pub(super) fn unsealed(path: &Path, keys: &Keys) -> Result<Box<dyn Read>, Error> {
    let (form, _) = Form::of(path).ok_or(Error::Foreign)?;
    let file = BufReader::with_capacity(1 << 16, File::open(path)?);
    Ok(if form.sealed { Box::new(Unsealer::new(file, keys)?) } else { Box::new(file) })
}

impl Form {
    /// Copies a file out of the archive, its seal taken off: FLAC or Opus as any player takes it.
    ///
    /// # Errors
    /// [`Error`].
    pub fn copy_out(path: &Path, keys: &Keys, to: &mut impl Write) -> Result<(), Error> {
        io::copy(&mut unsealed(path, keys)?, to)?;
        Ok(to.flush()?)
    }
}
