//! What the desk makes of calls, panels and time.

use proptest::prelude::*;

use super::*;

const WALL: Millis = Millis(1_795_164_610_765);
const NEWS: Told = Told::Taken { is_news: true };
const SAME: Told = Told::Taken { is_news: false };

fn agent(name: &str) -> AgentId {
    AgentId::parse(name).unwrap()
}

fn interaction(name: &str) -> InteractionId {
    InteractionId::parse(name).unwrap()
}

/// A desk and the time.
struct Play {
    desk: Desk,
    start: Instant,
    now: Instant,
}

impl Play {
    /// With a panel of agent A.
    fn new() -> Self {
        let mut desk = Desk::new(1_000);
        let now = Instant::now();
        desk.join(&agent("A"), now);
        Self {
            desk,
            start: now,
            now,
        }
    }

    fn tell(&mut self, name: &str, life: &str, n: u64, place: &str, typing: bool) -> Told {
        let request = TypingRequest {
            interaction_id: interaction(place),
            typing,
            life: life.to_owned(),
            n,
            keystrokes: 1,
        };
        let passed = u64::try_from((self.now - self.start).as_millis()).unwrap();
        let wall = WALL.plus(Millis(passed));
        self.desk.tell(&agent(name), &request, self.now, wall)
    }

    fn join(&mut self, name: &str) {
        self.desk.join(&agent(name), self.now);
    }

    fn leave(&mut self, name: &str, life: Option<&str>) {
        self.desk.leave(&agent(name), life, self.now);
    }

    fn turn(&mut self) -> Vec<(String, bool)> {
        let (changes, _) = self.desk.turn(self.now);
        let text =
            |(place, agent): (InteractionId, Option<AgentId>)| (place.to_string(), agent.is_some());
        changes.into_iter().map(text).collect()
    }
}

fn on(place: &str) -> (String, bool) {
    (place.to_owned(), true)
}

fn off(place: &str) -> (String, bool) {
    (place.to_owned(), false)
}

#[test]
fn what_a_panel_tells_is_said_once() {
    let mut play = Play::new();
    assert_eq!(play.tell("A", "l", 1, "I", true), NEWS);
    assert_eq!(play.turn(), [on("I")]);
    assert_eq!(play.tell("A", "l", 2, "I", true), SAME);
    assert_eq!(play.turn(), []);
    assert_eq!(play.tell("A", "l", 3, "I", false), NEWS);
    assert_eq!(play.turn(), [off("I")]);
    assert_eq!(play.tell("A", "l", 4, "I", false), SAME);
    assert_eq!(play.turn(), []);
}

#[test]
fn a_true_that_arrives_after_its_false_changes_nothing() {
    let mut play = Play::new();
    assert_eq!(play.tell("A", "l", 2, "I", false), SAME);
    assert_eq!(play.tell("A", "l", 1, "I", true), Told::Late);
    assert_eq!(play.tell("A", "l", 2, "I", true), Told::Late);
    assert_eq!(play.turn(), []);
    // Another life counts for itself.
    assert_eq!(play.tell("A", "m", 1, "I", true), NEWS);
    assert_eq!(play.turn(), [on("I")]);
}

#[test]
fn a_burst_that_was_over_before_the_turn_is_not_said_at_all() {
    let mut play = Play::new();
    play.tell("A", "l", 1, "I", true);
    play.tell("A", "l", 2, "I", false);
    assert_eq!(play.turn(), []);
}

#[test]
fn a_life_types_in_one_conversation_at_a_time() {
    let mut play = Play::new();
    play.tell("A", "l", 1, "I", true);
    play.turn();
    assert_eq!(play.tell("A", "l", 2, "J", true), NEWS);
    assert_eq!(play.turn(), [off("I"), on("J")]);
    // The end of what it has left long ago.
    assert_eq!(play.tell("A", "l", 3, "I", false), SAME);
    assert_eq!(play.turn(), []);
}

#[test]
fn somebody_types_while_any_life_of_any_agent_does() {
    let mut play = Play::new();
    play.join("B");
    play.tell("A", "l", 1, "I", true);
    play.tell("A", "m", 1, "I", true);
    play.tell("B", "l", 1, "I", true);
    assert_eq!(play.turn(), [on("I")]);
    play.tell("A", "l", 2, "I", false);
    play.tell("B", "l", 2, "I", false);
    assert_eq!(play.turn(), []);
    play.tell("A", "m", 2, "I", false);
    assert_eq!(play.turn(), [off("I")]);
}

