//! What follows a finished interaction: its form, tasks, agent notifications (platform wire, sections 6 and 14.8).
//!
//! The state is here, pure and told the time; one file for each endpoint; what a body must be is in `rules`. The event
//! that sets a client off is in `webhooks`. Start with [`FollowUp`].

pub mod forms;
mod ledger;
pub mod notifications;
mod posted;
mod rules;
pub mod tasks;

use std::collections::BTreeMap;

use serde_json::Value;

pub use ledger::{Ledger, Record};
pub use posted::IDEMPOTENCY_KEY;

/// Forms that are remembered at most; of more, the first by id leaves.
const MAX_FORMS: usize = 10_000;
/// Forms, and what was made.
#[derive(Debug)]
pub struct FollowUp {
    forms: BTreeMap<String, Value>,
    /// Tasks.
    pub tasks: Ledger,
    /// Agent notifications.
    pub notifications: Ledger,
}

impl Default for FollowUp {
    fn default() -> Self {
        Self {
            forms: BTreeMap::new(),
            tasks: Ledger::new("TASK"),
            notifications: Ledger::new("NOTE"),
        }
    }
}

impl FollowUp {
    /// Sets the form of an interaction. It is answered as it is, right or wrong.
    pub fn set_form(&mut self, interaction: String, form: Value) {
        if self.forms.len() == MAX_FORMS && !self.forms.contains_key(&interaction) {
            self.forms.pop_first();
        }
        self.forms.insert(interaction, form);
    }

    /// Takes the form of an interaction away.
    pub fn remove_form(&mut self, interaction: &str) {
        self.forms.remove(interaction);
    }

    /// The form of an interaction.
    pub fn form(&self, interaction: &str) -> Option<&Value> {
        self.forms.get(interaction)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_form_is_there_until_it_is_taken_away() {
        let mut follow_up = FollowUp::default();
        assert_eq!(follow_up.form("INT-1"), None);
        follow_up.set_form("INT-1".into(), json!(1));
        follow_up.set_form("INT-1".into(), json!("nonsense"));
        assert_eq!(follow_up.form("INT-1"), Some(&json!("nonsense")));
        follow_up.remove_form("INT-1");
        follow_up.remove_form("INT-1");
        assert_eq!(follow_up.form("INT-1"), None);
        for n in 0..=MAX_FORMS {
            follow_up.set_form(format!("{n:05}"), json!(n));
        }
        assert_eq!(
            (follow_up.forms.len(), follow_up.form("00000")),
            (MAX_FORMS, None)
        );
    }
}
