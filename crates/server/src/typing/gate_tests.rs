//! What the gate does, step by step: each test says the whole list of effects.

use super::*;

const LATENCY: Duration = Duration::from_millis(80);

fn ms(ms: u64) -> Moment {
    Duration::from_millis(ms)
}

fn call(call: Call) -> Vec<Effect> {
    vec![Effect::Call(call)]
}

/// A gate and the time, which goes on by [`LATENCY`] with each answer.
struct Play {
    gate: Gate,
    now: Moment,
}

impl Play {
    fn new() -> Self {
        Self {
            gate: Gate::default(),
            now: ms(10_000),
        }
    }

    /// One that shows `true` to the guest that it made.
    fn typing() -> Self {
        let mut play = Self::new();
        assert_eq!(play.want(true), call(Call::Open));
        assert_eq!(play.done(), call(Call::Mark));
        assert_eq!(play.done(), call(Call::Turn(true)));
        assert_eq!(play.done(), []);
        play
    }

    /// One whose guest is known, and that is at rest.
    fn rested() -> Self {
        let mut play = Self::typing();
        assert_eq!(play.want(false), call(Call::Turn(false)));
        play.pause();
        play
    }

    /// The rest of a pause whose `false` is under way.
    fn pause(&mut self) {
        assert_eq!(self.done(), call(Call::Read));
        assert_eq!(self.answer(Answer::Shown(Some(false))), call(Call::Unmark));
        assert_eq!(self.done(), []);
        assert!(self.gate.is_at_rest());
        assert_eq!(self.gate.deadline(), None);
    }

    fn want(&mut self, typing: bool) -> Vec<Effect> {
        self.gate.step(Event::Want(typing), self.now)
    }

    fn answer(&mut self, answer: Answer) -> Vec<Effect> {
        self.now += LATENCY;
        self.gate.step(Event::Answered(answer), self.now)
    }

    fn done(&mut self) -> Vec<Effect> {
        self.answer(Answer::Done)
    }

    /// Sleeps until the deadline, which is so far away, not a moment less.
    fn wait(&mut self, wait: Duration) -> Vec<Effect> {
        assert_eq!(self.gate.deadline(), Some(self.now + wait));
        let early = self.now + wait.saturating_sub(Duration::from_nanos(1));
        assert_eq!(self.gate.step(Event::Timer, early), []);
        self.now += wait;
        self.gate.step(Event::Timer, self.now)
    }
}

fn limited(retry_after: Option<u64>) -> Answer {
    Answer::Limited {
        retry_after: retry_after.map(Duration::from_secs),
    }
}

const LOST: Answer = Answer::Lost { retry_after: None };

fn closed(ms: u64) -> Vec<Effect> {
    vec![Effect::Note(Note::Closed(Duration::from_millis(ms)))]
}

#[test]
fn a_burst_is_one_true_and_one_false_and_the_second_burst_needs_no_new_guest() {
    let mut play = Play::rested();
    assert_eq!(play.want(true), call(Call::Mark));
    assert_eq!(play.done(), call(Call::Turn(true)));
    assert_eq!(play.want(true), []);
    assert_eq!(play.done(), []);
    assert_eq!(play.want(true), []);
    assert!(!play.gate.is_at_rest());
    assert_eq!(play.want(false), call(Call::Turn(false)));
    play.pause();
    assert_eq!(play.want(false), []);
}

#[test]
fn while_a_call_is_under_way_only_the_newest_state_is_kept() {
    let mut play = Play::rested();
    assert_eq!(play.want(true), call(Call::Mark));
    assert_eq!(play.done(), call(Call::Turn(true)));
    for typing in [false, true, false, true, false] {
        assert_eq!(play.want(typing), []);
    }
    assert_eq!(play.done(), call(Call::Turn(false)));
    play.pause();
}

#[test]
fn a_state_that_is_over_before_it_could_be_told_costs_nothing() {
    let mut play = Play::rested();
    play.want(true);
    assert_eq!(play.want(false), []);
    assert_eq!(play.done(), call(Call::Unmark));
    assert_eq!(play.done(), []);
    assert!(play.gate.is_at_rest());
}

#[test]
fn a_429_closes_the_gate_for_as_long_as_it_says() {
    let mut play = Play::typing();
    play.want(false);
    assert_eq!(play.answer(limited(Some(7))), closed(7_000));
    assert_eq!(play.want(true), [], "the customer sees `true` still");
    assert_eq!(play.gate.deadline(), None);
    assert_eq!(play.want(false), []);
    assert_eq!(play.wait(Duration::from_secs(7)), call(Call::Turn(false)));
    play.pause();
}

#[test]
fn a_429_that_says_nothing_or_now_closes_it_for_1_2_4_seconds() {
    let mut play = Play::typing();
    play.want(false);
    for (answer, seconds) in [
        (limited(None), 1),
        (limited(Some(0)), 2),
        (limited(None), 4),
        (limited(None), 4),
        (limited(Some(1)), 1),
    ] {
        assert_eq!(play.answer(answer), closed(seconds * 1_000));
        assert_eq!(
            play.wait(Duration::from_secs(seconds)),
            call(Call::Turn(false))
        );
    }
    play.pause();
    // A success begins the count anew.
    play.want(true);
    assert_eq!(play.answer(limited(None)), closed(1_000));
}

