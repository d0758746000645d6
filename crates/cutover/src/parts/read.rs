//! A token or API key as its row tells of it.

use oauth_core::{
    ids::{ClientId, LegacyTokenId},
    legacy::LegacyTokenType,
    scope::ScopeSet,
    time::Timestamp,
    token::TokenHash,
};

use crate::{
    outcome::{Flaw, FlawKind},
    profile::{
        names::Names,
        rules::{ApiKeyForm, ApiKeys, TokenForm, Tokens},
        value, zone,
        zone::Zone,
    },
    source::{SourceId, SourceRow, Value},
};

/// Why a row is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shut {
    /// An access token that is no JWT: only its own program could tell whose it is. Its client fetches another.
    Opaque,
    /// Dead or expired in the source.
    Over,
}

/// A token of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenOfSource {
    /// Whose: the account's key in the source.
    pub user: SourceId,
    /// Its `jti`, or what stands for it.
    pub id: LegacyTokenId,
    /// Access or refresh.
    pub kind: LegacyTokenType,
    /// When it was made, if the source says so.
    pub created_at: Option<Timestamp>,
    /// Until when it counts.
    pub expires_at: Timestamp,
    /// Whether it is dead.
    pub dead: bool,
    /// What rotation keeps together.
    pub family: Option<String>,
    /// Whether it need not be taken over.
    pub shut: Option<Shut>,
}

/// An API key of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyOfSource {
    /// Whose: the account's key in the source.
    pub user: SourceId,
    /// The SHA-256 of the key.
    pub hash: TokenHash,
    /// The client that it stands for.
    pub client: Option<ClientId>,
    /// What it allows.
    pub scope: ScopeSet,
    /// What people call it.
    pub label: String,
    /// Until when it counts.
    pub expires_at: Option<Timestamp>,
    /// Whether it is dead.
    pub dead: bool,
    /// Whether it need not be taken over.
    pub shut: Option<Shut>,
}

fn column<'a>(row: &'a SourceRow, names: &Names) -> &'a Value {
    row.column(names.first().as_str())
}

fn flaw(kind: FlawKind, names: &Names) -> Flaw {
    Flaw { kind, column: names.first().as_str().to_owned() }
}

fn user(row: &SourceRow, names: &Names) -> Result<SourceId, Flaw> {
    value::text(column(row, names)).and_then(|text| SourceId::parse(&text)).ok_or(flaw(FlawKind::WrongType, names))
}

fn instant(row: &SourceRow, names: &Names, zone: Zone) -> Result<Option<Timestamp>, Flaw> {
    zone::read(column(row, names), zone).map_err(|_| flaw(FlawKind::TimeInvalid, names))
}

/// The SHA-256 that a text holds, in hexadecimal digits or base64url.
fn digest(text: &str) -> Option<TokenHash> {
    let hex = || {
        let digits = text.trim().trim_start_matches("\\x");
        let nibble = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let pairs: Option<Vec<u8>> = digits
            .as_bytes()
            .chunks(2)
            .map(|pair| match pair {
                [high, low] => Some(nibble(*high)? << 4 | nibble(*low)?),
                _ => None,
            })
            .collect();
        TokenHash::from_slice(&pairs?)
    };
    hex().or_else(|| {
        let url: String = text.trim().trim_end_matches('=').replace('+', "-").replace('/', "_");
        TokenHash::parse_text(&url)
    })
}

/// Reads a token; `now` tells which are over.
pub fn token(row: &SourceRow, rules: &Tokens, zone: Zone, now: Timestamp) -> Result<TokenOfSource, Flaw> {
    let names = rules.token.as_ref().unwrap_or(&rules.key);
    let said =
        value::text(column(row, names)).filter(|text| !text.is_empty()).ok_or(flaw(FlawKind::WrongType, names))?;
    let expires_at = instant(row, &rules.expires_at, zone)?.ok_or(flaw(FlawKind::TimeInvalid, &rules.expires_at))?;
    let kind = match &rules.kind {
        None => LegacyTokenType::Refresh,
        Some(names) => value::text(column(row, names))
            .and_then(|text| LegacyTokenType::parse(text.trim().to_ascii_lowercase().as_str()))
            .ok_or(flaw(FlawKind::StatusUnknown, names))?,
    };
    let wrong = || flaw(FlawKind::WrongType, names);
    let id = match rules.stored {
        TokenForm::Jti => LegacyTokenId::parse(said.trim()).ok().filter(|id| !id.is_opaque()).ok_or_else(wrong)?,
        TokenForm::Sha256 => LegacyTokenId::of_opaque(digest(&said).ok_or_else(wrong)?),
        TokenForm::Clear => LegacyTokenId::of_opaque(TokenHash::of(said.as_bytes())),
    };
    let dead = rules.dead.holds(&|names: &Names| column(row, names));
    let shut = match (dead || now >= expires_at, rules.stored, kind) {
        (true, _, _) => Some(Shut::Over),
        (false, TokenForm::Sha256 | TokenForm::Clear, LegacyTokenType::Access) => Some(Shut::Opaque),
        (false, _, _) => None,
    };
    Ok(TokenOfSource {
        user: user(row, &rules.user)?,
        id,
        kind,
        created_at: rules.created_at.as_ref().and_then(|names| instant(row, names, zone).ok().flatten()),
        expires_at,
        dead,
        family: rules.family.as_ref().and_then(|names| value::text(column(row, names))).filter(|text| !text.is_empty()),
        shut,
    })
}

/// Reads an API key; `now` tells which are over.
pub fn key(row: &SourceRow, rules: &ApiKeys, zone: Zone, now: Timestamp) -> Result<KeyOfSource, Flaw> {
    let said = value::text(column(row, &rules.secret)).filter(|text| !text.is_empty());
    let said = said.ok_or(flaw(FlawKind::WrongType, &rules.secret))?;
    let hash = match rules.stored {
        ApiKeyForm::Clear => Some(TokenHash::of(said.as_bytes())),
        ApiKeyForm::Sha256Hex => digest(&said),
    };
    let expires_at = match &rules.expires_at {
        Some(names) => instant(row, names, zone)?,
        None => None,
    };
    let scope = match &rules.scopes {
        None => ScopeSet::parse(&rules.default_scopes.join(" ")).unwrap_or_default(),
        Some(names) => {
            let words = match column(row, names) {
                Value::List(words) => words.join(" "),
                other => value::text(other).unwrap_or_default().replace(',', " "),
            };
            let words: Vec<&str> = words.split_whitespace().collect();
            ScopeSet::parse(&words.join(" ")).map_err(|_| flaw(FlawKind::WrongType, names))?
        }
    };
    let dead = !rules.active.holds(&|names: &Names| column(row, names));
    let label = rules.label.as_ref().and_then(|names| value::text(column(row, names))).unwrap_or_default();
    Ok(KeyOfSource {
        user: user(row, &rules.user)?,
        hash: hash.ok_or(flaw(FlawKind::WrongType, &rules.secret))?,
        client: rules.client.as_ref().and_then(|client| ClientId::parse(client).ok()),
        scope,
        label: label.chars().filter(|c| !c.is_control()).take(100).collect(),
        expires_at,
        dead,
        shut: (dead || expires_at.is_some_and(|until| now >= until)).then_some(Shut::Over),
    })
}
