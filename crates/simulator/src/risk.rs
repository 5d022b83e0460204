//! The risk API, `GET /v1/score` (platform wire, section 3.4): answers in turn, over and over.
//!
//! Answers are passed on as they were set, right or wrong, so that a source which talks nonsense can be played.
//! What else a scenario's call has in store is published with its answer. Without any, it answers 404 `no_scenario`. No authentication, as with the original. Start with [`score`].

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::Value;

use crate::admin;
use crate::api_error::ApiError;
use crate::clock;
use crate::cue::Cue;
use crate::faults::Fault;
use crate::platform::Platform;
use crate::wrap_up;

/// Where it is.
pub const PATH: &str = "/v1/score";

/// The endpoint.
pub async fn score(
    State(platform): State<Arc<Platform>>,
    fault: Option<Extension<Fault>>,
) -> Response {
    let played = platform.risk().next(fault.map(|Extension(fault)| fault));
    if let Some(cue) = played.as_ref().and_then(|played| played.cue.as_ref()) {
        for frame in cue.frames(clock::now(), clock::fresh_id) {
            admin::push(&platform, cue.agent_id.clone(), frame);
        }
        wrap_up::play(&platform, cue);
    }
    match played {
        Some(Played { answer, .. }) => Json(answer).into_response(),
        None => ApiError::new(
            StatusCode::NOT_FOUND,
            "no_scenario",
            "nothing is playing; set it with PUT /admin/risk",
        )
        .into_response(),
    }
}

/// An answer, and what is published with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Played {
    /// The answer, right or wrong.
    pub answer: Value,
    /// What happens in the call meanwhile.
    pub cue: Option<Cue>,
}

/// The answers and whose turn it is.
#[derive(Debug, Default)]
pub struct RiskFeed {
    answers: Vec<Played>,
    turn: usize,
    /// The answer that was put back to let its successor go first.
    held: Option<usize>,
}

impl RiskFeed {
    /// Replaces the answers; the first of them is next.
    pub fn set(&mut self, answers: Vec<Played>) {
        *self = Self {
            answers,
            turn: 0,
            held: None,
        };
    }

    /// The next answer. With [`Fault::Duplicate`] it stays the next one; with [`Fault::Reorder`] its successor goes
    /// first and it comes after that.
    pub fn next(&mut self, fault: Option<Fault>) -> Option<Played> {
        if self.answers.is_empty() {
            return None;
        }
        let index = match (self.held.take(), fault) {
            (Some(held), Some(Fault::Duplicate)) => *self.held.insert(held),
            (Some(held), _) => held,
            (None, Some(Fault::Duplicate)) => self.turn,
            (None, Some(Fault::Reorder)) => {
                self.held = Some(self.take_turn());
                self.take_turn()
            }
            (None, _) => self.take_turn(),
        };
        self.answers.get(index).cloned()
    }

    fn take_turn(&mut self) -> usize {
        let turn = self.turn;
        self.turn = (turn + 1) % self.answers.len();
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(count: u64) -> RiskFeed {
        let mut feed = RiskFeed::default();
        let answers = (0..count).map(|n| Played {
            answer: n.into(),
            cue: None,
        });
        feed.set(answers.collect());
        feed
    }

    fn take(feed: &mut RiskFeed, faults: &[Option<Fault>]) -> Vec<u64> {
        faults
            .iter()
            .map(|fault| feed.next(*fault).unwrap().answer.as_u64().unwrap())
            .collect()
    }

    #[test]
    fn answers_come_in_turn_over_and_over() {
        assert_eq!(take(&mut feed(3), &[None; 7]), [0, 1, 2, 0, 1, 2, 0]);
        assert_eq!(RiskFeed::default().next(None), None);
    }

    #[test]
    fn duplicate_and_reorder() {
        let (duplicate, reorder) = (Some(Fault::Duplicate), Some(Fault::Reorder));
        assert_eq!(
            take(&mut feed(4), &[None, duplicate, None, None, None]),
            [0, 1, 1, 2, 3]
        );
        assert_eq!(
            take(&mut feed(4), &[reorder, None, None, None]),
            [1, 0, 2, 3]
        );
        assert_eq!(
            take(&mut feed(4), &[reorder, duplicate, None, None]),
            [1, 0, 0, 2]
        );
        assert_eq!(take(&mut feed(1), &[reorder, None, None]), [0, 0, 0]);
    }
}
