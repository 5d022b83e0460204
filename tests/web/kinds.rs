//! Each kind of card says all that it knows, and its buttons reach the core.

use std::rc::Rc;

use cuecard_panel::{Event, Handed, Handover, Way};
use cuecard_protocol::{CardBody, CardId};
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::HtmlElement;

use crate::support::{Stage, prompt, suggestion, view};

fn id(id: &str) -> CardId {
    CardId::parse(id).expect("an id")
}

#[wasm_bindgen_test]
async fn a_suggestion_says_what_how_well_and_how_long() {
    let stage = Stage::new();
    stage.show(view(vec![suggestion("s1")])).await;
    let article = stage.one("article.suggestion[data-card-id='s1'][tabindex='0']");
    assert_eq!(
        article.get_attribute("aria-label").as_deref(),
        Some("Suggestion: Content of s1")
    );
    for (selector, words) in [
        (".badge", "Suggestion"),
        (".fact[data-full='High priority']", ""),
        (".left", "1 min left"),
        (".content", "Content of s1"),
        (".score", "Match 85%"),
        (".about", "model\u{a0}· Interaction INT-1"),
    ] {
        assert_eq!(stage.says(selector), words, "{selector}");
    }
    stage.one("button.accept").click();
    stage.one("button.dismiss").click();
    assert_eq!(
        stage.done(),
        [
            Event::Accept(id("s1")),
            Event::Dismiss {
                card_id: id("s1"),
                reason: None
            }
        ]
    );
}

#[wasm_bindgen_test]
async fn a_priority_of_another_name_is_shown_as_the_publisher_names_it() {
    let stage = Stage::new();
    let mut other = suggestion("s1");
    if let CardBody::Suggestion(suggestion) = &mut Rc::make_mut(&mut other.card).body {
        suggestion.priority = Some("P_1".into());
    }
    stage.show(view(vec![other])).await;
    stage.one(".fact[data-full='Priority: P_1'][data-short='P_1']");
}

#[wasm_bindgen_test]
async fn a_prompt_lists_its_snippets_with_their_keys() {
    let stage = Stage::new();
    let mut pinned = prompt("p1", true);
    pinned.adopted = vec!["KB-1".into()];
    stage.show(view(vec![pinned])).await;
    assert_eq!(
        stage
            .one("article.prompt.pinned")
            .get_attribute("aria-label")
            .as_deref(),
        Some("Pinned prompt: 2 snippets")
    );
    let words: Vec<_> = stage
        .all(".snippet")
        .iter()
        .map(|snippet| snippet.text_content().unwrap_or_default())
        .collect();
    assert_eq!(
        words,
        [
            "1Text of KB-1CRM\u{a0}· billing\u{a0}· vipInsert",
            "2Text of KB \"2\"CRM\u{a0}· billing\u{a0}· vipInsert"
        ]
    );
    assert_eq!(stage.says(".fact"), "Level 4");
    assert_eq!(stage.all(".snippet > [title='Copy']").len(), 2);
    assert_eq!(stage.all(".snippet[data-used]").len(), 1);

    let buttons = stage.all(".snippet:nth-child(2) > button");
    for button in buttons {
        wasm_bindgen::JsCast::unchecked_into::<HtmlElement>(button).click();
    }
    let take = |way| Event::Take {
        card_id: id("p1"),
        snippet_id: "KB \"2\"".into(),
        way,
        values: Vec::new(),
    };
    assert_eq!(stage.done(), [take(Way::Copy), take(Way::Insert)]);
}

#[wasm_bindgen_test]
async fn what_became_of_a_snippet_is_said_where_it_stands() {
    let stage = Stage::new();
    let cards = vec![prompt("p1", false), prompt("p2", false)];
    stage.show(view(cards.clone())).await;
    for (outcome, word, used) in [
        (Handover::Failed, "Could not copy", 0),
        (Handover::Copied, "Copied", 1),
        (Handover::Inserted, "Inserted", 1),
    ] {
        let mut handed = view(cards.clone());
        handed.handed = Some(Handed {
            card_id: id("p2"),
            snippet_id: "KB-1".into(),
            outcome,
        });
        stage.show(handed).await;
        let row = stage.one("[data-handed]");
        assert_eq!(row.get_attribute("data-handed").as_deref(), Some(word));
        assert!(row.matches("[data-card-id='p2'] *").expect("a selector"));
        assert_eq!(stage.all("[data-used]").len(), used, "{word}");
    }
    stage.show(view(cards)).await;
    assert_eq!(stage.all("[data-handed]").len(), 0);
    assert_eq!(stage.all("[data-used]").len(), 1);
}
