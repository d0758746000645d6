//! A JSON body of the token endpoint as parameters (C-02): flat, and like a form without repetition.

use std::fmt;

use oauth_core::{error::RequestError, params::Params};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::Value;

use crate::{
    body,
    respond::{Dialect, Failure},
};

/// A flat JSON object of texts as parameters; `scope` may also be a list. A repeated member is refused as RFC 6749 3.2 refuses a
/// repeated parameter: two readers of one body must not read two things (SECURITY.md row 5).
pub fn parse(bytes: &[u8]) -> Result<Params, Failure> {
    let Members(members) = body::parse_json(bytes)?;
    let mut pairs = Vec::with_capacity(members.len());
    for (name, value) in &members {
        match value {
            Value::String(text) => pairs.push((name.as_str(), text.clone())),
            Value::Null => {}
            Value::Bool(_) | Value::Number(_) => pairs.push((name.as_str(), value.to_string())),
            Value::Array(items) if items.iter().all(Value::is_string) => {
                let texts: Vec<_> = items.iter().filter_map(Value::as_str).collect();
                pairs.push((name.as_str(), texts.join(" ")));
            }
            Value::Array(_) | Value::Object(_) => {
                let malformed = RequestError::Malformed("a field of the JSON body has the wrong type".to_owned());
                return Err(Failure::new(&malformed, Dialect::Legacy));
            }
        }
    }
    let pairs = pairs.iter().map(|(name, value)| (*name, value.as_str()));
    let told = |error| Failure::new(&error, Dialect::Legacy);
    let params = Params::from_pairs(pairs).map_err(told)?;
    params.refuse_repeated().map_err(told)?;
    Ok(params)
}

/// The members of an object in order; a map would keep the last of several and forget the others.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}
