//! A net with its news at hand, in this process or in a child.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

use juice_engine::net::{Limits, Listen, Net, NetConfig, NetNews};
use juice_proto::{
    id::{DeviceId, LinkId},
    sign::SecretKey,
};
use tokio::{
    sync::{Mutex, mpsc, watch},
    task::JoinHandle,
    time::timeout,
};

/// Longer than anything may take.
const PATIENCE: Duration = Duration::from_secs(20);
const CHILD: &str = "JUICE_TEST_CHILD";

/// Which of a peer's addresses are dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ways {
    All,
    Quic,
    Tcp,
}

impl Ways {
    pub fn of(self, addresses: &[String]) -> Vec<String> {
        let wanted = |address: &&String| match self {
            Self::All => true,
            Self::Quic => address.contains("/quic-v1"),
            Self::Tcp => address.contains("/tcp/"),
        };
        addresses.iter().filter(wanted).cloned().collect()
    }
}

pub struct Peer {
    pub net: Net,
    pub news: Mutex<mpsc::Receiver<NetNews>>,
    pub device: DeviceId,
    pub addresses: Vec<String>,
}

impl Peer {
    pub async fn start(seed: u8) -> Self {
        Self::start_with(seed, Limits::default()).await
    }

    pub async fn start_with(seed: u8, limits: Limits) -> Self {
        let device = SecretKey::from_seed(&[seed; 32]);
        let (sender, mut news) = mpsc::channel(64);
        let config = NetConfig { device: device.clone(), listen: Listen::Loopback, limits };
        let net = Net::start(config, sender).await.unwrap();
        let mut known = Vec::new();
        while known.len() < 2 {
            match timeout(PATIENCE, news.recv()).await {
                Ok(Some(NetNews::Addresses { addresses, behind_nat: false })) => known = addresses,
                other => panic!("{other:?}"),
            }
        }
        Self { net, news: Mutex::new(news), device: device.device(), addresses: known }
    }

    pub fn dial(&self, other: &Self, ways: Ways) {
        self.net.dial(other.device, ways.of(&other.addresses), false);
    }

    /// The next news but addresses.
    pub async fn next(&mut self) -> NetNews {
        let news = self.news.get_mut();
        loop {
            match timeout(PATIENCE, news.recv()).await {
                Ok(Some(NetNews::Addresses { .. })) => {}
                Ok(Some(news)) => return news,
                other => panic!("no news: {other:?}"),
            }
        }
    }

    /// The next news, which is that a link is up.
    pub async fn up(&mut self) -> (LinkId, DeviceId) {
        match self.next().await {
            NetNews::LinkUp { link, device, relayed: false } => (link, device),
            other => panic!("{other:?} instead of a link"),
        }
    }

    /// Nothing happens for so long.
    pub async fn stays_silent(&mut self, time: Duration) {
        let news = timeout(time, self.news.get_mut().recv()).await;
        assert!(news.is_err(), "{news:?} instead of silence");
    }

    /// Answers every frame, and counts the links that are up.
    pub fn answer_everything(self) -> (watch::Receiver<usize>, JoinHandle<()>) {
        let (tell, up) = watch::channel(0);
        let mut news = self.news.into_inner();
        let task = tokio::spawn(async move {
            while let Some(news) = news.recv().await {
                match news {
                    NetNews::LinkUp { .. } => tell.send_modify(|up| *up += 1),
                    NetNews::LinkDown(_) => tell.send_modify(|up| *up -= 1),
                    NetNews::LinkFrame(link, frame) => self.net.send(link, frame).unwrap(),
                    NetNews::DialFailed(_) | NetNews::Addresses { .. } => {}
                }
            }
        });
        (up, task)
    }

    /// Sends as fast as the link takes it.
    pub async fn send_all(&self, link: LinkId, frames: impl Iterator<Item = Vec<u8>>) {
        for frame in frames {
            while self.net.send(link, frame.clone()).is_err() {
                tokio::task::yield_now().await;
            }
        }
    }
}

/// A peer in a process of its own.
pub struct ChildPeer {
    pub process: Child,
    pub device: DeviceId,
    pub addresses: Vec<String>,
}

impl Drop for ChildPeer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub fn child() -> ChildPeer {
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_that_waits_to_be_killed", "--nocapture"])
        .env(CHILD, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let line = lines.map(Result::unwrap).find_map(|line| line.strip_prefix("child: ").map(str::to_owned)).unwrap();
    let mut words = line.split(' ').map(str::to_owned);
    ChildPeer { process, device: DeviceId::parse(&words.next().unwrap()).unwrap(), addresses: words.collect() }
}

/// In the child: says where it is, and takes whatever comes.
pub async fn be_the_child() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let peer = Peer::start(99).await;
    // The test runner has begun the line with the test's name.
    println!("\nchild: {} {}", peer.device, peer.addresses.join(" "));
    let mut news = peer.news.lock().await;
    while news.recv().await.is_some() {}
}
