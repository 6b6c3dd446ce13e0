//! The file: one line for each deletion and erasure, as the stream of the ledger has it. It says who
//! is gone by their id only.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use crate::domain::ledger::merkle::leaf_hash;
use crate::domain::ledger::{EventType, Hash};
use crate::service::streaming;

/// The name of the file in the state directory.
pub const FILE: &str = "erasures.jsonl";
/// What takes somebody out of the service, or out of what the ledger keeps beside its entries.
pub(super) const KINDS: [EventType; 3] =
    [EventType::UserDeleted, EventType::UserErased, EventType::UserInvitationCancelled];

/// What begins a line of the stream.
const LEAF: &str = r#"{"leaf":""#;
/// What stands between the leaf hash and the entry.
const ENTRY: &str = r#"","entry":"#;

/// A list that nobody else reads or writes for as long as this lives.
pub(super) struct List {
    file: File,
    /// Which list it is.
    pub id: String,
    /// Where its first line begins.
    pub begin: u64,
    /// Where its last one ends.
    pub end: u64,
}

/// A deletion or an erasure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// The place of its entry in the ledger that it happened in.
    pub seq: u64,
    /// The hash of that.
    pub leaf: Hash,
    /// Whether somebody was deleted, and not only what the ledger keeps of them.
    pub deleted: bool,
    /// Who is gone.
    pub id: Uuid,
    /// Since when.
    pub at: Timestamp,
}

#[derive(Deserialize)]
struct Header {
    list: Uuid,
}

#[derive(Deserialize)]
struct Fields {
    seq: u64,
    time: Timestamp,
    #[serde(rename = "type")]
    kind: String,
    principal: Option<Uuid>,
}

/// Where the list of a state directory is.
pub fn place(state_dir: &Path) -> PathBuf {
    state_dir.join(FILE)
}

impl List {
    /// Opens the list, and begins it where there is none; `id` names a new one.
    pub fn open(state_dir: &Path, id: impl FnOnce() -> io::Result<Uuid>) -> io::Result<Self> {
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(place(state_dir))?;
        file.lock()?;
        let mut end = file.metadata()?.len();
        let whole = whole_lines(&mut file, end)?;
        if whole < end {
            // Whoever wrote it was killed; what it was about is still in the ledger.
            file.set_len(whole)?;
            end = whole;
        }
        if end == 0 {
            let line = format!("{}\n", serde_json::json!({"list": id()?}));
            file.write_all(line.as_bytes())?;
            file.sync_all()?;
            File::open(state_dir)?.sync_all()?;
            end = line.len() as u64;
        }
        file.seek(SeekFrom::Start(0))?;
        let mut first = String::new();
        BufReader::new(&file).take(1024).read_line(&mut first)?;
        let header: Header = serde_json::from_str(&first)?;
        Ok(Self { file, id: header.list.to_string(), begin: first.len() as u64, end })
    }

    /// Shows the lines from a place on, which is the beginning of one.
    pub fn each<E: From<io::Error>>(
        &self,
        from: u64,
        mut show: impl FnMut(Line) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(from))?;
        for text in BufReader::new(file).lines() {
            let text = text?;
            let line = Line::parse(&text).map_err(|damaged| {
                io::Error::new(io::ErrorKind::InvalidData, format!("a line of it {damaged}"))
            })?;
            if let Some(line) = line {
                show(line)?;
            }
        }
        Ok(())
    }

    /// Adds lines, for good.
    pub fn append(&mut self, text: &str) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        self.file.write_all(text.as_bytes())?;
        self.file.sync_data()?;
        self.end += text.len() as u64;
        Ok(())
    }
}

/// How much of the file is whole lines.
fn whole_lines(file: &mut File, length: u64) -> io::Result<u64> {
    let mut end = length;
    let mut part = [0; 4096];
    while end > 0 {
        let size = usize::try_from(end).unwrap_or(usize::MAX).min(part.len());
        let from = end - size as u64;
        file.seek(SeekFrom::Start(from))?;
        let part = part.get_mut(..size).unwrap_or_default();
        file.read_exact(part)?;
        if let Some(at) = part.iter().rposition(|byte| *byte == b'\n') {
            return Ok(from + at as u64 + 1);
        }
        end = from;
    }
    Ok(0)
}

