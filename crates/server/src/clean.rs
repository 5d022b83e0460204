//! What publishers send, made safe to show: HTML bodies within the allow-lists of [`cuecard_protocol::html`], titles as
//! plain text.
//!
//! The HTML parser and the rules of cleaning are ammonia's; the lists are the protocol's; styles are judged by
//! [`cuecard_protocol::style`]. Nothing here knows cards or the platform. Start at [`Cleaner::body`] and [`title`].

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use cuecard_protocol::{MAX_BODY_BYTES, MAX_MESSAGE_BYTES, MAX_TITLE_CHARS, html, style};

/// Most bytes a cleaned body may take inside a JSON message, so that there is room for the rest of its card.
pub const MAX_ENCODED_BYTES: usize = MAX_MESSAGE_BYTES / 4 * 3;

/// Most elements that reopened formatting may add, see [`reopened`].
const MAX_REOPENED: usize = 40_000;

/// Passes until the output must read as itself. HTML that still changes then is shown as text.
const MAX_PASSES: usize = 4;

/// Elements that a parser opens again by itself (HTML standard, "list of active formatting elements"), but for `a` and
/// `nobr`, of which each ends the one before.
const FORMATTING: [&str; 12] = [
    "b", "big", "code", "em", "font", "i", "s", "small", "strike", "strong", "tt", "u",
];
/// So many of one formatting element are opened again if they are alike (HTML standard, "Noah's Ark clause").
const MAX_ALIKE: usize = 3;

/// Appended to a body that was cut.
const CUT_NOTE: &str = "<p><em>… cut here: the message was too long</em></p>";

/// Cleans bodies for one configuration.
pub struct Cleaner {
    rules: Option<Rules>,
}

struct Rules {
    elements: ammonia::Builder<'static>,
    text_only: ammonia::Builder<'static>,
}

/// A body that may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CleanBody {
    /// HTML within the allow-lists; styles are in `data-style`.
    pub html: String,
    /// Whether the input was too long: the end is missing, and the HTML says so.
    pub is_cut: bool,
}

impl Cleaner {
    /// A cleaner that lets images through from these origins (`https://img.example`).
    pub fn new(image_origins: &[String]) -> Self {
        Self {
            rules: Some(Rules {
                elements: elements(image_origins),
                text_only: text_only(),
            }),
        }
    }

    /// A cleaner that changes nothing, so that tests can try the browser's own cleaning. Development only.
    pub fn disabled() -> Self {
        Self { rules: None }
    }

    /// The body as it may be shown.
    ///
    /// A body of more than [`MAX_BODY_BYTES`] is cut before it is cleaned, and so is one that cleaning would make longer
    /// than [`MAX_ENCODED_BYTES`] or blow up: an alert that lost its end is worth more to an agent than none.
    pub fn body(&self, body: &str) -> CleanBody {
        let Some(rules) = &self.rules else {
            return CleanBody {
                html: body.to_owned(),
                is_cut: false,
            };
        };
        let mut limit = MAX_BODY_BYTES;
        if body.len() > limit {
            limit -= CUT_NOTE.len();
        }
        loop {
            let start = &body[..body.floor_char_boundary(limit)];
            limit /= 2;
            if reopened(start) > MAX_REOPENED {
                continue;
            }
            let is_cut = start.len() < body.len();
            let mut html = move_styles(&rules.settle(start));
            if is_cut {
                html.push_str(CUT_NOTE);
            }
            if encoded_len(&html) <= MAX_ENCODED_BYTES {
                return CleanBody { html, is_cut };
            }
        }
    }
}

impl Rules {
    /// Cleans until another pass changes nothing: then a browser reads the output as it was judged here.
    fn settle(&self, body: &str) -> String {
        let mut before = Cow::Borrowed(body);
        for _ in 0..MAX_PASSES {
            let after = drop_empty_images(&self.elements.clean(&before).to_string());
            if after == before {
                return after;
            }
            before = Cow::Owned(after);
        }
        self.text_only.clean(&before).to_string()
    }
}

fn elements(image_origins: &[String]) -> ammonia::Builder<'static> {
    let origins = image_origins.to_vec();
    let mut attributes: HashMap<&str, HashSet<&str>> = HashMap::new();
    for &(element, attribute) in html::ATTRIBUTES {
        attributes.entry(element).or_default().insert(attribute);
    }
    let mut elements: HashSet<&str> = html::ELEMENTS.iter().copied().collect();
    if !origins.is_empty() {
        elements.insert("img");
        attributes.insert("img", html::IMAGE_ATTRIBUTES.iter().copied().collect());
    }
    let mut builder = ammonia::Builder::empty();
    builder
        .tags(elements)
        .clean_content_tags(html::ELEMENTS_WITH_CONTENT.iter().copied().collect())
        .tag_attributes(attributes)
        .generic_attributes(
            // A `data-style` that comes in is not ours; ours is made from `style` behind the cleaning.
            html::GLOBAL_ATTRIBUTES
                .iter()
                .copied()
                .filter(|&name| name != html::STYLE_ATTRIBUTE)
                .chain(["style"])
                .collect(),
        )
        .url_schemes(["https", "mailto"].into())
        .url_relative(ammonia::UrlRelative::Deny)
        .link_rel(Some(html::LINK_REL))
        .set_tag_attribute_value("a", "target", "_blank")
        .strip_comments(true)
        .attribute_filter(
            move |element, attribute, value| match (element, attribute) {
                (_, "style") => style::canonical(value).map(Cow::Owned),
                ("a", "href") => html::is_allowed_link(value).then_some(Cow::Borrowed(value)),
                ("img", "src") => {
                    html::is_allowed_image(value, &origins).then_some(Cow::Borrowed(value))
                }
                _ => Some(Cow::Borrowed(value)),
            },
        );
    builder
}

