//! A task says what it is and does what it says; the view of tasks; what the host is offered.

use cuecard_panel::{Event, View};
use cuecard_protocol::{Card, CardBody, CardId, InteractionId, Millis, Seq, ServerMessage};
use gloo_timers::future::TimeoutFuture;
use serde_json::{Value, json};
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::HtmlElement;

use crate::support::{
    OnPage, Stage, all_opened, heard, listen_to, prompt, say, suggestion, take_inserts, task,
    until, view,
};

fn id(id: &str) -> CardId {
    CardId::parse(id).expect("an id")
}

fn accept(card: &str) -> Event {
    Event::Accept(id(card))
}

#[wasm_bindgen_test]
async fn a_task_says_what_until_when_and_for_which_conversation() {
    let stage = Stage::new();
    let mut overdue = task("t2");
    let mut card: Card = (*overdue.card).clone();
    if let CardBody::Task(task) = &mut card.body {
        task.due_at = cuecard::shell::now();
        task.score = None;
    }
    overdue.card = card.into();
    stage.show(view(vec![task("t1"), overdue])).await;
    for (selector, words) in [
        ("[data-card-id='t1'] .badge", "Task"),
        ("[data-card-id='t1'] .fact[data-full='High priority']", ""),
        (
            "[data-card-id='t1'] .due:not([data-overdue])",
            "Due in 2 days",
        ),
        ("[data-card-id='t1'] .content", "Follow-up required"),
        (
            "[data-card-id='t1'] .about",
            "Score 2.5 · Interaction INT-1",
        ),
        ("[data-card-id='t2'] .due[data-overdue]", "Overdue"),
        ("[data-card-id='t2'] .about", "Interaction INT-1"),
    ] {
        assert_eq!(stage.says(selector), words, "{selector}");
    }
    stage.one("[data-card-id='t1'] button.accept").click();
    stage.one("[data-card-id='t1'] button.interaction").click();
    assert_eq!(stage.done(), [accept("t1"), Event::OpenTask(id("t1"))]);
}

#[wasm_bindgen_test]
async fn a_task_is_put_off_by_keys_alone() {
    let stage = Stage::new();
    stage.show(view(vec![task("t1")])).await;
    stage.press("ArrowDown");
    assert!(stage.press("s"));
    assert_eq!(stage.focused(), "chip until");
    let choices = stage.all(".until");
    let at = |index: usize| -> u64 {
        let at = choices[index].get_attribute("data-back").expect("a time");
        at.parse().expect("a number")
    };
    assert!((2..=4).contains(&choices.len()));
    assert!((1..choices.len()).all(|index| at(index - 1) < at(index)));
    assert!(stage.press("Escape"));
    assert_eq!(
        (stage.focused(), stage.all(".until").len()),
        ("t1".into(), 0)
    );

    stage.press("s");
    let before = cuecard::shell::now();
    stage.one(".until:first-child").click();
    let done = stage.done();
    let [Event::Snooze { card_id, until }] = &done[..] else {
        panic!("one snooze: {done:?}");
    };
    assert_eq!(card_id, &id("t1"));
    // The choice was made a moment before it was picked.
    let hour = before.plus(Millis::from_secs(3_600));
    assert!(hour.since(*until) < Millis(1_000) && until.since(hour) < Millis(1_000));
}

#[wasm_bindgen_test]
async fn no_choice_lies_beyond_the_end_of_the_card() {
    let stage = Stage::new();
    let mut short = task("t1");
    let mut card: Card = (*short.card).clone();
    card.expires_at = cuecard::shell::now().plus(Millis::from_secs(3_000));
    short.card = card.into();
    stage.show(view(vec![short])).await;
    stage.one(".snooze").click();
    assert_eq!(stage.all(".until").len(), 0);
}

#[wasm_bindgen_test]
async fn the_switch_is_there_when_there_are_tasks() {
    let stage = Stage::new();
    let with = |tasks, shows_tasks| View {
        tasks,
        shows_tasks,
        ..view(vec![suggestion("a")])
    };
    stage.show(with(0, false)).await;
    assert_eq!(stage.all(".switch[hidden]").len(), 1);
    assert!(!stage.press("t"));
    stage.show(with(2, false)).await;
    assert_eq!(stage.all(".switch[hidden]").len(), 0);
    stage
        .one(".tab.tasks[data-count='2'][aria-pressed='false']")
        .click();
    assert!(stage.press("t"));
    stage.show(with(2, true)).await;
    stage.one(".tab.cards[aria-pressed='false']").click();
    assert!(stage.press("t"));
    assert_eq!(
        stage.done(),
        [true, true, false, false].map(Event::ShowTasks)
    );
}

