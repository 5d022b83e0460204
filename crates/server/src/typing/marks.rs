//! Durable marks: which guests' indicators may be on. Whoever starts after a crash turns those off.
//!
//! A mark is a job of the queue [`TYPING_MARKS`] that nobody leases: its guest's task holds it as long as the server lives.

use cuecard_cxone::typing::GuestId;
use cuecard_protocol::InteractionId;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::backbone::jobs::TYPING_MARKS;
use crate::backbone::{Backbone, BackboneError};

/// More marks than a server has agents.
const MOST: usize = 100_000;

/// One mark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    /// Whose indicator.
    pub(super) guest: GuestId,
    /// In which conversation.
    pub(super) interaction: InteractionId,
}

/// Keeps a mark; one that is there already is as well.
pub(super) async fn keep(
    backbone: &dyn Backbone,
    guest: &GuestId,
    interaction: &InteractionId,
) -> Result<(), BackboneError> {
    let mark = json!(Mark {
        guest: guest.clone(),
        interaction: interaction.clone(),
    });
    backbone.enqueue(TYPING_MARKS, guest.as_str(), mark).await?;
    Ok(())
}

/// Forgets a mark.
pub(super) async fn forget(backbone: &dyn Backbone, guest: &GuestId) -> Result<(), BackboneError> {
    backbone.forget(TYPING_MARKS, guest.as_str()).await?;
    Ok(())
}

/// The marks that are kept, the oldest first.
pub(super) async fn kept(backbone: &dyn Backbone) -> Result<Vec<Mark>, BackboneError> {
    let jobs = backbone.jobs(Some(TYPING_MARKS), None, MOST).await?;
    let marks = jobs.into_iter().filter_map(|job| {
        serde_json::from_value(job.payload)
            .inspect_err(
                |error| tracing::error!(job = job.id, %error, "a typing mark cannot be read"),
            )
            .ok()
    });
    Ok(marks.collect())
}
