//! Rate limits: token buckets, by device for calls, and by address for connections, new accounts and passwords.
//!
//! Each kind has a map of its own with a bound, so that strangers who fill one do not shut out members. Passwords tried
//! are counted in the store, where they outlive a restart.

use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::Instant,
};

use juice_proto::id::DeviceId;

use crate::config::{Limits, Rate};

/// The most keys remembered in one map; 100 bytes each at worst.
const MAX_KEYS: usize = 100_000;

struct Bucket {
    tokens: f64,
    at: Instant,
}

/// Buckets of one kind.
struct Buckets<K> {
    rate: Rate,
    map: Mutex<HashMap<K, Bucket>>,
}

impl<K: Hash + Eq> Buckets<K> {
    fn new(rate: Rate) -> Self {
        Self { rate, map: Mutex::default() }
    }

    fn filled(&self, bucket: &Bucket, now: Instant) -> f64 {
        let minutes = now.saturating_duration_since(bucket.at).as_secs_f64() / 60.0;
        (bucket.tokens + minutes * f64::from(self.rate.per_minute)).min(f64::from(self.rate.burst))
    }

    /// Takes a token, or says in how many seconds there will be one.
    fn take(&self, key: K, now: Instant) -> Result<(), u32> {
        let mut map = self.map.lock().unwrap_or_else(PoisonError::into_inner);
        if map.len() >= MAX_KEYS && !map.contains_key(&key) {
            return Err(60);
        }
        let bucket = map.entry(key).or_insert(Bucket { tokens: f64::from(self.rate.burst), at: now });
        let tokens = self.filled(bucket, now);
        bucket.at = now;
        if tokens >= 1.0 {
            bucket.tokens = tokens - 1.0;
            return Ok(());
        }
        bucket.tokens = tokens;
        let wait = (1.0 - tokens) * 60.0 / f64::from(self.rate.per_minute.max(1));
        // At most 60, and a cast of a float saturates.
        Err((wait.ceil() as u32).max(1))
    }

    /// Forgets the buckets that are full again.
    fn sweep(&self, now: Instant) {
        let mut map = self.map.lock().unwrap_or_else(PoisonError::into_inner);
        map.retain(|_, bucket| self.filled(bucket, now) < f64::from(self.rate.burst));
        map.shrink_to_fit();
    }
}

/// All rate limits.
pub(crate) struct Throttle {
    calls: Buckets<DeviceId>,
    connections: Buckets<IpAddr>,
    registrations: Buckets<IpAddr>,
    passwords: Buckets<IpAddr>,
    mail: Buckets<IpAddr>,
}

impl Throttle {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            calls: Buckets::new(limits.calls),
            connections: Buckets::new(limits.connections),
            registrations: Buckets::new(limits.registrations),
            passwords: Buckets::new(limits.passwords),
            mail: Buckets::new(limits.mail),
        }
    }

    /// A call of `device`.
    pub(crate) fn call(&self, device: &DeviceId) -> Result<(), u32> {
        self.calls.take(*device, Instant::now())
    }

    /// A new connection from `address`.
    pub(crate) fn connection(&self, address: IpAddr) -> Result<(), u32> {
        take_from(&self.connections, address)
    }

    /// A new account from `address`.
    pub(crate) fn registration(&self, address: IpAddr) -> Result<(), u32> {
        take_from(&self.registrations, address)
    }

    /// A password tried from `address`.
    pub(crate) fn password(&self, address: IpAddr) -> Result<(), u32> {
        take_from(&self.passwords, address)
    }

    /// A call to do with posting, from `address`.
    pub(crate) fn mail(&self, address: IpAddr) -> Result<(), u32> {
        take_from(&self.mail, address)
    }

    /// To be called now and then.
    pub(crate) fn sweep(&self) {
        let now = Instant::now();
        self.calls.sweep(now);
        self.connections.sweep(now);
        self.registrations.sweep(now);
        self.passwords.sweep(now);
        self.mail.sweep(now);
    }
}

fn take_from(buckets: &Buckets<IpAddr>, address: IpAddr) -> Result<(), u32> {
    let address = address.to_canonical();
    if address.is_loopback() {
        return Ok(());
    }
    buckets.take(network_of(address), Instant::now())
}

/// One customer holds a whole /64 of IPv6.
fn network_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(long) => {
            let [a, b, c, d, ..] = long.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_burst_passes_and_then_one_at_a_time() {
        let buckets = Buckets::new(Rate { burst: 3, per_minute: 30 });
        let start = Instant::now();
        for _ in 0..3 {
            assert_eq!(buckets.take("device", start), Ok(()));
        }
        assert_eq!(buckets.take("device", start), Err(2));
        assert_eq!(buckets.take("other", start), Ok(()), "each has its own");
        let later = start + Duration::from_secs(2);
        assert_eq!(buckets.take("device", later), Ok(()));
        assert_eq!(buckets.take("device", later), Err(2));
        buckets.sweep(later + Duration::from_secs(60));
        assert!(buckets.map.lock().unwrap().is_empty());
    }

    #[test]
    fn all_of_a_networks_addresses_share_a_bucket() {
        let of = |text: &str| network_of(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
    }
}
