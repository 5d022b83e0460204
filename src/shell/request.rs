//! Requests to the broker: the header and the cookie that each one carries, and what a refusal means.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;

use cuecard_panel::{Event, Failure, Text};
use cuecard_protocol::json::field;
use cuecard_protocol::{Millis, REQUEST_HEADER};
use js_sys::{JsString, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, AbortSignal, Headers, Request, RequestCredentials, RequestInit, Response,
};

use super::{clock, json, spawn};

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
        spawn(Box::pin(report_if_wanted(
            outcome,
            is_wanted.clone(),
            report,
        )));
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
) -> Result<JsString, Failure> {
    let answer = begin(&url, body, Some(&signal))?;
    finish(answer, &url).await
}

/// The first half of [`post`]: the request is on its way when this returns. Without a signal it outlives the page.
pub fn begin(
    url: &str,
    body: Option<String>,
    signal: Option<&AbortSignal>,
) -> Result<Promise, Failure> {
    let request = prepare("POST", url, body, signal)?;
    let window = web_sys::window().ok_or(Failure::Network)?;
    Ok(window.fetch_with_request(&request))
}

/// A request that somebody else sends.
pub fn prepare(
    method: &str,
    url: &str,
    body: Option<String>,
    signal: Option<&AbortSignal>,
) -> Result<Request, Failure> {
    request(method, url, body, signal)
        .map_err(|_| refused("{0} is not an address that this page may ask.", &[url]))
}

/// The second half of [`post`].
pub async fn finish(answer: Promise, url: &str) -> Result<JsString, Failure> {
    let response = JsFuture::from(answer).await.map_err(|_| Failure::Network)?;
    let response: Response = response.unchecked_into();
    let text = JsFuture::from(response.text().map_err(|_| Failure::Network)?);
    let text: JsString = text.await.map_err(|_| Failure::Network)?.unchecked_into();
    if response.ok() {
        Ok(text)
    } else {
        Err(failure(&response, url, &text))
    }
}

fn request(
    method: &str,
    url: &str,
    body: Option<String>,
    signal: Option<&AbortSignal>,
) -> Result<Request, JsValue> {
    let headers = Headers::new()?;
    headers.set(REQUEST_HEADER, "1")?;
    let options = RequestInit::new();
    options.set_method(method);
    options.set_credentials(RequestCredentials::Include);
    match signal {
        Some(signal) => options.set_signal(Some(signal)),
        None => drop(Reflect::set(&options, &"keepalive".into(), &true.into())?),
    }
    if let Some(json) = body {
        headers.set("Content-Type", "application/json")?;
        options.set_body(&json.into());
    }
    options.set_headers(&headers);
    Request::new_with_str_and_init(url, &options)
}

fn failure(response: &Response, url: &str, text: &JsString) -> Failure {
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
        status => match json::parse(text).and_then(|problem| field(&problem, "detail").ok()) {
            Some(detail) => Failure::Refused {
                message: Text::literal(detail),
            },
            None => refused(
                "{0} answered {1}, expected 200.",
                &[url, &status.to_string()],
            ),
        },
    }
}

/// An answer that is not what the protocol says: a page of a proxy, or another service at this address.
pub fn unreadable(url: &str) -> Failure {
    refused("{0} answered, but not as a Cuecard server does.", &[url])
}

fn refused(words: &'static str, parts: &[&str]) -> Failure {
    let parts = parts.iter().map(|part| Text::literal((*part).to_owned()));
    Failure::Refused {
        message: Text::with(words, parts.collect()),
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
