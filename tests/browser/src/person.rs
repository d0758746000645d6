//! A person at a browser, who reads labels and presses buttons.

use std::time::{Duration, Instant};

use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{EMAIL, PASSWORD, accessibility, variable};

/// How big the browser's window is.
#[derive(Clone, Copy, Debug)]
pub enum Window {
    /// A window on a desk.
    Desktop,
    /// The same at night: the system prefers dark colours.
    Dark,
    /// A small phone, 320 pixels wide: the narrowest that must work.
    Phone,
    /// The same at night.
    PhoneDark,
}

impl Window {
    /// What a picture of this window is called.
    pub fn named(self, name: &str) -> String {
        let suffix = match self {
            Self::Desktop => "",
            Self::Dark => "-dark",
            Self::Phone => "-phone",
            Self::PhoneDark => "-phone-dark",
        };
        format!("{name}{suffix}")
    }
}

/// How long a person waits for something to appear.
const PATIENCE: Duration = Duration::from_secs(20);

const NEW_PAGE: &str = "return !window.isTheOldPage && document.readyState === 'complete'";

/// A person with a fresh browser.
#[derive(Debug)]
pub struct Person {
    client: Client,
    _profile: TempDir,
}

impl Person {
    /// Opens a fresh browser.
    pub async fn new(window: Window) -> Self {
        let profile = TempDir::new().unwrap();
        let (width, height) = match window {
            Window::Desktop | Window::Dark => (1000, 800),
            Window::Phone | Window::PhoneDark => (320, 640),
        };
        let mut arguments = vec![
            "--headless".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--disable-quic".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            "--no-first-run".to_owned(),
            "--hide-scrollbars".to_owned(),
            "--lang=en-US".to_owned(),
            format!("--window-size={width},{height}"),
        ];
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        if matches!(window, Window::Dark | Window::PhoneDark) {
            arguments.push("--blink-settings=preferredColorScheme=0".to_owned());
        }
        let mut options = json!({"binary": variable("AUTHLY_TEST_CHROMIUM"), "args": arguments});
        if matches!(window, Window::Phone | Window::PhoneDark) {
            let metrics = json!({"width": width, "height": height, "pixelRatio": 2.0, "touch": true});
            options["mobileEmulation"] = json!({"deviceMetrics": metrics});
        }
        let capabilities = json!({"goog:chromeOptions": options});
        let capabilities = capabilities.as_object().cloned().unwrap();
        let mut builder = ClientBuilder::native();
        let client = builder.capabilities(capabilities).connect(&variable("AUTHLY_TEST_WEBDRIVER")).await.unwrap();
        Self { client, _profile: profile }
    }

