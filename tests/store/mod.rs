//! Store and use cases, on SQLite and on a real PostgreSQL server by the same test bodies.

mod authorities;
mod backup;
mod choosing;
mod cleaning;
mod concurrency;
mod creating;
mod credentials;
mod factors;
mod faults;
mod finding;
mod guards;
mod history;
mod listing;
mod migrations;
mod outbox;
mod passwords;
mod proofs;
mod searching;
mod sessions;
mod sharing;
mod statements;
mod status;
mod throttle;
mod tokens;
mod transfer;
mod updating;
