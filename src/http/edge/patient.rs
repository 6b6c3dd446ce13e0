//! A stream with a limit to its patience: the head of a request has to come, and an answer has to
//! be taken, within a time. Hyper's own limit on heads also counts the pauses between requests,
//! which may well be longer.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// How long the head of a request may take from its first byte; on a new connection, from the start.
const HEAD: Duration = Duration::from_secs(10);
/// How long a client may take nothing of what is written to it.
const STALL: Duration = Duration::from_secs(30);

/// Counts the beginnings and ends of requests on a connection: odd while one is being answered.
#[derive(Clone, Debug, Default)]
pub struct Turns(Arc<AtomicU32>);

impl Turns {
    /// One begins; it ends with the result.
    pub fn begin(&self) -> Turn {
        self.0.fetch_add(1, Ordering::Relaxed);
        Turn(Arc::clone(&self.0))
    }

    fn now(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub struct Turn(Arc<AtomicU32>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A stream that gives up.
#[derive(Debug)]
pub struct Patient<S> {
    inner: S,
    turns: Turns,
    /// The limit of the head being read, and the turn at which it began.
    head: Option<(u32, Pin<Box<Sleep>>)>,
    /// The limit of the write that is waiting.
    stall: Option<Pin<Box<Sleep>>>,
}

impl<S> Patient<S> {
    /// Waits for the first request from now on.
    pub fn new(inner: S, turns: Turns) -> Self {
        let head = Some((turns.now(), Box::pin(sleep(HEAD))));
        Self { inner, turns, head, stall: None }
    }

    /// What a read that has to wait comes to.
    fn waiting_for_head(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some((begun, limit)) = &mut self.head else { return Poll::Pending };
        if *begun != self.turns.now() {
            self.head = None;
            return Poll::Pending;
        }
        limit.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }

    /// What a write comes to that the stream answered with `done`.
    fn written<T>(
        &mut self,
        cx: &mut Context<'_>,
        done: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if done.is_ready() {
            self.stall = None;
            return done;
        }
        let limit = self.stall.get_or_insert_with(|| Box::pin(sleep(STALL)));
        limit.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.inner).poll_read(cx, into) {
            Poll::Pending => self.waiting_for_head(cx),
            done @ Poll::Ready(_) => {
                let now = self.turns.now();
                let known = self.head.as_ref().is_some_and(|(begun, _)| *begun == now);
                // What comes while a request is being answered is its body, or the next one early.
                if now.is_multiple_of(2) && !known {
                    self.head = Some((now, Box::pin(sleep(HEAD))));
                }
                done
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.written(cx, done)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let done = Pin::new(&mut self.inner).poll_flush(cx);
        self.written(cx, done)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let done = Pin::new(&mut self.inner).poll_shutdown(cx);
        self.written(cx, done)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.inner).poll_write_vectored(cx, parts);
        self.written(cx, done)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}
