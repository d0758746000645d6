//! Letters in the operator's own words: text, and HTML where they want it, with named placeholders as in `{{name}}`. Everything
//! that can be wrong with them is found before the first letter is written; values are escaped in HTML.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use authly_directory::mail::letter::{Invitation, Letter, OwnWords};
use thiserror::Error;

use crate::{catalogue::plain, render::day};

/// A place in a template that a value takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Placeholder {
    /// The address of the account.
    Account,
    /// When signing in the old way ends.
    Ends,
    /// The address of a guide.
    Guide,
    /// The address of a guide for those who built something.
    IntegrationGuide,
    /// The link; every letter needs it.
    Link,
    /// What the reader is called; the address where nobody knows.
    Name,
    /// The name of the installation.
    Product,
    /// Whom to ask.
    Support,
    /// Until when the link works.
    Until,
}

impl Placeholder {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Account,
        Self::Ends,
        Self::Guide,
        Self::IntegrationGuide,
        Self::Link,
        Self::Name,
        Self::Product,
        Self::Support,
        Self::Until,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Ends => "ends",
            Self::Guide => "guide",
            Self::IntegrationGuide => "integration_guide",
            Self::Link => "link",
            Self::Name => "name",
            Self::Product => "product",
            Self::Support => "support",
            Self::Until => "until",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|placeholder| placeholder.name() == name)
    }
}

/// What is wrong with a template.
#[derive(Debug, Error)]
pub enum TemplateInvalid {
    /// A file cannot be read.
    #[error("{}: {source}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line is wrong.
    #[error("{}, line {line}: {why}", file.display())]
    Line {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// The whole is wrong.
    #[error("{}: {why}", file.display())]
    Whole {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

/// The largest file.
const LARGEST: u64 = 64 * 1024;

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Value(Placeholder, usize),
}

/// A file that was read.
#[derive(Clone, Debug)]
struct Source {
    file: PathBuf,
    pieces: Vec<Piece>,
}

/// A checked template.
#[derive(Clone, Debug)]
pub struct Template {
    subject: Source,
    text: Source,
    html: Option<Source>,
}

impl Template {
    /// Reads a template: a text file, whose first line is `Subject: ..`, with an HTML file of the same name beside it if there is
    /// one; or a folder with `mail.txt` and perhaps `mail.html`.
    pub fn read(path: &Path) -> Result<Self, TemplateInvalid> {
        let file = if path.is_dir() { path.join("mail.txt") } else { path.to_path_buf() };
        let beside = file.with_extension("html");
        let html = if beside != file && beside.is_file() { Some((beside.clone(), load(&beside)?)) } else { None };
        Self::parse(&file, &load(&file)?, html.as_ref().map(|(file, text)| (file.as_path(), text.as_str())))
    }

    fn parse(file: &Path, text: &str, html: Option<(&Path, &str)>) -> Result<Self, TemplateInvalid> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
        let subject = first.trim_end().strip_prefix("Subject:").map(str::trim).filter(|subject| !subject.is_empty());
        let wrong = |line, why: &str| TemplateInvalid::Line { file: file.to_path_buf(), line, why: why.to_owned() };
        let subject =
            subject.ok_or_else(|| wrong(1, "the first line must be as in `Subject: A new way to sign in`"))?;
        let (blank, body) = rest.split_once('\n').unwrap_or((rest, ""));
        if !blank.trim().is_empty() {
            return Err(wrong(2, "an empty line must follow the subject"));
        }
        let source = |file: &Path, text, first| {
            pieces(file, text, first).map(|pieces| Source { file: file.to_path_buf(), pieces })
        };
        let template = Self {
            subject: source(file, subject, 1)?,
            text: source(file, body, 3)?,
            html: html.map(|(file, text)| source(file, text, 1)).transpose()?,
        };
        if template.subject.uses(Placeholder::Link).is_some() {
            return Err(wrong(1, "{{link}} does not belong into a subject, which is shown and logged everywhere"));
        }
        for part in [Some(&template.text), template.html.as_ref()].into_iter().flatten() {
            if part.uses(Placeholder::Link).is_none() {
                let why = "{{link}} is missing: without it nobody can follow the letter".to_owned();
                return Err(TemplateInvalid::Whole { file: part.file.clone(), why });
            }
        }
        Ok(template)
    }

    /// Checks that every placeholder has a value in letters that say `invitation`.
    pub fn check(&self, invitation: &Invitation) -> Result<(), TemplateInvalid> {
        let missing = [
            (Placeholder::Ends, invitation.ends.is_none(), "--ends DATE, or a policy with --until"),
            (Placeholder::Guide, invitation.guide.is_none(), "--guide URL"),
            (Placeholder::IntegrationGuide, invitation.integration_guide.is_none(), "--integration-guide URL"),
            (Placeholder::Support, invitation.support.is_none(), "--support ADDRESS"),
        ];
        for (placeholder, is_missing, remedy) in missing {
            for part in [Some(&self.subject), Some(&self.text), self.html.as_ref()].into_iter().flatten() {
                if let Some(line) = part.uses(placeholder).filter(|_| is_missing) {
                    let why = format!("{{{{{}}}}} has no value: add {remedy}", placeholder.name());
                    return Err(TemplateInvalid::Line { file: part.file.clone(), line, why });
                }
            }
        }
        Ok(())
    }

    /// The words of a letter with this link; nothing where a placeholder has no value.
    pub fn fill(&self, letter: &Letter, product: &str, link: &str) -> Option<OwnWords> {
        let invitation = letter.invitation.clone().unwrap_or_default();
        let value = |placeholder| {
            Some(match placeholder {
                Placeholder::Account => letter.account.clone(),
                Placeholder::Ends => day(invitation.ends?),
                Placeholder::Guide => invitation.guide.clone()?,
                Placeholder::IntegrationGuide => invitation.integration_guide.clone()?,
                Placeholder::Link => link.to_owned(),
                Placeholder::Name => invitation.name.clone().unwrap_or_else(|| letter.account.clone()),
                Placeholder::Product => product.to_owned(),
                Placeholder::Support => invitation.support.clone()?,
                Placeholder::Until => day(letter.link.as_ref()?.1),
            })
        };
        let html = match &self.html {
            Some(html) => Some(html.fill(|placeholder| value(placeholder).map(|value| escaped(&plain(&value))))?),
            None => None,
        };
        let line = |placeholder| value(placeholder).map(|value| plain(&value));
        Some(OwnWords { subject: self.subject.fill(line)?, text: self.text.fill(line)?, html })
    }
}

impl Source {
    /// The first line that uses a placeholder.
    fn uses(&self, wanted: Placeholder) -> Option<usize> {
        self.pieces.iter().find_map(|piece| match piece {
            Piece::Value(placeholder, line) if *placeholder == wanted => Some(*line),
            _ => None,
        })
    }

