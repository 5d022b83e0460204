//! How messages are made to fit: into 64 KiB on the wire, and into the reason of a close frame.

use cuecard_protocol::order::feed_order;
use cuecard_protocol::{
    CardBody, Entry, LiveCard, MAX_CARDS, MAX_MESSAGE_BYTES, RemovalReason, Seq, ServerMessage,
};
use serde::Serialize;

/// Bytes of `{"type":"snapshot","cards":[],"last":false}`, rounded up.
const SNAPSHOT_ENVELOPE: usize = 64;

/// Room for everything of a card but its title and body: ids, times, names.
const CARD_ENVELOPE: usize = 1_024;

/// JSON writes one byte of text as six at worst (`\u0001`).
const WORST_ESCAPE: usize = 6;

/// Longest reason of a close frame, in bytes (RFC 6455, section 5.5, less the two of the code).
const MAX_CLOSE_REASON: usize = 123;

/// The size of a value as JSON, in bytes.
pub fn size<T: Serialize>(value: &T) -> usize {
    // Our own types always have a JSON form; what has none could not be sent either.
    serde_json::to_vec(value).map_or(usize::MAX / 2, |json| json.len())
}

/// The message of an entry, and whether it had to be cut: a card that fits into no message is given as its own
/// removal, so that the panel's count of entries stays without a hole.
pub fn message(entry: Entry, seq: Seq) -> (ServerMessage, bool) {
    let Entry::Card(card) = &entry else {
        return (entry.at(seq), false);
    };
    let text = match &card.body {
        CardBody::Alert(alert) => alert.title.len() + alert.html.len(),
        CardBody::Suggestion(suggestion) => suggestion.content.len(),
        CardBody::Task(task) => {
            let ids = [&task.task_id, &task.true_interaction_id];
            let ids: usize = ids.into_iter().flatten().map(String::len).sum();
            ids + task.subject.len()
        }
        // Has many parts; measured below.
        CardBody::Prompt(_) => MAX_MESSAGE_BYTES,
    };
    let at_most = text * WORST_ESCAPE + CARD_ENVELOPE;
    let card_id = card.id.clone();
    let message = entry.at(seq);
    if at_most <= MAX_MESSAGE_BYTES || size(&message) <= MAX_MESSAGE_BYTES {
        return (message, false);
    }
    let reason = RemovalReason::Expired;
    (
        ServerMessage::Removed {
            seq,
            card_id,
            reason,
        },
        true,
    )
}

/// The reason cut to what a close frame takes.
pub fn close_reason(reason: &str) -> String {
    let mut end = reason.len().min(MAX_CLOSE_REASON);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    reason[..end].to_owned()
}

/// The cards a panel would keep, oldest first, in parts that each fit into a message. Never empty.
pub fn snapshot_parts(mut cards: Vec<LiveCard>) -> Vec<ServerMessage> {
    if cards.len() > MAX_CARDS {
        cards.sort_by(|a, b| feed_order(&a.card, &b.card));
        cards.truncate(MAX_CARDS);
        cards.sort_by_key(|live| live.seq);
    }
    let mut parts = vec![Vec::new()];
    let mut room = MAX_MESSAGE_BYTES - SNAPSHOT_ENVELOPE;
    for live in cards {
        let bytes = size(&live) + 1;
        if bytes + SNAPSHOT_ENVELOPE > MAX_MESSAGE_BYTES {
            continue;
        }
        if bytes > room {
            parts.push(Vec::new());
            room = MAX_MESSAGE_BYTES - SNAPSHOT_ENVELOPE;
        }
        room -= bytes;
        if let Some(part) = parts.last_mut() {
            part.push(live);
        }
    }
    let count = parts.len();
    let numbered = parts.into_iter().enumerate();
    numbered
        .map(|(index, cards)| ServerMessage::Snapshot {
            cards,
            last: index + 1 == count,
        })
        .collect()
}
