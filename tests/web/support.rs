//! What the tests share: the broker in the page, hand-made cards and views, waiting.

use std::cell::RefCell;
use std::rc::Rc;

use cuecard::shell::Words;
use cuecard::shell::sanitize::Cleaner;
use cuecard::ui;
use cuecard_panel::{CardState, CardView, Event, Filter, Status, TypingCounts, View};
use cuecard_protocol::{
    Alert, AlertLevel, Card, CardBody, CardId, InteractionId, Millis, Prompt, Snippet, Suggestion,
    card::{Task, TaskPriority},
};
use gloo_timers::future::TimeoutFuture;
use js_sys::Function;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue, UnwrapThrowExt};
use web_sys::{
    Document, Element, EventInit, HtmlElement, HtmlInputElement, KeyboardEvent, KeyboardEventInit,
    ShadowRoot, ShadowRootInit, ShadowRootMode,
};

#[wasm_bindgen(module = "/tests/web/support.js")]
extern "C" {
    pub fn held() -> String;
    #[wasm_bindgen(js_name = allSent)]
    pub fn all_sent() -> String;
    #[wasm_bindgen(js_name = allRequests)]
    pub fn all_requests() -> String;
    #[wasm_bindgen(js_name = lastProtocols)]
    pub fn last_protocols() -> String;
    #[wasm_bindgen(js_name = giveAssertions)]
    pub fn give_assertions(panel: &HtmlElement);
    pub fn say(text: &str);
    /// What `POST /api/replay` answers; nothing for no session.
    #[wasm_bindgen(js_name = answerReplay)]
    pub fn answer_replay(lines: &str);
    /// With which status it is refused instead.
    #[wasm_bindgen(js_name = refuseReplay)]
    pub fn refuse_replay(status: u16);
    /// How many hold and how many await a lock.
    pub async fn locks(name: &str) -> JsValue;
    /// Is another tab on this channel.
    #[wasm_bindgen(js_name = tuneIn)]
    pub fn tune_in(name: &str);
    #[wasm_bindgen(js_name = sayOnChannel)]
    pub fn say_on_channel(text: &str);
    #[wasm_bindgen(js_name = allOverheard)]
    pub fn all_overheard() -> String;
    /// What the browser tells a page that goes or comes.
    #[wasm_bindgen(js_name = turnPage)]
    pub fn turn_page(kind: &str, persisted: bool);
    #[wasm_bindgen(js_name = comeOnline)]
    pub fn come_online();
    #[wasm_bindgen(js_name = allUnhandled)]
    pub fn all_unhandled() -> String;
    /// Throws.
    pub fn fail();
    #[wasm_bindgen(js_name = allowChannels)]
    pub fn allow_channels(yes: bool);
    /// Holds this lock and answers nobody; lets go of it for an empty name.
    pub fn hang(name: &str);
    #[wasm_bindgen(js_name = hangUp)]
    pub fn hang_up(code: u16);
    pub fn unknown(json: &str) -> HtmlElement;
    pub fn property(element: &HtmlElement, name: &str) -> String;
    #[wasm_bindgen(js_name = setProperty)]
    pub fn set_property(element: &HtmlElement, name: &str, json: &str);
    pub fn call(element: &HtmlElement, method: &str);
    pub fn forbid(policy: &str);
    #[wasm_bindgen(js_name = allViolations)]
    pub fn all_violations() -> String;
    pub fn ran() -> u32;
    #[wasm_bindgen(js_name = listenTo)]
    pub fn listen_to(panel: &HtmlElement);
    #[wasm_bindgen(js_name = listenToNews)]
    pub fn listen_to_news(panel: &HtmlElement);
    #[wasm_bindgen(js_name = takeInserts)]
    pub fn take_inserts(yes: bool);
    pub fn heard() -> String;
    #[wasm_bindgen(js_name = allTyping)]
    pub fn all_typing() -> String;
    #[wasm_bindgen(js_name = answerTyping)]
    pub fn answer_typing(status: u16);
    #[wasm_bindgen(js_name = attachComposer)]
    pub fn attach_composer(panel: &HtmlElement, field: &HtmlElement) -> Function;
    #[wasm_bindgen(js_name = setContext)]
    pub fn set_context(panel: &HtmlElement, json: &str);
    #[wasm_bindgen(js_name = tellSent)]
    pub fn sent(panel: &HtmlElement);
    #[wasm_bindgen(js_name = undo)]
    pub fn undo();
    /// What the browser says of notices: `default`, `granted` or `denied`; forgets what was shown and asked.
    #[wasm_bindgen(js_name = permit)]
    pub fn permit(permission: &str);
    #[wasm_bindgen(js_name = allNotices)]
    pub fn all_notices() -> String;
    #[wasm_bindgen(js_name = clickNotice)]
    pub fn click_notice();
    #[wasm_bindgen(js_name = timesAsked)]
    pub fn times_asked() -> u32;
    #[wasm_bindgen(js_name = setVisible)]
    pub fn set_visible(yes: bool);
    #[wasm_bindgen(js_name = otherTab)]
    pub fn other_tab(agent: &str, is_visible: bool);
    #[wasm_bindgen(js_name = allOpened)]
    pub fn all_opened() -> String;
    pub fn point(element: &HtmlElement, kind: &str, screen_x: i32);
    #[wasm_bindgen(js_name = putCursor)]
    pub fn put_cursor(field: &HtmlElement, at: u32);
    /// What is drawn from now on; by chance again without it.
    pub fn luck(drawn: Option<f64>);
    type Clock;
    #[wasm_bindgen(constructor)]
    fn stop() -> Clock;
    #[wasm_bindgen(method)]
    fn pass(this: &Clock, ms: u32);
    #[wasm_bindgen(method)]
    fn start(this: &Clock);
}

