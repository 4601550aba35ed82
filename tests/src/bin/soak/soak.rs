//! The soak itself: traffic, kills, comings and goings, and the count at the end.

use std::{
    process::{Command, ExitCode},
    time::{Duration, Instant},
};

use clap::Parser;
use juice_tests::{
    Dice, Folder, ServerProcess,
    lossy::{Lossy, Weather},
    puppet::befriend,
    server::program,
};
use serde_json::json;

use crate::people::{Person, about};

/// Between two messages of one person, on average.
const PAUSE: Duration = Duration::from_millis(200);
/// Between two deaths or departures, on average.
const PEACE: Duration = Duration::from_secs(8);
/// How long someone is away, on average.
const ABSENCE: Duration = Duration::from_secs(4);
/// How long everything may take to arrive when the killing has ended.
const SETTLING: Duration = Duration::from_secs(180);
const PORT: u16 = 7733;

/// Two clients and a server under loss, delay and sudden death.
#[derive(Parser)]
pub struct Arguments {
    /// How long, in minutes.
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// Packets lost, in per cent, each way.
    #[arg(long, default_value_t = 5.0)]
    loss: f64,
    /// The shortest time a packet takes, in milliseconds, each way.
    #[arg(long, default_value_t = 80)]
    delay_min: u64,
    /// The longest.
    #[arg(long, default_value_t = 120)]
    delay_max: u64,
    /// Another run of chance; the same number makes the same choices.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub fn run(arguments: &Arguments) -> ExitCode {
    let weather = Weather {
        // A cast of a float saturates.
        loss: (arguments.loss * 10.0) as u32,
        delay: (Duration::from_millis(arguments.delay_min), Duration::from_millis(arguments.delay_max)),
        kbit_s: None,
    };
    let network = std::rc::Rc::new(Lossy::start(3, weather));
    let mut dice = Dice(arguments.seed);
    let folder = Folder::new("server");
    let listen = format!("{}:{PORT}", Lossy::address(0));
    let start_server = || {
        let command = network.command(0, program("juice-rendezvous"));
        ServerProcess::run(command, folder.path(), &listen, &["--public", &listen])
    };
    let mut server = Some(start_server());
    let address = server.as_ref().map(|server| server.address().to_owned()).unwrap_or_default();

    let place = |number: u8| {
        let network = std::rc::Rc::clone(&network);
        move || -> Command {
            let mut command = network.command(number, program("buddy"));
            command.arg("--anywhere");
            command
        }
    };
    let mut people = [Person::new("alice", place(1)), Person::new("bob", place(2))];
    let [alice, bob] = &mut people;
    if let (Some(a), Some(b)) = (alice.puppet(), bob.puppet()) {
        a.register("alice", &address);
        b.register("bob", &address);
        (alice.to, bob.to) = befriend(a, b, "bob");
    }

    let start = Instant::now();
    let end = start + Duration::from_secs_f64(arguments.minutes * 60.0);
    // When each of the three comes back who is away.
    let mut away: [Option<Instant>; 3] = [None; 3];
    let mut next_death = Instant::now() + about(&mut dice, PEACE);
    let mut next_word = [Instant::now(); 2];
    let (mut server_kills, mut told) = (0, Instant::now());
    while Instant::now() < end {
        let now = Instant::now();
        for (person, next) in people.iter_mut().zip(&mut next_word) {
            if now >= *next {
                person.say();
                *next = now + about(&mut dice, PAUSE);
            }
            person.hear();
        }
        if now >= next_death {
            next_death = now + about(&mut dice, PEACE);
            let who = usize::try_from(dice.below(3)).unwrap_or(0);
            if away[who].is_none() {
                away[who] = Some(now + about(&mut dice, ABSENCE));
                match people.get_mut(who) {
                    Some(person) if dice.below(3) == 0 => person.leave(),
                    Some(person) => person.kill(),
                    None => {
                        server.take().map(ServerProcess::kill);
                        server_kills += 1;
                    }
                }
            }
        }
        for (who, until) in away.iter_mut().enumerate() {
            if until.take_if(|until| now >= *until).is_some() {
                match people.get_mut(who) {
                    Some(person) => person.come_back(),
                    None => server = Some(start_server()),
                }
            }
        }
        if told.elapsed() > Duration::from_secs(30) {
            told = now;
            let said: Vec<_> = people.iter().map(|person| person.acknowledged.len()).collect();
            eprintln!("{:>4} s: said {said:?}", start.elapsed().as_secs());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    if server.is_none() {
        server = Some(start_server());
    }
    people.iter_mut().for_each(Person::come_back);
    eprintln!("the killing has ended");

    let settling = Instant::now();
    let mut waiting = usize::MAX;
    while waiting > 0 && settling.elapsed() < SETTLING {
        std::thread::sleep(Duration::from_millis(500));
        people.iter_mut().for_each(Person::hear);
        waiting = people.iter_mut().map(Person::waiting).sum();
    }
    let (mut lost, mut duplicated, mut out_of_order) = (0, 0, 0);
    let received = people.each_mut().map(Person::history);
    for (side, person) in people.iter().enumerate() {
        let there = &received[1 - side];
        let mut last = 0;
        for text in &person.acknowledged {
            match there.iter().filter(|theirs| *theirs == text).count() {
                0 => lost += 1,
                1 => {}
                _ => duplicated += 1,
            }
        }
        for text in there {
            let number: u64 = text.rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0);
            out_of_order += u32::from(number <= last);
            last = number;
        }
        duplicated += person.shown_twice();
    }
    let (carried, dropped) = network.packets();
    let well = lost == 0 && duplicated == 0 && out_of_order == 0 && waiting == 0;
    let result = json!({
        "seconds": start.elapsed().as_secs(),
        "said": people.iter().map(|person| person.acknowledged.len()).sum::<usize>(),
        "received": received.iter().map(Vec::len).sum::<usize>(),
        "lost": lost,
        "duplicated": duplicated,
        "out_of_order": out_of_order,
        "without_receipt": waiting,
        "went_by_mailbox": people.iter().map(|person| person.posted).sum::<u64>(),
        "kills": people.iter().map(|person| person.kills).sum::<u32>(),
        "server_kills": server_kills,
        "sign_outs": people.iter().map(|person| person.sign_outs).sum::<u32>(),
        "settled_s": settling.elapsed().as_secs(),
        "packets": { "carried": carried, "lost": dropped },
    });
    drop(server);
    println!("{result}");
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
