//! `prompt` (OpenID Connect Core 3.1.2.1): which pages the client wants its user to see.

use serde::{Deserialize, Serialize};

/// The pages asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Prompt {
    /// Whatever is needed, and no more.
    #[default]
    #[serde(rename = "a")]
    AsNeeded,
    /// At least these.
    #[serde(rename = "p")]
    Pages(Pages),
    /// `none`: no page at all; an error instead.
    #[serde(rename = "n")]
    Silent,
}

/// Pages that must be shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pages {
    /// `login`: the user proves again who they are.
    #[serde(rename = "l", default)]
    pub login: bool,
    /// `consent`: the user is asked even if nothing is new.
    #[serde(rename = "c", default)]
    pub consent: bool,
    /// `select_account`: the user says which account to use.
    #[serde(rename = "s", default)]
    pub select_account: bool,
}

/// An unknown value, or `none` with another ("if this parameter contains none with any other value, an error is returned").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PromptRefused;

impl Prompt {
    /// Reads the space-delimited list.
    pub fn parse(text: Option<&str>) -> Result<Self, PromptRefused> {
        let values: Vec<&str> = text.unwrap_or_default().split(' ').filter(|value| !value.is_empty()).collect();
        match values.as_slice() {
            [] => return Ok(Self::AsNeeded),
            ["none"] => return Ok(Self::Silent),
            _ => {}
        }
        let mut pages = Pages::default();
        for value in values {
            match value {
                "login" => pages.login = true,
                "consent" => pages.consent = true,
                "select_account" => pages.select_account = true,
                _ => return Err(PromptRefused),
            }
        }
        Ok(Self::Pages(pages))
    }

    /// Whether pages may be shown.
    pub fn is_silent(self) -> bool {
        self == Self::Silent
    }

    /// The pages that must be shown.
    pub fn pages(self) -> Pages {
        match self {
            Self::Pages(pages) => pages,
            Self::AsNeeded | Self::Silent => Pages::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_combine_and_none_stands_alone() {
        let pages = |login, consent, select_account| Ok(Prompt::Pages(Pages { login, consent, select_account }));
        for (text, read) in [
            ("", Ok(Prompt::AsNeeded)),
            ("none", Ok(Prompt::Silent)),
            ("login", pages(true, false, false)),
            ("consent  select_account", pages(false, true, true)),
            ("login consent select_account", pages(true, true, true)),
            ("none login", Err(PromptRefused)),
            ("login none", Err(PromptRefused)),
            ("none none", Err(PromptRefused)),
            ("Login", Err(PromptRefused)),
            ("create", Err(PromptRefused)),
        ] {
            assert_eq!(Prompt::parse(Some(text)), read, "{text}");
        }
        assert_eq!(Prompt::parse(None), Ok(Prompt::AsNeeded));
    }
}
