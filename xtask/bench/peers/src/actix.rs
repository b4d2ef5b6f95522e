//! actix-session with its encrypted cookie store, on actix-web.

use std::future::Future;
use std::hint::black_box;

use actix_http::Request;
use actix_session::{Session, SessionMiddleware, storage::CookieSessionStore};
use actix_web::body::MessageBody;
use actix_web::cookie::Key;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::rt::Runtime;
use actix_web::web::get;
use actix_web::{App, Error, test};
use xtask_bench::{Case, THREE, Value, answer};

pub fn cases() -> Vec<Case> {
    let mut cases = of("bare actix", |case| {
        let app = App::new()
            .route("/untouched", get().to(async || "ok"))
            .route("/read", get().to(async || "ok"))
            .route("/write", get().to(async || "ok"));
        case.run(test::init_service(app), None)
    });
    cases.extend(of("actix-session private", |case| {
        let key = Key::generate();
        let store = CookieSessionStore::default();
        let app = App::new()
            .wrap(SessionMiddleware::new(store, key))
            .route("/new", get().to(new))
            .route("/untouched", get().to(async || "ok"))
            .route("/read", get().to(read))
            .route("/write", get().to(write));
        case.run(test::init_service(app), Some("/new"))
    }));
    cases
}

struct Scenario {
    name: &'static str,
    path: &'static str,
    subject: &'static str,
    cookie: bool,
}

fn of(subject: &'static str, run: impl Fn(Scenario) -> Case) -> Vec<Case> {
    let scenario = |name, path, cookie| {
        run(Scenario {
            name,
            path,
            subject,
            cookie,
        })
    };
    vec![
        scenario("no cookie, untouched", "/untouched", false),
        scenario("untouched", "/untouched", true),
        scenario("read", "/read", true),
        scenario("read and write", "/write", true),
    ]
}

impl Scenario {
    /// Requests to the service, with the cookie that the route `new` gives.
    fn run<S, B>(self, service: impl Future<Output = S>, new: Option<&str>) -> Case
    where
        S: Service<Request, Response = ServiceResponse<B>, Error = Error> + 'static,
        B: MessageBody,
    {
        let runtime = Runtime::new().expect("a runtime");
        let service = runtime.block_on(service);
        let cookie = self.cookie.then(|| match new {
            None => format!("id={}", "x".repeat(200)),
            Some(path) => {
                let request = test::TestRequest::get().uri(path).to_request();
                let response = runtime.block_on(service.call(request)).expect("an answer");
                let cookies: Vec<String> = response
                    .response()
                    .cookies()
                    .map(|cookie| cookie.stripped().to_string())
                    .collect();
                cookies.join("; ")
            }
        });
        let path = self.path;
        let ask = async move |service: &S| {
            let mut request = test::TestRequest::get().uri(path);
            if let Some(cookie) = &cookie {
                request = request.insert_header(("cookie", cookie.as_str()));
            }
            service.call(request.to_request()).await.expect("an answer")
        };
        let body = runtime.block_on(async { test::read_body(ask(&service).await).await });
        assert_eq!(body, answer(true), "{}, {path}", self.subject);
        Case::new(self.name, self.subject, move |times| {
            runtime.block_on(async {
                for _ in 0..times {
                    black_box(ask(&service).await.status());
                }
            });
        })
    }
}

async fn new(session: Session) -> &'static str {
    for (key, value) in THREE {
        let set = match value {
            Value::Number(number) => session.insert(key, number),
            Value::Text(text) => session.insert(key, text),
        };
        set.expect("a value");
    }
    "ok"
}

async fn read(session: Session) -> &'static str {
    let count: Option<u64> = session.get("count").expect("a number");
    answer(count.is_some())
}

async fn write(session: Session) -> &'static str {
    let count: Option<u64> = session.get("count").expect("a number");
    session
        .insert("count", count.unwrap_or_default() + 1)
        .expect("a number");
    answer(count.is_some())
}
