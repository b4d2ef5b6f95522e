//! Login and logout.

use std::time::Duration;

use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use session_http::{Key, Lifetime, Session};
use subtle::ConstantTimeEq;

use crate::cart;
use crate::csrf::TOKEN;
use crate::failure::Failure;
use crate::fields::Fields;
use crate::notice;
use crate::page::{Page, render};
use crate::theme::THEME;

/// The name of the user who is logged in.
pub(crate) const USER: Key<String> = Key::new("user");

const REMEMBERED: Lifetime = Lifetime::For(Duration::from_secs(30 * 24 * 60 * 60));

/// How long the old id can still be used after a login. A double click, or a browser that lost the
/// response, sends the old id again. Its form must still work, and its cart must still be there.
const OLD_ID: Duration = Duration::from_secs(60);

/// An account. A real shop stores a slow hash of the password, and limits the number of attempts.
struct User {
    login: &'static str,
    password: &'static str,
    name: &'static str,
}

/// The login page shows them, because this is a demonstration.
const USERS: [User; 2] = [
    User { login: "ada", password: "engine", name: "Ada" },
    User { login: "jules", password: "nautilus", name: "Jules" },
];

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    page: Page,
    users: &'static [User],
}

#[derive(Deserialize)]
pub(crate) struct Login {
    login: String,
    password: String,
    /// A checkbox: sent if it is ticked.
    remember: Option<String>,
}

pub(crate) async fn form(page: Page) -> Result<Response, Failure> {
    if page.user.is_some() {
        return Ok(Redirect::to("/").into_response());
    }
    render(&LoginPage { page, users: &USERS })
}

pub(crate) async fn login(
    session: Session,
    Fields(sent): Fields<Login>,
) -> Result<Redirect, Failure> {
    let Some(user) = find(&sent) else {
        notice::refused(
            &session,
            "That name and password do not belong together. The box below has two that do.",
        )?;
        return Ok(Redirect::to("/login"));
    };
    session.regenerate_id_keeping_old_for(OLD_ID)?;
    if sent.remember.is_some() {
        session.set_lifetime(REMEMBERED)?;
    }
    cart::copy_to_new_session(&session)?;
    session.unset(TOKEN)?;
    session.set(USER, user.name)?;
    notice::done(&session, format!("Welcome back, {}.", user.name))?;
    Ok(Redirect::to("/"))
}

pub(crate) async fn logout(session: Session) -> Result<Redirect, Failure> {
    let theme = session.get(THEME)?;
    session.restart()?;
    // The theme says nothing about the user, so it may stay.
    if let Some(theme) = theme {
        session.set(THEME, &theme)?;
    }
    notice::done(&session, "Goodbye. You are logged out, and your cart is empty.")?;
    Ok(Redirect::to("/"))
}

fn find(sent: &Login) -> Option<&'static User> {
    let user = USERS.iter().find(|user| user.login == sent.login.trim())?;
    let same: bool = user.password.as_bytes().ct_eq(sent.password.as_bytes()).into();
    same.then_some(user)
}
