//! The installation's accent colour, as a small stylesheet of its own.
//!
//! One colour is set; the pages need it in two schemes, as text, as a button and under a button's text. Where the colour itself would be too pale
//! or too dark (WCAG 2.2, 1.4.3 and 1.4.11), it is moved towards black or white until it reads, so no choice can break a page.

use std::fmt::{self, Write as _};

/// The accent colour of the installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accent(Rgb);

/// Why a colour was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccentError {
    /// It is not written as `#rrggbb`.
    NotHex,
}

impl fmt::Display for AccentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotHex => f.write_str("an accent colour is written as #rrggbb, such as #0b6b57"),
        }
    }
}

impl std::error::Error for AccentError {}

/// The colour rules of an installation, ready to be served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    path: String,
    css: String,
}

/// The surfaces of the stylesheet that accents stand on; a test compares them with it.
const LIGHT_SURFACES: [Rgb; 2] = [Rgb([0xff, 0xff, 0xff]), Rgb([0xf5, 0xf6, 0xf4])];
const DARK_SURFACES: [Rgb; 2] = [Rgb([0x1a, 0x1e, 0x1d]), Rgb([0x10, 0x13, 0x12])];
const WHITE: Rgb = Rgb([0xff, 0xff, 0xff]);
const INK: Rgb = Rgb([0x0c, 0x12, 0x10]);
/// WCAG 2.2, 1.4.3: text on its background, with some room for rounding.
const READABLE: f64 = 4.55;

impl Accent {
    /// Reads a colour written as `#rrggbb`.
    ///
    /// # Errors
    /// When it is written in any other way.
    pub fn parse(hex: &str) -> Result<Self, AccentError> {
        let digits = hex.trim().strip_prefix('#').ok_or(AccentError::NotHex)?;
        if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(AccentError::NotHex);
        }
        let channel = |at: usize| {
            u8::from_str_radix(digits.get(at..at + 2).unwrap_or_default(), 16).map_err(|_| AccentError::NotHex)
        };
        Ok(Self(Rgb([channel(0)?, channel(2)?, channel(4)?])))
    }

    /// The colour rules for this accent, to be served as `text/css` under [`Theme::path`].
    #[must_use]
    pub fn theme(self) -> Theme {
        let light = self.0.moved_until_readable(Rgb([0, 0, 0]), &LIGHT_SURFACES);
        let dark = self.0.moved_until_readable(WHITE, &DARK_SURFACES);
        let mut css = String::new();
        // Writing to a string cannot fail.
        let _ = writeln!(css, ":root{{--accent:{light};--on-accent:{}}}", light.text());
        let _ =
            writeln!(css, "@media (prefers-color-scheme:dark){{:root{{--accent:{dark};--on-accent:{}}}}}", dark.text());
        Theme { path: format!("/assets/{:08x}/theme.css", fnv1a(&css)), css }
    }
}

impl Theme {
    /// The path to serve it under; it changes with the content.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The content.
    #[must_use]
    pub fn css(&self) -> &str {
        &self.css
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Rgb([u8; 3]);

impl Rgb {
    /// WCAG 2.2, relative luminance.
    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|channel| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// WCAG 2.2, contrast ratio.
    fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// The colour on which this one reads better.
    fn text(self) -> Self {
        if self.contrast(WHITE) >= self.contrast(INK) { WHITE } else { INK }
    }

    fn mixed(self, other: Self, share: u16) -> Self {
        let [a, b, c] = self.0;
        let [x, y, z] = other.0;
        let mix = |from: u8, to: u8| {
            let value = (u16::from(from) * (64 - share) + u16::from(to) * share) / 64;
            u8::try_from(value).unwrap_or(u8::MAX)
        };
        Self([mix(a, x), mix(b, y), mix(c, z)])
    }

    fn moved_until_readable(self, towards: Self, surfaces: &[Self]) -> Self {
        let readable = |colour: &Self| {
            surfaces.iter().all(|surface| colour.contrast(*surface) >= READABLE)
                && colour.contrast(colour.text()) >= READABLE
        };
        (0..=64).map(|share| self.mixed(towards, share)).find(readable).unwrap_or(towards)
    }
}

impl fmt::Display for Rgb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl fmt::Debug for Rgb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// FNV-1a: tells versions of the theme apart in a cache, nothing more.
fn fnv1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_six_hex_digits_are_a_colour() {
        assert_eq!(Accent::parse("#0b6B57"), Ok(Accent(Rgb([0x0b, 0x6b, 0x57]))));
        for bad in ["", "#", "#fff", "0b6b57", "#0b6b5", "#0b6b577", "#0b6b5g", "red", "#é12345", "#000;}body{x"] {
            assert_eq!(Accent::parse(bad), Err(AccentError::NotHex), "{bad}");
        }
    }

    #[test]
    fn every_colour_becomes_readable_in_both_schemes() {
        let steps = [0, 32, 64, 96, 128, 160, 192, 224, 255];
        for red in steps {
            for green in steps {
                for blue in steps {
                    let colour = Rgb([red, green, blue]);
                    for (towards, surfaces) in [(Rgb([0, 0, 0]), LIGHT_SURFACES), (WHITE, DARK_SURFACES)] {
                        let moved = colour.moved_until_readable(towards, &surfaces);
                        assert!(moved.contrast(moved.text()) >= 4.5, "{colour} -> {moved}");
                        assert!(surfaces.iter().all(|surface| moved.contrast(*surface) >= 4.5), "{colour} -> {moved}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_colour_that_reads_well_is_left_alone() {
        let theme = Accent::parse("#0b6b57").unwrap().theme();
        assert!(theme.css().contains(":root{--accent:#0b6b57;--on-accent:#ffffff}"), "{}", theme.css());
    }

    #[test]
    fn the_path_changes_with_the_colour() {
        let path = |hex: &str| Accent::parse(hex).unwrap().theme().path().to_owned();
        assert_ne!(path("#0b6b57"), path("#0b6b58"));
        assert!(path("#0b6b57").starts_with("/assets/") && path("#0b6b57").ends_with("/theme.css"));
    }

    #[test]
    fn the_surfaces_are_those_of_the_stylesheet() {
        let css = crate::assets().iter().find(|asset| asset.name == "authly.css").unwrap();
        let css = std::str::from_utf8(css.bytes).unwrap();
        let (light, dark) = css.split_once("prefers-color-scheme").unwrap();
        for (part, [surface, background]) in [(light, LIGHT_SURFACES), (dark, DARK_SURFACES)] {
            assert!(part.contains(&format!("--surface: {surface};")), "{surface}");
            assert!(part.contains(&format!("--background: {background};")), "{background}");
        }
    }
}
