//! Random bytes from the operating system.

use ring::rand::{SecureRandom, SystemRandom};

use crate::Error;

pub(crate) fn fill(bytes: &mut [u8]) -> Result<(), Error> {
    SystemRandom::new().fill(bytes).map_err(|_| Error::Random)
}
