//! What is written is read back, and what does not fit is named.

use super::*;

fn read<T: FromJson>(text: &str) -> Result<T, Misfit> {
    T::from_json(&tree(text)?)
}

#[test]
fn what_the_server_writes_is_read() {
    let session = SessionInfo {
        agent_id: AgentId::parse("A").unwrap(),
        version: "1".into(),
        locale: "en".into(),
        expires_at: Millis(5),
        image_origins: vec!["https://img.example".into()],
    };
    assert_eq!(read(&serde_json::to_string(&session).unwrap()), Ok(session));
    let ticket = TicketInfo {
        ticket: "t".into(),
        url: "ws://x".into(),
        expires_in: 30,
        session: Some("s".into()),
    };
    assert_eq!(read(&serde_json::to_string(&ticket).unwrap()), Ok(ticket));
    for kind in [
        ActionKind::Rendered,
        ActionKind::Accepted,
        ActionKind::Dismissed,
        ActionKind::Adopted,
        ActionKind::Snoozed,
    ] {
        let action = Action {
            id: ActionId::parse("x").unwrap(),
            card_id: CardId::parse("c").unwrap(),
            kind,
            at: Millis(7),
            reason: Some("no".into()),
            snippet_id: Some("KB-1".into()),
            until: Some(Millis(9)),
        };
        assert_eq!(read(&serde_json::to_string(&action).unwrap()), Ok(action));
    }
}

#[test]
fn every_kind_of_card_is_read_as_it_is_written() {
    let suggestion = CardBody::Suggestion(Suggestion {
        content: "Offer the annual plan".into(),
        priority: Some("HIGH".into()),
        relevance: 0.85,
        source: None,
    });
    let prompt = CardBody::Prompt(Prompt {
        level: 5,
        is_pinned: true,
        relevance: 0.8,
        snippets: vec![Snippet {
            id: "KB-1".into(),
            content: "Hello {{name}}".into(),
            tags: vec!["greeting".into()],
            source: "CRM".into(),
        }],
    });
    let priorities = [
        TaskPriority::Low,
        TaskPriority::Normal,
        TaskPriority::Medium,
        TaskPriority::High,
        TaskPriority::Critical,
    ];
    let tasks = priorities.map(|priority| {
        CardBody::Task(Task {
            task_id: (priority > TaskPriority::Low).then(|| "TASK-2".into()),
            true_interaction_id: (priority > TaskPriority::Normal).then(|| "a b".into()),
            subject: "Follow-up".into(),
            priority,
            due_at: Millis(9),
            score: Some(2.5),
        })
    });
    for body in [suggestion, prompt].into_iter().chain(tasks) {
        assert_eq!(read(&serde_json::to_string(&body).unwrap()), Ok(body));
    }
}

#[test]
fn a_misfit_is_named_with_its_place_and_what_was_expected() {
    let read = |text| read::<LiveCard>(text).unwrap_err().to_string();
    assert_eq!(
        read(r#"{"seq":"x"}"#),
        "seq is \"x\", expected a whole number from 0"
    );
    assert_eq!(
        read(r#"{"seq":1,"card":{"id":"a b"}}"#),
        "card.id is \"a b\", expected 1 to 128 of the characters A-Z a-z 0-9 _ -"
    );
    assert_eq!(
        read(
            r#"{"seq":1,"card":{"id":"a","interaction_id":"i","published_at":1,"received_at":1,"expires_at":1,"body":{"alert":{"level":"LOW"}}}}"#
        ),
        "card.body.alert.level is \"LOW\", expected HIGH or CRITICAL"
    );
    assert!(read("nonsense").starts_with("message is not JSON: "));
}
