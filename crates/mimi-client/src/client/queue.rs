//! The client's queue: processing, then acknowledging (draft-ietf-mimi-protocol-06 section 5.5, and the client API).

use std::{sync::PoisonError, time::Duration};

use mimi_client_api::QueuedEvent;
use tokio::time::Instant;
use tonic::Streaming;

use super::Client;
use crate::{
    error::{ClientError, TransportError},
    events::Event,
};

/// How many queued events are processed before they are acknowledged, at most.
const BATCH: usize = 64;

impl Client {
    /// Processes everything in the queue. What is reported is durable and, unless the provider went away meanwhile,
    /// acknowledged.
    ///
    /// # Errors
    /// When the state file fails, or the provider cannot be reached before anything was processed.
    pub async fn sync(&self) -> Result<Vec<Event>, ClientError> {
        let mut events = self.unreported();
        match self.drain_queue().await {
            Ok(more) => events.extend(more),
            Err(error) if events.is_empty() => return Err(error),
            // They are durable, and would not come a second time.
            Err(_) => return Ok(events),
        }
        self.top_up(&events).await;
        Ok(events)
    }

    /// What came through the queue while an operation caught up with its room, and was not reported yet.
    pub fn unreported(&self) -> Vec<Event> {
        std::mem::take(&mut *self.inner.unreported.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keeps events until somebody asks.
    pub(super) fn keep_unreported(&self, events: Vec<Event>) {
        self.inner.unreported.lock().unwrap_or_else(PoisonError::into_inner).extend(events);
    }

    /// Processes everything in the queue.
    pub(super) async fn drain_queue(&self) -> Result<Vec<Event>, ClientError> {
        let after = self.step(crate::session::Session::position).await?;
        let mut stream = self.api().drain(after).await?;
        let mut events = Vec::new();
        let mut last = after;
        let ended = loop {
            match stream.message().await {
                Ok(Some(queued)) => {
                    let id = queued.id;
                    match self.receive(queued).await {
                        Ok(more) => events.extend(more),
                        Err(error) => break Err(error),
                    }
                    last = last.max(id);
                }
                Ok(None) => break Ok(()),
                Err(status) => break Err(TransportError::from(status).into()),
            }
        };
        self.finish(last, ended, events).await
    }

    /// Waits until something happened, and reports it; empty when the time was over first.
    ///
    /// Give the time here and let this run to its end: what was processed when the future is dropped is not reported.
    ///
    /// # Errors
    /// As [`Client::sync`].
    pub async fn watch(&self, timeout: Duration) -> Result<Vec<Event>, ClientError> {
        let unreported = self.unreported();
        if !unreported.is_empty() {
            return Ok(unreported);
        }
        let events = self.watch_queue(timeout).await?;
        self.top_up(&events).await;
        Ok(events)
    }

    async fn watch_queue(&self, timeout: Duration) -> Result<Vec<Event>, ClientError> {
        let deadline = Instant::now() + timeout;
        let after = self.step(crate::session::Session::position).await?;
        let mut stream = match tokio::time::timeout_at(deadline, self.api().watch(after)).await {
            Ok(stream) => stream?,
            Err(_) => return Ok(Vec::new()),
        };
        let mut events = Vec::new();
        let mut last = after;
        let ended = loop {
            // Once there is something to report, only what is there already is taken along.
            let patience = if events.is_empty() { deadline } else { Instant::now() };
            match tokio::time::timeout_at(patience, next(&mut stream)).await {
                Ok(Ok(Some(queued))) => {
                    let id = queued.id;
                    match self.receive(queued).await {
                        Ok(more) => events.extend(more),
                        Err(error) => break Err(error),
                    }
                    last = last.max(id);
                    if events.len() >= BATCH {
                        break Ok(());
                    }
                }
                Ok(Ok(None)) | Err(_) => break Ok(()),
                Ok(Err(error)) => break Err(error.into()),
            }
        };
        self.finish(last, ended, events).await
    }

    async fn receive(&self, queued: QueuedEvent) -> Result<Vec<Event>, ClientError> {
        if queued.dropped > 0 {
            return self.step(move |session| session.skip(queued.id, &queued.room_uri, queued.dropped)).await;
        }
        let events =
            self.step(move |session| session.receive(queued.id, &queued.room_uri, &queued.fanout_message)).await?;
        self.note_proposals(&events);
        Ok(events)
    }

    /// Acknowledges what is durable, and tells the provider of rooms that are over. What was processed is reported even
    /// if the provider is gone by now: it would not be processed a second time.
    async fn finish(
        &self,
        up_to: u64,
        ended: Result<(), ClientError>,
        events: Vec<Event>,
    ) -> Result<Vec<Event>, ClientError> {
        let told = match ended {
            Ok(()) => self.tell(up_to).await,
            Err(error) => Err(error),
        };
        match told {
            Err(error) if events.is_empty() => Err(error),
            _ => Ok(events),
        }
    }

    async fn tell(&self, up_to: u64) -> Result<(), ClientError> {
        if up_to > 0 {
            self.api().acknowledge(up_to).await?;
        }
        for room in self.step(crate::session::Session::awaiting_forget).await? {
            self.api().forget_room(room.to_string()).await?;
            self.step(move |session| session.forgotten(&room)).await?;
        }
        Ok(())
    }
}

async fn next(stream: &mut Streaming<QueuedEvent>) -> Result<Option<QueuedEvent>, TransportError> {
    stream.message().await.map_err(TransportError::from)
}