    fn fill(&self, value: impl Fn(Placeholder) -> Option<String>) -> Option<String> {
        let mut filled = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Value(placeholder, _) => filled.push_str(&value(*placeholder)?),
            }
        }
        Some(filled)
    }
}

fn load(file: &Path) -> Result<String, TemplateInvalid> {
    let failed = |source| TemplateInvalid::File { file: file.to_path_buf(), source };
    let large = std::fs::metadata(file).map_err(failed)?.len() > LARGEST;
    if large {
        let why = format!("it is larger than {LARGEST} bytes");
        return Err(TemplateInvalid::Whole { file: file.to_path_buf(), why });
    }
    std::fs::read_to_string(file).map_err(failed)
}

fn pieces(file: &Path, text: &str, first: usize) -> Result<Vec<Piece>, TemplateInvalid> {
    let mut pieces = Vec::new();
    for (line, number) in text.split_inclusive('\n').zip(first..) {
        let wrong = |why: String| TemplateInvalid::Line { file: file.to_path_buf(), line: number, why };
        let mut rest = line;
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, behind) =
                after.split_once("}}").ok_or_else(|| wrong("`{{` has no `}}` on the same line".to_owned()))?;
            let placeholder = Placeholder::parse(name.trim()).ok_or_else(|| {
                wrong(format!("there is no placeholder {{{{{}}}}}; there are {}", shown(name), Names))
            })?;
            pieces.push(Piece::Text(before.to_owned()));
            pieces.push(Piece::Value(placeholder, number));
            rest = behind;
        }
        pieces.push(Piece::Text(rest.to_owned()));
    }
    Ok(pieces)
}

/// A name as it may be shown.
fn shown(name: &str) -> String {
    plain(name.trim()).chars().take(40).collect()
}

/// All placeholders, for messages.
struct Names;

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, placeholder) in Placeholder::ALL.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            write!(f, "{comma}{{{{{}}}}}", placeholder.name())?;
        }
        Ok(())
    }
}

fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            '\'' => text.push_str("&#39;"),
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
#[path = "template_tests.rs"]
mod tests;
