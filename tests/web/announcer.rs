//! Live regions are mounted empty and first; a text that is said again is heard again.

use cuecard::shell::Screen;
use cuecard_panel::{Announcement, Politeness, Text};
use gloo_timers::future::TimeoutFuture;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::support::Stage;

#[wasm_bindgen_test]
async fn both_regions_are_there_before_anything_is_said() {
    let stage = Stage::new();
    let (polite, assertive) = (
        stage.one("[aria-live='polite']"),
        stage.one("[aria-live='assertive']"),
    );
    assert_eq!(
        (
            polite.text_content().as_deref(),
            assertive.text_content().as_deref()
        ),
        (Some(""), Some(""))
    );

    let screen = stage.screen.as_ref().expect("a screen");
    let say = |politeness, text: &str| {
        screen.announce(Announcement {
            politeness,
            texts: vec![Text::literal(text.to_owned())],
        });
    };
    say(Politeness::Polite, "Two alerts");
    say(Politeness::Assertive, "Critical alert");
    TimeoutFuture::new(5).await;
    assert_eq!(polite.text_content().as_deref(), Some("Two alerts"));
    assert_eq!(assertive.text_content().as_deref(), Some("Critical alert"));
    assert!(
        stage.one("[aria-live='polite']") == polite,
        "the region was built anew"
    );

    say(Politeness::Polite, "Two alerts");
    TimeoutFuture::new(5).await;
    assert_eq!(polite.text_content().as_deref(), Some("Two alerts\u{a0}"));
}
