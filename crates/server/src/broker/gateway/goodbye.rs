//! The last word on a socket: why it ends.

use std::time::Duration;

use axum::Error;
use axum::extract::ws::{CloseFrame, Message};
use futures_util::{Sink, SinkExt as _, Stream, StreamExt as _};
use tokio::time::{sleep, timeout};

/// After a message that was never read to its end there is no answer to wait for; the close frame gets this long.
const LINGER: Duration = Duration::from_millis(250);

/// Says goodbye and waits a little for the answer: a socket that is dropped with unread messages in it is reset, and the
/// browser may never see why. The frame has `within` to leave, and the browser as long to answer it.
pub(super) async fn say<S>(socket: &mut S, frame: CloseFrame, within: Duration)
where
    S: Sink<Message> + Stream<Item = Result<Message, Error>> + Unpin,
{
    let sent = timeout(within, socket.send(Message::Close(Some(frame)))).await;
    if !matches!(sent, Ok(Ok(()))) {
        return;
    }
    let answered = timeout(within, async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Close(_))) => return true,
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return false,
            }
        }
    });
    if let Ok(false) = answered.await {
        sleep(LINGER).await;
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use tokio::time::Sleep;

    use super::*;

    /// A socket that takes nothing for some time, and answers nothing.
    struct Full {
        until: Pin<Box<Sleep>>,
        taken: Option<Message>,
    }

    impl Sink<Message> for Full {
        type Error = Infallible;

        fn poll_ready(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Result<(), Infallible>> {
            self.until.as_mut().poll(context).map(Ok)
        }

        fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), Infallible> {
            self.taken = Some(message);
            Ok(())
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }
    }

    impl Stream for Full {
        type Item = Result<Message, Error>;

        fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            Poll::Ready(None)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_reason_waits_for_room_so_long_and_no_longer() {
        let frame = CloseFrame {
            code: 4408,
            reason: "slow".into(),
        };
        for (within, is_said) in [(9, false), (11, true)] {
            let mut socket = Full {
                until: Box::pin(sleep(Duration::from_secs(10))),
                taken: None,
            };
            say(&mut socket, frame.clone(), Duration::from_secs(within)).await;
            let said = is_said.then(|| Message::Close(Some(frame.clone())));
            assert_eq!(socket.taken, said, "within {within} s");
        }
    }
}
