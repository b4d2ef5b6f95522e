//! The catalogue: books in the public domain.

use std::fmt;
use std::iter::Sum;

pub(crate) struct Book {
    /// Identifies the book in URLs, forms and carts.
    pub(crate) slug: &'static str,
    pub(crate) title: &'static str,
    pub(crate) author: &'static str,
    pub(crate) year: u16,
    pub(crate) price: Price,
    pub(crate) about: &'static str,
    pub(crate) cover: Cover,
}

impl Book {
    /// Whether its cover needs smaller letters.
    pub(crate) fn has_long_title(&self) -> bool {
        self.title.len() > 24
    }
}

/// A picture, and whether the title on it is written in a light or a dark colour.
pub(crate) struct Cover {
    pub(crate) art: &'static str,
    pub(crate) ink: &'static str,
}

/// In cents.
#[derive(Clone, Copy)]
pub(crate) struct Price(u32);

impl Price {
    pub(crate) fn times(self, copies: u32) -> Self {
        Self(self.0.saturating_mul(copies))
    }
}

impl Sum for Price {
    fn sum<I: Iterator<Item = Self>>(prices: I) -> Self {
        Self(prices.fold(0, |sum, price| sum.saturating_add(price.0)))
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "€{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

pub(crate) fn find(slug: &str) -> Option<&'static Book> {
    BOOKS.iter().find(|book| book.slug == slug)
}

/// A cover, drawn in `covers/`.
macro_rules! cover {
    ($file:literal, $ink:literal) => {
        Cover { art: include_str!(concat!("covers/", $file, ".svg")), ink: $ink }
    };
}

pub(crate) const BOOKS: &[Book] = &[
    Book {
        slug: "moby-dick",
        title: "Moby-Dick",
        author: "Herman Melville",
        year: 1851,
        price: Price(1450),
        about: "A schoolmaster goes to sea to clear his head, and signs on with a captain who is \
                after one whale in particular. Half of it is the voyage; the other half is \
                everything that one could know about whales at the time.",
        cover: cover!("whale", "light"),
    },
    Book {
        slug: "pride-and-prejudice",
        title: "Pride and Prejudice",
        author: "Jane Austen",
        year: 1813,
        price: Price(990),
        about: "Five sisters, one entailed house, and two people who judge each other at a ball \
                and spend a year finding out how wrong they were. Still the sharpest \
                conversation in English.",
        cover: cover!("peacock", "light"),
    },
    Book {
        slug: "frankenstein",
        title: "Frankenstein",
        author: "Mary Shelley",
        year: 1818,
        price: Price(1090),
        about: "A student learns how to make life and does not stay to look after it. Begun at \
                nineteen, in a summer without sun, as an answer to a wager.",
        cover: cover!("lightning", "light"),
    },
    Book {
        slug: "alice-in-wonderland",
        title: "Alice’s Adventures in Wonderland",
        author: "Lewis Carroll",
        year: 1865,
        price: Price(1250),
        about: "A girl follows a hurried rabbit down a hole, where logic is kept with great care \
                and nothing else is. For reading aloud.",
        cover: cover!("keyhole", "dark"),
    },
    Book {
        slug: "the-time-machine",
        title: "The Time Machine",
        author: "H. G. Wells",
        year: 1895,
        price: Price(850),
        about: "A dinner party hears from its host where he was last week: some eight hundred \
                thousand years ahead. Short enough for one evening.",
        cover: cover!("clock", "dark"),
    },
    Book {
        slug: "twenty-thousand-leagues",
        title: "Twenty Thousand Leagues under the Sea",
        author: "Jules Verne",
        year: 1870,
        price: Price(1590),
        about: "Three men sent to hunt a sea monster end up inside it: a submarine with a \
                library of twelve thousand volumes and a captain who has done with dry land.",
        cover: cover!("depths", "light"),
    },
    Book {
        slug: "walden",
        title: "Walden",
        author: "Henry David Thoreau",
        year: 1854,
        price: Price(1150),
        about: "Two years, two months and two days in a cabin by a pond, with the accounts: what \
                it cost to build, what the beans brought, and what there was to see.",
        cover: cover!("pines", "dark"),
    },
    Book {
        slug: "around-the-world",
        title: "Around the World in Eighty Days",
        author: "Jules Verne",
        year: 1872,
        price: Price(1190),
        about: "A man of exact habits bets half of what he has on a railway timetable, and takes \
                his new servant and a carpet bag along.",
        cover: cover!("globe", "dark"),
    },
    Book {
        slug: "dracula",
        title: "Dracula",
        author: "Bram Stoker",
        year: 1897,
        price: Price(1290),
        about: "Diaries, telegrams and a ship’s log, put in order by those who lived to do it. A \
                story about a monster that is caught by good record keeping.",
        cover: cover!("moon", "light"),
    },
    Book {
        slug: "treasure-island",
        title: "Treasure Island",
        author: "Robert Louis Stevenson",
        year: 1883,
        price: Price(950),
        about: "A map, an inn, a one-legged cook whom everybody likes. Most of what one thinks \
                one knows about pirates was first thought of here.",
        cover: cover!("map", "dark"),
    },
    Book {
        slug: "the-war-of-the-worlds",
        title: "The War of the Worlds",
        author: "H. G. Wells",
        year: 1898,
        price: Price(990),
        about: "Cylinders fall on the suburbs of London, and people go on catching their trains \
                until they cannot. Told by someone who was there and would rather not have been.",
        cover: cover!("tripods", "light"),
    },
    Book {
        slug: "wind-in-the-willows",
        title: "The Wind in the Willows",
        author: "Kenneth Grahame",
        year: 1908,
        price: Price(1350),
        about: "Mole leaves his spring cleaning for the river, and meets Rat, who knows boats, \
                Badger, who knows better, and Toad, who knows no limits.",
        cover: cover!("reeds", "dark"),
    },
];
