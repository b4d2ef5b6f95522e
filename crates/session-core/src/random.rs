//! Random bytes.

use ring::rand::{SecureRandom, SystemRandom};

use crate::error::Error;

/// Fresh random bytes from the operating system, each time.
///
/// Nothing is seeded, counted or cached in this process: a process that was forked, or restored
/// from a snapshot, must not repeat what its original has drawn.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    match SystemRandom::new().fill(&mut bytes) {
        Ok(()) => Ok(bytes),
        Err(_) => Err(Error::Random),
    }
}
