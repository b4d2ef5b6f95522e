//! Overlapping requests through the layer, on the memory and file stores.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::PathBuf;

use axum::http::StatusCode;
use session_store_fs::FsStore;
use session_store_memory::MemoryStore;
use support::App;
use tower::ServiceExt;

struct Directory(PathBuf);

impl Directory {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("session-http-{test}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// One test for each store.
macro_rules! on_each_store {
    ($($(#[$doc:meta])* async fn $name:ident($app:ident: App) $body:block)*) => {$(
        $(#[$doc])*
        mod $name {
            use super::*;

            async fn check($app: App) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn memory() {
                check(App::new(MemoryStore::new())).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn fs() {
                let root = Directory::new(stringify!($name));
                check(App::new(FsStore::open(&root.0).unwrap())).await;
            }
        }
    )*};
}

async fn stored_session(app: &App) -> String {
    app.get("", "set/first/1").await.ok().cookie().unwrap()
}

on_each_store! {
    async fn overlapping_writes_are_merged(app: App) {
        let cookie = stored_session(&app).await;
        let a = app.start(&cookie, "set/a/A").await;
        let b = app.start(&cookie, "set/b/B").await;
        assert_eq!(b.resume().await.ok().cookie(), None);
        assert_eq!(a.resume().await.ok().cookie(), None);
        let found = app.get(&cookie, "get/a+get/b+get/first").await.ok();
        assert_eq!(found.body, r#""A""B""1""#);
    }

    async fn a_logout_is_not_undone(app: App) {
        let cookie = stored_session(&app).await;
        let a = app.start(&cookie, "set/a/A").await;
        let b = app.start(&cookie, "destroy").await;
        assert_eq!(b.resume().await.ok().cookie(), Some(String::new()));
        assert_eq!(a.resume().await.ok().cookie(), None);
        for _ in 0..2 {
            assert_eq!(app.get(&cookie, "get/a+get/first").await.ok().body, "nullnull");
        }
    }

    async fn a_write_saved_before_a_login_is_merged_and_one_after_is_refused(app: App) {
        let cookie = stored_session(&app).await;
        let early = app.start(&cookie, "set/early/1").await;
        let late = app.start(&cookie, "set/late/1").await;
        let login = app.start(&cookie, "regenerate+set/user/7").await;
        early.resume().await.ok();
        let new = login.resume().await.ok().cookie().unwrap();
        assert_eq!(late.resume().await.status, StatusCode::CONFLICT);
        let found = app.get(&new, "get/first+get/early+get/late+get/user").await.ok();
        assert_eq!(found.body, r#""1""1"null"7""#);
        assert_eq!(app.get(&cookie, "get/first+get/user").await.ok().body, "nullnull");
    }

    async fn a_double_clicked_login_logs_in_and_one_logout_ends_both(app: App) {
        let cookie = stored_session(&app).await;
        let a = app.start(&cookie, "regenerate+set/user/7").await;
        let b = app.start(&cookie, "regenerate+set/user/7").await;
        let logout = app.start(&cookie, "destroy").await;
        let a = a.resume().await.ok().cookie().unwrap();
        let b = b.resume().await.ok().cookie().unwrap();
        for new in [&a, &b] {
            assert_eq!(app.get(new, "get/user+get/first").await.ok().body, r#""7""1""#);
        }
        assert_eq!(logout.resume().await.ok().cookie(), Some(String::new()));
        for old in [&a, &b, &cookie] {
            assert_eq!(app.get(old, "get/user+get/first").await.ok().body, "nullnull");
        }
    }

    async fn a_login_after_a_logout_has_no_old_values(app: App) {
        let cookie = stored_session(&app).await;
        let login = app.start(&cookie, "regenerate+set/user/7").await;
        let logout = app.start(&cookie, "destroy").await;
        assert_eq!(logout.resume().await.ok().cookie(), Some(String::new()));
        // The login was saved after the logout: it succeeds, without the old values.
        let new = login.resume().await.ok().cookie().unwrap();
        assert_eq!(app.get(&new, "get/user+get/first").await.ok().body, r#""7"null"#);
        assert_eq!(app.get(&cookie, "get/user+get/first").await.ok().body, "nullnull");
    }

    async fn a_logout_is_saved_even_if_the_client_disconnects(app: App) {
        for polls in 1..6 {
            let cookie = stored_session(&app).await;
            let mut request = Box::pin(app.router().oneshot(support::request(&cookie, "destroy", None)));
            let mut answered = false;
            for _ in 0..polls {
                let once = std::future::poll_fn(|cx| {
                    std::task::Poll::Ready(request.as_mut().poll(cx).is_ready())
                });
                if once.await {
                    answered = true;
                    break;
                }
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            }
            drop(request);
            // Either the handler did not run, or its logout is saved.
            let is_logged_out = async || app.get(&cookie, "get/first").await.ok().body == "null";
            let mut tries = 0;
            while answered && !is_logged_out().await {
                tries += 1;
                assert!(tries < 100, "the logout was lost");
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        }
    }

    async fn sixty_four_concurrent_updates_are_all_applied(app: App) {
        let cookie = stored_session(&app).await;
        let mut counts = Vec::new();
        for _ in 0..64 {
            counts.push(app.start(&cookie, "count/n").await);
        }
        let responses = counts.into_iter().map(|count| tokio::spawn(count.resume()));
        for response in responses.collect::<Vec<_>>() {
            response.await.unwrap().ok();
        }
        assert_eq!(app.get(&cookie, "get/n").await.ok().body, "64");
    }

    async fn a_flash_is_read_once_and_never_lost(app: App) {
        let cookie = app.get("", "flash/notice/one").await.ok().cookie().unwrap();
        assert_eq!(app.get(&cookie, "read").await.ok().body, "");
        let reader = app.start(&cookie, "get/notice").await;
        let second = app.start(&cookie, "flash/notice/two").await;
        second.resume().await.ok();
        assert_eq!(reader.resume().await.ok().body, r#""one""#);
        assert_eq!(app.get(&cookie, "get/notice").await.ok().body, r#""two""#);
        assert_eq!(app.get(&cookie, "get/notice").await.ok().body, "null");
    }
}
