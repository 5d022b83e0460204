//! What the agent does to cards: accepts, dismisses, puts off, takes back; and what becomes of it. Snippets are in `snippets`.

use cuecard_protocol::{
    AckOutcome, Action, ActionKind, Card, CardBody, CardId, Millis, RemovalReason,
};

use crate::dismissal::{Pending, UNDO_FOR};
use crate::effect::{Decided, TaskLink};
use crate::outbox::Deed;
use crate::{Effect, News, Panel, Text, title};

/// Longest reason, in characters (platform wire, section 13; see [`Action::reason`]).
const MAX_REASON: usize = 500;

/// A dismissal is final so long before its card leaves, so that it counts.
const TO_ARRIVE: Millis = Millis::from_secs(1);

impl Panel {
    /// Only a suggestion or a task can be accepted; of a prompt, snippets are taken.
    pub(crate) fn accept(&mut self, card_id: CardId, now: Millis, effects: &mut Vec<Effect>) {
        let kept = self.feed.get(&card_id);
        let can_be = |body: &CardBody| matches!(body, CardBody::Suggestion(_) | CardBody::Task(_));
        if kept.is_some_and(|kept| can_be(&kept.card.body)) {
            self.drop_dismissal(&card_id);
            let at = self.clock.server(now);
            self.decide(Deed::new(card_id, ActionKind::Accepted, at), effects);
        }
    }

    /// Only a task can be put off, and not for so long that it would have left.
    pub(crate) fn snooze(
        &mut self,
        card_id: CardId,
        until: Millis,
        now: Millis,
        effects: &mut Vec<Effect>,
    ) {
        let until = self.clock.server(self.clock.steady(until));
        let kept = self.feed.get(&card_id);
        let can_be =
            |card: &Card| matches!(card.body, CardBody::Task(_)) && until < card.expires_at;
        if kept.is_some_and(|kept| can_be(&kept.card)) {
            self.drop_dismissal(&card_id);
            let mut deed = Deed::new(card_id, ActionKind::Snoozed, self.clock.server(now));
            deed.until = Some(until);
            self.decide(deed, effects);
        }
    }

    pub(crate) fn open_task(&self, card_id: CardId, effects: &mut Vec<Effect>) {
        if let Some(kept) = self.feed.get(&card_id)
            && let CardBody::Task(task) = &kept.card.body
        {
            effects.push(Effect::OpenTask(TaskLink {
                card_id,
                task_id: task.task_id.clone(),
                interaction_id: kept.card.true_interaction_id().to_owned(),
            }));
        }
    }

    pub(crate) fn dismiss(&mut self, card_id: CardId, reason: Option<&str>, now: Millis) {
        let Some(kept) = self.feed.get(&card_id) else {
            return;
        };
        let last = Millis(kept.card.expires_at.0.saturating_sub(TO_ARRIVE.0));
        let last = self.clock.steady_from_server(last);
        let reason = reason.map(|words| words.trim().chars().take(MAX_REASON).collect::<String>());
        let pending = Pending {
            until: now.plus(UNDO_FOR).min(last),
            at: self.clock.server(now),
            reason,
        };
        // A reason comes from the row of a dismissal that was said; of what is final at once there is nothing to take back.
        let is_news = pending.reason.is_none() && pending.until > now;
        if self.dismissals.add(card_id, pending) {
            if is_news {
                self.announcer.remark(dismissed(&kept.card));
            }
            self.is_unstored = true;
            self.revision += 1;
        }
    }

    pub(crate) fn undo(&mut self, card_id: &CardId) {
        if self.dismissals.remove(card_id).is_some() {
            if let Some(kept) = self.feed.get(card_id) {
                self.announcer.unsay(&dismissed(&kept.card));
            }
            self.is_unstored = true;
            self.revision += 1;
        }
    }

    /// A dismissal was overtaken by what became of its card.
    pub(crate) fn drop_dismissal(&mut self, card_id: &CardId) {
        self.is_unstored |= self.dismissals.remove(card_id).is_some();
    }

