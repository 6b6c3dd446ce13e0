//! Bringing identities in and out, one JSON document a line, in the shape of the Kratos admin API.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Caller;
use super::access::belonging;
use super::attributes::values::Definitions;
use super::backup::{reserve, settle, unwritable};
use super::creating::{CreateIdentity, Registered, assemble};
use super::factors::totp;
use super::given::{AddressProof, GivenCredential};
use super::terms;
use crate::app::Deps;
use crate::domain::authority::Authority;
use crate::domain::credential::CredentialType;
use crate::domain::identity::{Identity, Via};
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::domain::status::{Status, StatusDetail};
use crate::domain::terms::Answered;
use crate::error::{Error, ErrorCode};
use crate::store::Change;
use crate::store::sql::insert::{Bulk, Refused, Rows};
use crate::store::sql::{identities, ledger, terms as answers};

/// How many identities go into one transaction: fewer would write index pages again and again,
/// more would not fit into 64 MiB of memory.
pub const BATCH: usize = 28 * 1024;
/// How many lines are handed from one thread to another at once.
const PART: usize = 256;
/// How many such parts may wait to be written.
const PARTS_WAITING: usize = 8;
/// Longest line, in bytes.
const LINE_MAX_BYTES: usize = 1024 * 1024;

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Identities that were created.
    pub created: u64,
    /// Identities whose id was there already; they were left as they are.
    pub skipped: u64,
}

/// One line, as `export` writes it and as Kratos's admin API returns it.
#[derive(Debug, Deserialize)]
struct Line {
    #[serde(default)]
    id: Option<Uuid>,
    #[serde(default)]
    schema_id: Option<String>,
    #[serde(default)]
    traits: Value,
    #[serde(default)]
    external_id: Option<String>,
    #[serde(default)]
    metadata_public: Value,
    #[serde(default)]
    metadata_admin: Value,
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    status_detail: Option<StatusDetail>,
    #[serde(default)]
    expires_at: Option<Timestamp>,
    #[serde(default)]
    authorities: Vec<String>,
    #[serde(default)]
    roles: Vec<Value>,
    #[serde(default)]
    groups: Vec<Value>,
    #[serde(default)]
    permissions: BTreeSet<String>,
    #[serde(default)]
    terms: Option<terms::Line>,
    #[serde(default)]
    created_at: Option<Timestamp>,
    #[serde(default)]
    credentials: BTreeMap<String, LineCredential>,
    #[serde(default)]
    verifiable_addresses: Vec<LineAddress>,
}

#[derive(Debug, Default, Deserialize)]
struct LineCredential {
    #[serde(default)]
    identifiers: Vec<String>,
    #[serde(default)]
    config: Value,
}

#[derive(Debug, Deserialize)]
struct LineAddress {
    value: String,
    via: String,
    #[serde(default)]
    verified: bool,
    #[serde(default)]
    verified_at: Option<Timestamp>,
}

/// Creates the identities of a JSON Lines file, with their hashes, factors and links. A line whose
/// id exists is left alone, so that running it again after a failure goes on where it stopped.
///
/// The whole file is checked before anything is written.
///
/// # Errors
/// `Invalid` with the number of the first line that cannot be used, `Conflict` with the number of
/// the line whose identifier is taken; what came in batches before it stays, and is named.
pub fn import(d: &Deps, by: &Caller, path: &Path, dry_run: bool) -> Result<Imported, Error> {
    import_with(d, by, path, dry_run, &mut |_| {})
}

