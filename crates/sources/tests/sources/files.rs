//! Files of CSV, JSON and NDJSON: one content, one result; and what is wrong with them, by line.

use std::fs;

use authly_cutover::{
    profile::{Profile, value},
    source::{Source as _, Value},
};
use tempfile::TempDir;

use crate::support::{all, keys, open, people, text};

const CSV: &str = "\u{feff}id,e-mail,\"full\"\"name\",hash,made,changed,is active\n\
    b,B@x.example,\"O'Hara, \"\"B\"\"\",$2b$12$x,2024-01-01 00:00:00,,true\n\
    10,,,\\N,,,0\n\
    a,a@x.example,\"two\nlines\",,,,1\n";
const NDJSON: &str = concat!(
    r#"{"id":"b","e-mail":"B@x.example","full\"name":"O'Hara, \"B\"","hash":"$2b$12$x","made":"2024-01-01 00:00:00","is active":true}"#,
    "\n\n",
    r#"{"id":10,"is active":0,"hash":null,"changed":null}"#,
    "\n",
    r#"{"is active":1,"full\"name":"two\nlines","e-mail":"a@x.example","id":"a"}"#,
);

fn file(name: &str, content: impl AsRef<[u8]>) -> (TempDir, String) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    let address = path.display().to_string();
    (folder, address)
}

async fn refusal(name: &str, content: &str) -> String {
    let (_folder, address) = file(name, content);
    match open(&address, &people()).await {
        Ok(_) => panic!("{name} was opened"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn one_content_in_three_forms_is_one_source() {
    let array = format!("[{}]", NDJSON.lines().filter(|line| !line.is_empty()).collect::<Vec<_>>().join(","));
    let mut found = Vec::new();
    for (name, content) in [("p.csv", CSV), ("p.ndjson", NDJSON), ("p.json", array.as_str())] {
        let (_folder, address) = file(name, content);
        let mut source = open(&address, &people()).await.unwrap();
        let rows = all(&mut source, 2).await;
        assert_eq!(keys(&rows), ["10", "a", "b"], "{name}");
        assert_eq!(source.count(None).await.unwrap(), 3);
        assert_eq!(rows[0].column("e-mail"), &Value::Null);
        assert_eq!(rows[0].column("hash"), &Value::Null);
        assert_eq!(rows[1].column("full\"name"), &text("two\nlines"));
        assert_eq!(rows[2].column("full\"name"), &text("O'Hara, \"B\""));
        let bound = source.profile().clone();
        let people: Vec<_> = rows.iter().map(|row| bound.person(row, &Default::default())).collect();
        found.push(people);
    }
    assert_eq!(found[0], found[1]);
    assert_eq!(found[1], found[2]);
}

#[tokio::test]
async fn what_is_wrong_is_named_by_line() {
    assert!(
        refusal("p.csv", "id,e-mail\n1,a\n2\n")
            .await
            .contains("p.csv, line 3: has 1 fields where the first line names 2")
    );
    assert!(refusal("p.csv", "id,id\n").await.contains("line 1: names the column \"id\" twice"));
    assert!(refusal("p.csv", "id,ID\n").await.contains("differ only by case"));
    assert!(refusal("p.ndjson", "{\"id\":1}\nnonsense secret\n").await.contains("p.ndjson, line 2: "));
    assert!(refusal("p.json", "[{\"id\":1}, 5]").await.contains("line 1, column"));
    assert!(refusal("p.json", "{\"users\":[]}").await.contains("is not what is wanted: JSON objects, in one array"));
    assert!(refusal("p.json", "[{\"id\":1}] x").await.contains("trailing characters"));
    let secret = refusal("p.json", "[\"hunter2\"]").await;
    assert!(!secret.contains("hunter2"), "{secret}");
}

#[tokio::test]
async fn keys_that_are_missing_or_doubled_are_refused() {
    let columns = "id,e-mail,\"full\"\"name\",hash,made,changed,is active\n";
    let said = refusal("p.csv", &format!("{columns}1,,,,,,\n1,,,,,,\n,,,,,,1\n")).await;
    assert!(said.contains("1 row has none, and 1 has another's"), "{said}");
}

#[tokio::test]
async fn no_record_at_all_is_an_empty_source() {
    for (name, content) in [("p.json", "[]"), ("p.ndjson", ""), ("p.csv", CSV.lines().next().unwrap())] {
        let (_folder, address) = file(name, content);
        let mut source = open(&address, &people()).await.unwrap();
        assert_eq!(source.count(None).await.unwrap(), 0, "{name}");
        assert!(all(&mut source, 10).await.is_empty());
    }
}

#[tokio::test]
async fn bytes_that_are_no_text_and_monsters_are_marked() {
    let mut csv = b"id,e-mail,\"full\"\"name\",hash,made,changed,is active\n1,\xff@x,".to_vec();
    csv.extend(std::iter::repeat_n(b'n', 10_000));
    csv.push(b',');
    csv.extend(std::iter::repeat_n(b'h', 200_000));
    csv.extend(b",,,\n");
    let (_folder, address) = file("p.csv", csv);
    let rows = all(&mut open(&address, &people()).await.unwrap(), 10).await;
    assert_eq!(rows[0].column("e-mail"), &Value::Unreadable(value::NOT_UTF8.to_owned()));
    assert_eq!(rows[0].column("full\"name"), &text(&"n".repeat(10_000)));
    assert_eq!(rows[0].column("hash"), &Value::Unreadable(value::TOO_LONG.to_owned()));
}

#[tokio::test]
async fn other_tables_lie_beside_the_file() {
    let folder = TempDir::new().unwrap();
    let users = "user_id,tenant_id,email,full_name,password_hash,role,status,deleted_at,last_login_at\n7,t1,a@x.example,A,,admin,active,,\n";
    fs::write(folder.path().join("users.csv"), users).unwrap();
    fs::write(
        folder.path().join("tenants.json"),
        r#"[{"tenant_id":"t1","slug":"A b","name":null,"status":"active","deleted_at":null}]"#,
    )
    .unwrap();
    let profile = Profile::built_in("tenants").unwrap();
    for address in [folder.path().to_owned(), folder.path().join("users.csv")] {
        let mut source = open(&address.display().to_string(), &profile).await.unwrap();
        let tenants = source.tenants().await.unwrap();
        let tenant = source.profile().tenant(&tenants[0]);
        assert_eq!((tenant.slug.as_str(), tenant.active), ("a-b", true));
        assert!(source.profile().lacking.contains(&"groups".to_owned()));
    }
}
