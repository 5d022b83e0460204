//! Hostile markup, through both sanitisers: whatever goes in, only what the protocol allows comes out.

use cuecard::shell::sanitize::Cleaner;
use cuecard_protocol::html::{ATTRIBUTES, ELEMENTS, GLOBAL_ATTRIBUTES, LINK_REL, is_allowed_link};
use gloo_timers::future::TimeoutFuture;
use serde_json::Value;
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::Element;

use crate::support::{OnPage, document, ran};

const CORPORA: [(&str, &str); 4] = [
    (
        "ammonia-tests",
        include_str!("../../e2e/corpora/ammonia-tests.json"),
    ),
    (
        "bleach-data",
        include_str!("../../e2e/corpora/bleach-data.json"),
    ),
    (
        "dompurify-expect",
        include_str!("../../e2e/corpora/dompurify-expect.json"),
    ),
    (
        "owasp-xss-filter-evasion",
        include_str!("../../e2e/corpora/owasp-xss-filter-evasion.json"),
    ),
];

fn native() -> Cleaner {
    Cleaner::native().expect("this browser has Element.setHTML")
}

fn clean(cleaner: &Cleaner, html: &str) -> OnPage {
    let target = OnPage::new("div").attached();
    cleaner.render(html, &target.0);
    target
}

fn descendants(root: &Element) -> Vec<Element> {
    let list = root.query_selector_all("*").expect("a list");
    (0..list.length())
        .map(|index| list.get(index).expect("an element").unchecked_into())
        .collect()
}

fn check_inert(root: &Element, name: &str, has_images: bool) {
    for element in descendants(root) {
        let tag = element.local_name();
        assert!(
            ELEMENTS.contains(&tag.as_str()) || (has_images && tag == "img"),
            "{name}: <{tag}> stayed"
        );
        assert_eq!(
            element.namespace_uri().as_deref(),
            Some("http://www.w3.org/1999/xhtml"),
            "{name}"
        );
        for attribute in element
            .get_attribute_names()
            .iter()
            .filter_map(|name| name.as_string())
        {
            let value = element.get_attribute(&attribute).unwrap_or_default();
            let is_ours = match attribute.as_str() {
                "href" => tag == "a" && is_allowed_link(&value),
                "rel" => tag == "a" && value == LINK_REL,
                "target" => tag == "a" && value == "_blank",
                // Set through the CSSOM, from declarations that the protocol has passed.
                "style" => !["url(", "position", "z-index", "animation"]
                    .iter()
                    .any(|bad| value.contains(bad)),
                "data-style" => false,
                "src" | "alt" | "width" | "height" | "referrerpolicy"
                    if has_images && tag == "img" =>
                {
                    true
                }
                name => {
                    GLOBAL_ATTRIBUTES.contains(&name) || ATTRIBUTES.contains(&(tag.as_str(), name))
                }
            };
            assert!(is_ours, "{name}: {attribute}={value:?} stayed on <{tag}>");
        }
    }
}

async fn check_corpora(cleaner: &Cleaner, has_images: bool) {
    let mut count = 0;
    for (corpus, json) in CORPORA {
        let corpus_json: Value = serde_json::from_str(json).expect("JSON");
        for vector in corpus_json["vectors"].as_array().expect("vectors") {
            let target = clean(cleaner, vector["input"].as_str().expect("an input"));
            check_inert(&target.0, &format!("{corpus} {}", vector["id"]), has_images);
            count += 1;
        }
    }
    assert!(count > 400, "only {count} vectors were tried");
    TimeoutFuture::new(50).await;
    assert_eq!(ran(), 0, "a script ran");
}

#[wasm_bindgen_test]
async fn the_corpora_are_inert_in_the_browsers_own_sanitiser() {
    check_corpora(&native(), false).await;
}

#[wasm_bindgen_test]
async fn the_corpora_are_inert_in_the_browsers_own_sanitiser_with_images() {
    let cleaner = native();
    cleaner.allow_images(&["https://img.example".to_owned()]);
    check_corpora(&cleaner, true).await;
}

