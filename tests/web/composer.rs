//! Writing: the customer sees it, whatever the field is and however the text gets there; snippets go where the cursor is.

use cuecard_protocol::{Card, CardBody, InteractionId, Seq, ServerMessage};
use gloo_timers::future::TimeoutFuture;
use js_sys::Function;
use serde_json::{Value, json};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{
    Element, EventInit, HtmlElement, HtmlInputElement, HtmlTextAreaElement, KeyboardEvent,
    KeyboardEventInit,
};

use crate::support::{
    OnPage, StoppedClock, all_typing, answer_typing, attach_composer, heard, held, listen_to,
    prompt, put_cursor, say, sent, set_context, take_inserts, undo, until,
};

/// A connected panel for the conversation INT-1.
async fn panel(attributes: &[&str]) -> OnPage {
    cuecard::element::define();
    let panel = OnPage::new("cuecard-panel");
    let set = |name: &str, value: &str| panel.0.set_attribute(name, value).expect("an attribute");
    set("agent", "A-1");
    set("interaction", "INT-1");
    for name in attributes {
        set(name, "");
    }
    listen_to(&panel.0);
    take_inserts(false);
    answer_typing(204);
    let panel = panel.attached();
    until("connected", || {
        find(&panel, ".state[data-state='connected']").is_some()
    })
    .await;
    all_typing();
    panel
}

fn find(panel: &OnPage, selector: &str) -> Option<HtmlElement> {
    let root = panel.0.shadow_root()?;
    root.query_selector(selector).ok()??.dyn_into().ok()
}

/// A field of the host: a tag, or `editable`.
fn field(kind: &str) -> OnPage {
    if kind != "editable" {
        return OnPage::new(kind).attached();
    }
    let field = OnPage::new("div");
    field
        .0
        .set_attribute("contenteditable", "true")
        .expect("an attribute");
    field.attached()
}

fn text(field: &Element) -> String {
    match field.tag_name().as_str() {
        "TEXTAREA" => field.unchecked_ref::<HtmlTextAreaElement>().value(),
        "INPUT" => field.unchecked_ref::<HtmlInputElement>().value(),
        _ => field.text_content().unwrap_or_default(),
    }
}

fn set_text(field: &Element, words: &str) {
    match field.tag_name().as_str() {
        "TEXTAREA" => field
            .unchecked_ref::<HtmlTextAreaElement>()
            .set_value(words),
        "INPUT" => field.unchecked_ref::<HtmlInputElement>().set_value(words),
        _ => field.set_text_content(Some(words)),
    }
}

fn raise(field: &Element, name: &str) {
    let init = EventInit::new();
    init.set_bubbles(true);
    let event = web_sys::Event::new_with_event_init_dict(name, &init).expect("an event");
    field.dispatch_event(&event).expect("heard");
}

fn write(field: &OnPage, words: &str) {
    set_text(&field.0, words);
    raise(&field.0, "input");
}

fn detach(detach: &Function) {
    detach.call0(&JsValue::NULL).expect("a function");
}

/// What was told since: typing or not, and the keystrokes.
async fn told(count: usize) -> Vec<(bool, u64)> {
    let mut calls = Vec::new();
    until("told", || {
        let more: Vec<Value> = serde_json::from_str(&all_typing()).expect("JSON");
        calls.extend(more);
        calls.len() >= count
    })
    .await;
    // And no more than that.
    TimeoutFuture::new(30).await;
    calls.extend(serde_json::from_str::<Vec<Value>>(&all_typing()).expect("JSON"));
    for call in &calls {
        assert_eq!(call["interaction_id"], "INT-1");
        assert_eq!(
            (&call["keepalive"], &call["life"]),
            (&json!(true), &json!(true))
        );
    }
    let read = |call: &Value| Some((call["typing"].as_bool()?, call["keystrokes"].as_u64()?));
    calls.iter().filter_map(read).collect()
}

fn give(seq: u64, card: &Card) {
    let card = card.clone();
    let seq = Seq(seq);
    say(&serde_json::to_string(&ServerMessage::Card { seq, card }).expect("JSON"));
}

/// Clicks in the row of that snippet.
async fn click(panel: &OnPage, card: &str, snippet: usize, button: &str) {
    let selector = format!("[data-card-id='{card}'] .snippet:nth-child({snippet}) button.{button}");
    until(&selector, || find(panel, &selector).is_some()).await;
    find(panel, &selector).expect("a button").click();
    TimeoutFuture::new(50).await;
}

