//! Tokens for forms of our own.

use super::Engine;
use crate::{
    csrf::{FormBinding, FormRefused},
    services::Services,
    time::Timestamp,
};

impl<V: Services> Engine<V> {
    /// The token for a form; it lives as long as an authorization request may be under way.
    pub fn form_token(&self, binding: &FormBinding<'_>) -> String {
        binding.token(self.services.sealer(), self.now().plus(self.settings.request_ttl))
    }

    /// Checks the token that came with a form.
    pub fn check_form(&self, binding: &FormBinding<'_>, token: &str) -> Result<(), FormRefused> {
        binding.check(self.services.sealer(), token, self.now())
    }

    /// Checks the token that came with a form, and tells when it ends.
    pub fn form_expiry(&self, binding: &FormBinding<'_>, token: &str) -> Result<Timestamp, FormRefused> {
        binding.expiry(self.services.sealer(), token, self.now())
    }
}
