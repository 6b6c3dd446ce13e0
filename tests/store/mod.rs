//! Store and use cases, on SQLite and on a real PostgreSQL server by the same test bodies.

mod authorities;
mod creating;
mod credentials;
mod finding;
mod guards;
mod history;
mod listing;
mod passwords;
mod statements;
mod status;
mod updating;
