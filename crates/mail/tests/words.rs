//! What mails say: the same in text and HTML, in every language; and nothing from outside adds a header or markup.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use authly_directory::mail::letter::{Letter, MailKind, Visitor};
use authly_mail::{Catalogue, Occasion, Rendered, Sender, Site, render::render};
use oauth_core::{ids::MailId, settings::Issuer, time::Timestamp, token::OpaqueToken};
use proptest::prelude::*;

const AT: Timestamp = Timestamp::from_seconds(1_700_000_000);
const TOKEN: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn letter(locale: &str, text: &str) -> Letter {
    let link = OpaqueToken::presented(TOKEN).map(|token| (token, Timestamp::from_seconds(1_700_003_600)));
    let visitor = Visitor { address: Some(text.into()), browser: Some(text.into()), locale: locale.into() };
    Letter { account: text.into(), visitor, at: AT, link, invitation: None }
}

fn site(product: &str) -> Site {
    Site { product: product.into(), issuer: Issuer::parse("https://auth.example.com").unwrap() }
}

fn occasions() -> impl Iterator<Item = Occasion> {
    MailKind::ALL.into_iter().map(Occasion::Account).chain([Occasion::Test])
}

#[test]
fn text_and_html_say_the_same() {
    for locale in Catalogue::all() {
        for occasion in occasions() {
            let Rendered { subject, text, html } = render(occasion, &letter(locale.tag(), "ada"), &site("Nordwind"));
            let link = text.lines().find(|line| line.starts_with("https://")).unwrap();
            assert_eq!(html.matches(&format!("href=\"{link}\"")).count(), 2, "{occasion:?}");
            assert!(html.contains(&format!(">{link}<")), "the plain link stands below the button");
            assert!(subject.contains("Nordwind") && html.contains(&subject));
            assert!(text.contains("2023-11-14 22:13 UTC") && html.contains("2023-11-14 22:13 UTC"));
            assert!(text.contains("2023-11-14 23:13 UTC") && html.contains("2023-11-14 23:13 UTC"));
            assert!(html.contains(&format!("<html lang=\"{}\">", locale.tag())));
            assert!(
                html.contains("prefers-color-scheme: dark") && html.contains("color-scheme\" content=\"light dark")
            );
            for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with("-- ")) {
                // Only the first step of an invitation differs: the page has a button, the text a link.
                let first = line.starts_with("1. ");
                assert_eq!(html.contains(line.trim()), !first, "{occasion:?}: {line}");
            }
        }
    }
}

#[test]
fn links_begin_with_the_issuer_and_carry_the_token() {
    let links = |kind| {
        let rendered = render(Occasion::Account(kind), &letter("en", "ada"), &site("Nordwind"));
        rendered.text.lines().find(|line| line.starts_with("https://")).unwrap().to_owned()
    };
    assert_eq!(links(MailKind::SetPassword), format!("https://auth.example.com/reset-password?token={TOKEN}"));
    assert_eq!(links(MailKind::VerifyAddress), format!("https://auth.example.com/verify-email?token={TOKEN}"));
}

/// The headers of a message, unfolded.
fn headers(message: &str) -> Vec<(String, String)> {
    let head = message.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ").replace("\r\n\t", " ");
    let header = |line: &str| {
        let (name, value) = line.split_once(": ").unwrap_or_else(|| panic!("no header: {line:?}"));
        (name.to_owned(), value.to_owned())
    };
    head.split("\r\n").map(header).collect()
}

const HEADERS: [&str; 8] =
    ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"];

proptest! {
    /// CR LF in a name, an account, an address or a browser adds no header and no markup.
    #[test]
    fn nothing_from_outside_adds_a_header_or_markup(
        text in "[\\PC\r\n\t\u{0}\u{2028}<>\"'&;:@ ]{0,80}",
        product in "[\\PC\r\n\u{0}<>\"'&;:, ]{0,60}",
    ) {
        let hostile = format!("{text}\r\nBcc: eve@example.org\r\n\r\n<script>alert(1)</script>");
        let product = format!("{product}\r\nBcc: eve@example.org");
        let sender = Sender::new("no-reply@example.com", &product).unwrap();
        for occasion in occasions() {
            let rendered = render(occasion, &letter("en", &hostile), &site(&product));
            prop_assert!(!rendered.subject.contains(['\r', '\n']));
            prop_assert!(!rendered.html.contains("<script>"));
            let id = MailId::from_uuid(uuid::Uuid::from_u128(1));
            let message = sender.compose(id, "ada@example.org", &rendered, AT).unwrap();
            let message = String::from_utf8(message.bytes).unwrap();
            let headers = headers(&message);
            let mut names: Vec<_> = headers.iter().map(|(name, _)| name.as_str()).collect();
            names.sort_unstable();
            let mut expected = HEADERS;
            expected.sort_unstable();
            prop_assert_eq!(&names, &expected);
            let to = headers.iter().find(|(name, _)| name == "To").map(|(_, value)| value.as_str());
            prop_assert_eq!(to, Some("ada@example.org"));
            let from = headers.iter().find(|(name, _)| name == "From").map(|(_, value)| value.clone()).unwrap();
            prop_assert!(from.ends_with("no-reply@example.com") || from.ends_with("<no-reply@example.com>"), "{}", from);
        }
    }

    /// An address that would be more than one is none.
    #[test]
    fn an_address_is_one_address_or_none(before in "[a-z]{1,5}", bad in "[\r\n\u{0} ,;<>\"()]{1,3}", after in "[a-z]{1,5}") {
        let rendered = render(Occasion::Test, &letter("en", "ada"), &site("x"));
        let sender = Sender::new("no-reply@example.com", "x").unwrap();
        let id = MailId::from_uuid(uuid::Uuid::from_u128(1));
        for address in [
            format!("{before}{bad}{after}@example.org"),
            format!("{before}@{after}{bad}example.org"),
            format!("{before}@example.org{bad}{after}@example.net"),
        ] {
            prop_assert!(sender.compose(id, &address, &rendered, AT).is_err(), "{:?}", address);
            prop_assert!(Sender::new(&address, "x").is_err(), "{:?}", address);
        }
    }
}
