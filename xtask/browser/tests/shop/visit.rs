//! A complete visit to the shop, on every backend.

use std::io::{Read, Write};
use std::net::TcpStream;

use session_servers::{DataDir, Memcached, Redis};

use crate::browser::Browser;
use crate::shop::Shop;

/// The name over plain http. Over https it is `__Host-session`.
const COOKIE: &str = "session";

#[test]
fn a_visit_with_sessions_in_memory() {
    visit("memory");
}

#[test]
fn a_visit_with_sessions_in_files() {
    let directory = DataDir::create("shop").unwrap();
    visit(&format!("fs:{}", directory.path().display()));
}

#[test]
fn a_visit_with_sessions_in_the_cookie() {
    visit("cookie");
}

#[test]
fn a_visit_with_sessions_in_redis() {
    let redis = Redis::start().unwrap();
    visit(&redis.url());
}

#[test]
fn a_visit_with_sessions_in_memcached() {
    let servers = Memcached::start_many(2).unwrap();
    let addresses: Vec<_> = servers.iter().map(Memcached::addr).collect();
    visit(&format!("memcache://{}", addresses.join(",")));
}

fn visit(store: &str) {
    let shop = Shop::start(store, false);
    let browser = Browser::open(&shop.site());
    let cookie = browser.cookie(COOKIE).unwrap();
    assert!(cookie.is("httpOnly") && !cookie.is("secure"), "{cookie:?}");
    assert_eq!(cookie.attribute("sameSite"), "Lax");

    add(&browser, "walden");
    assert_eq!(notice(&browser).unwrap(), "“Walden” is in your cart.");
    browser.reload();
    assert_eq!(notice(&browser), None);

    // With cookie storage, overlapping responses replace each other (see docs/cookie-storage.md).
    if store == "cookie" {
        add(&browser, "dracula");
    } else {
        two_tabs_at_once(&browser);
    }
    a_flash_is_not_consumed_by_the_icon_or_a_prefetch(&browser, &shop);

    let anonymous = browser.cookie(COOKIE).unwrap();
    let copies = cart(&browser);
    login(&browser);
    assert_ne!(browser.cookie(COOKIE).unwrap().value(), anonymous.value());
    assert_eq!(cart(&browser), copies);
    browser.reload();
    assert_eq!(notice(&browser), None);

    browser.go("/cart");
    let logged_in = browser.cookie(COOKIE).unwrap();
    logout(&browser);
    assert_ne!(browser.cookie(COOKIE).unwrap().value(), logged_in.value());
    browser.back();
    browser.wait_for("/cart".to_owned(), Browser::path);
    assert_eq!((cart(&browser), browser.text("#user")), (0, None));
    assert!(browser.text("main").unwrap().contains("nothing in it yet"));
}

/// Two tabs submit their forms at the same time, three times. The first tab only watches.
fn two_tabs_at_once(browser: &Browser) {
    browser.script(
        "window.tabs = ['dracula', 'moby-dick'].map(slug => window.open('/books/' + slug));",
    );
    // The number of copies in the cart that each tab shows, once both pages are loaded.
    let copies = |browser: &Browser| {
        let copies = browser.script(
            "const pages = window.tabs.map(tab => tab.document);
             const ready = page => page.readyState === 'complete' && page.querySelector('footer');
             const copies = page => parseInt(page.querySelector('main .hint')?.textContent ?? '0');
             return pages.every(ready) ? pages.map(copies).join(' and ') : 'loading'",
        );
        copies.as_str().unwrap().to_owned()
    };
    for count in 0..3 {
        browser.wait_for(format!("{count} and {count}"), copies);
        browser.script(
            "for (const tab of window.tabs) tab.document.querySelector('main form').submit()",
        );
    }
    browser.wait_for("3 and 3".to_owned(), copies);
    browser.script("for (const tab of window.tabs) tab.close()");
    browser.go("/cart");
    for book in ["dracula", "moby-dick"] {
        let copies = format!("return document.querySelector('#{book} input[name=copies]').value");
        assert_eq!(browser.script(&copies), "3");
    }
}

/// Between a form and the page after its redirect, the browser loads the icon and prefetches a
/// page. Neither may consume the flash value.
fn a_flash_is_not_consumed_by_the_icon_or_a_prefetch(browser: &Browser, shop: &Shop) {
    browser.go("/books/frankenstein");
    let token = browser.script("return document.querySelector('[name=csrf]').value");
    let cookie = browser.cookie(COOKIE).unwrap();
    let form = format!("csrf={}&slug=frankenstein&copies=1&back=/", token.as_str().unwrap());
    let mut stream = TcpStream::connect(("127.0.0.1", shop.port)).unwrap();
    write!(
        stream,
        "POST /cart/add HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nCookie: {COOKIE}={}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        cookie.value(),
        form.len()
    )
    .unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 303"), "{response}");
    // With cookie storage, the flash value is in the cookie.
    if let Some((_, rest)) = response.split_once(&format!("set-cookie: {COOKIE}=")) {
        browser.set_cookie(COOKIE, rest.split(';').next().unwrap());
    }

    let loaded = browser.script_until_done(
        "const icon = new Image();
         icon.onerror = () => done('no icon');
         icon.onload = () => {
             const link = document.createElement('link');
             link.rel = 'prefetch';
             link.href = '/session';
             link.onload = () => done('both');
             link.onerror = () => done('no page');
             document.head.append(link);
         };
         icon.src = '/favicon.ico';",
    );
    assert_eq!(loaded, "both");
    browser.go("/");
    assert_eq!(notice(browser).unwrap(), "“Frankenstein” is in your cart.");
    browser.reload();
    assert_eq!(notice(browser), None);
}

pub(crate) fn add(browser: &Browser, slug: &str) {
    browser.go("/");
    let copies = cart(browser);
    browser.click(&format!("#{slug} button"));
    browser.wait_for(copies + 1, cart);
}

pub(crate) fn login(browser: &Browser) {
    browser.go("/login");
    browser.fill("#login", "ada");
    browser.fill("#password", "engine");
    browser.click("main form button");
    browser.wait_for(Some("Ada".to_owned()), |browser| browser.text("#user"));
    assert_eq!(notice(browser).unwrap(), "Welcome back, Ada.");
}

pub(crate) fn logout(browser: &Browser) {
    browser.click(".who button");
    browser.wait_for(None, |browser| browser.text("#user"));
    assert!(notice(browser).unwrap().starts_with("Goodbye."));
}

/// The number of books in the cart that the page shows.
pub(crate) fn cart(browser: &Browser) -> u32 {
    let count = browser.text("#cart-count");
    count.and_then(|count| count.parse().ok()).unwrap_or(0)
}

fn notice(browser: &Browser) -> Option<String> {
    browser.text("#notice")
}
