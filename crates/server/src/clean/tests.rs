//! The cleaner by examples; [`hostile`] has the attacks.

use cuecard_protocol::{MAX_BODY_BYTES, MAX_TITLE_CHARS};

use super::*;

mod hostile;

const IMAGES: &str = "https://img.example";

fn cleaner() -> Cleaner {
    Cleaner::new(&[IMAGES.to_owned()])
}

fn clean(body: &str) -> String {
    cleaner().body(body).html
}

fn check(body: &str, expected: &str) {
    assert_eq!(clean(body), expected, "{body:?}");
}

#[test]
fn the_platforms_own_alert_keeps_its_words_and_its_look() {
    check(
        "\n<div style=\"padding: 12px; background: #fff3cd; border-left: 4px solid #ffc107;\">\n<strong>Risk Score:</strong> 97.0%<br/>\n<ul style=\"margin-top: 8px;\"><li>repeat caller</li></ul>\n</div>\n",
        "\n<div data-style=\"padding:12px;background:#fff3cd;border-left:4px solid #ffc107\">\n<strong>Risk Score:</strong> 97.0%<br>\n<ul data-style=\"margin-top:8px\"><li>repeat caller</li></ul>\n</div>\n",
    );
}

#[test]
fn links_open_elsewhere_and_tell_nothing() {
    check(
        "<a href=\"https://kb.example/a?b=1&c=2\" onclick=\"x()\">KB</a>",
        "<a href=\"https://kb.example/a?b=1&amp;c=2\" target=\"_blank\" rel=\"noopener noreferrer nofollow\">KB</a>",
    );
    let bare = "<a target=\"_blank\" rel=\"noopener noreferrer nofollow\">x</a>";
    for href in [
        "javascript:alert(1)",
        "JaVaScRiPt:1",
        "data:text/html,x",
        "http://a.example",
        "/a",
        "//a",
        "#a",
        " https://a.example",
        "java\nscript:1",
    ] {
        check(
            &format!("<a href=\"{href}\" target=_self rel=opener>x</a>"),
            bare,
        );
    }
}

#[test]
fn images_come_from_listed_origins_or_not_at_all() {
    check(
        "a<img src=\"https://img.example/a.png\" alt=\"b > c\" onerror=x>d",
        "a<img src=\"https://img.example/a.png\" alt=\"b &gt; c\">d",
    );
    for src in [
        "https://evil.example/a.png",
        "https://img.example.evil/a",
        "data:image/png,x",
        "a.png",
        "http://img.example/a",
    ] {
        check(&format!("a<img alt=' src=' src=\"{src}\" srcset=x>b"), "ab");
    }
    assert_eq!(
        Cleaner::new(&[])
            .body("a<img src=\"https://img.example/a.png\">b")
            .html,
        "ab"
    );
}

#[test]
fn a_style_is_moved_and_text_that_looks_like_one_is_not() {
    check(
        "<p style='color: red; position: fixed'>a</p>",
        "<p data-style=\"color:red\">a</p>",
    );
    check("<p style='position: fixed'>a</p>", "<p>a</p>");
    check("<p data-style='color:red'>a</p>", "<p>a</p>");
    check(
        "<p> style=\"color:red\" &lt;p style=\"x\"&gt;</p>",
        "<p> style=\"color:red\" &lt;p style=\"x\"&gt;</p>",
    );
    check(
        "<abbr title=' style=\"x\" > style='>a</abbr>",
        "<abbr title=\" style=&quot;x&quot; &gt; style=\">a</abbr>",
    );
    check(
        "<p style='font-family: \"A B\"'>a</p>",
        "<p data-style=\"font-family:&quot;A B&quot;\">a</p>",
    );
}

#[test]
fn what_could_act_goes_with_its_content() {
    check(
        "a<script>b</script><style>c</style><!-- d --><svg><a>e</a></svg><iframe>f</iframe><form><b>g</b><input></form>",
        "a<b>g</b>",
    );
    check("<textarea><img src=x onerror=1></textarea>x", "x");
}

