//! Invitations: asking people of a migration to sign in the new way, in waves, never twice within an interval.
//!
//! ```text
//! invitee   who is asked, and why somebody is not      waves   a tenant's accounts, split once and for good
//! store     the port: the guard against a second letter stands there      open   what the link of a letter does
//! ```
//! The letter goes through the outbox as every mail does; what the mail server accepted is written down with that word.

pub mod invitee;
pub mod open;
pub mod store;
pub mod waves;

pub use invitee::{InviteRules, Invitee, Verdict};
pub use store::{InvitationFigures, InvitationRepository, InviteeAsk, Lane, NewInvitation};
