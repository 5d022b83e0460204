//! Which call goes wrong, and how: a pure machine, driven by a seed.
//!
//! It knows rules and dice, no sockets and no clock. The same seed, the same rules and the same calls give the same
//! faults; each rule keeps its own dice for each route, so calls that run side by side on other routes do not shift
//! the trace. Start with [`FaultMachine::decide`]; what a fault does to a connection is in `fault_layer` (requests)
//! and in `sockets` (frames).

use std::collections::BTreeMap;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};

/// What a rule applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultRoute {
    /// The three token paths.
    Oauth,
    /// `/v1/score`.
    Risk,
    /// A guest's typing state.
    Typing,
    /// Guests.
    Guests,
    /// Post-interaction forms.
    Forms,
    /// Workflow tasks.
    Tasks,
    /// Agent notifications by REST.
    Notifications,
    /// Every WebSocket: its upgrade, what arrives on it, what is delivered over it.
    Sockets,
    /// All of them.
    #[serde(rename = "*")]
    All,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Another status is answered; an upgrade is refused with it.
    Status,
    /// The answer, or the delivery, comes late.
    Latency,
    /// The TCP connection ends abruptly; a WebSocket client sees 1006. A task or a notification has been made by then,
    /// and only the answer is lost.
    Reset,
    /// The answer is not JSON; a delivery has a frame that is not JSON in front of it.
    Garbage,
    /// A delivery, or an answer of the risk API, comes twice. A call for a task or a notification is carried out twice,
    /// as when something on its way repeats it.
    Duplicate,
    /// Two neighbouring deliveries, or answers of the risk API, change places.
    Reorder,
}

/// How `Retry-After` is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryAfterForm {
    /// Whole seconds.
    #[default]
    Seconds,
    /// An HTTP date.
    Date,
}

/// One rule as it is set through the admin API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// Where.
    pub route: FaultRoute,
    /// What.
    pub fault: FaultKind,
    /// With `status`: which one, 300 to 599.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// With `status`: seconds to be told in `Retry-After`; left out, the header is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
    /// How `Retry-After` is written.
    #[serde(default)]
    pub retry_after_form: RetryAfterForm,
    /// With `latency`: milliseconds, at most [`MAX_LATENCY_MS`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ms: Option<u64>,
    /// How often, 0 to 1; left out, always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// How many times in all; left out, for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
}

/// The longest latency that can be asked for: ten minutes, past every timeout there is.
pub const MAX_LATENCY_MS: u64 = 600_000;

impl FaultRule {
    /// A rule that always applies; refine it with struct update syntax.
    pub const fn new(route: FaultRoute, fault: FaultKind) -> Self {
        Self {
            route,
            fault,
            status: None,
            retry_after: None,
            retry_after_form: RetryAfterForm::Seconds,
            ms: None,
            rate: None,
            times: None,
        }
    }

    /// Answers `status` on `route`.
    pub const fn status(route: FaultRoute, status: u16) -> Self {
        Self {
            status: Some(status),
            ..Self::new(route, FaultKind::Status)
        }
    }

    /// Delays `route` by `ms` milliseconds.
    pub const fn latency(route: FaultRoute, ms: u64) -> Self {
        Self {
            ms: Some(ms),
            ..Self::new(route, FaultKind::Latency)
        }
    }

    /// The same rule, for so many times only.
    #[must_use]
    pub const fn times(self, times: u64) -> Self {
        Self {
            times: Some(times),
            ..self
        }
    }

    /// The same rule, with so much of a chance, 0 to 1.
    #[must_use]
    pub const fn rate(self, rate: f64) -> Self {
        Self {
            rate: Some(rate),
            ..self
        }
    }

    /// The same rule, with a `Retry-After` of so many seconds, written so.
    #[must_use]
    pub const fn retry_after(self, seconds: u32, form: RetryAfterForm) -> Self {
        Self {
            retry_after: Some(seconds),
            retry_after_form: form,
            ..self
        }
    }
}

/// A rule that cannot be meant.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("[{index}].{field} is {found}, expected {expected}")]
pub struct RuleError {
    /// Which rule of the list, from 0.
    pub index: usize,
    /// Which of its fields.
    pub field: &'static str,
    /// What it was.
    pub found: String,
    /// What it must be.
    pub expected: &'static str,
}

/// When the dice are thrown. Not every fault can happen at every moment, and a rule is not used up where it cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// A plain HTTP request.
    Request,
    /// A WebSocket upgrade.
    Upgrade,
    /// A data frame has arrived on a socket.
    Arrival,
    /// A card is about to be delivered over a socket.
    Delivery,
}

impl Moment {
    const fn allows(self, fault: FaultKind, route: FaultRoute) -> bool {
        match (self, fault) {
            (Self::Arrival, fault) => matches!(fault, FaultKind::Reset),
            (Self::Request, FaultKind::Duplicate) => matches!(
                route,
                FaultRoute::Risk | FaultRoute::Tasks | FaultRoute::Notifications
            ),
            (Self::Request, FaultKind::Reorder) => matches!(route, FaultRoute::Risk),
            (Self::Upgrade, FaultKind::Duplicate | FaultKind::Reorder)
            | (Self::Delivery, FaultKind::Status) => false,
            (Self::Request | Self::Upgrade | Self::Delivery, _) => true,
        }
    }
}

