//! What typing leaves in metrics and in the audit trail. No customer's word is ever in here: only numbers and ids.

use cuecard_protocol::InteractionId;
use cuecard_protocol::typing::TypingRequest;
use metrics::{Unit, counter, describe_counter};
use serde_json::{Map, json};

use super::desk::Told;
use super::gate::{Answer, Call, Note};
use crate::App;
use crate::audit::Event;

/// Says what the metrics of typing mean.
pub(crate) fn describe() {
    describe_counter!(
        "cuecard_typing_keystrokes_total",
        "Keystrokes of agents, as their panels tell"
    );
    describe_counter!(
        "cuecard_typing_calls_total",
        "Calls of the platform's typing API, by what was called and what became of it"
    );
    describe_counter!(
        "cuecard_typing_calls_saved_total",
        "Keystrokes that needed no call"
    );
    describe_counter!(
        "cuecard_typing_rate_limited_total",
        "Typing calls that were answered 429, by who answered"
    );
    describe_counter!(
        "cuecard_typing_gate_closed_seconds_total",
        Unit::Seconds,
        "How long typing calls had to wait after a 429, over all guests"
    );
}

/// More keystrokes than a person makes between two calls: what says more counts as so many.
const MOST_KEYSTROKES: u64 = 10_000;

/// A panel told something.
pub(super) fn told(request: &TypingRequest, told: Told) {
    let is_news = match told {
        Told::Taken { is_news } => is_news,
        Told::Late => false,
        Told::TooMany => {
            counter!("cuecard_typing_rate_limited_total", "by" => "server").increment(1);
            return;
        }
        Told::Closed => return,
    };
    let keystrokes = request.keystrokes.min(MOST_KEYSTROKES);
    counter!("cuecard_typing_keystrokes_total").increment(keystrokes);
    // An indicator without memory would be a call for each keystroke.
    counter!("cuecard_typing_calls_saved_total")
        .increment(keystrokes.saturating_sub(u64::from(is_news)));
}

/// A call of the platform has ended.
pub(super) fn called(call: Call, answer: &Answer) {
    let state = match call {
        Call::Open => "guest",
        Call::Turn(true) => "true",
        Call::Turn(false) => "false",
        Call::Read => "read",
        // Our own store's.
        Call::Mark | Call::Unmark => return,
    };
    let outcome = match answer {
        Answer::Done | Answer::Shown(_) => "done",
        Answer::Limited { .. } => "rate_limited",
        Answer::Lost { .. } => "lost",
        Answer::Gone => "gone",
        Answer::Refused => "refused",
    };
    counter!("cuecard_typing_calls_total", "state" => state, "outcome" => outcome).increment(1);
}

/// A gate has noted something. `was_asked` is false if the platform was not even asked, because it is known what it
/// would say.
pub(super) fn noted(app: &App, interaction: &InteractionId, note: Note, was_asked: bool) {
    let event = |event, outcome| Event {
        event,
        interaction: Some(interaction.to_string()),
        outcome,
        ..Event::default()
    };
    match note {
        Note::Closed(_) if !was_asked => {}
        Note::Closed(wait) => {
            let seconds = wait.as_millis().div_ceil(1_000);
            let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
            counter!("cuecard_typing_rate_limited_total", "by" => "platform").increment(1);
            counter!("cuecard_typing_gate_closed_seconds_total").increment(seconds);
            app.audit.record(Event {
                detail: Map::from_iter([("seconds".to_owned(), json!(seconds))]),
                ..event("typing_gate_closed", "rate_limited")
            });
        }
        Note::Repaired => app.audit.record(event("typing_repaired", "ok")),
        Note::GaveUp(call) => {
            tracing::warn!(?call, "a typing call is given up");
            app.audit.record(event("typing_given_up", "refused"));
        }
    }
}
