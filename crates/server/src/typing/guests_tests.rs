//! The whole of typing over a real store, with an indicator that answers as it is told, on a paused clock.
//!
//! A paused clock moves on while the store is asked, so no test has a timer running then.

use std::collections::{BTreeSet, VecDeque};

use async_trait::async_trait;
use cuecard_protocol::AgentId;
use cuecard_protocol::typing::{TYPING_GONE, TypingRequest};
use serde_json::json;

use super::*;
use crate::publish::stage::Stage;
use crate::typing::desk::Told;

/// A platform whose guests are numbered. Takes what it is told, but for `answers`, which come first.
#[derive(Debug)]
struct Fake {
    start: Instant,
    answers: Mutex<VecDeque<Result<(), TypingError>>>,
    /// What was called, and when.
    calls: watch::Sender<Vec<(u128, String)>>,
    shown: Mutex<BTreeMap<GuestId, bool>>,
    /// So many calls of a `false` are answered well and do nothing.
    idle: Mutex<u32>,
}

impl Fake {
    fn new(answers: impl IntoIterator<Item = Result<(), TypingError>>) -> Arc<Self> {
        Arc::new(Self {
            start: Instant::now(),
            answers: Mutex::new(answers.into_iter().collect()),
            calls: watch::Sender::default(),
            shown: Mutex::default(),
            idle: Mutex::default(),
        })
    }

    fn called(&self, call: String) -> Result<(), TypingError> {
        let at = self.start.elapsed().as_millis();
        self.calls.send_modify(|calls| calls.push((at, call)));
        self.answers.lock().unwrap().pop_front().unwrap_or(Ok(()))
    }

    /// The calls, once there are so many.
    async fn calls(&self, count: usize) -> Vec<(u128, String)> {
        let mut calls = self.calls.subscribe();
        let calls = calls.wait_for(|calls| calls.len() >= count).await;
        calls.unwrap().clone()
    }
}

#[async_trait]
impl Indicator for Fake {
    async fn open(&self, interaction: &str) -> Result<GuestId, TypingError> {
        self.called(format!("open {interaction}"))?;
        let mut shown = self.shown.lock().unwrap();
        let guest = GuestId::parse(format!("guest-{}", shown.len() + 1)).unwrap();
        shown.insert(guest.clone(), false);
        Ok(guest)
    }

    async fn set(&self, guest: &GuestId, typing: bool) -> Result<(), TypingError> {
        self.called(format!("{guest} {typing}"))?;
        let mut idle = self.idle.lock().unwrap();
        if !typing && *idle > 0 {
            *idle -= 1;
            return Ok(());
        }
        self.shown.lock().unwrap().insert(guest.clone(), typing);
        Ok(())
    }

    async fn read(&self, guest: &GuestId) -> Result<Option<bool>, TypingError> {
        self.called(format!("{guest} ?"))?;
        Ok(self.shown.lock().unwrap().get(guest).copied())
    }
}

fn limited(seconds: u64) -> Result<(), TypingError> {
    Err(TypingError::RateLimited {
        retry_after: Some(Duration::from_secs(seconds)),
    })
}

fn gone() -> Result<(), TypingError> {
    Err(TypingError::Gone {
        reason: "guest_expired".to_owned(),
    })
}

/// A server's typing, and its platform.
struct Play {
    stage: Stage,
    fake: Arc<Fake>,
    n: u64,
}

impl Play {
    fn new(answers: impl IntoIterator<Item = Result<(), TypingError>>) -> Self {
        Self::on(Stage::new(), answers)
    }

    fn on(stage: Stage, answers: impl IntoIterator<Item = Result<(), TypingError>>) -> Self {
        let fake = Fake::new(answers);
        crate::typing::start_with(&stage.app, Some(fake.clone()));
        Self { stage, fake, n: 0 }
    }

    fn tell(&mut self, interaction: &str, typing: bool) -> Told {
        self.tell_as("life", interaction, typing)
    }