/// What shall go wrong now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Decision {
    /// Wait so many milliseconds first: the sum over all latency rules that struck.
    pub delay_ms: u64,
    /// Then do this instead of what is right.
    pub fault: Option<Fault>,
}

/// A fault that struck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Answer this status.
    Status {
        /// The status, 300 to 599.
        status: u16,
        /// Seconds and form of `Retry-After`.
        retry_after: Option<(u32, RetryAfterForm)>,
    },
    /// End the connection.
    Reset,
    /// Answer with something that is not JSON.
    Garbage,
    /// Do it twice.
    Duplicate,
    /// Let the next one go first.
    Reorder,
}

/// The rules in force and their dice.
#[derive(Debug)]
pub struct FaultMachine {
    seed: u64,
    armed: Vec<Armed>,
}

#[derive(Debug)]
struct Armed {
    rule: FaultRule,
    left: Option<u64>,
    dice: BTreeMap<FaultRoute, Xoshiro256PlusPlus>,
}

impl FaultMachine {
    /// A machine without rules.
    pub const fn new(seed: u64) -> Self {
        Self {
            seed,
            armed: Vec::new(),
        }
    }

    /// Replaces all rules; the dice start anew from the seed.
    ///
    /// # Errors
    ///
    /// [`RuleError`] for the first rule that cannot be meant; then the old rules stay.
    pub fn set(&mut self, rules: Vec<FaultRule>) -> Result<(), RuleError> {
        for (index, rule) in rules.iter().enumerate() {
            check(index, rule)?;
        }
        self.armed = rules
            .into_iter()
            .map(|rule| Armed {
                left: rule.times,
                rule,
                dice: BTreeMap::new(),
            })
            .collect();
        Ok(())
    }

    /// Removes all rules.
    pub fn clear(&mut self) {
        self.armed.clear();
    }

    /// Throws the dice for one call. Rules are asked in their order: latencies add up, the first other fault wins,
    /// and rules behind the winner are neither thrown nor used up.
    pub fn decide(&mut self, route: FaultRoute, moment: Moment) -> Decision {
        let mut decision = Decision::default();
        for (index, armed) in self.armed.iter_mut().enumerate() {
            let concerned = armed.rule.route == route || armed.rule.route == FaultRoute::All;
            let settled = decision.fault.is_some() && armed.rule.fault != FaultKind::Latency;
            if !concerned
                || settled
                || !moment.allows(armed.rule.fault, route)
                || !armed.strikes(self.seed, index, route)
            {
                continue;
            }
            match armed.rule.fault {
                FaultKind::Latency => {
                    decision.delay_ms = decision
                        .delay_ms
                        .saturating_add(armed.rule.ms.unwrap_or(0))
                        .min(MAX_LATENCY_MS);
                }
                FaultKind::Status => {
                    decision.fault = Some(Fault::Status {
                        status: armed.rule.status.unwrap_or(500),
                        retry_after: armed
                            .rule
                            .retry_after
                            .map(|seconds| (seconds, armed.rule.retry_after_form)),
                    });
                }
                FaultKind::Reset => decision.fault = Some(Fault::Reset),
                FaultKind::Garbage => decision.fault = Some(Fault::Garbage),
                FaultKind::Duplicate => decision.fault = Some(Fault::Duplicate),
                FaultKind::Reorder => decision.fault = Some(Fault::Reorder),
            }
        }
        decision
    }
}

impl Armed {
    fn strikes(&mut self, seed: u64, index: usize, route: FaultRoute) -> bool {
        if self.left == Some(0) {
            return false;
        }
        if let Some(rate) = self.rule.rate {
            let dice = self.dice.entry(route).or_insert_with(|| {
                // Distinct odd multipliers keep the streams of neighbouring rules and routes apart.
                let stream = (index as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
                    ^ (route as u64).wrapping_mul(0xD1B5_4A32_D192_ED03);
                Xoshiro256PlusPlus::seed_from_u64(seed ^ stream)
            });
            if dice.random::<f64>() >= rate {
                return false;
            }
        }
        if let Some(left) = &mut self.left {
            *left -= 1;
        }
        true
    }
}

fn check(index: usize, rule: &FaultRule) -> Result<(), RuleError> {
    let wrong = |field, found: String, expected| {
        Err(RuleError {
            index,
            field,
            found,
            expected,
        })
    };
    let shown =
        |value: Option<u64>| value.map_or_else(|| "missing".to_owned(), |value| value.to_string());
    if rule.fault == FaultKind::Status
        && !rule
            .status
            .is_some_and(|status| (300..=599).contains(&status))
    {
        return wrong(
            "status",
            shown(rule.status.map(u64::from)),
            "a status from 300 to 599 with the fault \"status\"",
        );
    }
    if rule.fault == FaultKind::Latency && rule.ms.is_none_or(|ms| ms > MAX_LATENCY_MS) {
        return wrong(
            "ms",
            shown(rule.ms),
            "milliseconds up to 600000 with the fault \"latency\"",
        );
    }
    match rule.rate {
        Some(rate) if !(0.0..=1.0).contains(&rate) => {
            wrong("rate", rate.to_string(), "a number from 0 to 1")
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
#[path = "faults_tests.rs"]
mod tests;