    /// Opens an address.
    pub async fn open(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    /// Types into the field with this label.
    pub async fn fill(&self, label: &str, text: &str) {
        let found = self.wait(&format!("//label[normalize-space()='{label}']")).await;
        let id = found.attr("for").await.unwrap().unwrap_or_else(|| panic!("the label {label} belongs to no field"));
        let field = self.client.find(Locator::Id(&id)).await.unwrap();
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Presses the button or follows the link with this text, and waits for the page that comes then.
    pub async fn press(&self, text: &str) {
        self.press_control(text, &format!("//*[self::button or self::a][normalize-space()='{text}']")).await;
    }

    /// Presses the button of which this is a part.
    pub async fn press_part(&self, text: &str) {
        self.press_control(text, &format!("//button[.//*[normalize-space()='{text}']]")).await;
    }

    async fn press_control(&self, text: &str, xpath: &str) {
        let control = self.wait(xpath).await;
        self.client.execute("window.isTheOldPage = true", Vec::new()).await.unwrap();
        control.click().await.unwrap();
        let begin = Instant::now();
        // Between two pages there is nothing that could be asked.
        while self.client.execute(NEW_PAGE, Vec::new()).await.ok() != Some(Value::Bool(true)) {
            assert!(begin.elapsed() < PATIENCE, "nothing came after {text} on {}", self.address().await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Opens a fold of the page.
    pub async fn opens(&self, text: &str) {
        self.wait(&format!("//summary[contains(normalize-space(), '{text}')]")).await.click().await.unwrap();
    }

    /// Waits until the page's heading holds this text.
    pub async fn sees(&self, heading: &str) {
        self.wait(&format!("//h1[contains(normalize-space(), '{heading}')]")).await;
    }

    /// The alert of the page.
    pub async fn alert(&self) -> String {
        self.wait("//*[@role='alert']").await.text().await.unwrap()
    }

    /// Everything that can be read on the page.
    pub async fn text(&self) -> String {
        self.wait("//body").await.text().await.unwrap()
    }

    /// Where the browser is.
    pub async fn address(&self) -> String {
        self.client.current_url().await.unwrap().to_string()
    }

    /// Goes back, as with the browser's button.
    pub async fn go_back(&self) {
        self.client.back().await.unwrap();
    }

    /// Signs in as the account that [`Server::create_account`](crate::Server::create_account) made.
    pub async fn sign_in(&self) {
        self.sign_in_with(PASSWORD).await;
    }

    /// Tries to sign in with a password.
    pub async fn sign_in_with(&self, password: &str) {
        self.sign_in_as(EMAIL, password).await;
    }

    /// Tries to sign in as somebody else.
    pub async fn sign_in_as(&self, identifier: &str, password: &str) {
        self.fill("Email or username", identifier).await;
        self.fill("Password", password).await;
        self.press("Sign in").await;
    }

    /// Whether pages are told that dark colours are wanted.
    pub async fn prefers_dark_colours(&self) -> bool {
        const ASK: &str = "return matchMedia('(prefers-color-scheme: dark)').matches";
        self.client.execute(ASK, Vec::new()).await.unwrap() == Value::Bool(true)
    }

    /// Fails if the page breaks a rule of WCAG 2.2 AA that a machine can check, or is wider than the window.
    pub async fn finds_the_page_accessible(&self) {
        accessibility::check(&self.client).await;
    }

    /// Keeps a picture of the whole page, however long it is: the window is made higher for it. (An emulated phone keeps its
    /// height and shows the page from its top.)
    pub async fn takes_a_long_picture(&self, name: &str) {
        /// What the window has around the page.
        const FRAME: u32 = 160;
        const HEIGHT: &str = "return Math.ceil(document.documentElement.scrollHeight)";
        let (width, height) = self.client.get_window_size().await.unwrap();
        let size = |size: u64| u32::try_from(size).unwrap();
        let page = self.client.execute(HEIGHT, Vec::new()).await.unwrap().as_u64().unwrap();
        self.client.set_window_size(size(width), size(page) + FRAME).await.unwrap();
        self.takes_a_picture(name).await;
        self.client.set_window_size(size(width), size(height)).await.unwrap();
    }

    /// Where the values of a column begin or end, table by table: one place for each, if they stand below one another. Values of tables
    /// that become lists on a phone begin in line; the last column of the others ends in line.
    pub async fn columns(&self) -> Vec<u64> {
        const ASK: &str = "const places = (table, cells, edge) => new Set([...table.querySelectorAll(cells)]
            .filter((cell) => cell.textContent.trim() !== '').map((cell) => {
              const text = document.createRange();
              text.selectNodeContents(cell);
              return Math.round(text.getBoundingClientRect()[edge]);
            })).size;
            return [...document.querySelectorAll('table.stacked')].map((table) => places(table, 'td[data-label]', 'left'))
              .concat([...document.querySelectorAll('table.bars')].map((table) => places(table, 'tr > :last-child', 'right')))";
        let found = self.client.execute(ASK, Vec::new()).await.unwrap();
        found.as_array().unwrap().iter().map(|places| places.as_u64().unwrap()).collect()
    }

    /// Scrolls to the end of the page.
    pub async fn scrolls_down(&self) {
        self.client.execute("scrollTo(0, document.documentElement.scrollHeight)", Vec::new()).await.unwrap();
    }

    /// Keeps a picture of the page.
    pub async fn takes_a_picture(&self, name: &str) {
        let file = std::path::PathBuf::from(variable("AUTHLY_TEST_PICTURES")).join(format!("{name}.png"));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, self.client.screenshot().await.unwrap()).unwrap();
    }

    /// Closes the browser.
    pub async fn leave(self) {
        self.client.clone().close().await.unwrap();
    }

    async fn wait(&self, xpath: &str) -> Element {
        let waited = self.client.wait().at_most(PATIENCE).for_element(Locator::XPath(xpath)).await;
        match waited {
            Ok(element) => element,
            Err(error) => {
                let (address, source) = (self.address().await, self.client.source().await.unwrap_or_default());
                panic!("{xpath} is not on {address} ({error}):\n{source}")
            }
        }
    }
}
