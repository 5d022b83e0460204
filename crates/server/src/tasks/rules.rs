//! Whether a form makes a task, and which one. Pure; start at [`decide`].

use cuecard_cxone::wire::tasks::Form;
use cuecard_protocol::{Millis, TaskPriority};
use serde::{Deserialize, Serialize};

use super::score;
use crate::config::tasks::Tasks;

/// A task that shall be made. Decided once, so that every try asks for the same.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The score that it is made for.
    pub score: f64,
    /// How urgent it is.
    pub priority: TaskPriority,
    /// When it was decided.
    pub decided_at: Millis,
    /// When it is due.
    pub due_at: Millis,
}

/// Why a form makes no task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unneeded {
    /// There is no form.
    NoForm,
    /// The field is not there, or holds no number.
    NoScore,
    /// The score is outside the settings' limits.
    OutOfRange,
    /// The score is below none of the rules.
    GoodScore,
}

impl Unneeded {
    /// The reason as metrics and audit name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoForm => "no_form",
            Self::NoScore => "no_score",
            Self::OutOfRange => "out_of_range",
            Self::GoodScore => "good_score",
        }
    }
}

/// What a form that was read at `now` leads to (platform wire, section 6.3).
pub fn decide(form: Option<&Form>, settings: &Tasks, now: Millis) -> Result<Plan, Unneeded> {
    let form = form.ok_or(Unneeded::NoForm)?;
    let value = form.value(&settings.score_field);
    let score = value.and_then(score::read).ok_or(Unneeded::NoScore)?;
    let is_low = settings.score_min.is_some_and(|min| score < min);
    let is_high = settings.score_max.is_some_and(|max| score > max);
    if is_low || is_high {
        return Err(Unneeded::OutOfRange);
    }
    let rule = settings.rules.iter().find(|rule| score < rule.below);
    let rule = rule.ok_or(Unneeded::GoodScore)?;
    Ok(Plan {
        score,
        priority: rule.priority,
        decided_at: now,
        due_at: now.plus(rule.due_in),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::config::Config;

    const NOW: Millis = Millis(1_795_164_592_835);
    const DAY: u64 = 86_400_000;

    fn settings(lines: &str) -> Tasks {
        let toml = format!("[server]\ndev_mode = true\n[tasks]\n{lines}");
        Config::from_toml(&toml).unwrap().tasks
    }

    fn decided(form: Value, settings: &Tasks) -> Result<Plan, Unneeded> {
        let form: Form = serde_json::from_value(form).unwrap();
        decide(Some(&form), settings, NOW)
    }

    fn scored(value: &Value, settings: &Tasks) -> Result<(TaskPriority, u64), Unneeded> {
        let form = json!({"responses": [{"fieldName": "overall_satisfaction", "value": value}]});
        let plan = decided(form, settings)?;
        assert_eq!(plan.decided_at, NOW);
        Ok((plan.priority, plan.due_at.since(NOW).0))
    }

    #[test]
    fn the_wires_thresholds_are_the_default() {
        let settings = settings("");
        let high = Ok((TaskPriority::High, DAY));
        let medium = Ok((TaskPriority::Medium, 3 * DAY));
        for (value, expected) in [
            (json!(2.9), high),
            (json!("2.9"), high),
            (json!(0), high),
            (json!(-1), high),
            // A comma ends the number.
            (json!("2,5"), high),
            (json!(3), medium),
            (json!("3.0"), medium),
            (json!(3.9), medium),
            (json!(3.999_999), medium),
            (json!(4), Err(Unneeded::GoodScore)),
            (json!(5), Err(Unneeded::GoodScore)),
            (json!(11), Err(Unneeded::GoodScore)),
            (json!("n/a"), Err(Unneeded::NoScore)),
            (json!("NaN"), Err(Unneeded::NoScore)),
            (json!(""), Err(Unneeded::NoScore)),
            (json!(null), Err(Unneeded::NoScore)),
            (json!(["2"]), Err(Unneeded::NoScore)),
        ] {
            assert_eq!(scored(&value, &settings), expected, "{value}");
        }
    }

    #[test]
    fn without_a_form_or_its_field_there_is_no_task() {
        let settings = settings("");
        assert_eq!(decide(None, &settings, NOW), Err(Unneeded::NoForm));
        for form in [
            json!({}),
            json!({"responses": null}),
            json!({"responses": []}),
            json!({"responses": [{"fieldName": "Overall_Satisfaction", "value": 1}, {"value": 1}]}),
            // The first of the name counts, also if it says nothing.
            json!({"responses": [
                {"fieldName": "overall_satisfaction"}, {"fieldName": "overall_satisfaction", "value": 1},
            ]}),
        ] {
            assert_eq!(
                decided(form.clone(), &settings),
                Err(Unneeded::NoScore),
                "{form}"
            );
        }
    }

    #[test]
    fn limits_are_part_of_the_range() {
        let settings = settings("score_min = 1\nscore_max = 10");
        for (value, expected) in [
            (0.0, Err(Unneeded::OutOfRange)),
            (0.999, Err(Unneeded::OutOfRange)),
            (1.0, Ok((TaskPriority::High, DAY))),
            (10.0, Err(Unneeded::GoodScore)),
            (11.0, Err(Unneeded::OutOfRange)),
        ] {
            assert_eq!(scored(&json!(value), &settings), expected, "{value}");
        }
    }

    #[test]
    fn own_rules_and_an_own_field() {
        let settings = settings(
            "score_field = 'nps'\nrules = [{below = 7, priority = 'Critical', due_days = 0.5}, \
             {below = 9, priority = 'Low', due_days = 14}]",
        );
        let nps = |value: u64| {
            let plan = decided(
                json!({"responses": [{"fieldName": "nps", "value": value}]}),
                &settings,
            );
            plan.map(|plan| (plan.priority, plan.due_at.since(NOW).0))
        };
        assert_eq!(nps(6), Ok((TaskPriority::Critical, DAY / 2)));
        assert_eq!(nps(7), Ok((TaskPriority::Low, 14 * DAY)));
        assert_eq!(nps(9), Err(Unneeded::GoodScore));
    }
}
