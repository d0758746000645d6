//! Names, permissions and passwords at their limits: the pages still look right and fit a small phone.

use authly_browser_tests::{Person, Server, Window};

const LONG: &str = "The Extraordinarily Comprehensive Enterprise Resource Planning, Document Exchange and Donaudampfschifffahrtsgesellschaftskapitänsmützenverwaltung";
const MIXED: &str = "منصة البيانات – データ基盤 <b>&amp;</b> 🚀";
const NAME: &str = "Žofie Müller-Łukaszewska محمد 田中さん";
const EMAIL: &str = "zofie.a.very.long.local.part.that.nobody.types@subdomain.of.a.rather.long.domain.example";
/// 108 characters, 180 bytes.
const PASSWORD: &str =
    "пароль длиннее семидесяти двух байтов, который bcrypt обрезал бы молча, и всё же он действует до конца — 42!";

/// A server with a client of this name that may ask for thirty scopes, and what it asks.
fn prepared(name: &str) -> (Server, String) {
    let server = Server::start();
    let scopes: Vec<String> = (1..=26).map(|number| format!("records-{number}")).collect();
    for (number, scope) in scopes.iter().enumerate() {
        let description = match number % 3 {
            0 => format!("Read the records of department {number}"),
            1 => format!(
                "Change the records of department {number}, and see who changed them before, when, and for which reason they gave"
            ),
            _ => format!("Abteilung {number}: Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz lesen"),
        };
        server.admin(&["scope", "create", "--name", scope, "--description", &description], None);
    }
    let mut all = vec!["openid", "profile", "email", "offline_access"];
    all.extend(scopes.iter().map(String::as_str));
    let mut client = vec!["client", "create", "--client-id", "extreme", "--name", name, "--type", "public"];
    client.extend(["--redirect-uri", "https://a-rather-long-subdomain.of-a-rather-long-domain-name.example/callback"]);
    all.iter().for_each(|scope| client.extend(["--scope", scope]));
    server.admin(&client, None);
    server.create_person(EMAIL, "žofie", NAME, PASSWORD);
    let path = format!(
        "/authorize?response_type=code&client_id=extreme&state=s&code_challenge_method=S256\
         &redirect_uri=https%3A%2F%2Fa-rather-long-subdomain.of-a-rather-long-domain-name.example%2Fcallback\
         &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&scope={}",
        all.join("%20")
    );
    let url = server.url(&path);
    (server, url)
}

async fn goes_through(window: Window, name: &str, picture: &str) {
    let (server, url) = prepared(name);
    let person = Person::new(window).await;
    // The catalog is read again within a second of the command line's change.
    tokio::time::sleep(std::time::Duration::from_millis(2_500)).await;
    person.open(&url).await;
    person.finds_the_page_accessible().await;
    person.takes_a_picture(&format!("extremes/{picture}-sign-in")).await;
    let cut: String = PASSWORD.chars().take(45).collect();
    person.sign_in_as(EMAIL, &cut).await;
    assert!(!person.alert().await.is_empty(), "the first 72 bytes alone are not the password");
    person.finds_the_page_accessible().await;
    person.sign_in_as(EMAIL, PASSWORD).await;
    person.sees("wants to access your account").await;
    person.finds_the_page_accessible().await;
    person.takes_a_picture(&format!("extremes/{picture}-consent")).await;
    person.scrolls_down().await;
    person.takes_a_picture(&format!("extremes/{picture}-consent-end")).await;
    person.opens("Show 24 more").await;
    person.finds_the_page_accessible().await;
    person.takes_a_long_picture(&format!("extremes/{picture}-consent-open")).await;
    person.open(&server.url("/account")).await;
    person.finds_the_page_accessible().await;
    person.scrolls_down().await;
    person.takes_a_picture(&format!("extremes/{picture}-account")).await;
    person.leave().await;
}

#[tokio::test]
async fn a_long_name_and_thirty_permissions_fit_a_small_phone() {
    goes_through(Window::Phone, LONG, "long-phone").await;
}

#[tokio::test]
async fn names_in_several_scripts_fit_a_desk() {
    goes_through(Window::Desktop, MIXED, "mixed").await;
}
