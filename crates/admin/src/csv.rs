//! Tables for other programs (RFC 4180), in which no text is a formula.

/// Lines of cells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Csv(String);

impl Csv {
    /// A table with these names of columns.
    pub fn new(head: &[&str]) -> Self {
        let mut table = Self::default();
        table.line(head);
        table
    }

    /// Adds a line.
    pub fn line<T: AsRef<str>>(&mut self, cells: &[T]) {
        for (place, cell) in cells.iter().enumerate() {
            if place > 0 {
                self.0.push(',');
            }
            self.cell(cell.as_ref());
        }
        self.0.push_str("\r\n");
    }

    /// The whole text.
    pub fn into_text(self) -> String {
        self.0
    }

    /// A text that a spreadsheet would take for a formula is made one that it does not, also where it stands behind what separates cells
    /// in some countries.
    fn cell(&mut self, text: &str) {
        let parts: Vec<String> = text.split(';').map(|part| format!("{}{part}", mark(part))).collect();
        let text = parts.join(";");
        if text.contains([',', '"', '\'', ';', '\r', '\n']) {
            self.0.push('"');
            self.0.push_str(&text.replace('"', "\"\""));
            self.0.push('"');
        } else {
            self.0.push_str(&text);
        }
    }
}

/// What keeps a text from being a formula, if it would be one.
fn mark(text: &str) -> &'static str {
    let signs = ['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}', '\t', '\r', '\n'];
    if text.starts_with(signs) { "'" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_text_and_never_a_formula() {
        let mut table = Csv::new(&["a", "b"]);
        table.line(&["=1+1", "Acme, \"Inc\""]);
        assert_eq!(table.into_text(), "a,b\r\n\"'=1+1\",\"Acme, \"\"Inc\"\"\"\r\n");
        for (text, cell) in [
            ("ada;=HYPERLINK(1)", "\"ada;'=HYPERLINK(1)\""),
            (";;@x", "\";;'@x\""),
            ("\u{ff1d}1", "\"'\u{ff1d}1\""),
            ("a=b", "a=b"),
            ("O'Hara", "\"O'Hara\""),
        ] {
            let mut table = Csv::default();
            table.cell(text);
            assert_eq!(table.into_text(), cell);
        }
    }
}
