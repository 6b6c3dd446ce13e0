//! L12, L13 and L16: a bare HTTP server. One route says hello; another hashes a token, joins the
//! session with its owner in one statement, and writes the answer by hand; a third does L10 and writes
//! down whom it found. Nothing is checked that need not be, and nothing is logged.

use std::cell::RefCell;
use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row};
use sha2::{Digest as _, Sha256};

use super::Outcome;

const WHOAMI: &str = "SELECT s.id, s.expires_at, s.authenticated_at, s.issued_at, s.aal, i.id,
    i.schema_id, i.traits, i.status, i.created_at, i.updated_at
    FROM sessions s JOIN identities i ON i.n = s.identity
    WHERE s.token_digest = ?1 AND s.active = 1";

/// As L10 in `read.rs`.
const FOUND: &str =
    "SELECT i.id, i.schema_id, i.traits, i.status, i.created_at, i.updated_at, a.value
    FROM (SELECT rowid AS n FROM identity_search WHERE identity_search MATCH ?1
          ORDER BY rowid LIMIT 100) s
    JOIN identities i ON i.n = s.n
    LEFT JOIN addresses a ON a.identity = i.n";

thread_local! {
    /// Each thread of the server has its connection, so that none waits for another.
    static DATABASE: RefCell<Option<Connection>> = const { RefCell::new(None) };
}

/// Serves the database at `path` on a free port, which is printed, until it is killed.
pub fn serve(path: &str) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let routes = Router::new()
        .route("/hello", get(async || "hello"))
        .route("/sessions/whoami", get(whoami))
        .route("/search/{word}", get(search))
        .with_state(path.to_owned());
    runtime.block_on(async {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = tokio::net::TcpListener::bind(free).await?;
        println!("{}", listener.local_addr()?);
        Ok(axum::serve(listener, routes).await?)
    })
}

async fn whoami(State(path): State<String>, headers: HeaderMap) -> Response {
    let token =
        headers.get("x-session-token").map(axum::http::HeaderValue::as_bytes).unwrap_or_default();
    match DATABASE.with_borrow_mut(|database| look(database, &path, token)) {
        Ok(Some(body)) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Ok(None) => StatusCode::UNAUTHORIZED.into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn search(State(path): State<String>, Path(word): Path<String>) -> Response {
    match DATABASE.with_borrow_mut(|database| found(opened(database, &path)?, &word)) {
        Ok(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// Those whom a word finds, with what is known of each, as it is stored.
fn found(connection: &Connection, word: &str) -> rusqlite::Result<String> {
    let mut statement = connection.prepare_cached(FOUND)?;
    let mut rows = statement.query([format!("\"{word}\"")])?;
    let mut body = String::from("[");
    while let Some(row) = rows.next()? {
        let text = |column| text(row, column);
        let (id, schema, traits): (&str, &str, &str) = (text(0)?, text(1)?, text(2)?);
        let (status, address): (&str, &str) = (text(3)?, text(6)?);
        let (created, updated): (i64, i64) = (row.get(4)?, row.get(5)?);
        let comma = if body.len() > 1 { "," } else { "" };
        body += &format!(
            r#"{comma}{{"id":"{id}","schema_id":"{schema}","state":"{status}","traits":{traits},"verifiable_addresses":[{{"value":"{address}","via":"email"}}],"created_at":{created},"updated_at":{updated}}}"#
        );
    }
    body.push(']');
    Ok(body)
}

fn opened<'d>(
    database: &'d mut Option<Connection>,
    path: &str,
) -> rusqlite::Result<&'d mut Connection> {
    match database {
        Some(connection) => Ok(connection),
        None => Ok(database.insert(open(path)?)),
    }
}

fn look(
    database: &mut Option<Connection>,
    path: &str,
    token: &[u8],
) -> rusqlite::Result<Option<String>> {
    let connection = opened(database, path)?;
    let digest: [u8; 32] = Sha256::digest(token).into();
    let mut statement = connection.prepare_cached(WHOAMI)?;
    statement
        .query_row([digest.as_slice()], |row| {
            let text = |column| text(row, column);
            let number = |column| row.get::<_, i64>(column);
            let (id, aal, owner): (&str, &str, &str) = (text(0)?, text(4)?, text(5)?);
            let (schema, traits, status): (&str, &str, &str) = (text(6)?, text(7)?, text(8)?);
            let (expires, authenticated, issued) = (number(1)?, number(2)?, number(3)?);
            let (created, updated) = (number(9)?, number(10)?);
            Ok(format!(
                r#"{{"id":"{id}","active":true,"expires_at":{expires},"authenticated_at":{authenticated},"authenticator_assurance_level":"{aal}","authentication_methods":[{{"method":"password","aal":"{aal}","completed_at":{authenticated}}}],"issued_at":{issued},"identity":{{"id":"{owner}","schema_id":"{schema}","schema_url":"http://127.0.0.1:4433/schemas/c29jaWFsX3VzZXJfdjA","state":"{status}","state_changed_at":{updated},"traits":{traits},"verifiable_addresses":[],"recovery_addresses":[],"metadata_public":null,"created_at":{created},"updated_at":{updated}}},"devices":[]}}"#
            ))
        })
        .optional()
}

fn text<'r>(row: &'r Row<'_>, column: usize) -> rusqlite::Result<&'r str> {
    Ok(row.get_ref(column)?.as_str()?)
}

fn open(path: &str) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    // As the product: a plan that is made once, and the same memory for pages.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.execute_batch("PRAGMA query_only=ON; PRAGMA cache_size=-8192;")?;
    Ok(connection)
}
