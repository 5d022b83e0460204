//! The words of a risk alert: the frame as the platform's own alert clients write it, byte for byte (platform wire,
//! sections 3.2 and 12), but with every value escaped, and with bounds.

use cuecard_cxone::wire::alerts::{Alert, AlertMetadata, HTML, RiskLevel};
use cuecard_protocol::{AgentId, AlertLevel, InteractionId, Millis, ids::MAX_ID_BYTES};

use crate::timestamp;

/// So many factors are listed; the others are counted.
pub const MAX_FACTORS: usize = 10;
/// A longer factor is cut, in characters.
pub const MAX_FACTOR_CHARS: usize = 200;

const ID_PREFIX: &str = "risk-alert-";
/// A dash and the digits of a time until the year 33658.
const ID_TIME_BYTES: usize = 16;

/// A score that is worth an alert.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The conversation.
    pub interaction_id: InteractionId,
    /// The agent who holds it.
    pub agent_id: AgentId,
    /// How grave it is.
    pub level: AlertLevel,
    /// The alert's body.
    pub html: String,
}

impl Finding {
    /// What a score of 0 to 1 and its factors say about an interaction.
    pub fn new(
        interaction_id: InteractionId,
        agent_id: AgentId,
        level: AlertLevel,
        score: f64,
        factors: &[String],
    ) -> Self {
        let html = body(&interaction_id, score, factors);
        Self {
            interaction_id,
            agent_id,
            level,
            html,
        }
    }

    /// The frame. `at` must be another one for each alert of this process, because it makes the id unique.
    pub fn into_alert(self, at: Millis) -> Alert {
        Alert {
            content_id: content_id(&self.interaction_id, at),
            title: format!("{} Risk Alert Detected", self.level.as_str()),
            content: self.html,
            content_type: HTML.to_owned(),
            metadata: AlertMetadata {
                interaction_id: self.interaction_id.into(),
                agent_id: self.agent_id.into(),
                risk_level: match self.level {
                    AlertLevel::High => RiskLevel::High,
                    AlertLevel::Critical => RiskLevel::Critical,
                },
                timestamp: timestamp::write(at),
            },
        }
    }
}

/// `risk-alert-<interaction>-<epoch ms>` out of `[A-Za-z0-9_-]`, and short enough for a card id.
fn content_id(interaction: &InteractionId, at: Millis) -> String {
    let room = MAX_ID_BYTES - ID_PREFIX.len() - ID_TIME_BYTES;
    let plain: String = interaction
        .as_str()
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '-' {
                c
            } else {
                '_'
            }
        })
        .take(room)
        .collect();
    format!("{ID_PREFIX}{plain}-{}", at.0)
}

fn body(interaction: &InteractionId, score: f64, factors: &[String]) -> String {
    let mut items = String::new();
    for factor in factors.iter().take(MAX_FACTORS) {
        let mut shown: String = factor.chars().take(MAX_FACTOR_CHARS).collect();
        if shown.len() < factor.len() {
            shown.push('…');
        }
        items.extend(["<li>", &escape(&shown), "</li>"]);
    }
    if let Some(more @ 1..) = factors.len().checked_sub(MAX_FACTORS) {
        items.extend(["<li>and ", &more.to_string(), " more</li>"]);
    }
    format!(
        "\n<div style=\"padding: 12px; background: #fff3cd; border-left: 4px solid #ffc107;\">\n\
         <strong>Interaction:</strong> {}<br/>\n\
         <strong>Risk Score:</strong> {}<br/>\n\
         <strong>Contributing Factors:</strong>\n\
         <ul style=\"margin-top: 8px;\">{items}</ul>\n\
         </div>\n",
        escape(interaction.as_str()),
        percent(score),
    )
}

/// A score of 0 to 1 as JavaScript's `(score * 100).toFixed(1)` and a percent sign.
pub fn percent(score: f64) -> String {
    let value = score * 100.0;
    // JavaScript rounds an exact half up, Rust rounds it to even. With one decimal only .25 and .75 are exact halves.
    // So it is one if its four-fold is an odd number, and that is exact in binary.
    let is_half = ((value * 4.0).rem_euclid(2.0) - 1.0).abs() < f64::EPSILON;
    let value = if is_half {
        (value * 10.0).ceil() / 10.0
    } else {
        value
    };
    format!("{value:.1}%")
}

