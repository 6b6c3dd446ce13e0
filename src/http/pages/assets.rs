//! What pages load: the style sheet, the script for security keys, the icon, the brand's colours and
//! logo. All of it is in the binary or in the options; nothing comes from elsewhere.

use std::sync::LazyLock;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use sha2::{Digest as _, Sha256};

use super::color;
use crate::config::Brand;
use crate::http::blocking::App;
use crate::http::query::Query;
use crate::service::brand;

/// A file in the binary.
struct Asset {
    name: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
    version: String,
}

macro_rules! assets {
    ($($name:literal $kind:literal)*) => {
        static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| vec![
            $({
                let bytes: &[u8] = include_bytes!(concat!("../../../pages/assets/", $name));
                Asset { name: $name, kind: $kind, bytes, version: version(bytes) }
            },)*
        ]);
    };
}

assets! {
    "console.css" "text/css; charset=utf-8"
    "console.js" "text/javascript; charset=utf-8"
    "icon.svg" "image/svg+xml"
    "style.css" "text/css; charset=utf-8"
    "webauthn.js" "text/javascript; charset=utf-8"
}

/// The name of the style sheet that is made from the options.
const BRAND: &str = "brand.css";
/// An address with the version in it always has the same content.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Without it the browser asks whether there is something new.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");
/// An SVG that is opened by itself is a document, which must not run anything.
const INERT: HeaderValue =
    HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox");

/// What pages link to, below the path `prefix` at which the service is reached.
pub fn address(prefix: &str, name: &str) -> String {
    let found = ASSETS.iter().find(|asset| asset.name == name);
    let version = found.map_or("", |asset| asset.version.as_str());
    format!("{prefix}/ui/assets/{name}?v={version}")
}

/// The same for the colours of a brand.
pub fn brand_address(prefix: &str, brand: &Brand) -> String {
    let version = version(color::sheet(brand.rgb()).as_bytes());
    format!("{prefix}/ui/assets/{BRAND}?v={version}")
}

fn version(bytes: &[u8]) -> String {
    let mut text = hex::encode(Sha256::digest(bytes));
    text.truncate(16);
    text
}

/// One of the files.
pub async fn asset(
    State(app): State<App>,
    Path(name): Path<String>,
    query: Query,
    headers: HeaderMap,
) -> Response {
    if name == BRAND {
        let Ok(sheet) = app.look(|d| color::sheet(d.options.brand.rgb())).await else {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        };
        let version = version(sheet.as_bytes());
        return answer(&headers, &query, "text/css; charset=utf-8", &version, sheet.into_bytes());
    }
    match ASSETS.iter().find(|asset| asset.name == name) {
        Some(found) => answer(&headers, &query, found.kind, &found.version, found.bytes.to_vec()),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The script, where pages written for Ory Kratos load it.
pub async fn script(app: State<App>, query: Query, headers: HeaderMap) -> Response {
    asset(app, Path("webauthn.js".to_owned()), query, headers).await
}

/// The brand's logo.
pub async fn logo(State(app): State<App>, query: Query, headers: HeaderMap) -> Response {
    match app.call(brand::logo).await {
        Ok(Some((kind, bytes))) => answer(&headers, &query, kind, &version(&bytes), bytes),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

fn answer(
    asked: &HeaderMap,
    query: &Query,
    kind: &'static str,
    version: &str,
    bytes: Vec<u8>,
) -> Response {
    let tag = format!("\"{version}\"");
    let known = asked.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let same = known.is_some_and(|known| {
        known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag)
    });
    let kept = if query.text("v") == Some(version) { FOR_EVER } else { ASK_AGAIN };
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, kept);
    headers.insert(header::CONTENT_SECURITY_POLICY, INERT);
    headers.extend(HeaderValue::from_str(&tag).ok().map(|tag| (header::ETAG, tag)));
    if same {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    (headers, bytes).into_response()
}
