//! What a browser calls itself, in words that its owner recognizes.
//!
//! For the list of sessions and for mails: nothing is decided by it, so the few names that people use are enough. Whoever asks for a mail to
//! somebody else chooses the agent that it names, so that nothing of it is told that a mail program would make a link of.

/// "Firefox on Windows"; the first product of an agent that is no browser, if that is one word; "Unknown" for everything else.
pub fn in_words(agent: &str) -> String {
    // The order matters: most browsers also claim to be those further down.
    const BROWSERS: [(&str, &str); 9] = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser/", "Samsung Internet"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("CriOS/", "Chrome"),
        ("HeadlessChrome/", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    const SYSTEMS: [(&str, &str); 7] = [
        ("Windows", "Windows"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ];
    let find =
        |names: &[(&str, &'static str)]| names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name);
    match (find(&BROWSERS), find(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, _) => {
            let product = agent.split([' ', '/']).next().unwrap_or_default();
            let is_word = product.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
            if is_word && !product.is_empty() { product.chars().take(40).collect() } else { "Unknown".to_owned() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::in_words;

    #[test]
    fn agents_read_as_their_owners_would_say_it() {
        for (agent, words) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36",
                "Chrome on Linux",
            ),
            ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:131.0) Gecko/20100101 Firefox/131.0", "Firefox on Windows"),
            (
                "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605 Version/18.0 Safari/605",
                "Safari on macOS",
            ),
            ("curl/8.5.0", "curl"),
            ("Go-http-client/2.0", "Go-http-client"),
            ("", "Unknown"),
        ] {
            assert_eq!(in_words(agent), words);
        }
        assert_eq!(in_words(&"x".repeat(255)).len(), 40);
    }

    /// The reader of a mail did not choose the agent; a stranger did.
    #[test]
    fn an_agent_puts_no_link_and_no_sentence_into_a_mail() {
        for agent in [
            "www.evil.example/1.0",
            "https://evil.example",
            "evil.example",
            "call:+1-555-0100",
            "Your\u{a0}account\u{a0}is\u{a0}locked",
            "\u{202e}moc.live",
        ] {
            assert_eq!(in_words(agent), "Unknown", "{agent}");
        }
        assert_eq!(in_words("www.evil.example Firefox/1 (Windows; www.evil.example)"), "Firefox on Windows");
    }
}
