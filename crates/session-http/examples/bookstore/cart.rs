//! The cart. It is changed with `update`, so that changes from two tabs at the same time are both
//! applied.

use std::collections::BTreeMap;

use askama::Template;
use axum::response::{Redirect, Response};
use serde::{Deserialize, Serialize};
use session_http::{Key, Session};

use crate::books::{self, Book, Price};
use crate::failure::Failure;
use crate::fields::{Fields, local};
use crate::note::NOTE;
use crate::notice;
use crate::page::{Page, render};

pub(crate) const CART: Key<Cart> = Key::new("cart");

const MOST_COPIES: u32 = 99;

/// How many copies of which book.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(transparent)]
pub(crate) struct Cart(BTreeMap<String, u32>);

impl Cart {
    pub(crate) fn count(&self) -> u32 {
        self.0.values().fold(0, |sum, copies| sum.saturating_add(*copies))
    }

    pub(crate) fn copies(&self, book: &Book) -> u32 {
        self.0.get(book.slug).copied().unwrap_or(0)
    }

    fn set(&mut self, slug: &str, copies: u32) {
        if copies == 0 {
            self.0.remove(slug);
        } else {
            self.0.insert(slug.to_owned(), copies.min(MOST_COPIES));
        }
    }

    fn lines(&self) -> Vec<Line> {
        let known = |(slug, copies): (&String, &u32)| Some((books::find(slug)?, *copies));
        let line = |(book, copies): (&'static Book, u32)| Line {
            book,
            copies,
            price: book.price.times(copies),
        };
        self.0.iter().filter_map(known).map(line).collect()
    }
}

struct Line {
    book: &'static Book,
    copies: u32,
    price: Price,
}

#[derive(Template)]
#[template(path = "cart.html")]
struct CartPage {
    page: Page,
    lines: Vec<Line>,
    total: Price,
    note: String,
}

#[derive(Deserialize)]
pub(crate) struct Add {
    slug: String,
    copies: u32,
    back: String,
}

#[derive(Deserialize)]
pub(crate) struct Change {
    slug: String,
    copies: u32,
}

#[derive(Deserialize)]
pub(crate) struct Remove {
    slug: String,
}

pub(crate) async fn show(page: Page) -> Result<Response, Failure> {
    let lines = page.session.get(CART)?.unwrap_or_default().lines();
    let total = lines.iter().map(|line| line.price).sum();
    render(&CartPage { note: page.session.get(NOTE)?.unwrap_or_default(), page, lines, total })
}

pub(crate) async fn add(session: Session, Fields(sent): Fields<Add>) -> Result<Redirect, Failure> {
    let book = books::find(&sent.slug).ok_or(Failure::NotFound)?;
    edit(&session, move |cart| {
        let copies = cart.copies(book).saturating_add(sent.copies);
        cart.set(book.slug, copies);
    })?;
    notice::done(&session, format!("“{}” is in your cart.", book.title))?;
    Ok(Redirect::to(local(&sent.back)))
}

pub(crate) async fn change(
    session: Session,
    Fields(sent): Fields<Change>,
) -> Result<Redirect, Failure> {
    let book = books::find(&sent.slug).ok_or(Failure::NotFound)?;
    edit(&session, move |cart| cart.set(book.slug, sent.copies))?;
    notice::done(&session, "Your cart is up to date.")?;
    Ok(Redirect::to("/cart"))
}

pub(crate) async fn remove(
    session: Session,
    Fields(sent): Fields<Remove>,
) -> Result<Redirect, Failure> {
    let book = books::find(&sent.slug).ok_or(Failure::NotFound)?;
    edit(&session, move |cart| cart.set(book.slug, 0))?;
    notice::done(&session, format!("“{}” went back to the shelf.", book.title))?;
    Ok(Redirect::to("/cart"))
}

pub(crate) async fn checkout(session: Session) -> Result<Redirect, Failure> {
    let ordered = session.get(CART)?.unwrap_or_default();
    let lines = ordered.lines();
    if lines.is_empty() {
        notice::refused(&session, "There is nothing in your cart to order.")?;
        return Ok(Redirect::to("/cart"));
    }
    let (count, total): (u32, Price) = (ordered.count(), lines.iter().map(|line| line.price).sum());
    // Removes the ordered copies. `unset` would also drop books that another tab adds at the same
    // time.
    edit(&session, move |cart| {
        for (slug, copies) in &ordered.0 {
            let remaining = cart.0.get(slug).map_or(0, |had| had.saturating_sub(*copies));
            cart.set(slug, remaining);
        }
    })?;
    session.unset(NOTE)?;
    let books = if count == 1 { "book" } else { "books" };
    notice::done(
        &session,
        format!(
            "Thank you. {count} {books} for {total} are as good as on their way: this shop is \
             only a demonstration."
        ),
    )?;
    Ok(Redirect::to("/"))
}

/// Copies the cart and its note to the new session if this request came with an id that was
/// replaced a moment ago. Values under the old id can be read, but are not moved automatically.
pub(crate) fn copy_to_new_session(session: &Session) -> Result<(), Failure> {
    if !session.is_new() {
        return Ok(());
    }
    if let Some(cart) = session.get(CART)? {
        session.set(CART, &cart)?;
    }
    if let Some(note) = session.get(NOTE)? {
        session.set(NOTE, &note)?;
    }
    Ok(())
}

/// Changes the newest cart: if other requests change it before this session is saved, `change` is
/// applied to their result.
fn edit(
    session: &Session,
    change: impl Fn(&mut Cart) + Send + Sync + 'static,
) -> Result<(), Failure> {
    session.update(CART, move |cart| {
        let mut cart = cart.unwrap_or_default();
        change(&mut cart);
        (!cart.0.is_empty()).then_some(cart)
    })?;
    Ok(())
}
