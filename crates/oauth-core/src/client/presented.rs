//! How a client presents itself at the token, revocation and introspection endpoints (RFC 6749 2.3, RFC 7521 4.2).

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD},
};
use zeroize::Zeroizing;

use crate::{
    error::ClientError,
    ids::ClientId,
    jws::assertion,
    params::{Params, decode},
    secret::Secret,
};

/// The longest secret that is looked at; what follows costs a hash.
const LONGEST_SECRET: usize = 1_024;

/// The credentials of one request, read but not believed.
#[derive(Clone, Debug)]
pub enum PresentedClient {
    /// A signed assertion (RFC 7523 2.2).
    Assertion {
        /// Whom it claims to come from.
        id: ClientId,
        /// The assertion.
        assertion: Secret<String>,
    },
    /// HTTP Basic (RFC 6749 2.3.1).
    Basic {
        /// Who.
        id: ClientId,
        /// The secret, form-decoded as RFC 6749 demands.
        secret: Secret<String>,
        /// The very bytes of the header where they differ: some clients leave the encoding out.
        undecoded: Option<Secret<String>>,
    },
    /// `client_id` alone: a public client (RFC 6749 3.2.1).
    None {
        /// Who.
        id: ClientId,
    },
    /// `client_id` and `client_secret` in the body (RFC 6749 2.3.1).
    Post {
        /// Who.
        id: ClientId,
        /// The secret.
        secret: Secret<String>,
    },
}

impl PresentedClient {
    /// Reads the value of the `Authorization` header and the body's parameters.
    pub fn parse(authorization: Option<&str>, params: &Params) -> Result<Self, ClientError> {
        let id = params.one("client_id").map(client_id).transpose()?;
        let secret = params.one("client_secret");
        let assertion = (params.one("client_assertion_type"), params.one("client_assertion"));
        // RFC 6749 2.3: "The client MUST NOT use more than one authentication method in each request."
        let ways = [authorization.is_some(), secret.is_some(), assertion != (None, None)];
        if ways.into_iter().filter(|way| *way).count() > 1 {
            return Err(ClientError::Several);
        }
        let presented = match (authorization, assertion, secret, id) {
            (Some(header), ..) => basic(header)?,
            (None, (Some(assertion::TYPE), Some(text)), ..) => Self::Assertion {
                id: assertion::claimed_client(text).map_err(ClientError::Assertion)?,
                assertion: Secret::new(text.to_owned()),
            },
            (None, (Some(_), _) | (_, Some(_)), ..) => return Err(ClientError::Malformed),
            (None, _, Some(secret), Some(id)) if secret.len() <= LONGEST_SECRET => {
                return Ok(Self::Post { id, secret: Secret::new(secret.to_owned()) });
            }
            (None, _, Some(_), _) => return Err(ClientError::Malformed),
            (None, _, None, Some(id)) => return Ok(Self::None { id }),
            (None, _, None, None) => return Err(ClientError::Missing),
        };
        // RFC 7521 4.2: a client_id beside other credentials has to name the same client.
        match params.one("client_id") {
            Some(other) if other != presented.id().as_str() => Err(ClientError::Several),
            _ => Ok(presented),
        }
    }

    /// Whom the credentials name.
    pub const fn id(&self) -> &ClientId {
        match self {
            Self::Assertion { id, .. } | Self::Basic { id, .. } | Self::None { id } | Self::Post { id, .. } => id,
        }
    }
}

/// RFC 6749 2.3.1: both parts are form-encoded, then joined by a colon and encoded as RFC 7617 says.
fn basic(header: &str) -> Result<PresentedClient, ClientError> {
    let (scheme, encoded) = header.split_once(' ').ok_or(ClientError::Malformed)?;
    if !scheme.eq_ignore_ascii_case("basic") || encoded.len() > 4 * LONGEST_SECRET {
        return Err(ClientError::Malformed);
    }
    let encoded = encoded.trim();
    let bytes = STANDARD
        .decode(encoded)
        .or_else(|_| STANDARD_NO_PAD.decode(encoded))
        .map(Zeroizing::new)
        .map_err(|_| ClientError::Malformed)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| ClientError::Malformed)?;
    let (id, raw) = text.split_once(':').ok_or(ClientError::Malformed)?;
    if raw.len() > LONGEST_SECRET {
        return Err(ClientError::Malformed);
    }
    let id = match decode(id.as_bytes(), 255) {
        Ok(decoded) => client_id(&decoded)?,
        Err(_) => client_id(id)?,
    };
    let undecoded = || Secret::new(raw.to_owned());
    Ok(match decode(raw.as_bytes(), LONGEST_SECRET) {
        Ok(decoded) if *decoded == raw => PresentedClient::Basic { id, secret: undecoded(), undecoded: None },
        Ok(decoded) => {
            PresentedClient::Basic { id, secret: Secret::new(decoded.to_string()), undecoded: Some(undecoded()) }
        }
        Err(_) => PresentedClient::Basic { id, secret: undecoded(), undecoded: None },
    })
}

