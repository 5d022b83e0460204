//! Requests to the broker: the header and the cookie that each one carries, and what a refusal means.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;

use cuecard_panel::{Event, Failure};
use cuecard_protocol::{Millis, REQUEST_HEADER, json};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    AbortController, AbortSignal, Headers, Request, RequestCredentials, RequestInit, Response,
};

use super::clock;

/// A request under way. Dropping it aborts it, and its answer is not reported.
#[must_use = "the request is aborted when this is dropped"]
#[derive(Debug)]
pub struct InFlight {
    controller: AbortController,
    is_wanted: Rc<Cell<bool>>,
}

/// What a request comes to. Boxed, because a task for each kind of request would be 10 kB more for every page to load.
pub type Outcome = Pin<Box<dyn Future<Output = Event>>>;

impl InFlight {
    /// Begins, and reports what comes of it unless this is dropped before.
    pub fn spawn(
        begin: impl FnOnce(AbortSignal) -> Outcome,
        report: impl FnOnce(Event) + 'static,
    ) -> Result<Self, JsValue> {
        let controller = AbortController::new()?;
        let is_wanted = Rc::new(Cell::new(true));
        let outcome = begin(controller.signal());
        let report: Box<dyn FnOnce(Event)> = Box::new(report);
        spawn_local(report_if_wanted(outcome, is_wanted.clone(), report));
        Ok(Self {
            controller,
            is_wanted,
        })
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.is_wanted.set(false);
        self.controller.abort();
    }
}

async fn report_if_wanted(
    outcome: Outcome,
    is_wanted: Rc<Cell<bool>>,
    report: Box<dyn FnOnce(Event)>,
) {
    let event = outcome.await;
    if is_wanted.get() {
        report(event);
    }
}

/// `POST`s JSON, or nothing, and gives the text of a successful answer.
pub async fn post(
    url: String,
    body: Option<String>,
    signal: AbortSignal,
) -> Result<String, Failure> {
    let request = request(&url, body, &signal)
        .map_err(|_| refused(&format!("{url} is not an address that this page may ask")))?;
    let window = web_sys::window().ok_or(Failure::Network)?;
    let response = JsFuture::from(window.fetch_with_request(&request))
        .await
        .map_err(|_| Failure::Network)?;
    let response: Response = response.unchecked_into();
    let text = JsFuture::from(response.text().map_err(|_| Failure::Network)?);
    let text = text
        .await
        .ok()
        .and_then(|text| text.as_string())
        .ok_or(Failure::Network)?;
    if response.ok() {
        Ok(text)
    } else {
        Err(failure(&response, &url, &text))
    }
}

fn request(url: &str, body: Option<String>, signal: &AbortSignal) -> Result<Request, JsValue> {
    let headers = Headers::new()?;
    headers.set(REQUEST_HEADER, "1")?;
    let options = RequestInit::new();
    options.set_method("POST");
    options.set_credentials(RequestCredentials::Include);
    options.set_signal(Some(signal));
    if let Some(json) = body {
        headers.set("Content-Type", "application/json")?;
        options.set_body(&json.into());
    }
    options.set_headers(&headers);
    Request::new_with_str_and_init(url, &options)
}

fn failure(response: &Response, url: &str, text: &str) -> Failure {
    match response.status() {
        401 => Failure::Unauthorized,
        429 | 503 => {
            let value = response.headers().get("Retry-After").ok().flatten();
            Failure::Busy {
                retry_after: value.and_then(|value| retry_after(&value, clock::now())),
            }
        }
        // A server that is starting, or a proxy before it, will be back; there is nothing the agent could change.
        500..=599 => Failure::Network,
        status => {
            match json::tree(text).and_then(|problem| json::field::<String>(&problem, "detail")) {
                Ok(detail) => refused(&detail),
                Err(_) => refused(&format!("{url} answered {status}, expected 200")),
            }
        }
    }
}

/// An answer that is not what the protocol says: a page of a proxy, or another service at this address.
pub fn unreadable(url: &str) -> Failure {
    refused(&format!("{url} answered, but not as a Cuecard server does"))
}

fn refused(message: &str) -> Failure {
    Failure::Refused {
        message: message.to_owned(),
    }
}

/// `Retry-After`: whole seconds, or an HTTP date (RFC 9110, section 10.2.3).
pub fn retry_after(value: &str, now: Millis) -> Option<Millis> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u32>() {
        return Some(Millis::from_secs(seconds.into()));
    }
    let at = js_sys::Date::parse(value);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole milliseconds; a date before 1970 becomes zero"
    )]
    at.is_finite().then(|| Millis(at as u64).since(now))
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn retry_after_comes_in_two_forms() {
        let now = Millis(1_795_164_610_000);
        for (value, wait) in [
            ("7", Some(7_000)),
            (" 0 ", Some(0)),
            ("Fri, 20 Nov 2026 08:50:40 GMT", Some(30_000)),
            ("Fri, 20 Nov 2020 08:50:40 GMT", Some(0)),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(retry_after(value, now), wait.map(Millis), "{value:?}");
        }
    }
}
