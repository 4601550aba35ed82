//! A bad network between real processes: each in a network namespace of its own, joined by a wire that loses and delays.
//!
//! Every namespace has a TUN device whose other end is in this process. A packet read from one waits its time and is
//! written to the one whose address it bears, or is lost. Needs root and Linux. Names bear this process's number; the
//! namespaces go when the network is dropped.

mod ways;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    ffi::OsStr,
    net::Ipv4Addr,
    process::{self, Command},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use tun_rs::{DeviceBuilder, Layer, SyncDevice};

use self::ways::Ways;
use crate::dice::Dice;

/// As large as a packet gets on these wires.
const PACKET: usize = 2_048;
/// Packets on the wire; a wire takes no more.
const ON_THE_WIRE: usize = 4_096;

/// How long a packet waits at most where more is sent than the wire carries.
const QUEUE: Duration = Duration::from_millis(333);

/// How bad a wire is, each way.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    /// Packets lost, in per mille.
    pub loss: u32,
    /// The shortest and the longest time that a packet takes.
    pub delay: (Duration, Duration),
    /// How much a place can send, if there is a limit: what is above it waits in a queue of a third of a second.
    pub kbit_s: Option<u32>,
}

/// A network of some places, each with an address.
pub struct Lossy {
    names: Vec<String>,
    /// Packets that were carried, and lost.
    counts: Arc<(AtomicU32, AtomicU32)>,
    sky: Arc<Sky>,
}

/// What becomes of packets.
struct Sky {
    weather: Mutex<Weather>,
    ways: Mutex<Ways>,
}

/// A packet and when it arrives.
type Flying = Reverse<(Instant, u64, Ipv4Addr, Vec<u8>)>;

impl Lossy {
    /// Places 10.77.0.1, 10.77.0.2 and so on.
    pub fn start(places: u8, weather: Weather) -> Self {
        let counts = Arc::new((AtomicU32::new(0), AtomicU32::new(0)));
        let sky = Arc::new(Sky { weather: Mutex::new(weather), ways: Mutex::default() });
        let mut network = Self { names: Vec::new(), counts: Arc::clone(&counts), sky: Arc::clone(&sky) };
        let mut ends = BTreeMap::new();
        let (sender, wire) = sync_channel(ON_THE_WIRE);
        for place in 0..places {
            let name = format!("jw{}-{place}", process::id());
            let device = DeviceBuilder::new().name(&name).layer(Layer::L3).mtu(1_400).enable(false);
            let device = Arc::new(device.build_sync().expect("root may make TUN devices"));
            let address = address(place);
            ip(["netns", "add", &name]);
            network.names.push(name.clone());
            ip(["link", "set", &name, "netns", &name]);
            let there = ["-n", &name];
            ip(there.into_iter().chain(["addr", "add", &format!("{address}/24"), "dev", &name]));
            ip(there.into_iter().chain(["link", "set", &name, "up"]));
            ip(there.into_iter().chain(["link", "set", "lo", "up"]));
            ends.insert(address, Arc::clone(&device));
            let (sender, counts, sky) = (sender.clone(), Arc::clone(&counts), Arc::clone(&sky));
            thread::spawn(move || read(&device, &sender, &sky, &counts, Dice(u64::from(place) + 1)));
        }
        thread::spawn(move || carry(&wire, &ends));
        network
    }

    /// The address of a place.
    pub fn address(place: u8) -> Ipv4Addr {
        address(place)
    }

    /// A command that runs `program` at a place.
    pub fn command(&self, place: u8, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.names[usize::from(place)]]).arg(program);
        command
    }

    /// Changes it for every packet that comes from now on.
    pub fn change(&self, weather: Weather) {
        *self.sky.weather.lock().unwrap_or_else(PoisonError::into_inner) = weather;
    }

    /// Puts a place behind a door, as a home is behind its router: what comes in must answer what went out.
    pub fn shut(&self, place: u8) {
        self.ways().shut(address(place));
    }

    /// From now on nothing passes between these two, or again as before.
    pub fn part(&self, places: Option<(u8, u8)>) {
        self.ways().part(places.map(|(one, other)| (address(one), address(other))));
    }

    fn ways(&self) -> MutexGuard<'_, Ways> {
        self.sky.ways.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many packets were carried, and how many lost.
    pub fn packets(&self) -> (u32, u32) {
        (self.counts.0.load(Ordering::Relaxed), self.counts.1.load(Ordering::Relaxed))
    }
}

impl Drop for Lossy {
    fn drop(&mut self) {
        for name in &self.names {
            let _ = Command::new("ip").args(["netns", "del", name]).status();
        }
    }
}

fn address(place: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 77, 0, place + 1)
}

fn ip<'a>(words: impl IntoIterator<Item = &'a str>) {
    let words: Vec<_> = words.into_iter().collect();
    let done = Command::new("ip").args(&words).status().expect("the program `ip` of iproute2");
    assert!(done.success(), "ip {}", words.join(" "));
}

fn read(device: &SyncDevice, wire: &SyncSender<Flying>, sky: &Sky, counts: &(AtomicU32, AtomicU32), dice: Dice) {
    let mut dice = dice;
    let mut packet = [0; PACKET];
    let mut number = 0;
    let mut free = Instant::now();
    while let Ok(length) = device.recv(&mut packet) {
        // IPv4 alone: the destination is in bytes 16 to 20.
        let Some([a, b, c, d]) = packet.get(16..20).filter(|_| length >= 20 && packet[0] >> 4 == 4) else { continue };
        let weather = *sky.weather.lock().unwrap_or_else(PoisonError::into_inner);
        let may_pass = sky.ways.lock().unwrap_or_else(PoisonError::into_inner).pass(&packet[..length]);
        let (shortest, longest) = weather.delay;
        let spread = u64::try_from(longest.saturating_sub(shortest).as_micros()).unwrap_or(0) + 1;
        if !may_pass || dice.below(1_000) < u64::from(weather.loss) {
            counts.1.fetch_add(1, Ordering::Relaxed);
            continue;
        }
        let now = Instant::now();
        let leaves = match weather.kbit_s {
            Some(kbit_s) => free.max(now) + Duration::from_micros(length as u64 * 8_000 / u64::from(kbit_s.max(1))),
            None => now,
        };
        if leaves - now > QUEUE {
            counts.1.fetch_add(1, Ordering::Relaxed);
            continue;
        }
        free = leaves;
        counts.0.fetch_add(1, Ordering::Relaxed);
        number += 1;
        let at = leaves + shortest + Duration::from_micros(dice.below(spread));
        let flying = Reverse((at, number, Ipv4Addr::new(*a, *b, *c, *d), packet[..length].to_vec()));
        // A full wire loses it too.
        if wire.try_send(flying).is_err() {
            counts.1.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn carry(wire: &Receiver<Flying>, ends: &BTreeMap<Ipv4Addr, Arc<SyncDevice>>) {
    let mut flying: BinaryHeap<Flying> = BinaryHeap::new();
    loop {
        let now = Instant::now();
        while flying.peek().is_some_and(|Reverse((at, ..))| *at <= now) {
            let Some(Reverse((_, _, to, packet))) = flying.pop() else { break };
            if let Some(end) = ends.get(&to) {
                // A place without anyone loses its packets.
                let _ = end.send(&packet);
            }
        }
        let wait = flying.peek().map_or(Duration::from_secs(1), |Reverse((at, ..))| *at - now);
        match wire.recv_timeout(wait) {
            Ok(packet) => flying.push(packet),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}
