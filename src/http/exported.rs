//! A part of the ledger as the body of an answer, read while it is sent.

use axum::body::Body;
use futures_util::stream;

use super::blocking::App;
use crate::service::verification::{Part, export_lines};

/// The lines about the first `size` entries.
pub fn body(app: App, part: Part, size: u64) -> Body {
    let lines = stream::unfold(Some(0), move |from| {
        let app = app.clone();
        async move {
            let from = from.filter(|from| *from < size)?;
            match app.call(move |d| export_lines(d, part, from, size)).await {
                Ok(Ok((lines, next))) => Some((Ok(lines), Some(next))),
                // Cuts the answer off, so that it cannot be taken for whole.
                Ok(Err(error)) => Some((Err(broken(&error)), None)),
                Err(error) => Some((Err(broken(&error)), None)),
            }
        }
    });
    Body::from_stream(lines)
}

fn broken(error: &dyn std::fmt::Display) -> std::io::Error {
    tracing::error!(%error, "an export was cut off");
    std::io::Error::other("the export was cut off")
}
