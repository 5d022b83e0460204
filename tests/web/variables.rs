//! What a snippet lacks is asked for in its row, by mouse and by keyboard.

use cuecard_panel::{Asking, CardView, Event, View, Way};
use cuecard_protocol::CardId;
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::HtmlInputElement;

use crate::support::{Stage, prompt, view};

fn asking(prompt: &CardView) -> View {
    let mut view = view(vec![prompt.clone()]);
    view.asking = Some(Asking {
        card_id: CardId::parse("p").expect("an id"),
        snippet_id: "KB-1".into(),
        way: Way::Copy,
        missing: vec!["customer_name".into(), "order".into()],
    });
    view
}

async fn stage() -> (Stage, CardView) {
    let stage = Stage::new();
    let prompt = prompt("p", true);
    stage.show(view(vec![prompt.clone()])).await;
    stage.press("ArrowDown");
    stage.show(asking(&prompt)).await;
    (stage, prompt)
}

fn write(stage: &Stage, index: usize, words: &str) {
    let blank = stage.all(".blank").remove(index);
    blank.unchecked_into::<HtmlInputElement>().set_value(words);
}

#[wasm_bindgen_test]
async fn enter_goes_from_one_to_the_next_and_then_takes_the_snippet() {
    let (stage, prompt) = stage().await;
    assert_eq!(stage.focused(), "blank");
    let labels: Vec<_> = stage
        .all(".blank")
        .iter()
        .filter_map(|blank| blank.get_attribute("aria-label"))
        .collect();
    assert_eq!(labels, ["customer name", "order"]);
    write(&stage, 0, " Ada ");
    assert!(stage.press("Enter"));
    let active = stage.root.active_element().expect("a field");
    assert_eq!(active.get_attribute("data-name").as_deref(), Some("order"));
    assert!(stage.press("Enter"), "it is empty still");
    assert!(!stage.press("1"), "a letter");
    assert_eq!(stage.done(), []);
    write(&stage, 1, "7");
    assert!(stage.press("Enter"));
    let values = [("customer_name", "Ada"), ("order", "7")];
    assert_eq!(
        stage.done(),
        [Event::Take {
            card_id: CardId::parse("p").expect("an id"),
            snippet_id: "KB-1".into(),
            way: Way::Copy,
            values: values
                .map(|(name, value)| (name.into(), value.into()))
                .to_vec(),
        }]
    );
    stage.show(view(vec![prompt])).await;
    assert_eq!(
        (stage.all(".blank").len(), stage.focused()),
        (0, "p".into())
    );
}

#[wasm_bindgen_test]
async fn escape_or_the_button_gives_up() {
    let (stage, _) = stage().await;
    assert!(stage.press("Escape"));
    stage.one("button.cancel").click();
    assert_eq!(stage.done(), [Event::StopAsking, Event::StopAsking]);
}

#[wasm_bindgen_test]
async fn what_is_typed_on_after_the_prompt_left_reaches_no_card() {
    let (stage, _) = stage().await;
    let others = ["o", "s"].map(|id| prompt(id, false));
    stage.show(view(others.to_vec())).await;
    assert_eq!(stage.focused(), "panel");
    for key in ["1", "2", "0", "Backspace", "Delete", "Enter", "s"] {
        assert!(!stage.press(key), "{key}");
    }
    assert_eq!(stage.done(), []);
}

#[wasm_bindgen_test]
async fn what_is_written_stays_while_the_screen_changes() {
    let (stage, prompt) = stage().await;
    write(&stage, 0, "Ada");
    let mut later = asking(&prompt);
    later.hidden = 3;
    stage.show(later).await;
    let first: HtmlInputElement = stage.all(".blank").remove(0).unchecked_into();
    assert_eq!(first.value(), "Ada");
}
