//! A browser that is controlled with WebDriver.

use std::fmt::Debug;
use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use session_servers::{ChromeDriver, DataDir};

use crate::webdriver::{capabilities, command};

/// How long to wait for a change of the page after a command.
const TIMEOUT: Duration = Duration::from_secs(20);

pub(crate) struct Browser {
    driver: ChromeDriver,
    session: String,
    site: String,
    _profile: DataDir,
}

/// A cookie in the browser's cookie store.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cookie(Value);

impl Browser {
    /// Starts a browser, and opens the front page of `site`.
    pub(crate) fn open(site: &str) -> Self {
        let driver = ChromeDriver::start().unwrap();
        let profile = DataDir::create("profile").unwrap();
        let chromium = driver.chromium().display().to_string();
        let capabilities = capabilities(&chromium, &profile.path().display().to_string());
        let started = command(driver.port(), "POST", "/session", &capabilities).unwrap();
        let session = format!("/session/{}", started["sessionId"].as_str().unwrap());
        let browser = Self { driver, session, site: site.to_owned(), _profile: profile };
        browser.post("timeouts", json!({ "pageLoad": 30_000, "script": 20_000 }));
        browser.go("/");
        browser
    }

    pub(crate) fn go(&self, path: &str) {
        let url = format!("{}{path}", self.site);
        self.post("url", json!({ "url": url }));
    }

    pub(crate) fn reload(&self) {
        self.post("refresh", json!({}));
    }

    pub(crate) fn back(&self) {
        self.post("back", json!({}));
    }

    pub(crate) fn click(&self, css: &str) {
        let element = self.element(css);
        self.post(&format!("element/{element}/click"), json!({}));
    }

    pub(crate) fn fill(&self, css: &str, text: &str) {
        let element = self.element(css);
        self.post(&format!("element/{element}/value"), json!({ "text": text }));
    }

    fn element(&self, css: &str) -> String {
        let found = self.post("element", json!({ "using": "css selector", "value": css }));
        let ids = found.as_object().unwrap();
        ids.values().next().unwrap().as_str().unwrap().to_owned()
    }

    /// Runs `body`, the body of a JavaScript function, in the page, and returns what it returns.
    pub(crate) fn script(&self, body: &str) -> Value {
        self.post("execute/sync", json!({ "script": body, "args": [] }))
    }

    /// Runs `body` until it calls `done`, and returns what it is called with.
    pub(crate) fn script_until_done(&self, body: &str) -> Value {
        let body = format!("const done = arguments[0]; {body}");
        self.post("execute/async", json!({ "script": body, "args": [] }))
    }

    /// The text of the first element that matches, if one does.
    pub(crate) fn text(&self, css: &str) -> Option<String> {
        let body = format!("return document.querySelector({css:?})?.textContent.trim()");
        self.script(&body).as_str().map(str::to_owned)
    }

    pub(crate) fn path(&self) -> String {
        let path = self.script("return location.pathname");
        path.as_str().unwrap().to_owned()
    }

    /// Waits until `read` returns `expected`, because the page may still be loading.
    pub(crate) fn wait_for<T: Debug + PartialEq>(&self, expected: T, read: impl Fn(&Self) -> T) {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            let found = read(self);
            if found == expected {
                return;
            }
            if Instant::now() > deadline {
                panic!(
                    "expected {expected:?}, found {found:?} at {}: {}",
                    self.path(),
                    self.text("main").unwrap_or_default()
                );
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<Cookie> {
        let cookies = self.get("cookie");
        let mut cookies = cookies.as_array().unwrap().iter();
        cookies.find(|cookie| cookie["name"] == name).map(|cookie| Cookie(cookie.clone()))
    }

    pub(crate) fn set_cookie(&self, name: &str, value: &str) {
        let cookie = json!({ "name": name, "value": value, "httpOnly": true, "sameSite": "Lax" });
        self.post("cookie", json!({ "cookie": cookie }));
    }

    /// Sends a command of the Chrome DevTools Protocol.
    pub(crate) fn chromium(&self, name: &str, params: Value) -> Value {
        self.post("goog/cdp/execute", json!({ "cmd": name, "params": params }))
    }

    /// Writes a screenshot of the whole page.
    pub(crate) fn screenshot(&self, file: &Path) {
        let params = json!({ "captureBeyondViewport": true });
        let result = self.chromium("Page.captureScreenshot", params);
        let png = BASE64_STANDARD.decode(result["data"].as_str().unwrap());
        std::fs::write(file, png.unwrap()).unwrap();
    }

    fn get(&self, what: &str) -> Value {
        self.command("GET", what, json!({}))
    }

    fn post(&self, what: &str, body: Value) -> Value {
        self.command("POST", what, body)
    }

    fn command(&self, method: &str, what: &str, body: Value) -> Value {
        let path = format!("{}/{what}", self.session);
        command(self.driver.port(), method, &path, &body).unwrap()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // If this fails, the driver stops the browser anyway.
        let _ = command(self.driver.port(), "DELETE", &self.session, &json!({}));
    }
}

impl Cookie {
    pub(crate) fn value(&self) -> &str {
        self.0["value"].as_str().unwrap()
    }

    pub(crate) fn is(&self, flag: &str) -> bool {
        self.0[flag].as_bool().unwrap()
    }

    pub(crate) fn attribute(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap_or_default()
    }
}
