//! An address as a picture that an app scans.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use qrcode::{Color, EcLevel, QrCode};

use crate::error::{Error, ErrorCode};

/// Points on each side.
const SIDE: usize = 256;
/// White modules around the code (ISO 18004 section 6.3.8).
const MARGIN: usize = 4;

/// The picture, black on white, in a `data:` address.
pub(super) fn of(text: &str) -> Result<String, Error> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M)
        .or_else(|_| QrCode::with_error_correction_level(text, EcLevel::L))
        .map_err(|error| failed().because(error))?;
    let png = png(&code).map_err(|error| failed().because(error))?;
    Ok(format!("data:image/png;base64,{}", STANDARD.encode(png)))
}

fn failed() -> Error {
    Error::new(ErrorCode::Internal, "The picture of an address cannot be made.")
}

fn png(code: &QrCode) -> Result<Vec<u8>, png::EncodingError> {
    let modules = code.width();
    let scale = (SIDE / (modules + 2 * MARGIN)).max(1);
    let border = SIDE.saturating_sub(modules * scale) / 2;
    let colors = code.to_colors();
    let is_dark = |x: usize, y: usize| {
        let module = |point: usize| point.checked_sub(border).map(|inside| inside / scale);
        let (Some(x), Some(y)) = (module(x), module(y)) else { return false };
        x < modules && y < modules && colors.get(y * modules + x) == Some(&Color::Dark)
    };
    // One bit a point, white is one.
    let mut bits = vec![0u8; SIDE * SIDE / 8];
    for (index, byte) in bits.iter_mut().enumerate() {
        for bit in 0..8 {
            let point = index * 8 + bit;
            if !is_dark(point % SIDE, point / SIDE) {
                *byte |= 0x80 >> bit;
            }
        }
    }
    let side = u32::try_from(SIDE).unwrap_or(u32::MAX);
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&bits)?;
    writer.finish()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The points of a picture, true where it is dark.
    fn points(uri: &str) -> Vec<bool> {
        let file = STANDARD.decode(uri.strip_prefix("data:image/png;base64,").unwrap()).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
        let mut bits = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut bits).unwrap();
        assert_eq!((frame.width, frame.height), (256, 256));
        (0..SIDE * SIDE).map(|point| bits[point / 8] & (0x80 >> (point % 8)) == 0).collect()
    }

    #[test]
    fn the_picture_shows_every_module_and_a_white_border() {
        let text =
            format!("otpauth://totp/id.example.com:ada%40example.com?secret={}", "A".repeat(32));
        let code = QrCode::with_error_correction_level(&text, EcLevel::M).unwrap();
        let seen = points(&of(&text).unwrap());
        let (modules, colors) = (code.width(), code.to_colors());
        let scale = SIDE / (modules + 2 * MARGIN);
        let border = (SIDE - modules * scale) / 2;
        assert!(scale >= 3 && border >= MARGIN * scale, "{scale} {border}");
        for y in 0..SIDE {
            for x in 0..SIDE {
                let inside = |point: usize| {
                    (point >= border && point < border + modules * scale)
                        .then(|| (point - border) / scale)
                };
                let dark = match (inside(x), inside(y)) {
                    (Some(x), Some(y)) => colors[y * modules + x] == Color::Dark,
                    _ => false,
                };
                assert_eq!(seen[y * SIDE + x], dark, "{x} {y}");
            }
        }
    }

    #[test]
    fn a_text_that_fits_no_picture_is_refused() {
        assert!(of(&"x".repeat(8000)).is_err());
        assert!(of(&"x".repeat(1000)).is_ok(), "a long one still fits");
    }
}