#[test]
fn a_true_that_met_a_429_never_comes_after_its_false() {
    let mut play = Play::rested();
    play.want(true);
    assert_eq!(play.done(), call(Call::Turn(true)));
    assert_eq!(play.answer(limited(Some(2))), closed(2_000));
    assert_eq!(play.want(false), []);
    // A 429 had no effect: nothing to turn off, and the mark can go.
    assert_eq!(play.wait(Duration::from_secs(2)), call(Call::Unmark));
    assert_eq!(play.done(), []);
    assert!(play.gate.is_at_rest());
}

#[test]
fn a_lost_true_may_have_landed_so_its_false_is_told_and_the_state_read_back_later() {
    let mut play = Play::rested();
    play.want(true);
    play.done();
    play.want(false);
    assert_eq!(play.answer(LOST), []);
    let lost_at = play.now;
    assert_eq!(play.wait(LOST_WAIT), call(Call::Turn(false)));
    assert_eq!(play.done(), []);
    let rest = (lost_at + LATE).saturating_sub(play.now);
    assert_eq!(play.wait(rest), call(Call::Read));
    assert_eq!(
        play.answer(Answer::Shown(Some(true))),
        [
            Effect::Note(Note::Repaired),
            Effect::Call(Call::Turn(false))
        ]
    );
    play.pause();
}

#[test]
fn a_lost_false_is_told_again_until_it_lands() {
    let mut play = Play::typing();
    play.want(false);
    for wait in [250, 500, 1_000, 2_000, 4_000, 4_000] {
        assert_eq!(play.answer(LOST), []);
        assert!(!play.gate.is_at_rest());
        assert_eq!(play.wait(ms(wait)), call(Call::Turn(false)));
    }
    let unwell = Answer::Lost {
        retry_after: Some(Duration::from_secs(9)),
    };
    assert_eq!(play.answer(unwell), []);
    assert_eq!(play.wait(Duration::from_secs(9)), call(Call::Turn(false)));
    // What was lost has had its time to arrive, so the state is read back at once.
    play.pause();
}

#[test]
fn a_lost_false_whose_true_follows_is_checked_while_the_agent_types() {
    let mut play = Play::typing();
    play.want(false);
    play.answer(LOST);
    play.want(true);
    assert_eq!(play.wait(LOST_WAIT), call(Call::Turn(true)));
    assert_eq!(play.done(), []);
    assert_eq!(
        play.wait(LATE.saturating_sub(LOST_WAIT + LATENCY)),
        call(Call::Read)
    );
    assert_eq!(
        play.answer(Answer::Shown(Some(false))),
        [Effect::Note(Note::Repaired), Effect::Call(Call::Turn(true))]
    );
    assert_eq!(play.done(), []);
    assert_eq!(play.gate.deadline(), None);
}

#[test]
fn a_guest_that_has_expired_is_made_anew_once_in_a_burst() {
    let mut play = Play::rested();
    play.want(true);
    assert_eq!(play.done(), call(Call::Turn(true)));
    // The mark of the old guest goes before the new one has its own.
    assert_eq!(play.answer(Answer::Gone), call(Call::Unmark));
    assert_eq!(play.done(), call(Call::Open));
    assert_eq!(play.done(), call(Call::Mark));
    assert_eq!(play.done(), call(Call::Turn(true)));
    assert_eq!(
        play.answer(Answer::Gone),
        [
            Effect::Note(Note::GaveUp(Call::Turn(true))),
            Effect::Call(Call::Unmark)
        ]
    );
    assert_eq!(play.done(), []);
    assert!(play.gate.is_at_rest());
    assert_eq!(play.want(true), [], "the same burst");
    assert_eq!(play.want(false), []);
    assert_eq!(play.want(true), call(Call::Open), "the next");
}

#[test]
fn a_guest_that_is_gone_needs_no_false() {
    let mut play = Play::typing();
    play.want(false);
    assert_eq!(play.answer(Answer::Gone), call(Call::Unmark));
    assert_eq!(play.done(), []);
    assert!(play.gate.is_at_rest());
    assert_eq!(play.want(true), call(Call::Open));
}

#[test]
fn a_refused_true_is_not_tried_again_in_this_burst() {
    for refused in [Call::Open, Call::Mark, Call::Turn(true)] {
        let mut play = Play::new();
        let mut next = play.want(true);
        while next != call(refused) {
            next = play.done();
        }
        let mut effects = play.answer(Answer::Refused);
        assert_eq!(effects.remove(0), Effect::Note(Note::GaveUp(refused)));
        if refused == Call::Turn(true) {
            assert_eq!(effects, call(Call::Unmark));
            effects = play.done();
        }
        assert_eq!(effects, []);
        assert!(play.gate.is_at_rest());
        play.want(false);
        assert_ne!(play.want(true), []);
    }
}

