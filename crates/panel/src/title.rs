//! What a card is called where there is room for a few words only: announcements, labels, slim rows.

use cuecard_protocol::{Card, CardBody, InteractionId};

use crate::Text;

/// Longest title, in characters.
const LONGEST: usize = 120;

/// A card in a few words.
pub fn title(card: &Card) -> Text {
    let words = match &card.body {
        CardBody::Alert(alert) => &alert.title,
        CardBody::Suggestion(suggestion) => &suggestion.content,
        CardBody::Prompt(prompt) => {
            let count = prompt.snippets.len();
            return Text::counted("{0} snippet|{0} snippets", count, Vec::new());
        }
        CardBody::Task(task) => match subject(&task.subject, &card.interaction_id) {
            // What our own task automation writes.
            "Follow-up required" => return Text::plain("Follow-up required"),
            subject => subject,
        },
    };
    Text::literal(cut(words))
}

/// What a task is about, without what every subject of the task automation says (platform wire, section 6.2) and the
/// conversation, which stands beside it.
fn subject<'a>(subject: &'a str, interaction_id: &InteractionId) -> &'a str {
    let rest = subject.strip_prefix("Agent Assist: ").unwrap_or(subject);
    let rest = rest.strip_suffix(interaction_id.as_str());
    rest.and_then(|rest| rest.strip_suffix(" for interaction "))
        .unwrap_or(subject)
}

/// A name as systems write it, such as `KNOWLEDGE_BASE`, in words; any other as it is.
pub fn in_words(name: &str) -> String {
    let is_of_system =
        |letter: char| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_';
    if !name.contains('_') || !name.chars().all(is_of_system) {
        return name.to_owned();
    }
    let mut text = String::new();
    for letter in name.chars() {
        match letter {
            '_' if text.is_empty() || text.ends_with(' ') => {}
            '_' => text.push(' '),
            letter if text.is_empty() => text.push(letter),
            letter => text.push(letter.to_ascii_lowercase()),
        }
    }
    text.truncate(text.trim_end().len());
    text
}

fn cut(text: &str) -> String {
    let Some((end, _)) = text.char_indices().nth(LONGEST) else {
        return text.to_owned();
    };
    let kept = &text[..end];
    // Not within a word, unless it is a very long one.
    let end = kept.rfind(' ').filter(|at| *at > end / 2).unwrap_or(end);
    format!("{}…", kept[..end].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_told_without_its_boilerplate() {
        let id = InteractionId::parse("INT-2").unwrap();
        for (whole, told) in [
            (
                "Agent Assist: Follow-up required for interaction INT-2",
                "Follow-up required",
            ),
            ("Call back for interaction INT-2", "Call back"),
            (
                "Agent Assist: Follow-up required for interaction INT-3",
                "Agent Assist: Follow-up required for interaction INT-3",
            ),
            ("Call back", "Call back"),
            ("INT-2", "INT-2"),
        ] {
            assert_eq!(subject(whole, &id), told);
        }
    }

    #[test]
    fn names_of_systems_become_words_and_no_others_do() {
        for (name, words) in [
            ("KNOWLEDGE_BASE", "Knowledge base"),
            ("_KB_2_", "Kb 2"),
            ("___", ""),
            ("CRM", "CRM"),
            ("My_Model", "My_Model"),
            ("agent assist", "agent assist"),
        ] {
            assert_eq!(in_words(name), words, "{name}");
        }
    }

    #[test]
    fn a_long_text_is_cut_between_words() {
        assert_eq!(cut("short"), "short");
        assert_eq!(cut(&"x".repeat(LONGEST)), "x".repeat(LONGEST));
        assert_eq!(
            cut(&"ä".repeat(LONGEST + 1)),
            format!("{}…", "ä".repeat(LONGEST))
        );
        assert_eq!(
            cut(&"word ".repeat(40)),
            format!("{}…", "word ".repeat(24).trim_end())
        );
    }
}
