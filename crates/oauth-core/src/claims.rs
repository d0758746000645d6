//! Claims about people (OpenID Connect Core 5.1) as the directory keeps them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{jws::access::Membership, scope::ScopeSet, subject::Subject, time::Timestamp};

/// The standard claims of an account; which of them a client sees is decided by scope.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    /// `name`: the full name for display.
    pub name: Option<String>,
    /// `given_name`.
    pub given_name: Option<String>,
    /// `family_name`.
    pub family_name: Option<String>,
    /// `middle_name`.
    pub middle_name: Option<String>,
    /// `nickname`.
    pub nickname: Option<String>,
    /// `preferred_username`.
    pub preferred_username: Option<String>,
    /// `profile`: URL of a page about the person.
    pub profile: Option<String>,
    /// `picture`: URL.
    pub picture: Option<String>,
    /// `website`: URL.
    pub website: Option<String>,
    /// `gender`.
    pub gender: Option<String>,
    /// `birthdate`: YYYY-MM-DD.
    pub birthdate: Option<String>,
    /// `zoneinfo`.
    pub zoneinfo: Option<String>,
    /// `locale`.
    pub locale: Option<String>,
    /// `email`.
    pub email: Option<String>,
    /// `email_verified`.
    pub email_verified: bool,
    /// `phone_number`.
    pub phone_number: Option<String>,
    /// `phone_number_verified`.
    pub phone_number_verified: bool,
    /// `address` (OpenID Connect Core 5.1.1).
    pub address: Option<Address>,
    /// `updated_at` in seconds since the epoch.
    pub updated_at: Option<i64>,
}

impl Profile {
    /// The claims with those that the account itself holds. Who has no other name that is preferred, as accounts of an older
    /// program have none, is called by the user name.
    pub fn of_account(self, email: &str, email_verified: bool, username: &str, updated_at: Timestamp) -> Self {
        Self {
            email: Some(email.to_owned()),
            email_verified,
            updated_at: Some(updated_at.seconds()),
            preferred_username: self.preferred_username.or_else(|| Some(username.to_owned())),
            ..self
        }
    }
}

/// The `address` claim.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Address {
    /// The whole address for display.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub formatted: Option<String>,
    /// Street and number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street_address: Option<String>,
    /// City.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locality: Option<String>,
    /// State or region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// Country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

/// The claims about `subject` that `scope` allows (OpenID Connect Core 5.4); claims without a value are left out (5.3.2).
pub fn userinfo_claims(subject: &Subject, scope: &ScopeSet) -> Map<String, Value> {
    let mut claims = Map::new();
    claims.insert("sub".into(), subject.id.to_string().into());
    let profile = &subject.profile;
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            claims.insert(name.into(), value);
        }
    };
    let text = |value: &Option<String>| value.clone().map(Value::from);
    if scope.contains(ScopeSet::PROFILE) {
        put("name", text(&profile.name));
        put("given_name", text(&profile.given_name));
        put("family_name", text(&profile.family_name));
        put("middle_name", text(&profile.middle_name));
        put("nickname", text(&profile.nickname));
        put("preferred_username", text(&profile.preferred_username));
        put("profile", text(&profile.profile));
        put("picture", text(&profile.picture));
        put("website", text(&profile.website));
        put("gender", text(&profile.gender));
        put("birthdate", text(&profile.birthdate));
        put("zoneinfo", text(&profile.zoneinfo));
        put("locale", text(&profile.locale));
        put("updated_at", profile.updated_at.map(Value::from));
    }
    if scope.contains(ScopeSet::EMAIL) && profile.email.is_some() {
        put("email", text(&profile.email));
        put("email_verified", Some(profile.email_verified.into()));
    }
    if scope.contains(ScopeSet::PHONE) && profile.phone_number.is_some() {
        put("phone_number", text(&profile.phone_number));
        put("phone_number_verified", Some(profile.phone_number_verified.into()));
    }
    if scope.contains(ScopeSet::ADDRESS) {
        put("address", profile.address.as_ref().and_then(|address| serde_json::to_value(address).ok()));
    }
    let membership = Membership::of(subject, scope);
    put("roles", membership.roles.map(Value::from));
    put("groups", membership.groups.map(Value::from));
    put("tenant", membership.tenant.map(Value::from));
    claims
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{ALICE, scopes, subject};

    fn names(scope: &str) -> Vec<String> {
        let mut names: Vec<_> = userinfo_claims(&subject(), &scopes(scope)).keys().cloned().collect();
        names.sort();
        names
    }

    /// OpenID Connect Core 5.4.
    #[test]
    fn each_scope_opens_its_claims_and_no_others() {
        assert_eq!(names("openid"), ["sub"]);
        assert_eq!(names("openid profile"), ["name", "preferred_username", "sub"]);
        assert_eq!(names("openid email"), ["email", "email_verified", "sub"]);
        assert_eq!(names("openid groups"), ["groups", "roles", "sub"]);
        assert_eq!(names("openid phone address"), ["sub"], "OpenID Connect Core 5.3.2: no null, no empty values");
        assert_eq!(userinfo_claims(&subject(), &scopes("openid"))["sub"], ALICE);
    }
}
