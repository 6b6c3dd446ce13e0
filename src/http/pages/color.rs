//! The colours of a brand, changed as little as it takes for everybody to read what is written in
//! them: text has a contrast of 4.5 to its ground (WCAG 2.2, 1.4.3), edges of 3 (1.4.11).

use std::fmt::Write as _;

/// Red, green and blue.
pub type Rgb = [u8; 3];

const TEXT: f64 = 4.5;
const EDGE: f64 = 3.0;
const WHITE: Rgb = [255; 3];
const BLACK: Rgb = [0; 3];
/// What text in the accent stands on, as style.css has it: surface, ground and raised.
const LIGHT: [Rgb; 3] = [WHITE, [0xf4, 0xf5, 0xf7], [0xf8, 0xf9, 0xfb]];
const DARK: [Rgb; 3] = [[0x1a, 0x21, 0x2a], [0x11, 0x16, 0x1c], [0x22, 0x2b, 0x36]];

/// The style sheet of a brand.
#[must_use]
pub fn sheet(color: Rgb) -> String {
    let light = Scheme::of(color, &LIGHT, BLACK);
    let dark = Scheme::of(color, &DARK, WHITE);
    format!(
        ":root{{{}}}\n@media (prefers-color-scheme:dark){{:root{{{}}}}}\n",
        light.lines(),
        dark.lines()
    )
}

/// The colours of one scheme.
struct Scheme {
    brand: Rgb,
    deep: Rgb,
    accent: Rgb,
    tint: Rgb,
}

impl Scheme {
    /// The scheme for these grounds; `far` is the end of the scale that differs from them.
    fn of(color: Rgb, grounds: &[Rgb], far: Rgb) -> Self {
        let surface = grounds.first().copied().unwrap_or(WHITE);
        let brand = moved(color, far, EDGE, &[surface]);
        let tint = mixed(surface, color, 10);
        let all: Vec<Rgb> = grounds.iter().copied().chain([tint]).collect();
        Self { brand, deep: mixed(brand, far, 18), accent: moved(color, far, TEXT, &all), tint }
    }

    fn lines(&self) -> String {
        let mut text = String::new();
        for (name, color) in [
            ("brand", self.brand),
            ("on-brand", ink(self.brand)),
            ("brand-deep", self.deep),
            ("on-brand-deep", ink(self.deep)),
            ("accent", self.accent),
            ("tint", self.tint),
        ] {
            let [r, g, b] = color;
            // Writing to text cannot fail.
            let _ = write!(text, "--{name}:#{r:02x}{g:02x}{b:02x};");
        }
        text
    }
}

/// `color`, moved towards `far` until it differs enough from all grounds.
fn moved(color: Rgb, far: Rgb, contrast_wanted: f64, grounds: &[Rgb]) -> Rgb {
    let fits = |one: &Rgb| grounds.iter().all(|ground| contrast(*one, *ground) >= contrast_wanted);
    (0..=100).step_by(4).map(|part| mixed(color, far, part)).find(fits).unwrap_or(far)
}

/// Black or white, whichever is read better on `ground`.
fn ink(ground: Rgb) -> Rgb {
    if contrast(WHITE, ground) >= TEXT { WHITE } else { BLACK }
}

/// `part` hundredths of `to`, the rest of `from`.
fn mixed(from: Rgb, to: Rgb, part: u16) -> Rgb {
    let mut color = from;
    for (one, other) in color.iter_mut().zip(to) {
        let sum = u16::from(*one) * (100 - part) + u16::from(other) * part;
        *one = u8::try_from(sum / 100).unwrap_or(u8::MAX);
    }
    color
}

/// WCAG 2.2: how far apart two colours are, from 1 to 21.
fn contrast(one: Rgb, other: Rgb) -> f64 {
    let (a, b) = (luminance(one), luminance(other));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn luminance(color: Rgb) -> f64 {
    let linear = |part: u8| {
        let share = f64::from(part) / 255.0;
        if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
    };
    let [r, g, b] = color.map(linear);
    0.2126_f64.mul_add(r, 0.7152_f64.mul_add(g, 0.0722 * b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_is_that_of_the_guideline() {
        assert!((contrast(WHITE, BLACK) - 21.0).abs() < 0.001);
        assert!((contrast([0x77; 3], WHITE) - 4.478).abs() < 0.01);
    }

    #[test]
    fn whatever_the_brand_everything_can_be_read() {
        const STEPS: [u8; 7] = [0, 31, 90, 128, 170, 221, 255];
        let all = STEPS
            .into_iter()
            .flat_map(|r| STEPS.into_iter().flat_map(move |g| STEPS.map(move |b| [r, g, b])));
        for color in all {
            for (grounds, far) in [(LIGHT, BLACK), (DARK, WHITE)] {
                let scheme = Scheme::of(color, &grounds, far);
                for ground in grounds.iter().chain([&scheme.tint]) {
                    assert!(contrast(scheme.accent, *ground) >= TEXT, "{color:?} on {ground:?}");
                }
                assert!(contrast(scheme.brand, grounds[0]) >= EDGE, "{color:?}");
                for ground in [scheme.brand, scheme.deep] {
                    assert!(contrast(ink(ground), ground) >= TEXT, "{color:?}");
                }
            }
        }
    }

    #[test]
    fn the_style_sheet_and_this_file_agree_about_the_grounds() {
        let style = include_str!("../../../pages/assets/style.css");
        let hex = |[r, g, b]: Rgb| format!("#{r:02x}{g:02x}{b:02x}");
        let (light, dark) = style.split_once("prefers-color-scheme: dark").unwrap();
        for (part, [surface, ground, raised]) in [(light, LIGHT), (dark, DARK)] {
            let surface = if surface == WHITE { "#fff".to_owned() } else { hex(surface) };
            for (name, color) in
                [("surface", surface), ("ground", hex(ground)), ("raised", hex(raised))]
            {
                assert!(part.contains(&format!("--{name}: {color};")), "{name}");
            }
        }
        assert!(sheet([0x1f, 0x3a, 0x4d]).contains("--brand:#1f3a4d;--on-brand:#ffffff;"));
    }
}
