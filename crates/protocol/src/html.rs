//! What HTML a card body may hold. The server's cleaner and the browser's are both configured from these lists.
//!
//! Styles travel as data: the server moves the allowed declarations of `style` into [`STYLE_ATTRIBUTE`], and the
//! panel sets them through the CSSOM, because a strict content security policy blocks `style` in markup.

/// Elements that may stay: text-level, lists, tables, headings, links.
pub const ELEMENTS: &[&str] = &[
    "a",
    "abbr",
    "b",
    "blockquote",
    "br",
    "caption",
    "cite",
    "code",
    "dd",
    "del",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "ins",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "samp",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "time",
    "tr",
    "u",
    "ul",
    "var",
    "wbr",
];

/// Elements whose content goes with them.
pub const ELEMENTS_WITH_CONTENT: &[&str] = &[
    "script",
    "style",
    "template",
    "noscript",
    "iframe",
    "object",
    "embed",
    "svg",
    "math",
    "title",
    "textarea",
    "select",
    "noembed",
    "noframes",
    "xmp",
    "plaintext",
];

/// Attributes that may stay on one element: `(element, attribute)`. Links are checked by [`is_allowed_link`].
pub const ATTRIBUTES: &[(&str, &str)] = &[
    ("a", "href"),
    ("abbr", "title"),
    ("ol", "start"),
    ("ol", "reversed"),
    ("td", "colspan"),
    ("td", "rowspan"),
    ("th", "colspan"),
    ("th", "rowspan"),
    ("th", "scope"),
    ("time", "datetime"),
];

/// Attributes of an image, which may stay only where its origin is on the allow-list.
pub const IMAGE_ATTRIBUTES: &[&str] = &["src", "alt", "width", "height"];

/// Attributes that may stay on every element.
pub const GLOBAL_ATTRIBUTES: &[&str] = &["dir", "lang", STYLE_ATTRIBUTE];

/// Carries the allowed declarations of `style`.
pub const STYLE_ATTRIBUTE: &str = "data-style";

/// `rel` of every link.
pub const LINK_REL: &str = "noopener noreferrer nofollow";

/// Whether a link may stay: `https:` or `mailto:` with something behind it, and nothing a parser would strip.
pub fn is_allowed_link(href: &str) -> bool {
    let rest = strip_scheme(href, "https://").or_else(|| strip_scheme(href, "mailto:"));
    rest.is_some_and(|rest| !rest.is_empty() && !href.chars().any(char::is_control))
}

/// Whether an image may stay: an `https:` address whose origin is on the allow-list (`https://img.example`).
pub fn is_allowed_image(src: &str, origins: &[String]) -> bool {
    strip_scheme(src, "https://").is_some_and(|rest| {
        !src.chars().any(|c| c.is_control() || c == '\\')
            && origins.iter().any(|origin| {
                strip_scheme(origin, "https://").is_some_and(|host| {
                    rest.get(..host.len())
                        .is_some_and(|start| start.eq_ignore_ascii_case(host))
                        && rest[host.len()..].starts_with('/')
                })
            })
    })
}

fn strip_scheme<'a>(url: &'a str, scheme: &str) -> Option<&'a str> {
    let start = url.get(..scheme.len())?;
    start
        .eq_ignore_ascii_case(scheme)
        .then(|| &url[scheme.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links() {
        for good in [
            "https://a.example/x",
            "HTTPS://a.example",
            "mailto:a@b.example",
        ] {
            assert!(is_allowed_link(good), "{good}");
        }
        for bad in [
            "",
            "https://",
            "http://a",
            "javascript:alert(1)",
            "data:text/html,x",
            "//a",
            "/a",
            " https://a",
            "https://a\n",
            "mailto:",
        ] {
            assert!(!is_allowed_link(bad), "{bad:?}");
        }
    }

    #[test]
    fn images_only_from_listed_origins() {
        let origins = ["https://img.example".to_owned()];
        assert!(is_allowed_image("https://img.example/a.png", &origins));
        for bad in [
            "https://img.example.evil/a.png",
            "https://img.example@evil/a.png",
            "http://img.example/a.png",
            "https://img.example",
            "https://evil/a.png",
            "https://img.example\\@evil/",
        ] {
            assert!(!is_allowed_image(bad, &origins), "{bad:?}");
        }
    }
}
