//! The ordered cards against a plain list that is sorted and searched from scratch each time.

use cuecard_protocol::InteractionId;
use cuecard_protocol::card::{Alert, AlertLevel, CardBody};
use cuecard_protocol::order::feed_order;
use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Operation {
    Insert(Card),
    Remove(CardId),
    Expire(Millis),
}

fn card(n: u32, interaction: u32, is_critical: bool, received_at: u64, life: u64) -> Card {
    Card {
        id: CardId::parse(format!("c{n}")).unwrap(),
        interaction_id: InteractionId::parse(format!("i{interaction}")).unwrap(),
        published_at: Millis(received_at),
        received_at: Millis(received_at),
        expires_at: Millis(received_at + life),
        body: CardBody::Alert(Alert {
            level: if is_critical {
                AlertLevel::Critical
            } else {
                AlertLevel::High
            },
            title: String::new(),
            score: None,
            html: String::new(),
        }),
    }
}

/// Few ids, slots and times, so that they meet often.
fn operation(ids: u32, slots: u32) -> impl Strategy<Value = Operation> {
    prop_oneof![
        12 => (0..ids, 0..slots, any::<bool>(), 0_u64..50, 0_u64..100)
            .prop_map(|(n, i, critical, at, life)| Operation::Insert(card(n, i, critical, at, life))),
        2 => (0..ids).prop_map(|n| Operation::Remove(card(n, 0, true, 0, 0).id)),
        1 => (0_u64..150).prop_map(|now| Operation::Expire(Millis(now))),
    ]
}

/// The ids that must be kept, whatever the places are.
#[derive(Default)]
struct Model(Vec<Card>);

impl Model {
    fn apply(&mut self, operation: &Operation) {
        match operation {
            Operation::Insert(card) => {
                self.0
                    .retain(|old| old.id != card.id && old.slot() != card.slot());
                self.0.push(card.clone());
            }
            Operation::Remove(id) => self.0.retain(|old| old.id != *id),
            Operation::Expire(now) => self.0.retain(|old| !old.is_expired(*now)),
        }
    }
}

fn apply(cards: &mut OrderedCards, operation: Operation, serial: u64) -> Option<Inserted> {
    match operation {
        Operation::Insert(card) => return Some(cards.insert(card, serial, None)),
        Operation::Remove(id) => drop(cards.remove(&id)),
        Operation::Expire(now) => while cards.pop_expired(now).is_some() {},
    }
    None
}

proptest! {
    #[test]
    fn keeps_what_a_plain_list_keeps(
        operations in prop::collection::vec(operation(20, 12), 1..80),
    ) {
        let mut cards = OrderedCards::default();
        let mut model = Model::default();
        for (serial, operation) in (0..).zip(operations) {
            model.apply(&operation);
            apply(&mut cards, operation, serial);

            let mut kept: Vec<Card> = cards.iter().map(|kept| (*kept.card).clone()).collect();
            prop_assert!(kept.is_sorted_by_key(|card| Reverse(Rank::of(card))));
            kept.sort_by(|a, b| a.id.cmp(&b.id));
            let mut expected = model.0.clone();
            expected.sort_by(|a, b| a.id.cmp(&b.id));
            prop_assert_eq!(kept, expected);
            prop_assert_eq!(cards.next_end(), model.0.iter().map(|card| card.expires_at).min());
        }
    }

    #[test]
    fn without_replacements_the_order_is_that_of_the_protocol_and_the_last_leaves(
        cards in prop::collection::vec((any::<bool>(), 0_u64..50), 1..260),
    ) {
        let mut ordered = OrderedCards::default();
        let mut model: Vec<Card> = Vec::new();
        for (n, (is_critical, received_at)) in (0_u32..).zip(cards) {
            let card = card(n, n, is_critical, received_at, 100);
            model.push(card.clone());
            model.sort_by(feed_order);
            let one_too_many = (model.len() > MAX_CARDS).then(|| model.pop()).flatten();
            let inserted = ordered.insert(card.clone(), u64::from(n), None);
            let evicted = inserted.evicted.map(|gone| gone.id.clone());
            prop_assert_eq!(inserted.card.is_none(), evicted.as_ref() == Some(&card.id));
            prop_assert_eq!(evicted, one_too_many.map(|gone| gone.id));
        }
        let kept: Vec<Card> = ordered.iter().map(|kept| (*kept.card).clone()).collect();
        prop_assert_eq!(kept, model);
    }

    #[test]
    fn a_replacement_keeps_its_place_and_an_equal_card_is_the_same_one(
        others in prop::collection::vec((any::<bool>(), 0_u64..50), 0..20),
        first_at in 0_u64..50,
        second_at in 0_u64..50,
    ) {
        let mut ordered = OrderedCards::default();
        for (n, (is_critical, received_at)) in (10_u32..).zip(others) {
            ordered.insert(card(n, n, is_critical, received_at, 100), u64::from(n), None);
        }
        let first = card(1, 1, false, first_at, 100);
        let second = card(2, 1, false, second_at, 100);
        ordered.insert(first.clone(), 1, None);
        let index = |ordered: &OrderedCards, id: &CardId| {
            ordered.iter().position(|kept| kept.card.id == *id)
        };
        let before = index(&ordered, &first.id);
        let inserted = ordered.insert(second.clone(), 2, None);
        prop_assert_eq!(inserted.replaced.map(|old| old.id.clone()), Some(first.id));
        prop_assert_eq!(index(&ordered, &second.id), before);
        let kept = ordered.get(&second.id).unwrap().card.clone();
        let again = ordered.insert(second, 3, None).card;
        prop_assert!(again.is_some_and(|again| Rc::ptr_eq(&again, &kept)));
    }
}

#[test]
fn a_replaced_card_that_had_been_seen_has_to_be_seen_anew() {
    let mut ordered = OrderedCards::default();
    let (first, second) = (card(1, 1, false, 0, 9), card(2, 1, false, 0, 9));
    ordered.insert(first.clone(), 1, None);
    assert!(ordered.mark_seen(&first.id).is_some());
    assert!(ordered.mark_seen(&first.id).is_none());
    ordered.insert(second.clone(), 2, None);
    assert!(ordered.mark_seen(&first.id).is_none());
    assert!(ordered.mark_seen(&second.id).is_some());
}
