//! What the fuzz targets run: each entry takes arbitrary bytes, and panics where a promise is broken.
//!
//! "Does not crash" alone finds little in safe Rust; each entry therefore compares the answer with what a second, simpler
//! reading of the same bytes allows.

mod assertion;
mod authorize;
mod form;
mod redirect;
mod world;

pub use assertion::client_assertion;
pub use authorize::authorize_query;
pub use form::token_form;
pub use redirect::redirect_matcher;
