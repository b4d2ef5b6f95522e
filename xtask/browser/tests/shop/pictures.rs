//! A picture of each page, for people to look at.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::browser::Browser;
use crate::shop::Shop;
use crate::visit;

/// The name of a picture, and the page.
const PAGES: &[(&str, &str)] = &[
    ("shelf", "/"),
    ("book", "/books/the-time-machine"),
    ("cart", "/cart"),
    ("login", "/login"),
    ("session", "/session"),
    ("error", "/books/nothing"),
];

#[test]
fn each_page_fits_wide_and_narrow_light_and_dark() {
    let shop = Shop::start("memory", false);
    let browser = Browser::open(&shop.site());
    // Beside cargo's directory for the files of tests.
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("screenshots");
    fs::create_dir_all(&directory).unwrap();

    let all = |state: &str, pages: &[(&str, &str)]| {
        for (width, pixels) in [("wide", 1200), ("narrow", 390)] {
            browser.chromium(
                "Emulation.setDeviceMetricsOverride",
                json!({ "width": pixels, "height": 800, "deviceScaleFactor": 1, "mobile": width == "narrow" }),
            );
            for scheme in ["light", "dark"] {
                let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
                let media = json!({ "features": [feature] });
                browser.chromium("Emulation.setEmulatedMedia", media);
                for (name, path) in pages {
                    browser.go(path);
                    let name = format!("{name}{state}-{width}-{scheme}.png");
                    let wider = "return document.documentElement.scrollWidth - innerWidth";
                    let wider = browser.script(wider).as_i64().unwrap();
                    assert!(wider <= 0, "{name}: {wider} pixels do not fit");
                    browser.picture(&directory.join(name));
                }
            }
        }
    };
    all("-empty", &[("cart", "/cart")]);
    for slug in ["the-time-machine", "twenty-thousand-leagues", "walden"] {
        visit::add(&browser, slug);
    }
    all("", PAGES);
    visit::login(&browser);
    // The answer to a login is the front page, with its notice.
    browser.picture(&directory.join("welcome-narrow-dark.png"));
    all("-known", &[("shelf", "/"), ("session", "/session")]);
}
