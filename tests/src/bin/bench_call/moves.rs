//! How a call goes on when its way changes: two engines, each behind a door as at home, which meet at the relay, find the
//! direct way through both doors, lose it without a word, and get it back.
//!
//! The longest silence in what Bob hears, a steady tone: `to_direct_gap_ms` while the call is young, in which the direct way
//! is found; `to_relay_gap_ms` when it is lost; `back_to_direct_gap_ms` when it can be had again.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use juice_tests::{
    Folder, Puppet, ServerProcess,
    lossy::{Lossy, Weather},
    puppet::{befriend, hang_up, talk},
    server::program,
    wav::{longest_silence, read},
};
use serde_json::{Map, json};

use crate::{Measured, loss::set_cleaning, round};

const DELAY: Duration = Duration::from_millis(20);
const PORT: u16 = 7736;
/// In each of which the way has time to change.
const YOUNG: Duration = Duration::from_secs(15);
const LOST: Duration = Duration::from_secs(20);
const AGAIN: Duration = Duration::from_secs(30);

pub fn measure() -> Measured {
    let folder = Folder::new("moves");
    let network = Lossy::start(3, Weather { loss: 0, delay: (DELAY, DELAY), kbit_s: None });
    let listen = format!("{}:{PORT}", Lossy::address(0));
    let rendezvous = network.command(0, program("juice-rendezvous"));
    let server = ServerProcess::run(rendezvous, folder.path(), &listen, &["--public", &listen]);
    let (alices, bobs) = (Folder::new("alice"), Folder::new("bob"));
    let heard = folder.path().join("heard.wav");
    let start = |place: u8, profile: &Folder, arguments: &[&str]| {
        network.shut(place);
        let mut command = network.command(place, program("buddy"));
        command.arg("--anywhere").args(arguments);
        Puppet::run(command, profile.path())
    };
    let mut alice = start(1, &alices, &["--source", "tone:440"]);
    let mut bob = start(2, &bobs, &["--sink", &heard.display().to_string()]);
    for (name, puppet) in [("alice", &mut alice), ("bob", &mut bob)] {
        puppet.register(name, server.address());
        set_cleaning(puppet, false);
    }
    let (bob_id, _) = befriend(&mut alice, &mut bob, "bob");
    eprintln!("they meet: {}", route(&mut alice));
    let call = talk(&mut alice, &mut bob, &bob_id, false);
    let begun = Instant::now();
    let mut moments = Vec::new();
    for (what, parted, length) in
        [("young", None, YOUNG), ("the direct way is lost", Some((1, 2)), LOST), ("and there again", None, AGAIN)]
    {
        network.part(parted);
        moments.push(begun.elapsed().as_secs_f64());
        sleep(length);
        eprintln!("{what}: {}", route(&mut alice));
    }
    moments.push(begun.elapsed().as_secs_f64());
    hang_up(&mut alice, &mut bob, &call);
    let (rate, samples) = read(&heard);
    let at = |seconds: f64| ((seconds * f64::from(rate)) as usize).min(samples.len());
    let names = ["to_direct_gap_ms", "to_relay_gap_ms", "back_to_direct_gap_ms"];
    let gaps = moments.windows(2).map(|part| longest_silence(&samples[at(part[0])..at(part[1])], rate) * 1_000.0);
    Ok(names.into_iter().zip(gaps).map(|(name, gap)| (name.to_owned(), json!(round(gap)))).collect::<Map<_, _>>())
}

fn route(puppet: &mut Puppet) -> String {
    puppet.buddies().first().and_then(|buddy| buddy["route"].as_str()).unwrap_or("no way").to_owned()
}
