//! Profiles, and a source read to its end.

use authly_cutover::{
    profile::Profile,
    source::{PageAsk, Source as _, SourceRow, Value},
};
use authly_sources::{OpenError, OpenSource, SourceAddress};

/// A profile over a table `people` with odd names.
pub(crate) const PEOPLE: &str = r#"
name = "people"
[users]
table = "people"
key = "id"
active = { column = "is active", equals = true }
[users.columns]
email = "e-mail"
full_name = "full\"name"
password_hash = "hash"
created_at = "made"
updated_at = "changed"
"#;

pub(crate) fn people() -> Profile {
    Profile::parse(PEOPLE).unwrap()
}

pub(crate) async fn open(address: &str, profile: &Profile) -> Result<OpenSource, OpenError> {
    authly_sources::open(&SourceAddress::parse(address).unwrap(), profile).await
}

/// All rows, by pages of this size.
pub(crate) async fn all(source: &mut OpenSource, limit: u32) -> Vec<SourceRow> {
    let (mut rows, mut after) = (Vec::new(), None);
    loop {
        let page = source.rows(PageAsk { after, limit, since: None }).await.unwrap();
        let last = page.len() < limit as usize;
        after = page.last().map(|row| row.id.clone());
        rows.extend(page);
        if last {
            return rows;
        }
    }
}

pub(crate) fn keys(rows: &[SourceRow]) -> Vec<&str> {
    rows.iter().map(|row| row.id.as_str()).collect()
}

pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}
