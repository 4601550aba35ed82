//! The system's HTTP proxy, as the environment names it, and the way through it (CONNECT, RFC 9110, section 9.3.6).

use std::io;

use base64::{Engine, engine::general_purpose::STANDARD};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The longest response head that a proxy may send.
const MAX_HEAD: usize = 8 * 1024;

/// Which proxy to use, and for which hosts not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    proxy: Option<Proxy>,
    except: Vec<String>,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) struct Proxy {
    pub(super) host: String,
    pub(super) port: u16,
    /// `user:password`, as in the address.
    credentials: Option<String>,
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Proxy({})", self.name())
    }
}

impl Proxies {
    /// Those of the environment: `HTTPS_PROXY`, or else `ALL_PROXY`, in either case of letters; not for the hosts in
    /// `NO_PROXY`. Programs agree on these; the proxy settings of desktops are not read.
    pub fn of_environment() -> Self {
        let variable = |name: &str| {
            [name.to_owned(), name.to_lowercase()]
                .iter()
                .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        };
        let proxy = variable("HTTPS_PROXY").or_else(|| variable("ALL_PROXY"));
        Self::new(proxy.as_deref().unwrap_or_default(), &variable("NO_PROXY").unwrap_or_default())
    }

    /// The proxy at `http://[user:password@]host[:port]` (the scheme may be left out), except for the hosts in a list
    /// separated by commas: each a name that stands for its subdomains too, an address, or `*`.
    pub fn new(proxy: &str, except: &str) -> Self {
        Self {
            proxy: Proxy::parse(proxy),
            except: except
                .split(',')
                .map(|host| host.trim().trim_start_matches('.').to_lowercase())
                .filter(|host| !host.is_empty())
                .collect(),
        }
    }

    /// The proxy for a host.
    pub(super) fn proxy_for(&self, host: &str) -> Option<&Proxy> {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let spared = self.except.iter().any(|except| {
            let subdomain = host.strip_suffix(except.as_str()).is_some_and(|rest| rest.ends_with('.'));
            except == "*" || except == host || subdomain
        });
        self.proxy.as_ref().filter(|_| !spared)
    }
}

impl Proxy {
    fn parse(text: &str) -> Option<Self> {
        let rest = match text.split_once("://") {
            Some(("http", rest)) => rest,
            // A proxy that itself wants TLS, or SOCKS: not for us.
            Some(_) => return None,
            None => text,
        };
        let rest = rest.split('/').next()?;
        let (credentials, place) = match rest.rsplit_once('@') {
            Some((credentials, place)) => (Some(unescaped(credentials)), place),
            None => (None, rest),
        };
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
            Some(_) | None => (place, 80),
        };
        (!host.is_empty()).then(|| Self { host: host.to_owned(), port, credentials })
    }

    /// Host and port, without the password.
    pub(super) fn name(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// Has the proxy connect to `host` (in brackets if an IPv6 address): from then on the stream leads there.
    pub(super) async fn tunnel(&self, stream: &mut TcpStream, host: &str, port: u16) -> io::Result<()> {
        let mut request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n");
        if let Some(credentials) = &self.credentials {
            let basic = STANDARD.encode(credentials);
            request.push_str(&format!("Proxy-Authorization: Basic {basic}\r\n"));
        }
        request.push_str("\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut head = Vec::new();
        // Byte by byte, since what follows the head belongs to TLS; a head is short.
        while !head.ends_with(b"\r\n\r\n") {
            if head.len() >= MAX_HEAD {
                return Err(io::Error::other("the proxy's answer is too long"));
            }
            head.push(stream.read_u8().await?);
        }
        let status = head.split(|byte| *byte == b' ').nth(1);
        if head.starts_with(b"HTTP/1.") && status.is_some_and(|status| status.starts_with(b"2")) {
            Ok(())
        } else {
            Err(io::Error::other("the proxy refused"))
        }
    }
}

/// Undoes percent-encoding; what is none stays.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let digits = tail.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        let byte = digits.and_then(|pair| u8::from_str_radix(pair, 16).ok());
        if let (b'%', Some(byte)) = (first, byte) {
            bytes.push(byte);
            rest = tail.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_read_from_its_address() {
        let parsed = |text| Proxy::parse(text).map(|p| (p.name(), p.credentials));
        let plain = |name: &str| Some((name.to_owned(), None));
        assert_eq!(parsed("http://proxy.example:3128/"), plain("proxy.example:3128"));
        assert_eq!(parsed("proxy.example"), plain("proxy.example:80"));
        assert_eq!(parsed("http://[::1]:8080"), plain("[::1]:8080"));
        assert_eq!(parsed("http://[::1]"), plain("[::1]:80"));
        assert_eq!(parsed("http://alice:p%40ss@proxy:1"), Some(("proxy:1".to_owned(), Some("alice:p@ss".to_owned()))));
        for wrong in ["", "socks5://proxy:1", "http://", "proxy:port"] {
            assert_eq!(parsed(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn hosts_that_need_no_proxy_get_none() {
        let proxies = Proxies::new("proxy:1", "localhost, .example.org,192.0.2.1,::1");
        for spared in ["localhost", "example.org", "chat.example.org", "192.0.2.1", "[::1]"] {
            assert!(proxies.proxy_for(spared).is_none(), "{spared}");
        }
        for other in ["example.com", "notexample.org", "192.0.2.2"] {
            assert!(proxies.proxy_for(other).is_some(), "{other}");
        }
        assert!(Proxies::new("proxy:1", "*").proxy_for("a").is_none());
        assert!(Proxies::default().proxy_for("a").is_none());
    }
}
