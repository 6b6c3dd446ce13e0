//! Looking at a database, and meddling with it, without going through the product.

use std::fmt::Write as _;
use std::path::Path;

use postgres::Client;
use rusqlite::Connection;

/// Every table, with the columns that order it.
const TABLES: [(&str, &str); 26] = [
    ("settings", "name"),
    ("identities", "n"),
    ("authorities", "identity, authority"),
    ("circles", "n"),
    ("circle_members", "identity, circle"),
    ("circle_roles", "holder, role"),
    ("permissions", "identity, permission"),
    ("attribute_sets", "identifier"),
    ("credentials", "identity, kind"),
    ("credential_identifiers", "value, kind"),
    ("addresses", "value, via"),
    ("account_locks", "identity, account"),
    ("sessions", "n"),
    ("terms", "identity"),
    ("codes", "id"),
    ("flow_errors", "id"),
    ("flows", "id"),
    ("throttle", "key"),
    ("messages", "n"),
    ("message_dispatches", "message, id"),
    ("api_tokens", "id"),
    ("ledger_entries", "seq"),
    ("ledger_disclosures", "seq, name"),
    ("ledger_checkpoints", "size"),
    ("ledger_head", "size"),
    ("write_gate", "place"),
];

pub fn dump_sqlite(path: &Path) -> String {
    try_dump_sqlite(path).unwrap()
}

pub fn try_dump_sqlite(path: &Path) -> rusqlite::Result<String> {
    let connection = Connection::open(path)?;
    let mut all = String::new();
    for (table, order) in TABLES {
        let text = format!("SELECT * FROM {table} ORDER BY {order}");
        let mut statement = connection.prepare(&text)?;
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let values: Vec<rusqlite::types::Value> =
                (0..columns).map(|column| row.get(column)).collect::<Result<_, _>>()?;
            writeln!(all, "{table} {values:?}").unwrap();
        }
    }
    let indexed = "SELECT group_concat(rowid) FROM (SELECT rowid FROM identity_search)";
    let rows: Option<String> = connection.query_row(indexed, [], |row| row.get(0))?;
    writeln!(all, "identity_search {rows:?}").unwrap();
    Ok(all)
}

pub fn dump_postgres(client: &mut Client) -> String {
    let mut all = String::new();
    for (table, order) in TABLES {
        let text = format!("SELECT t::text FROM {table} t ORDER BY {order}");
        for row in client.query(&text, &[]).unwrap() {
            let row: String = row.get(0);
            writeln!(all, "{table} {row}").unwrap();
        }
    }
    all
}

pub fn batch_sqlite(path: &Path, text: &str) -> Result<(), String> {
    let connection = Connection::open(path).unwrap();
    connection.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    connection.execute_batch(text).map_err(|error| error.to_string())
}

pub fn batch_postgres(client: &mut Client, text: &str) -> Result<(), String> {
    client.batch_execute(text).map_err(|error| {
        error.as_db_error().map_or_else(|| error.to_string(), |cause| cause.message().to_owned())
    })
}
