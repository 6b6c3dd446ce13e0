//! People written down for other programs: a table or JSON Lines, of all whom a search finds.

use std::borrow::Cow;

use csv::{Terminator, WriterBuilder};
use serde_json::json;

use super::listing::{ListIdentities, PAGE_SIZE_MAX};
use super::people::{self, Row};
use super::{Caller, Page};
use crate::app::Deps;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::domain::terms::Standing;
use crate::error::{Error, ErrorCode};

/// How they are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Values parted by commas (RFC 4180).
    Csv,
    /// A JSON document a line.
    Jsonl,
}

impl Format {
    /// The word for it, which also ends the name of a file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Csv, Self::Jsonl].into_iter().find(|format| format.as_str() == word)
    }
}

/// The columns of the table, which are also the keys of a line.
const COLUMNS: [&str; 15] = [
    "id",
    "status",
    "email",
    "email_verified",
    "authorities",
    "providers",
    "schema_id",
    "external_id",
    "created_at",
    "updated_at",
    "expires_at",
    "last_login_at",
    "terms",
    "terms_version",
    "terms_answered_at",
];

/// Records that people are written down, and gives the first line, if the format has one.
///
/// # Errors
/// As [`super::listing::list`].
pub fn begin(
    d: &Deps,
    by: &Caller,
    request: &ListIdentities,
    format: Format,
) -> Result<String, Error> {
    // What makes no sense is said before anything is handed out.
    people::page(d, &ListIdentities { page_size: Some(1), ..request.clone() })?;
    let event = Event::new(EventType::AdminExport)
        .data("credentials", false)
        .data("format", format.as_str())
        .data("personal", true)
        .data("what", "identities");
    d.store.write(&by.author(), |_| Ok::<_, Error>(by.change((), event, [])))?;
    if format == Format::Csv { line(COLUMNS.iter().copied()) } else { Ok(String::new()) }
}

/// The next lines, and by which token those after them are asked for.
///
/// # Errors
/// As [`super::listing::list`].
pub fn lines(
    d: &Deps,
    request: &ListIdentities,
    format: Format,
    page_token: Option<String>,
) -> Result<(String, Option<String>), Error> {
    let size = Some(PAGE_SIZE_MAX);
    let request = ListIdentities { page_size: size, page_token, ..request.clone() };
    let Page { items, next_page_token } = people::page(d, &request)?;
    let mut text = String::new();
    for row in &items {
        text += &written(d, row, format)?;
    }
    Ok((text, next_page_token))
}

fn written(d: &Deps, row: &Row, format: Format) -> Result<String, Error> {
    let one = &row.identity;
    let address = one.verifiable_addresses.first();
    let authorities: Vec<&str> = one.authorities.iter().map(|held| held.as_str()).collect();
    let time = |at: Option<jiff::Timestamp>| at.map(|at| at.to_string());
    let status = one.effective_status(d.clock.now()).as_str();
    let login = row.last_login.as_ref().map(|login| login.at);
    let asked = d.options.terms.in_force().map(ToOwned::to_owned);
    let terms = Standing { asked, last: row.terms.clone() };
    let answered = terms.last.as_ref();
    if format == Format::Jsonl {
        let document = json!({
            "id": one.id, "status": status,
            "email": address.map(|address| &address.value),
            "email_verified": address.is_some_and(|address| address.verified),
            "authorities": authorities, "providers": row.providers,
            "schema_id": one.schema_id, "external_id": one.external_id,
            "created_at": one.created_at.to_string(), "updated_at": one.updated_at.to_string(),
            "expires_at": time(one.expires_at), "last_login_at": time(login),
            "terms": terms.as_str(), "terms_version": answered.map(|last| &last.version),
            "terms_answered_at": time(answered.map(|last| last.at)),
            "traits": one.traits, "metadata_public": one.metadata_public,
        });
        return Ok(format!("{document}\n"));
    }
    let cells = [
        one.id.to_string(),
        status.to_owned(),
        address.map(|address| address.value.clone()).unwrap_or_default(),
        address.is_some_and(|address| address.verified).to_string(),
        authorities.join(" "),
        row.providers.join(" "),
        one.schema_id.clone(),
        one.external_id.clone().unwrap_or_default(),
        one.created_at.to_string(),
        one.updated_at.to_string(),
        time(one.expires_at).unwrap_or_default(),
        time(login).unwrap_or_default(),
        terms.as_str().to_owned(),
        answered.map(|last| last.version.clone()).unwrap_or_default(),
        time(answered.map(|last| last.at)).unwrap_or_default(),
    ];
    line(cells.iter().map(String::as_str))
}

/// A line of the table.
fn line<'c>(cells: impl Iterator<Item = &'c str>) -> Result<String, Error> {
    let unwritable = |error: String| {
        Error::new(ErrorCode::Internal, "A line of the table cannot be written.")
            .because(std::io::Error::other(error))
    };
    let mut line = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    line.write_record(cells.map(|text| harmless(text).into_owned()))
        .map_err(|error| unwritable(error.to_string()))?;
    let bytes = line.into_inner().map_err(|error| unwritable(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| unwritable(error.to_string()))
}

/// What a spreadsheet would take for a formula begins with an apostrophe, so that nobody's name runs
/// anything on the machine of whoever opens the table (OWASP, CSV Injection).
fn harmless(text: &str) -> Cow<'_, str> {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    if formula { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_runs_nothing_and_says_what_it_was_told() {
        for (text, expected) in [
            ("ada", "ada"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("=1+1", "'=1+1"),
            ("+49", "'+49"),
            ("-1", "'-1"),
            ("@SUM(A1,A2)", "\"'@SUM(A1,A2)\""),
            ("\t=1", "'\t=1"),
            ("a\r\nb", "\"a\r\nb\""),
        ] {
            assert_eq!(line([text, "x"].into_iter()).unwrap(), format!("{expected},x\r\n"));
        }
    }
}
