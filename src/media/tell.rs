//! Where the media threads and the recorder say what has happened.

use crate::patch::Event;
use std::sync::Arc;

/// Where events go. Called on the media threads: it must not wait.
pub type Tell = Arc<dyn Fn(Event) + Send + Sync>;
