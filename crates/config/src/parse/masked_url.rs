//! Addresses with user information, taken apart by hand so that a password with odd characters neither leaks nor gets lost.
//!
//! PostgreSQL allows several hosts in one address, which a general URL parser refuses; and a mask made with a pattern shows
//! the tail of a password that holds an `@`. Here the last `@` of the authority divides, and what is doubtful is refused.

use crate::problem::Fault;
use crate::secret::SecretUrl;

const HINT: &str = "percent-encode special characters of the password: @ is %40, / is %2F, : is %3A";

/// The parts of `scheme://user:password@hosts/rest`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Parts<'a> {
    pub(crate) scheme: &'a str,
    pub(crate) user: &'a str,
    pub(crate) password: Option<&'a str>,
    pub(crate) hosts: &'a str,
    pub(crate) rest: &'a str,
}

/// Takes an address apart.
pub(crate) fn split(text: &str) -> Result<Parts<'_>, Fault> {
    if text.chars().any(|c| c.is_control() || c == ' ') {
        return Err(Fault::new("holds a blank or a control character", HINT));
    }
    let (scheme, tail) = text.split_once("://").ok_or_else(|| Fault::new("is not a URL", "scheme://host/name"))?;
    let end = tail.find(['/', '?', '#']).unwrap_or(tail.len());
    let (authority, rest) = tail.split_at_checked(end).unwrap_or((tail, ""));
    let path = rest.split('?').next().unwrap_or_default();
    if path.contains('@') || rest.contains('#') {
        return Err(Fault::new("cannot be taken apart: an @ or # stands behind the host", HINT));
    }
    let (login, hosts) = match authority.rsplit_once('@') {
        Some((login, hosts)) => (login, hosts),
        None => ("", authority),
    };
    let (user, password) = match login.split_once(':') {
        Some((user, password)) => (user, Some(password)),
        None => (login, None),
    };
    Ok(Parts { scheme, user, password, hosts, rest })
}

impl Parts<'_> {
    /// Puts the address together again under another scheme, with a password to use where it has none.
    pub(crate) fn join(&self, scheme: &str, password: Option<&str>) -> SecretUrl {
        let written = |password: Option<&str>, rest: &str| {
            let login = match password {
                Some(password) => format!("{}:{password}@", self.user),
                None if self.user.is_empty() => String::new(),
                None => format!("{}@", self.user),
            };
            format!("{scheme}://{login}{}{rest}", self.hosts)
        };
        // An @ inside the login is legal for us, but not for every reader of such addresses.
        let own = self.password.map(|own| own.replace('@', "%40"));
        let encoded = password.map(encode);
        let used = own.as_deref().or(encoded.as_deref());
        SecretUrl::new(written(used, self.rest), written(used.map(|_| "***"), &mask_query(self.rest)))
    }

    /// The password in the address, decoded.
    pub(crate) fn decoded_password(&self) -> Option<Vec<u8>> {
        self.password.map(decode)
    }
}

/// Hides the passwords among the parameters of an address.
fn mask_query(rest: &str) -> String {
    let Some((path, query)) = rest.split_once('?') else { return rest.to_owned() };
    let masked: Vec<String> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, _)) if decode(name).to_ascii_lowercase().windows(4).any(|part| part == b"pass") => {
                format!("{name}=***")
            }
            _ => pair.to_owned(),
        })
        .collect();
    format!("{path}?{}", masked.join("&"))
}

/// Percent-encoding of everything that could mean something.
pub(crate) fn encode(text: &str) -> String {
    let unreserved = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    text.as_bytes()
        .iter()
        .map(|byte| if unreserved(byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// Percent-decoding; what does not decode stays as it is.
pub(crate) fn decode(text: &str) -> Vec<u8> {
    let mut pieces = text.split('%');
    let mut out = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        let code = piece.get(..2).filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()));
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                out.extend_from_slice(piece.get(2..).unwrap_or_default().as_bytes());
            }
            None => {
                out.push(b'%');
                out.extend_from_slice(piece.as_bytes());
            }
        }
    }
    out
}

/// Reads the address of a Redis.
pub(crate) fn redis(text: &str) -> Result<SecretUrl, Fault> {
    let parts = split(text)?;
    match parts.scheme {
        "redis" | "rediss" if !parts.hosts.is_empty() => Ok(parts.join(parts.scheme, None)),
        _ => Err(Fault::new("is not the address of a Redis", "redis://host:6379/0, or rediss:// for TLS")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let parts = split(text).unwrap();
        parts.join(parts.scheme, None).to_string()
    }

    #[test]
    fn the_user_is_shown_and_the_password_is_not() {
        assert_eq!(shown("postgresql://me:hunter2@db/authly"), "postgresql://me:***@db/authly");
        assert_eq!(shown("postgresql://me@db/authly"), "postgresql://me@db/authly");
        assert_eq!(shown("postgresql://db/authly"), "postgresql://db/authly");
        assert_eq!(shown("redis://:hunter2@cache:6379/0"), "redis://:***@cache:6379/0");
    }

    #[test]
    fn a_password_with_an_at_sign_does_not_leak_its_tail() {
        let parts = split("postgresql://me:hunter@tail@db/authly").unwrap();
        let url = parts.join("postgresql", None);
        assert_eq!(url.to_string(), "postgresql://me:***@db/authly");
        assert_eq!(url.expose(), "postgresql://me:hunter%40tail@db/authly");
    }

    #[test]
    fn a_password_that_ends_the_authority_is_refused() {
        assert!(split("postgresql://me:hunter/tail@db/authly").is_err());
        assert!(split("postgresql://me:hunter#tail@db/authly").is_err());
        assert!(split("postgresql://me:hun ter@db/authly").is_err());
    }

    #[test]
    fn passwords_among_the_parameters_are_hidden() {
        assert_eq!(
            shown("postgresql:///authly?host=/run/pg&password=hunter2&ssl%70assword=x"),
            "postgresql:///authly?host=/run/pg&password=***&ssl%70assword=***"
        );
    }

    #[test]
    fn several_hosts_are_kept() {
        let text = "postgresql://me:x@a:5432,b:5433/authly?target_session_attrs=read-write";
        assert_eq!(split(text).unwrap().join("postgresql", None).expose(), text);
    }

    #[test]
    fn a_given_password_is_encoded() {
        let parts = split("postgresql://me@db/authly").unwrap();
        assert_eq!(parts.join("postgresql", Some("a@/é")).expose(), "postgresql://me:a%40%2F%C3%A9@db/authly");
        assert_eq!(split("x://me:a%40%2f%zz@h").unwrap().decoded_password().unwrap(), b"a@/%zz");
    }

    #[test]
    fn only_redis_is_redis() {
        assert!(redis("rediss://cache:6380").is_ok());
        assert!(redis("http://cache").is_err());
        assert!(redis("redis://").is_err());
        assert!(redis("cache:6379").is_err());
    }
}