#[test]
fn a_true_that_was_lost_and_then_refused_is_ended_and_not_tried_again() {
    let mut play = Play::rested();
    play.want(true);
    play.done();
    assert_eq!(play.answer(LOST), []);
    assert_eq!(play.wait(LOST_WAIT), call(Call::Turn(true)));
    assert_eq!(
        play.answer(Answer::Refused),
        [
            Effect::Note(Note::GaveUp(Call::Turn(true))),
            Effect::Call(Call::Turn(false))
        ]
    );
    assert_eq!(play.done(), []);
    let rest = LATE.saturating_sub(LOST_WAIT + LATENCY * 2);
    assert_eq!(play.wait(rest), call(Call::Read));
    assert_eq!(play.answer(Answer::Shown(Some(false))), call(Call::Unmark));
    assert_eq!(play.done(), []);
    assert!(play.gate.is_at_rest());
}

#[test]
fn a_refused_false_is_told_again_when_somebody_may_have_helped() {
    let mut play = Play::typing();
    play.want(false);
    assert_eq!(play.answer(Answer::Refused), []);
    assert_eq!(play.wait(REFUSED_WAIT), call(Call::Turn(false)));
    play.pause();
}

#[test]
fn a_false_that_is_always_refused_is_given_up_when_the_guest_cannot_live_any_more() {
    let mut play = Play::typing();
    play.want(false);
    for _ in 0..MOST_REFUSED {
        assert_eq!(play.answer(Answer::Refused), []);
        assert_eq!(play.wait(REFUSED_WAIT), call(Call::Turn(false)));
    }
    assert_eq!(
        play.answer(Answer::Refused),
        [
            Effect::Note(Note::GaveUp(Call::Turn(false))),
            Effect::Call(Call::Unmark)
        ]
    );
    assert_eq!(play.done(), []);
    assert!(play.gate.is_at_rest());
    assert!(REFUSED_WAIT * MOST_REFUSED >= Duration::from_mins(30));
}

#[test]
fn a_state_that_cannot_be_read_is_believed_and_one_that_is_gone_is_off() {
    for answer in [Answer::Shown(None), Answer::Refused, Answer::Gone] {
        let mut play = Play::typing();
        play.want(false);
        assert_eq!(play.done(), call(Call::Read));
        let note = (answer == Answer::Refused).then_some(Effect::Note(Note::GaveUp(Call::Read)));
        let expected: Vec<_> = note.into_iter().chain(call(Call::Unmark)).collect();
        assert_eq!(play.answer(answer), expected);
        assert_eq!(play.done(), []);
        assert!(play.gate.is_at_rest());
    }
}

#[test]
fn after_a_loss_a_state_that_cannot_be_read_is_told_once_more() {
    for answer in [Answer::Shown(None), Answer::Refused] {
        let mut play = Play::typing();
        play.want(false);
        assert_eq!(play.answer(LOST), []);
        assert_eq!(play.wait(LOST_WAIT), call(Call::Turn(false)));
        assert_eq!(play.done(), []);
        let rest = LATE.saturating_sub(LOST_WAIT + LATENCY);
        assert_eq!(play.wait(rest), call(Call::Read));
        let effects = play.answer(answer);
        assert_eq!(effects.last(), Some(&Effect::Call(Call::Turn(false))));
        assert_eq!(play.done(), call(Call::Read));
        assert_eq!(play.answer(Answer::Shown(None)), call(Call::Unmark));
    }
}

#[test]
fn a_platform_that_always_reads_true_is_not_believed_for_ever() {
    let mut play = Play::typing();
    assert_eq!(play.want(false), call(Call::Turn(false)));
    let mut repairs = Vec::new();
    loop {
        assert_eq!(play.done(), call(Call::Read));
        let before = play.now;
        let mut effects = play.answer(Answer::Shown(Some(true)));
        if effects.remove(0) == Effect::Note(Note::GaveUp(Call::Read)) {
            assert_eq!(effects, call(Call::Unmark));
            break;
        }
        while effects.is_empty() {
            play.now = play.gate.deadline().unwrap();
            effects = play.gate.step(Event::Timer, play.now);
        }
        assert_eq!(effects, call(Call::Turn(false)));
        repairs.push(play.now.saturating_sub(before + LATENCY).as_millis());
    }
    assert_eq!(repairs, [0, 500, 1_000, 2_000, 4_000]);
}

#[test]
fn what_an_earlier_run_left_on_is_turned_off_and_read_back() {
    let mut play = Play {
        gate: Gate::taken_over(),
        ..Play::new()
    };
    assert_eq!(
        play.gate.step(Event::Timer, play.now),
        call(Call::Turn(false))
    );
    play.pause();
}

#[test]
fn an_answer_that_nobody_waits_for_changes_nothing() {
    let mut play = Play::rested();
    for answer in [Answer::Done, Answer::Gone, LOST, limited(Some(3))] {
        assert_eq!(play.answer(answer), []);
    }
    assert_eq!(play.want(true), call(Call::Mark));
}
