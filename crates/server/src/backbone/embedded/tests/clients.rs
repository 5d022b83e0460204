//! What one client's posts mean for others' cards, and for who holds a conversation.

use super::posts::{CLIENT, Desk, delivered, id, interaction, publish, suggestion};
use super::{START, agent, run};
use crate::backbone::Backbone as _;
use crate::backbone::publications::{
    Kind, Publication, Publications as _, Published, Stale, State,
};

fn stale(card: &str, client: &str) -> Stale {
    Stale {
        card: id(card),
        client: client.to_owned(),
    }
}

#[test]
fn a_client_s_revision_is_its_own_and_a_conversation_s_is_everybody_s() {
    run(async {
        let desk = Desk::new();
        let store = &desk.store;
        let at = |card, client: &str, revision| Publication {
            client: client.to_owned(),
            revision: Some(revision),
            ..suggestion(card, 1, START)
        };
        let state = async |card| {
            let status = store.status(CLIENT, &id(card)).await.unwrap();
            status.expect("a publication").state
        };
        desk.take(at("c1", CLIENT, 1)).await;
        desk.take(at("o9", "other", 9)).await;
        assert_eq!(state("c1").await, State::Queued);
        desk.take(at("c2", CLIENT, 2)).await;
        assert_eq!(state("c1").await, State::Stale);
        assert_eq!(
            publish(store, at("c3", CLIENT, 1)).await,
            Published::Stale(2)
        );
        let gone = [stale("c2", CLIENT), stale("o9", "other")];
        assert_eq!(store.advance(&interaction(1), 10).await.unwrap(), gone);
        assert_eq!(
            publish(store, at("o4", "other", 9)).await,
            Published::Stale(10)
        );
    });
}

#[test]
fn a_post_says_who_holds_a_conversation_only_if_nobody_is_known_or_its_key_may() {
    run(async {
        let desk = Desk::new();
        let store = &desk.store;
        let held = async || {
            let holder = store.holder(&interaction(1)).await.unwrap();
            holder.map(|agent| agent.to_string())
        };
        let to = |card, agent: usize| Publication {
            agent: super::agent(agent),
            kind: Kind::Prompt,
            relevance: None,
            ..suggestion(card, 1, START)
        };
        let for_whom = async |card| {
            let recipient = store.recipient(&id(card), &interaction(1)).await.unwrap();
            recipient.map(|agent| agent.to_string())
        };
        assert_eq!((held().await, for_whom("p1").await), (None, None));
        desk.take(to("p1", 0)).await;
        desk.take(to("p2", 1)).await;
        // What comes back of a post says no more than the post.
        let card = delivered(&to("p2", 1));
        store.append(&agent(1), card).await.unwrap();
        assert_eq!(held().await.as_deref(), Some("AGT-1"));
        assert_eq!(for_whom("p2").await.as_deref(), Some("AGT-2"));
        assert_eq!(for_whom("elsewhere").await.as_deref(), Some("AGT-1"));
        store.publish(to("p3", 1), None, true).await.unwrap();
        assert_eq!(held().await.as_deref(), Some("AGT-2"));
    });
}
