//! The button for cards that wait, and who is taken for a reader.

use cuecard_panel::{Event, View};
use gloo_timers::future::TimeoutFuture;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::support::{Stage, live, point, view};

fn waiting(waiting: usize, waiting_critical: usize) -> View {
    View {
        waiting,
        waiting_critical,
        ..view(vec![live("a", 0), live("b", 0)])
    }
}

#[wasm_bindgen_test]
async fn the_button_says_what_waits_and_is_gone_when_nothing_does() {
    let stage = Stage::new();
    stage.show(waiting(0, 0)).await;
    assert!(stage.one(".news").hidden());
    for (count, critical, text) in [
        (3, 0, "3 new"),
        (4, 1, "1 critical, 3 new"),
        (2, 2, "2 critical"),
    ] {
        stage.show(waiting(count, critical)).await;
        assert!(!stage.one(".news").hidden(), "{text}");
        assert_eq!(stage.says(".pill"), text);
        let is_coloured = stage.one(".pill").has_attribute("data-critical");
        assert_eq!(is_coloured, critical > 0, "{text}");
        assert_eq!(stage.says(".count"), (2 + count).to_string());
    }
    stage.one(".pill").click();
    stage.one(".pill").focus().expect("focus");
    stage.press("n");
    assert_eq!(stage.done(), [Event::ShowNew, Event::ShowNew]);
    stage.show(waiting(0, 0)).await;
    assert!(stage.one(".news").hidden());
}

#[wasm_bindgen_test]
async fn whoever_has_the_focus_in_the_list_reads() {
    let stage = Stage::new();
    stage.show(waiting(0, 0)).await;
    let reads = || {
        let events = stage.events.take().into_iter();
        let reads = events.filter(|event| matches!(event, Event::Reading(_)));
        reads.collect::<Vec<_>>()
    };
    let focus = async |selector: &str| {
        let element = stage.root.query_selector(selector).expect("a selector");
        let element: web_sys::HtmlElement =
            wasm_bindgen::JsCast::unchecked_into(element.expect("it is there"));
        element.focus().expect("focus");
        // Who leaves is asked again when the task is over.
        TimeoutFuture::new(0).await;
    };
    focus(".icon.keyboard").await;
    assert_eq!(reads(), []);
    focus("article").await;
    assert_eq!(reads(), [Event::Reading(true)]);
    focus("article + article").await;
    assert_eq!(reads(), [], "no need to say it again so soon");

    // The focused row leaves, and its neighbour takes the focus.
    stage.show(view(vec![live("a", 0)])).await;
    assert_eq!(stage.focused(), "a");
    assert_eq!(reads(), [], "it is read on");

    focus(".icon.keyboard").await;
    assert_eq!(reads(), [Event::Reading(false)]);
}

#[wasm_bindgen_test]
async fn rows_that_move_under_a_mouse_at_rest_are_no_sign_of_a_reader() {
    let stage = Stage::new();
    stage.show(waiting(0, 0)).await;
    let point = |kind: &str, x: i32| point(&stage.one("article + article"), kind, x);
    let reads = || stage.events.borrow().contains(&Event::Reading(true));
    point("pointerover", 7);
    assert!(!reads());
    point("pointermove", 7);
    assert!(reads(), "the mouse has come");
    point("pointerout", 7);
    TimeoutFuture::new(0).await;
    stage.events.take();
    for kind in ["pointerover", "pointermove"] {
        point(kind, 7);
        assert!(!reads(), "{kind}");
    }
    point("pointermove", 8);
    assert!(reads(), "it is moved");
}

#[wasm_bindgen_test]
async fn the_button_leaves_the_keyboard_in_the_list() {
    let stage = Stage::new();
    for (cards, focused) in [(vec![live("a", 0), live("b", 0)], "a"), (vec![], "feed")] {
        let now = View {
            waiting: 1,
            ..view(cards)
        };
        stage.show(now.clone()).await;
        stage.one(".pill").focus().expect("focus");
        stage.show(View { waiting: 0, ..now }).await;
        assert_eq!(stage.focused(), focused);
    }
}
