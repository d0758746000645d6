//! Text on its way out: what could steer the terminal is written out, piece by piece.

use std::{
    io::{self, Write},
    str,
};

use oauth_core::text::harmless;

/// Writes text as it may be printed; see [`harmless`].
pub(crate) struct Outlet<W>(pub(crate) W);

impl<W: Write> Write for Outlet<W> {
    /// Takes whole characters alone.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let whole = match str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => bytes.get(..error.valid_up_to()).and_then(|whole| str::from_utf8(whole).ok()).unwrap_or(""),
        };
        if whole.is_empty() && !bytes.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "this is no text"));
        }
        self.0.write_all(harmless(whole).as_bytes())?;
        Ok(whole.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufWriter;

    use super::*;

    #[test]
    fn in_pieces_of_whatever_size_text_steers_nothing_and_stays_the_same() {
        let text = "{\"a\": \"\u{9b}31m\u{202e} שלום é\"}\n".repeat(20);
        let expected = harmless(&text).into_owned();
        for size in [4, 5, 7, 64, 10_000] {
            let mut out = BufWriter::with_capacity(size, Outlet(Vec::new()));
            // As a serializer does: a few bytes, then many.
            for piece in text.split_inclusive(' ') {
                out.write_all(piece.as_bytes()).unwrap();
            }
            let written = out.into_inner().unwrap_or_else(|_| panic!("it can be written")).0;
            assert_eq!(String::from_utf8(written).unwrap(), expected, "{size}");
        }
    }

    #[test]
    fn a_cut_character_waits_for_its_rest_and_what_is_no_text_is_refused() {
        let mut out = Outlet(Vec::new());
        assert_eq!(out.write("aé".as_bytes().get(..2).unwrap()).unwrap(), 1);
        assert_eq!(out.write(&[0xff]).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert_eq!(out.0, b"a");
    }
}
