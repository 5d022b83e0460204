//! How a scenario's call ends: its form is there, and the platform's webhook is sent. Start with [`play`].

use std::sync::Arc;

use cuecard_cxone::wire::tasks::InteractionCompleted;
use serde_json::json;

use crate::cue::Cue;
use crate::platform::Platform;
use crate::webhooks::{self, Receiver};

/// Ends the call of a cue that says so. Without an address for webhooks nobody is told.
pub fn play(platform: &Arc<Platform>, cue: &Cue) {
    let Some(end) = &cue.completed else {
        return;
    };
    let mut follow_up = platform.follow_up();
    match &end.form {
        Some(form) => follow_up.set_form(cue.interaction_id.clone(), json!(form)),
        None => follow_up.remove_form(&cue.interaction_id),
    }
    drop(follow_up);
    let Some(url) = platform.settings.webhook_url.clone() else {
        return;
    };
    let receiver = Receiver {
        url,
        secret: platform.settings.webhook_secret.clone(),
    };
    let event = InteractionCompleted {
        interaction_id: cue.interaction_id.clone(),
        agent_id: cue.agent_id.clone(),
    };
    if let Err(error) = webhooks::send(platform, receiver, event, 1) {
        tracing::error!(%error, "a webhook cannot be sent");
    }
}
