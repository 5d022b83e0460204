//! What a host may set, call and hear on the element, apart from decisions.

use cuecard_protocol::{AlertLevel, Card, Seq, ServerMessage};
use serde_json::{Value, json};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::support::{
    OnPage, all_requests, call, card, hang_up, heard, held, listen_to_news, prompt, property, say,
    set_property, suggestion, unknown, until,
};

fn panel() -> OnPage {
    cuecard::element::define();
    let panel = OnPage::new("cuecard-panel");
    panel.0.set_attribute("agent", "A-1").expect("an attribute");
    panel
}

fn shows(panel: &OnPage, selector: &str) -> bool {
    let root = panel.0.shadow_root().expect("an open shadow root");
    root.query_selector(selector)
        .is_ok_and(|found| found.is_some())
}

async fn connected(panel: OnPage) -> OnPage {
    let panel = panel.attached();
    until("connected", || {
        shows(&panel, ".state[data-state='connected']")
    })
    .await;
    panel
}

fn came(seq: u64, card: &Card) {
    let (seq, card) = (Seq(seq), card.clone());
    say(&serde_json::to_string(&ServerMessage::Card { seq, card }).expect("JSON"));
}

/// What was heard: names with details.
fn events() -> Vec<(String, Value)> {
    let events: Vec<Value> = serde_json::from_str(&heard()).expect("JSON");
    let check = |event: &Value| {
        assert_eq!(event["bubbles"], true);
        assert_eq!(event["composed"], true);
        assert_eq!(event["cancelable"], false);
        let name = event["type"].as_str().expect("a name").to_owned();
        (name, event["detail"].clone())
    };
    events.iter().map(check).collect()
}

fn status(word: &str, reason: Option<&str>) -> (String, Value) {
    let detail = json!({"status": word, "reason": reason});
    ("cuecard:status".into(), detail)
}

/// The id of the card that has the keyboard.
fn focused(panel: &OnPage) -> Option<String> {
    let root = panel.0.shadow_root()?;
    root.active_element()?.get_attribute("data-card-id")
}

