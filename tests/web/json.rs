//! The browser's parser makes the same trees as the one that the native tests use.

use cuecard::shell::json::parse;
use cuecard_protocol::json::{Tree, tree};
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn a_text_is_the_same_tree_as_elsewhere() {
    // The other one sorts the names.
    for text in [
        "null",
        "true",
        " [ ] ",
        "{}",
        "-0.25",
        "1800000000000",
        "9007199254740993",
        "1e-7",
        r#""""#,
        r#""\" \\ \/ \b \n é 🙂 \ud83d\ude42 \u0000""#,
        r#"[1,"a",null,[true,{}],{"b":false}]"#,
        r#"{"card":{"body":{"alert":{"html":"<p>\"x\"</p>","score":0.97}},"id":"a"},"seq":7,"type":"card"}"#,
        r#"{"a":1,"a":2}"#,
        r#"{"constructor":1,"length":2,"toString":{}}"#,
    ] {
        let Some(Tree::List(both)) = parse(&format!("[{text}]").into()) else {
            panic!("{text} is no JSON")
        };
        assert_eq!(both, [tree(text).expect("JSON")], "{text}");
    }
    let prototype = parse(&r#"{"__proto__":{"seq":1}}"#.into()).expect("JSON");
    assert_eq!(prototype.get("seq"), None);
    assert!(prototype.get("__proto__").is_some());
}

#[wasm_bindgen_test]
fn what_is_no_json_is_none() {
    for text in ["", "nonsense", "{", "[1,]", "{'a':1}", "NaN", "undefined"] {
        assert_eq!(parse(&text.into()), None, "{text}");
    }
}

#[wasm_bindgen_test]
fn however_deep_it_is_nested_it_ends() {
    let text = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let mut levels = 0;
    let mut next = parse(&text.into());
    while let Some(Tree::List(inner)) = next {
        levels += 1;
        next = inner.into_iter().next();
    }
    assert_eq!((levels, next), (32, Some(Tree::Null)));
}
