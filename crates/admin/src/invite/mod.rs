//! Invitations: who is asked to sign in the new way, when, and how far they came.

mod funnel;
mod send;

pub use self::{
    funnel::Funnel,
    send::{InviteOptions, InviteReport, Words, ends_of},
};