#[wasm_bindgen_test]
fn attributes_are_properties_and_the_other_way_round() {
    let panel = panel();
    assert_eq!(property(&panel.0, "agent"), r#""A-1""#);
    for (name, attribute, value) in [
        ("broker", "broker", "https://cards.example.com"),
        ("density", "density", "compact"),
        ("interaction", "interaction", "INT-1"),
        ("interactionUrl", "interaction-url", "https://desk/{id}"),
        ("lang", "lang", "de"),
        ("theme", "theme", "dark"),
    ] {
        let quoted = format!("{value:?}");
        set_property(&panel.0, name, &quoted);
        assert_eq!(panel.0.get_attribute(attribute).as_deref(), Some(value));
        assert_eq!(property(&panel.0, name), quoted);
        if name != "lang" {
            set_property(&panel.0, name, "null");
            assert!(!panel.0.has_attribute(attribute), "{name}");
            assert_eq!(property(&panel.0, name), "null");
        }
    }
    for (value, has) in [
        ("true", true),
        ("false", false),
        (r#""""#, true),
        ("null", false),
    ] {
        set_property(&panel.0, "composer", value);
        assert_eq!(panel.0.has_attribute("composer"), has, "{value}");
        assert_eq!(property(&panel.0, "composer"), has.to_string());
    }
}

#[wasm_bindgen_test]
async fn properties_count_that_were_set_before_the_element_was_known() {
    cuecard::element::define();
    let panel = OnPage(unknown(
        r#"{"agent": "A-7", "theme": "dark", "composer": true, "interactionUrl": "https://desk/{id}"}"#,
    ));
    assert!(!panel.0.has_attribute("agent"));
    let panel = connected(panel).await;
    assert_eq!(panel.0.get_attribute("theme").as_deref(), Some("dark"));
    assert_eq!(
        property(&panel.0, "interactionUrl"),
        r#""https://desk/{id}""#
    );
    assert!(shows(&panel, ".composer"), "a composer of its own");
    assert!(all_requests().contains(r#"{\"agent_id\":\"A-7\"}"#));
    // They are the element's own again.
    set_property(&panel.0, "theme", r#""light""#);
    assert_eq!(panel.0.get_attribute("theme").as_deref(), Some("light"));
}

#[wasm_bindgen_test]
async fn the_host_hears_of_cards_once_and_of_the_status() {
    let panel = panel();
    listen_to_news(&panel.0);
    let panel = connected(panel).await;
    assert_eq!(
        events(),
        [status("connecting", None), status("connected", None)]
    );
    listen_to_news(&panel.0);
    let alert = card("api-1", AlertLevel::Critical, "");
    came(1, &alert);
    came(1, &alert);
    came(2, &suggestion("api-2").card);
    came(3, &prompt("api-3", true).card);
    let of = |id, kind, priority| {
        let detail =
            json!({"card_id": id, "interaction_id": "INT-1", "kind": kind, "priority": priority});
        // Two listen by now.
        let event = ("cuecard:card".to_owned(), detail);
        [event.clone(), event]
    };
    let expected = [
        of("api-1", "alert", "critical"),
        of("api-2", "suggestion", "normal"),
        of("api-3", "prompt", "pinned"),
    ];
    assert_eq!(events(), expected.concat());
}

#[wasm_bindgen_test]
async fn a_stop_is_heard_and_the_host_can_end_it() {
    let before = held();
    let panel = connected(panel()).await;
    listen_to_news(&panel.0);
    hang_up(4409);
    let reason = "Cards now come to another window of this panel.";
    let error = json!({"code": "replaced", "message": reason, "card_id": null});
    assert_eq!(
        events(),
        [
            status("stopped", Some(reason)),
            ("cuecard:error".into(), error)
        ]
    );
    call(&panel.0, "reconnect");
    until("connected again", || {
        events().last() == Some(&status("connected", None))
    })
    .await;
    drop(panel);
    until("all is let go", || held() == before).await;
}

#[wasm_bindgen_test]
async fn the_keyboard_goes_to_the_first_card_or_to_the_list() {
    let panel = panel();
    // There is nothing yet to call or to focus.
    call(&panel.0, "focusPanel");
    call(&panel.0, "reconnect");
    let panel = connected(panel).await;
    call(&panel.0, "focusPanel");
    let root = panel.0.shadow_root().expect("an open shadow root");
    let active = root.active_element().expect("something has the keyboard");
    assert_eq!(active.class_name(), "feed");
    came(1, &card("api-4", AlertLevel::High, ""));
    came(2, &card("api-5", AlertLevel::Critical, ""));
    until("the cards", || {
        shows(&panel, "article[data-card-id='api-5']")
    })
    .await;
    call(&panel.0, "focusPanel");
    assert_eq!(focused(&panel).as_deref(), Some("api-5"));
}

#[wasm_bindgen_test]
async fn two_panels_have_their_own_events_and_the_keyboard_goes_to_the_one_that_is_asked() {
    let one = panel();
    listen_to_news(&one.0);
    let one = connected(one).await;
    let two = panel();
    two.0.set_attribute("agent", "A-2").expect("an attribute");
    let two = connected(two).await;
    // The newest socket is that of the second.
    came(1, &card("api-6", AlertLevel::High, ""));
    until("the card", || shows(&two, "article[data-card-id='api-6']")).await;
    assert!(events().iter().all(|(name, _)| name != "cuecard:card"));
    call(&two.0, "focusPanel");
    assert_eq!(focused(&two).as_deref(), Some("api-6"));
    call(&one.0, "focusPanel");
    assert_eq!(focused(&two), None);
    assert!(
        one.0
            .shadow_root()
            .expect("open")
            .active_element()
            .is_some()
    );
}
