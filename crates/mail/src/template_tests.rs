//! Tests of templates.

use authly_directory::mail::letter::Visitor;
use oauth_core::{time::Timestamp, token::OpaqueToken};

use super::*;

const TEXT: &str = "Subject: {{product}} for {{name}}\n\nHello {{ name }},\n\nfollow {{link}} until {{until}}.\n";

fn letter(name: &str) -> Letter {
    let token = OpaqueToken::presented(&"A".repeat(43)).unwrap();
    Letter {
        account: "ada@example.org".into(),
        visitor: Visitor::default(),
        at: Timestamp::from_seconds(0),
        link: Some((token, Timestamp::from_seconds(86_400))),
        invitation: Some(Invitation { name: Some(name.into()), ..Invitation::default() }),
    }
}

fn parse(text: &str, html: Option<&str>) -> Result<Template, TemplateInvalid> {
    Template::parse(Path::new("mail.txt"), text, html.map(|html| (Path::new("mail.html"), html)))
}

fn why(text: &str, html: Option<&str>) -> String {
    parse(text, html).unwrap_err().to_string()
}

#[test]
fn placeholders_are_filled_in() {
    let words = parse(TEXT, None).unwrap().fill(&letter("Ada"), "Nordwind", "https://x/y").unwrap();
    assert_eq!(words.subject, "Nordwind for Ada");
    assert_eq!(words.text, "Hello Ada,\n\nfollow https://x/y until 1970-01-02.\n");
    assert_eq!(words.html, None);
}

#[test]
fn values_add_neither_markup_nor_lines() {
    let html = "<style>a{color:red}@media print{b{c:d}}</style><p title=\"{{name}}\">{{name}} {{link}}";
    let template = parse(TEXT, Some(html)).unwrap();
    let hostile = "<script>\"'&\r\nBcc: eve@example.org";
    let words = template.fill(&letter(hostile), "Nordwind", "https://x/?a=1&b=2").unwrap();
    assert_eq!(words.subject, "Nordwind for <script>\"'&Bcc: eve@example.org");
    assert!(words.text.starts_with("Hello <script>\"'&Bcc: eve@example.org,\n"));
    let shown = "&lt;script&gt;&quot;&#39;&amp;Bcc: eve@example.org";
    assert_eq!(
        words.html.unwrap(),
        format!(
            "<style>a{{color:red}}@media print{{b{{c:d}}}}</style><p title=\"{shown}\">{shown} https://x/?a=1&amp;b=2"
        )
    );
}

#[test]
fn a_value_is_never_read_as_a_placeholder() {
    let words = parse(TEXT, None).unwrap().fill(&letter("{{link}}"), "Nordwind", "https://x/y").unwrap();
    assert_eq!(words.subject, "Nordwind for {{link}}");
}

#[test]
fn errors_name_the_line_and_the_placeholder() {
    assert_eq!(
        why("Subject: x\n\n{{link}}\n\nHello {{nmae}}\n", None),
        "mail.txt, line 5: there is no placeholder {{nmae}}; there are {{account}}, {{ends}}, {{guide}}, \
         {{integration_guide}}, {{link}}, {{name}}, {{product}}, {{support}}, {{until}}"
    );
    assert_eq!(why("Subject: x\n\n{{link\n}}\n", None), "mail.txt, line 3: `{{` has no `}}` on the same line");
    assert!(why("Hello\n\n{{link}}", None).starts_with("mail.txt, line 1: the first line must be"));
    assert!(why("Subject: x\nHello\n{{link}}", None).starts_with("mail.txt, line 2: an empty line"));
    assert!(why("Subject: {{link}}\n\n{{link}}", None).starts_with("mail.txt, line 1: {{link}} does not belong"));
    assert!(why("Subject: x\n\nHello", None).starts_with("mail.txt: {{link}} is missing"));
    assert!(why(TEXT, Some("<p>Hello")).starts_with("mail.html: {{link}} is missing"));
    assert!(why(TEXT, Some("<p>{{link}}\n<p>{{x}}")).starts_with("mail.html, line 2: there is no placeholder {{x}}"));
}

#[test]
fn a_placeholder_without_a_value_is_found_before_anything_is_written() {
    let template = parse("Subject: x\n\n{{link}}\nuntil {{ends}}, see {{guide}}\n", None).unwrap();
    let nothing = Invitation::default();
    let error = template.check(&nothing).unwrap_err().to_string();
    assert_eq!(error, "mail.txt, line 4: {{ends}} has no value: add --ends DATE, or a policy with --until");
    let dated = Invitation { ends: Some(Timestamp::from_seconds(0)), ..nothing };
    assert!(template.check(&dated).unwrap_err().to_string().contains("{{guide}} has no value: add --guide URL"));
    template.check(&Invitation { guide: Some("https://example.org".into()), ..dated }).unwrap();
    assert!(template.fill(&letter("Ada"), "Nordwind", "https://x/y").is_none());
}

#[test]
fn a_template_is_a_file_or_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mail.txt");
    assert!(matches!(Template::read(folder.path()), Err(TemplateInvalid::File { .. })));
    std::fs::write(&file, TEXT).unwrap();
    assert!(Template::read(&file).unwrap().html.is_none());
    std::fs::write(folder.path().join("mail.html"), "<a href=\"{{link}}\">{{link}}</a>").unwrap();
    for path in [folder.path(), &file] {
        assert!(Template::read(path).unwrap().html.is_some());
    }
    std::fs::write(&file, "x".repeat(70_000)).unwrap();
    assert!(Template::read(&file).unwrap_err().to_string().ends_with("it is larger than 65536 bytes"));
    std::fs::write(&file, [0xff, 0xfe]).unwrap();
    assert!(matches!(Template::read(&file), Err(TemplateInvalid::File { .. })));
}
