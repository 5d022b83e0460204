//! Colours of card bodies: enough of CSS to tell whether a text can be read.

/// An opaque colour; each channel 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Colour {
    red: f64,
    green: f64,
    blue: f64,
}

/// The names that authors of alerts use; others count as unknown.
const NAMES: &[(&str, u32)] = &[
    ("black", 0x00_0000),
    ("blue", 0x00_00ff),
    ("crimson", 0xdc_143c),
    ("darkblue", 0x00_008b),
    ("darkgreen", 0x00_6400),
    ("darkorange", 0xff_8c00),
    ("darkred", 0x8b_0000),
    ("dimgray", 0x69_6969),
    ("firebrick", 0xb2_2222),
    ("gold", 0xff_d700),
    ("gray", 0x80_8080),
    ("green", 0x00_8000),
    ("grey", 0x80_8080),
    ("lightblue", 0xad_d8e6),
    ("lightgray", 0xd3_d3d3),
    ("lightgreen", 0x90_ee90),
    ("lightgrey", 0xd3_d3d3),
    ("lightyellow", 0xff_ffe0),
    ("maroon", 0x80_0000),
    ("navy", 0x00_0080),
    ("orange", 0xff_a500),
    ("orangered", 0xff_4500),
    ("pink", 0xff_c0cb),
    ("purple", 0x80_0080),
    ("red", 0xff_0000),
    ("silver", 0xc0_c0c0),
    ("teal", 0x00_8080),
    ("tomato", 0xff_6347),
    ("white", 0xff_ffff),
    ("whitesmoke", 0xf5_f5f5),
    ("yellow", 0xff_ff00),
];

/// Least contrast of text that is kept (WCAG 2.2, 1.4.3, large text): an author's choice may be bold, not unreadable.
const LEAST_CONTRAST: f64 = 3.0;

/// Between `#ffc107`, which is a statement, and `#f8d7da`, which is a tint.
const LEAST_LUMINANCE_OF_PALE: f64 = 0.68;

impl Colour {
    /// A card in the light theme; the same as in `style/tokens.css`.
    pub const LIGHT_CARD: Self = Self::from_hex(0xff_ffff);
    /// A card in the dark theme; the same as in `style/tokens.css`.
    pub const DARK_CARD: Self = Self::from_hex(0x1b_1d23);

    const DARK_INK: Self = Self::from_hex(0x16_181d);

    const fn from_hex(hex: u32) -> Self {
        let [_, red, green, blue] = hex.to_be_bytes();
        Self {
            red: red as f64 / 255.0,
            green: green as f64 / 255.0,
            blue: blue as f64 / 255.0,
        }
    }

