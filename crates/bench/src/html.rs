//! Our own forms, read as a browser would, and form bodies.

use crate::failure::Failure;

/// The first form of a page: where it goes and what it holds for the browser to send back.
#[derive(Debug, Default, Eq, PartialEq)]
pub struct Form {
    /// The address that it is sent to.
    pub action: String,
    /// The hidden inputs.
    pub hidden: Vec<(String, String)>,
}

impl Form {
    /// Reads the page.
    pub fn parse(page: &str) -> Result<Self, Failure> {
        let (_, rest) =
            page.split_once("<form").ok_or_else(|| Failure::new(format!("a page without a form:\n{page}")))?;
        let (form, _) = rest.split_once("</form>").unwrap_or((rest, ""));
        let action = attribute(form.split('>').next().unwrap_or_default(), "action").unwrap_or_default();
        let hidden = form
            .split("<input")
            .skip(1)
            .filter_map(|input| {
                let tag = input.split('>').next()?;
                let is_hidden = attribute(tag, "type")? == "hidden";
                is_hidden.then_some((attribute(tag, "name")?, attribute(tag, "value").unwrap_or_default()))
            })
            .collect();
        Ok(Self { action, hidden })
    }

    /// The body of the form with these fields filled in.
    pub fn filled(&self, fields: &[(&str, &str)]) -> String {
        let hidden = self.hidden.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        encode(hidden.chain(fields.iter().copied()))
    }
}

/// The value of an attribute in double quotes.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    rest.split('"').next().map(unescape)
}

fn unescape(text: &str) -> String {
    let mut parts = text.split('&');
    let mut clear = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (entity, rest) = part.split_once(';').unwrap_or((part, ""));
        let number = entity.strip_prefix('#').and_then(|number| match number.strip_prefix('x') {
            Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok(),
            None => number.parse().ok(),
        });
        let character = match entity {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            _ => number.and_then(char::from_u32),
        };
        clear.extend(character);
        clear.push_str(rest);
    }
    clear
}

/// Pairs as `application/x-www-form-urlencoded`, or as a query.
pub fn encode<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::new();
    for (name, value) in pairs {
        if !text.is_empty() {
            text.push('&');
        }
        escape(&mut text, name);
        text.push('=');
        escape(&mut text, value);
    }
    text
}

fn escape(text: &mut String, value: &str) {
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => text.push(char::from(byte)),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
}

/// The value of a parameter in an address, as long as it needs no decoding.
pub fn parameter<'a>(address: &'a str, name: &str) -> Option<&'a str> {
    let (_, query) = address.split_once('?')?;
    let query = query.split('#').next()?;
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_with_its_hidden_inputs_only() {
        let page = "<p><form method=\"post\" action=\"/sign-in?a=1&amp;b=2\"><input type=\"hidden\" name=\"csrf\" value=\"x&#61;&#x22;\">\
                    <input id=\"i\" name=\"identifier\" type=\"text\" value=\"\"></form><input type=\"hidden\" name=\"out\">";
        let form = Form::parse(page).unwrap();
        assert_eq!(form.action, "/sign-in?a=1&b=2");
        assert_eq!(form.hidden, [("csrf".to_owned(), "x=\"".to_owned())]);
        assert_eq!(form.filled(&[("identifier", "a@b c")]), "csrf=x%3D%22&identifier=a%40b%20c");
    }

    #[test]
    fn a_page_without_a_form_is_a_failure() {
        assert!(Form::parse("<h1>No</h1>").is_err());
    }

    #[test]
    fn a_parameter_is_found_by_its_whole_name() {
        let address = "https://a/cb?xcode=1&code=2&state=3#f";
        assert_eq!(parameter(address, "code"), Some("2"));
        assert_eq!(parameter(address, "state"), Some("3"));
        assert_eq!(parameter(address, "iss"), None);
    }
}
