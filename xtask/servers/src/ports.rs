//! Free ports that stay ours while their server is down.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};

use crate::{Error, Result};

/// Below the range for outgoing connections (32768 and up on Linux): a client that keeps connecting
/// to a dead server's port could be given that very port as its own, connect to itself, and keep
/// the server from coming back.
const LOWEST: u16 = 12_000;
/// A cluster node also listens at its port + 10000, which must lie below that range as well.
const BUS_OFFSET: u16 = 10_000;
const COUNT: u16 = 10_000;

/// A TCP port on 127.0.0.1 that no other process using this crate is given while it lives.
#[derive(Debug)]
pub(crate) struct Port {
    number: u16,
    /// The same numbers in UDP, which our servers leave alone: the kernel frees them however this
    /// process ends.
    _reserved: [UdpSocket; 2],
}

impl Port {
    /// Finds a port that is free, as is the one for its cluster bus.
    pub(crate) fn free() -> Result<Self> {
        let start = RandomState::new().build_hasher().finish();
        (0..u64::from(COUNT))
            .map(|step| LOWEST + (start.wrapping_add(step) % u64::from(COUNT)) as u16)
            .find_map(Self::claim)
            .ok_or_else(|| {
                Error::new(format!(
                    "no free port on 127.0.0.1 from {LOWEST} to {}: stop some servers",
                    LOWEST + COUNT
                ))
            })
    }

    pub(crate) fn number(&self) -> u16 {
        self.number
    }

    fn claim(number: u16) -> Option<Self> {
        let bus = number + BUS_OFFSET;
        let reserved = [reserve(number)?, reserve(bus)?];
        Some(Self { number, _reserved: reserved })
    }
}

fn reserve(number: u16) -> Option<UdpSocket> {
    let address = (Ipv4Addr::LOCALHOST, number);
    let reserved = UdpSocket::bind(address).ok()?;
    TcpListener::bind(address).ok()?;
    Some(reserved)
}

/// Runs `start` with a free port, and again with another one where a stranger took it in between.
pub(crate) fn with_free_port<T>(mut start: impl FnMut(Port) -> Result<T>) -> Result<T> {
    let mut tries = 5;
    loop {
        match start(Port::free()?) {
            Err(error) if error.port_taken && tries > 1 => tries -= 1,
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_not_given_twice() {
        let first = Port::free().unwrap();
        assert!(Port::claim(first.number()).is_none());
        let number = first.number();
        drop(first);
        assert_eq!(Port::claim(number).map(|port| port.number()), Some(number));
    }

    #[test]
    fn a_lost_race_is_tried_again() {
        let mut tries = 0;
        let number = with_free_port(|port| {
            tries += 1;
            let mut error = Error::new("taken");
            error.port_taken = true;
            if tries < 3 { Err(error) } else { Ok(port.number()) }
        });
        assert!(number.is_ok());
        assert_eq!(tries, 3);
    }
}