#[wasm_bindgen_test]
async fn any_field_is_followed_and_every_way_out_of_it_is_the_end() {
    let panel = panel(&[]).await;
    let _clock = StoppedClock::now();
    for kind in ["textarea", "input", "editable"] {
        let field = field(kind);
        let leave = attach_composer(&panel.0, &field.0);
        write(&field, "H");
        assert_eq!(told(1).await, [(true, 1)], "{kind}");
        write(&field, "He");
        raise(&field.0, "blur");
        assert_eq!(told(1).await, [(false, 1)], "{kind} left");
        write(&field, "Hel");
        assert_eq!(told(1).await, [(true, 1)], "{kind} again");
        write(&field, "");
        assert_eq!(told(1).await, [(false, 0)], "{kind} emptied");
        write(&field, "x");
        assert_eq!(told(1).await, [(true, 1)], "{kind} once more");
        sent(&panel.0);
        assert_eq!(told(1).await, [(false, 0)], "{kind} sent");
        write(&field, "y");
        assert_eq!(told(1).await, [(true, 1)], "{kind} at last");
        detach(&leave);
        assert_eq!(told(1).await, [(false, 0)], "{kind} let go");
        write(&field, "yz");
        assert_eq!(told(0).await, [], "{kind} is the host's again");
    }
}

#[wasm_bindgen_test]
async fn a_field_that_the_host_clears_is_noticed() {
    let panel = panel(&[]).await;
    let _clock = StoppedClock::now();
    for kind in ["textarea", "editable"] {
        let field = field(kind);
        let leave = attach_composer(&panel.0, &field.0);
        write(&field, "Hello");
        assert_eq!(told(1).await, [(true, 1)]);
        TimeoutFuture::new(300).await;
        assert_eq!(told(0).await, [], "{kind}");
        set_text(&field.0, "");
        assert_eq!(told(1).await, [(false, 0)], "{kind}");
        detach(&leave);
    }
}

#[wasm_bindgen_test]
async fn input_methods_count_when_they_write() {
    let panel = panel(&[]).await;
    let _clock = StoppedClock::now();
    let field = field("textarea");
    attach_composer(&panel.0, &field.0);
    raise(&field.0, "compositionstart");
    assert_eq!(told(0).await, []);
    for words in ["n", "ni", "に"] {
        raise(&field.0, "compositionupdate");
        write(&field, words);
    }
    raise(&field.0, "compositionend");
    assert_eq!(told(1).await, [(true, 1)]);
    sent(&panel.0);
    assert_eq!(told(1).await, [(false, 2)]);
}

#[wasm_bindgen_test]
async fn a_broker_that_puts_off_is_called_when_it_said_so() {
    let panel = panel(&[]).await;
    let clock = StoppedClock::now();
    let field = field("textarea");
    attach_composer(&panel.0, &field.0);
    answer_typing(429);
    write(&field, "H");
    assert_eq!(told(1).await, [(true, 1)]);
    answer_typing(204);
    // Whoever pauses for two seconds is typing no more.
    for ms in [1_000, 999] {
        clock.pass(ms);
        write(&field, "He");
    }
    assert_eq!(told(0).await, [], "not within the two seconds");
    clock.pass(1);
    assert_eq!(told(1).await, [(true, 3)]);
    sent(&panel.0);
    assert_eq!(told(1).await, [(false, 0)]);
}

#[wasm_bindgen_test]
async fn a_panel_that_leaves_ends_it_and_follows_the_field_again_when_it_is_back() {
    TimeoutFuture::new(50).await;
    let before = held();
    let panel = panel(&[]).await;
    let _clock = StoppedClock::now();
    let field = field("textarea");
    attach_composer(&panel.0, &field.0);
    write(&field, "H");
    assert_eq!(told(1).await, [(true, 1)]);
    let place = panel.0.parent_element().expect("on the page");
    panel.0.remove();
    assert_eq!(told(1).await, [(false, 0)]);
    write(&field, "He");
    assert_eq!(told(0).await, []);
    assert_eq!(held(), before);
    place.append_child(&panel.0).expect("back");
    until("connected again", || {
        find(&panel, ".state[data-state='connected']").is_some()
    })
    .await;
    write(&field, "Hel");
    assert_eq!(told(1).await, [(true, 1)]);
    panel.0.set_attribute("interaction", "INT-2").expect("set");
    assert_eq!(told(1).await, [(false, 0)], "another conversation");
}

#[wasm_bindgen_test]
async fn snippets_go_where_the_cursor_is_one_behind_the_other_and_can_be_undone() {
    let panel = panel(&[]).await;
    give(1, &prompt("pc-1", true).card);
    for kind in ["textarea", "input", "editable"] {
        let field = field(kind);
        let leave = attach_composer(&panel.0, &field.0);
        write(&field, "<>");
        put_cursor(&field.0, 1);
        told(1).await;
        click(&panel, "pc-1", 1, "insert").await;
        assert_eq!(text(&field.0), "<Text of KB-1>", "{kind}");
        find(&panel, ".feed")
            .expect("the feed")
            .focus()
            .expect("focus");
        click(&panel, "pc-1", 2, "insert").await;
        assert_eq!(text(&field.0), "<Text of KB-1 Text of KB \"2\">", "{kind}");
        until("it was said so", || {
            find(&panel, "[data-handed='Inserted']").is_some()
        })
        .await;
        undo();
        undo();
        assert_eq!(text(&field.0), "<>", "{kind} undone");
        detach(&leave);
        told(1).await;
    }
}

