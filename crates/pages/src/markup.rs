//! HTML that is already escaped, and names that are fit to be shown.

use std::{borrow::Cow, fmt};

use askama::{
    FastWritable, Values,
    filters::{Escaper as _, Html, HtmlSafe},
};

/// HTML made in this crate from escaped parts; templates write it as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Markup(String);

impl Markup {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Appends HTML that stands in the source of this crate.
    pub(crate) fn raw(&mut self, html: &'static str) {
        self.0.push_str(html);
    }

    /// Appends text, escaped.
    pub(crate) fn text(&mut self, text: &str) {
        // Writing to a string cannot fail.
        let _ = Html.write_escaped_str(&mut self.0, text);
    }
}

impl fmt::Display for Markup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FastWritable for Markup {
    fn write_into(&self, dest: &mut dyn fmt::Write, _: &dyn Values) -> askama::Result<()> {
        Ok(dest.write_str(&self.0)?)
    }
}

impl HtmlSafe for Markup {}

/// Removes what could make a name look like another one or disturb the text around it: control characters and marks that turn the direction of
/// writing.
pub(crate) fn presentable(name: &str) -> Cow<'_, str> {
    let unwanted = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    if name.contains(unwanted) { Cow::Owned(name.replace(unwanted, "")) } else { Cow::Borrowed(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_escapes_what_is_added_as_text() {
        let mut markup = Markup::new();
        markup.raw("<b>");
        markup.text("\"><img src=x onerror='1'>&");
        assert_eq!(markup.to_string(), "<b>&#34;&#62;&#60;img src=x onerror=&#39;1&#39;&#62;&#38;");
    }

    #[test]
    fn a_name_cannot_turn_the_direction_of_the_text_around_it() {
        assert_eq!(presentable("Bank\u{202e}moc.live\u{0007}"), "Bankmoc.live");
        assert_eq!(presentable("محمد 李小龍 👩‍💻"), "محمد 李小龍 👩‍💻");
    }
}
