//! The panel in other languages than English: its texts, its numbers and dates, and where its lines begin.

use cuecard::shell::{Screen, Words};
use cuecard_panel::{Announcement, CardState, Event, Politeness, Status, Text};
use cuecard_protocol::{AlertLevel, CardBody, CardId, Millis};
use gloo_timers::future::TimeoutFuture;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::support::{OnPage, Stage, card, prompt, row, suggestion, task, until, view};

const CARDS: &str = "{0} card|{0} cards";

async fn words(language: &str) -> Words {
    let element = OnPage::new("div");
    element.0.set_attribute("lang", language).expect("set");
    Words::load(&element.0).await
}

#[wasm_bindgen_test]
async fn a_german_panel_is_german_throughout() {
    let stage = Stage::speaking("de").await;
    let alert = card("a", AlertLevel::Critical, "");
    let mut cards = vec![suggestion("s"), task("t"), prompt("p", true), row(alert)];
    cards[0].state = CardState::Undoable {
        until: cuecard::shell::now().plus(Millis(4_500)),
        reason: None,
    };
    let mut view = view(cards);
    view.tasks = 1;
    view.status = Status::Stopped {
        reason: Text::plain("Cards now come to another window of this panel."),
    };
    stage.show(view).await;
    for (selector, text) in [
        (".name", "Assistenz"),
        (".count", "3"),
        (".undo-text", "Verworfen: Content of s"),
        (".undo-time", "5 Sek."),
        (".task .content", "Nachbearbeitung erforderlich"),
        (".task .due", "Fällig übermorgen"),
        (".task .about", "Bewertung 2,5 · Interaktion INT-1"),
        (".prompt .fact", "Stufe 4"),
        (".critical .score", "Risiko 97\u{a0}%"),
        (".critical .age", "jetzt"),
        (
            ".notice[data-state='stopped'] p",
            "Es kommen keine Karten an. Die Karten erscheinen jetzt in einem anderen Fenster.Nichts geht verloren: \
             Verpasste Karten folgen.",
        ),
    ] {
        assert_eq!(stage.says(selector), text, "{selector}");
    }
    for (selector, name, text) in [
        (".panel", "lang", "de"),
        (".panel", "dir", "ltr"),
        (".count", "aria-label", "3 Karten"),
        (
            ".prompt",
            "aria-label",
            "Angeheftete Antworthilfe: 2 Textbausteine",
        ),
        (".task .fact", "data-full", "Hohe Priorität"),
        (".message", "placeholder", "Nachricht schreiben"),
        (".icon.search", "title", "Suchen ( / )"),
    ] {
        let value = stage.one(selector).get_attribute(name);
        assert_eq!(value.as_deref(), Some(text), "{selector} {name}");
    }
}

#[wasm_bindgen_test]
async fn what_the_server_gets_does_not_depend_on_the_language() {
    let stage = Stage::speaking("de").await;
    let mut dismissed = suggestion("s");
    dismissed.state = CardState::Undoable {
        until: cuecard::shell::now().plus(Millis(5_000)),
        reason: Some("Already done".into()),
    };
    stage.show(view(vec![dismissed])).await;
    let picked = stage.one(".chip.reason[aria-pressed='true']");
    assert_eq!(picked.text_content().as_deref(), Some("Bereits erledigt"));
    picked.click();
    stage.one(".icon.search").click();
    let kinds = stage.all(".chip.kind");
    assert_eq!(kinds[1].text_content().as_deref(), Some("Warnungen"));
    let card_id = CardId::parse("s").expect("an id");
    let reason = Some("Already done".to_owned());
    assert_eq!(stage.done(), [Event::Dismiss { card_id, reason }]);
}

#[wasm_bindgen_test]
async fn an_arabic_panel_begins_on_the_right_and_sets_its_parts_apart() {
    let stage = Stage::speaking("ar").await;
    let mut card = task("t");
    let mut due_tomorrow = (*card.card).clone();
    if let CardBody::Task(task) = &mut due_tomorrow.body {
        task.due_at = cuecard::shell::now().plus(Millis::from_secs(24 * 3_600));
    }
    card.card = due_tomorrow.into();
    stage.show(view(vec![card])).await;
    let panel = stage.one(".panel");
    assert_eq!(panel.get_attribute("dir").as_deref(), Some("rtl"));
    assert_eq!(panel.get_attribute("lang").as_deref(), Some("ar"));
    assert_eq!(stage.says(".interaction"), "التفاعل \u{2068}INT-1\u{2069}");
    assert_eq!(stage.says(".due"), "الاستحقاق \u{2068}غدًا\u{2069}");
}