#[wasm_bindgen_test]
async fn a_key_that_is_held_down_decides_once_and_still_moves() {
    let stage = Stage::new();
    stage.show(view(["a", "b", "c"].map(task).to_vec())).await;
    stage.press("ArrowDown");
    stage.press("Enter");
    assert_eq!(stage.done(), [accept("a")]);
    assert!(stage.hold("Enter"), "nor a button");
    for key in ["Delete", "s", "t", "1"] {
        assert!(!stage.hold(key), "{key}");
    }
    assert_eq!((stage.done(), stage.focused()), (vec![], "b".into()));
    assert!(stage.hold("ArrowDown"));
    assert_eq!(stage.focused(), "c");
}

#[wasm_bindgen_test]
async fn zero_is_the_tenth_snippet() {
    let stage = Stage::new();
    let mut ten = prompt("p", false);
    let mut card: Card = (*ten.card).clone();
    if let CardBody::Prompt(prompt) = &mut card.body {
        let snippet = prompt.snippets[0].clone();
        prompt.snippets = (1..=10)
            .map(|n| {
                let mut snippet = snippet.clone();
                snippet.id = format!("KB-{n}");
                snippet.source = "KNOWLEDGE_BASE".into();
                snippet
            })
            .collect();
    }
    ten.card = card.into();
    stage.show(view(vec![ten])).await;
    assert_eq!(stage.says(".snippet:last-child .key"), "0");
    assert_eq!(
        stage.says(".snippet:last-child .tags"),
        "Knowledge base\u{a0}· billing\u{a0}· vip"
    );
    stage.press("ArrowDown");
    assert!(stage.press("0"));
    let done = stage.done();
    assert!(
        matches!(&done[..], [Event::Take { snippet_id, .. }] if snippet_id == "KB-10"),
        "{done:?}"
    );
}

fn find(panel: &OnPage, selector: &str) -> Option<HtmlElement> {
    let root = panel.0.shadow_root()?;
    root.query_selector(selector).ok()??.dyn_into().ok()
}

/// Opens the conversation of a task in a panel with this template; what the host heard, and what was opened.
async fn open(template: Option<&str>, interaction: &str, is_taken: bool) -> (Value, Value) {
    cuecard::element::define();
    let panel = OnPage::new("cuecard-panel");
    panel.0.set_attribute("agent", "A-1").expect("an attribute");
    if let Some(template) = template {
        panel
            .0
            .set_attribute("interaction-url", template)
            .expect("an attribute");
    }
    listen_to(&panel.0);
    take_inserts(is_taken);
    let panel = panel.attached();
    until("connected", || {
        find(&panel, ".state[data-state='connected']").is_some()
    })
    .await;
    let card = Card {
        interaction_id: InteractionId::parse(interaction).expect("an id"),
        ..(*task("task-1").card).clone()
    };
    let message = ServerMessage::Card { seq: Seq(1), card };
    say(&serde_json::to_string(&message).expect("JSON"));
    until("the card", || find(&panel, "button.interaction").is_some()).await;
    find(&panel, "button.interaction").expect("a link").click();
    TimeoutFuture::new(5).await;
    let read = |text: String| serde_json::from_str(&text).expect("JSON");
    (read(heard()), read(all_opened()))
}

#[wasm_bindgen_test]
async fn the_host_is_offered_the_conversation_and_its_address_is_opened_if_it_does_not_take_it() {
    let template = Some("https://desk.example/i/{id}?tab=1");
    let (heard, opened) = open(template, "INT/../x-y\u{e9}", false).await;
    assert_eq!(
        heard,
        json!([{"type": "cuecard:task", "bubbles": true, "composed": true, "cancelable": true, "detail": {
            "card_id": "task-1", "task_id": "T-task-1", "interaction_id": "INT/../x-y\u{e9}"}}])
    );
    assert_eq!(
        opened,
        json!([[
            "https://desk.example/i/INT%2F..%2Fx-y%C3%A9?tab=1",
            "_blank",
            "noopener"
        ]])
    );
    for (template, interaction, is_taken) in [
        (template, "INT-1", true),
        (template, "..", false),
        (Some("javascript:alert('{id}')"), "INT-1", false),
        (Some("http://desk.example/{id}"), "INT-1", false),
        (None, "INT-1", false),
    ] {
        let (heard, opened) = open(template, interaction, is_taken).await;
        assert_eq!(heard.as_array().map(Vec::len), Some(1), "{template:?}");
        assert_eq!(opened, json!([]), "{template:?} {interaction}");
    }
}
