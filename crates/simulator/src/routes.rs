//! The map of the platform's one address: which path is which endpoint.
//!
//! Start with [`router`]; a new endpoint is one more `fault_layer`-wrapped route here and one more file.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, any, get, post};

use crate::api_error::ApiError;
use crate::fault_layer::{Route, around};
use crate::faults::{FaultRoute, Moment};
use crate::follow_up::{forms, notifications, tasks};
use crate::platform::Platform;
use crate::sockets::{alerts, guest, notification, prompts, suggestions};
use crate::webchat::{guests, sender_actions, typing};
use crate::{oauth, risk};

/// Bodies are taken up to this size.
pub const MAX_BODY: usize = 1 << 20;

/// All routes.
pub fn router(platform: &Arc<Platform>) -> Router {
    let around = |name, faults, moment, methods: MethodRouter<Arc<Platform>>| {
        let platform = Arc::clone(platform);
        let route = Route {
            platform,
            name,
            faults,
            moment,
        };
        methods.layer(from_fn_with_state(route, around))
    };
    let request = |name, faults, methods: MethodRouter<Arc<Platform>>| {
        around(
            name,
            faults,
            Moment::Request,
            methods.fallback(method_not_allowed),
        )
    };
    let socket = |name, methods: MethodRouter<Arc<Platform>>| {
        around(
            name,
            FaultRoute::Sockets,
            Moment::Upgrade,
            methods.fallback(method_not_allowed),
        )
    };
    let mut router = Router::new()
        .route(
            risk::PATH,
            request("risk", FaultRoute::Risk, get(risk::score)),
        )
        .route(alerts::PATH, socket("alerts", get(alerts::upgrade)))
        .route(
            suggestions::PATH,
            socket("suggestions", get(suggestions::upgrade)),
        )
        .route(prompts::PATH, socket("prompts", get(prompts::upgrade)))
        .route(
            notification::PATH,
            socket("notifications", get(notification::upgrade)),
        )
        .route(guest::PATH, socket("guest", get(guest::upgrade)))
        .route(
            guests::PATH,
            request("guests", FaultRoute::Guests, post(guests::create)),
        )
        .route(
            typing::PATH,
            request(
                "typing",
                FaultRoute::Typing,
                get(typing::read).post(typing::set),
            ),
        )
        .route(
            sender_actions::PATH,
            request("typing", FaultRoute::Typing, post(sender_actions::act)),
        )
        .route(
            forms::PATH,
            request("forms", FaultRoute::Forms, get(forms::read)),
        )
        .route(
            tasks::PATH,
            request("tasks", FaultRoute::Tasks, post(tasks::create)),
        )
        .route(
            notifications::PATH,
            request(
                "agent_notifications",
                FaultRoute::Notifications,
                post(notifications::create),
            ),
        );
    for path in oauth::PATHS {
        router = router.route(
            path,
            request("oauth", FaultRoute::Oauth, post(oauth::token)),
        );
    }
    // What does not exist is written down too, and "*" faults strike it.
    let other = around("other", FaultRoute::All, Moment::Request, any(not_found));
    router
        .fallback_service(other.with_state(Arc::clone(platform)))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(Arc::clone(platform))
}

/// 404 in JSON.
pub async fn not_found(method: Method, uri: Uri) -> ApiError {
    ApiError::new(
        StatusCode::NOT_FOUND,
        "not_found",
        format!("there is no {method} {}", uri.path()),
    )
}

/// 405 in JSON.
pub async fn method_not_allowed(method: Method, uri: Uri) -> ApiError {
    let message = format!("{} cannot be asked with {method}", uri.path());
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        message,
    )
}
