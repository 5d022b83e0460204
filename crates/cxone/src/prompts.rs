//! The prompts dialect of [publishing](crate::publisher): platform wire, section 5. Start at [`prompts`].
//!
//! Which snippets a prompt holds is not decided here.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    backoff::Moment,
    platform::{PROMPTS_SCOPE, SocketUrl},
    publisher::{
        Dialect, Loss, PublishSocket, Publisher,
        dialect::{Authentication, Confirmation, Rules, json, moment},
        publisher,
        step::{Frame, Offer},
    },
    token::TokenSource,
    wire::prompts::{PromptPayload, PromptSync},
};

/// An older prompt is not sent (platform wire, section 5.4), in milliseconds.
pub const FRESH_MS: i64 = 2_000;

/// How the prompts socket behaves; the heartbeat is section 5.2's.
pub const RULES: Rules = Rules {
    authentication: Authentication::RawQuery,
    confirmation: Confirmation::Pong,
    heartbeat_every: Duration::from_secs(20),
    has_heartbeat_frame: false,
    too_late: Loss::Stale,
};

/// Publishes prompts, and numbers them in the order in which they are handed over.
pub type PromptPublisher = Publisher<Prompts>;
/// The socket behind a [`PromptPublisher`].
pub type PromptSocket = PublishSocket<Prompts>;

/// A publisher, and the socket that has to be [run](PromptSocket::run) for it.
pub fn prompts(url: SocketUrl, tokens: TokenSource) -> (PromptPublisher, PromptSocket) {
    publisher(Prompts::default(), url, tokens)
}

/// A prompt as it is handed over: a [`PromptSync`] without the number that it gets when it is taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prompt {
    /// A UUID, unique for ten minutes.
    pub frame_id: String,
    /// The snippets, and for whom.
    pub payload: PromptPayload,
}

/// The dialect, and the number of the last frame.
#[derive(Debug, Default)]
pub struct Prompts {
    sequence: u64,
}

impl Dialect for Prompts {
    type Content = Prompt;
    const NAME: &'static str = "prompts";
    const RULES: Rules = RULES;
    const HEADERS: &'static [(&'static str, &'static str)] = &[];
    const SCOPE: &'static str = PROMPTS_SCOPE;
    /// Section 5.2.
    const GOODBYE: &'static str = "";

    fn offer(&mut self, prompt: Prompt, now: Moment, wall_ms: i64) -> Offer {
        let Prompt { frame_id, payload } = prompt;
        // Raised before it is known whether the frame will go, so there may be gaps, and a repeat keeps its number.
        self.sequence += 1;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "saturates; parts of a millisecond do not matter"
        )]
        let made_ms = (payload.timestamp * 1000.0) as i64;
        let ttl_ms = i64::from(payload.ttl_seconds) * 1000;
        let stale_ms = made_ms.saturating_add(FRESH_MS.min(ttl_ms));
        // A clock that is ahead makes no prompt live longer than it says.
        let until = moment(stale_ms.min(wall_ms + ttl_ms), now, wall_ms);
        let frame = PromptSync {
            frame_id,
            sequence: self.sequence,
            payload,
        };
        Offer {
            frame: Frame {
                text: json(&frame),
                id: frame.frame_id,
            },
            from: now,
            until,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;
    /// 2026-11-20T08:49:46Z.
    const NOW: i64 = 1_795_164_586_000;

    fn prompt(timestamp: f64) -> Prompt {
        Prompt {
            frame_id: "F".into(),
            payload: PromptPayload {
                session_id: "SESS-1".into(),
                agent_id: "AGT-1".into(),
                interaction_id: "INT-1".into(),
                snippets: vec![],
                priority_override: false,
                priority_level: 3,
                relevance_score: 0.6,
                timestamp,
                ttl_seconds: 45,
            },
        }
    }

    #[test]
    fn frames_are_numbered_from_1() {
        let mut dialect = Prompts::default();
        for number in 1..=3 {
            let offer = dialect.offer(prompt(1_795_164_586.0), S(0), NOW);
            assert_eq!(
                serde_json::from_str::<PromptSync>(&offer.frame.text)
                    .map(|frame| frame.sequence)
                    .ok(),
                Some(number)
            );
        }
    }

    #[test]
    fn a_prompt_can_be_sent_while_it_is_fresh() {
        let until = |timestamp| {
            Prompts::default()
                .offer(prompt(timestamp), S(10), NOW)
                .until
        };
        assert_eq!(until(1_795_164_586.0), S(12));
        assert_eq!(until(1_795_164_584.5), Duration::from_millis(10_500));
        assert_eq!(until(1_795_164_580.0), S(6), "stale before it was taken");
        assert_eq!(until(1_795_200_000.0), S(55), "from the future");
        let at_once = Prompts::default().offer(prompt(1_795_164_583.5), S(0), NOW);
        assert_eq!(at_once.until, S(0), "stale before the socket was there");
    }
}