#[test]
fn html_that_changes_each_time_it_is_read_settles() {
    // A link inside a table inside a link: read once they nest, read again they do not.
    let body = "<a href=\"https://a.example\"><table><a href=\"https://b.example\">x";
    let rules = cleaner().rules.unwrap();
    let settled = rules.settle(body);
    assert_eq!(rules.settle(&settled), settled);
    assert!(settled.contains('x'), "{settled}");
}

#[test]
fn a_long_body_is_cut_and_says_so() {
    let body = "é".repeat(MAX_BODY_BYTES);
    let cleaned = cleaner().body(&body);
    let room = MAX_BODY_BYTES - CUT_NOTE.len();
    assert!(cleaned.is_cut);
    assert_eq!(cleaned.html, format!("{}{CUT_NOTE}", "é".repeat(room / 2)));

    let fits = "x".repeat(MAX_BODY_BYTES);
    assert_eq!(
        cleaner().body(&fits),
        CleanBody {
            html: fits,
            is_cut: false
        }
    );

    // Cut within a tag: the tag is gone, the text before it stays.
    let body = format!(
        "{}<a href=\"https://a.example/{}\">b</a>",
        "x".repeat(room - 10),
        "y".repeat(100)
    );
    assert_eq!(clean(&body), format!("{}{CUT_NOTE}", "x".repeat(room - 10)));
}

#[test]
fn a_body_that_cleaning_makes_longer_still_fits_its_message() {
    for body in [
        "<a>x</a>".repeat(4096),
        "\"".repeat(MAX_BODY_BYTES),
        "\u{1}".repeat(MAX_BODY_BYTES),
        "&".repeat(1 << 20),
    ] {
        let cleaned = cleaner().body(&body);
        let encoded = serde_json::to_string(&cleaned.html).unwrap().len() - 2;
        assert_eq!(encoded, encoded_len(&cleaned.html));
        assert!(encoded <= MAX_ENCODED_BYTES && encoded > 4096, "{encoded}");
    }
}

#[test]
fn formatting_that_would_multiply_is_cut_before_it_does() {
    let distinct: String = (0..1500)
        .flat_map(|n| ["<b a".to_owned(), n.to_string(), ">".to_owned()])
        .collect();
    let body = format!("first<p>{distinct}{}", "</p><p>x".repeat(1500));
    assert_eq!(reopened(&body), 1501 * 4501);
    let cleaned = cleaner().body(&body);
    assert!(
        cleaned.is_cut && cleaned.html.starts_with("first<p><b>"),
        "{}",
        cleaned.html
    );
    assert!(cleaned.html.len() <= MAX_ENCODED_BYTES);
}

#[test]
fn a_long_table_with_links_and_emphasis_is_not_cut() {
    let row = "<tr><td><a href=\"https://kb.example/1\">One</a></td><td><strong>two</strong> <B>three</B></td></tr>";
    let cleaned = cleaner().body(&format!("<table>{}</table>", row.repeat(200)));
    assert!(!cleaned.is_cut);
    assert_eq!(
        cleaned
            .html
            .matches("<strong>two</strong> <b>three</b>")
            .count(),
        200
    );
}

#[test]
fn a_disabled_cleaner_changes_nothing() {
    let body = "<script>x</script>".repeat(10_000);
    assert_eq!(
        Cleaner::disabled().body(&body),
        CleanBody {
            html: body,
            is_cut: false
        }
    );
}

#[test]
fn titles_are_one_line_of_plain_text() {
    for (text, expected) in [
        (
            "CRITICAL Risk Alert Detected",
            "CRITICAL Risk Alert Detected",
        ),
        ("  a\n\tb \u{0} c  ", "a b c"),
        ("<b>x</b> & y", "<b>x</b> & y"),
        ("\u{202E}evil\u{2066}", "evil"),
        (" \n ", ""),
    ] {
        assert_eq!(title(text), expected, "{text:?}");
    }
    let full = "é".repeat(MAX_TITLE_CHARS);
    assert_eq!(title(&full), full);
    assert_eq!(title(&format!("{full} ")), full);
    let cut = format!("{}…", "é".repeat(MAX_TITLE_CHARS - 1));
    assert_eq!(title(&format!("{full}x")), cut);
    assert_eq!(title(&"é".repeat(1_000_000)), cut);
}
