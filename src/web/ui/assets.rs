//! The files a page needs, inside the binary: one style sheet, one script, the typeface, the mark.
//! Their address carries a hash of all of them, so a browser keeps them for ever and never mixes two releases.
use std::fmt::Write as _;
use std::sync::LazyLock;

use aws_lc_rs::digest;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, StatusCode, header};

struct Asset {
    name: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

const WOFF2: &str = "font/woff2";

macro_rules! asset {
    ($name:literal, $kind:expr) => {
        Asset { name: $name, kind: $kind, bytes: include_bytes!(concat!("assets/", $name)) }
    };
}

const ASSETS: &[Asset] = &[
    asset!("style.css", "text/css; charset=utf-8"),
    asset!("page.js", "text/javascript; charset=utf-8"),
    asset!("mark.svg", "image/svg+xml"),
    asset!("favicon.svg", "image/svg+xml"),
    asset!("atkinson-400.woff2", WOFF2),
    asset!("atkinson-600.woff2", WOFF2),
    asset!("atkinson-700.woff2", WOFF2),
    asset!("atkinson-ext-400.woff2", WOFF2),
    asset!("atkinson-ext-600.woff2", WOFF2),
    asset!("atkinson-ext-700.woff2", WOFF2),
    asset!("OFL.txt", "text/plain; charset=utf-8"),
];

/// Sixty-four bits of SHA-256 over every name and content, in hexadecimal.
static RELEASE: LazyLock<String> = LazyLock::new(|| {
    let mut all = digest::Context::new(&digest::SHA256);
    for asset in ASSETS {
        all.update(asset.name.as_bytes());
        all.update(&[0]);
        all.update(&asset.bytes.len().to_be_bytes());
        all.update(asset.bytes);
    }
    all.finish().as_ref().iter().take(8).fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
});

/// The route of [`serve`].
pub const ROUTE: &str = "/assets/{release}/{name}";

/// The address of an asset, as templates write it: `{{ page.asset("style.css") }}`.
pub fn url(name: &str) -> String {
    format!("/assets/{}/{name}", *RELEASE)
}

/// Serves one asset. An address of another release (an old page, a node not yet updated) gets the present
/// content but is not kept.
pub async fn serve(Path((release, name)): Path<(String, String)>) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let keep = if release == *RELEASE { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers: [(HeaderName, &str); 3] = [
        (header::CONTENT_TYPE, asset.kind),
        (header::CACHE_CONTROL, keep),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, asset.bytes).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn known_assets_are_kept_for_ever_others_are_refused() {
        let release = url("style.css").split('/').nth(2).unwrap().to_owned();
        let kept = serve(Path((release, "style.css".into()))).await;
        assert_eq!(kept.headers()["cache-control"], "public, max-age=31536000, immutable");
        let stale = serve(Path(("0000".into(), "style.css".into()))).await;
        assert_eq!(stale.status(), StatusCode::OK);
        assert_eq!(stale.headers()["cache-control"], "no-cache");
        let unknown = serve(Path(("0000".into(), "../Cargo.toml".into()))).await;
        assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn the_style_sheet_asks_only_for_assets_that_exist() {
        let css = ASSETS.iter().find(|asset| asset.name == "style.css").unwrap();
        let css = std::str::from_utf8(css.bytes).unwrap();
        let mut seen = 0;
        for piece in css.split("url(\"").skip(1) {
            let name = piece.split('"').next().unwrap();
            assert!(ASSETS.iter().any(|asset| asset.name == name), "{name}");
            seen += 1;
        }
        assert!(seen >= 3, "the typeface is asked for");
    }
}