fn client_id(text: &str) -> Result<ClientId, ClientError> {
    ClientId::parse(text).map_err(|_| ClientError::Malformed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(authorization: Option<&str>, body: &str) -> Result<PresentedClient, ClientError> {
        PresentedClient::parse(authorization, &Params::parse(body.as_bytes()).unwrap())
    }

    fn header(pair: &str) -> String {
        format!("Basic {}", STANDARD.encode(pair))
    }

    /// RFC 6749 2.3.1 and appendix B.
    #[test]
    fn both_parts_of_basic_are_form_decoded() {
        let Ok(PresentedClient::Basic { id, secret, undecoded }) = parse(Some(&header("my%3Aapp:a%2Bb+c")), "") else {
            panic!("not Basic")
        };
        assert_eq!((id.as_str(), secret.expose().as_str()), ("my:app", "a+b c"));
        assert_eq!(undecoded.unwrap().expose(), "a%2Bb+c", "for clients that leave the encoding out");
    }

    #[test]
    fn a_secret_that_is_no_form_text_is_taken_as_it_is() {
        let Ok(PresentedClient::Basic { secret, .. }) = parse(Some(&header("app:50%")), "") else {
            panic!("not Basic")
        };
        assert_eq!(secret.expose(), "50%");
    }

    #[test]
    fn the_body_presents_a_secret_or_the_name_alone() {
        assert!(matches!(parse(None, "client_id=app&client_secret=s"), Ok(PresentedClient::Post { .. })));
        assert!(matches!(parse(None, "client_id=app&client_secret="), Ok(PresentedClient::None { .. })));
        assert!(matches!(parse(None, "grant_type=x"), Err(ClientError::Missing)));
        assert!(matches!(parse(None, "client_secret=s"), Err(ClientError::Malformed)));
    }

    /// RFC 6749 2.3: "MUST NOT use more than one authentication method in each request".
    #[test]
    fn two_ways_at_once_are_refused() {
        let basic = header("app:s");
        let assertion = "client_assertion_type=x&client_assertion=y";
        for (authorization, body) in [
            (Some(basic.as_str()), "client_secret=s"),
            (Some(basic.as_str()), "client_id=app&client_secret=s"),
            (Some(basic.as_str()), assertion),
            (None, &*format!("client_id=app&client_secret=s&{assertion}")),
            (Some(basic.as_str()), "client_id=other"),
        ] {
            assert!(matches!(parse(authorization, body), Err(ClientError::Several)), "{body}");
        }
        assert!(parse(Some(&basic), "client_id=app").is_ok());
    }

    #[test]
    fn broken_headers_are_refused() {
        for value in ["", "Basic", "Basic !!!", "Bearer abc", &header("no colon"), &header(":s"), &header("app:\u{1}")]
        {
            let refused = parse(Some(value), "").is_err();
            assert_eq!(refused, !value.ends_with(&STANDARD.encode("app:\u{1}")), "{value}");
        }
        assert!(parse(Some(&header(&format!("app:{}", "x".repeat(1_025)))), "").is_err());
    }

    #[test]
    fn an_unknown_kind_of_assertion_is_refused() {
        for body in ["client_assertion=a.b.c", "client_assertion_type=urn%3Aother&client_assertion=a.b.c"] {
            assert!(matches!(parse(None, body), Err(ClientError::Malformed)), "{body}");
        }
    }

    proptest! {
        #[test]
        fn any_header_is_read_or_refused_without_panic(header in "(Basic )?\\PC{0,80}", body in "\\PC{0,80}") {
            if let Ok(params) = Params::parse(body.as_bytes()) {
                let _ = PresentedClient::parse(Some(&header), &params);
            }
        }
    }
}
