//! The three systems that are known by name; their profiles are files like any other.

use super::Profile;

/// The built-in profiles: name and text.
pub const BUILT_IN: [(&str, &str); 3] = [
    ("authly", include_str!("builtin/authly.toml")),
    ("tenants", include_str!("builtin/tenants.toml")),
    ("legacy-users", include_str!("builtin/legacy-users.toml")),
];

impl Profile {
    /// The built-in profile of that name.
    pub fn built_in(name: &str) -> Option<Self> {
        let (_, text) = BUILT_IN.into_iter().find(|(known, _)| *known == name)?;
        Self::parse(text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_built_in_profile_is_sound_and_bears_its_name() {
        for (name, text) in BUILT_IN {
            let profile = Profile::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(profile.name, name);
            assert_eq!(Profile::built_in(name), Some(profile.clone()));
            assert_eq!(Profile::parse(&profile.to_toml()), Ok(profile), "{name} is not what it prints");
        }
        assert_eq!(Profile::built_in("others"), None);
    }
}