/// The clock that the panels read, while it stands still. Timers go on. Dropping it lets it go on, too.
pub struct StoppedClock(Clock);

impl StoppedClock {
    pub fn now() -> Self {
        Self(Clock::stop())
    }

    /// Moves it on by so many milliseconds.
    pub fn pass(&self, ms: u32) {
        self.0.pass(ms);
    }
}

impl Drop for StoppedClock {
    fn drop(&mut self) {
        self.0.start();
    }
}

pub fn document() -> Document {
    web_sys::window().unwrap_throw().document().unwrap_throw()
}

/// Waits until the condition holds; panics with `what` after a minute.
pub async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    until_it_is(what, async || condition()).await;
}

/// Waits until so many hold and await a lock, as in "1,0".
pub async fn until_locks(name: &str, wanted: &str) {
    until_it_is(name, async || locks(name).await == wanted).await;
}

async fn until_it_is(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    for _ in 0..6_000 {
        if condition().await {
            return;
        }
        TimeoutFuture::new(10).await;
    }
    panic!("not within a minute: {what}");
}

/// Writes into an input as an agent does.
pub fn write(input: &HtmlInputElement, words: &str) {
    input.set_value(words);
    let init = EventInit::new();
    init.set_bubbles(true);
    let event = web_sys::Event::new_with_event_init_dict("input", &init).unwrap_throw();
    input.dispatch_event(&event).unwrap_throw();
}

/// An element on the page that is gone when this is dropped.
pub struct OnPage(pub HtmlElement);

impl OnPage {
    pub fn new(tag: &str) -> Self {
        let element: HtmlElement = document()
            .create_element(tag)
            .unwrap_throw()
            .unchecked_into();
        Self(element)
    }

    /// Puts it first on the page: what the test program writes there would push it out of sight.
    pub fn attached(self) -> Self {
        let body = document().body().unwrap_throw();
        body.insert_before(&self.0, body.first_child().as_ref())
            .unwrap_throw();
        self
    }
}

