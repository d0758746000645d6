//! Where statements, texts, comments and rows begin and end, as psql reads them (PostgreSQL manual 4.1, "Lexical Structure").
//!
//! What psql might read otherwise is refused: pg_dump writes none of it.

use super::{
    Script,
    rules::{Owners, Verdict, judge},
};

/// How much of a statement is kept until it is decided about; what is left out is shorter.
const MOST_HELD: usize = 16 * 1024;

/// How much of a comment or of a command of psql is kept.
const MOST_NOTED: usize = 256;

/// The line of a dump that cannot be used, and why.
pub(super) type Refusal = (u64, &'static str);

/// Where the reader stands.
#[derive(Clone, Debug, PartialEq, Eq)]
enum At {
    Code,
    /// Behind `--`.
    Comment,
    /// Behind this many `/*` that are open.
    Block {
        depth: u32,
        last: u8,
    },
    /// In a text; `escapes` where a backslash means something in it.
    Text {
        escapes: bool,
        escaped: bool,
    },
    /// Behind a quote that ends a text, unless another one follows.
    TextEnd {
        escapes: bool,
    },
    /// In a quoted name.
    Name,
    /// In `$tag$`.
    Tag(Vec<u8>),
    /// In the text behind `$tag$`; how much of the tag was just seen again.
    Dollars {
        tag: Vec<u8>,
        seen: usize,
    },
    /// In a command of psql.
    Command,
    /// In the rows behind COPY.
    Rows,
}

/// Reads a dump byte by byte.
pub(super) struct Reader {
    pub(super) script: Script,
    owners: Owners,
    at: At,
    line: u64,
    /// The last byte of code, and the one before; blanks where there was none.
    last: u8,
    prior: u8,
    /// Whether nothing but blanks came since a text with escapes, which another text would continue.
    behind_escapes: bool,
    /// Whether rows follow at the end of the line.
    rows_follow: bool,
    /// The statement as far as it is kept, as it stands in the dump.
    held: Vec<u8>,
    /// The same without comments.
    code: Vec<u8>,
    /// Whether it is decided about already.
    decided: bool,
    /// The comment, command or row under way, as far as it is kept.
    noted: Vec<u8>,
    /// The first `\connect`.
    connects: Option<Vec<u8>>,
}

impl Reader {
    pub(super) fn new(owners: Owners) -> Self {
        Self {
            script: Script::default(),
            owners,
            at: At::Code,
            line: 1,
            last: b' ',
            prior: b' ',
            behind_escapes: false,
            rows_follow: false,
            held: Vec::new(),
            code: Vec::new(),
            decided: false,
            noted: Vec::new(),
            connects: None,
        }
    }

    /// Takes the next bytes, and writes those that may pass.
    pub(super) fn take(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Refusal> {
        for byte in bytes {
            self.step(*byte, out).map_err(|why| (self.line, why))?;
            self.line += u64::from(*byte == b'\n');
        }
        Ok(())
    }

    /// The dump is at its end.
    pub(super) fn end(&mut self, out: &mut Vec<u8>) -> Result<(), Refusal> {
        match self.at {
            At::Comment => self.comment(),
            At::Command => self.command().map_err(|why| (self.line, why))?,
            At::Code => {}
            _ => return Err((self.line, "is the last, and what began before has no end: the dump is not complete")),
        }
        if self.rows_follow || self.decided || !self.code.is_empty() {
            return Err((self.line, "is the last, and a statement has no end: the dump is not complete"));
        }
        out.append(&mut self.held);
        Ok(())
    }

    fn step(&mut self, byte: u8, out: &mut Vec<u8>) -> Result<(), &'static str> {
        if byte == 0 {
            return Err("has a zero byte, as no text has");
        }
        if self.at == At::Rows {
            out.push(byte);
            self.row(byte);
            return Ok(());
        }
        if self.at == At::Command {
            // Nothing of it passes but the end of its line.
            if byte != b'\n' {
                self.note(byte);
                return Ok(());
            }
            self.command()?;
            self.at = At::Code;
            self.held.push(byte);
            return Ok(());
        }
        self.held.push(byte);
        match std::mem::replace(&mut self.at, At::Code) {
            At::Code => self.in_code(byte)?,
            At::TextEnd { escapes } if byte == b'\'' => {
                self.keep(byte);
                self.at = At::Text { escapes, escaped: false };
            }
            At::TextEnd { escapes } => {
                self.behind_escapes = escapes;
                self.in_code(byte)?;
            }
            other => self.within(other, byte)?,
        }
        if self.at == At::Code && byte == b';' {
            self.decide(out)?;
            self.begin();
        } else if self.held.len() > MOST_HELD {
            if !self.decided && !self.code.is_empty() {
                self.decide(out)?;
                self.decided = true;
            }
            out.append(&mut self.held);
        }
        if self.rows_follow && self.at != At::Rows {
            self.before_rows(byte, out)?;
        }
        Ok(())
    }

    /// Only blanks may stand between a COPY and the end of its line.
    fn before_rows(&mut self, byte: u8, out: &mut Vec<u8>) -> Result<(), &'static str> {
        match byte {
            b'\n' => {
                out.append(&mut self.held);
                (self.rows_follow, self.at) = (false, At::Rows);
                self.noted.clear();
            }
            b';' | b' ' | b'\t' | b'\r' if self.code.is_empty() && self.at == At::Code => {}
            _ => return Err("goes on behind a COPY"),
        }
        Ok(())
    }

    fn in_code(&mut self, byte: u8) -> Result<(), &'static str> {
        let last = self.last;
        let (in_word, begins) = (is_word(last), self.code.is_empty());
        match byte {
            b'\'' if self.behind_escapes => return Err("continues a text in a way that no dump does"),
            b'\'' => {
                let escapes = matches!(last, b'e' | b'E');
                if in_word
                    && (is_word(self.prior) || !matches!(last, b'e' | b'E' | b'b' | b'B' | b'x' | b'X' | b'n' | b'N'))
                {
                    return Err("has a text that stands directly behind a word");
                }
                self.at = At::Text { escapes, escaped: false };
            }
            b'"' => self.at = At::Name,
            b'$' if in_word => return Err("has a $ in a word"),
            b'$' => self.at = At::Tag(Vec::new()),
            b'-' if last == b'-' => {
                self.code.pop();
                self.noted.clear();
                self.at = At::Comment;
                self.forget();
                return Ok(());
            }
            b'*' if last == b'/' => {
                self.code.pop();
                self.at = At::Block { depth: 1, last: b' ' };
                self.forget();
                return Ok(());
            }
            b'\\' if begins && !self.decided => {
                self.held.pop();
                self.noted.clear();
                self.at = At::Command;
                self.forget();
                return Ok(());
            }
            b'\\' => return Err("has a backslash in a statement"),
            _ => {}
        }
        self.behind_escapes &= byte.is_ascii_whitespace();
        self.pass(byte);
        Ok(())
    }

    fn within(&mut self, at: At, byte: u8) -> Result<(), &'static str> {
        self.at = match at {
            At::Comment if matches!(byte, b'\n' | b'\r') => {
                self.comment();
                self.keep(b' ');
                return Ok(());
            }
            At::Comment => {
                self.note(byte);
                At::Comment
            }
            At::Block { depth, last } => match (last, byte) {
                (b'/', b'*') => At::Block { depth: depth + 1, last: b' ' },
                (b'*', b'/') if depth == 1 => {
                    self.keep(b' ');
                    At::Code
                }
                (b'*', b'/') => At::Block { depth: depth - 1, last: b' ' },
                _ => At::Block { depth, last: byte },
            },
            At::Text { escapes, escaped } => {
                self.pass(byte);
                match byte {
                    _ if escaped => At::Text { escapes, escaped: false },
                    b'\\' if escapes => At::Text { escapes, escaped: true },
                    b'\'' => At::TextEnd { escapes },
                    _ => At::Text { escapes, escaped: false },
                }
            }
            At::Name => {
                self.pass(byte);
                if byte == b'"' { At::Code } else { At::Name }
            }
            At::Tag(mut tag) => match byte {
                b'$' => At::Dollars { tag, seen: 0 },
                _ if tag.len() < MOST_NOTED && is_word(byte) && !(tag.is_empty() && byte.is_ascii_digit()) => {
                    tag.push(byte);
                    At::Tag(tag)
                }
                // A parameter of a function.
                _ if tag.is_empty() && byte.is_ascii_digit() => {
                    self.pass(byte);
                    At::Code
                }
                _ => return Err("has a $ that begins no text"),
            },
            At::Dollars { tag, seen } => {
                let wanted = seen.checked_sub(1).and_then(|at| tag.get(at)).copied().unwrap_or(b'$');
                if byte != wanted {
                    At::Dollars { tag, seen: usize::from(byte == b'$') }
                } else if seen <= tag.len() {
                    At::Dollars { tag, seen: seen + 1 }
                } else {
                    self.pass(byte);
                    At::Code
                }
            }
            At::Code | At::TextEnd { .. } | At::Command | At::Rows => at,
        };
        Ok(())
    }

    /// A byte of a row: a line that holds `\.` and nothing else is behind the last one.
    fn row(&mut self, byte: u8) {
        if byte != b'\n' {
            self.note(byte);
            return;
        }
        if matches!(self.noted.as_slice(), b"\\." | b"\\.\r") {
            self.at = At::Code;
            self.begin();
        }
        self.noted.clear();
    }

    /// A command of psql that a dump of one database has, or none.
    fn command(&mut self) -> Result<(), &'static str> {
        let line = std::mem::take(&mut self.noted);
        let word = line.split(u8::is_ascii_whitespace).next().unwrap_or_default();
        match word {
            b"restrict" | b"unrestrict" => Ok(()),
            b"connect" => match &self.connects {
                Some(first) if *first != line => {
                    Err("connects to a second database: dump the one that is wanted alone")
                }
                _ => {
                    self.connects = Some(line);
                    Ok(())
                }
            },
            _ => Err("has a command of psql that no dump of a database has"),
        }
    }

    fn comment(&mut self) {
        self.script.hear(String::from_utf8_lossy(&self.noted).trim());
    }

    /// Decides about the statement, and lets it pass or keeps nothing of it but its lines.
    fn decide(&mut self, out: &mut Vec<u8>) -> Result<(), &'static str> {
        if !self.decided {
            let code = String::from_utf8_lossy(&self.code);
            let words: Vec<&str> = code.trim_end_matches(';').split_ascii_whitespace().collect();
            let left_out = match judge(&words, self.owners) {
                Verdict::Refuse(why) => return Err(why),
                Verdict::AboutTheDatabase => {
                    self.script.about_the_database += 1;
                    true
                }
                Verdict::LeaveOut => true,
                Verdict::Rows => {
                    self.rows_follow = true;
                    false
                }
                Verdict::Table(name) => {
                    self.script.tables.push(name.replace('"', ""));
                    false
                }
                Verdict::Pass => false,
            };
            if left_out && self.held.len() > MOST_HELD {
                return Err("is in a statement that is left out, and has no end");
            }
            if left_out {
                self.held.retain(|byte| *byte == b'\n');
            }
        }
        out.append(&mut self.held);
        Ok(())
    }

    /// A statement begins.
    fn begin(&mut self) {
        self.code.clear();
        (self.decided, self.behind_escapes) = (false, false);
        self.forget();
    }

    /// A byte of code.
    fn pass(&mut self, byte: u8) {
        (self.prior, self.last) = (self.last, byte);
        self.keep(byte);
    }

    /// What comes next has nothing to do with what was.
    fn forget(&mut self) {
        (self.prior, self.last) = (b' ', b' ');
    }

    /// Keeps a byte of the statement; blanks before it begins are none of it.
    fn keep(&mut self, byte: u8) {
        let begins = self.code.is_empty() && byte.is_ascii_whitespace();
        if !begins && self.code.len() < MOST_HELD {
            self.code.push(byte);
        }
    }

    fn note(&mut self, byte: u8) {
        if self.noted.len() < MOST_NOTED {
            self.noted.push(byte);
        }
    }
}

/// Whether a byte may stand in a word that is not quoted.
const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}