/// Text as HTML.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use cuecard_protocol::CardId;
    use proptest::prelude::*;

    use super::*;
    use crate::clean::Cleaner;

    /// Recorded from the reference client, platform wire section 12.
    const RECORDED: &str = r#"{"contentId":"risk-alert-INT-RISK-1-1795164610765","title":"CRITICAL Risk Alert Detected","content":"\n<div style=\"padding: 12px; background: #fff3cd; border-left: 4px solid #ffc107;\">\n<strong>Interaction:</strong> INT-RISK-1<br/>\n<strong>Risk Score:</strong> 97.0%<br/>\n<strong>Contributing Factors:</strong>\n<ul style=\"margin-top: 8px;\"><li>threat language</li><li>repeat caller</li></ul>\n</div>\n","type":"html","metadata":{"interactionId":"INT-RISK-1","agentId":"AGT-1","riskLevel":"CRITICAL","timestamp":"2026-11-20T08:50:10.765Z"}}"#;

    fn finding(interaction: &str, level: AlertLevel, score: f64, factors: &[&str]) -> Finding {
        let factors: Vec<_> = factors.iter().map(|&factor| factor.to_owned()).collect();
        Finding::new(
            InteractionId::parse(interaction).unwrap(),
            AgentId::parse("AGT-1").unwrap(),
            level,
            score,
            &factors,
        )
    }

    #[test]
    fn the_recorded_alert_byte_for_byte() {
        let alert = finding(
            "INT-RISK-1",
            AlertLevel::Critical,
            0.97,
            &["threat language", "repeat caller"],
        )
        .into_alert(Millis(1_795_164_610_765));
        assert_eq!(serde_json::to_string(&alert).unwrap(), RECORDED);
    }

    #[test]
    fn every_value_is_escaped() {
        let alert = finding(
            "<i>&\"'",
            AlertLevel::High,
            0.9,
            &["<script>x</script>", "a\u{0}b & c"],
        )
        .into_alert(Millis(7));
        assert!(
            alert
                .content
                .contains("</strong> &lt;i&gt;&amp;&quot;&#39;<br/>"),
            "{}",
            alert.content
        );
        assert!(
            alert
                .content
                .contains("<li>&lt;script&gt;x&lt;/script&gt;</li><li>a b &amp; c</li>"),
            "{}",
            alert.content
        );
        assert_eq!(alert.content_id, "risk-alert-_i____-7");
        assert_eq!(alert.title, "HIGH Risk Alert Detected");
        assert_eq!(alert.metadata.interaction_id, "<i>&\"'");
    }

    #[test]
    fn percentages_round_as_the_platforms_clients_do() {
        for (score, text) in [
            (0.97, "97.0%"),
            (0.85, "85.0%"),
            (0.8625, "86.3%"),
            (0.8675, "86.8%"),
            (0.999_4, "99.9%"),
            (0.999_6, "100.0%"),
            (1.0, "100.0%"),
            (0.955, "95.5%"),
        ] {
            assert_eq!(percent(score), text, "{score}");
        }
    }

    #[test]
    fn no_factors_make_an_empty_list_and_many_a_bounded_one() {
        let none = finding("I", AlertLevel::High, 0.9, &[]);
        assert!(none.html.contains("<ul style=\"margin-top: 8px;\"></ul>"));
        let ten = finding("I", AlertLevel::High, 0.9, &["x"; 10]);
        assert!(!ten.html.contains("more"), "{}", ten.html);
        let long = "é".repeat(100_000);
        let many = finding("I", AlertLevel::High, 0.9, &vec![long.as_str(); 50]);
        assert_eq!(many.html.matches("<li>").count(), 11);
        assert!(many.html.contains(&format!(
            "<li>{}…</li><li>and 40 more</li></ul>",
            "é".repeat(200)
        )));
        assert!(many.html.len() < 5000, "{}", many.html.len());
    }

    proptest! {
        #[test]
        fn any_finding_has_a_valid_id_and_no_element_of_its_own(interaction in "[!-~é]{1,64}", factors in prop::collection::vec(".{0,300}", 0..20)) {
            let factors: Vec<_> = factors.iter().map(String::as_str).collect();
            let alert = finding(&interaction, AlertLevel::High, 0.9, &factors).into_alert(Millis(9_999_999_999_999));
            prop_assert!(CardId::parse(alert.content_id).is_ok());
            let cleaned = Cleaner::new(&[]).body(&alert.content);
            prop_assert_eq!(cleaned.html.matches('<').count(), alert.content.matches('<').count());
        }
    }
}
