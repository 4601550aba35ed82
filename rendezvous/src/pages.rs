//! What the server answers besides the WebSocket: `/health`, `/metrics`, and the page behind an invite link.
//!
//! The invite stays in the link's fragment, which browsers keep to themselves: the server never sees it.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Extension, State},
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::{any, get},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use crate::{config::Config, listen::Peer, server::House, socket};

const PAGE: &str = include_str!("pages/invite.html");
const STYLE: &str = include_str!("pages/invite.css");
const SCRIPT: &str = include_str!("pages/invite.js");

/// All routes.
pub(crate) fn router(house: &Arc<House>) -> Router {
    let invite = Invite::new();
    Router::new()
        .route(juice_proto::server::PATH, any(socket::upgrade))
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .route("/invite", get(move || std::future::ready(invite.response())))
        .with_state(Arc::clone(house))
}

async fn health(State(house): State<Arc<House>>) -> Response {
    match house.store.accounts().await {
        Ok(_) => "ok\n".into_response(),
        Err(error) => {
            tracing::warn!(%error, "unwell");
            (StatusCode::SERVICE_UNAVAILABLE, "the database fails\n").into_response()
        }
    }
}

async fn metrics(State(house): State<Arc<House>>, Extension(peer): Extension<Peer>, headers: HeaderMap) -> Response {
    if !may_measure(&peer, &headers, &house.config) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let Ok(accounts) = house.store.accounts().await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let page = house.metrics.page(house.presences.online(), accounts);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], page).into_response()
}

/// This machine may, and whoever shows the token.
fn may_measure(peer: &Peer, headers: &HeaderMap, config: &Config) -> bool {
    if peer.address(headers, config).to_canonical().is_loopback() {
        return true;
    }
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    match (&config.metrics_token, shown) {
        // Compared as hashes, so that the time taken says nothing of the token.
        (Some(token), Some(shown)) => Sha256::digest(token) == Sha256::digest(shown),
        (_, None) | (None, _) => false,
    }
}

/// The invite page, put together once.
#[derive(Clone)]
struct Invite {
    page: Arc<str>,
    policy: Arc<str>,
}

impl Invite {
    fn new() -> Self {
        let source = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
        let page = PAGE.replace("{style}", STYLE).replace("{script}", SCRIPT);
        let policy = format!(
            "default-src 'none'; script-src {}; style-src {}; base-uri 'none'; \
             form-action 'none'; frame-ancestors 'none'",
            source(SCRIPT),
            source(STYLE)
        );
        Self { page: page.into(), policy: policy.into() }
    }

    fn response(&self) -> Response {
        let headers = [
            (header::CONTENT_SECURITY_POLICY, &*self.policy),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::CACHE_CONTROL, "max-age=3600"),
        ]
        .map(|(name, value)| (name, value.to_owned()));
        (headers, Html(self.page.to_string())).into_response()
    }
}