impl Drop for OnPage {
    fn drop(&mut self) {
        self.0.remove();
    }
}

pub fn card(id: &str, level: AlertLevel, html: &str) -> Rc<Card> {
    Rc::new(Card {
        id: CardId::parse(id).unwrap_throw(),
        interaction_id: InteractionId::parse("INT-1").unwrap_throw(),
        published_at: Millis(0),
        received_at: cuecard::shell::now(),
        expires_at: Millis(u64::MAX),
        body: CardBody::Alert(Alert {
            level,
            title: format!("Title of {id}"),
            score: Some(0.97),
            html: html.to_owned(),
        }),
    })
}

/// An alert on show; the same one each time.
pub fn live(id: &str, version: u32) -> CardView {
    thread_local!(static MADE: RefCell<Vec<Rc<Card>>> = RefCell::default());
    let html = format!("<p>{id} {version}</p>");
    MADE.with_borrow_mut(|made| {
        let is_it =
            |card: &&Rc<Card>| matches!(&card.body, CardBody::Alert(alert) if alert.html == html);
        let card = made.iter().find(is_it).cloned();
        row(card.unwrap_or_else(|| {
            made.push(self::card(id, AlertLevel::Critical, &html));
            made[made.len() - 1].clone()
        }))
    })
}

/// A card on show.
pub fn row(card: Rc<Card>) -> CardView {
    CardView {
        card,
        state: CardState::Live,
        adopted: Vec::new(),
    }
}

/// A suggestion that has 90 s left.
pub fn suggestion(id: &str) -> CardView {
    let body = CardBody::Suggestion(Suggestion {
        content: format!("Content of {id}"),
        priority: Some("HIGH".into()),
        relevance: 0.851,
        source: Some("model".into()),
    });
    row(timed(id, body))
}

/// A prompt with two snippets that has 90 s left.
pub fn prompt(id: &str, is_pinned: bool) -> CardView {
    let snippet = |snippet: &str| Snippet {
        id: snippet.into(),
        content: format!("Text of {snippet}"),
        tags: vec!["billing".into(), "vip".into()],
        source: "CRM".into(),
    };
    let body = CardBody::Prompt(Prompt {
        level: 4,
        is_pinned,
        relevance: 0.8,
        snippets: vec![snippet("KB-1"), snippet("KB \"2\"")],
    });
    row(timed(id, body))
}

/// A task that is due in two days.
pub fn task(id: &str) -> CardView {
    let due_at = cuecard::shell::now().plus(Millis::from_secs(2 * 24 * 3_600));
    let body = CardBody::Task(Task {
        task_id: Some(format!("T-{id}")),
        true_interaction_id: None,
        subject: "Agent Assist: Follow-up required for interaction INT-1".into(),
        priority: TaskPriority::High,
        due_at,
        score: Some(2.5),
    });
    let card = Card {
        expires_at: due_at.plus(Card::TASK_OVERDUE),
        ..(*timed(id, body)).clone()
    };
    row(Rc::new(card))
}

fn timed(id: &str, body: CardBody) -> Rc<Card> {
    let now = cuecard::shell::now();
    Rc::new(Card {
        expires_at: now.plus(Millis(90_500)),
        body,
        ..(*card(id, AlertLevel::High, "")).clone()
    })
}

pub fn view(cards: Vec<CardView>) -> View {
    View {
        agent_id: None,
        status: Status::Connected,
        cards,
        waiting: 0,
        waiting_critical: 0,
        hidden: 0,
        filtered: 0,
        filter: Filter::default(),
        shows_tasks: false,
        tasks: 0,
        has_missed: false,
        handed: None,
        asking: None,
        is_typing: false,
        typing: TypingCounts::default(),
        clock_offset: 0,
        is_outdated: false,
    }
}

