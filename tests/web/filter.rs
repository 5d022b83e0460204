//! Search and filter: out of sight until wanted, and what they hide is counted.

use cuecard_panel::{CardKind, Event, Filter};
use gloo_timers::future::TimeoutFuture;
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{HtmlElement, HtmlInputElement};

use crate::support::{Stage, suggestion, view, write};

#[wasm_bindgen_test]
async fn search_is_offered_once_there_is_something_to_search() {
    let stage = Stage::new();
    let few: Vec<_> = ["a", "b", "c"].map(suggestion).to_vec();
    stage.show(view(few.clone())).await;
    assert_eq!(stage.all("button.search[hidden], .find[hidden]").len(), 2);
    let many = few.into_iter().chain([suggestion("d")]).collect();
    stage.show(view(many)).await;
    let search = stage.one("button.search:not([hidden])");
    search.click();
    TimeoutFuture::new(5).await;
    assert_eq!(
        search.get_attribute("aria-expanded").as_deref(),
        Some("true")
    );
    assert_eq!(stage.focused(), "query");
}

#[wasm_bindgen_test]
async fn words_and_kinds_go_to_the_core_and_what_they_hide_is_counted() {
    let stage = Stage::new();
    stage.show(view(vec![suggestion("a")])).await;
    let input: HtmlInputElement = stage.one(".query").unchecked_into();
    write(&input, "plan");
    let query = Filter {
        query: "plan".into(),
        kind: None,
    };
    assert_eq!(stage.done(), [Event::Filter(query.clone())]);

    let mut filtered = view(vec![]);
    filtered.filter = query.clone();
    filtered.filtered = 3;
    stage.show(filtered).await;
    assert_eq!(
        stage.says(".filtered:not([hidden]) span"),
        "3 cards hidden by the filter"
    );
    assert_eq!(
        stage.says(".empty:not([hidden]) .empty-title"),
        "Nothing matches"
    );
    let prompts: HtmlElement = stage.all(".kinds .chip").remove(3).unchecked_into();
    prompts.click();
    stage.one("button[data-action='clear-filter']").click();
    let narrowed = Filter {
        kind: Some(CardKind::Prompt),
        ..query
    };
    assert_eq!(
        stage.done(),
        [
            Event::Filter(narrowed.clone()),
            Event::Filter(Filter::default())
        ]
    );
    assert_eq!(stage.focused(), "panel");

    let mut chosen = view(vec![]);
    chosen.filter = narrowed;
    stage.show(chosen).await;
    assert_eq!(
        stage
            .one(".kinds .chip[aria-pressed='true']")
            .text_content()
            .as_deref(),
        Some("Prompts")
    );
    stage.show(view(vec![])).await;
    assert_eq!(input.value(), "", "cleared");
}
