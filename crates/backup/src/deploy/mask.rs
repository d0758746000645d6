//! Secrets in the files of a deployment: masked by the names of their settings and by the shape of addresses, whatever the file's format.

use authly_config::Secrecy;

/// What stands in the place of a secret.
const MASK: &str = "***";

/// How the names of secrets end that are none of our settings: those of databases, mail servers and other programs in the same file.
const ENDINGS: [&str; 7] = ["password", "passwd", "secret", "token", "_key", "apikey", "credentials"];

/// How a secret begins that goes on in further lines.
const OPENINGS: [&str; 5] = ["\"\"\"", "'''", "|", ">", "<<"];

/// A text without its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Masked {
    pub(super) text: String,
    /// How many lines were changed.
    pub(super) lines: u64,
}

/// Masks what stands behind the name of a secret to the end of its line, and the passwords in addresses. What goes over several lines cannot
/// be told from what follows, and is refused.
pub(super) fn mask(text: &str) -> Result<Masked, &'static str> {
    if text.contains("PRIVATE KEY-----") {
        return Err("it holds a private key");
    }
    let known: Vec<String> = authly_config::settings()
        .filter(|setting| setting.kind.secrecy() == Secrecy::Hidden)
        .flat_map(|setting| setting.names.iter().map(|name| name.name).chain([setting.leaf()]))
        .map(str::to_ascii_lowercase)
        .collect();
    let mut masked = Masked { text: String::with_capacity(text.len()), lines: 0 };
    let mut rest = text.split_inclusive('\n').peekable();
    while let Some(whole) = rest.next() {
        let line = whole.trim_end_matches(['\n', '\r']);
        let changed = match value(line, &known) {
            None => addresses(line),
            Some(at) => {
                let (name, behind) = line.split_at_checked(at).unwrap_or((line, ""));
                let value = behind.trim();
                let blank: String = behind.chars().take_while(|c| c.is_whitespace()).collect();
                let goes_on = rest.peek().is_some_and(|next| value.is_empty() && indent(next) > indent(line));
                let list = value.starts_with('[') && !value.ends_with(']');
                if goes_on || list || line.ends_with('\\') || OPENINGS.iter().any(|opening| value.starts_with(opening))
                {
                    return Err("a secret in it goes over several lines, which cannot be masked safely");
                }
                if value.is_empty() { line.to_owned() } else { format!("{}{blank}{MASK}", addresses(name)) }
            }
        };
        masked.lines += u64::from(changed != line);
        masked.text.push_str(&changed);
        masked.text.push_str(whole.get(line.len()..).unwrap_or_default());
    }
    Ok(masked)
}

/// Where the value of the line's first secret begins.
fn value(line: &str, known: &[String]) -> Option<usize> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let mut from = 0;
    loop {
        let rest = line.get(from..)?;
        let begin = from + rest.find(is_word)?;
        let word = line.get(begin..)?;
        let word = word.get(..word.find(|c| !is_word(c)).unwrap_or(word.len()))?;
        let end = begin + word.len();
        let folded = word.to_ascii_lowercase().replace('-', "_");
        let secret = known.contains(&folded) || ENDINGS.iter().any(|ending| folded.ends_with(ending));
        // `NAME=`, `name: `, `"name": `, `name = `
        let behind = line.get(end..)?.trim_start_matches(['"', '\'', ' ', '\t']);
        if secret && behind.starts_with(['=', ':']) {
            return Some(line.len() - behind.len() + 1);
        }
        from = end;
    }
}

fn indent(line: &str) -> Option<usize> {
    line.find(|c: char| !c.is_whitespace())
}

