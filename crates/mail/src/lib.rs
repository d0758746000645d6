//! Mails: what they say, in every language of the catalogue, and how they reach a mail server or a folder.
//!
//! ```text
//! catalogue   the words            render   a letter in words, as text and as HTML       compose   the message (RFC 5322)
//! smtp, folder   couriers behind the domain's port        postman   takes mails from the outbox and hands them over
//! ```
//! What must hold about sending is the domain's (`authly_directory::mail::outbox`). Links are built from the issuer alone.

pub mod catalogue;
pub mod compose;
pub mod courier;
pub mod folder;
mod lockstep;
pub mod postman;
pub mod render;
mod secured;
pub mod smtp;
pub mod template;

pub use catalogue::Catalogue;
pub use compose::Sender;
pub use courier::{AnyCourier, Courier, Handed, Outgoing};
pub use folder::Folder;
pub use postman::{Postman, Round};
pub use render::{Occasion, Rendered, Site};
pub use smtp::{Encryption, Smtp, SmtpSettings};
pub use template::{Template, TemplateInvalid};
