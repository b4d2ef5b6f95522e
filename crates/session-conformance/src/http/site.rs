//! A service behind `SessionLayer`, and a browser.

use std::sync::Arc;
use std::task::Poll;

use http::{Request, Response, StatusCode, header};
use serde_json::Value;
use session_core::{SessionPolicy, SessionStorage};
use session_http::{
    Error, Secret, Session, SessionCookie, SessionHandle, SessionLayer, SessionManager,
};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tower_layer::Layer;
use tower_service::Service;

use crate::Failure;
use crate::check::{BoxFuture, Result};
use crate::context::Context;
use crate::failure::expect;
use crate::trace::Trace;

/// A web site under test.
#[derive(Clone, Debug)]
pub(super) struct Site {
    manager: SessionManager,
    trace: Trace,
}

/// A browser: the cookies that it sends, by name.
#[derive(Clone, Debug, Default)]
pub(super) struct Browser {
    pub(super) cookies: Vec<(String, String)>,
}

/// What is under a key without a value, for [`Site::shows`].
pub(super) const NOTHING: Value = Value::Null;

/// How the service answers.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reply {
    Status(StatusCode),
    /// With 200, after it committed the session.
    Commit,
    /// With an error in place of a response.
    Fails,
}

impl Reply {
    pub(super) const OK: Self = Self::Status(StatusCode::OK);
}

/// The service's response, or its error.
pub(super) type Answer = std::result::Result<Response<String>, String>;

type Handled = std::result::Result<(), Error>;

/// A request whose handler has used its session, and waits before it answers.
#[derive(Debug)]
pub(super) struct Visit {
    release: oneshot::Sender<()>,
    answer: JoinHandle<Answer>,
    trace: Trace,
}

impl Site {
    pub(super) fn new(cx: &Context) -> Result<Self> {
        Self::on(cx, cx.storage())
    }

    /// A site on another storage.
    pub(super) fn on(cx: &Context, storage: Arc<dyn SessionStorage>) -> Result<Self> {
        let wrong = |error| Failure::new(format!("the check is wrong: {error}"));
        let secret = Secret::random().map_err(wrong)?;
        let cookie = SessionCookie::new(secret).map_err(wrong)?;
        let manager = SessionManager::new(storage, cookie).policy(SessionPolicy::default());
        Ok(Self { manager, trace: cx.trace.clone() })
    }

    /// Sends a request; returns once its handler has opened the session and called `handler`.
    pub(super) async fn start(
        &self,
        browser: &Browser,
        reply: Reply,
        handler: impl FnOnce(&Session) -> Handled + Send + 'static,
    ) -> Visit {
        let (opened, is_open) = oneshot::channel();
        let (release, released) = oneshot::channel();
        let service = App { parts: Some((handler, opened, released)), reply };
        let mut service = SessionLayer::new(self.manager.clone()).layer(service);
        let mut request = Request::new(String::new());
        if let Some(cookie) = browser.header().and_then(|text| text.parse().ok()) {
            request.headers_mut().insert(header::COOKIE, cookie);
        }
        let names: Vec<_> = browser.cookies.iter().map(|(name, _)| name).collect();
        self.trace.note(format!("(a request starts, with cookies {names:?})"));
        let answer = tokio::spawn(async move { service.call(request).await });
        // An error here means that the request is over already.
        let _ = is_open.await;
        Visit { release, answer, trace: self.trace.clone() }
    }

    /// A whole request, whose response reaches the browser.
    pub(super) async fn visit(
        &self,
        browser: &mut Browser,
        handler: impl FnOnce(&Session) -> Handled + Send + 'static,
    ) -> Result<Response<String>> {
        self.visit_as(browser, Reply::OK, handler).await
    }

    /// The same, with another answer.
    pub(super) async fn visit_as(
        &self,
        browser: &mut Browser,
        reply: Reply,
        handler: impl FnOnce(&Session) -> Handled + Send + 'static,
    ) -> Result<Response<String>> {
        let visit = self.start(browser, reply, handler).await;
        let response = visit.response().await?;
        browser.take(&response);
        Ok(response)
    }

