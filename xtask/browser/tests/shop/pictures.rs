//! Screenshots of each page, for review by people.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::browser::Browser;
use crate::shop::Shop;
use crate::visit;

/// The name of the screenshot, and the path of the page.
const PAGES: &[(&str, &str)] = &[
    ("shelf", "/"),
    ("book", "/books/the-time-machine"),
    ("cart", "/cart"),
    ("login", "/login"),
    ("session", "/session"),
    ("error", "/books/nothing"),
];

#[test]
fn each_page_fits_in_wide_and_narrow_windows() {
    let shop = Shop::start("memory", false);
    let browser = Browser::open(&shop.site());
    // `target/screenshots`
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("screenshots");
    fs::create_dir_all(&directory).unwrap();

    let screenshot_all = |state: &str, pages: &[(&str, &str)]| {
        for (width, pixels) in [("wide", 1200), ("narrow", 390)] {
            browser.chromium(
                "Emulation.setDeviceMetricsOverride",
                json!({
                    "width": pixels,
                    "height": 800,
                    "deviceScaleFactor": 1,
                    "mobile": width == "narrow",
                }),
            );
            for scheme in ["light", "dark"] {
                let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
                let media = json!({ "features": [feature] });
                browser.chromium("Emulation.setEmulatedMedia", media);
                for (name, path) in pages {
                    browser.go(path);
                    let name = format!("{name}{state}-{width}-{scheme}.png");
                    let overflow = "return document.documentElement.scrollWidth - innerWidth";
                    let overflow = browser.script(overflow).as_i64().unwrap();
                    assert!(overflow <= 0, "{name}: {overflow} pixels do not fit");
                    browser.screenshot(&directory.join(name));
                }
            }
        }
    };
    screenshot_all("-empty", &[("cart", "/cart")]);
    for slug in ["the-time-machine", "twenty-thousand-leagues", "walden"] {
        visit::add(&browser, slug);
    }
    screenshot_all("", PAGES);
    visit::login(&browser);
    // A login redirects to the front page, which shows a notice.
    browser.screenshot(&directory.join("welcome-narrow-dark.png"));
    screenshot_all("-known", &[("shelf", "/"), ("session", "/session")]);
}
