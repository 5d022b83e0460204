//! Which agents and interactions the platform knows; pure.
//!
//! Unless a scenario lists its agents, every well-formed id is an agent's: a stand-in must serve clients it was not
//! told about. Start with [`Directory::knows`].

use std::collections::{BTreeMap, BTreeSet};

/// The longest agent id, in bytes.
const MAX_ID: usize = 128;

/// Agents, and who holds which interaction.
#[derive(Debug, Default)]
pub struct Directory {
    listed: Option<BTreeSet<String>>,
    holders: BTreeMap<String, String>,
}

impl Directory {
    /// A directory of these agents only, or of all well-formed ids.
    pub fn new(agents: Option<Vec<String>>) -> Self {
        Self {
            listed: agents.map(|agents| agents.into_iter().collect()),
            holders: BTreeMap::new(),
        }
    }

    /// Whether there is such an agent: listed or, without a list, of letters, digits and `-._@`, 1 to 128 bytes.
    pub fn knows(&self, agent_id: &str) -> bool {
        match &self.listed {
            Some(listed) => listed.contains(agent_id),
            None => {
                (1..=MAX_ID).contains(&agent_id.len())
                    && agent_id
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || b"-._@".contains(&byte))
            }
        }
    }

    /// Learns who holds an interaction; the latest word counts.
    pub fn learn(&mut self, interaction_id: String, agent_id: String) {
        self.holders.insert(interaction_id, agent_id);
    }

    /// Who holds the interaction.
    pub fn holder(&self, interaction_id: &str) -> Option<&str> {
        self.holders.get(interaction_id).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agents_are_known_by_list_or_by_shape() {
        let open = Directory::new(None);
        assert!(open.knows("AGT-1") && open.knows("jane.doe@example.com"));
        assert!(!open.knows("") && !open.knows("a b") && !open.knows(&"a".repeat(129)));
        let listed = Directory::new(Some(vec!["AGT-1".into()]));
        assert!(listed.knows("AGT-1") && !listed.knows("AGT-2"));
    }

    #[test]
    fn the_latest_holder_counts() {
        let mut directory = Directory::new(None);
        directory.learn("INT-1".into(), "AGT-1".into());
        directory.learn("INT-1".into(), "AGT-2".into());
        assert_eq!(
            (directory.holder("INT-1"), directory.holder("INT-2")),
            (Some("AGT-2"), None)
        );
    }
}