#[test]
fn five_seconds_after_the_last_panel_nobody_types() {
    let mut play = Play::new();
    play.join("A");
    play.tell("A", "l", 1, "I", true);
    play.turn();
    play.leave("A", None);
    assert_eq!(play.desk.turn(play.now), (vec![], None), "there is another");
    play.leave("A", None);
    let end = play.now + GONE;
    assert_eq!(play.desk.turn(play.now), (vec![], Some(end)));
    play.now = end - Duration::from_millis(1);
    assert_eq!(play.turn(), []);
    play.now = end;
    assert_eq!(play.turn(), [off("I")]);
    assert!(play.desk.agents.is_empty() && play.desk.typists.is_empty());
}

#[test]
fn five_seconds_after_its_own_last_socket_a_life_types_no_more_whatever_other_panels_there_are() {
    let mut play = Play::new();
    play.join("A");
    for life in ["l", "m"] {
        play.desk.name(&agent("A"), life, play.now);
    }
    play.tell("A", "l", 1, "I", true);
    play.tell("A", "m", 1, "J", true);
    assert_eq!(play.turn(), [on("I"), on("J")]);
    play.leave("A", Some("l"));
    let end = play.now + GONE;
    assert_eq!(play.desk.turn(play.now), (vec![], Some(end)));
    play.now = end;
    assert_eq!(play.turn(), [off("I")]);
    // A word without a socket is believed for a while.
    assert_eq!(play.tell("A", "l", 2, "I", true), NEWS);
    assert_eq!(play.turn(), [on("I")]);
    play.now += GONE;
    assert_eq!(play.turn(), [off("I")]);
    play.tell("A", "l", 3, "I", true);
    play.turn();
    play.join("A");
    play.desk.name(&agent("A"), "l", play.now);
    play.now += GONE;
    assert_eq!(play.turn(), [], "it is back");
    play.leave("A", Some("m"));
    play.leave("A", Some("l"));
    play.now += GONE;
    assert_eq!(play.turn(), [off("I"), off("J")]);
    assert!(play.desk.agents.is_empty() && play.desk.leaving.is_empty());
}

#[test]
fn when_the_last_panel_was_silent_for_long_what_was_told_since_is_believed_its_time() {
    let mut play = Play::new();
    play.desk.name(&agent("A"), "x", play.now);
    let last_heard = play.now;
    play.now += GONE * 2;
    // From a tab that has no socket of its own.
    assert_eq!(play.tell("A", "y", 1, "INT-1", true), NEWS);
    assert_eq!(play.turn(), [on("INT-1")]);
    play.desk.leave(&agent("A"), Some("x"), last_heard);
    assert_eq!(play.turn(), []);
    play.now += GONE;
    assert_eq!(play.turn(), [off("INT-1")]);
    assert!(play.desk.agents.is_empty());
}

#[test]
fn a_panel_that_comes_back_in_time_types_on() {
    let mut play = Play::new();
    play.tell("A", "l", 1, "I", true);
    play.turn();
    play.leave("A", None);
    play.now += GONE / 2;
    play.join("A");
    play.now += GONE;
    assert_eq!(play.desk.turn(play.now), (vec![], None));
}

#[test]
fn a_true_without_a_panel_is_believed_for_five_seconds_and_leaves_nothing_behind() {
    let mut play = Play::new();
    play.tell("B", "l", 1, "I", true);
    assert_eq!(play.turn(), [on("I")]);
    play.now += GONE / 2;
    play.tell("B", "l", 2, "I", true);
    play.now += GONE / 2;
    assert_eq!(play.turn(), []);
    play.now += GONE / 2;
    assert_eq!(play.turn(), [off("I")]);
    assert!(!play.desk.agents.contains_key(&agent("B")));
    assert!(play.desk.leaving.is_empty());
}