    /// Reads `#rgb`, `#rrggbb`, `rgb()`, `hsl()` and common names; none for others and for what lets something through.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        if let Some(digits) = text.strip_prefix('#') {
            return Self::parse_hex(digits);
        }
        if let Some((name, rest)) = text.split_once('(') {
            return Self::parse_function(name, rest.strip_suffix(')')?);
        }
        NAMES
            .iter()
            .find(|(name, _)| *name == text)
            .map(|(_, hex)| Self::from_hex(*hex))
    }

    fn parse_hex(digits: &str) -> Option<Self> {
        let value = u32::from_str_radix(digits, 16).ok()?;
        let doubled = |shift: u32| ((value >> shift) & 0xf) * 0x11;
        match digits.len() {
            3 => Some(Self::from_hex(
                (doubled(8) << 16) | (doubled(4) << 8) | doubled(0),
            )),
            4 if value & 0xf == 0xf => Self::parse_hex(&digits[..3]),
            6 => Some(Self::from_hex(value)),
            8 if value & 0xff == 0xff => Some(Self::from_hex(value >> 8)),
            _ => None,
        }
    }

    fn parse_function(name: &str, arguments: &str) -> Option<Self> {
        let parts: Vec<&str> = arguments
            .split([',', ' '])
            .filter(|part| !part.is_empty())
            .collect();
        let [first, second, third, alpha @ ..] = parts.as_slice() else {
            return None;
        };
        if !matches!(alpha, [] | ["1" | "1.0" | "100%"]) {
            return None;
        }
        match name {
            "rgb" | "rgba" => Some(Self {
                red: channel(first)?,
                green: channel(second)?,
                blue: channel(third)?,
            }),
            "hsl" | "hsla" => Some(Self::from_hsl(
                number(first.strip_suffix("deg").unwrap_or(first))?,
                percentage(second)?,
                percentage(third)?,
            )),
            _ => None,
        }
    }

    // CSS Color 4, section 7.1
    fn from_hsl(hue: f64, saturation: f64, lightness: f64) -> Self {
        let amount = saturation * lightness.min(1.0 - lightness);
        let channel = |offset: f64| {
            // Not `rem_euclid`, which is exact for any number and a kilobyte for every page.
            let turns = (offset + hue / 30.0) / 12.0;
            let k = (turns - turns.floor()) * 12.0;
            lightness - amount * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0)
        };
        Self {
            red: channel(0.0),
            green: channel(8.0),
            blue: channel(4.0),
        }
    }

    // WCAG 2.2, relative luminance
    fn luminance(self) -> f64 {
        let linear = |channel: f64| {
            if channel <= 0.040_45 {
                channel / 12.92
            } else {
                js_sys::Math::pow((channel + 0.055) / 1.055, 2.4)
            }
        };
        0.2126 * linear(self.red) + 0.7152 * linear(self.green) + 0.0722 * linear(self.blue)
    }

    fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// Whether a text of this colour can be read on `background`.
    pub fn is_readable_on(self, background: Self) -> bool {
        self.contrast(background) >= LEAST_CONTRAST
    }

    /// Whether it is nearly white, as the backgrounds of notes are.
    pub fn is_pale(self) -> bool {
        self.luminance() >= LEAST_LUMINANCE_OF_PALE
    }

    /// The better of dark and white for a text on this.
    pub fn ink(self) -> &'static str {
        if self.contrast(Self::DARK_INK) >= self.contrast(Self::LIGHT_CARD) {
            "#16181d"
        } else {
            "#fff"
        }
    }
}

fn channel(text: &str) -> Option<f64> {
    match text.strip_suffix('%') {
        Some(_) => percentage(text),
        None => number(text).map(|value| (value / 255.0).clamp(0.0, 1.0)),
    }
}

fn percentage(text: &str) -> Option<f64> {
    number(text.strip_suffix('%')?).map(|value| (value / 100.0).clamp(0.0, 1.0))
}

/// A number as CSS writes it. By the browser: the standard library's exact reader brings tables of 10 kB that do not compress.
fn number(text: &str) -> Option<f64> {
    let is_plain = !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b'-');
    is_plain
        .then(|| js_sys::Number::parse_float(text))
        .filter(|value| value.is_finite())
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn the_same_colour_in_every_form() {
        for text in [
            "#f00",
            "#F00F",
            "#ff0000",
            "#ff0000ff",
            "rgb(255, 0, 0)",
            "rgb(100% 0% 0%)",
            "rgba(255,0,0,1)",
            "hsl(0, 100%, 50%)",
            "RED",
        ] {
            let colour = Colour::parse(text).unwrap_or_else(|| panic!("{text}"));
            let red = Colour::from_hex(0xff_0000);
            for (a, b) in [
                (colour.red, red.red),
                (colour.green, red.green),
                (colour.blue, red.blue),
            ] {
                assert!((a - b).abs() < 1e-9, "{text}: {colour:?}");
            }
        }
    }

    #[test]
    fn what_is_no_opaque_colour_is_unknown() {
        for text in [
            "",
            "#",
            "#12345",
            "#f00a",
            "#ff000080",
            "rgba(0,0,0,.5)",
            "rgb(1,2)",
            "transparent",
            "inherit",
            "hsl(nan,1%,1%)",
            "#é1",
        ] {
            assert_eq!(Colour::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn contrast_is_that_of_wcag() {
        let white = Colour::from_hex(0xff_ffff);
        assert!((white.contrast(Colour::from_hex(0)) - 21.0).abs() < 1e-9);
        assert!((white.contrast(Colour::from_hex(0x76_7676)) - 4.54).abs() < 0.01);
    }
}
