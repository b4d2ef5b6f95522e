//! The examples of remix's document on sessions, in Rust, with the documented results. They use the
//! default policy, because the document says that the first read consumes a flash value. remix's
//! code does not do that.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::SystemTime;

use http::{HeaderMap, HeaderValue, StatusCode, header};
use session_cookie::CookieStorage;
use session_http::{Error, Secret, Session, SessionCookie, SessionManager, SessionStorage};
use session_store_fs::FsStore;
use session_store_memory::MemoryStore;

/// A browser and the application that it talks to.
struct Browser {
    manager: SessionManager,
    cookie: Option<String>,
}

/// The response of a handler: a status, and the target of a redirect.
type TestResponse = (StatusCode, Option<&'static str>);
const OK: TestResponse = (StatusCode::OK, None);

impl Browser {
    fn new(storage: impl SessionStorage) -> Self {
        let cookie = SessionCookie::new(Secret::random().unwrap()).unwrap();
        Self { manager: SessionManager::new(storage, cookie), cookie: None }
    }

    /// Sends a request that `handler` handles.
    async fn request(
        &mut self,
        handler: impl FnOnce(&Session) -> Result<TestResponse, Error>,
    ) -> TestResponse {
        let mut headers = HeaderMap::new();
        if let Some(cookie) = &self.cookie {
            headers.insert(header::COOKIE, HeaderValue::from_str(cookie).unwrap());
        }
        let session = self.manager.open(&headers).await.unwrap();
        let response = handler(&session).unwrap_or_else(|error| panic!("{error}"));
        let mut headers = HeaderMap::new();
        self.manager.close(&session, &mut headers).await.unwrap();
        if let Some(line) = headers.get(header::SET_COOKIE) {
            let (pair, attributes) = line.to_str().unwrap().split_once(';').unwrap();
            self.cookie = (!attributes.contains("Max-Age=0")).then(|| pair.to_owned());
        }
        response
    }
}

/// "You can swap between them without changing your application code": one test for each example
/// and each storage that needs no server.
macro_rules! examples {
    ($($(#[$doc:meta])* async fn $name:ident($browser:ident) $body:block)*) => {$(
        $(#[$doc])*
        mod $name {
            use super::*;

            async fn example(mut $browser: Browser) $body

            #[tokio::test]
            async fn memory() {
                example(Browser::new(MemoryStore::new())).await;
            }

            #[tokio::test]
            async fn fs() {
                let name = format!("session-documented-{}-{}", stringify!($name), std::process::id());
                let root = std::env::temp_dir().join(name);
                example(Browser::new(FsStore::open(&root).unwrap())).await;
                std::fs::remove_dir_all(root).unwrap();
            }

            #[tokio::test]
            async fn cookie() {
                example(Browser::new(CookieStorage::new())).await;
            }
        }
    )*};
}

examples! {
    /// "Quick Example".
    async fn quick_example(browser) {
        browser.request(|session| {
            session.set("userId", &42)?;
            session.set("tempData", "x")?;
            session.set("cart", &["book"])?;
            session.flash("message", "Welcome")?;
            Ok(OK)
        }).await;

        browser.request(|session| {
            // Read
            let user_id: Option<u32> = session.get("userId")?;
            assert_eq!(user_id, Some(42));
            // Write
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            session.set("lastVisit", &now.unwrap_or_default().as_secs())?;
            // Flash (one-time message)
            let message: Option<String> = session.get("message")?; // consumed on read
            assert_eq!(message.as_deref(), Some("Welcome"));
            assert_eq!(session.get::<String>("message")?, None);
            // Check existence
            assert!(session.has("cart"));
            // Remove a key
            session.unset("tempData")?;
            Ok(OK)
        }).await;

        browser.request(|session| {
            assert!(session.has("lastVisit") && session.has("cart") && session.has("userId"));
            assert!(!session.has("tempData") && !session.has("message"));
            let data = session.data();
            assert_eq!(data.values.keys().collect::<Vec<_>>(), ["cart", "lastVisit", "userId"]);
            Ok(OK)
        }).await;
    }

    /// "Flash Messages": Post/Redirect/Get.
    async fn flash_after_redirect(browser) {
        // In the form action (POST /books)
        let response = browser.request(|session| {
            session.flash("notice", "Book created successfully!")?;
            Ok((StatusCode::FOUND, Some("/books")))
        }).await;
        assert_eq!(response, (StatusCode::FOUND, Some("/books")));

        // In the next page load (GET /books)
        browser.request(|session| {
            let notice: Option<String> = session.get("notice")?;
            assert_eq!(notice.as_deref(), Some("Book created successfully!"));
            Ok(OK)
        }).await;

        // On the following request, notice is gone:
        browser.request(|session| {
            assert_eq!(session.get::<String>("notice")?, None);
            Ok(OK)
        }).await;
    }

    /// "Regenerate the session ID after login": the id that an attacker planted opens nothing.
    async fn login(browser) {
        browser.request(|session| session.set("cart", &1).map(|()| OK).map_err(Error::from)).await;
        let planted = browser.cookie.clone();

        browser.request(|session| {
            let before = session.id()?;
            session.set("userId", &42)?;
            session.regenerate_id()?;
            assert_ne!(session.id()?, before);
            // "keeps data"
            assert_eq!(session.get::<u32>("cart")?, Some(1));
            Ok(OK)
        }).await;
        assert_ne!(browser.cookie, planted);
        browser.request(|session| {
            assert_eq!(session.get::<u32>("userId")?, Some(42));
            assert_eq!(session.get::<u32>("cart")?, Some(1));
            Ok(OK)
        }).await;

        browser.cookie = planted;
        browser.request(|session| {
            assert_eq!(session.get::<u32>("userId")?, None);
            Ok(OK)
        }).await;
    }

    /// "Destroy the session on logout. This removes all session data and clears the cookie."
    async fn logout(browser) {
        browser.request(|session| session.set("userId", &42).map(|()| OK).map_err(Error::from)).await;
        assert!(browser.cookie.is_some());
        browser.request(|session| {
            session.destroy()?;
            assert_eq!(session.get::<u32>("userId")?, None);
            assert!(!session.has("userId"));
            Ok(OK)
        }).await;
        assert_eq!(browser.cookie, None);
        browser.request(|session| {
            assert!(session.is_new() && session.is_empty());
            Ok(OK)
        }).await;
    }
}
