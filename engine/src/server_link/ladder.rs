//! The ways to the server, tried one after the other: the given port, port 443, and the same through the proxy.
//!
//! Every step has its time, 15 s in all. A step that finds the given port held by someone who is not the server ends
//! the climb: going around that is not for a program to decide.

use std::{collections::VecDeque, io, net::SocketAddr, time::Duration};

use juice_proto::invite::ServerAddress;
use tokio::{
    net::{TcpStream, lookup_host},
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{ConnectError, Connection, Proxies, Way, proxy::Proxy};

/// Where HTTPS is, and therefore seldom barred.
const HTTPS: u16 = 443;
/// The time of the first step and of those after it: 15 s for all four.
const FIRST_STEP: Duration = Duration::from_secs(6);
const NEXT_STEP: Duration = Duration::from_secs(3);
/// Head start of an address before the next one (RFC 8305, section 5).
const STAGGER: Duration = Duration::from_millis(250);
/// How many addresses of a name are tried.
const MAX_ADDRESSES: usize = 8;

struct Step<'a> {
    way: Way,
    port: u16,
    proxy: Option<&'a Proxy>,
}

/// The first connection that any way yields.
pub(super) async fn climb(address: &ServerAddress, proxies: &Proxies) -> Result<Connection, ConnectError> {
    let mut failure = None;
    for (number, step) in steps(address, proxies).into_iter().enumerate() {
        let time = if number == 0 { FIRST_STEP } else { NEXT_STEP };
        let connected = timeout(time, attempt(address, &step)).await;
        match connected.unwrap_or(Err(ConnectError::Unreachable)) {
            Ok(connection) => return Ok(connection),
            Err(error) => {
                tracing::debug!(way = ?step.way, %error, "no way to the server");
                if number == 0 && error != ConnectError::Unreachable {
                    return Err(error);
                }
                failure.get_or_insert(error);
            }
        }
    }
    Err(failure.unwrap_or(ConnectError::Unreachable))
}

fn steps<'a>(address: &ServerAddress, proxies: &'a Proxies) -> Vec<Step<'a>> {
    let other_port = address.port != HTTPS && !is_loopback(&address.host);
    let proxy = proxies.proxy_for(&address.host);
    let mut steps = vec![Step { way: Way::Direct(address.port), port: address.port, proxy: None }];
    if other_port {
        steps.push(Step { way: Way::Port443, port: HTTPS, proxy: None });
    }
    if let Some(proxy) = proxy {
        let ports = [Some(address.port), other_port.then_some(HTTPS)];
        steps.extend(ports.into_iter().flatten().map(|port| Step {
            way: Way::Proxy(proxy.name()),
            port,
            proxy: Some(proxy),
        }));
    }
    steps
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

async fn attempt(address: &ServerAddress, step: &Step<'_>) -> Result<Connection, ConnectError> {
    let (host, port) = match step.proxy {
        Some(proxy) => (proxy.host.as_str(), proxy.port),
        None => (address.host.as_str(), step.port),
    };
    let unreachable = |error: io::Error| {
        tracing::debug!(%error, "not reached");
        ConnectError::Unreachable
    };
    let mut stream = race(host, port).await.map_err(unreachable)?;
    stream.set_nodelay(true).map_err(unreachable)?;
    if let Some(proxy) = step.proxy {
        proxy.tunnel(&mut stream, &address.host, step.port).await.map_err(unreachable)?;
    }
    Connection::over(stream, address, step.way.clone()).await
}

/// Connects to whichever address of a host answers first, each with a head start before the next.
async fn race(host: &str, port: u16) -> io::Result<TcpStream> {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let mut waiting = interleaved(lookup_host((host, port)).await?);
    let mut racing = JoinSet::new();
    let mut failure = io::Error::other("the name has no address");
    loop {
        if let Some(address) = waiting.pop_front() {
            racing.spawn(TcpStream::connect(address));
        } else if racing.is_empty() {
            return Err(failure);
        }
        tokio::select! {
            Some(connected) = racing.join_next() => match connected.map_err(io::Error::other) {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) | Err(error) => failure = error,
            },
            () = sleep(STAGGER), if !waiting.is_empty() => {}
        }
    }
}

/// The families in turn, the resolver's first choice first.
fn interleaved(found: impl Iterator<Item = SocketAddr>) -> VecDeque<SocketAddr> {
    let mut found = found.peekable();
    let six_first = found.peek().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = found.partition(|address| address.is_ipv6() == six_first);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    std::iter::from_fn(|| Some([first.next(), second.next()]))
        .take_while(|pair| pair.iter().any(Option::is_some))
        .flatten()
        .flatten()
        .take(MAX_ADDRESSES)
        .collect()
}

#[cfg(test)]
mod tests {
    use juice_proto::id::ServerKey;

    use super::*;

    fn ways(host: &str, port: u16, proxies: &Proxies) -> Vec<(Way, u16)> {
        let address = ServerAddress { host: host.into(), port, key: ServerKey::new([7; 32]) };
        steps(&address, proxies).into_iter().map(|step| (step.way, step.port)).collect()
    }

    #[test]
    fn the_ladder_has_the_given_port_then_443_then_the_proxy() {
        let proxies = Proxies::new("proxy:3128", "");
        let proxy = Way::Proxy("proxy:3128".into());
        assert_eq!(
            ways("chat.example.org", 7733, &proxies),
            vec![(Way::Direct(7733), 7733), (Way::Port443, 443), (proxy.clone(), 7733), (proxy, 443)]
        );
        let none = Proxies::default();
        let direct = |port| vec![(Way::Direct(port), port)];
        assert_eq!(ways("chat.example.org", 443, &none), direct(443));
        assert_eq!(ways("127.0.0.1", 7733, &none), direct(7733));
        assert_eq!(ways("[::1]", 7733, &none), direct(7733));
    }

    #[test]
    fn address_families_take_turns() {
        let found = ["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1"].map(|a| a.parse().unwrap());
        let order: Vec<String> = interleaved(found.into_iter()).iter().map(ToString::to_string).collect();
        assert_eq!(order, ["[::1]:1", "1.1.1.1:1", "[::2]:1", "[::3]:1"]);
    }
}
