//! [`Embedded`] as [`Publications`]: each method is one write of the writer, or one consistent view of a reader.

use async_trait::async_trait;
use cuecard_protocol::{AgentId, CardId, InteractionId};
use tokio::sync::watch;

use super::{Embedded, conversations, outcomes, platform_reports, publications, publishing};
use crate::backbone::BackboneError;
use crate::backbone::publications::{
    Conversation, Idempotency, Kind, Outcome, Publication, Publications, Published, Report, Stale,
    Status, Withdrawn,
};

#[async_trait]
impl Publications for Embedded {
    async fn publish(
        &self,
        publication: Publication,
        idempotency: Option<Idempotency>,
        may_redirect: bool,
    ) -> Result<Published, BackboneError> {
        let now = self.clock.now();
        self.writer
            .write("publish", move |write| {
                publishing::publish(write, publication, idempotency.as_ref(), may_redirect, now)
            })
            .await
    }

    async fn unsettled(&self, kind: Kind, limit: usize) -> Result<Vec<Publication>, BackboneError> {
        let now = self.clock.now();
        self.readers
            .read("unsettled", move |db| {
                publications::unsettled(db, kind, now, limit)
            })
            .await
    }

    async fn undelivered(&self, card: &CardId) -> Result<Option<Publication>, BackboneError> {
        let (card, now) = (card.clone(), self.clock.now());
        self.readers
            .read("undelivered", move |db| {
                publications::undelivered(db, &card, now)
            })
            .await
    }

    async fn note(&self, card: &CardId, report: Report) -> Result<bool, BackboneError> {
        let (card, now) = (card.clone(), self.clock.now());
        self.writer
            .write("note", move |write| {
                platform_reports::note(write, &card, &report, now)
            })
            .await
    }

    async fn withdraw(&self, client: &str, card: &CardId) -> Result<Withdrawn, BackboneError> {
        let (client, card, now) = (client.to_owned(), card.clone(), self.clock.now());
        self.writer
            .write("withdraw", move |write| {
                publishing::withdraw(write, &client, &card, now)
            })
            .await
    }

    async fn status(&self, client: &str, card: &CardId) -> Result<Option<Status>, BackboneError> {
        let (client, card) = (client.to_owned(), card.clone());
        self.readers
            .read("status", move |db| publishing::status(db, &client, &card))
            .await
    }

    async fn client(&self, card: &CardId) -> Result<Option<String>, BackboneError> {
        let card = card.clone();
        self.readers
            .read("client", move |db| {
                let kept = publications::find(db, &card)?;
                Ok(kept.map(|kept| kept.publication.client))
            })
            .await
    }

    async fn outcomes(
        &self,
        client: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Outcome>, BackboneError> {
        let client = client.to_owned();
        self.readers
            .read("outcomes", move |db| {
                outcomes::after(db, &client, after, limit)
            })
            .await
    }

    fn follow_outcomes(&self, client: &str) -> watch::Receiver<u64> {
        self.followers.outcomes.follow(client)
    }

    async fn advance(
        &self,
        interaction: &InteractionId,
        revision: u64,
    ) -> Result<Vec<Stale>, BackboneError> {
        let (interaction, now) = (interaction.clone(), self.clock.now());
        self.writer
            .write("advance", move |write| {
                publishing::advance(write, &interaction, revision, now)
            })
            .await
    }

    async fn conversation(
        &self,
        interaction: &InteractionId,
    ) -> Result<Conversation, BackboneError> {
        let (interaction, now) = (interaction.clone(), self.clock.now());
        self.readers
            .read("conversation", move |db| {
                conversations::read(db, &interaction, now)
            })
            .await
    }

    async fn holder(&self, interaction: &InteractionId) -> Result<Option<AgentId>, BackboneError> {
        let interaction = interaction.clone();
        self.readers
            .read("holder", move |db| conversations::holder(db, &interaction))
            .await
    }

    async fn recipient(
        &self,
        card: &CardId,
        interaction: &InteractionId,
    ) -> Result<Option<AgentId>, BackboneError> {
        let (card, interaction) = (card.clone(), interaction.clone());
        self.readers
            .read("recipient", move |db| {
                conversations::recipient(db, &card, &interaction)
            })
            .await
    }

    async fn learn(
        &self,
        interaction: &InteractionId,
        agent: &AgentId,
    ) -> Result<(), BackboneError> {
        let (interaction, agent, now) = (interaction.clone(), agent.clone(), self.clock.now());
        self.writer
            .write("learn", move |write| {
                conversations::learn(write.db, &interaction, &agent, now)
            })
            .await
    }
}
