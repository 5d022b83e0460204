//! The two things that the panel waits for: its deadline, and the next animation frame.

use std::cell::{Cell, RefCell};

use cuecard_protocol::Millis;
use gloo_timers::callback::Timeout;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;

/// Browsers take longer timeouts for zero.
const LONGEST_TIMEOUT: u64 = i32::MAX as u64;

/// One timer for one moment.
#[derive(Debug, Default)]
pub struct Deadline {
    armed: RefCell<Option<(Millis, Timeout)>>,
}

impl Deadline {
    /// Makes sure that `wake` is called at `at` or before. A timer that is set for an earlier moment stays, because the
    /// deadline moves back with almost every message and a call too early costs less than a new timer for each.
    pub fn arm(&self, at: Option<Millis>, now: Millis, wake: impl FnOnce() + 'static) {
        let mut armed = self.armed.borrow_mut();
        let Some(at) = at else {
            *armed = None;
            return;
        };
        if armed.as_ref().is_some_and(|(earlier, _)| *earlier <= at) {
            return;
        }
        let wait = u32::try_from(at.since(now).0.min(LONGEST_TIMEOUT)).unwrap_or(u32::MAX);
        *armed = Some((at, Timeout::new(wait, wake)));
    }

    /// The timer has rung.
    pub fn rang(&self) {
        *self.armed.borrow_mut() = None;
    }
}

/// At most one animation frame on order.
#[derive(Debug)]
pub struct AnimationFrame {
    callback: Closure<dyn FnMut()>,
    ordered: Cell<Option<i32>>,
}

impl AnimationFrame {
    /// `draw` is called once for each frame on order.
    pub fn new(draw: impl FnMut() + 'static) -> Self {
        Self {
            callback: Closure::new(draw),
            ordered: Cell::new(None),
        }
    }

    /// Orders the next frame, unless it is on order already.
    pub fn order(&self) {
        if self.ordered.get().is_none()
            && let Some(window) = web_sys::window()
        {
            self.ordered.set(
                window
                    .request_animation_frame(self.callback.as_ref().unchecked_ref())
                    .ok(),
            );
        }
    }

    /// The frame on order has come.
    pub fn came(&self) {
        self.ordered.set(None);
    }
}

impl Drop for AnimationFrame {
    fn drop(&mut self) {
        if let (Some(handle), Some(window)) = (self.ordered.get(), web_sys::window()) {
            // Fails only without a window.
            let _ = window.cancel_animation_frame(handle);
        }
    }
}
