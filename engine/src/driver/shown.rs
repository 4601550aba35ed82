//! What was read from the store, as the window is shown it.

use juice_proto::{
    id::Millis,
    view::{EditView, SearchHit, SearchPage, SnippetPart},
};

use crate::store::Hits;

#[allow(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit into 53 bits for 285,000 years")]
fn ms(millis: Millis) -> f64 {
    millis as f64
}

pub(super) fn search_page(found: Hits) -> SearchPage {
    let hits = found.hits.into_iter().map(|hit| SearchHit {
        message: hit.message.to_string(),
        buddy: hit.buddy.to_string(),
        mine: hit.mine,
        sent_ms: ms(hit.sent_ms),
        order: hit.hlc.as_order(),
        snippet: hit.snippet.into_iter().map(|(text, hit)| SnippetPart { text, hit }).collect(),
    });
    SearchPage { hits: hits.collect(), more: found.more }
}

pub(super) fn edit_views(texts: Vec<(String, Millis)>) -> Vec<EditView> {
    texts.into_iter().map(|(text, at_ms)| EditView { text, at_ms: ms(at_ms) }).collect()
}
