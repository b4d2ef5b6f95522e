//! actix-session with its encrypted cookie store, on actix-web.

use std::hint::black_box;
use std::rc::Rc;

use actix_http::Request;
use actix_session::{Session, SessionMiddleware, storage::CookieSessionStore};
use actix_web::body::MessageBody;
use actix_web::cookie::Key;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::rt::Runtime;
use actix_web::web::get;
use actix_web::{App, Error, test};
use xtask_bench::{Case, THREE, VISITS, Value, Visit, answer};

pub fn cases() -> Vec<Case> {
    let runtime = Rc::new(Runtime::new().expect("a runtime"));
    let ok = || get().to(async || answer(true));
    let bare = App::new()
        .route("/new", ok())
        .route("/untouched", ok())
        .route("/read", ok())
        .route("/write", ok());
    let bare = runtime.block_on(test::init_service(bare));
    let store = SessionMiddleware::new(CookieSessionStore::default(), Key::generate());
    let private = App::new()
        .wrap(store)
        .route("/new", get().to(new))
        .route("/untouched", ok())
        .route("/read", get().to(read))
        .route("/write", get().to(write));
    let private = runtime.block_on(test::init_service(private));
    let mut cases = of(&runtime, "bare actix", bare);
    cases.extend(of(&runtime, "actix-session private", private));
    cases
}

fn of<S, B>(runtime: &Rc<Runtime>, subject: &'static str, service: S) -> Vec<Case>
where
    S: Service<Request, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    let service = Rc::new(service);
    let case = |visit: Visit| {
        let (runtime, service) = (Rc::clone(runtime), Rc::clone(&service));
        let cookie = runtime.block_on(cookie(&service, visit, subject));
        Case::timed(visit.scenario, subject, move |times| {
            runtime.block_on(async {
                for _ in 0..times {
                    black_box(call(&service, visit.path, cookie.as_deref()).await);
                }
            });
        })
    };
    VISITS.map(case).into()
}

/// The cookie that a visit sends: that of a new session, which it is known to find.
async fn cookie<S, B>(service: &S, visit: Visit, subject: &str) -> Option<String>
where
    S: Service<Request, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    if !visit.has_cookie {
        return None;
    }
    let response = call(service, "/new", None).await;
    let mut cookies = response.response().cookies();
    let cookie = cookies.next().map(|cookie| cookie.stripped().to_string());
    // Without sessions, a cookie of about the same length.
    let cookie = cookie.unwrap_or_else(|| format!("id={}", "x".repeat(200)));
    let response = call(service, visit.path, Some(&cookie)).await;
    let body = test::read_body(response).await;
    assert_eq!(body, answer(true), "{subject}: {visit:?}");
    Some(cookie)
}

async fn call<S, B>(service: &S, path: &str, cookie: Option<&str>) -> ServiceResponse<B>
where
    S: Service<Request, Response = ServiceResponse<B>, Error = Error>,
{
    let mut request = test::TestRequest::get().uri(path);
    if let Some(cookie) = cookie {
        request = request.insert_header(("cookie", cookie));
    }
    let response = service.call(request.to_request()).await;
    response.expect("an answer")
}

async fn new(session: Session) -> &'static str {
    for (key, value) in THREE {
        let set = match value {
            Value::Number(number) => session.insert(key, number),
            Value::Text(text) => session.insert(key, text),
        };
        set.expect("a value");
    }
    answer(true)
}

async fn read(session: Session) -> &'static str {
    let count: Option<u64> = session.get("count").expect("a number");
    answer(count.is_some())
}

async fn write(session: Session) -> &'static str {
    let count: Option<u64> = session.get("count").expect("a number");
    let next = count.unwrap_or_default() + 1;
    session.insert("count", next).expect("a number");
    answer(count.is_some())
}
