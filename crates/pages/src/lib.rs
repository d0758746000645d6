//! What people see: templates, stylesheet, scripts and message catalogue.
//!
//! Every page is a pure function from a small view struct and a [`Frame`] to an HTML string: no IO, no clock, no session, no rule. The caller
//! decides what is true and fills the struct; this crate decides how it reads and looks, in every language and both colour schemes.
//!
//! ```
//! use authly_pages::{Frame, Locale, SignIn, sign_in};
//!
//! let frame = Frame::new(Locale::negotiate(["de-AT", "en"]), "Example");
//! let html = sign_in(&SignIn { action: "/sign-in", request: "r1", csrf: "c1", ..SignIn::default() }, &frame);
//! assert!(html.contains("<html lang=\"de\" dir=\"ltr\">"));
//! ```
//!
//! What holds for every page:
//! - Templates escape all that they are given; only [`Markup`] made in this crate passes as it is.
//! - No inline script and no inline style, so [`content_security_policy`] allows neither.
//! - Links that a client brings are [`HttpsLink`]s; nothing else can be put there.
//! - Forms carry `csrf` and the opaque `request`, never a parameter of the request itself or a place to return to.
//! - A secret that was typed is never written back.

mod account;
mod asset;
mod chart;
mod chooser;
mod client;
mod consent;
mod demo;
mod form_post;
mod frame;
mod home;
mod language;
mod link;
mod locale;
mod mail;
mod markup;
mod migration;
mod policy;
mod problem;
mod register;
mod sign_in;
mod sign_out;
mod theme;

pub use account::{Account, AccountNotice, AccountPasswordError, Connection, Session, account};
pub use asset::{Asset, assets, favicon};
pub use chart::DayParts;
pub use chooser::{Chooser, KnownAccount, chooser};
pub use client::Client;
pub use consent::{Consent, Scope, consent};
pub use demo::{Call, Claim, DemoResult, DemoStart, Parameter, Token, TokenKind, demo_result, demo_start};
pub use form_post::{FormPost, form_post};
pub use frame::Frame;
pub use home::{Development, Endpoint, Home, home};
pub use language::preferences;
pub use link::{FormTarget, HttpsLink};
pub use locale::{Direction, Locale};
pub use mail::{
    ForgotPassword, Invitation, MailNote, MailNotice, Note, ReachedBy, SetPassword, SetPasswordError, VerifyAddress,
    forgot_password, invitation, mail_note, set_password, verify_address,
};
pub use markup::Markup;
pub use migration::{
    GateDoubt, GateDoubtReason, GateFound, GateLine, LedgerLine, Migration, MigrationLedger, MigrationPhase,
    MigrationPlace, MigrationRollback, MigrationRows, MigrationRun, MigrationTenant, Rehearsal, RollbackConflict,
    RollbackNotice, RollbackTarget, RunProgress, SchemeCount, TenantOrder, WaitingLine, WaitingRow, migration,
    migration_ledger, migration_rollback, migration_rows,
};
pub use policy::content_security_policy;
pub use problem::{Busy, ErrorPage, Problem, Turn, busy, error_page, not_found};
pub use register::{Register, RegisterError, RegisterField, register};
pub use sign_in::{SignIn, SignInNotice, UpstreamOffer, sign_in};
pub use sign_out::{SignOut, SignedOut, UpstreamFarewell, sign_out, signed_out};
pub use theme::{Accent, AccentError, Theme};
