//! What the agent wants to see of the feed. What is hidden is counted, never forgotten.

use cuecard_protocol::{Card, CardBody};

/// A filter; the default one hides nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Words that a card must contain, all of them, in any case.
    pub query: String,
    /// The only kind that is shown.
    pub kind: Option<CardKind>,
}

/// The kinds of cards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardKind {
    /// Risk alerts.
    Alert,
    /// Suggested next steps.
    Suggestion,
    /// Snippets to paste.
    Prompt,
    /// Things to be done after a conversation.
    Task,
}

impl CardKind {
    /// The kind of a card.
    pub const fn of(card: &Card) -> Self {
        match card.body {
            CardBody::Alert(_) => Self::Alert,
            CardBody::Suggestion(_) => Self::Suggestion,
            CardBody::Prompt(_) => Self::Prompt,
            CardBody::Task(_) => Self::Task,
        }
    }
}

impl Filter {
    /// Whether anything could be hidden.
    pub fn is_set(&self) -> bool {
        self.kind.is_some() || !self.query.trim().is_empty()
    }

    /// Whether this card is shown.
    pub fn shows(&self, card: &Card) -> bool {
        if self.kind.is_some_and(|kind| kind != CardKind::of(card)) {
            return false;
        }
        if self.query.trim().is_empty() {
            return true;
        }
        let text = in_lower_case(&text_of(card));
        let query = in_lower_case(&self.query);
        query.split_whitespace().all(|word| contains(&text, word))
    }
}

/// Byte by byte: the standard library's search is faster, and more than every page should load for a few cards.
fn contains(text: &str, word: &str) -> bool {
    let mut parts = text.as_bytes().windows(word.len());
    parts.any(|part| part == word.as_bytes())
}

/// Lower case as far as the scripts of Europe go, whose capitals stand in rows of their own. The standard library knows
/// all scripts, by tables that every page would have to load.
fn in_lower_case(text: &str) -> String {
    let lower = |letter: char| {
        let ahead = match letter {
            'A'..='Z' | 'À'..='Ö' | 'Ø'..='Þ' | 'Α'..='Ϋ' | 'А'..='Я' => 32,
            'Ѐ'..='Џ' => 80,
            'Ā'..='Ķ' | 'Ŋ'..='ŷ' => 1 - u32::from(letter) % 2,
            'Ĺ'..='Ň' | 'Ź'..='Ž' => u32::from(letter) % 2,
            _ => 0,
        };
        char::from_u32(u32::from(letter) + ahead).unwrap_or(letter)
    };
    text.chars().map(lower).collect()
}

/// All that a card says, as far as somebody would look for it.
fn text_of(card: &Card) -> String {
    let mut text = String::from(card.true_interaction_id());
    let mut say = |words: &str| {
        text.push('\n');
        text.push_str(words);
    };
    match &card.body {
        CardBody::Alert(alert) => {
            say(alert.level.as_str());
            say(&alert.title);
            // Between the tags: nobody looks for the name of one.
            for part in alert.html.split('<') {
                say(part.split_once('>').map_or(part, |(_, words)| words));
            }
        }
        CardBody::Task(task) => {
            say(&task.subject);
            say(task.priority.as_str());
        }
        CardBody::Suggestion(suggestion) => {
            say(&suggestion.content);
            say(suggestion.priority.as_deref().unwrap_or_default());
            say(suggestion.source.as_deref().unwrap_or_default());
        }
        CardBody::Prompt(prompt) => {
            for snippet in &prompt.snippets {
                say(&snippet.content);
                say(&snippet.source);
                snippet.tags.iter().for_each(|tag| say(tag));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Letters whose small form is of more than one letter or elsewhere, and a place without one.
    const OTHERS: [char; 5] = ['İ', 'ı', 'Ÿ', 'ŉ', '\u{3a2}'];

    #[test]
    fn the_letters_of_europe_are_brought_to_lower_case_as_the_standard_library_does() {
        let letters = ('\0'..='ž')
            .chain('Α'..='џ')
            .filter(|c| !OTHERS.contains(c));
        for letter in letters.filter(|letter| !('Ϗ'..'Ѐ').contains(letter)) {
            let text = letter.to_string();
            assert_eq!(in_lower_case(&text), text.to_lowercase(), "{letter:?}");
        }
    }
}
