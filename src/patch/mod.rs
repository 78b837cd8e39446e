//! Who hears whom, as a value: the boundary between signalling and media.
//!
//! The core says what each leg shall *hear*; the media engine obeys and reports. Everything that crosses
//! carries `(port, epoch)`: a port is leased again and again, and what belongs to an earlier lease is dropped
//! (a `PlayFinished` may cross the `Hear` that ended it). Nothing here opens a socket or reads a file.

mod command;
mod event;
pub mod mix;
mod port;
mod remote;
mod sound;
mod source;
pub mod tape;
pub mod topology;

pub use crate::codec::Codec;
pub use command::Command;
pub use event::{DigitVia, Event, Packet, Reported, Stats};
pub use mix::{Beside, Sound, Voice};
pub use port::{Epoch, Lease, PortId};
pub use remote::{Latch, Remote};
pub use sound::{Clip, PlayId, Tone};
pub use source::Source;
pub use tape::{PARTIES, Recorded, RecordingId, Take, Tape};
pub use topology::Topology;
