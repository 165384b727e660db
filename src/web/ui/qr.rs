//! QR codes as inline SVG: no image request, crisp in print, black on white in both colour schemes
//! (readers fail on inverted codes).
use std::fmt::Write as _;

use qrcode::{Color, EcLevel, QrCode};

/// Quiet zone of four modules, as ISO/IEC 18004 asks.
const QUIET: usize = 4;

/// The SVG of `content` at medium correction; `None` when it does not fit in a QR code (about 2 300 bytes).
/// `label` is what a screen reader says.
pub fn svg(content: &str, label: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(content, EcLevel::M).ok()?;
    let width = code.width();
    let side = width.saturating_add(QUIET.saturating_mul(2));
    let mut path = String::new();
    for (index, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            let (x, y) = (index % width, index / width);
            write!(path, "M{} {}h1v1h-1z", x.saturating_add(QUIET), y.saturating_add(QUIET)).ok()?;
        }
    }
    let label = askama::filters::escape(label, askama::filters::Html).ok()?.to_string();
    Some(format!(
        "<svg class=\"qr\" role=\"img\" aria-label=\"{label}\" viewBox=\"0 0 {side} {side}\" \
         shape-rendering=\"crispEdges\"><rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/>\
         <path d=\"{path}\" fill=\"#000\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_every_dark_module_and_escapes_the_label() {
        let text = "https://entremise.example/a/7Q4K-92HD";
        let svg = svg(text, "a \"b\" <c>").unwrap();
        let code = QrCode::with_error_correction_level(text, EcLevel::M).unwrap();
        let dark = code.to_colors().into_iter().filter(|color| *color == Color::Dark).count();
        assert_eq!(svg.matches("h1v1h-1z").count(), dark);
        assert!(!svg.contains("<c>"));
        assert!(super::svg(&"x".repeat(5_000), "").is_none());
    }
}
