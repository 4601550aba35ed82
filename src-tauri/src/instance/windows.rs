//! The profile's door on Windows: a named pipe, which by its default rights only its owner can write to.

use std::{fs, io, path::Path, time::Duration};

use tokio::net::windows::named_pipe::{ClientOptions, NamedPipeClient, NamedPipeServer, ServerOptions};

use super::{receive, short_name};
use crate::desk::Desk;

/// The name of a pipe.
pub type Address = String;

pub fn address(profile: &Path) -> Option<Address> {
    let profile = fs::canonicalize(profile).ok()?;
    Some(format!(r"\\.\pipe\{}", short_name(&profile)))
}

pub async fn knock(address: &Address) -> io::Result<NamedPipeClient> {
    ClientOptions::new().open(address)
}

/// Hears every later start on this profile, until it is dropped. To be called by whoever holds the profile's lock.
pub async fn listen(address: Address, desk: Desk) {
    let mut first = true;
    loop {
        match visitor(&address, first).await {
            Ok(pipe) => receive(pipe, &desk).await,
            Err(error) => {
                tracing::warn!(%error, "a second start was not heard");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
        first = false;
    }
}

async fn visitor(address: &Address, first: bool) -> io::Result<NamedPipeServer> {
    let pipe = ServerOptions::new().first_pipe_instance(first).create(address)?;
    pipe.connect().await?;
    Ok(pipe)
}
