//! What every page shares: the language, the installation's name and colours, and where assets are.

use askama::Template;

use crate::{
    asset,
    locale::{Locale, Value},
    markup::Markup,
    theme::Theme,
};

/// What every page shares.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// The language to write in.
    pub locale: &'a Locale,
    /// The name of the installation, shown on top of every page.
    pub product: &'a str,
    /// The installation's colours; the built-in ones when absent.
    pub theme: Option<&'a Theme>,
    /// What stands before the path of each asset: empty on a server, a relative folder for pages in files.
    pub asset_prefix: &'a str,
    /// The id of the request, quoted on pages that ask people to seek help.
    pub request_id: &'a str,
}

impl<'a> Frame<'a> {
    /// A frame with the built-in colours.
    #[must_use]
    pub fn new(locale: &'a Locale, product: &'a str) -> Self {
        Self { locale, product, theme: None, asset_prefix: "", request_id: "" }
    }

    /// A message without arguments.
    pub(crate) fn t(&self, key: &'static str) -> &str {
        self.locale.text(key)
    }

    /// A message with one text, as text.
    pub(crate) fn with(&self, key: &'static str, name: &'static str, value: &str) -> String {
        self.locale.format(key, &[(name, Value::Text(value))])
    }

    /// A message with one text, as HTML.
    pub(crate) fn rich(&self, key: &'static str, name: &'static str, value: &str) -> Markup {
        self.locale.markup(key, name, value)
    }

    /// A message with a number.
    pub(crate) fn count(&self, key: &'static str, number: &u64) -> String {
        self.locale.format(key, &[("count", Value::Number(*number))])
    }

    /// The address of an asset.
    pub(crate) fn asset(&self, name: &str) -> String {
        format!("{}{}", self.asset_prefix, asset::path(name))
    }
}

/// Renders a template; writing to a string cannot fail, and no template holds anything else that can.
pub(crate) fn render(template: &impl Template) -> String {
    template.render().unwrap_or_default()
}
