//! What makes a secret weak: it is an example, it repeats, it is short.

/// What is wrong with a secret that a program, not a person, should have made; `None` when nothing is seen.
pub(super) fn weakness(secret: &str) -> Option<&'static str> {
    if is_placeholder(secret) {
        return Some("is an example and not a secret");
    }
    if repeats(secret) {
        return Some("repeats a few characters");
    }
    None
}

/// True for what stands in examples and templates.
pub(super) fn is_placeholder(secret: &str) -> bool {
    let bare: String = secret.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let word = bare.trim_end_matches(|c: char| c.is_ascii_digit());
    let template = secret.starts_with('<') && secret.ends_with('>') || secret.contains("${") || secret.contains("{{");
    let digits_only = word.is_empty() && bare.len() < 16;
    template || digits_only || WHOLE.contains(&word) || PARTS.iter().any(|part| bare.contains(part))
}

/// Whole secrets, digits behind them left out, that everybody tries first.
const WHOLE: [&str; 21] = [
    "admin",
    "administrator",
    "authly",
    "default",
    "example",
    "jwtsecret",
    "jwtsecretkey",
    "key",
    "letmein",
    "pass",
    "password",
    "qwerty",
    "root",
    "secret",
    "secretkey",
    "supersecret",
    "supersecretkey",
    "test",
    "testsecret",
    "todo",
    "welcome",
];

/// Parts that only examples have.
const PARTS: [&str; 17] = [
    "changeme",
    "changethis",
    "changeit",
    "changein",
    "donotuse",
    "examplekey",
    "examplesecret",
    "fillme",
    "insecure",
    "inserthere",
    "notforproduction",
    "placeholder",
    "replaceme",
    "replacewith",
    "replacethis",
    "yoursecret",
    "yourjwt",
];

/// True when a text is made of few characters, or of one piece again and again.
fn repeats(secret: &str) -> bool {
    let bytes = secret.as_bytes();
    let mut distinct = bytes.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    // 32 random hexadecimal digits hold about 14 different ones; fewer than 6 never happens by chance.
    if bytes.len() >= 16 && distinct.len() < 6 {
        return true;
    }
    (1..=bytes.len() / 2).any(|period| bytes.iter().zip(bytes.iter().skip(period)).all(|(left, right)| left == right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_recognized() {
        for example in [
            "change-me",
            "CHANGE_ME_PLEASE_1234567890_1234567890",
            "your-secret-key",
            "your_super_secret_key_change_in_production",
            "your-jwt-secret-min-32-characters-long",
            "secret",
            "Secret123",
            "supersecret",
            "password1",
            "<insert your key here>",
            "${JWT_SECRET_KEY}",
            "replace-with-a-random-string-of-32-chars",
            "",
            "------",
            "12345678",
        ] {
            assert!(weakness(example).is_some(), "{example}");
        }
    }

    #[test]
    fn repetition_is_recognized() {
        for weak in [
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "abcabcabcabcabcabcabcabcabcabcabc",
            "0123456789abcdef0123456789abcdef",
        ] {
            assert_eq!(weakness(weak), Some("repeats a few characters"), "{weak}");
        }
    }

    #[test]
    fn random_secrets_pass() {
        for good in [
            "9f86d081884c7d659a2feaa0c55ad015",
            "kX0u5mB1qJ8vT3rZ7yW2nL6pD9sF4gH0",
            "4Vb/7tq+Zr0eYw5s8HnKc2xLmP1uQj6a9dRfTgXyB3E=",
            "correct horse battery staple and more",
        ] {
            assert_eq!(weakness(good), None, "{good}");
        }
    }
}
