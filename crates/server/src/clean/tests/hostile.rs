//! The cleaner against published attacks (`e2e/corpora`) and random markup.
//!
//! What "only allow-listed" means is judged by a second reading of the output with html5ever's tokenizer.

use std::cell::RefCell;

use cuecard_protocol::{MAX_TITLE_CHARS, html, style};
use html5ever::tokenizer::{BufferQueue, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer};
use proptest::prelude::*;
use serde::Deserialize;

use super::super::title;
use super::{IMAGES, clean, cleaner};

/// All tags and comments of some HTML, as a tokenizer that knows nothing of the cleaner sees them.
#[derive(Default)]
struct Seen(RefCell<Vec<Token>>);

impl TokenSink for Seen {
    type Handle = ();
    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        self.0.borrow_mut().push(token);
        TokenSinkResult::Continue
    }
}

/// What of some HTML is outside the allow-lists, in words.
fn offences(html_text: &str) -> Vec<String> {
    let tokenizer = Tokenizer::new(
        Seen::default(),
        html5ever::tokenizer::TokenizerOpts::default(),
    );
    let input = BufferQueue::default();
    input.push_back(html_text.into());
    drop(tokenizer.feed(&input));
    tokenizer.end();
    let mut offences = Vec::new();
    for token in tokenizer.sink.0.into_inner() {
        let tag = match token {
            Token::TagToken(tag) => tag,
            Token::CommentToken(text) => {
                offences.push(format!("comment {text}"));
                continue;
            }
            Token::DoctypeToken(_) => {
                offences.push("doctype".to_owned());
                continue;
            }
            _ => continue,
        };
        let element = &*tag.name;
        if !html::ELEMENTS.contains(&element) && element != "img" {
            offences.push(format!("<{element}>"));
        }
        if tag.kind == TagKind::EndTag {
            continue;
        }
        for attribute in &tag.attrs {
            let (name, value) = (&*attribute.name.local, &*attribute.value);
            let is_fine = match (element, name) {
                (_, html::STYLE_ATTRIBUTE) => style::canonical(value).as_deref() == Some(value),
                ("a", "rel") => value == html::LINK_REL,
                ("a", "target") => value == "_blank",
                ("a", "href") => html::is_allowed_link(value),
                ("img", "src") => html::is_allowed_image(value, &[IMAGES.to_owned()]),
                ("img", _) if html::IMAGE_ATTRIBUTES.contains(&name) => true,
                _ => {
                    html::GLOBAL_ATTRIBUTES.contains(&name)
                        || html::ATTRIBUTES.contains(&(element, name))
                }
            };
            if !is_fine {
                offences.push(format!("<{element} {name}={value:?}>"));
            }
        }
        if element == "a"
            && !tag
                .attrs
                .iter()
                .any(|attribute| &*attribute.name.local == "rel")
        {
            offences.push("<a> without rel".to_owned());
        }
    }
    offences
}

#[test]
fn the_second_reading_sees_what_must_not_be() {
    assert_eq!(
        offences(
            "<p style='x' onclick=1 data-style='position:fixed'><script></script><a href='javascript:1' rel=x><!-- --><form id=a>"
        ),
        [
            "<p style=\"x\">",
            "<p onclick=\"1\">",
            "<p data-style=\"position:fixed\">",
            "<script>",
            "</script>".replace('/', "").as_str(),
            "<a href=\"javascript:1\">",
            "<a rel=\"x\">",
            "comment  ",
            "<form>",
            "<form id=\"a\">",
        ]
    );
}

#[derive(Deserialize)]
struct Corpus {
    source: String,
    count: usize,
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    id: serde_json::Value,
    input: String,
}

fn check_corpus(file: &str, json: &str) {
    let corpus: Corpus = serde_json::from_str(json).unwrap();
    assert_eq!(
        corpus.vectors.len(),
        corpus.count,
        "{file} from {}",
        corpus.source
    );
    let rules = cleaner().rules.unwrap();
    for vector in corpus.vectors {
        let output = clean(&vector.input);
        assert_eq!(
            offences(&output),
            [""; 0],
            "{file} {}: {:?} became {output:?}",
            vector.id,
            vector.input
        );
        let settled = rules.settle(&vector.input);
        assert_eq!(
            rules.settle(&settled),
            settled,
            "{file} {}: {:?}",
            vector.id,
            vector.input
        );
    }
}

macro_rules! corpora {
    ($($name:ident: $file:literal)*) => {$(
        #[test]
        fn $name() {
            check_corpus($file, include_str!(concat!("../../../../../e2e/corpora/", $file)));
        }
    )*};
}

corpora! {
    ammonia_vectors_are_inert: "ammonia-tests.json"
    bleach_vectors_are_inert: "bleach-data.json"
    dompurify_vectors_are_inert: "dompurify-expect.json"
    owasp_vectors_are_inert: "owasp-xss-filter-evasion.json"
}

/// Pieces that nest, quote and break out in any order.
fn markup() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "<a href=\"https://a.example\">",
            "</a>",
            "<table>",
            "<tr>",
            "<td>",
            "</table>",
            "<p>",
            "</p>",
            "<b>",
            "</b>",
            "<i>",
            "<div style=\"color:red\">",
            "<div data-style='position:fixed'>",
            "</div>",
            "<ul>",
            "<li>",
            "<pre>\n",
            "<svg>",
            "</svg>",
            "<math>",
            "<mtext>",
            "<style>",
            "</style>",
            "<script>",
            "</script>",
            "<!--",
            "-->",
            "<img src=x ",
            "onerror=1 ",
            ">",
            "\"",
            "'",
            " style=\"color:red\"",
            "<abbr title=\"",
            "<select>",
            "<option>",
            "<template>",
            "<noscript>",
            "<title>",
            "</title>",
            "<img src=https://img.example/a alt='\">'>",
            "&lt;",
            "&quot;",
            "<font color=red>",
            "<form>",
            "<![CDATA[",
            "]]>",
            "<br/>",
            "<h1>",
            "<caption>",
            "<col>",
            "<frameset>",
            "<body style=color:red>",
            "<plaintext>",
            "<textarea>",
            "\u{0}",
            "\r\n",
        ])
        .prop_map(str::to_owned),
        "[a-z<>\"'=&; /]{0,6}",
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn whatever_comes_only_the_lists_stay_and_it_reads_as_itself(body in markup()) {
        let output = clean(&body);
        prop_assert_eq!(offences(&output), Vec::<String>::new(), "{:?}", output);
        let rules = cleaner().rules.unwrap();
        let settled = rules.settle(&body);
        prop_assert_eq!(rules.settle(&settled), settled);
    }

    #[test]
    fn text_passes_unchanged_whatever_it_looks_like(text in "[ -~]{0,40}( style=\"[a-z:]{0,9}\"| src=\"| <img |>)[ -~]{0,40}") {
        let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        prop_assert_eq!(clean(&escaped), escaped.clone());
        let attribute = escaped.replace('"', "&quot;");
        let whole = format!("<abbr title=\"{attribute}\">{escaped}</abbr>");
        prop_assert_eq!(clean(&whole), whole);
    }

    #[test]
    fn a_title_is_short_and_stays_itself(text in "(?s).{0,300}") {
        let once = title(&text);
        prop_assert!(once.chars().count() <= MAX_TITLE_CHARS);
        prop_assert!(!once.chars().any(char::is_control));
        prop_assert_eq!(title(&once), once);
    }
}
