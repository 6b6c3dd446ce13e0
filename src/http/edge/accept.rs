//! One listener: takes connections, up to as many as there is room for, and ends them in good order.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use super::patient::{Patient, Turns};
use super::socket::{Socket, UnixSocket};
use super::tls::{Side, Tls, peer_certificate};
use crate::http::asked::Peer;
use crate::http::metrics::Metrics;

/// How long a connection may be quiet between two requests.
const QUIET: Duration = Duration::from_secs(75);
/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long to wait after the system refused a connection, for instance for want of descriptors.
const PAUSE: Duration = Duration::from_millis(50);
/// Most bytes and lines of a request's head.
const HEAD: (usize, usize) = (32 * 1024, 100);
/// Most bytes read ahead for one connection.
const BUFFER: usize = 64 * 1024;

/// What the connections of one listener share.
#[derive(Clone)]
pub struct Shared {
    /// Which listener it is.
    pub side: Side,
    /// Its routes, with everything around them.
    pub routes: Router,
    /// Certificates; not asked for a Unix socket.
    pub tls: Arc<Tls>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Most connections at once.
    pub most: usize,
}

enum Listening {
    Tcp(tokio::net::TcpListener),
    Unix(tokio::net::UnixListener),
}

impl Listening {
    /// With the file of a Unix socket, which goes when that is dropped.
    fn new(socket: Socket) -> io::Result<(Self, Option<UnixSocket>)> {
        Ok(match socket {
            Socket::Tcp(listener) => {
                listener.set_nonblocking(true)?;
                (Self::Tcp(tokio::net::TcpListener::from_std(listener)?), None)
            }
            Socket::Unix(socket) => {
                let listener = socket.listener.try_clone()?;
                listener.set_nonblocking(true)?;
                (Self::Unix(tokio::net::UnixListener::from_std(listener)?), Some(socket))
            }
        })
    }
}

/// Serves `socket` until told to stop, and then until the last connection has ended.
///
/// # Errors
/// When the system refuses to listen.
pub async fn serve(
    socket: Socket,
    shared: Shared,
    mut told: watch::Receiver<bool>,
) -> io::Result<()> {
    let (listening, file) = Listening::new(socket)?;
    let room = Arc::new(Semaphore::new(shared.most));
    let each = told.clone();
    loop {
        let taken = tokio::select! {
            // An error means that nobody can tell us any more, which is a reason to stop too.
            _ = told.wait_for(|stop| *stop) => break,
            taken = take(&listening, &room, &shared, &each) => taken,
        };
        if let Err(error) = taken {
            tracing::warn!(%error, "a connection was not accepted");
            tokio::time::sleep(PAUSE).await;
        }
    }
    drop((listening, file));
    // Each connection holds its place until it has ended.
    let all = u32::try_from(shared.most).unwrap_or(u32::MAX);
    let _ = room.acquire_many(all).await;
    Ok(())
}

/// Takes one connection as soon as there is room for it, and leaves it to a task of its own.
async fn take(
    listening: &Listening,
    room: &Arc<Semaphore>,
    shared: &Shared,
    told: &watch::Receiver<bool>,
) -> io::Result<()> {
    let place = Arc::clone(room).acquire_owned().await.map_err(io::Error::other)?;
    let (shared, told) = (shared.clone(), told.clone());
    match listening {
        Listening::Tcp(listener) => {
            let (stream, address) = listener.accept().await?;
            // Answers are written whole; waiting for more only costs time.
            let _ = stream.set_nodelay(true);
            tokio::spawn(connection(stream, Some(address), shared, told, place));
        }
        Listening::Unix(listener) => {
            let (stream, _) = listener.accept().await?;
            tokio::spawn(connection(stream, None, shared, told, place));
        }
    }
    Ok(())
}

async fn connection<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    address: Option<SocketAddr>,
    shared: Shared,
    told: watch::Receiver<bool>,
    place: OwnedSemaphorePermit,
) {
    let _open = shared.metrics.connection(shared.side);
    // A Unix socket never leaves the machine.
    let config = address.and_then(|_| shared.tls.current(shared.side));
    let ended = match config {
        None => talk(stream, Peer { address, tls: false, certificate: None }, shared, told).await,
        Some(config) => {
            match tokio::time::timeout(HANDSHAKE, TlsAcceptor::from(config).accept(stream)).await {
                Err(_) => Err("the handshake took too long".into()),
                Ok(Err(error)) => Err(error.into()),
                Ok(Ok(stream)) => {
                    let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
                    match shown.map(peer_certificate).transpose() {
                        Err(error) => Err(error.into()),
                        Ok(certificate) => {
                            let certificate = certificate.map(Arc::new);
                            let peer = Peer { address, tls: true, certificate };
                            talk(stream, peer, shared, told).await
                        }
                    }
                }
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error, "a connection ended early");
    }
    drop(place);
}

/// HTTP on one connection, until it ends or, told to stop, has answered what it has begun to read.
async fn talk<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    peer: Peer,
    shared: Shared,
    mut told: watch::Receiver<bool>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let turns = Turns::default();
    let stream = TokioIo::new(Patient::new(stream, turns.clone()));
    let service = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(peer.clone());
        let (routes, turn) = (shared.routes.clone(), turns.begin());
        async move {
            let answer = routes.oneshot(request.map(Body::new)).await;
            drop(turn);
            Ok::<_, Infallible>(match answer {
                Ok(answer) => answer,
                Err(never) => match never {},
            })
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(QUIET)
        .max_header_size(HEAD.0)
        .max_headers(HEAD.1)
        .max_buf_size(BUFFER)
        .serve_connection(stream, service);
    tokio::pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => return Ok(ended?),
        _ = told.wait_for(|stop| *stop) => connection.as_mut().graceful_shutdown(),
    }
    Ok(connection.await?)
}
