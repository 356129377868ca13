//! Loopback ports that nobody listens on.

use std::net::{Ipv4Addr, TcpListener};

use crate::{Error, Result};

/// `N` different ports that were free a moment ago.
///
/// Another process may take one before its user does: whoever starts a server on it looks whether the
/// server lives, and starts again with other ports.
pub(crate) fn free<const N: usize>() -> Result<[u16; N]> {
    let mut listeners = Vec::with_capacity(N);
    let mut ports = [0; N];
    for port in &mut ports {
        let failed = || Error::io("looking for a free loopback port");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed())?;
        *port = listener.local_addr().map_err(failed())?.port();
        listeners.push(listener);
    }
    Ok(ports)
}
