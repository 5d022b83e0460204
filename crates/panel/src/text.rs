//! What the panel says, before it is in a language: the English words, which are also the key of their translations, and what
//! is put into them. Which language it becomes is the shell's affair; nothing here knows any but English.
//!
//! Start at [`Text`]. Words are whole sentences or labels, because other languages put their parts in another order.

/// A text for the agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Text {
    /// The words of somebody else, which have no translation: a title, a name, what the server said.
    Literal(String),
    /// The panel's own words.
    Words {
        /// In English, with places `{0}`, `{1}`; where they depend on a number, singular and plural with `|` between them.
        words: &'static str,
        /// The number that they depend on; it has the first place.
        count: Option<usize>,
        /// What has the places (after the number).
        parts: Vec<Text>,
    },
}

impl Text {
    /// Words without places.
    pub const fn plain(words: &'static str) -> Self {
        Self::with(words, Vec::new())
    }

    /// Words, and what is put into them.
    pub const fn with(words: &'static str, parts: Vec<Self>) -> Self {
        Self::Words {
            words,
            count: None,
            parts,
        }
    }

    /// Words that depend on a number: `"{0} card|{0} cards"`.
    pub const fn counted(words: &'static str, count: usize, parts: Vec<Self>) -> Self {
        Self::Words {
            words,
            count: Some(count),
            parts,
        }
    }

    /// The words of somebody else.
    pub const fn literal(words: String) -> Self {
        Self::Literal(words)
    }

    /// As it is in English.
    pub fn in_english(&self) -> String {
        match self {
            Self::Literal(words) => words.clone(),
            Self::Words {
                words,
                count,
                parts,
            } => {
                let form = match (words.split_once('|'), count) {
                    (Some((one, _)), Some(1)) => one,
                    (Some((_, many)), _) => many,
                    (None, _) => words,
                };
                let count = count.iter().map(ToString::to_string);
                let parts = parts.iter().map(Self::in_english);
                let said: Vec<String> = count.chain(parts).collect();
                let said: Vec<&str> = said.iter().map(String::as_str).collect();
                fill(form, &said, [""; 2])
            }
        }
    }
}

/// Puts parts into their places, each between `before` and `after`. A place that no part is there for stays as it is.
pub fn fill(words: &str, parts: &[&str], [before, after]: [&str; 2]) -> String {
    let mut pieces = words.split('{');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let place = piece.split_once('}');
        let part = place.and_then(|(place, _)| parts.get(place.parse::<usize>().ok()?));
        if let (Some(part), Some((_, rest))) = (part, place) {
            for piece in [before, part, after, rest] {
                text.push_str(piece);
            }
        } else {
            text.push('{');
            text.push_str(piece);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_have_their_places() {
        for (words, parts, text) in [
            ("Undo", &[][..], "Undo"),
            ("{0}", &["a"], "a"),
            ("New: {0}", &["a {0} b"], "New: a {0} b"),
            ("{1} before {0}, {1}", &["a", "b"], "b before a, b"),
            ("{0} and {1}", &["a"], "a and {1}"),
            ("{x} {", &["a"], "{x} {"),
            ("", &["a"], ""),
        ] {
            assert_eq!(fill(words, parts, [""; 2]), text, "{words:?}");
        }
    }

    #[test]
    fn parts_may_be_set_apart() {
        let text = fill("{0} of {1}.", &["1", "b"], ["<", ">"]);
        assert_eq!(text, "<1> of <b>.");
    }

    #[test]
    fn one_is_singular_and_all_else_is_plural() {
        for (count, text) in [
            (0, "0 cards of Ann"),
            (1, "1 card of Ann"),
            (2, "2 cards of Ann"),
        ] {
            let ann = vec![Text::literal("Ann".into())];
            let counted = Text::counted("{0} card of {1}|{0} cards of {1}", count, ann);
            assert_eq!(counted.in_english(), text);
        }
    }

    #[test]
    fn a_text_may_be_a_part_of_another() {
        let snippets = Text::counted("{0} snippet|{0} snippets", 2, Vec::new());
        let text = Text::with("New prompt: {0}", vec![snippets]);
        assert_eq!(text.in_english(), "New prompt: 2 snippets");
    }

    #[test]
    fn what_somebody_else_says_is_left_alone() {
        let text = Text::literal("{0} | {1}".into());
        assert_eq!(text.in_english(), "{0} | {1}");
    }
}
