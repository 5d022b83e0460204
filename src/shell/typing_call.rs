//! `POST /api/typing`: tells the broker that the agent is typing, or is not any more.

use cuecard_panel::{Event, Failure};
use cuecard_protocol::typing::TypingRequest;

use super::{Broker, request, spawn};

/// Tells it, also while the page goes: the call is on its way when this returns, and outlives the page. Reports what
/// became of it if anybody is left to hear.
pub fn tell(broker: &Broker, call: &TypingRequest, report: impl FnOnce(Event) + 'static) {
    let url = broker.endpoint("/api/typing");
    let answer = serde_json::to_string(call)
        .map_err(|_| Failure::Network)
        .and_then(|body| request::begin(&url, Some(body), None));
    let n = call.n;
    spawn(Box::pin(async move {
        let outcome = match answer {
            Ok(answer) => request::finish(answer, &url).await.map(drop),
            Err(failure) => Err(failure),
        };
        report(Event::TypingTold { n, outcome });
    }));
}
