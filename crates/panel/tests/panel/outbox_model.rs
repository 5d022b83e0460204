//! Whatever breaks in between, what the agent did reaches the broker and counts once.

use cuecard_protocol::ActionKind;
use proptest::prelude::*;

use crate::world::{World, happening, happening_or_reload};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_action_arrives_and_counts_once(
        happenings in prop::collection::vec(happening_or_reload(), 1..80),
    ) {
        let mut world = World::new();
        for happening in happenings {
            world.happen(happening);
        }
        world.settle();
        for card in &world.seen {
            let rendered = (card.clone(), ActionKind::Rendered, None);
            prop_assert!(world.broker.received.contains_key(&rendered), "{} was not reported", card);
        }
        for (card, snippet) in &world.adopted {
            let adopted = (card.clone(), ActionKind::Adopted, Some(snippet.clone()));
            prop_assert!(world.broker.received.contains_key(&adopted), "{} was not adopted", card);
        }
        for card in world.dismissed.iter().chain(&world.accepted).chain(&world.snoozed) {
            prop_assert!(!world.broker.live.contains_key(card), "{} is still live", card);
        }
        for card in &world.accepted {
            let accepted = (card.clone(), ActionKind::Accepted, None);
            prop_assert!(world.broker.received.contains_key(&accepted), "{} was not accepted", card);
            let dismissed = (card.clone(), ActionKind::Dismissed, None);
            prop_assert!(!world.broker.received.contains_key(&dismissed), "{} was decided twice", card);
        }
        for (action, count) in &world.broker.effective {
            prop_assert_eq!(*count, 1, "{:?}", action);
        }
        let stored = world.stored.unwrap_or_default();
        prop_assert_eq!(stored.outbox, []);
        prop_assert_eq!(stored.dismissals, []);
    }

    #[test]
    fn in_one_life_a_card_has_one_action_of_a_kind(
        happenings in prop::collection::vec(happening(), 1..80),
    ) {
        let mut world = World::new();
        for happening in happenings {
            world.happen(happening);
        }
        world.settle();
        for (action, ids) in &world.broker.received {
            prop_assert_eq!(ids.len(), 1, "{:?} was made twice", action);
        }
    }
}
