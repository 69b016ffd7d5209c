//! The picture of a link's address, to be printed.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use edge::auth::Caller;
use edge::body::Segments;
use edge::openapi::Refusals;
use edge::problem::Problem;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use qrcode::render::svg::Color;
use qrcode::{EcLevel, QrCode};

use super::find;
use super::shown::url_of;
use crate::App;

/// How wide a module is in the picture's own units; it scales to any size.
const MODULE_UNITS: u32 = 8;

/// Read a link as a QR code.
///
/// An SVG of the address that the partner hands out, with the quiet margin of four modules and the level of correction M:
/// a printed one may lose a seventh and is still read. It is the same for as long as the link has its code, and a link
/// keeps its code.
#[utoipa::path(
    get,
    path = "/v1/revenue/affiliates/{code}/qr",
    tag = "links",
    params(("code" = String, Path, example = "spring-sale")),
    responses((status = 200, description = "the picture", body = String, content_type = "image/svg+xml"), Refusals),
    security(("bearer" = []))
)]
pub(crate) async fn read(
    State(app): State<App>,
    caller: Caller,
    Segments(code): Segments<String>,
) -> Result<Response, Problem> {
    let link = find(&app, &caller, &code).await?;
    let picture = svg(&url_of(&app, &link)).ok_or_else(|| {
        tracing::error!(link.id = %link.id, "the link's address is too long for a QR code");
        Problem::internal()
    })?;
    let name = format!("inline; filename=\"{}.svg\"", link.code);
    let headers = [
        (CONTENT_TYPE, "image/svg+xml".to_owned()),
        (CONTENT_DISPOSITION, name),
        (CACHE_CONTROL, "private, max-age=86400, immutable".to_owned()),
    ];
    Ok((headers, picture).into_response())
}

/// A text as a QR code; `None` for one that is too long.
fn svg(text: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let dark = Color("#000000");
    let light = Color("#ffffff");
    let mut picture = code.render::<Color<'_>>();
    picture.module_dimensions(MODULE_UNITS, MODULE_UNITS).quiet_zone(true).dark_color(dark).light_color(light);
    Some(picture.build())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The dark squares of the picture, as a scanner sees them: `M<x> <y>h<width>v<height>H<x>V<y>` each.
    fn read_back(picture: &str) -> String {
        let number = |text: &str| text.parse::<usize>().expect("a number");
        let between = |from: &str, to: &str| picture.split_once(from).and_then(|(_, rest)| rest.split_once(to));
        let side = number(between("viewBox=\"0 0 ", " ").expect("a size").0);
        let mut dark = vec![false; side * side];
        let (path, _) = between("fill=\"#000000\" d=\"", "\"").expect("a path");
        for square in path.split('M').filter(|square| !square.is_empty()) {
            let (place, size) = square.split_once('h').expect("a square");
            let (x, y) = place.split_once(' ').expect("a place");
            let (width, height) = size.split_once('H').and_then(|(size, _)| size.split_once('v')).expect("a size");
            let (x, y, width) = (number(x), number(y), number(width));
            for row in y..y + number(height) {
                dark[row * side + x..row * side + x + width].fill(true);
            }
        }
        let shade = |x: usize, y: usize| if dark[y * side + x] { 0 } else { 255 };
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(side, side, shade);
        let grids = image.detect_grids();
        assert_eq!(grids.len(), 1, "one code in the picture");
        let (meta, content) = grids[0].decode().expect("it is read");
        assert_eq!(meta.ecc_level, 0, "level M");
        content
    }

    #[test]
    fn a_scanner_reads_the_address_back_from_the_picture() {
        for address in ["https://go.example/r/abc".to_owned(), format!("https://go.example/r/{}", "a1-".repeat(21))] {
            assert_eq!(read_back(&svg(&address).expect("a picture")), address);
        }
    }

    #[test]
    fn the_picture_has_the_quiet_margin_and_loads_nothing() {
        let picture = svg("https://go.example/r/abc").expect("a picture");
        assert!(picture.contains("d=\"M32 32h"), "four modules of margin: {picture}");
        assert!(!picture.contains("href") && !picture.contains("<script"));
    }
}
