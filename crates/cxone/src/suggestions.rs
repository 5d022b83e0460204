//! The suggestions dialect of [publishing](crate::publisher): platform wire, section 4. Start at [`suggestions`].
//!
//! What may be suggested is not decided here.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::{
    backoff::Moment,
    platform::{SUGGESTIONS_SCOPE, SocketUrl},
    publisher::{
        Dialect, Loss, PublishSocket, Publisher,
        dialect::{Authentication, Confirmation, Rules, json, moment},
        publisher,
        step::{Answer, Event, Frame, Offer},
    },
    token::TokenSource,
    wire::{
        error_frame::{ErrorCode, ErrorFrame},
        suggestions::{ServerFrame, Suggest},
    },
};

/// How long a suggestion is kept whose window cannot be read. The platform is asked, and says what is wrong with it.
const UNREADABLE_LIFETIME: Duration = Duration::from_mins(1);

/// How the suggestions socket behaves. The reference client sends no heartbeat, which an idle limit would end (section
/// 14.3); this one sends the pings of section 5.2.
pub const RULES: Rules = Rules {
    authentication: Authentication::Frame,
    confirmation: Confirmation::Answer,
    heartbeat_every: Duration::from_secs(20),
    has_heartbeat_frame: false,
    too_late: Loss::Expired,
};

/// Publishes suggestions, from when their context window begins until it ends.
pub type Injector = Publisher<Suggestions>;
/// The socket behind an [`Injector`].
pub type InjectorSocket = PublishSocket<Suggestions>;

/// An injector, and the socket that has to be [run](InjectorSocket::run) for it.
pub fn suggestions(url: SocketUrl, tokens: TokenSource) -> (Injector, InjectorSocket) {
    publisher(Suggestions, url, tokens)
}

/// The dialect.
#[derive(Debug)]
pub struct Suggestions;

impl Dialect for Suggestions {
    type Content = Suggest;
    const NAME: &'static str = "suggestions";
    const RULES: Rules = RULES;
    const HEADERS: &'static [(&'static str, &'static str)] = &[];
    const SCOPE: &'static str = SUGGESTIONS_SCOPE;
    const GOODBYE: &'static str = "";

    fn offer(&mut self, frame: Suggest, now: Moment, wall_ms: i64) -> Offer {
        let text = json(&frame);
        let window = frame.suggestion.context_window;
        let at = |time: &str| {
            let time: Timestamp = time.parse().ok()?;
            Some(moment(time.as_millisecond(), now, wall_ms))
        };
        Offer {
            frame: Frame {
                id: frame.suggestion.id,
                text,
            },
            from: at(&window.start).unwrap_or(now),
            until: at(&window.end).unwrap_or(now + UNREADABLE_LIFETIME),
        }
    }

    fn read(frame: Value, wall_ms: i64) -> Result<Option<Event>, serde_json::Error> {
        let answer = |id, answer| Event::Answer { id, answer };
        Ok(Some(match serde_json::from_value(frame)? {
            ServerFrame::AuthSuccess {} => Event::Authenticated,
            ServerFrame::AuthFailure { message } => Event::Error(ErrorFrame {
                code: ErrorCode::Unauthorized,
                message,
                reference: None,
            }),
            ServerFrame::Ack {
                suggestion_id,
                sent_timestamp,
                ..
            } => answer(
                suggestion_id,
                Answer::Acknowledged {
                    latency: since(&sent_timestamp, wall_ms),
                },
            ),
            ServerFrame::Accepted { suggestion_id, .. } => answer(suggestion_id, Answer::Accepted),
            ServerFrame::Dismissed { suggestion_id, .. } => {
                answer(suggestion_id, Answer::Dismissed)
            }
            ServerFrame::Unknown => return Ok(None),
        }))
    }
}

/// How long ago that was; nothing for a time that is still to come, or cannot be one.
fn since(sent_ms: &serde_json::Number, wall_ms: i64) -> Duration {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "saturates; a time with a fraction loses that"
    )]
    let sent_ms = sent_ms
        .as_i64()
        .or_else(|| sent_ms.as_f64().map(|ms| ms as i64))
        .unwrap_or(wall_ms);
    Duration::from_millis(u64::try_from(wall_ms.saturating_sub(sent_ms)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::suggestions::{ContextWindow, Suggestion};

    const S: fn(u64) -> Duration = Duration::from_secs;
    /// 2026-11-20T08:49:46Z.
    const NOW: i64 = 1_795_164_586_000;

    fn offer(start: &str, end: &str) -> Offer {
        let frame = Suggest {
            interaction_id: "INT-1".into(),
            suggestion: Suggestion {
                id: "S".into(),
                content: "Offer a refund".into(),
                priority: "HIGH".into(),
                relevance_score: 0.85,
                context_window: ContextWindow {
                    start: start.into(),
                    end: end.into(),
                },
                injected_at: "2026-11-20T08:49:46Z".into(),
                source: None,
            },
        };
        Suggestions.offer(frame, S(100), NOW)
    }

    #[test]
    fn a_suggestion_is_sent_within_its_window() {
        let window = |start, end| {
            let offer = offer(start, end);
            (offer.from, offer.until)
        };
        assert_eq!(
            window("2026-11-20T08:49:56Z", "2026-11-20T09:54:46+01:00"),
            (S(110), S(400))
        );
        assert_eq!(
            window("2026-11-20T08:49:36.5Z", "2026-11-20T08:00:00Z"),
            (S(90) + Duration::from_millis(500), S(0))
        );
        assert_eq!(window("soon", "2026-11-20T08:49:56"), (S(100), S(160)));
    }

    #[test]
    fn latency_counts_from_the_time_of_sending_and_is_never_negative() {
        let latency = |sent: Value| {
            let ack = json!({"type": "agentassist.ack", "interactionId": "I", "suggestionId": "S", "sentTimestamp": sent});
            match Suggestions::read(ack, NOW) {
                Ok(Some(Event::Answer {
                    answer: Answer::Acknowledged { latency },
                    ..
                })) => latency.as_millis(),
                other => panic!("expected an acknowledgement, got {other:?}"),
            }
        };
        assert_eq!(latency(json!(NOW - 250)), 250);
        assert_eq!(latency(json!(1_795_164_585_750.5)), 250);
        assert_eq!(latency(json!(NOW + 5_000)), 0);
        assert_eq!(latency(json!(1e300)), 0);
    }

    #[test]
    fn a_refused_token_is_an_unauthorized_error() {
        let frame = json!({"type": "auth.failure", "message": "expired"});
        let event = Suggestions::read(frame, NOW);
        assert!(
            matches!(&event, Ok(Some(Event::Error(frame))) if frame.code == ErrorCode::Unauthorized && frame.message == "expired"),
            "{event:?}"
        );
    }
}
