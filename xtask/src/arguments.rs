//! What was typed after `cargo xtask`, as a [`Verb`], and the help that explains the verbs.
//!
//! Pure: words in, a verb or a sentence about the mistake out. Words after `--` belong to the
//! program that the verb starts and are handed on untouched.

use crate::failure::Failure;
use crate::test::Suite;

pub const HELP: &str = "\
cargo xtask VERB

  setup                     find what this machine lacks for building and testing, and install it
  demo [--headless]         a server, two people who are buddies, and their two windows
  test [--keep-going] [SUITE...]
                            everything that must hold, quick suites first:
                            format ui lints bindings build rust windows
  run [-- ARGUMENTS]        one ordinary window
  rendezvous [-- ARGUMENTS] a server; without arguments a local one that anybody may register at
  bench message|rendezvous|file|history|call|video [-- ARGUMENTS]
                            measure a release build; the last line of output is JSON
  simulate [--seeds N]      whole conversations on virtual time, one for each of N seeds
  soak [-- ARGUMENTS]       two buddies and a server on a bad network, any of them killed at any moment; ten minutes,
                            as root on Linux; the last line of output is JSON
  fuzz TARGET [SECONDS]     hostile bytes, for a minute or as long as told (wants a nightly toolchain)
  help                      this

Every verb first does what it needs of `setup`: it asks before it installs anything, unless it runs
as root or with CI=true.
";

/// How many seeds `simulate` runs when nobody says: a night's worth, where the tests have a fifth of it.
const SEEDS: u64 = 100_000;
/// Long enough for a fuzz target to get past the easy inputs, short enough to wait for.
const FUZZ_SECONDS: u64 = 60;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verb {
    Help,
    Setup,
    Demo {
        headless: bool,
    },
    Test {
        suites: Vec<Suite>,
        keep_going: bool,
    },
    Run {
        arguments: Vec<String>,
    },
    Rendezvous {
        arguments: Vec<String>,
    },
    Bench {
        subject: Subject,
        arguments: Vec<String>,
    },
    Simulate {
        seeds: u64,
    },
    Soak {
        arguments: Vec<String>,
    },
    Fuzz {
        target: String,
        seconds: u64,
    },
    /// Hidden: xtask starts itself with this, see `watchdog`.
    Watchdog,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    Message,
    Rendezvous,
    File,
    History,
    Call,
    Video,
}

pub fn parse(words: &[String]) -> Result<Verb, Failure> {
    let (own, handed_on) = split_at_dashes(words);
    let mut own = own.iter().map(String::as_str);
    let Some(verb) = own.next() else {
        return Ok(Verb::Help);
    };
    let own: Vec<&str> = own.collect();
    let takes_more = matches!(verb, "run" | "rendezvous" | "bench" | "soak");
    if !handed_on.is_empty() && !takes_more {
        return Err(Failure::new(format!("`{verb}` hands nothing on after `--`")));
    }
    let arguments = handed_on.to_vec();
    match verb {
        "help" | "--help" | "-h" => Ok(Verb::Help),
        "watchdog" => Ok(Verb::Watchdog),
        "setup" => alone(verb, &own, Verb::Setup),
        "run" => alone(verb, &own, Verb::Run { arguments }),
        "rendezvous" => alone(verb, &own, Verb::Rendezvous { arguments }),
        "demo" => demo(&own),
        "test" => test(&own),
        "bench" => bench(&own, arguments),
        "simulate" => simulate(&own),
        "soak" => alone(verb, &own, Verb::Soak { arguments }),
        "fuzz" => fuzz(&own),
        other => Err(Failure::new(format!("there is no verb `{other}`; `cargo xtask help` lists them"))),
    }
}

fn split_at_dashes(words: &[String]) -> (&[String], &[String]) {
    match words.iter().position(|word| word == "--") {
        Some(at) => {
            let (own, rest) = words.split_at(at);
            (own, rest.get(1..).unwrap_or_default())
        }
        None => (words, &[]),
    }
}

fn alone(name: &str, own: &[&str], verb: Verb) -> Result<Verb, Failure> {
    match own.first() {
        None => Ok(verb),
        Some(extra) => {
            Err(Failure::new(format!("`{name}` doesn't know `{extra}` (arguments for a program go after `--`)")))
        }
    }
}