#[wasm_bindgen_test]
async fn the_corpora_are_inert_in_dompurify() {
    check_corpora(&purify().await, false).await;
}

/// A cleaner that surely uses `DOMPurify`.
async fn purify() -> Cleaner {
    let cleaner = Cleaner::load().await;
    // One that could not be loaded would leave plain text, and every vector would be inert.
    let target = clean(&cleaner, "<b>x</b>");
    assert_eq!(descendants(&target.0).len(), 1, "DOMPurify was not loaded");
    cleaner
}

const RICH: &str = "<div data-style=\"padding:12px;background:#FFF3CD;position:fixed;border-left:4px solid #ffc107\" class=x id=y onclick=alert(1)>\
    <p lang=en>See <a href=\"https://kb.example/a\" title=t>this</a> or <a href=\"javascript:alert(1)\">that</a> or <A HREF='data:text/html,x'>those</A></p>\
    <table><tr><td colspan=2>cell</td></tr></table><img src=https://img.example/a.png><img src=https://evil.example/a.png></div>";

fn check_rich(cleaner: &Cleaner) {
    let target = clean(cleaner, RICH);
    let one = |selector: &str| {
        target
            .0
            .query_selector(selector)
            .expect("a selector")
            .unwrap_or_else(|| panic!("no {selector}"))
    };
    let style: web_sys::HtmlElement = one("div").unchecked_into();
    let style = style.style();
    let property = |name: &str| style.get_property_value(name).expect("a property");
    assert_eq!(property("padding-top"), "12px");
    assert_eq!(property("border-left-color"), "rgb(255, 193, 7)");
    assert_eq!(property("position"), "");
    assert!(
        property("background-color").starts_with("light-dark(#FFF3CD,"),
        "{}",
        property("background-color")
    );
    let links: Vec<_> = descendants(&target.0)
        .into_iter()
        .filter(|element| element.local_name() == "a")
        .collect();
    let hrefs: Vec<_> = links
        .iter()
        .map(|link| link.get_attribute("href"))
        .collect();
    assert_eq!(hrefs, [Some("https://kb.example/a".to_owned()), None, None]);
    assert_eq!(links[0].get_attribute("rel").as_deref(), Some(LINK_REL));
    assert_eq!(one("td").get_attribute("colspan").as_deref(), Some("2"));
    assert_eq!(one("p").get_attribute("lang").as_deref(), Some("en"));
    check_inert(&target.0, "rich", true);
}

fn check_images(cleaner: &Cleaner, expected: &[&str]) {
    let target = clean(cleaner, RICH);
    let sources: Vec<_> = descendants(&target.0)
        .iter()
        .filter_map(|element| element.get_attribute("src"))
        .collect();
    assert_eq!(sources, expected);
}

#[wasm_bindgen_test]
fn what_is_allowed_stays_in_the_browsers_own_sanitiser() {
    let cleaner = native();
    check_rich(&cleaner);
    check_images(&cleaner, &[]);
    cleaner.allow_images(&["https://img.example".to_owned()]);
    check_images(&cleaner, &["https://img.example/a.png"]);
    check_rich(&cleaner);
}

#[wasm_bindgen_test]
async fn what_is_allowed_stays_in_dompurify() {
    let cleaner = purify().await;
    check_rich(&cleaner);
    check_images(&cleaner, &[]);
    cleaner.allow_images(&["https://img.example".to_owned()]);
    check_images(&cleaner, &["https://img.example/a.png"]);
}

#[wasm_bindgen_test]
fn without_a_sanitiser_there_is_plain_text() {
    let target = clean(
        &Cleaner::plain(),
        "<b>threat</b><script>alert(1)</script> language &lt;",
    );
    assert_eq!(
        target.0.text_content().as_deref(),
        Some("threat alert(1) language &lt;")
    );
    assert_eq!(target.0.child_element_count(), 0);
    assert!(document().body().is_some());
}
