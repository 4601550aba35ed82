//! What the server counts of itself, in Prometheus' text format for `/metrics`; no label ever names an account.

use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed},
    time::Instant,
};

use juice_proto::server::{Call, Refusal};

/// Every kind of call, in the order of [`kind`].
const KINDS: [&str; 24] = [
    "register_start",
    "register_finish",
    "hello",
    "login_start",
    "login_finish",
    "move_here",
    "password_start",
    "password_finish",
    "set_presence",
    "set_prekey",
    "look_up",
    "ask",
    "accept",
    "decline",
    "remove",
    "block",
    "unblock",
    "nudge",
    "goodbye",
    "set_tokens",
    "collected",
    "look_up_to_post",
    "post",
    "withdraw",
];

const fn kind(call: &Call) -> usize {
    match call {
        Call::RegisterStart { .. } => 0,
        Call::RegisterFinish { .. } => 1,
        Call::Hello { .. } => 2,
        Call::LoginStart { .. } => 3,
        Call::LoginFinish { .. } => 4,
        Call::MoveHere { .. } => 5,
        Call::PasswordStart { .. } => 6,
        Call::PasswordFinish { .. } => 7,
        Call::SetPresence { .. } => 8,
        Call::SetPrekey { .. } => 9,
        Call::LookUp { .. } => 10,
        Call::Ask { .. } => 11,
        Call::Accept { .. } => 12,
        Call::Decline { .. } => 13,
        Call::Remove { .. } => 14,
        Call::Block { .. } => 15,
        Call::Unblock { .. } => 16,
        Call::Nudge { .. } => 17,
        Call::Goodbye => 18,
        Call::SetTokens { .. } => 19,
        Call::Collected { .. } => 20,
        Call::LookUpToPost { .. } => 21,
        Call::Post { .. } => 22,
        Call::Withdraw { .. } => 23,
    }
}

/// Every reason to refuse, in the order of [`reason`].
const REASONS: [&str; 18] = [
    "bad_request",
    "no_session",
    "bad_signature",
    "slow_down",
    "name_taken",
    "code_needed",
    "registration_closed",
    "unknown_device",
    "revoked_device",
    "wrong_list",
    "stale",
    "unknown",
    "already_asked",
    "already_buddies",
    "too_many_buddies",
    "wrong_password",
    "failed",
    "mailbox_full",
];

const fn reason(refusal: Refusal) -> usize {
    match refusal {
        Refusal::BadRequest => 0,
        Refusal::NoSession => 1,
        Refusal::BadSignature => 2,
        Refusal::SlowDown(_) => 3,
        Refusal::NameTaken => 4,
        Refusal::CodeNeeded => 5,
        Refusal::RegistrationClosed => 6,
        Refusal::UnknownDevice => 7,
        Refusal::RevokedDevice => 8,
        Refusal::WrongList => 9,
        Refusal::Stale => 10,
        Refusal::Unknown => 11,
        Refusal::AlreadyAsked => 12,
        Refusal::AlreadyBuddies => 13,
        Refusal::TooManyBuddies => 14,
        Refusal::WrongPassword => 15,
        Refusal::Failed => 16,
        Refusal::MailboxFull => 17,
    }
}

/// The counters.
pub(crate) struct Metrics {
    started: Instant,
    calls: [AtomicU64; KINDS.len()],
    refusals: [AtomicU64; REASONS.len()],
    /// Frames put into clients' queues.
    pub(crate) pushes: AtomicU64,
    /// Sockets closed because the client did not take what was pushed.
    pub(crate) overflows: AtomicU64,
    /// Sessions opened.
    pub(crate) logins: AtomicU64,
    /// Connections turned away for being too many.
    pub(crate) turned_away: AtomicU64,
    /// WebSockets open.
    pub(crate) sockets: AtomicI64,
    /// Places reserved at the relay.
    pub(crate) reservations: AtomicU64,
    /// Circuits opened through the relay.
    pub(crate) circuits: AtomicU64,
    /// Requests that the relay denied.
    pub(crate) relay_denials: AtomicU64,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            calls: Default::default(),
            refusals: Default::default(),
            pushes: AtomicU64::default(),
            overflows: AtomicU64::default(),
            logins: AtomicU64::default(),
            turned_away: AtomicU64::default(),
            sockets: AtomicI64::default(),
            reservations: AtomicU64::default(),
            circuits: AtomicU64::default(),
            relay_denials: AtomicU64::default(),
        }
    }

    pub(crate) fn count_call(&self, call: &Call) {
        if let Some(counter) = self.calls.get(kind(call)) {
            counter.fetch_add(1, Relaxed);
        }
    }

    pub(crate) fn count_refusal(&self, refusal: Refusal) {
        if let Some(counter) = self.refusals.get(reason(refusal)) {
            counter.fetch_add(1, Relaxed);
        }
    }

    /// Calls so far, by kind; kinds that were never called are left out.
    pub(crate) fn calls(&self) -> BTreeMap<&'static str, u64> {
        KINDS
            .into_iter()
            .zip(&self.calls)
            .map(|(kind, counter)| (kind, counter.load(Relaxed)))
            .filter(|(_, count)| *count > 0)
            .collect()
    }

    /// The page, with `online` sessions and `accounts`.
    pub(crate) fn page(&self, online: usize, accounts: i64) -> String {
        let mut page = String::with_capacity(4096);
        let sockets = self.sockets.load(Relaxed);
        for (name, help, value) in [
            ("online_users", "Sessions open.", online as f64),
            ("accounts", "Accounts.", accounts as f64),
            ("sockets", "WebSockets open.", sockets as f64),
            ("uptime_seconds", "Since the start.", self.started.elapsed().as_secs_f64().floor()),
        ] {
            let _ = writeln!(page, "# HELP juice_{name} {help}\n# TYPE juice_{name} gauge\njuice_{name} {value}");
        }
        for (name, help, counter) in [
            ("logins_total", "Sessions opened.", &self.logins),
            ("pushes_total", "Frames pushed.", &self.pushes),
            ("overflows_total", "Sockets closed for a full queue.", &self.overflows),
            ("turned_away_total", "Connections over a limit.", &self.turned_away),
            ("relay_reservations_total", "Places reserved at the relay.", &self.reservations),
            ("relay_circuits_total", "Circuits opened through the relay.", &self.circuits),
            ("relay_denials_total", "Requests denied by the relay.", &self.relay_denials),
        ] {
            let value = counter.load(Relaxed);
            let _ = writeln!(page, "# HELP juice_{name} {help}\n# TYPE juice_{name} counter\njuice_{name} {value}");
        }
        let _ = writeln!(page, "# HELP juice_calls_total Calls by kind.\n# TYPE juice_calls_total counter");
        for (kind, counter) in KINDS.iter().zip(&self.calls) {
            let value = counter.load(Relaxed);
            let _ = writeln!(page, "juice_calls_total{{kind=\"{kind}\"}} {value}");
        }
        let _ = writeln!(
            page,
            "# HELP juice_refusals_total Calls refused, by reason.\n# TYPE juice_refusals_total counter"
        );
        for (reason, counter) in REASONS.iter().zip(&self.refusals) {
            let value = counter.load(Relaxed);
            let _ = writeln!(page, "juice_refusals_total{{reason=\"{reason}\"}} {value}");
        }
        page
    }
}
