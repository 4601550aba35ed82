//! Too much of anything.

use std::time::Duration;

use juice_proto::server::{Answer, Call, Refusal};
use juice_rendezvous::config::Rate;

use crate::world::World;

#[tokio::test]
async fn a_device_has_a_burst_of_calls_and_then_must_slow_down() {
    let world = World::with(|config| {
        config.limits.calls = Rate { burst: 60, per_minute: 30 };
    })
    .await;
    let (alice, mut client) = world.register("alice").await;
    let call = Call::LookUp { account: alice.id, since_version: 0 };
    let mut answered = 1; // The registration's second call.
    let refusal = loop {
        match client.call(&call).await {
            Answer::Account { .. } => answered += 1,
            Answer::Refused(refusal) => break refusal,
            other => panic!("{other:?}"),
        }
    };
    assert!((60..=62).contains(&answered), "{answered}");
    assert!(matches!(refusal, Refusal::SlowDown(1..=2)), "{refusal:?}");

    // Coming back does not help; going is always allowed.
    let mut again = world.connect().await;
    assert!(matches!(again.prove(&alice.hello(0), &alice.device).await, Err(Refusal::SlowDown(_))));
    client.done(&Call::Goodbye).await;
}

#[tokio::test]
async fn a_stranger_has_few_calls() {
    let world = World::new().await;
    let mut client = world.connect().await;
    for _ in 0..8 {
        assert_eq!(client.refused(&Call::Goodbye).await, Refusal::NoSession);
    }
    assert_eq!(client.refused(&Call::Goodbye).await, Refusal::SlowDown(60));
    client.ended().await;
}

#[tokio::test]
async fn more_sockets_than_allowed_are_closed_at_once() {
    let world = World::with(|config| config.limits.sockets = 1).await;
    let (_alice, mut client) = world.register("alice").await;
    assert!(crate::client::tls(world.server().socket(), world.key()).await.is_err());
    client.done(&Call::Goodbye).await;
    client.ended().await;
    drop(client);
    for _ in 0..100 {
        if crate::client::tls(world.server().socket(), world.key()).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the place was not given back");
}