#[wasm_bindgen_test]
async fn of_two_fields_the_one_that_was_used_last_takes_the_snippet() {
    let panel = panel(&[]).await;
    give(1, &prompt("pc-2", true).card);
    let (one, two) = (field("textarea"), field("textarea"));
    attach_composer(&panel.0, &one.0);
    let leave = attach_composer(&panel.0, &two.0);
    put_cursor(&one.0, 0);
    click(&panel, "pc-2", 1, "insert").await;
    assert_eq!(
        (text(&one.0), text(&two.0)),
        ("Text of KB-1".into(), String::new())
    );
    put_cursor(&two.0, 0);
    click(&panel, "pc-2", 2, "insert").await;
    assert_eq!(text(&two.0), "Text of KB \"2\"");
    detach(&leave);
    click(&panel, "pc-2", 2, "insert").await;
    assert_eq!(text(&one.0), "Text of KB-1 Text of KB \"2\"");
}

#[wasm_bindgen_test]
async fn a_field_that_the_host_took_off_the_page_takes_no_snippet() {
    let panel = panel(&[]).await;
    give(1, &prompt("pc-6", true).card);
    let (one, two) = (field("textarea"), field("textarea"));
    attach_composer(&panel.0, &one.0);
    // The host forgets to let go of it.
    attach_composer(&panel.0, &two.0);
    two.0.remove();
    click(&panel, "pc-6", 1, "insert").await;
    assert_eq!(text(&one.0), "Text of KB-1");
}

#[wasm_bindgen_test]
async fn a_field_that_takes_nothing_or_a_snippet_of_another_conversation_leaves_it_to_the_clipboard()
 {
    let panel = panel(&[]).await;
    let field = field("textarea");
    attach_composer(&panel.0, &field.0);
    let card = (*prompt("pc-3", true).card).clone();
    give(
        1,
        &Card {
            interaction_id: InteractionId::parse("INT-9").expect("an id"),
            ..card.clone()
        },
    );
    click(&panel, "pc-3", 1, "insert").await;
    assert_eq!(text(&field.0), "");
    let mut own = card;
    own.id = cuecard_protocol::CardId::parse("pc-4").expect("an id");
    give(2, &own);
    field.0.set_attribute("readonly", "").expect("set");
    click(&panel, "pc-4", 1, "insert").await;
    assert_eq!(text(&field.0), "");
    assert!(find(&panel, "[data-handed='Inserted']").is_none());
}

#[wasm_bindgen_test]
async fn the_panels_own_composer_sends_with_enter() {
    let panel = panel(&["composer"]).await;
    let _clock = StoppedClock::now();
    let message = find(&panel, ".message").expect("a field");
    message.focus().expect("focus");
    set_text(&message, "Hello");
    raise(&message, "input");
    assert_eq!(told(1).await, [(true, 1)]);
    until("it says that the customer sees it", || {
        find(&panel, ".typing:not([data-off])").is_some()
    })
    .await;
    let press = |shift: bool| {
        let init = KeyboardEventInit::new();
        init.set_key("Enter");
        init.set_shift_key(shift);
        init.set_bubbles(true);
        init.set_cancelable(true);
        let event = KeyboardEvent::new_with_keyboard_event_init_dict("keydown", &init);
        !message
            .dispatch_event(&event.expect("an event"))
            .expect("heard")
    };
    assert!(!press(true), "a new line");
    assert_eq!(text(&message), "Hello");
    assert!(press(false));
    assert_eq!(text(&message), "");
    assert_eq!(told(1).await, [(false, 0)]);
    let events: Value = serde_json::from_str(&heard()).expect("JSON");
    assert_eq!(
        events,
        json!([{"type": "cuecard:send", "bubbles": true, "composed": true, "cancelable": false,
            "detail": {"text": "Hello"}}])
    );
    assert!(press(false), "nothing is not sent");
    assert_eq!(told(0).await, []);
    until("it says so no more", || {
        find(&panel, ".typing[data-off]").is_some()
    })
    .await;
}

#[wasm_bindgen_test]
async fn variables_are_filled_from_the_context_and_asked_for_where_it_is_silent() {
    let panel = panel(&["composer"]).await;
    set_context(
        &panel.0,
        r#"{"Customer_Name": "Ada", "visits": 3, "order": null}"#,
    );
    let mut card = (*prompt("pc-5", true).card).clone();
    if let CardBody::Prompt(prompt) = &mut card.body {
        prompt.snippets[0].content = "{{customer_name}}, visit {{visits}}, order {{order}}".into();
    }
    give(1, &card);
    click(&panel, "pc-5", 1, "insert").await;
    until("it is asked for", || find(&panel, ".blank").is_some()).await;
    let message = find(&panel, ".message").expect("a field");
    assert_eq!(text(&message), "");
    let blank = find(&panel, ".blank").expect("a field");
    set_text(&blank, "A-7");
    click(&panel, "pc-5", 1, "insert").await;
    assert_eq!(text(&message), "Ada, visit 3, order A-7");
    until("nothing is asked any more", || {
        find(&panel, ".blank").is_none()
    })
    .await;
}
