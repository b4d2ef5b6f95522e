use axum::response::{Html, Redirect};
use axum::routing::{get, post};
use axum::{Form, Router};
use serde::Deserialize;
use session_http::{Error, Key, Session, SessionCookie, SessionLayer, SessionManager};
use session_store_memory::MemoryStore;

const THEME: Key<String> = Key::new("theme");
const CART: Key<Vec<String>> = Key::new("cart");
const USER: Key<String> = Key::new("user");
const NOTICE: Key<String> = Key::new("notice");

async fn home(session: Session) -> Result<Html<String>, Error> {
    let theme = session.get(THEME)?.unwrap_or("light".into());
    let cart = session.get(CART)?.unwrap_or_default().join(", ");
    let user = session.get(USER)?.unwrap_or("nobody".into());
    let notice = session.get(NOTICE)?.unwrap_or_default();
    Ok(Html(format!(
        "<p>{notice}</p><p>theme: {theme}; cart: {cart}; logged in: {user}</p>
        <form method=post action=/theme><button name=theme value=dark>dark</button></form>
        <form method=post action=/cart><button name=book value=Emma>buy Emma</button></form>
        <form method=post action=/login><button name=user value=ada>log in</button></form>
        <form method=post action=/logout><button>log out</button></form>"
    )))
}

#[derive(Deserialize)]
struct Theme {
    theme: String,
}

async fn set_theme(session: Session, Form(form): Form<Theme>) -> Result<Redirect, Error> {
    session.set(THEME, &form.theme)?;
    session.flash(NOTICE, "Your theme was changed.")?;
    Ok(Redirect::to("/"))
}

#[derive(Deserialize)]
struct Book {
    book: String,
}

async fn buy(session: Session, Form(form): Form<Book>) -> Result<Redirect, Error> {
    session.update(CART, move |cart| {
        let mut cart = cart.unwrap_or_default();
        cart.push(form.book.clone());
        Some(cart)
    })?;
    session.flash(NOTICE, "It is in your cart.")?;
    Ok(Redirect::to("/"))
}

#[derive(Deserialize)]
struct Login {
    user: String,
}

async fn login(session: Session, Form(form): Form<Login>) -> Result<Redirect, Error> {
    // Check the password here.
    session.regenerate_id()?;
    session.set(USER, &form.user)?;
    session.flash(NOTICE, "Welcome back.")?;
    Ok(Redirect::to("/"))
}

async fn logout(session: Session) -> Result<Redirect, Error> {
    session.restart()?;
    session.flash(NOTICE, "Goodbye.")?;
    Ok(Redirect::to("/"))
}

fn app(manager: SessionManager) -> Router {
    Router::new()
        .route("/", get(home))
        .route("/theme", post(set_theme))
        .route("/cart", post(buy))
        .route("/login", post(login))
        .route("/logout", post(logout))
        .layer(SessionLayer::new(manager))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let secret = std::env::var("SESSION_SECRET")?;
    let cookie = SessionCookie::new(secret)?.insecure()?; // plain http, on this machine only
    let manager = SessionManager::new(MemoryStore::new(), cookie);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    axum::serve(listener, app(manager)).await?;
    Ok(())
}