    fn tell_as(&mut self, life: &str, interaction: &str, typing: bool) -> Told {
        self.n += 1;
        let request = TypingRequest {
            interaction_id: InteractionId::parse(interaction).unwrap(),
            typing,
            life: life.to_owned(),
            n: self.n,
            keystrokes: 1,
        };
        self.stage
            .app
            .clock
            .advance(cuecard_protocol::Millis(1_000));
        self.stage
            .app
            .typing
            .tell(&self.stage.app, &agent(), &request)
    }

    async fn marks(&self) -> Vec<(String, String)> {
        let marks = marks::kept(&*self.stage.app.backbone).await.unwrap();
        let text = |mark: Mark| (mark.guest.to_string(), mark.interaction.to_string());
        marks.into_iter().map(text).collect()
    }

    /// The audit trail, as event, interaction and detail.
    async fn audited(&self) -> Vec<serde_json::Value> {
        let lines = self.stage.audited().await;
        lines
            .iter()
            .map(|line| json!([line[0], line[2], line[5]]))
            .collect()
    }

    /// Waits until no indicator can be on and all is settled.
    async fn settled(&self) {
        self.stage.app.shutdown.idle().await;
    }
}

fn agent() -> AgentId {
    AgentId::parse("A").unwrap()
}

fn at(calls: &[(u128, &str)]) -> Vec<(u128, String)> {
    calls
        .iter()
        .map(|(at, call)| (*at, (*call).to_owned()))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_burst_is_marked_told_ended_read_back_and_forgotten() {
    let mut play = Play::new([]);
    let _desk = play.stage.app.typing.joined(&agent());
    play.tell("I", true);
    play.fake.calls(2).await;
    assert_eq!(play.marks().await, [("guest-1".into(), "I".into())]);
    play.tell("I", false);
    play.fake.calls(4).await;
    play.settled().await;
    assert_eq!(play.marks().await, []);
    // The next one has a guest already.
    play.tell("I", true);
    play.fake.calls(5).await;
    let expected = [
        (0, "open I"),
        (0, "guest-1 true"),
        (0, "guest-1 false"),
        (0, "guest-1 ?"),
        (0, "guest-1 true"),
    ];
    assert_eq!(play.fake.calls(5).await, at(&expected));
    assert_eq!(play.audited().await, [json!(null); 0]);
}

#[tokio::test(start_paused = true)]
async fn a_429_is_waited_out_and_audited() {
    let mut play = Play::new([Ok(()), Ok(()), limited(7), Ok(())]);
    let _desk = play.stage.app.typing.joined(&agent());
    play.tell("I", true);
    play.fake.calls(2).await;
    play.tell("I", false);
    let expected = [
        (0, "open I"),
        (0, "guest-1 true"),
        (0, "guest-1 false"),
        (7_000, "guest-1 false"),
        (7_000, "guest-1 ?"),
    ];
    assert_eq!(play.fake.calls(5).await, at(&expected));
    assert_eq!(
        play.audited().await,
        [json!(["typing_gate_closed", "I", {"seconds": 7}])]
    );
}

#[tokio::test(start_paused = true)]
async fn a_429_on_a_new_guest_holds_all_new_guests() {
    let mut play = Play::new([limited(7)]);
    let _desk = play.stage.app.typing.joined(&agent());
    play.tell("I", true);
    play.fake.calls(1).await;
    play.tell_as("another", "J", true);
    play.tell_as("a third", "K", true);
    let calls = play.fake.calls(4).await;
    let expected = [
        (0, "open I"),
        (7_000, "open I"),
        (7_000, "open J"),
        (7_000, "open K"),
    ];
    let opened: Vec<_> = calls
        .into_iter()
        .filter(|(_, call)| call.starts_with("open"))
        .collect();
    assert_eq!(opened, at(&expected));
    assert_eq!(
        play.audited().await,
        [json!(["typing_gate_closed", "I", {"seconds": 7}])]
    );
}

#[tokio::test(start_paused = true)]
async fn a_429_on_an_indicator_holds_all_indicators_and_no_new_guest() {
    let mut play = Play::new([Ok(()), Ok(()), limited(7)]);
    let _desk = play.stage.app.typing.joined(&agent());
    play.tell("I", true);
    play.fake.calls(2).await;
    play.tell("I", false);
    play.fake.calls(3).await;
    play.tell_as("another", "J", true);
    let expected = [
        (0, "open I"),
        (0, "guest-1 true"),
        (0, "guest-1 false"),
        (0, "open J"),
        (7_000, "guest-1 ?"),
        (7_000, "guest-1 false"),
        (7_000, "guest-2 true"),
    ];
    let mut calls = play.fake.calls(7).await;
    calls[4..].sort();
    assert_eq!(calls, at(&expected));
    assert_eq!(
        play.audited().await,
        [json!(["typing_gate_closed", "I", {"seconds": 7}])]
    );
}

#[tokio::test(start_paused = true)]
async fn a_429_that_names_no_wait_holds_the_others_for_a_second() {
    let unnamed = TypingError::RateLimited { retry_after: None };
    let mut play = Play::new([Err(unnamed)]);
    let _desk = play.stage.app.typing.joined(&agent());
    play.tell("I", true);
    play.fake.calls(1).await;
    play.tell_as("another", "J", true);
    let calls = play.fake.calls(3).await;
    let mut opened: Vec<_> = calls
        .into_iter()
        .filter(|(_, call)| call.starts_with("open"))
        .collect();
    opened.sort();
    assert_eq!(
        opened,
        at(&[(0, "open I"), (1_000, "open I"), (1_000, "open J")])
    );
}

#[tokio::test(start_paused = true)]
async fn of_many_conversations_of_one_agent_the_one_at_rest_for_longest_is_let_go() {
    let play = Play::new([]);
    let mut guests = Guests::new(play.stage.app.clone(), play.fake.clone());
    let place = |n: usize| InteractionId::parse(format!("I{n}")).unwrap();
    guests.want(place(0), Some(agent()));
    for n in 1..MOST_ATTENDED {
        guests.want(place(n), Some(agent()));
        guests.want(place(n), None);
    }
    // It rests, but has been typed in a moment ago.
    guests.want(place(1), Some(agent()));
    guests.want(place(1), None);
    let other = AgentId::parse("B").unwrap();
    guests.want(InteractionId::parse("J").unwrap(), Some(other));
    assert_eq!(guests.wanted.len(), MOST_ATTENDED + 1);
    guests.want(place(MOST_ATTENDED), Some(agent()));
    let expected: BTreeSet<_> = (0..=MOST_ATTENDED)
        .filter(|n| *n != 2)
        .map(place)
        .chain([InteractionId::parse("J").unwrap()])
        .collect();
    assert_eq!(guests.wanted.into_keys().collect::<BTreeSet<_>>(), expected);
}

#[tokio::test(start_paused = true)]
async fn an_expired_guest_is_made_anew_and_its_mark_goes() {
    let mut play = Play::new([Ok(()), gone()]);
    let _desk = play.stage.app.typing.joined(&agent());
    play.tell("I", true);
    let expected = [
        (0, "open I"),
        (0, "guest-1 true"),
        (0, "open I"),
        (0, "guest-2 true"),
    ];
    assert_eq!(play.fake.calls(4).await, at(&expected));
    assert_eq!(play.marks().await, [("guest-2".into(), "I".into())]);
}

#[tokio::test(start_paused = true)]
async fn a_difference_that_is_read_back_is_repaired() {
    let mut play = Play::new([]);
    let _desk = play.stage.app.typing.joined(&agent());
    play.tell("I", true);
    play.fake.calls(2).await;
    *play.fake.idle.lock().unwrap() = 1;
    play.tell("I", false);
    play.fake.calls(3).await;
    play.settled().await;
    let calls = play.fake.calls(6).await;
    let calls: Vec<_> = calls.iter().map(|(_, call)| call.as_str()).collect();
    let expected = ["guest-1 false", "guest-1 ?", "guest-1 false", "guest-1 ?"];
    assert_eq!(calls[2..], expected);
    assert_eq!(
        play.audited().await,
        [json!(["typing_repaired", "I", null])]
    );
}

#[tokio::test(start_paused = true)]
async fn five_seconds_after_the_last_panel_the_indicator_is_off() {
    let mut play = Play::new([]);
    let desk = play.stage.app.typing.joined(&agent());
    play.tell("I", true);
    play.fake.calls(2).await;
    drop(desk);
    let calls = play.fake.calls(3).await;
    assert_eq!(
        calls[2],
        (u128::from(TYPING_GONE.0), "guest-1 false".into())
    );
    play.settled().await;
}

#[tokio::test(start_paused = true)]
async fn five_seconds_after_the_last_sign_of_a_silent_panel_the_indicator_is_off() {
    let mut play = Play::new([]);
    let mut desk = play.stage.app.typing.joined(&agent());
    desk.named("life".to_owned());
    assert!(!desk.is_typing());
    play.tell("I", true);
    assert!(desk.is_typing());
    play.fake.calls(2).await;
    sleep(Duration::from_secs(10)).await;
    desk.silent(Duration::from_secs(3));
    let calls = play.fake.calls(3).await;
    assert_eq!(calls[2], (12_000, "guest-1 false".into()));
    play.settled().await;
    // It is back, and so it is believed as long as it stays.
    desk.back();
    play.tell("I", true);
    sleep(Duration::from_mins(1)).await;
    let calls = play.fake.calls(5).await;
    assert_eq!(calls.last().unwrap().1, "guest-1 true");
    let left = Instant::now();
    drop(desk);
    let calls = play.fake.calls(6).await;
    assert_eq!(left.elapsed(), Duration::from_secs(5));
    assert_eq!(calls[5].1, "guest-1 false");
    play.settled().await;
}

#[tokio::test(start_paused = true)]
async fn a_drain_turns_everything_off_and_takes_no_true() {
    let mut play = Play::new([Ok(()), Ok(()), limited(3)]);
    let _desk = play.stage.app.typing.joined(&agent());
    play.tell("I", true);
    play.fake.calls(2).await;
    play.stage.app.shutdown.begin();
    play.settled().await;
    assert_eq!(play.marks().await, []);
    let expected = [
        (0, "open I"),
        (0, "guest-1 true"),
        (0, "guest-1 false"),
        (3_000, "guest-1 false"),
        (3_000, "guest-1 ?"),
    ];
    assert_eq!(play.fake.calls(5).await, at(&expected));
    assert_eq!(play.tell("I", true), Told::Closed);
    assert_eq!(play.tell("I", false), Told::Taken { is_news: true });
}

#[tokio::test(start_paused = true)]
async fn what_a_killed_server_left_on_is_turned_off_at_the_next_start() {
    let stage = Stage::new();
    for (guest, interaction) in [("guest-7", "I"), ("guest-8", "I"), ("guest-9", "J")] {
        let guest = GuestId::parse(guest).unwrap();
        let interaction = InteractionId::parse(interaction).unwrap();
        let backbone = &*stage.app.backbone;
        marks::keep(backbone, &guest, &interaction).await.unwrap();
    }
    let play = Play::on(stage, [gone()]);
    // Who is gone needs no more than the one call; the others are read back.
    let calls = play.fake.calls(5).await;
    let mut calls: Vec<_> = calls.into_iter().map(|(_, call)| call).collect();
    calls.sort();
    play.settled().await;
    assert_eq!(
        calls,
        [
            "guest-7 false",
            "guest-8 ?",
            "guest-8 false",
            "guest-9 ?",
            "guest-9 false"
        ]
    );
    assert_eq!(play.marks().await, []);
}