fn demo(own: &[&str]) -> Result<Verb, Failure> {
    match own {
        [] => Ok(Verb::Demo { headless: false }),
        ["--headless"] => Ok(Verb::Demo { headless: true }),
        _ => Err(Failure::new("`demo` knows only `--headless`")),
    }
}

fn test(own: &[&str]) -> Result<Verb, Failure> {
    let mut keep_going = false;
    let mut suites = Vec::new();
    for word in own {
        if *word == "--keep-going" {
            keep_going = true;
            continue;
        }
        match Suite::named(word) {
            Some(suite) => suites.push(suite),
            None => {
                let known: Vec<_> = Suite::ALL.iter().map(|suite| suite.name()).collect();
                return Err(Failure::new(format!("there is no suite `{word}`; there are {}", known.join(", "))));
            }
        }
    }
    Ok(Verb::Test { suites, keep_going })
}

fn bench(own: &[&str], arguments: Vec<String>) -> Result<Verb, Failure> {
    let subject = match own {
        ["message"] => Subject::Message,
        ["rendezvous"] => Subject::Rendezvous,
        ["file"] => Subject::File,
        ["history"] => Subject::History,
        ["call"] => Subject::Call,
        ["video"] => Subject::Video,
        _ => return Err(Failure::new("say what: `bench message`, `rendezvous`, `file`, `history`, `call` or `video`")),
    };
    Ok(Verb::Bench { subject, arguments })
}

fn simulate(own: &[&str]) -> Result<Verb, Failure> {
    match own {
        [] => Ok(Verb::Simulate { seeds: SEEDS }),
        ["--seeds", seeds] => Ok(Verb::Simulate { seeds: number(seeds)? }),
        _ => Err(Failure::new("`simulate` knows only `--seeds N`")),
    }
}

fn fuzz(own: &[&str]) -> Result<Verb, Failure> {
    let (target, seconds) = match own {
        [target] => (target, FUZZ_SECONDS),
        [target, seconds] => (target, number(seconds)?),
        _ => return Err(Failure::new("say `fuzz TARGET [SECONDS]`")),
    };
    Ok(Verb::Fuzz { target: (*target).to_owned(), seconds })
}

fn number(word: &str) -> Result<u64, Failure> {
    word.parse().map_err(|_| Failure::new(format!("`{word}` is not a whole number")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Verb, Failure> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        parse(&words)
    }

    #[test]
    fn no_words_at_all_give_the_help() {
        assert_eq!(parsed(""), Ok(Verb::Help));
    }

    #[test]
    fn words_after_the_dashes_are_handed_on_untouched() {
        let expected = vec!["--profile".to_owned(), "--".to_owned(), "x".to_owned()];
        assert_eq!(parsed("run -- --profile -- x"), Ok(Verb::Run { arguments: expected }), "only the first -- is ours");
    }

    #[test]
    fn words_after_the_dashes_are_refused_where_no_program_would_see_them() {
        assert!(parsed("test -- --nocapture").is_err());
    }

    #[test]
    fn a_test_can_be_narrowed_to_suites_in_any_mix_with_its_flag() {
        assert_eq!(
            parsed("test rust --keep-going format"),
            Ok(Verb::Test { suites: vec![Suite::Rust, Suite::Format], keep_going: true })
        );
    }

    #[test]
    fn an_unknown_suite_is_answered_with_the_known_ones() {
        let said = parsed("test rusty").map_or_else(|failure| failure.to_string(), |_| String::new());
        assert!(said.contains("windows"), "{said}");
    }

    #[test]
    fn a_forgotten_double_dash_is_explained() {
        let said = parsed("run --profile x").map_or_else(|f| f.to_string(), |_| String::new());
        assert!(said.contains("after `--`"), "{said}");
    }

    #[test]
    fn fuzzing_takes_a_minute_unless_told_otherwise() {
        assert_eq!(parsed("fuzz frame"), Ok(Verb::Fuzz { target: "frame".to_owned(), seconds: 60 }));
        assert!(parsed("fuzz frame long").is_err());
    }

    #[test]
    fn the_help_names_every_suite() {
        for suite in Suite::ALL {
            assert!(HELP.contains(suite.name()), "{} is missing", suite.name());
        }
    }
}
