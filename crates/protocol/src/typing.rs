//! What the panel tells the broker of the agent's typing: `POST /api/typing`, answered 204.

use serde::{Deserialize, Serialize};

use crate::{InteractionId, Millis};

/// A burst of keystrokes is over when none has come for so long (platform wire, section 7: 2 s).
pub const TYPING_IDLE: Millis = Millis(2_000);

/// Without a panel, the broker takes the agent to type no longer after this.
pub const TYPING_GONE: Millis = Millis::from_secs(5);

/// Longest life id, in bytes.
pub const MAX_LIFE_BYTES: usize = 64;

/// One call: what the customer should see from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypingRequest {
    /// The conversation.
    pub interaction_id: InteractionId,
    /// Whether the agent is typing.
    pub typing: bool,
    /// Names one life of one panel; another after a reload. 1 to [`MAX_LIFE_BYTES`] bytes.
    pub life: String,
    /// Rises with each call of one life; an older one that comes late is ignored.
    pub n: u64,
    /// Keystrokes since the call before.
    pub keystrokes: u64,
}
