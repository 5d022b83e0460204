//! Where cards came from, for metrics: the name of the API key or of the risk source that published them here, else
//! `platform`. Names are the settings', so there are few.
//!
//! What was posted is in the store. Alerts of risk sources are not, so they are remembered here. Start at
//! [`Sources::of`].

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use cuecard_protocol::CardId;

use crate::App;
use crate::config::api::PLATFORM;

/// So many alerts are remembered.
const REMEMBERED: usize = 20_000;

/// Which risk source published which alert. Clones share one memory.
#[derive(Debug, Clone, Default)]
pub struct Sources(Arc<Mutex<Memory>>);

#[derive(Debug, Default)]
struct Memory {
    of: BTreeMap<CardId, Arc<str>>,
    in_order: VecDeque<CardId>,
}

impl Sources {
    /// Remembers which source published an alert.
    pub fn learn(&self, card: &CardId, source: &str) {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.of.insert(card.clone(), source.into()).is_some() {
            return;
        }
        memory.in_order.push_back(card.clone());
        if memory.in_order.len() > REMEMBERED
            && let Some(oldest) = memory.in_order.pop_front()
        {
            memory.of.remove(&oldest);
        }
    }

    fn remembered(&self, card: &CardId) -> Option<String> {
        let memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        memory.of.get(card).map(ToString::to_string)
    }

    /// Who published a card.
    pub async fn of(app: &App, card: &CardId) -> String {
        if let Some(source) = app.sources.remembered(card) {
            return source;
        }
        let client = app.backbone.client(card).await.unwrap_or_else(|error| {
            tracing::error!(%card, %error, "who posted a card cannot be read");
            None
        });
        app.sources.name(card, client)
    }

    /// As [`of`](Self::of), if it is known who posted the card.
    pub fn name(&self, card: &CardId, client: Option<String>) -> String {
        client
            .or_else(|| self.remembered(card))
            .unwrap_or_else(|| PLATFORM.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_forgotten() {
        let sources = Sources::default();
        let card = |n: usize| CardId::parse(format!("c{n}")).unwrap();
        for n in 0..=REMEMBERED {
            sources.learn(&card(n), "main");
            sources.learn(&card(n), "main");
        }
        assert_eq!(sources.remembered(&card(0)), None);
        assert_eq!(sources.remembered(&card(1)).as_deref(), Some("main"));
        assert_eq!(sources.0.lock().unwrap().in_order.len(), REMEMBERED);
    }
}
