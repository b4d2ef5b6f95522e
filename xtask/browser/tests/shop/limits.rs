//! What does not fit into a cookie.

use crate::browser::Browser;
use crate::shop::Shop;
use crate::visit;

#[test]
fn a_cookie_that_grows_over_the_limit_is_an_error_page() {
    let shop = Shop::start("cookie", false);
    let browser = Browser::open(&shop.site());
    visit::add(&browser, "walden");
    let kept = browser.cookie("session").unwrap();

    browser.go("/cart");
    browser.fill("#note", &"Happy birthday! ".repeat(250));
    browser.click("form[action=\"/cart/note\"] button");
    browser.comes(Some("Your cart does not fit".to_owned()), |browser| {
        browser.text("h1")
    });
    assert_eq!(browser.cookie("session").unwrap().value(), kept.value());
    browser.go("/cart");
    assert_eq!(visit::cart(&browser), 1);
}
