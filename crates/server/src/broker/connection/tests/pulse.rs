//! What is looked for while the agent types.

use super::*;

#[test]
fn while_the_agent_types_the_socket_is_probed_often_and_its_silence_is_told() {
    let mut connection = following();
    let at = |ms: u64| NOW.plus(Millis(ms));
    assert_eq!(
        connection.deadline(),
        NOW.plus(cuecard_protocol::PING_EVERY)
    );
    let due = |connection: &mut Connection, ms: u64, expected: &[Output]| {
        assert_eq!(connection.deadline(), at(ms));
        assert_eq!(
            connection.step(Input::DeadlineReached, at(ms - 1)),
            [],
            "before {ms}"
        );
        assert_eq!(connection.step(Input::DeadlineReached, at(ms)), expected);
    };
    assert_eq!(connection.step(Input::Typing(true), at(100)), []);
    due(&mut connection, 1_500, &[Output::Probe]);
    assert_eq!(connection.step(Input::Heard, at(1_600)), []);
    assert_eq!(connection.step(Input::Typing(true), at(1_700)), [], "still");
    due(&mut connection, 3_100, &[Output::Probe]);
    due(&mut connection, 4_600, &[Output::Silent(Millis(3_000))]);
    // The socket itself has its own patience.
    due(
        &mut connection,
        1_600 + cuecard_protocol::PING_EVERY.0,
        &[Output::Probe],
    );
    let later = 2_000 + cuecard_protocol::PING_EVERY.0;
    assert_eq!(connection.step(Input::Heard, at(later)), [Output::Back]);
    due(&mut connection, later + 1_500, &[Output::Probe]);
    assert_eq!(connection.step(Input::Heard, at(later + 1_500)), []);
    assert_eq!(connection.step(Input::Typing(false), at(later + 1_500)), []);
    let quiet = cuecard_protocol::PING_EVERY.0;
    assert_eq!(connection.deadline(), at(later + 1_500 + quiet));
}

#[test]
fn to_begin_to_type_is_a_sign_of_life() {
    let mut connection = following();
    let at = |ms: u64| NOW.plus(Millis(ms));
    connection.step(Input::Typing(true), at(9_000));
    assert_eq!(
        connection.step(Input::DeadlineReached, at(9_000)),
        [Output::Probe]
    );
    assert_eq!(
        connection.step(Input::DeadlineReached, at(10_500)),
        [Output::Probe]
    );
    assert_eq!(
        connection.step(Input::DeadlineReached, at(12_000)),
        [Output::Silent(Millis(3_000))]
    );
}

#[test]
fn a_panel_that_was_asked_late_has_its_time_to_answer() {
    let mut connection = following();
    let at = |ms: u64| NOW.plus(Millis(ms));
    connection.step(Input::Typing(true), at(0));
    // This server itself was held up, and has asked nobody.
    assert_eq!(
        connection.step(Input::DeadlineReached, at(5_000)),
        [Output::Probe]
    );
    assert_eq!(connection.deadline(), at(6_500));
    assert_eq!(connection.step(Input::DeadlineReached, at(6_499)), []);
    assert_eq!(connection.step(Input::Heard, at(6_499)), []);
    assert_eq!(connection.deadline(), at(7_999));
    assert_eq!(
        connection.step(Input::DeadlineReached, at(12_000)),
        [Output::Probe]
    );
    assert_eq!(
        connection.step(Input::DeadlineReached, at(13_500)),
        [Output::Silent(Millis(7_001))]
    );
}

#[test]
fn the_probes_of_an_earlier_burst_count_for_nothing() {
    let mut connection = following();
    let at = |ms: u64| NOW.plus(Millis(ms));
    connection.step(Input::Typing(true), at(0));
    assert_eq!(
        connection.step(Input::DeadlineReached, at(1_500)),
        [Output::Probe]
    );
    connection.step(Input::Typing(false), at(1_600));
    connection.step(Input::Typing(true), at(9_000));
    assert_eq!(
        connection.step(Input::DeadlineReached, at(13_000)),
        [Output::Probe]
    );
    assert_eq!(
        connection.step(Input::DeadlineReached, at(14_500)),
        [Output::Silent(Millis(5_500))]
    );
}