    /// A browser whose session has the value `a` = "A", and the response that set its cookie.
    pub(super) async fn visitor(&self) -> Result<(Browser, Response<String>)> {
        let mut browser = Browser::default();
        let response = self.visit(&mut browser, |session| Ok(session.set("a", "A")?)).await?;
        Ok((browser, response))
    }

    /// Fails unless a request of `browser` finds `value` under `key`.
    pub(super) async fn shows(
        &self,
        what: &str,
        browser: &Browser,
        key: &'static str,
        value: impl Into<Value>,
    ) -> Result {
        let seen = self.value(browser, key).await?;
        expect(what, &seen, &value.into())
    }

    pub(super) async fn value(&self, browser: &Browser, key: &'static str) -> Result<Value> {
        let (send, seen) = oneshot::channel();
        let mut browser = browser.clone();
        self.visit(&mut browser, move |session| {
            let _ = send.send(session.peek::<Value>(key)?);
            Ok(())
        })
        .await?;
        let seen = seen.await;
        let seen = seen.map_err(|_| Failure::new("the session was not opened"))?;
        Ok(seen.unwrap_or(NOTHING))
    }
}

impl Visit {
    /// Lets the handler answer with a response.
    pub(super) async fn response(self) -> Result<Response<String>> {
        self.answer().await?.map_err(Failure::new)
    }

    /// Lets the handler answer.
    pub(super) async fn answer(self) -> Result<Answer> {
        let _ = self.release.send(());
        let answer = self.answer.await.map_err(Failure::task)?;
        self.trace.note(match &answer {
            Ok(response) => {
                let names: Vec<_> = set_cookies(response)
                    .map(|line| line.split(';').skip(1).collect::<String>())
                    .collect();
                format!("(answered {}, cookies {names:?})", response.status())
            }
            Err(error) => format!("(failed: {error})"),
        });
        Ok(answer)
    }

    /// Lets the handler answer, and hangs up after this time.
    pub(super) async fn hang_up(self, after: std::time::Duration) {
        let _ = self.release.send(());
        tokio::time::sleep(after).await;
        self.answer.abort();
        let _ = self.answer.await;
        self.trace.note("(the client hangs up)");
    }
}

/// The `Set-Cookie` fields of a response.
pub(super) fn set_cookies(response: &Response<String>) -> impl Iterator<Item = &str> {
    let fields = response.headers().get_all(header::SET_COOKIE);
    fields.iter().filter_map(|field| field.to_str().ok())
}

impl Browser {
    /// The `Cookie` field.
    fn header(&self) -> Option<String> {
        let pairs = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        let pairs: Vec<_> = pairs.collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// Applies a response's `Set-Cookie` fields.
    pub(super) fn take(&mut self, response: &Response<String>) {
        for line in set_cookies(response) {
            let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            self.cookies.retain(|(known, _)| known != name);
            let mut attributes = attributes.split(';').map(|part| part.trim().to_ascii_lowercase());
            if !attributes.any(|part| part == "max-age=0") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }
}

/// The service inside the layer. It serves one request.
struct App<H> {
    parts: Option<(H, oneshot::Sender<()>, oneshot::Receiver<()>)>,
    reply: Reply,
}

impl<H: FnOnce(&Session) -> Handled + Send + 'static> Service<Request<String>> for App<H> {
    type Response = Response<String>;
    type Error = String;
    type Future = BoxFuture<Answer>;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> Poll<std::result::Result<(), String>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<String>) -> Self::Future {
        let handle = SessionHandle::of(request.extensions()).cloned();
        let (parts, reply) = (self.parts.take(), self.reply);
        Box::pin(async move {
            let (handler, opened, released) = parts.ok_or("served twice")?;
            let handled = async {
                let session = handle?.open().await?;
                handler(&session)?;
                if let Reply::Commit = reply {
                    session.commit().await?;
                }
                Ok(())
            };
            let handled: Handled = handled.await;
            let _ = opened.send(());
            let _ = released.await;
            let mut response = Response::new(String::new());
            *response.status_mut() = match (handled, reply) {
                (Err(error), _) => error.status(),
                (Ok(()), Reply::Status(status)) => status,
                (Ok(()), Reply::Commit) => StatusCode::OK,
                (Ok(()), Reply::Fails) => return Err("the handler failed on purpose".to_owned()),
            };
            Ok(response)
        })
    }
}
