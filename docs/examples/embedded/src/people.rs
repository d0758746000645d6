//! The application's own users. The protocol never sees a password; it is told who somebody is.

use std::collections::HashMap;

use argon2::{
    Argon2,
    password_hash::{self, PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use oauth_core::{
    claims::Profile,
    ids::UserId,
    subject::{AccountStatus, Subject},
    time::Timestamp,
};

struct Person {
    id: UserId,
    name: String,
    password_hash: String,
    created_at: Timestamp,
}

/// The table of users, by e-mail address.
pub struct People {
    rows: HashMap<String, Person>,
    /// What an unknown address is checked against, so that it takes as long as a known one.
    decoy: String,
}

impl People {
    pub(crate) fn new() -> Result<Self, password_hash::Error> {
        Ok(Self { rows: HashMap::new(), decoy: hash("nobody's password")? })
    }

    pub(crate) fn add(
        &mut self,
        id: UserId,
        email: &str,
        name: &str,
        password: &str,
        created_at: Timestamp,
    ) -> Result<(), password_hash::Error> {
        let person = Person { id, name: name.to_owned(), password_hash: hash(password)?, created_at };
        self.rows.insert(email.to_owned(), person);
        Ok(())
    }

    /// The account that this password opens. Takes its time: call it where threads may be busy.
    pub fn sign_in(&self, email: &str, password: &str) -> Option<UserId> {
        let person = self.rows.get(email);
        let stored = person.map_or(&self.decoy, |person| &person.password_hash);
        let fits = PasswordHash::new(stored)
            .is_ok_and(|stored| Argon2::default().verify_password(password.as_bytes(), &stored).is_ok());
        person.filter(|_| fits).map(|person| person.id)
    }

    /// The users as the protocol sees them; only `id` is needed, the rest becomes claims.
    pub(crate) fn subjects(&self) -> impl Iterator<Item = Subject> {
        self.rows.iter().map(|(email, person)| Subject {
            id: person.id,
            status: AccountStatus::Active,
            is_locked: false,
            is_admin: false,
            tenant: None,
            roles: Vec::new(),
            groups: Vec::new(),
            policy: None,
            created_at: person.created_at,
            profile: Profile {
                name: Some(person.name.clone()),
                email: Some(email.clone()),
                email_verified: true,
                ..Profile::default()
            },
        })
    }
}

fn hash(password: &str) -> Result<String, password_hash::Error> {
    Ok(Argon2::default().hash_password(password.as_bytes())?.to_string())
}
