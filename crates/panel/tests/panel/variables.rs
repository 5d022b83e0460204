//! Snippets with variables: filled from what is known, asked for where it is not, never handed over unfilled.

use cuecard_panel::{Asking, Effect, Event, HandOver, Way};
use cuecard_protocol::InteractionId;

use crate::desk::{Desk, came, id, polite, prompt};

const GREETING: &str = "Hello {{Customer_Name}}, order {{order}} in {{interaction}}. {{agent}}";

/// A panel that shows one prompt for the conversation `p`.
fn desk() -> Desk {
    let mut desk = Desk::connected();
    let card = prompt("p", &[("KB-1", GREETING)], true, desk.server_now());
    desk.check_say(&came(1, card), &[polite("New prompt: 1 snippet")]);
    desk
}

fn take(values: &[(&str, &str)]) -> Event {
    Event::Take {
        card_id: id("p"),
        snippet_id: "KB-1".into(),
        way: Way::Insert,
        values: pairs(values),
    }
}

fn pairs(values: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    values.iter().map(owned).collect()
}

fn offer(text: &str, fits_composer: bool) -> Effect {
    Effect::HandOver(HandOver {
        way: Way::Insert,
        card_id: id("p"),
        interaction_id: InteractionId::parse("p").unwrap(),
        snippet_id: "KB-1".into(),
        text: text.into(),
        fits_composer,
    })
}

impl Desk {
    fn missing(&self) -> Option<Vec<String>> {
        let asking: Option<Asking> = self.panel.view(self.now).asking;
        asking.map(|asking| asking.missing)
    }
}

#[test]
fn what_is_missing_is_asked_for_and_then_handed_over() {
    let mut desk = desk();
    desk.step(Event::Context(pairs(&[("order", ""), ("AGENT", "Bo")])));
    let before = desk.panel.revision();
    desk.check(take(&[]), &[]);
    assert!(desk.panel.revision() > before);
    assert_eq!(
        desk.missing(),
        Some(vec!["Customer_Name".into(), "order".into()])
    );
    desk.check(take(&[("Customer_Name", "Ada")]), &[]);
    assert_eq!(desk.missing(), Some(vec!["order".into()]));
    desk.check(
        take(&[("customer_name", "Ada"), ("order", "7")]),
        &[offer("Hello Ada, order 7 in p. Bo", true)],
    );
    assert_eq!(desk.missing(), None);
}

#[test]
fn the_agent_may_think_better_of_it() {
    let mut desk = desk();
    desk.check(take(&[]), &[]);
    desk.check(Event::StopAsking, &[]);
    assert_eq!(desk.missing(), None);
    desk.check(take(&[]), &[]);
    desk.step(Event::VisibilityChanged { visible: false });
    assert!(desk.missing().is_some());
    desk.sleep(3_600_000);
    desk.step(Event::DeadlineReached);
    assert_eq!(desk.missing(), None, "the card has left");
}

#[test]
fn what_the_host_knows_of_one_conversation_is_not_told_in_another() {
    let context = Event::Context(pairs(&[("customer_name", "Ada"), ("order", "7")]));
    let mut desk = desk();
    desk.step(context.clone());
    desk.step(Event::Shows(InteractionId::parse("other").ok()));
    desk.check(take(&[]), &[]);
    assert_eq!(
        desk.missing(),
        Some(vec!["Customer_Name".into(), "order".into()])
    );
    // Nor is it written to that customer by itself.
    desk.check(
        take(&[("customer_name", "Eve"), ("order", "8")]),
        &[offer("Hello Eve, order 8 in p. agent-1", false)],
    );
    desk.step(Event::Shows(InteractionId::parse("p").ok()));
    desk.step(context);
    desk.check(
        take(&[]),
        &[offer("Hello Ada, order 7 in p. agent-1", true)],
    );
}

#[test]
fn what_the_host_knew_of_the_conversation_before_is_forgotten() {
    let mut desk = desk();
    desk.step(Event::Context(pairs(&[
        ("customer_name", "Ada"),
        ("order", "7"),
    ])));
    for shown in ["other", "other", "p"] {
        desk.step(Event::Shows(InteractionId::parse(shown).ok()));
    }
    desk.check(take(&[]), &[]);
    let unknown = ["Customer_Name", "order"].map(String::from);
    assert_eq!(
        desk.missing(),
        Some(unknown.to_vec()),
        "the desk shows p, and knows nothing of it yet"
    );
}
