//! Snippets of prompts: taken by the agent, their variables filled or asked for, handed over, counted.

use cuecard_protocol::{ActionKind, AgentId, CardBody, CardId, InteractionId, Millis};

use crate::effect::HandOver;
use crate::outbox::Deed;
use crate::variables::{fill, is_same};
use crate::view::{Asking, Handed};
use crate::{Effect, Handover, Panel, Text, Way};

/// How long a snippet's row says what became of it.
const HANDED_FOR: Millis = Millis(1_600);

/// A snippet that the agent wants, with the values written for its variables.
pub(crate) struct Wanted {
    pub(crate) card_id: CardId,
    pub(crate) snippet_id: String,
    pub(crate) way: Way,
    pub(crate) values: Vec<(String, String)>,
}

impl Panel {
    /// Hands a snippet over, or asks for what its variables lack; it counts once it has got there.
    pub(crate) fn take_snippet(&mut self, wanted: Wanted, effects: &mut Vec<Effect>) {
        let Some(kept) = self.feed.get(&wanted.card_id) else {
            return;
        };
        let CardBody::Prompt(prompt) = &kept.card.body else {
            return;
        };
        let mut snippets = prompt.snippets.iter();
        let Some(snippet) = snippets.find(|snippet| snippet.id == wanted.snippet_id) else {
            return;
        };
        let interaction_id = kept.card.interaction_id.clone();
        let fits_composer = self.is_about(&interaction_id);
        let value_of = |name: &str| self.value_of(name, &wanted.values, &interaction_id);
        let result = fill(&snippet.content, value_of);
        self.revision += u64::from(self.asking.take().is_some());
        match result {
            Ok(text) => effects.push(Effect::HandOver(HandOver {
                way: wanted.way,
                card_id: wanted.card_id,
                interaction_id,
                snippet_id: wanted.snippet_id,
                text,
                fits_composer,
            })),
            Err(missing) => {
                self.asking = Some(Asking {
                    card_id: wanted.card_id,
                    snippet_id: wanted.snippet_id,
                    way: wanted.way,
                    missing,
                });
                self.revision += 1;
            }
        }
    }

    /// The agent does not want the snippet any more.
    pub(crate) fn stop_asking(&mut self) {
        self.revision += u64::from(self.asking.take().is_some());
    }

    pub(crate) fn handed_over(
        &mut self,
        card_id: CardId,
        snippet_id: String,
        outcome: Handover,
        now: Millis,
        effects: &mut Vec<Effect>,
    ) {
        let words = match outcome {
            Handover::Copied => "Copied.",
            Handover::Inserted => "Inserted.",
            Handover::Failed => "The browser does not allow copying here.",
        };
        self.announcer.remark(Text::plain(words), true);
        let is_first = outcome != Handover::Failed && self.feed.mark_adopted(&card_id, &snippet_id);
        if is_first {
            if let Some(kept) = self.feed.get(&card_id) {
                self.insights.card("adopted", &kept.card, now);
            }
            let at = self.clock.server(now);
            let mut deed = Deed::new(card_id.clone(), ActionKind::Adopted, at);
            deed.snippet_id = Some(snippet_id.clone());
            self.act(deed, effects);
        }
        let handed = Handed {
            card_id,
            snippet_id,
            outcome,
        };
        self.handed = Some((handed, now.plus(HANDED_FOR)));
        self.revision += 1;
    }

    /// What the agent has written comes first, then what the host knows, then what the panel does.
    fn value_of<'a>(
        &'a self,
        name: &str,
        written: &'a [(String, String)],
        interaction_id: &'a InteractionId,
    ) -> Option<&'a str> {
        // What the host knows is about the conversation that it shows.
        let known: &[(String, String)] = if self.is_about(interaction_id) {
            &self.context
        } else {
            &[]
        };
        let mut values = written.iter().chain(known);
        let value = values.find(|(known, value)| is_same(known, name) && !value.is_empty());
        match value {
            Some((_, value)) => Some(value),
            None if is_same(name, "interaction") => Some(interaction_id.as_str()),
            None if is_same(name, "agent") => self.agent_id.as_ref().map(AgentId::as_str),
            None => None,
        }
    }

    /// Whether the host shows this conversation, as far as it has said which.
    fn is_about(&self, interaction_id: &InteractionId) -> bool {
        self.interaction
            .as_ref()
            .is_none_or(|shown| shown == interaction_id)
    }
}
