//! Proofs about the history that need no trust in this program.

use axum::extract::State;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::input;
use crate::http::blocking::App;
use crate::http::document::Document;
use crate::http::failure::Failure;
use crate::http::query::Query;
use crate::service::proofs;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(inclusion)).routes(routes!(consistency))
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query")]
struct InclusionQuery {
    /// The entry.
    seq: u64,
    /// The size of the tree it shall be proved to be in; without it, that of the newest checkpoint.
    size: Option<u64>,
}

/// That an entry is in a tree (RFC 6962 section 2.1.1; checked as in RFC 9162 section 2.1.3.2).
#[derive(Serialize, ToSchema)]
#[schema(as = auditInclusion)]
struct Inclusion {
    seq: u64,
    /// The entry's leaf hash, in hex.
    leaf: String,
    /// How many entries the tree has.
    size: u64,
    /// Its root, in hex.
    root: String,
    /// From the leaf's sibling up to the root's child, in hex.
    hashes: Vec<String>,
    /// The signed note over this very tree, if there is one.
    checkpoint: Option<String>,
}

/// Proves that an entry is in the ledger.
#[utoipa::path(
    get, path = "/audit/proof/inclusion", operation_id = "getAuditInclusionProof",
    tag = "doorward", params(InclusionQuery),
    responses((status = 200, description = "The proof.", body = Inclusion))
)]
async fn inclusion(State(app): State<App>, query: Query) -> Result<Document<Inclusion>, Failure> {
    let seq = needed(&query, "seq")?;
    let size = input::number(&query, "size")?;
    let proof = app.call(move |d| proofs::inclusion(d, seq, size)).await??;
    Ok(Document::ok(Inclusion {
        seq,
        leaf: hex::encode(proof.leaf),
        size: proof.size,
        root: hex::encode(proof.root),
        hashes: proof.path.iter().map(hex::encode).collect(),
        checkpoint: proof.checkpoint.map(|signed| signed.note),
    }))
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query")]
struct ConsistencyQuery {
    /// The size of the earlier tree.
    #[param(minimum = 1)]
    from: u64,
    /// The size of the later tree; without it, that of the newest checkpoint.
    to: Option<u64>,
}

/// That a tree begins with an earlier one (RFC 6962 section 2.1.2; checked as in RFC 9162 section
/// 2.1.4.2).
#[derive(Serialize, ToSchema)]
#[schema(as = auditConsistency)]
struct Consistency {
    from: u64,
    /// The earlier root, in hex.
    from_root: String,
    to: u64,
    /// The later root, in hex.
    to_root: String,
    /// In hex.
    hashes: Vec<String>,
}

/// Proves that the ledger only grew.
#[utoipa::path(
    get, path = "/audit/proof/consistency", operation_id = "getAuditConsistencyProof",
    tag = "doorward", params(ConsistencyQuery),
    responses((status = 200, description = "The proof.", body = Consistency))
)]
async fn consistency(
    State(app): State<App>,
    query: Query,
) -> Result<Document<Consistency>, Failure> {
    let from = needed(&query, "from")?;
    let to = input::number(&query, "to")?;
    let proof = app.call(move |d| proofs::consistency(d, from, to)).await??;
    Ok(Document::ok(Consistency {
        from,
        from_root: hex::encode(proof.from_root),
        to: proof.to,
        to_root: hex::encode(proof.to_root),
        hashes: proof.path.iter().map(hex::encode).collect(),
    }))
}

fn needed(query: &Query, name: &str) -> Result<u64, Failure> {
    let missing = || Failure::invalid(format!("The parameter {name} is required."));
    input::number(query, name)?.ok_or_else(missing)
}
