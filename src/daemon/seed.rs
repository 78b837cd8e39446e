//! Where all chance comes from.

use rand_core::{OsRng, TryRngCore};

/// 32 bytes of the system's randomness: every tag, nonce and SSRC follows from them.
pub(super) fn seed() -> [u8; 32] {
    let mut seed = [0u8; 32];
    if OsRng.try_fill_bytes(&mut seed).is_err() {
        // Without a source of randomness nothing here is safe to run.
        tracing::error!("the system gives no randomness");
        std::process::abort();
    }
    seed
}