#[test]
fn each_agent_has_an_allowance() {
    let mut play = Play::new();
    play.desk = Desk::new(5);
    play.join("A");
    for n in 1..=10 {
        assert_ne!(play.tell("A", "l", n, "I", n % 2 == 1), Told::TooMany);
    }
    assert_eq!(play.tell("A", "m", 1, "I", true), Told::TooMany);
    assert_eq!(play.tell("B", "l", 1, "I", false), SAME, "another agent");
    play.now += Duration::from_secs(1);
    for n in 11..=15 {
        assert_ne!(play.tell("A", "l", n, "I", false), Told::TooMany);
    }
    assert_eq!(play.tell("A", "l", 16, "I", true), Told::TooMany);
}

#[test]
fn a_closed_desk_takes_no_true_and_nobody_types() {
    let mut play = Play::new();
    play.tell("A", "l", 1, "I", true);
    play.turn();
    play.desk.close();
    assert_eq!(play.turn(), [off("I")]);
    assert_eq!(play.tell("A", "l", 2, "I", true), Told::Closed);
    assert_eq!(play.tell("A", "l", 3, "I", false), NEWS);
    assert_eq!(play.turn(), []);
}

#[test]
fn no_agent_has_more_than_so_many_lives() {
    let mut play = Play::new();
    play.tell("A", "first", 1, "I", true);
    play.turn();
    for life in 0..MOST_LIVES {
        play.now += Duration::from_secs(1);
        play.tell("A", &life.to_string(), 1, "J", true);
    }
    assert_eq!(play.turn(), [off("I"), on("J")]);
    assert_eq!(play.desk.agents[&agent("A")].lives.len(), MOST_LIVES);
}

proptest! {
    #[test]
    fn what_was_said_is_what_the_lives_say(
        steps in prop::collection::vec((0..7_u8, 0..2_usize, 0..3_usize, 0..3_usize, 0..4_000_u64), 0..80),
    ) {
        let (agents, lives, places) = (["A", "B"], ["l", "m", "o"], ["I", "J", "K"]);
        let mut play = Play::new();
        play.leave("A", None);
        let mut sockets: [Vec<Option<&str>>; 2] = Default::default();
        let mut said = BTreeSet::new();
        let mut n = 0;
        for (step, who, life, place, ms) in steps {
            match step {
                0 => {
                    sockets[who].push(None);
                    play.join(agents[who]);
                }
                1 => if let Some(socket) = sockets[who].iter_mut().find(|life| life.is_none()) {
                    *socket = Some(lives[life]);
                    play.desk.name(&agent(agents[who]), lives[life], play.now);
                },
                // One that was silent has left when it was last heard of.
                2 => if let Some(life) = sockets[who].pop() {
                    let since = play.now - Duration::from_millis(2 * ms);
                    play.desk.leave(&agent(agents[who]), life, since);
                },
                3 => play.now += Duration::from_millis(ms),
                _ => {
                    n += 1;
                    play.tell(agents[who], lives[life], n, places[place], step != 4);
                }
            }
            let (changes, deadline) = play.desk.turn(play.now);
            for (place, agent) in changes {
                let is_news = if agent.is_some() { said.insert(place) } else { said.remove(&place) };
                prop_assert!(is_news);
            }
            prop_assert!(deadline.is_none_or(|at| at > play.now && at <= play.now + GONE));
            let types_in: BTreeSet<_> = play.desk.agents.values()
                .flat_map(|agent| agent.lives.values().filter_map(|life| life.types_in.clone()))
                .collect();
            prop_assert_eq!(&said, &types_in);
            for (name, known) in &play.desk.agents {
                prop_assert!(known.sockets > 0 || known.until.is_some(), "{name} stays for ever");
                for (life, state) in &known.lives {
                    let stands_for = |socket: Option<&str>| socket.is_none_or(|named| named == life);
                    let who = usize::from(name.as_str() == "B");
                    let is_held = sockets[who].iter().copied().any(stands_for);
                    prop_assert_eq!(state.until.is_none(), is_held, "{} {}", name, life);
                }
            }
        }
        // All go, and nothing is left.
        for (name, sockets) in agents.into_iter().zip(sockets) {
            for life in sockets {
                play.leave(name, life);
            }
        }
        play.now += GONE;
        play.desk.turn(play.now);
        prop_assert!(play.desk.agents.is_empty() && play.desk.typists.is_empty());
        prop_assert!(play.desk.told.is_empty() && play.desk.leaving.is_empty());
    }
}
