//! What a recording's file is, told by its name.

use std::path::{Path, PathBuf};

/// How the sound is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// As it was recorded: A-law.
    Wav,
    /// FLAC: the same samples in a quarter of the room.
    #[default]
    Flac,
    /// Ogg Opus: a tenth of the room; what is lost is not heard on a telephone.
    Opus,
}

/// A kind of file: how the sound is kept, and whether it is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// How the sound is kept.
    pub kind: Kind,
    /// Encrypted.
    pub sealed: bool,
}

/// What every half-made file's name ends with.
pub(super) const PART: &str = ".part";

impl Form {
    /// Every form with the ending of its files, that of a recording under way first.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self { kind: Kind::Wav, sealed: false }, ".wav"),
        (Self { kind: Kind::Flac, sealed: false }, ".flac"),
        (Self { kind: Kind::Opus, sealed: false }, ".opus"),
        (Self { kind: Kind::Wav, sealed: true }, ".wav.sealed"),
        (Self { kind: Kind::Flac, sealed: true }, ".flac.sealed"),
        (Self { kind: Kind::Opus, sealed: true }, ".opus.sealed"),
    ];

    /// The ending of its files.
    #[must_use]
    pub fn ending(self) -> &'static str {
        Self::ALL.iter().find(|(form, _)| *form == self).map_or(".wav", |(_, ending)| ending)
    }

    /// The form of a file, and its name without the ending; `None`: it is no recording.
    #[must_use]
    pub fn of(path: &Path) -> Option<(Self, &str)> {
        let name = path.file_name()?.to_str()?;
        let fits = |(form, ending): &(Self, &'static str)| {
            let stem = name.strip_suffix(ending)?;
            (!stem.is_empty() && !stem.contains('.')).then_some((*form, stem))
        };
        Self::ALL.iter().find_map(fits)
    }

    /// The same recording's file in this form.
    #[must_use]
    pub fn beside(self, path: &Path) -> PathBuf {
        let stem = Self::of(path).map_or_else(|| path.to_string_lossy().into_owned(), |(_, stem)| stem.to_owned());
        path.with_file_name(format!("{stem}{}", self.ending()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_what_the_file_is() {
        for (form, ending) in Form::ALL {
            let path = PathBuf::from(format!("/r/20211215/5bhd7pq5c01{ending}"));
            assert_eq!(Form::of(&path), Some((form, "5bhd7pq5c01")));
            assert_eq!(form.beside(Path::new("/r/20211215/5bhd7pq5c01.wav")), path);
        }
        for other in ["case-7.txt", ".wav", "a.b.wav", "x.sealed", "5bhd7pq5c01.flac.part", "5bhd7pq5c01"] {
            assert_eq!(Form::of(Path::new(other)), None, "{other}");
        }
    }
}
