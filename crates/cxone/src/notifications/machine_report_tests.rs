//! What becomes of outcome reports: order, repeats, answers that never come, and the bound.

use super::*;

#[test]
fn reports_of_one_card_go_one_after_the_other_and_repeats_join() {
    use OutcomeKind::{Accepted, Rendered};
    let mut machine = ready();
    check(
        &mut machine,
        report(1, Rendered, "x"),
        0,
        &[sent(Rendered, "x")],
    );
    check(&mut machine, report(2, Accepted, "x"), 0, &[]);
    check(&mut machine, report(3, Rendered, "x"), 0, &[]);
    check(
        &mut machine,
        report(4, Rendered, "y"),
        0,
        &[sent(Rendered, "y")],
    );
    check(&mut machine, received("z"), 1, &[]);
    check(
        &mut machine,
        received("x"),
        1,
        &[resolved(&[1, 3], Ok(())), sent(Accepted, "x")],
    );
    check(&mut machine, received("x"), 1, &[resolved(&[2], Ok(()))]);
    check(&mut machine, received("x"), 1, &[]);
    check(&mut machine, received("y"), 1, &[resolved(&[4], Ok(()))]);
    assert_eq!(machine.reports(), 0);
}

#[test]
fn a_report_is_sent_again_after_a_reconnect() {
    use OutcomeKind::{Accepted, Rendered};
    let mut machine = ready();
    check(
        &mut machine,
        report(1, Rendered, "x"),
        0,
        &[sent(Rendered, "x")],
    );
    check(&mut machine, dropped(), 1, &[disconnected(ended(), 1)]);
    check(&mut machine, report(2, Accepted, "x"), 1, &[]);
    check(&mut machine, received("x"), 1, &[]);
    check(&mut machine, Event::Timer, 2, &[Effect::Connect]);
    check(&mut machine, Event::Opened, 2, &[HELLO]);
    check(
        &mut machine,
        connected(),
        2,
        &[is_connected(), sent(Rendered, "x")],
    );
    check(
        &mut machine,
        received("x"),
        3,
        &[resolved(&[1], Ok(())), sent(Accepted, "x")],
    );
}

#[test]
fn an_answer_to_an_expired_report_is_not_taken_for_one_to_the_next() {
    use OutcomeKind::{Accepted, Rendered};
    let mut machine = Machine::new();
    check(&mut machine, report(1, Rendered, "x"), 0, &[]);
    check(&mut machine, report(2, Accepted, "x"), 9, &[]);
    check(&mut machine, Event::Start, 590, &[Effect::Connect]);
    check(&mut machine, Event::Opened, 590, &[HELLO]);
    check(
        &mut machine,
        connected(),
        590,
        &[is_connected(), sent(Rendered, "x")],
    );
    check(
        &mut machine,
        Event::Timer,
        600,
        &[resolved(&[1], Err(ReportError::Expired))],
    );
    check(&mut machine, received("x"), 601, &[sent(Accepted, "x")]);
    check(&mut machine, received("x"), 602, &[resolved(&[2], Ok(()))]);
}

#[test]
fn a_report_that_the_platform_refuses_is_given_up() {
    use OutcomeKind::{Accepted, Rendered};
    let mut machine = ready();
    check(
        &mut machine,
        report(1, Rendered, "x"),
        0,
        &[sent(Rendered, "x")],
    );
    check(&mut machine, report(2, Accepted, "x"), 0, &[]);
    for seconds in [20, 40] {
        check(&mut machine, Event::Timer, seconds, &[HEARTBEAT_SENT]);
        check(&mut machine, ack(), seconds, &[sent(Rendered, "x")]);
        check(&mut machine, error(400), seconds, &[rejected("400")]);
    }
    check(&mut machine, Event::Timer, 60, &[HEARTBEAT_SENT]);
    let given_up = resolved(&[1], Err(ReportError::Unanswered));
    check(&mut machine, ack(), 60, &[given_up, sent(Accepted, "x")]);
    check(&mut machine, received("x"), 60, &[resolved(&[2], Ok(()))]);
}

#[test]
fn a_report_that_cannot_be_sent_expires() {
    let mut machine = Machine::new();
    check(&mut machine, report(1, OutcomeKind::Rendered, "x"), 0, &[]);
    check(&mut machine, report(2, OutcomeKind::Rendered, "y"), 1, &[]);
    assert_eq!(machine.deadline(), Some(S(600)));
    check(
        &mut machine,
        Event::Timer,
        600,
        &[resolved(&[1], Err(ReportError::Expired))],
    );
    assert_eq!(machine.deadline(), Some(S(601)));
}

#[test]
fn the_number_of_reports_is_bounded() {
    let mut machine = Machine::new();
    for waiter in 0..crate::notifications::CAPACITY as u64 {
        check(
            &mut machine,
            report(waiter, OutcomeKind::Rendered, &waiter.to_string()),
            0,
            &[],
        );
    }
    let full = resolved(&[99_999], Err(ReportError::Crowded));
    check(
        &mut machine,
        report(99_999, OutcomeKind::Rendered, "x"),
        0,
        &[full],
    );
    check(
        &mut machine,
        report(99_998, OutcomeKind::Rendered, "7"),
        0,
        &[],
    );
    assert_eq!(machine.reports(), crate::notifications::CAPACITY);
}
