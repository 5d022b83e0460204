//! What can be saved from a message that is valid JSON but not what this version knows, such as a card of a newer kind.
//! Its place in the log still counts: an entry skipped in silence would look like a hole, and the panel would come back
//! for the same message for ever.

use cuecard_protocol::Seq;
use cuecard_protocol::json::{self, FromJson as _, Tree};
use cuecard_protocol::server::LiveCard;

/// The readable rest of a message.
#[derive(Debug, PartialEq)]
pub(crate) enum Salvaged {
    /// An entry with a place and nothing else.
    Entry(Seq),
    /// A part of a snapshot, without its unreadable cards.
    Snapshot {
        /// The readable cards.
        cards: Vec<LiveCard>,
        /// The highest place among all of them.
        reaches: Seq,
        /// Whether this part is the last.
        last: bool,
    },
}

/// Reads what can be read.
pub(crate) fn salvage(message: &Tree) -> Option<Salvaged> {
    let kind: String = json::field(message, "type").ok()?;
    match kind.as_str() {
        "card" | "removed" => json::field(message, "seq").ok().map(Salvaged::Entry),
        "snapshot" => {
            let last = json::field(message, "last").ok()?;
            let cards = message.get("cards")?.list()?.iter();
            let places = cards
                .clone()
                .filter_map(|card| json::field::<Seq>(card, "seq").ok());
            Some(Salvaged::Snapshot {
                reaches: places.max().unwrap_or_default(),
                cards: cards
                    .filter_map(|card| LiveCard::from_json(card).ok())
                    .collect(),
                last,
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn salvage(text: &str) -> Option<Salvaged> {
        super::salvage(&json::tree(text).unwrap())
    }

    #[test]
    fn the_place_of_an_unknown_kind_of_card_is_kept() {
        assert_eq!(
            salvage(r#"{"type":"card","seq":7,"card":{"body":{"hologram":{}}}}"#),
            Some(Salvaged::Entry(Seq(7)))
        );
        assert_eq!(
            salvage(r#"{"type":"removed","seq":8,"card_id":"c1","reason":"abducted"}"#),
            Some(Salvaged::Entry(Seq(8)))
        );
    }

    #[test]
    fn a_snapshot_loses_only_what_cannot_be_read() {
        let good = r#"{"seq":3,"card":{"id":"c","interaction_id":"i","published_at":1,"received_at":1,"expires_at":9,
            "body":{"alert":{"level":"HIGH","title":"t","html":""}}}}"#;
        let text = format!(
            r#"{{"type":"snapshot","cards":[{good},{{"seq":5,"card":{{"body":{{"hologram":{{}}}}}}}}],"last":true}}"#
        );
        assert_eq!(
            salvage(&text),
            Some(Salvaged::Snapshot {
                cards: vec![serde_json::from_str(good).unwrap()],
                reaches: Seq(5),
                last: true,
            })
        );
    }

    #[test]
    fn nothing_is_made_of_nonsense() {
        for text in [
            "[]",
            r#"{"type":7}"#,
            r#"{"type":"card"}"#,
            r#"{"type":"bye","seq":1}"#,
        ] {
            assert_eq!(salvage(text), None, "{text}");
        }
    }
}