/// A line does not say what it once said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("was altered")]
pub(super) struct Altered;

impl Line {
    /// Reads a line of the list, of the stream, or of an export; nothing for one about something else.
    pub fn parse(text: &str) -> Result<Option<Self>, Altered> {
        // Whatever a collector of logs puts before it.
        let (leaf, json) = match text.split_once(LEAF) {
            Some((_, rest)) => {
                let (leaf, rest) = rest.trim_end().split_once(ENTRY).ok_or(Altered)?;
                (Some(leaf), rest.strip_suffix('}').ok_or(Altered)?)
            }
            None if text.starts_with(r#"{"actor":"#) => (None, text),
            None => return Ok(None),
        };
        let hash = leaf_hash(json.as_bytes());
        if leaf.is_some_and(|leaf| leaf != hex::encode(hash)) {
            return Err(Altered);
        }
        let Fields { seq, time, kind, principal } =
            serde_json::from_str(json).map_err(|_| Altered)?;
        let Some(kind) = KINDS.into_iter().find(|one| one.as_str() == kind) else {
            return Ok(None);
        };
        let deleted = kind != EventType::UserErased;
        Ok(principal.map(|id| Self { seq, leaf: hash, deleted, id, at: time }))
    }
}

/// An entry as a line.
pub(super) fn line(leaf: &Hash, json: &str) -> String {
    format!("{}\n", streaming::line(leaf, json))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(seq: u64, kind: &str) -> String {
        let id = Uuid::from_u128(u128::from(seq));
        format!(
            r#"{{"actor":{{}},"principal":"{id}","seq":{seq},"time":"2026-01-01T00:00:00Z","type":"{kind}"}}"#
        )
    }

    fn all(list: &List) -> Vec<u64> {
        let mut found = Vec::new();
        list.each(list.begin, |line| {
            found.push(line.seq);
            Ok::<_, io::Error>(())
        })
        .unwrap();
        found
    }

    #[test]
    fn half_a_line_of_somebody_who_was_killed_goes_and_the_rest_stays() {
        let dir = tempfile::tempdir().unwrap();
        let whole = entry(1, "user.deleted");
        let whole = line(&leaf_hash(whole.as_bytes()), &whole);
        let new = || Ok(Uuid::from_u128(7));
        List::open(dir.path(), new).unwrap().append(&whole).unwrap();
        for half in ["{\"leaf", &"x".repeat(10_000)] {
            List::open(dir.path(), new).unwrap().append(half).unwrap();
            let list = List::open(dir.path(), || panic!("there is one")).unwrap();
            assert_eq!((all(&list), list.end), (vec![1], list.begin + whole.len() as u64));
        }
        let list = place(dir.path());
        std::fs::write(&list, "{\"li").unwrap();
        assert_eq!(List::open(dir.path(), new).unwrap().id, Uuid::from_u128(7).to_string());
    }

    #[test]
    fn a_line_is_read_from_the_list_a_stream_a_log_and_an_export() {
        let json = entry(3, "user.erased");
        let one = line(&leaf_hash(json.as_bytes()), &json);
        for text in [&one, &format!("Jan 1 host doorward - ledger - {one}"), &json] {
            let read = Line::parse(text).unwrap().unwrap();
            assert_eq!((read.seq, read.deleted, read.id), (3, false, Uuid::from_u128(3)), "{text}");
        }
        for other in ["", "a word", r#"{"list":"x"}"#, &entry(4, "user.locked")] {
            assert_eq!(Line::parse(other), Ok(None), "{other}");
        }
        let damaged = one.replace("00:00:00Z", "00:00:01Z");
        assert_eq!(Line::parse(&damaged), Err(Altered), "its hash says so");
    }
}
