//! Compares the page with the program, and runs the program as a reader does.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use session_http::{Secret, SessionCookie, SessionManager};
use session_store_memory::MemoryStore;
use tower::ServiceExt;

use super::app;

const PAGE: &str = include_str!("../../../../docs/sessions-in-practice.md");
const PROGRAM: &str = include_str!("program.rs");

/// The comment that marks the place for routes on the page.
const ROUTES: &str = "        // the routes of the next steps\n";

fn blocks(language: &str) -> impl Iterator<Item = &'static str> {
    let fence = format!("```{language}\n");
    let after: Vec<_> = PAGE.split(&fence).skip(1).collect();
    after.into_iter().filter_map(|rest| rest.split("```").next())
}

#[test]
fn the_page_shows_the_program() {
    let mut code = blocks("rs");
    let frame = code.next().unwrap();
    let handlers: String = code.map(|block| format!("{block}\n")).collect();
    let routes: String =
        blocks("text").filter(|block| block.trim_start().starts_with(".route")).collect();
    assert!(frame.contains(ROUTES));
    let shown = frame.replace("fn app(", &format!("{handlers}fn app(")).replace(ROUTES, &routes);
    assert_eq!(shown, PROGRAM);
}

#[test]
fn the_diffs_on_the_page_apply_to_the_program() {
    let changes: Vec<_> = blocks("diff").collect();
    assert_eq!(changes.len(), 2);
    for change in changes {
        let old = change.lines().next().and_then(|line| line.strip_prefix('-'));
        assert!(PROGRAM.contains(old.unwrap()), "{change}");
    }
}

/// A minimal browser.
struct Browser {
    app: Router,
    cookie: String,
}

impl Browser {
    fn new() -> Self {
        let cookie = SessionCookie::new(Secret::random().unwrap()).unwrap();
        let manager = SessionManager::new(MemoryStore::new(), cookie);
        Self { app: app(manager), cookie: String::new() }
    }

    /// The line of the front page that shows the session.
    async fn home(&self) -> String {
        let request = Request::get("/").header(header::COOKIE, &self.cookie);
        let response = self.app.clone().oneshot(request.body(Body::empty()).unwrap());
        let body = to_bytes(response.await.unwrap().into_body(), 10_000).await;
        let page = String::from_utf8(body.unwrap().to_vec()).unwrap();
        page.lines().next().unwrap().to_owned()
    }

    async fn post(&mut self, path: &str, form: &'static str) {
        let request = Request::post(path)
            .header(header::COOKIE, &self.cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let response = self.app.clone().oneshot(request.body(Body::from(form)).unwrap());
        let response = response.await.unwrap();
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        if let Some(cookie) = response.headers().get(header::SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            self.cookie = cookie.split(';').next().unwrap().to_owned();
        }
    }
}

/// Fails if the page does not show `line` as output.
fn assert_on_page(line: &str) {
    let is_shown = blocks("text").any(|block| block.lines().any(|shown| shown == line));
    assert!(is_shown, "not on the page: {line}");
}

#[tokio::test]
async fn the_program_prints_what_the_page_shows() {
    let mut browser = Browser::new();
    browser.post("/theme", "theme=dark").await;
    assert_on_page(&browser.home().await);
    assert_on_page(&browser.home().await);
    browser.post("/cart", "book=Emma").await;
    browser.post("/cart", "book=Ulysses").await;
    assert_on_page(&browser.home().await);

    let mut browser = Browser::new();
    browser.post("/cart", "book=Emma").await;
    let before = browser.cookie.clone();
    browser.post("/login", "user=ada").await;
    assert_ne!(browser.cookie, before);
    assert_on_page(&browser.home().await);
    let logged_in = browser.cookie.clone();
    browser.post("/logout", "").await;
    assert_on_page(&browser.home().await);
    browser.cookie = logged_in;
    assert!(browser.home().await.ends_with("logged in: nobody</p>"));
}
