//! A headless buddy on strings of JSON; see `puppet.rs` for the lines. Ends, with its goodbyes, when its input does.

use std::{
    collections::BTreeMap,
    io::{BufRead, Write},
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::Context;
use clap::Parser;
use juice_engine::{
    Config, Engine, Handle,
    audio::{Sink, Source},
    video::{Synthetic, read_stamp},
    view::{Command, PageAt},
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// A headless buddy for tests and benchmarks.
#[derive(Parser)]
struct Arguments {
    /// The profile's folder.
    #[arg(long)]
    profile: PathBuf,
    /// Be reachable on every address of the machine, not on loopback alone.
    #[arg(long)]
    anywhere: bool,
    /// What it speaks into calls: `silence`, `tone:HERTZ`, or a WAV file of 48 kHz.
    #[arg(long, default_value = "silence")]
    source: Source,
    /// Where it plays calls to: `nothing`, or a WAV file to be made.
    #[arg(long, default_value = "nothing")]
    sink: Sink,
    /// What it is seen by: `test`, a picture that moves.
    #[arg(long)]
    camera: Option<Synthetic>,
    /// Speak and hear with the system's devices instead.
    #[arg(long)]
    devices: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Line {
    Command(Command),
    History(String, PageAt, u32),
    Snapshot,
    /// Looks at a person in a call for so many milliseconds.
    Watch(String, u64),
}

fn main() -> anyhow::Result<()> {
    juice_engine::forget_tls_secrets_file();
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_env("JUICE_LOG"))
        .with_writer(std::io::stderr)
        .init();
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(run())
}

async fn run() -> anyhow::Result<()> {
    let Arguments { profile, anywhere, source, sink, camera, devices } = Arguments::parse();
    let downloads = Some(profile.join("downloads"));
    let config = Config {
        profile,
        server: None,
        loopback_only: !anywhere,
        downloads,
        source: (!devices).then_some(source),
        sink: (!devices).then_some(sink),
        camera,
    };
    let (handle, mut events) = Engine::start(config).await?;
    let (say, mut said) = mpsc::channel::<Value>(1_024);
    let out = tokio::task::spawn_blocking(move || {
        let mut stdout = std::io::stdout().lock();
        while let Some(value) = said.blocking_recv() {
            if writeln!(stdout, "{value}").and_then(|()| stdout.flush()).is_err() {
                break;
            }
        }
    });
    let told = say.clone();
    let telling = tokio::spawn(async move {
        while let Some(event) = events.next().await {
            if told.send(json!({ "event": event })).await.is_err() {
                break;
            }
        }
    });
    let (line, mut lines) = mpsc::channel(64);
    std::thread::spawn(move || {
        for text in std::io::stdin().lock().lines().map_while(Result::ok) {
            if line.blocking_send(text).is_err() {
                break;
            }
        }
    });
    // Commands run at the same time, answers keep the order of the lines.
    let (queue, mut queued) = mpsc::channel::<tokio::task::JoinHandle<Value>>(1_024);
    let answers = say.clone();
    let answering = tokio::spawn(async move {
        while let Some(answer) = queued.recv().await {
            if let Ok(answer) = answer.await {
                let _ = answers.send(answer).await;
            }
        }
    });
    while let Some(line) = lines.recv().await {
        let line: Line = serde_json::from_str(&line).context("a line of another kind")?;
        let handle = handle.clone();
        // Polled once here, so that orders reach the engine in the order of the lines.
        let mut answer = Box::pin(async move { obey(&handle, line).await });
        let first = futures::poll!(&mut answer);
        let answer = match first {
            std::task::Poll::Ready(value) => tokio::spawn(async move { value }),
            std::task::Poll::Pending => tokio::spawn(answer),
        };
        if queue.send(answer).await.is_err() {
            break;
        }
    }
    drop(queue);
    let _ = answering.await;
    handle.stop().await;
    drop((handle, say));
    let _ = telling.await;
    let _ = out.await;
    Ok(())
}

async fn obey(handle: &Handle, line: Line) -> Value {
    match line {
        Line::Command(command) => match handle.command(command).await {
            Ok(reply) => json!({ "done": reply }),
            Err(error) => json!({ "error": error }),
        },
        Line::History(buddy, at, limit) => match handle.history(buddy, at, limit).await {
            Ok(page) => json!({ "done": page }),
            Err(error) => json!({ "error": error }),
        },
        Line::Snapshot => json!({ "done": handle.snapshot().await }),
        Line::Watch(person, millis) => json!({ "done": watch(handle, &person, Duration::from_millis(millis)).await }),
    }
}

/// What was seen: how old each picture was when it could be painted, of which sizes they were, and the longest time
/// without a new one; milliseconds.
async fn watch(handle: &Handle, person: &str, length: Duration) -> Value {
    let (mut after, mut ages, mut sizes) = (None, Vec::new(), BTreeMap::<String, u32>::new());
    let (begun, mut last, mut freeze) = (Instant::now(), Instant::now(), Duration::ZERO);
    let mut unreadable = 0;
    while begun.elapsed() < length {
        let picture = handle.screens().next(person, after).await;
        freeze = freeze.max(last.elapsed());
        let Some(picture) = picture else { continue };
        last = Instant::now();
        after = Some(picture.captured());
        *sizes.entry(format!("{}x{}", picture.size().width(), picture.size().height())).or_default() += 1;
        match read_stamp(&picture) {
            Some(stamp) => ages.push(stamp.age_ms()),
            None => unreadable += 1,
        }
    }
    json!({
        "seconds": begun.elapsed().as_secs_f64(),
        "ages": ages,
        "sizes": sizes,
        "unreadable": unreadable,
        "freeze": freeze.as_secs_f64() * 1_000.0,
    })
}