/// A line with `***` for every password between `://` and `@`.
fn addresses(line: &str) -> String {
    let mut parts = line.split("://");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        // A password may hold anything but a blank; what is masked too much does no harm.
        let end = part.find(char::is_whitespace).unwrap_or(part.len());
        let (address, behind) = part.split_at_checked(end).unwrap_or((part, ""));
        out.push_str("://");
        match address.rsplit_once('@') {
            Some((login, host)) if login.contains(':') => {
                let user = login.split(':').next().unwrap_or_default();
                out.push_str(&format!("{user}:{MASK}@{host}"));
            }
            _ => out.push_str(address),
        }
        out.push_str(behind);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str) -> String {
        mask(text).unwrap().text
    }

    #[test]
    fn secrets_are_masked_in_every_format_by_their_names() {
        for (line, shown) in [
            ("JWT_SECRET_KEY=s3cr3t", "JWT_SECRET_KEY=***"),
            ("export SECRET_ENCRYPTION_KEY='s3cr3t'", "export SECRET_ENCRYPTION_KEY=***"),
            ("Environment=\"JWT_SECRET_KEY=s3cr3t\" A=b", "Environment=\"JWT_SECRET_KEY=***"),
            ("  - JWT_REFRESH_SECRET_KEY=s3cr3t", "  - JWT_REFRESH_SECRET_KEY=***"),
            ("  POSTGRES_PASSWORD: s3cr3t", "  POSTGRES_PASSWORD: ***"),
            ("peppers = [\"s3cr3t\", \"t\"]", "peppers = ***"),
            ("encryption_key = \"s3cr3t\"", "encryption_key = ***"),
            ("{\"client-secret\": \"s3cr3t\"}", "{\"client-secret\": ***"),
            ("SMTP_PASSWORD=s3cr3t\r", "SMTP_PASSWORD=***"),
            ("# old: JWT_SECRET_KEY=s3cr3t", "# old: JWT_SECRET_KEY=***"),
            ("proxy_set_header X-Auth-Token: s3cr3t;", "proxy_set_header X-Auth-Token: ***"),
        ] {
            let text = masked(line);
            assert!(!text.contains("s3cr3t"), "{text}");
            assert_eq!(text.trim_end(), shown);
        }
    }

    #[test]
    fn addresses_lose_their_passwords_and_nothing_else() {
        for (line, shown) in [
            ("DATABASE_URL=postgresql://authly:s3cr3t@db/authly", "DATABASE_URL=postgresql://authly:***@db/authly"),
            ("url: 'redis://:s3@cr3t@cache:6379/0', x", "url: 'redis://:***@cache:6379/0', x"),
            ("postgresql://a@db/a https://example.com/x", "postgresql://a@db/a https://example.com/x"),
            (
                "DATABASE_URL=postgresql://db/a?user=b&password=s3cr3t",
                "DATABASE_URL=postgresql://db/a?user=b&password=***",
            ),
        ] {
            assert_eq!(masked(line), shown);
        }
    }

    #[test]
    fn what_is_no_secret_stays_as_it_is() {
        let unit = "[Service]\r\nExecStart=/usr/bin/authly-server --config /etc/authly.toml\nJWT_SECRET_KEY_FILE=/run/secrets/jwt\n\
                    LoadCredential=jwt:/etc/jwt\nPASSWORD_MIN_LENGTH=12\nssl_certificate_key /etc/ssl/key.pem;\nenvironment:\n  \
                    SMTP_PASSWORD:\nvolumes: []";
        assert_eq!(mask(unit), Ok(Masked { text: unit.to_owned(), lines: 0 }));
    }

    #[test]
    fn a_secret_over_several_lines_is_refused() {
        for text in [
            "rsa_private_key = \"\"\"\nabc\n\"\"\"\n",
            "peppers = [\n  \"abc\",\n]\n",
            "JWT_SECRET_KEY: |\n  abc\n",
            "JWT_SECRET_KEY=abc\\\ndef\n",
            "JWT_SECRET_KEY:\n  abc\n",
            "key.pem: x\n-----BEGIN PRIVATE KEY-----\n",
        ] {
            assert!(mask(text).is_err(), "{text}");
        }
    }
}
