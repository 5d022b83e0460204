//! Golden frames of the notification socket, written after the tables of platform wire section 13 and 14.

use super::*;

fn client(json: &str) -> ClientFrame {
    let frame: ClientFrame = serde_json::from_str(json).unwrap();
    assert_eq!(
        serde_json::to_string(&frame).unwrap(),
        json,
        "must be written as it was read"
    );
    frame
}

fn server(json: &str) -> ServerFrame {
    let frame: ServerFrame = serde_json::from_str(json).unwrap();
    assert_eq!(
        serde_json::to_string(&frame).unwrap(),
        json,
        "must be written as it was read"
    );
    frame
}

#[test]
fn client_commands() {
    client(r#"{"command":"CONNECT","headers":{"sessionToken":"tok"},"body":{}}"#);
    client(
        r#"{"command":"SUBSCRIBE","headers":{"sessionToken":"tok"},"body":{"topic":"AGT-1_agentcopilot"}}"#,
    );
    client(
        r#"{"command":"UNSUBSCRIBE","headers":{"sessionToken":"tok"},"body":{"topic":"AGT-1_agentcopilot"}}"#,
    );
    client(r#"{"command":"HEARTBEAT","headers":{"sessionToken":""},"body":{}}"#);
    for command in ["RENDERED", "ACCEPTED", "DISMISSED"] {
        client(&format!(
            r#"{{"command":"{command}","headers":{{"sessionToken":"tok"}},"body":{{"objectId":"a","contactId":"INT-1","agentId":"AGT-1","at":"2026-11-20T08:50:10.765Z","reason":null}}}}"#
        ));
    }
}

#[test]
fn constructors_write_the_same_frames_and_hide_the_token_from_debug() {
    let frame = ClientFrame::subscribe("tok-secret".into(), agent_topic("AGT-1"));
    assert_eq!(
        serde_json::to_string(&frame).unwrap(),
        r#"{"command":"SUBSCRIBE","headers":{"sessionToken":"tok-secret"},"body":{"topic":"AGT-1_agentcopilot"}}"#
    );
    assert!(!format!("{frame:?}").contains("tok-secret"));
    assert_eq!(
        serde_json::to_string(&ClientFrame::heartbeat()).unwrap(),
        r#"{"command":"HEARTBEAT","headers":{"sessionToken":""},"body":{}}"#
    );
}

#[test]
fn server_commands() {
    server(r#"{"command":"CONNECTED","headers":{"connectionId":"c"},"body":{}}"#);
    server(
        r#"{"command":"SUBSCRIBED","headers":{"connectionId":"c"},"body":{"topic":"AGT-1_agentcopilot"}}"#,
    );
    server(
        r#"{"command":"UNSUBSCRIBED","headers":{"connectionId":"c"},"body":{"topic":"AGT-1_agentcopilot"}}"#,
    );
    server(r#"{"command":"HEARTBEAT_ACK","headers":{"connectionId":"c"},"body":{}}"#);
    server(r#"{"command":"RECEIVED","headers":{"connectionId":"c"},"body":{"objectId":"risk-1"}}"#);
    server(
        r#"{"command":"MESSAGE","headers":{"connectionId":"c"},"body":{"agentAssistSource":"s","contactId":"INT-1","utcTimestamp":"2026-11-20T08:50:10.765Z","acpAppElements":[{"contentType":"customCard","cardType":"Text","objectId":"risk-1","content":{"contentId":"risk-1"}}]}}"#,
    );
    server(
        r#"{"command":"MESSAGE","headers":{"connectionId":"c"},"body":{"agentAssistSource":"s","contactId":"INT-1","utcTimestamp":"t","acpAppElements":[],"messageType":"Transcript"}}"#,
    );
}

#[test]
fn error_codes_come_as_text_or_number() {
    for (code, number) in [
        ("401", Some(401)),
        (r#""401""#, Some(401)),
        (r#""TOKEN_EXPIRED""#, None),
    ] {
        let frame = server(&format!(
            r#"{{"command":"ERROR","headers":{{"connectionId":"c"}},"body":{{"responseCode":{code},"responseText":"no"}}}}"#
        ));
        let ServerFrame::Error { body, .. } = frame else {
            panic!("expected ERROR, got {frame:?}")
        };
        assert_eq!(body.response_code.as_number(), number, "{code}");
    }
}

#[test]
fn unknown_server_commands_are_told_apart_from_broken_ones() {
    let frame: ServerFrame =
        serde_json::from_str(r#"{"command":"TRANSCRIPT_MOVED","headers":{},"body":{"x":1}}"#)
            .unwrap();
    assert_eq!(frame, ServerFrame::Unknown);
    assert!(serde_json::from_str::<ServerFrame>(r#"{"headers":{},"body":{}}"#).is_err());
}

#[test]
fn content_is_an_object_or_a_string_that_holds_one() {
    let element = |content: Value| AppElement {
        content_type: CUSTOM_CARD.into(),
        card_type: TEXT_CARD.into(),
        object_id: "o".into(),
        content,
    };
    let wanted = serde_json::json!({"a": 1});
    assert_eq!(*element(wanted.clone()).content_object().unwrap(), wanted);
    assert_eq!(
        *element(Value::String(wanted.to_string()))
            .content_object()
            .unwrap(),
        wanted
    );
    let error = element(Value::String("{".into()))
        .content_object()
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with(r#"content of element "o" is a string but not JSON"#),
        "{error}"
    );
    let error = element(serde_json::json!([1]))
        .content_object()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"content of element "o" is an array, expected an object or a string holding one"#
    );
    let error = element(Value::String("7".into()))
        .content_object()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"content of element "o" is a number, expected an object or a string holding one"#
    );
}

#[test]
fn topics() {
    assert_eq!(topic_agent(&agent_topic("AGT-1")), Some("AGT-1"));
    assert_eq!(topic_agent("AGT-1_agentcopilot_health"), None);
    assert_eq!(topic_agent("INT-1_transcript"), None);
    assert_eq!(topic_agent("_agentcopilot"), None);
}

#[test]
fn an_element_that_cannot_be_read_takes_no_other_with_it() {
    let body: MessageBody = serde_json::from_str(
        r#"{"acpAppElements":[{"contentType":"a"},7,{"contentType":7,"objectId":"x"},{"contentType":"b"}]}"#,
    )
    .unwrap();
    let element = |content_type: &str| AppElement {
        content_type: content_type.into(),
        ..AppElement::default()
    };
    assert_eq!(
        body.acp_app_elements,
        [element("a"), element(""), element(""), element("b")]
    );
}
