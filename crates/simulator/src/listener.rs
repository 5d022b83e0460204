//! A TCP listener whose connections can be made to end as real ones do when something breaks.
//!
//! Handlers get a [`Switch`] with every request (`ConnectInfo<Peer>`); what it says is done when the connection is
//! dropped, or at its next write. Start with [`Switch`].

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

const RESET: u8 = 1;
const LINGER: u8 = 2;

/// How long a lingering connection goes on reading what the peer still sends.
const LINGER_LIMIT: Duration = Duration::from_mins(1);

/// How a connection shall end; the default is as usual.
#[derive(Debug, Clone, Default)]
pub struct Switch(Arc<AtomicU8>);

impl Switch {
    /// Ends it with a TCP reset: nothing more is written, and a WebSocket peer sees 1006.
    pub fn reset(&self) {
        self.0.store(RESET, Ordering::Relaxed);
    }

    /// Ends it gently towards a peer that is still writing: what it sends is read and thrown away for a while, so
    /// that our last words reach it instead of a reset.
    pub fn linger(&self) {
        self.0.store(LINGER, Ordering::Relaxed);
    }

    fn is(&self, state: u8) -> bool {
        self.0.load(Ordering::Relaxed) == state
    }
}

/// What handlers learn of the connection.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Ends it.
    pub switch: Switch,
}

impl Connected<IncomingStream<'_, SwitchListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, SwitchListener>) -> Self {
        Self {
            switch: stream.io().switch.clone(),
        }
    }
}

/// Accepts [`SwitchStream`]s.
#[derive(Debug)]
pub struct SwitchListener(pub TcpListener);

impl Listener for SwitchListener {
    type Io = SwitchStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (SwitchStream, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        // Small frames must not wait for each other; a failure only costs time.
        let _ = stream.set_nodelay(true);
        (
            SwitchStream {
                stream: Some(stream),
                switch: Switch::default(),
            },
            address,
        )
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// A TCP connection with a [`Switch`].
#[derive(Debug)]
pub struct SwitchStream {
    /// Present until the drop.
    stream: Option<TcpStream>,
    switch: Switch,
}

impl SwitchStream {
    fn live(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        match &mut self.stream {
            Some(stream) if !self.switch.is(RESET) => Ok(Pin::new(stream)),
            _ => Err(io::ErrorKind::ConnectionReset.into()),
        }
    }
}

impl Drop for SwitchStream {
    fn drop(&mut self) {
        let Some(mut stream) = self.stream.take() else {
            return;
        };
        if self.switch.is(RESET) {
            // Without it the drop is an orderly end of stream, which is still no close handshake.
            let _ = stream.set_zero_linger();
        } else if self.switch.is(LINGER)
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(async move {
                let _ = tokio::time::timeout(LINGER_LIMIT, async {
                    let _ = tokio::io::AsyncWriteExt::shutdown(&mut stream).await;
                    let mut sink = vec![0; 16 << 10];
                    while matches!(stream.read(&mut sink).await, Ok(1..)) {}
                })
                .await;
            });
        }
    }
}

impl AsyncRead for SwitchStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.live()?.poll_read(context, buffer)
    }
}

impl AsyncWrite for SwitchStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.live()?.poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.live()?.poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.live()?.poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.live()?.poll_shutdown(context)
    }
}