#[wasm_bindgen_test]
async fn arabic_has_six_forms() {
    let words = words("ar").await;
    for (count, text) in [
        (0, "لا بطاقات".to_owned()),
        (1, "بطاقة واحدة".into()),
        (2, "بطاقتان".into()),
        (5, format!("\u{2068}{}\u{2069} بطاقات", words.quantity(5))),
        (11, format!("\u{2068}{}\u{2069} بطاقة", words.quantity(11))),
        (
            102,
            format!("\u{2068}{}\u{2069} بطاقة", words.quantity(102)),
        ),
    ] {
        assert_eq!(words.count(CARDS, count), text, "{count}");
    }
}

#[wasm_bindgen_test]
async fn what_the_core_says_is_told_with_its_parts() {
    let stage = Stage::speaking("fr").await;
    let screen = stage.screen.as_ref().expect("a screen");
    let snippets = Text::counted("{0} snippet|{0} snippets", 2, Vec::new());
    screen.announce(Announcement {
        politeness: Politeness::Polite,
        texts: vec![
            Text::plain("Connection restored."),
            Text::with("New prompt: {0}", vec![snippets]),
        ],
    });
    TimeoutFuture::new(5).await;
    assert_eq!(
        stage.says("[aria-live='polite']"),
        "Connexion rétablie. Nouvelle aide à la réponse\u{a0}: 2 extraits"
    );
}

#[wasm_bindgen_test]
async fn a_region_has_the_texts_of_its_language_and_its_own_numbers() {
    for (asked, tag, cards, number) in [
        ("de", "de", "2 Karten", "1.234,5"),
        ("de-AT", "de", "2 Karten", "1\u{a0}234,5"),
        ("DE-at", "de", "2 Karten", "1\u{a0}234,5"),
        ("de-Latn-AT", "de", "2 Karten", "1.234,5"),
        ("en-GB", "en", "2 cards", "1,234.5"),
        ("sv", "en", "2 cards", "1,234.5"),
        ("", "en", "2 cards", "1,234.5"),
        ("no language", "en", "2 cards", "1,234.5"),
        ("constructor", "en", "2 cards", "1,234.5"),
    ] {
        let words = words(asked).await;
        assert_eq!(words.tag(), tag, "{asked}");
        assert_eq!(words.count(CARDS, 2), cards, "{asked}");
        assert_eq!(words.number(1234.5), number, "{asked}");
    }
}

#[wasm_bindgen_test]
async fn a_part_that_runs_the_other_way_is_set_apart() {
    let words = words("en").await;
    for (part, text) in [
        ("Refund", "Dismiss Refund"),
        ("Zürich – 10 €", "Dismiss Zürich – 10 €"),
        ("طلب (1)", "Dismiss \u{2068}طلب (1)\u{2069}"),
        ("A שלום", "Dismiss \u{2068}A שלום\u{2069}"),
    ] {
        assert_eq!(words.fill("Dismiss {0}", &[part]), text);
    }
}

#[wasm_bindgen_test]
async fn the_element_takes_the_language_of_what_is_around_it() {
    cuecard::element::define();
    let outer = OnPage::new("div").attached();
    outer.0.set_attribute("lang", "es").expect("set");
    let panel = OnPage::new("cuecard-panel");
    panel.0.set_attribute("agent", "A-1").expect("set");
    outer.0.append_child(&panel.0).expect("appended");
    let named = |name: &str| {
        let root = panel.0.shadow_root().expect("an open root");
        let found = root.query_selector(".name").expect("a selector");
        found.and_then(|name| name.text_content()).as_deref() == Some(name)
    };
    until("it speaks Spanish", || named("Asistencia")).await;
    panel.0.set_attribute("lang", "fr").expect("set");
    until("it speaks French", || named("Assistance")).await;
    panel.0.set_attribute("lang", "en").expect("set");
    until("it speaks English", || named("Assist")).await;
}
