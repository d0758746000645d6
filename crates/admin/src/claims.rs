//! Standard claims of a person by their names, as an administrator writes them (OpenID Connect Core 5.1).

use std::collections::BTreeMap;

use oauth_core::{
    claims::{Address, Profile},
    text,
};

use crate::AdminError;

/// Claims that are texts. `name` has an option of its own; `email` and the user name belong to the account.
const TEXTS: [&str; 10] = [
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "phone_number",
];

/// Claims that are addresses of pages or pictures.
const LINKS: [&str; 3] = ["profile", "picture", "website"];

/// Members of the claim `address`.
const ADDRESS: [&str; 6] = [
    "address.formatted",
    "address.street_address",
    "address.locality",
    "address.region",
    "address.postal_code",
    "address.country",
];

const PHONE_VERIFIED: &str = "phone_number_verified";

/// Sets the claims that are written as `NAME=VALUE`; one without a value is removed.
pub fn set(profile: &mut Profile, assignments: &[String]) -> Result<(), AdminError> {
    assignments.iter().try_for_each(|assignment| {
        let (name, value) =
            assignment.split_once('=').ok_or_else(|| refused(format!("{assignment:?} is not NAME=VALUE")))?;
        set_one(profile, name.trim(), value.trim())
    })
}

fn set_one(profile: &mut Profile, name: &str, value: &str) -> Result<(), AdminError> {
    if name == PHONE_VERIFIED {
        profile.phone_number_verified = match value {
            "true" => true,
            "false" | "" => false,
            _ => return Err(refused(format!("{name} is true or false"))),
        };
        return Ok(());
    }
    let limit = if LINKS.contains(&name) { 2_000 } else { 255 };
    let value = match value {
        "" => None,
        value => {
            let value = text::line(value, limit).map_err(|error| refused(format!("{name} {error}")))?;
            judge(name, value)?;
            Some(value.to_owned())
        }
    };
    if let Some(field) = field(profile, name) {
        // Nobody has verified another number.
        let another = name == "phone_number" && *field != value;
        *field = value;
        profile.phone_number_verified &= !another;
        return Ok(());
    }
    let mut address = profile.address.take().unwrap_or_default();
    let known = part(&mut address, name).map(|part| *part = value).is_some();
    profile.address = Some(address).filter(|address| *address != Address::default());
    if known {
        Ok(())
    } else {
        Err(refused(format!("there is no claim {name:?} to be set here; there are {}", names())))
    }
}

/// The claims that [`set`] knows and that have a value, as it takes them.
pub fn shown(profile: &Profile) -> BTreeMap<&'static str, String> {
    let mut profile = profile.clone();
    let mut address = profile.address.take().unwrap_or_default();
    let verified = profile.phone_number_verified.then(|| (PHONE_VERIFIED, "true".to_owned()));
    let mut found: BTreeMap<_, _> = verified.into_iter().collect();
    for name in TEXTS.into_iter().chain(LINKS) {
        found.extend(field(&mut profile, name).and_then(Option::take).map(|value| (name, value)));
    }
    for name in ADDRESS {
        found.extend(part(&mut address, name).and_then(Option::take).map(|value| (name, value)));
    }
    found
}

/// What the specification says about the value (OpenID Connect Core 5.1).
fn judge(name: &str, value: &str) -> Result<(), AdminError> {
    if LINKS.contains(&name) && !url::Url::parse(value).is_ok_and(|url| matches!(url.scheme(), "https" | "http")) {
        return Err(refused(format!("{name} is not the URL of a page or picture")));
    }
    if name == "birthdate" && !is_date(value) {
        return Err(refused("birthdate is written YYYY-MM-DD, 0000-MM-DD without the year, or YYYY".to_owned()));
    }
    Ok(())
}

/// ISO 8601-1 date or year; `0000` stands for a year that is left out.
fn is_date(value: &str) -> bool {
    let number = |text: &str, digits: usize, most: u32| {
        text.len() == digits
            && text.bytes().all(|b| b.is_ascii_digit())
            && text.parse::<u32>().is_ok_and(|number| number <= most)
    };
    match value.split('-').collect::<Vec<_>>().as_slice() {
        [year] => number(year, 4, 9999),
        [year, month, day] => {
            number(year, 4, 9999) && number(month, 2, 12) && number(day, 2, 31) && *month != "00" && *day != "00"
        }
        _ => false,
    }
}

