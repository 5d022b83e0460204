//! The call that plays when nothing else is said: a customer who wants to cancel, and stays.
//!
//! Contents only; what a step is, is in `scenario`. Start with [`steps`].

use cuecard_cxone::wire::prompts::PromptSnippet;
use cuecard_cxone::wire::risk::RiskScore;
use cuecard_cxone::wire::tasks::{Form, FormResponse};

use crate::cue::{CuedEnd, CuedPrompt, CuedSuggestion};
use crate::scenario::Step;

/// The steps of the call, for agent `AGT-1` and interaction `INT-1`. The risk is critical in the second answer, then
/// falls, and flares up once more before the call ends well.
pub fn steps() -> Vec<Step> {
    let suggestion = |content: &str, priority: &str, relevance_score| CuedSuggestion {
        content: content.into(),
        priority: priority.into(),
        relevance_score,
        seconds: 50,
    };
    let call_back = suggestion(
        "Name the three calls of this week before the customer does, apologise once, and offer a supervisor's call back \
         within the hour.",
        "HIGH",
        0.92,
    );
    let fee = suggestion(
        "The contract is past its first year: the cancellation fee no longer applies. Say so before offering anything.",
        "MEDIUM",
        0.84,
    );
    let mut steps = vec![
        risk(0.88, &["Third call this week", "Raised voice"]),
        risk(
            0.97,
            &[
                "Threatens to cancel",
                "Asks for a supervisor",
                "Third call this week",
            ],
        ),
        risk(0.91, &["Asks for a supervisor", "Talks over the agent"]),
        risk(0.74, &["Long silence after the offer"]),
        risk(0.52, &["Still frustrated"]),
        risk(0.31, &[]),
        risk(0.58, &["Asks about the cancellation fee"]),
        risk(
            0.86,
            &["Mentions a competitor", "Asks about the cancellation fee"],
        ),
        risk(
            0.96,
            &[
                "Threatens a public complaint",
                "Raised voice",
                "Mentions a competitor",
            ],
        ),
        risk(0.67, &["Calmer after the credit was offered"]),
        risk(0.24, &[]),
        risk(0.12, &[]),
    ];
    steps[1].suggestion = Some(call_back);
    steps[3].prompt = Some(retention());
    steps[6].suggestion = Some(fee);
    steps[11].completed = Some(survey());
    steps
}

fn risk(score: f64, factors: &[&str]) -> Step {
    Step::of_risk(RiskScore {
        interaction_id: "INT-1".into(),
        agent_id: "AGT-1".into(),
        risk_score: score,
        factors: factors.iter().map(ToString::to_string).collect(),
    })
}

/// What to say to somebody who is about to leave, pinned.
fn retention() -> CuedPrompt {
    let snippet = |id: &str, content: &str, tags: &[&str], source: &str| PromptSnippet {
        snippet_id: id.into(),
        content: content.into(),
        tags: tags.iter().map(ToString::to_string).collect(),
        source_system: source.into(),
    };
    CuedPrompt {
        priority_level: 5,
        priority_override: true,
        ttl_seconds: 45,
        snippets: vec![
            snippet(
                "CRM-2207",
                "You have been with us for six years, and I would like to keep it that way. I can take 20% off the next \
                 twelve months, starting with the bill you have in front of you.",
                &["retention", "discount"],
                "CRM",
            ),
            snippet(
                "KB-1045",
                "I have opened a case for the outages of this week. A technician will call you today between 4 and 6 pm, \
                 and I will follow it up myself.",
                &["outage", "follow-up"],
                "KNOWLEDGE_BASE",
            ),
            snippet(
                "KB-1102",
                "If you still decide to cancel, I will do it for you now, and there is no fee. May I ask first what would \
                 have made you stay?",
                &["cancellation"],
                "KNOWLEDGE_BASE",
            ),
        ],
    }
}

/// What the customer says afterwards: they stay, and they are not happy.
fn survey() -> CuedEnd {
    let response = |field: &str, value: serde_json::Value| FormResponse {
        field_name: Some(field.into()),
        value,
    };
    CuedEnd {
        form: Some(Form {
            responses: Some(vec![
                response("overall_satisfaction", 2.into()),
                response("comment", "It took three calls.".into()),
            ]),
        }),
    }
}
