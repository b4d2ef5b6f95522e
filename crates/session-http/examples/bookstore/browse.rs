//! The list of books, and the page of one book.

use askama::Template;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::response::Response;

use crate::books::{self, BOOKS, Book};
use crate::cart::CART;
use crate::failure::Failure;
use crate::page::{Page, render};

#[derive(Template)]
#[template(path = "shelf.html")]
struct ShelfPage {
    page: Page,
    books: &'static [Book],
}

#[derive(Template)]
#[template(path = "book.html")]
struct BookPage {
    page: Page,
    book: &'static Book,
    in_cart: u32,
}

pub(crate) async fn shelf(page: Page) -> Result<Response, Failure> {
    render(&ShelfPage { page, books: BOOKS })
}

pub(crate) async fn book(book: &'static Book, page: Page) -> Result<Response, Failure> {
    let in_cart = page.session.get(CART)?.unwrap_or_default().copies(book);
    render(&BookPage { page, book, in_cart })
}

/// The book that the path names. Handlers take it before the page, so that an unknown book opens no
/// session.
impl<S: Send + Sync> FromRequestParts<S> for &'static Book {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let slug = Path::<String>::from_request_parts(parts, state).await;
        let book = slug.ok().and_then(|slug| books::find(&slug));
        book.ok_or(Failure::NotFound)
    }
}