/// A screen without a shell: views in by hand, events out into a list. Its clock stands still.
pub struct Stage {
    pub screen: Option<ui::Screen>,
    pub events: Rc<RefCell<Vec<Event>>>,
    pub root: ShadowRoot,
    _host: OnPage,
    _clock: StoppedClock,
}

impl Stage {
    pub fn new() -> Self {
        let host = OnPage::new("div").attached();
        let words = Words::at_once(&host.0).unwrap_throw();
        Self::with(host, words)
    }

    /// The same in another language than English.
    pub async fn speaking(language: &str) -> Self {
        let host = OnPage::new("div").attached();
        host.0.set_attribute("lang", language).unwrap_throw();
        let words = Words::load(&host.0).await;
        Self::with(host, words)
    }

    fn with(host: OnPage, words: Words) -> Self {
        let root = host
            .0
            .attach_shadow(&ShadowRootInit::new(ShadowRootMode::Open))
            .unwrap_throw();
        let events = Rc::new(RefCell::new(Vec::new()));
        let sink = events.clone();
        let cleaner = Rc::new(Cleaner::native().unwrap_or_else(Cleaner::plain));
        let screen = ui::Screen::mount(&root, cleaner, Rc::new(words), true, move |event| {
            sink.borrow_mut().push(event);
        })
        .unwrap_throw();
        Self {
            screen: Some(screen),
            events,
            root,
            _host: host,
            _clock: StoppedClock::now(),
        }
    }

    /// Shows a view and waits for it.
    pub async fn show(&self, view: View) {
        use cuecard::shell::Screen;
        self.screen.as_ref().unwrap_throw().publish(view);
        // The effects run as microtasks.
        TimeoutFuture::new(5).await;
    }

    pub fn all(&self, selector: &str) -> Vec<Element> {
        let list = self.root.query_selector_all(selector).unwrap_throw();
        (0..list.length())
            .map(|index| list.get(index).unwrap_throw().unchecked_into())
            .collect()
    }

    pub fn one(&self, selector: &str) -> HtmlElement {
        let mut all = self.all(selector);
        assert_eq!(all.len(), 1, "one {selector} in {}", self.text());
        all.remove(0).unchecked_into()
    }

    pub fn ids(&self) -> Vec<String> {
        self.all("article[data-card-id]")
            .iter()
            .map(|card| card.get_attribute("data-card-id").unwrap_throw())
            .collect()
    }

    /// What the agent did since the last call; what was merely seen or read is left out.
    pub fn done(&self) -> Vec<Event> {
        let events = self.events.take().into_iter();
        events
            .filter(|event| !matches!(event, Event::CardSeen(_) | Event::Reading(_)))
            .collect()
    }

    /// What the screen says at this place.
    pub fn says(&self, selector: &str) -> String {
        self.one(selector).text_content().unwrap_or_default()
    }

    /// The id of the focused card, or what is focused instead.
    pub fn focused(&self) -> String {
        let Some(element) = self.root.active_element() else {
            return "nothing".into();
        };
        let id = element.get_attribute("data-card-id");
        id.unwrap_or_else(|| element.class_name())
    }

    /// Presses a key where the focus is; true if the panel took it.
    pub fn press(&self, key: &str) -> bool {
        self.press_on(key, false)
    }

    /// The same for a key that is held down.
    pub fn hold(&self, key: &str) -> bool {
        self.press_on(key, true)
    }

    fn press_on(&self, key: &str, is_repeat: bool) -> bool {
        let init = KeyboardEventInit::new();
        init.set_key(key);
        init.set_repeat(is_repeat);
        init.set_bubbles(true);
        init.set_cancelable(true);
        let event =
            KeyboardEvent::new_with_keyboard_event_init_dict("keydown", &init).unwrap_throw();
        let target = self.root.active_element();
        let target = target.unwrap_or_else(|| self.one(".panel").into());
        !target.dispatch_event(&event).unwrap_throw()
    }

    pub fn text(&self) -> String {
        self.root.text_content().unwrap_or_default()
    }
}
