//! Shapes that do not say what they are: hexadecimal digits of the length of a digest, alone or with a salt.
//!
//! They are named, so that the operator can declare them, and verify nothing until then.

use super::{computed::Format, scrypt};
use crate::{Objection::Malformed, Reading};

pub(crate) const FORMATS: [Format; 3] = [
    Format { name: "scrypt-node-declared", read: node },
    Format { name: "digest-undeclared", read: digest },
    Format { name: "digest-undeclared-salted", read: salted },
];

/// `declared:scrypt-node:salt:key`
fn node(stored: &str) -> Reading {
    stored.strip_prefix("declared:scrypt-node:").map_or(Reading::Foreign, |rest| scrypt::node(rest).into())
}

fn digest(stored: &str) -> Reading {
    if is_digest(stored) { Reading::Unreadable(Malformed) } else { Reading::Foreign }
}

/// `digest:salt`, and Node's `salt:key`.
fn salted(stored: &str) -> Reading {
    let parts = stored.split_once(':').filter(|(first, second)| is_digest(first) || is_digest(second));
    parts.map_or(Reading::Foreign, |_| Reading::Unreadable(Malformed))
}

fn is_digest(text: &str) -> bool {
    [32, 40, 56, 64, 96, 128].contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
