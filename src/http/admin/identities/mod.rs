//! The identities of the realm.

mod batch;
mod body;
mod create;
mod list;
mod pages;
mod patched;
mod read;
mod remove;
mod update;

use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

use crate::domain::credential::CredentialType;
use crate::http::blocking::App;
use crate::http::failure::Failure;
use crate::http::query::Query;

/// The routes below `/identities`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(list::routes())
        .merge(create::routes())
        .merge(batch::routes())
        .merge(read::routes())
        .merge(update::routes())
        .merge(remove::routes())
}

/// The id in a path. One that cannot be an id is nobody's, so the answer is the same.
fn id(text: &str) -> Result<Uuid, Failure> {
    Uuid::parse_str(text).map_err(|_| Failure::missing())
}

/// The kinds of credentials whose content is asked for.
fn revealed(query: &Query) -> Result<Vec<CredentialType>, Failure> {
    let kind = |word: &str| {
        CredentialType::parse(word).ok_or_else(|| {
            let word: String = word.chars().take(100).collect();
            Failure::invalid(format!("Invalid value `{word}` for parameter `include_credential`."))
        })
    };
    query.all("include_credential").filter(|word| !word.is_empty()).map(kind).collect()
}