/// As [`import`], telling `progress` how many lines are done.
///
/// # Errors
/// As [`import`].
pub fn import_with(
    d: &Deps,
    by: &Caller,
    path: &Path,
    dry_run: bool,
    progress: &mut dyn FnMut(u64),
) -> Result<Imported, Error> {
    let now = d.clock.now();
    let ground =
        Ground { d, by, now, circles: belonging::Circles::load(d)?, sets: Definitions::load(d)? };
    let ground = &ground;
    let checked = check(ground, path, progress)?;
    if dry_run {
        return Ok(Imported { created: checked, skipped: 0 });
    }
    // Reading and checking take a core of their own; what is written waits for nothing else.
    std::thread::scope(|threads| {
        let (sender, parts) = sync_channel(PARTS_WAITING);
        let (spent, leftovers) = channel();
        let reader = threads.spawn(move || prepare(ground, path, &sender, &leftovers));
        let written = write(d, by, parts, &spent, progress);
        match reader.join() {
            Ok(read) => read.and(written),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// What every line is judged by.
struct Ground<'g> {
    d: &'g Deps,
    by: &'g Caller,
    now: Timestamp,
    circles: belonging::Circles,
    sets: Definitions,
}

/// Checks every line, on all cores, and says how many there are; of several mistakes the first is
/// told.
fn check(ground: &Ground<'_>, path: &Path, progress: &mut dyn FnMut(u64)) -> Result<u64, Error> {
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(8) as u64;
    // What each worker finds: how many lines it checked, or where it stopped and why.
    let share = |worker: u64, progress: &mut dyn FnMut(u64)| -> Result<u64, (u64, Error)> {
        let (mut checked, mut next, mut wrong) = (0, 1, None);
        for_each_line(path, &mut |number, text| {
            next = number + 1;
            if number / PART as u64 % workers != worker {
                return Ok(());
            }
            checked += 1;
            if checked % 10_000 == 0 {
                progress(0);
            }
            identity_of(ground, number, text).map(drop).inspect_err(|_| wrong = Some(number))
        })
        .map_err(|error| (wrong.unwrap_or(next), error))?;
        Ok(checked)
    };
    let results = std::thread::scope(|threads| {
        let others: Vec<_> =
            (1..workers).map(|worker| threads.spawn(move || share(worker, &mut |_| {}))).collect();
        let mut results = vec![share(0, progress)];
        for other in others {
            results.push(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        results
    });
    let first = results.iter().filter_map(|result| result.as_ref().err()).map(|(at, _)| *at).min();
    let mut checked = 0;
    for result in results {
        match result {
            Ok(count) => checked += count,
            Err((at, error)) if Some(at) == first => return Err(error),
            Err(_) => {}
        }
    }
    Ok(checked)
}

/// An identity of the file, ready to be written.
struct Prepared {
    number: u64,
    rows: Rows,
    event: Option<Registered>,
    terms: Option<(Uuid, Answered)>,
}

/// Reads the file again and hands it over in parts.
fn prepare(
    ground: &Ground<'_>,
    path: &Path,
    parts: &SyncSender<Vec<Prepared>>,
    leftovers: &Receiver<Vec<Prepared>>,
) -> Result<(), Error> {
    let mut part = Vec::with_capacity(PART);
    // Nobody takes the parts any more when writing has failed, which says why by itself.
    let mut wanted = true;
    for_each_line(path, &mut |number, text| {
        if wanted {
            let (identity, belongs, answered) = identity_of(ground, number, text)?;
            let rows = Rows::of(&identity).with(belongs.circles, belongs.permissions);
            let event = Registered::of(&identity).with(belongs.words);
            let terms = answered.map(|answered| (identity.id, answered));
            part.push(Prepared { number, rows, event: Some(event), terms });
            if part.len() == PART {
                // Memory is given back where it was taken: threads that free each other's wait for
                // each other.
                leftovers.try_iter().for_each(drop);
                wanted = parts.send(std::mem::replace(&mut part, Vec::with_capacity(PART))).is_ok();
            }
        }
        Ok(())
    })?;
    if !part.is_empty() {
        let _ = parts.send(part);
    }
    Ok(())
}

/// Writes the parts, many in one transaction, and hands back what is left of them.
fn write(
    d: &Deps,
    by: &Caller,
    parts: Receiver<Vec<Prepared>>,
    spent: &Sender<Vec<Prepared>>,
    progress: &mut dyn FnMut(u64),
) -> Result<Imported, Error> {
    let mut total = Imported::default();
    let mut parts = parts.into_iter().peekable();
    while parts.peek().is_some() {
        let before = total;
        let batch = d.store.write_many(&by.author(), |tx| {
            let (mut bulk, mut events, mut lines) = (Bulk::default(), Vec::new(), 0);
            let mut answers = Vec::new();
            for mut part in parts.by_ref().take(BATCH / PART) {
                for Prepared { number, rows, event, terms } in &mut part {
                    lines += 1;
                    if bulk.add(tx, *number, rows).map_err(|refused| refusal(refused, before))? {
                        events.extend(event.take());
                        answers.extend(terms.take());
                    }
                }
                let _ = spent.send(part);
            }
            bulk.finish(tx).map_err(|refused| refusal(refused, before))?;
            let done = (events.len() as u64, lines);
            let answers: Vec<Event> = answers
                .iter()
                .map(|(who, answered)| terms::bring(tx, *who, answered))
                .collect::<Result<_, _>>()?;
            let events = events.into_iter().map(|event| event.event().data("imported", true));
            let mut events = events.chain(answers);
            Ok::<_, Error>(match events.next() {
                None => Change::none(done),
                Some(event) => by.change(done, event, events),
            })
        });
        let (created, lines) = batch?;
        total.created += created;
        total.skipped += lines - created;
        progress(total.created + total.skipped);
    }
    Ok(total)
}

/// Names the line that the store refused, and says what came of the others.
fn refusal((error, number): Refused, before: Imported) -> Error {
    let error = Error::from(error);
    let Some(number) = number else { return error };
    let message = format!(
        "Line {number}: {} {} identities of earlier lines were imported; mend the line and run \
         the import again.",
        error.message(),
        before.created
    );
    Error::new(error.code(), message).because(error)
}

fn for_each_line(
    path: &Path,
    each: &mut dyn FnMut(u64, &str) -> Result<(), Error>,
) -> Result<(), Error> {
    let unreadable = |error: std::io::Error| {
        Error::new(ErrorCode::Invalid, format!("{} cannot be read.", path.display())).because(error)
    };
    let mut reader = BufReader::with_capacity(1 << 16, File::open(path).map_err(unreadable)?);
    let (mut number, mut line) = (0, Vec::new());
    loop {
        line.clear();
        let limit = LINE_MAX_BYTES as u64 + 1;
        let read = std::io::Read::take(&mut reader, limit).read_until(b'\n', &mut line);
        if read.map_err(unreadable)? == 0 {
            return Ok(());
        }
        number += 1;
        if line.len() > LINE_MAX_BYTES {
            return Err(wrong(number, &format!("is longer than {LINE_MAX_BYTES} bytes")));
        }
        let text = std::str::from_utf8(&line).map_err(|_| wrong(number, "is not UTF-8"))?.trim();
        if !text.is_empty() {
            each(number, text)?;
        }
    }
}

fn wrong(number: u64, what: &str) -> Error {
    Error::new(ErrorCode::Invalid, format!("Line {number} {what}. Nothing of it was imported."))
}

fn identity_of(
    ground: &Ground<'_>,
    number: u64,
    text: &str,
) -> Result<(Identity, belonging::Belongs, Option<Answered>), Error> {
    let mut line: Line = serde_json::from_str(text).map_err(|error| {
        wrong(number, &format!("is not an identity (column {})", error.column()))
    })?;
    let Ground { d, by, now, circles, sets } = ground;
    let belongs = circles.resolve(belonging::Words {
        roles: std::mem::take(&mut line.roles),
        groups: std::mem::take(&mut line.groups),
        permissions: std::mem::take(&mut line.permissions),
    });
    let rest = |belongs| {
        let answered = line.terms.take().map(terms::Line::read).transpose()?;
        let identity = assemble(d, by, request(line)?, *now)?;
        sets.judge(&identity)?;
        Ok((identity, belongs, answered))
    };
    belongs.and_then(rest).map_err(|error| {
        let message = error.message().trim_end_matches('.');
        Error::new(error.code(), format!("Line {number}: {message}."))
    })
}

fn request(line: Line) -> Result<CreateIdentity, Error> {
    let authorities = line.authorities.iter().filter(|word| *word != "ROLE_USER");
    let credentials = line.credentials.into_iter().filter_map(|(kind, given)| {
        let LineCredential { identifiers, config } = given;
        // Kinds that Doorward has no use for (enterprise features of Kratos) are not brought along.
        let kind = CredentialType::parse(&kind)?;
        let something = config.as_object().is_some_and(|config| !config.is_empty());
        something.then_some(GivenCredential { kind, identifiers, config })
    });
    let proofs = line.verifiable_addresses.into_iter().filter_map(|address| {
        let LineAddress { value, via, verified, verified_at } = address;
        let via = Via::parse(&via).filter(|_| verified)?;
        Some(AddressProof { via, value, verified, verified_at })
    });
    Ok(CreateIdentity {
        id: line.id,
        schema_id: line.schema_id,
        traits: line.traits,
        external_id: line.external_id.filter(|id| !id.is_empty()),
        metadata_public: line.metadata_public,
        metadata_admin: line.metadata_admin,
        authorities: authorities.map(|word| authority(word)).collect::<Result<BTreeSet<_>, _>>()?,
        status: line.status.or(line.state).as_deref().map(status).transpose()?,
        status_detail: line.status_detail,
        expires_at: line.expires_at,
        created_at: line.created_at,
        credentials: credentials.collect(),
        proofs: proofs.collect(),
        ..CreateIdentity::default()
    })
}

fn authority(word: &str) -> Result<Authority, Error> {
    Authority::parse(word)
        .ok_or_else(|| Error::new(ErrorCode::Invalid, "There is no such authority."))
}

fn status(word: &str) -> Result<Status, Error> {
    Status::parse(word).ok_or_else(|| Error::new(ErrorCode::Invalid, "There is no such status."))
}

/// Writes every identity, one a line, into a new private file; with credentials only when asked.
///
/// # Errors
/// `Conflict` when the file exists, `AuditUnavailable` when it cannot be written.
pub fn export(d: &Deps, by: &Caller, path: &Path, credentials: bool) -> Result<u64, Error> {
    export_with(d, by, path, credentials, &mut |_| {})
}

/// As [`export`], telling `progress` how many are done.
///
/// # Errors
/// As [`export`].
pub fn export_with(
    d: &Deps,
    by: &Caller,
    path: &Path,
    credentials: bool,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, Error> {
    let partial = reserve(path)?;
    let written = write_lines(d, &partial, credentials, progress);
    let written = written.and_then(|count| settle(&partial, path).map(|_| count));
    if written.is_err() {
        let _ = std::fs::remove_file(&partial);
    }
    let count = written?;
    let recorded = d.store.write(&by.author(), |tx| {
        ledger::origin(tx)?;
        let event = Event::new(EventType::AdminExport)
            .data("what", "identities")
            .data("format", "jsonl")
            .data("personal", true)
            .data("credentials", credentials)
            .data("count", count);
        Ok::<_, Error>(by.change((), event, Vec::new()))
    });
    if recorded.is_err() {
        // What is not in the ledger did not happen.
        let _ = std::fs::remove_file(path);
    }
    recorded.map(|()| count)
}

fn write_lines(
    d: &Deps,
    path: &Path,
    credentials: bool,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, Error> {
    let failed = |error: std::io::Error| unwritable(path, error);
    let file = File::options().write(true).open(path).map_err(failed)?;
    let mut file = BufWriter::new(file);
    // One view of the data for the whole file.
    let count = d.store.read_long(|tx| {
        let (mut after, mut count) = (0, 0);
        loop {
            let page = identities::page(tx, after, 500)?;
            let Some(last) = page.last() else { return Ok::<u64, Error>(count) };
            after = last.n;
            count += page.len() as u64;
            let mut belongs = belonging::of_page(tx, &page)?;
            let numbers: Vec<i64> = page.iter().map(|stored| stored.n).collect();
            let answers: BTreeMap<i64, Answered> =
                answers::of_many(tx, &numbers)?.into_iter().collect();
            for stored in &page {
                let mut line = document(d, &stored.identity, credentials)?;
                belongs.remove(&stored.n).unwrap_or_default().write(&mut line);
                if let (Value::Object(fields), Some(answered)) = (&mut line, answers.get(&stored.n))
                {
                    fields.insert("terms".to_owned(), json!(terms::Line::of(answered)));
                }
                writeln!(file, "{line}").map_err(failed)?;
            }
            progress(count);
        }
    })?;
    file.flush().map_err(failed)?;
    Ok(count)
}

fn document(d: &Deps, identity: &Identity, credentials: bool) -> Result<Value, Error> {
    let mut document = json!({
        "id": identity.id,
        "external_id": identity.external_id,
        "schema_id": identity.schema_id,
        "status": identity.status.as_str(),
        "status_detail": identity.status_detail,
        "expires_at": identity.expires_at,
        "traits": identity.traits,
        "metadata_public": identity.metadata_public,
        "metadata_admin": identity.metadata_admin,
        "authorities": identity.authorities,
        "created_at": identity.created_at,
        "updated_at": identity.updated_at,
        "verifiable_addresses": identity.verifiable_addresses.iter().map(|address| json!({
            "value": address.value,
            "via": address.via.as_str(),
            "verified": address.verified,
            "verified_at": address.verified_at,
        })).collect::<Vec<_>>(),
    });
    if credentials {
        let mut all = serde_json::Map::new();
        for credential in &identity.credentials {
            let config = match credential.kind {
                CredentialType::Totp => totp::handed_out(d, identity.id, &credential.config)?,
                _ => credential.config.clone(),
            };
            let value = json!({"identifiers": credential.identifiers, "config": config});
            all.insert(credential.kind.as_str().to_owned(), value);
        }
        if let Value::Object(fields) = &mut document {
            fields.insert("credentials".to_owned(), Value::Object(all));
        }
    }
    Ok(document)
}