    pub(crate) fn finish_dismissals(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        while let Some((card_id, pending)) = self.dismissals.pop_final(now) {
            self.decide_dismissed(card_id, pending, effects);
        }
    }

    /// A dismissal is final.
    pub(crate) fn decide_dismissed(
        &mut self,
        card_id: CardId,
        pending: Pending,
        effects: &mut Vec<Effect>,
    ) {
        self.is_unstored = true;
        let mut deed = Deed::new(card_id, ActionKind::Dismissed, pending.at);
        deed.reason = pending.reason.filter(|words| !words.is_empty());
        self.decide(deed, effects);
    }

    /// The card, if it is there, gives way to a row that says what was decided.
    fn decide(&mut self, deed: Deed, effects: &mut Vec<Effect>) {
        if let Some((place, kept)) = self.feed.remove(&deed.card_id) {
            self.insights
                .card(deed.kind.as_str(), &kept.card, self.clock.now());
            effects.push(Effect::TellHost(Decided {
                kind: deed.kind,
                card_kind: kept.card.kind(),
                card_id: deed.card_id.clone(),
                interaction_id: kept.card.true_interaction_id().to_owned(),
                reason: deed.reason.clone(),
            }));
            self.decisions.add(place, kept.card, deed.kind);
            self.revision += 1;
        }
        self.act(deed, effects);
    }

    /// Takes away what has been confirmed long enough.
    pub(crate) fn finish_confirmations(&mut self, now: Millis) {
        let is_over = self.handed.as_ref().is_some_and(|(_, until)| *until <= now);
        if is_over {
            self.handed = None;
        }
        self.revision += u64::from(self.decisions.tick(now) || is_over);
    }

    pub(crate) fn acknowledged(
        &mut self,
        action: &Action,
        outcome: AckOutcome,
        now: Millis,
        effects: &mut Vec<Effect>,
    ) {
        let AckOutcome::Refused { message, left_by } = outcome else {
            if action.kind.is_decision() && self.decisions.saved(&action.card_id, action.kind, now)
            {
                self.revision += 1;
                let is_task = self.decisions.is_of_task(&action.card_id);
                let remark = match action.kind {
                    ActionKind::Accepted if is_task => "Done.",
                    ActionKind::Accepted => "Accepted.",
                    ActionKind::Snoozed => "Snoozed.",
                    _ => return,
                };
                self.announcer.remark(Text::plain(remark));
            }
            return;
        };
        self.counts.refused_actions += 1;
        // The agent did not ask for a rendered report, so its refusal is no news to them.
        if action.kind != ActionKind::Rendered {
            effects.push(Effect::News(News::Error {
                code: "not_recorded",
                message,
                card_id: Some(action.card_id.clone()),
            }));
            let remark = Text::with("Not recorded: {0}.", vec![why_not(left_by)]);
            self.announcer.remark(remark);
        }
        if action.kind.is_decision()
            && let Some(card) = self
                .decisions
                .refused(&action.card_id, why_not(left_by), now)
        {
            self.insights.card("refused", &card, now);
            self.revision += 1;
        }
    }
}

/// As its row says it, too.
fn dismissed(card: &Card) -> Text {
    Text::with("Dismissed: {0}", vec![title(card)])
}

/// Why an action does not count, in the agent's words. What the server says of it is for developers.
const fn why_not(left_by: Option<RemovalReason>) -> Text {
    use RemovalReason::{Accepted, Dismissed, Expired, Snoozed, Stale, Superseded, Withdrawn};
    Text::plain(match left_by {
        Some(Expired) => "its time was over",
        Some(Withdrawn) => "it was withdrawn",
        Some(Superseded) => "it was replaced",
        Some(Stale) => "the conversation has moved on",
        Some(Accepted | Dismissed | Snoozed) => "it was decided elsewhere",
        None => "the server did not take it",
    })
}
