//! What browser and broker say to each other, and the rules both sides keep.
//!
//! Types and pure functions only: no browser, no runtime, no clock. Start at [`client`] and [`server`] for the
//! messages, at [`card`] for what a card is, at [`html`] and [`style`] for what its body may hold.

pub mod card;
pub mod client;
pub mod close;
pub mod html;
pub mod ids;
pub mod json;
pub mod order;
pub mod rules;
pub mod server;
pub mod session;
pub mod style;
pub mod typing;

pub use card::{
    Alert, AlertLevel, Card, CardBody, Prompt, Snippet, Suggestion, Task, TaskPriority,
};
pub use client::{Action, ActionKind, ClientMessage};
pub use close::CloseCode;
pub use ids::{ActionId, AgentId, CardId, InteractionId, InvalidId, Millis, Seq};
pub use server::{AckOutcome, Entry, LiveCard, RemovalReason, Resume, ServerMessage};

/// The version that both halves carry in `hello` and `welcome`; a difference lets the panel offer a reload.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The WebSocket subprotocol of the first version of these messages.
pub const SUBPROTOCOL: &str = "cuecard.v1";

/// Prefix of the second subprotocol, which carries the ticket: `ticket.<value>`. So nothing secret is in a URL.
pub const TICKET_SUBPROTOCOL_PREFIX: &str = "ticket.";

/// The header every request of the panel carries; a cross-site form cannot set it, so one without is refused.
pub const REQUEST_HEADER: &str = "X-Cuecard";

/// Largest message on the browser's socket, in bytes of UTF-8: the server sends none that is longer, and takes none.
pub const MAX_MESSAGE_BYTES: usize = 64 * 1024;

/// Largest card body, in bytes of HTML, so that a card with its envelope fits into one message.
pub const MAX_BODY_BYTES: usize = 32 * 1024;

/// Largest title of a card, in characters; a longer one is cut and marked with an ellipsis.
pub const MAX_TITLE_CHARS: usize = 200;

/// Most cards an agent's panel keeps; expired ones leave first.
pub const MAX_CARDS: usize = 200;

/// How long a ticket may wait for its WebSocket.
pub const TICKET_LIFETIME: Millis = Millis::from_secs(30);

/// How often the panel sends `ping`.
pub const PING_EVERY: Millis = Millis::from_secs(25);

/// How long the panel waits for `pong` before it takes the connection for dead.
pub const PONG_WITHIN: Millis = Millis::from_secs(10);
