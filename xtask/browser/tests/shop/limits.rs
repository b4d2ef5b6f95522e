//! A session that does not fit into its cookie.

use crate::browser::Browser;
use crate::shop::Shop;
use crate::visit;

#[test]
fn a_cookie_over_the_size_limit_is_an_error_page() {
    let shop = Shop::start("cookie", false);
    let browser = Browser::open(&shop.site());
    visit::add(&browser, "walden");
    let before = browser.cookie("session").unwrap();

    browser.go("/cart");
    browser.fill("#note", &"Happy birthday! ".repeat(250));
    browser.click("form[action=\"/cart/note\"] button");
    browser.wait_for(Some("Your cart does not fit".to_owned()), |browser| browser.text("h1"));
    assert_eq!(browser.cookie("session").unwrap().value(), before.value());
    browser.go("/cart");
    assert_eq!(visit::cart(&browser), 1);
}
