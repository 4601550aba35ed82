//! What a long call takes more and more of: two engines in processes of their own, with devices that keep nothing, so that
//! nothing grows but what the engines hold. `pss_growth_mb` is of the one that grew more.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use juice_tests::{
    Folder, Puppet, ServerProcess,
    cost::memory,
    puppet::{befriend, hang_up, talk},
    server::program,
};
use serde_json::{Map, json};

use crate::{Measured, round};

/// Until devices, jitter and coding are what they stay.
const SETTLING: Duration = Duration::from_secs(15);
const STEP: Duration = Duration::from_secs(30);

pub fn measure(seconds: u64) -> Measured {
    let folder = Folder::new("server");
    let server = ServerProcess::start(folder.path(), "127.0.0.1:0");
    let profiles = [Folder::new("alice"), Folder::new("bob")];
    let [mut alice, mut bob] = [0, 1].map(|who: usize| {
        let mut command = std::process::Command::new(program("buddy"));
        command.args(["--source", "tone:300", "--sink", "nothing"]);
        Puppet::run(command, profiles[who].path())
    });
    for (name, puppet) in [("alice", &mut alice), ("bob", &mut bob)] {
        puppet.register(name, server.address());
    }
    let (bob_id, _) = befriend(&mut alice, &mut bob, "bob");
    alice.until_can_voice();
    let call = talk(&mut alice, &mut bob, &bob_id, false);
    sleep(SETTLING);
    let processes = [alice.pid().to_string(), bob.pid().to_string()];
    let sizes = || processes.each_ref().map(|process| memory(process));
    let (start, before) = (Instant::now(), sizes());
    let mut after = sizes();
    while start.elapsed() < Duration::from_secs(seconds) {
        sleep(STEP.min(Duration::from_secs(seconds).saturating_sub(start.elapsed())));
        alice.drain();
        bob.drain();
        after = sizes();
        eprintln!("after {} s of a call the engines have {after:?} MB", start.elapsed().as_secs());
    }
    hang_up(&mut alice, &mut bob, &call);
    let grown = before.iter().zip(&after).filter_map(|(before, after)| Some((*after)? - (*before)?));
    let most = grown.reduce(f64::max).ok_or("the system doesn't say how large a process is")?;
    Ok(Map::from_iter([("pss_growth_mb".to_owned(), json!(round(most)))]))
}
