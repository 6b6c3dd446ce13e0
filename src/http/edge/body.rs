//! Request bodies, read whole before any handler runs: handlers see a complete body or none, and
//! no sum of slow uploads fills the memory.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderMap, StatusCode, header};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::http::failure::Failure;

/// Most bytes of a body (kratos-api §2.1).
pub const MOST: usize = 5 * 1024 * 1024;
/// How long a body may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes that every request may hold; beyond them it draws on the common [`Budget`].
const FREE: usize = 16 * 1024;
/// Bytes that the bodies of all requests may hold together beyond what is free.
const ALL: usize = 64 * 1024 * 1024;
const UNIT: usize = 1024;
/// How much of a body that is too large is read and thrown away, and for how long, so that the
/// client has stopped sending when the answer comes and does not lose it with the connection.
const WASTE: (usize, Duration) = (32 * 1024 * 1024, Duration::from_millis(500));

/// The memory that bodies share.
#[derive(Clone, Debug)]
pub struct Budget(Arc<Semaphore>);

impl Default for Budget {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(ALL / UNIT)))
    }
}

/// A body, and its part of the budget for as long as the request lasts.
#[derive(Debug, Default)]
pub struct Whole {
    /// The body.
    pub bytes: Bytes,
    held: Option<OwnedSemaphorePermit>,
    units: usize,
}

impl Whole {
    /// Takes from the budget what `length` bytes need.
    fn hold(&mut self, budget: &Budget, length: usize) -> Result<(), Failure> {
        let needed = length.saturating_sub(FREE).div_ceil(UNIT);
        let more = u32::try_from(needed.saturating_sub(self.units)).unwrap_or(u32::MAX);
        if more == 0 {
            return Ok(());
        }
        let Ok(permit) = Arc::clone(&budget.0).try_acquire_many_owned(more) else {
            return Err(Failure::new(StatusCode::SERVICE_UNAVAILABLE)
                .reason("Too many large requests at once; try again in a moment.")
                .retry_after(1));
        };
        self.units = needed;
        match &mut self.held {
            Some(held) => held.merge(permit),
            None => self.held = Some(permit),
        }
        Ok(())
    }
}

/// Reads a body to its end.
///
/// # Errors
/// 413 when it is too large, 408 when it does not come, 400 when it breaks off, 503 when many large
/// ones are being read.
pub async fn read(budget: &Budget, headers: &HeaderMap, mut body: Body) -> Result<Whole, Failure> {
    let mut whole = Whole::default();
    if body.is_end_stream() {
        return Ok(whole);
    }
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > MOST {
        // A client that asks first sends nothing after a refusal.
        if !headers.contains_key(header::EXPECT) {
            waste(&mut body).await;
        }
        return Err(too_large());
    }
    let deadline = Instant::now() + PATIENCE;
    let mut bytes = Vec::with_capacity(announced.min(FREE));
    loop {
        let frame = timeout_at(deadline, frame(&mut body)).await.map_err(|_| {
            Failure::new(StatusCode::REQUEST_TIMEOUT)
                .message("The request body did not arrive in time")
        })?;
        let Some(part) = frame? else { break };
        let length = bytes.len().saturating_add(part.len());
        if length > MOST {
            drop(bytes);
            waste(&mut body).await;
            return Err(too_large());
        }
        whole.hold(budget, length)?;
        bytes.extend_from_slice(&part);
    }
    whole.bytes = bytes.into();
    Ok(whole)
}

/// The next bytes; nothing at the end.
async fn frame(body: &mut Body) -> Result<Option<Bytes>, Failure> {
    loop {
        match poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await {
            None => return Ok(None),
            Some(Err(_)) => {
                return Err(Failure::invalid("The request body is broken or breaks off."));
            }
            // Trailers mean nothing to us.
            Some(Ok(frame)) => {
                if let Ok(part) = frame.into_data() {
                    return Ok(Some(part));
                }
            }
        }
    }
}

async fn waste(body: &mut Body) {
    let deadline = Instant::now() + WASTE.1;
    let mut wasted = 0;
    while wasted < WASTE.0 {
        match timeout_at(deadline, frame(body)).await {
            Ok(Ok(Some(part))) => wasted += part.len(),
            _ => return,
        }
    }
}

fn too_large() -> Failure {
    Failure::new(StatusCode::PAYLOAD_TOO_LARGE)
        .reason("A request body may have 5 MB at most.")
        .detail("limit", MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn bodies_that_fill_the_budget_are_refused_until_there_is_room_again() {
        let budget = Budget(Arc::new(Semaphore::new(100)));
        let headers = HeaderMap::new();
        let large = || Body::from(vec![b'x'; FREE + 80 * UNIT]);
        let first = read(&budget, &headers, large()).await.unwrap();
        assert_eq!(first.bytes.len(), FREE + 80 * UNIT);
        assert!(read(&budget, &headers, large()).await.is_err());
        assert!(read(&budget, &headers, Body::from("{}")).await.is_ok(), "small ones go on");
        drop(first);
        assert!(read(&budget, &headers, large()).await.is_ok());
    }

    #[tokio::test]
    async fn input_01_the_limit_is_exact() {
        let budget = Budget::default();
        let read = async |size| read(&budget, &HeaderMap::new(), Body::from(vec![0; size])).await;
        assert_eq!(read(MOST).await.unwrap().bytes.len(), MOST);
        assert!(read(MOST + 1).await.is_err());
    }
}
