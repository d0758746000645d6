//! An adopted database keeps the older program's addresses until that program is gone.

mod support;

use authly_directory::{
    store::AccountRepository as _,
    uniqueness::{EmailUniqueness, UniquenessChange},
};
use oauth_core::audit::AuditKind;

#[tokio::test]
async fn each_tenant_gets_its_own_addresses_only_when_no_older_program_shares_the_database() {
    let database = support::older(support::WITH_OAUTH).await;
    let store = support::store(&database);
    store.migrate().await.unwrap();
    let change =
        async |wanted| store.set_email_uniqueness(wanted, support::audit(AuditKind::SettingChanged)).await.unwrap();
    assert_eq!(change(EmailUniqueness::PerTenant).await, UniquenessChange::SharedWithOlderProgram);
    assert_eq!(store.email_uniqueness().await.unwrap(), EmailUniqueness::Global);
    let keys = async || -> i64 {
        let sql = "SELECT count(*) FROM pg_indexes WHERE tablename = 'users' AND indexdef LIKE '%UNIQUE%(email)'";
        database.client().await.query_one(sql, &[]).await.unwrap().get(0)
    };
    assert!(keys().await > 0, "the older program's key stays");

    let gone = "UPDATE settings SET value = 'false' WHERE name = 'shared_with_older_program'";
    database.client().await.batch_execute(gone).await.unwrap();
    assert_eq!(change(EmailUniqueness::PerTenant).await, UniquenessChange::Applied);
    assert_eq!(keys().await, 0, "whatever its name was");
    assert_eq!(store.differences().await.unwrap(), Vec::<String>::new(), "the schema is still one of ours");
    assert!(store.pending().await.unwrap().is_empty());
    assert!(store.migrate().await.unwrap().rebuilt.is_empty());
}