fn text_only() -> ammonia::Builder<'static> {
    let mut builder = ammonia::Builder::empty();
    builder.clean_content_tags(html::ELEMENTS_WITH_CONTENT.iter().copied().collect());
    builder
}

/// At most so many elements can a parser add by opening formatting again.
///
/// It opens all unclosed `<b>`, `<i>`, … again behind each end of a paragraph, so that 32 KiB of both could become
/// millions of elements. Counted on the bytes, because it must hold whatever a parser takes them for.
fn reopened(body: &str) -> usize {
    let mut tags = 0_usize;
    let mut alike = [0_usize; FORMATTING.len()];
    let mut single = 1_usize;
    for (at, _) in body.match_indices('<') {
        tags += 1;
        let rest = &body.as_bytes()[at + 1..];
        let end = rest
            .iter()
            .position(|byte| !byte.is_ascii_alphabetic())
            .unwrap_or(rest.len());
        let is_named = |name: &&str| name.as_bytes().eq_ignore_ascii_case(&rest[..end]);
        if let Some(index) = FORMATTING.iter().position(is_named) {
            // Without attributes it is like all others of its name; with some it may be like none.
            if rest.get(end) == Some(&b'>') {
                alike[index] = MAX_ALIKE.min(alike[index] + 1);
            } else {
                single += 1;
            }
        }
    }
    tags.saturating_mul(single + alike.iter().sum::<usize>())
}

/// Renames `style` to [`html::STYLE_ATTRIBUTE`] in ammonia's output.
fn move_styles(html: &str) -> String {
    map_tags(html, |tag, output| {
        for (index, part) in tag.split('"').enumerate() {
            if index > 0 {
                output.push('"');
            }
            // Even parts are outside quotes: they end with an attribute's name and its `=`, or with the tag.
            match part.strip_suffix(" style=").filter(|_| index % 2 == 0) {
                Some(before) => output.extend([before, " ", html::STYLE_ATTRIBUTE, "="]),
                None => output.push_str(part),
            }
        }
    })
}

/// Takes out images whose source was refused, in ammonia's output.
fn drop_empty_images(html: &str) -> String {
    map_tags(html, |tag, output| {
        let is_image = tag
            .strip_prefix("<img")
            .is_some_and(|rest| rest.starts_with([' ', '>']));
        if !is_image
            || tag
                .split('"')
                .step_by(2)
                .any(|part| part.ends_with(" src="))
        {
            output.push_str(tag);
        }
    })
}

/// Copies serialised HTML, with each tag as `write` would have it.
///
/// Exact only for a serialiser's output, in which `<` always begins a tag and every attribute is in double quotes.
fn map_tags(html: &str, mut write: impl FnMut(&str, &mut String)) -> String {
    let mut output = String::with_capacity(html.len() + 64);
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        let (text, from_tag) = rest.split_at(start);
        output.push_str(text);
        let mut is_quoted = false;
        let end = from_tag.bytes().position(|byte| {
            is_quoted ^= byte == b'"';
            byte == b'>' && !is_quoted
        });
        let (tag, behind) = from_tag.split_at(end.map_or(from_tag.len(), |end| end + 1));
        write(tag, &mut output);
        rest = behind;
    }
    output.push_str(rest);
    output
}

/// Bytes that a text takes inside a JSON string.
fn encoded_len(text: &str) -> usize {
    text.bytes()
        .map(|byte| match byte {
            b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 8 | 12 => 2,
            0..0x20 => 6,
            _ => 1,
        })
        .sum()
}

/// A title as plain text on one line: at most [`MAX_TITLE_CHARS`] characters, the last an ellipsis if it was cut.
///
/// Markup in a title is text like any other. Control characters become spaces, and those that turn the direction of
/// writing are left out, because they could make a title read as another.
pub fn title(text: &str) -> String {
    let mut line = String::new();
    let mut length = 0;
    for c in text.chars().filter(|&c| !turns_direction(c)) {
        let c = if c.is_control() || c.is_whitespace() {
            ' '
        } else {
            c
        };
        if c == ' ' && (line.is_empty() || line.ends_with(' ')) {
            continue;
        }
        if length == MAX_TITLE_CHARS {
            if c == ' ' {
                continue;
            }
            line.pop();
            line.truncate(line.trim_end().len());
            line.push('…');
            return line;
        }
        line.push(c);
        length += 1;
    }
    line.truncate(line.trim_end().len());
    line
}

/// Plain text of several lines: at most `most` characters, the last an ellipsis if it was cut; and whether it was.
///
/// Line breaks stay; other control characters become spaces, and those that turn the direction of writing are left out.
pub fn text(text: &str, most: usize) -> (String, bool) {
    let mut kept = String::new();
    let lines = text.trim().replace("\r\n", "\n");
    let shown = lines.chars().filter(|&c| !turns_direction(c));
    for (length, c) in shown.enumerate() {
        if length == most {
            kept.pop();
            kept.truncate(kept.trim_end().len());
            kept.push('…');
            return (kept, true);
        }
        kept.push(if c != '\n' && c.is_control() { ' ' } else { c });
    }
    (kept, false)
}

fn turns_direction(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests;
