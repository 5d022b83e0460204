//! What a connection asks the store, put to it.

use std::future::Future;
use std::pin::Pin;

use cuecard_protocol::{AgentId, Seq};

use super::super::connection::{Input, Output, PART};
use crate::app::App;
use crate::backbone::BackboneError;

/// An answer of the store that is on its way.
pub type Pending = Pin<Box<dyn Future<Output = Result<Input, BackboneError>> + Send>>;

/// Puts the question about this agent's log to the store; `None` if the output is none.
pub fn put(app: &App, agent: &AgentId, output: &Output) -> Option<Pending> {
    let (app, agent) = (app.clone(), agent.clone());
    match *output {
        Output::Join { after } => Some(Box::pin(join(app, agent, after))),
        Output::Read { after } => Some(Box::pin(read(app, agent, after))),
        Output::TakeSnapshot => Some(Box::pin(snapshot(app, agent))),
        _ => None,
    }
}

async fn join(app: App, agent: AgentId, after: Seq) -> Result<Input, BackboneError> {
    let head = app.backbone.head(&agent).await?;
    let reading = app.backbone.read(&agent, after, PART).await?;
    Ok(Input::Joined { head, reading })
}

async fn read(app: App, agent: AgentId, after: Seq) -> Result<Input, BackboneError> {
    app.backbone
        .read(&agent, after, PART)
        .await
        .map(Input::Read)
}

async fn snapshot(app: App, agent: AgentId) -> Result<Input, BackboneError> {
    let (head, cards) = app.backbone.live(&agent).await?;
    Ok(Input::Snapshot { head, cards })
}
