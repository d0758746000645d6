//! `authly-admin keys`.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

/// A signature algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum KeyAlgorithm {
    #[value(name = "ES256")]
    Es256,
    #[value(name = "EdDSA")]
    Eddsa,
    #[value(name = "RS256")]
    Rs256,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Print a complete set of fresh secrets for the environment
    #[command(
        after_help = "Examples:\n  authly-admin keys generate --out keys.env\n  authly-admin keys generate --output json"
    )]
    Generate {
        /// Write them into this new file, which nobody but its owner reads, instead of printing them
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// List the signing keys
    #[command(after_help = "Examples:\n  authly-admin keys list\n  authly-admin keys list --output json")]
    List,
    /// Sign with the next key from now on, and publish one behind it
    #[command(after_help = "Examples:\n  authly-admin keys rotate\n  authly-admin keys rotate --alg ES256 --now")]
    Rotate {
        /// Only this algorithm (repeat for more); all that have a key if not given
        #[arg(long, value_enum, value_name = "ALG")]
        alg: Vec<KeyAlgorithm>,
        /// Sign with a fresh key at once, as after a leak: its tokens are refused by whoever keeps the key set for a while
        #[arg(long)]
        now: bool,
    },
    /// Store a private key in PEM from standard input; it is published first, and signs after a rotation
    #[command(after_help = "Examples:\n  \
        authly-admin keys import < rsa.pem\n  authly-admin keys import --current < rsa.pem")]
    Import {
        /// Sign with it at once; resource servers that keep the key set for a while do not know it yet
        #[arg(long)]
        current: bool,
    },
    /// Encrypt the stored keys anew under SECRET_ENCRYPTION_KEY
    #[command(
        after_help = "Set the new key as SECRET_ENCRYPTION_KEY and the one before as SECRET_ENCRYPTION_KEY_PREVIOUS, on \
        every node. When this is done the previous key is not needed any more.\n\nExamples:\n  authly-admin keys rewrap\n  authly-admin keys rewrap --output json"
    )]
    Rewrap,
}
