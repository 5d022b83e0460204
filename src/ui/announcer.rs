//! The live regions. They are mounted empty, before there is anything to say: a region that comes with its text stays silent.

use cuecard_panel::{Announcement, Politeness};
use leptos::prelude::*;

/// What is being said.
#[derive(Clone, Copy)]
pub struct Announcements {
    polite: RwSignal<String>,
    assertive: RwSignal<String>,
}

/// Makes a text differ from the same text before, so that it is said again.
const REPEATED: char = '\u{a0}';

impl Announcements {
    /// Nothing yet.
    pub fn new() -> Self {
        Self {
            polite: RwSignal::default(),
            assertive: RwSignal::default(),
        }
    }

    /// Says this.
    pub fn say(
        self,
        Announcement {
            politeness,
            mut text,
        }: Announcement,
    ) {
        let region = match politeness {
            Politeness::Polite => self.polite,
            Politeness::Assertive => self.assertive,
        };
        region.update(|said| {
            if *said == text {
                text.push(REPEATED);
            }
            *said = text;
        });
    }
}

/// Both live regions.
#[component]
pub fn Announcer(announcements: Announcements) -> impl IntoView {
    view! {
        <div class="unseen" aria-live="polite" aria-atomic="true">{move || announcements.polite.get()}</div>
        <div class="unseen" aria-live="assertive" aria-atomic="true">{move || announcements.assertive.get()}</div>
    }
}
