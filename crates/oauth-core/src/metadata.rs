//! The metadata document (RFC 8414 2, OpenID Connect Discovery 3): what is advertised is what is wired.
//!
//! Addresses come from the endpoint table, scopes and algorithms from the catalog. One document serves both well-known paths;
//! members that only one of the specifications knows are ignored by readers of the other.

use serde_json::{Map, Value, json};

use crate::{
    catalog::Catalog,
    client::{AuthMethod, GrantType},
    crypto::Algorithm,
    endpoint::Endpoint,
    jws::id_token::ACR_PASSWORD,
    settings::Issuer,
};

/// The claims that ID tokens and userinfo can carry.
const CLAIMS: [&str; 34] = [
    "sub",
    "iss",
    "aud",
    "azp",
    "exp",
    "iat",
    "auth_time",
    "nonce",
    "acr",
    "amr",
    "at_hash",
    "sid",
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "updated_at",
    "email",
    "email_verified",
    "phone_number",
    "phone_number_verified",
    "address",
    "roles",
    "groups",
    "tenant",
];

/// The document for this issuer and catalog.
pub fn document(issuer: &Issuer, catalog: &Catalog) -> Map<String, Value> {
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| {
        // RFC 8414 2 and 3.2: empty arrays are left out.
        if value.as_array().is_none_or(|values| !values.is_empty()) {
            members.insert(name.into(), value);
        }
    };
    put("issuer", issuer.as_str().into());
    for endpoint in Endpoint::ALL {
        if let Some(name) = endpoint.metadata() {
            put(name, issuer.url(endpoint.path()).into());
        }
    }
    let scopes: Vec<_> = catalog.active_scopes().map(|scope| scope.name.as_str()).collect();
    put("scopes_supported", json!(scopes));
    put("response_types_supported", json!(["code"]));
    put("response_modes_supported", json!(["query", "form_post"]));
    put("grant_types_supported", json!(GrantType::ALL.map(GrantType::as_str)));
    put("code_challenge_methods_supported", json!(["S256"]));
    // RFC 9207 3.
    put("authorization_response_iss_parameter_supported", true.into());
    let methods: Vec<_> = AuthMethod::ALL.into_iter().map(AuthMethod::as_str).collect();
    // RFC 7662 2.1: introspection is for those who can prove who they are.
    let proving: Vec<_> =
        AuthMethod::ALL.into_iter().filter(|method| *method != AuthMethod::None).map(AuthMethod::as_str).collect();
    let assertion_algorithms = json!(Algorithm::ALL.map(Algorithm::name));
    for (endpoint, methods) in
        [("token_endpoint", &methods), ("revocation_endpoint", &methods), ("introspection_endpoint", &proving)]
    {
        put(&format!("{endpoint}_auth_methods_supported"), json!(methods));
        // RFC 8414 2: required where JWT methods are listed.
        put(&format!("{endpoint}_auth_signing_alg_values_supported"), assertion_algorithms.clone());
    }
    put("subject_types_supported", json!(["public"]));
    let signing: Vec<_> = catalog.signing_algorithms().map(Algorithm::name).collect();
    put("id_token_signing_alg_values_supported", json!(signing));
    put("acr_values_supported", json!([ACR_PASSWORD]));
    put("prompt_values_supported", json!(["none", "login", "consent", "select_account"]));
    put("display_values_supported", json!(["page"]));
    put("claim_types_supported", json!(["normal"]));
    put("claims_supported", json!(&CLAIMS[..]));
    // OpenID Connect Discovery 3: request_uri_parameter_supported is true where it is left out.
    for name in ["claims_parameter_supported", "request_parameter_supported", "request_uri_parameter_supported"] {
        put(name, false.into());
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{World, issuer};

    fn document() -> Map<String, Value> {
        super::document(&issuer(), &World::new().engine.catalog())
    }

    /// RFC 8414 2 and OpenID Connect Discovery 3: the required members.
    #[test]
    fn required_members_are_there() {
        let document = document();
        for name in [
            "issuer",
            "authorization_endpoint",
            "token_endpoint",
            "userinfo_endpoint",
            "jwks_uri",
            "response_types_supported",
            "subject_types_supported",
            "id_token_signing_alg_values_supported",
            "revocation_endpoint",
            "introspection_endpoint",
            "end_session_endpoint",
        ] {
            assert!(document.contains_key(name), "{name}");
        }
        // OpenID Connect Discovery 3: RS256 MUST be included.
        assert!(document["id_token_signing_alg_values_supported"].as_array().unwrap().contains(&json!("RS256")));
    }

    /// RFC 8414 2: the algorithms are required where JWT methods are listed, and "none" is not one of them.
    #[test]
    fn endpoints_with_assertions_name_their_algorithms() {
        let document = document();
        for endpoint in ["token_endpoint", "revocation_endpoint", "introspection_endpoint"] {
            let methods = document[&format!("{endpoint}_auth_methods_supported")].as_array().unwrap();
            assert!(methods.contains(&json!("private_key_jwt")), "{endpoint}");
            let algorithms = document[&format!("{endpoint}_auth_signing_alg_values_supported")].as_array().unwrap();
            assert!(!algorithms.is_empty() && !algorithms.contains(&json!("none")), "{endpoint}");
        }
        let introspection = document["introspection_endpoint_auth_methods_supported"].as_array().unwrap();
        assert!(!introspection.contains(&json!("none")), "RFC 7662 2.1");
    }

    #[test]
    fn every_address_is_below_the_issuer() {
        for (name, value) in document() {
            if name.ends_with("_endpoint") || name == "jwks_uri" {
                assert!(value.as_str().unwrap().starts_with("https://auth.example.com/"), "{name}");
            }
        }
    }

    /// RFC 8414 3.2: "claims with zero elements MUST be omitted".
    #[test]
    fn empty_arrays_are_left_out() {
        let mut world = World::new();
        world.administer(|records| records.scopes.clear());
        let document = super::document(&issuer(), &world.engine.catalog());
        assert!(!document.contains_key("scopes_supported"));
        assert!(document.values().all(|value| value.as_array().is_none_or(|values| !values.is_empty())));
    }

    /// RFC 9700 2.1.1 and 2.4: neither plain challenges nor the password grant are advertised.
    #[test]
    fn what_is_not_offered_is_not_advertised() {
        let text = serde_json::to_string(&document()).unwrap();
        for word in ["\"plain\"", "\"password\"", "\"implicit\"", "\"token\"", "\"none\",\"ES256\""] {
            assert!(!text.contains(word), "{word}");
        }
    }
}
