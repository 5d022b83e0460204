//! From any sequence of events the panel goes on: there is always a next deadline, it moves, and nothing panics.

use cuecard_panel::{Effect, Event, Failure, Filter, Handover, Status, Text};
use cuecard_protocol::{InteractionId, Millis, Resume, ServerMessage};
use proptest::prelude::*;

use crate::desk::{
    Desk, came, dismiss, id, prompt, said, session, snapshot, suggestion, ticket, welcome,
};

fn failure() -> impl Strategy<Value = Failure> {
    prop_oneof![
        4 => Just(Failure::Network),
        2 => Just(Failure::Unauthorized),
        2 => prop::option::of(any::<u64>()).prop_map(|wait| Failure::Busy {
            retry_after: wait.map(Millis)
        }),
        1 => Just(Failure::Refused { message: Text::plain("no") }),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let code = prop_oneof![
        4 => Just(1006_u16),
        4 => prop::sample::select(vec![4400, 4401, 4408, 4429, 4503]),
        1 => prop::sample::select(vec![4403, 4409]),
    ];
    let desk = Desk::new();
    let cards = [
        desk.high("a"),
        suggestion("b", "Offer it", desk.server_now()),
        prompt("c", &[("s", "Hello")], true, desk.server_now()),
    ];
    let card = (0_u64..6, prop::sample::select(cards.to_vec()));
    let message = prop_oneof![
        4 => (0_u64..4, any::<bool>()).prop_map(|(head, gap)| {
            welcome(head, if gap { Resume::Gap } else { Resume::Resumed })
        }),
        4 => card.clone().prop_map(|(seq, card)| came(seq, card)),
        2 => (card, any::<bool>()).prop_map(|((seq, card), last)| snapshot(&[(seq, &card)], last)),
        2 => Just(ServerMessage::Pong),
        1 => any::<u64>().prop_map(|wait| ServerMessage::Bye {
            reason: "so".into(),
            retry_after_ms: wait,
        }),
    ];
    let card_id = prop::sample::select(vec!["a", "b", "c", "d"]).prop_map(id);
    prop_oneof![
        2 => prop_oneof![Just("agent-1"), Just("agent-2")].prop_map(|a| Event::SessionOpened(session(a))),
        1 => failure().prop_map(Event::SessionFailed),
        3 => Just(Event::TicketIssued(ticket())),
        1 => failure().prop_map(Event::TicketFailed),
        3 => Just(Event::SocketOpened),
        8 => message.prop_map(|message| said(&serde_json::to_string(&message).unwrap())),
        1 => ".{0,40}".prop_map(|text| said(&text)),
        1 => code.prop_map(|code| Event::SocketClosed { code }),
        3 => Just(Event::DeadlineReached),
        1 => Just(Event::CameOnline),
        1 => any::<bool>().prop_map(|visible| Event::VisibilityChanged { visible }),
        1 => card_id.clone().prop_map(Event::CardSeen),
        1 => card_id.clone().prop_map(dismiss),
        1 => card_id.clone().prop_map(Event::Undo),
        1 => card_id.clone().prop_map(Event::Accept),
        1 => card_id.prop_map(|card_id| Event::HandedOver {
            card_id,
            snippet_id: "s".into(),
            outcome: Handover::Copied,
        }),
        1 => "[a-z]{0,2}".prop_map(|query| Event::Filter(Filter { query, kind: None })),
        1 => Just(Event::TryNow),
        2 => Just(Event::Shows(InteractionId::parse("INT-1").ok())),
        4 => Just(Event::Keystroke),
        1 => Just(Event::LeftComposer),
        2 => (0_u64..6, prop::option::of(failure())).prop_map(|(n, failure)| Event::TypingTold {
            n,
            outcome: failure.map_or(Ok(()), Err),
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn it_never_gets_stuck(
        steps in prop::collection::vec((event(), 0_u64..40_000, 0.0_f64..1.0), 0..60),
    ) {
        let mut desk = Desk::new();
        desk.step(Event::Started { stored: None });
        for (event, wait, random) in steps {
            desk.random = random;
            desk.sleep(wait);
            desk.step(event);
            // A wait may be over at once, but only so often.
            let mut rings = 0;
            while desk.panel.deadline().is_some_and(|at| at <= desk.now) {
                desk.step(Event::DeadlineReached);
                rings += 1;
                prop_assert!(rings < 5, "due again and again: {:?}", desk.panel.deadline());
            }
            if !is_stopped(&desk) {
                prop_assert!(desk.panel.deadline().is_some(), "{:?}", desk.status());
            }
        }
        // Left alone, it tries again within the longest wait that a server can ask for, or it has said why not.
        let end = desk.now.plus(Millis(3_640_000));
        let mut is_alive = is_stopped(&desk);
        while !is_alive {
            desk.now = desk.panel.deadline().unwrap_or(end);
            prop_assert!(desk.now < end, "nothing happens any more: {:?}", desk.status());
            is_alive = desk.step(Event::DeadlineReached).iter().any(is_sign_of_life);
        }
    }

    #[test]
    fn a_broken_clock_breaks_nothing(
        steps in prop::collection::vec((event(), any::<u64>(), any::<f64>()), 0..40),
    ) {
        let mut desk = Desk::new();
        desk.step(Event::Started { stored: None });
        for (event, now, random) in steps {
            desk.now = Millis(now);
            desk.random = random;
            desk.step(event);
            desk.panel.view(desk.now);
            if let Some(deadline) = desk.panel.deadline() {
                prop_assert!(deadline.since(desk.now) <= Millis(3_600_000), "{:?}", deadline);
            }
        }
    }
}

fn is_stopped(desk: &Desk) -> bool {
    matches!(desk.status(), Status::Stopped { .. })
}

fn is_sign_of_life(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::OpenSession { .. } | Effect::FetchTicket | Effect::Send(_) | Effect::CloseSocket
    )
}
