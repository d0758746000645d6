//! What holds for every page: escaping, a strict policy, forms and accessible structure.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::{fs, path::Path};

use authly_pages::*;

use common::{everything, frame};

const HOSTILE: [&str; 6] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' autofocus onfocus='alert(1)",
    "{{ 7 * 7 }}</title><svg/onload=alert(1)>",
    "javascript:alert(1)",
    "\u{202e}<b>\u{0000}&lt;",
];

#[test]
fn no_text_from_outside_becomes_markup() {
    let calm: Vec<(&str, String)> = everything("x", &frame());
    for hostile in HOSTILE {
        for ((name, html), (_, calm)) in everything(hostile, &frame()).into_iter().zip(&calm) {
            for evil in ["<script>", "<img src=x", "<svg/", "</title><", "' autofocus", "<b>"] {
                assert!(!html.contains(evil), "{name} lets {evil} through");
            }
            // A logo is shown or not by what its path is, and nothing else may change the tags.
            let tags = |html: &str| html.matches('<').count() - html.matches("class=\"logo\"").count();
            assert!(tags(&html).abs_diff(tags(calm)) <= 3, "{name}: {} tags instead of {}", tags(&html), tags(calm));
            assert!(!html.contains("href=\"javascript:") && !html.contains("src=\"javascript:"), "{name}");
        }
    }
}

#[test]
fn the_name_of_the_installation_is_escaped_too() {
    let frame = Frame { product: HOSTILE[1], request_id: HOSTILE[0], ..frame() };
    for (name, html) in everything("x", &frame) {
        assert!(!html.contains("<img src=x") && !html.contains("<script>"), "{name}");
    }
}

#[test]
fn no_page_needs_an_exception_from_a_strict_policy() {
    for (name, html) in everything("x", &frame()) {
        for forbidden in [
            " style=",
            "<style",
            " onclick",
            " onload",
            " onsubmit",
            "javascript:",
            "src=\"http",
            "src=\"//",
            "<link rel=\"stylesheet\" href=\"http",
        ] {
            assert!(!html.contains(forbidden), "{name}: {forbidden}");
        }
        let scripts = html.matches("<script").count();
        assert_eq!(
            scripts,
            usize::from(["account", "form-post"].contains(&name) || name.starts_with("migration")),
            "{name}"
        );
        assert_eq!(scripts, html.matches("<script src=\"/assets/").count(), "{name}");
    }
}

#[test]
fn no_template_switches_the_escaping_off() {
    for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("templates")).unwrap() {
        let path = file.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains("|safe") && !text.contains("| safe") && !text.contains("escape"), "{}", path.display());
    }
}

#[test]
fn every_page_states_its_language_title_and_one_heading() {
    for locale in Locale::all() {
        let frame = Frame { locale, ..frame() };
        for (name, html) in everything("x", &frame) {
            assert!(html.starts_with("<!doctype html>"), "{name}");
            assert!(html.contains(&format!("<html lang=\"{}\" dir=\"ltr\">", locale.tag())), "{name}");
            assert_eq!(html.matches("<h1").count(), 1, "{name}");
            assert_eq!(html.matches("<main").count(), 1, "{name}");
            assert!(html.contains(" · Northwind</title>") && !html.contains("<title> "), "{name}");
            assert!(html.contains("name=\"viewport\""), "{name}");
        }
    }
}

#[test]
fn every_post_form_is_bound_to_the_browser() {
    for (name, html) in everything("token-1", &frame()) {
        if name == "form-post" {
            continue;
        }
        for form in html.split("<form").skip(1) {
            let form = form.split("</form>").next().unwrap();
            if form.contains("method=\"get\"") {
                // What only looks needs no token, and must carry none into an address.
                assert!(!form.contains("csrf") && !form.contains("method=\"post\""), "{name}");
                continue;
            }
            assert!(form.contains("method=\"post\""), "{name}");
            assert!(form.contains("name=\"csrf\" value=\"token-1\""), "{name}");
        }
    }
}

#[test]
fn every_visible_field_has_a_label_and_every_id_is_unique() {
    for (name, html) in everything("x", &frame()) {
        let ids: Vec<&str> = html.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        for id in &ids {
            assert_eq!(ids.iter().filter(|other| *other == id).count(), 1, "{name}: {id}");
        }
        for input in html.split("<input").skip(1).map(|rest| rest.split('>').next().unwrap()) {
            if ["type=\"hidden\"", "type=\"checkbox\"", "class=\"hidden\"", "type=\"radio\""]
                .iter()
                .any(|kind| input.contains(kind))
            {
                continue;
            }
            let id =
                input.split(" id=\"").nth(1).unwrap_or_else(|| panic!("{name}: {input}")).split('"').next().unwrap();
            assert!(html.contains(&format!("<label for=\"{id}\">")), "{name}: {id}");
        }
        for described in html.split("aria-describedby=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            for id in described.split(' ') {
                assert!(ids.contains(&id), "{name}: nothing has the id {id}");
            }
        }
    }
}

#[test]
fn long_and_foreign_names_stay_whole() {
    let mail = format!("{}@example.com", "a".repeat(288));
    let name = "名".repeat(255);
    for (page, html) in everything(&mail, &frame()) {
        if ["sign-in", "consent", "register", "sign-out", "account"].contains(&page) {
            assert!(html.contains(&mail), "{page}");
        }
    }
    assert!(
        everything(&name, &frame()).iter().any(|(_, html)| html.contains(&name) && html.contains("class=\"long\""))
    );
}
