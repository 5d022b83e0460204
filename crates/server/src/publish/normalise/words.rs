//! How publishers' texts are made to fit, and safe to show as plain text.

use crate::clean;

/// What was cut of a card, if anything.
#[derive(Debug, Default)]
pub(super) struct Scissors {
    pub(super) has_cut: bool,
}

impl Scissors {
    /// Text of at most so many characters, the last an ellipsis if it was cut.
    pub(super) fn text(&mut self, text: &str, most: usize) -> String {
        let (text, is_cut) = clean::text(text, most);
        self.has_cut |= is_cut;
        text
    }
}