fn field<'a>(profile: &'a mut Profile, name: &str) -> Option<&'a mut Option<String>> {
    Some(match name {
        "given_name" => &mut profile.given_name,
        "family_name" => &mut profile.family_name,
        "middle_name" => &mut profile.middle_name,
        "nickname" => &mut profile.nickname,
        "preferred_username" => &mut profile.preferred_username,
        "profile" => &mut profile.profile,
        "picture" => &mut profile.picture,
        "website" => &mut profile.website,
        "gender" => &mut profile.gender,
        "birthdate" => &mut profile.birthdate,
        "zoneinfo" => &mut profile.zoneinfo,
        "locale" => &mut profile.locale,
        "phone_number" => &mut profile.phone_number,
        _ => return None,
    })
}

fn part<'a>(address: &'a mut Address, name: &str) -> Option<&'a mut Option<String>> {
    Some(match name {
        "address.formatted" => &mut address.formatted,
        "address.street_address" => &mut address.street_address,
        "address.locality" => &mut address.locality,
        "address.region" => &mut address.region,
        "address.postal_code" => &mut address.postal_code,
        "address.country" => &mut address.country,
        _ => return None,
    })
}

fn names() -> String {
    TEXTS.into_iter().chain([PHONE_VERIFIED]).chain(LINKS).chain(ADDRESS).collect::<Vec<_>>().join(", ")
}

fn refused(why: String) -> AdminError {
    AdminError::invalid("claim", why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(assignments: &[&str]) -> Result<Profile, AdminError> {
        let mut profile = Profile::default();
        set(&mut profile, &assignments.iter().map(|&text| text.to_owned()).collect::<Vec<_>>()).map(|()| profile)
    }

    #[test]
    fn every_claim_can_be_set_shown_and_removed() {
        let value = |name: &str| match name {
            "birthdate" => "1815-12-10",
            _ if LINKS.contains(&name) => "https://ada.example/",
            _ => "x=y",
        };
        let all = TEXTS.into_iter().chain(LINKS).chain(ADDRESS);
        let assignments: Vec<String> = all.clone().map(|name| format!("{name}={}", value(name))).collect();
        let mut profile = Profile::default();
        set(&mut profile, &assignments).unwrap();
        set(&mut profile, &["phone_number_verified=true".to_owned()]).unwrap();
        let shown = shown(&profile);
        assert!(all.clone().all(|name| shown.get(name).is_some_and(|found| found == value(name))), "{shown:?}");
        assert_eq!(shown.len(), all.clone().count() + 1);
        let removed: Vec<String> = all.chain([PHONE_VERIFIED]).map(|name| format!("{name}=")).collect();
        set(&mut profile, &removed).unwrap();
        assert_eq!(profile, Profile::default());
    }

    #[test]
    fn another_number_is_not_verified() {
        let mut profile = edited(&["phone_number=+44 1", "phone_number_verified=true"]).unwrap();
        set(&mut profile, &["phone_number=+44 1".to_owned()]).unwrap();
        assert!(profile.phone_number_verified);
        set(&mut profile, &["phone_number=+44 2".to_owned()]).unwrap();
        assert!(!profile.phone_number_verified);
    }

    #[test]
    fn what_is_no_claim_or_no_value_of_it_is_refused_by_name() {
        for wrong in [
            "nickname",
            "email=a@b.example",
            "sub=1",
            "is_admin=true",
            "address=Berlin",
            "picture=javascript:alert(1)",
            "birthdate=10.12.1815",
            "birthdate=1815-13-01",
            "phone_number_verified=perhaps",
            "nickname=a\u{1b}b",
        ] {
            assert!(matches!(edited(&[wrong]), Err(AdminError::Invalid { field: "claim", .. })), "{wrong}");
        }
        assert!(edited(&["birthdate=1815", "birthdate=0000-12-10"]).is_ok());
    }
}
