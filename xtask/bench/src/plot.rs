//! The ratios as a picture: a bar for each row.

use std::fmt::Write as _;

use crate::figure::Figures;
use crate::target::{Compare, Limit, TARGETS, Target};

const ROW: usize = 20;
/// The width of the labels, where the bars start.
const LABELS: f64 = 470.0;
/// The length of a ratio of 1.
const ONE: f64 = 250.0;
/// Where longer bars end.
const LONGEST: f64 = 1.3;
const STYLE: &str = "text { fill: #374151 } .bar { fill: #2563eb } .missed { fill: #dc2626 } \
                     .peer { stroke: #9ca3af } .target { stroke: #111827; stroke-width: 2 }";

/// One bar for each ratio: what we take, as a share of what the peer takes. A line marks the peer,
/// and a tick on each bar the target.
pub(crate) fn svg(figures: &Figures) -> String {
    let (mut body, mut y) = (String::new(), ROW);
    for target in TARGETS {
        let outcome = target.outcome(figures);
        if !outcome.ratio.is_nan() {
            y += ROW;
            let class = match outcome.is_met {
                Some(false) => "missed",
                _ => "bar",
            };
            bar(&mut body, y, target, share(target, outcome.ratio), class);
        }
    }
    let (width, height, one) = (LABELS + LONGEST * ONE + 60.0, y + ROW, LABELS + ONE);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n<style>{STYLE}</style>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
         <text x=\"{one}\" y=\"{ROW}\" text-anchor=\"middle\">peer = 1</text>\n{body}\
         <line x1=\"{one}\" y1=\"{}\" x2=\"{one}\" y2=\"{}\" class=\"peer\"/>\n</svg>\n",
        ROW + 4,
        y + 6,
    )
}

fn bar(body: &mut String, y: usize, target: &Target, share: f64, class: &str) {
    let (top, height, length) = (y - 11, ROW - 6, share.clamp(0.0, LONGEST) * ONE);
    let _ = writeln!(
        body,
        "<text x=\"{}\" y=\"{y}\" text-anchor=\"end\">{target}</text>\
         <rect x=\"{LABELS}\" y=\"{top}\" width=\"{length:.0}\" height=\"{height}\" \
         class=\"{class}\"/>\
         <text x=\"{:.0}\" y=\"{y}\">{share:.2}</text>",
        LABELS - 8.0,
        LABELS + LONGEST * ONE + 8.0,
    );
    if let Some(Limit::AtMost(limit) | Limit::AtLeast(limit)) = target.limit {
        let (x, bottom) = (LABELS + self::share(target, limit) * ONE, top + height);
        let _ = writeln!(
            body,
            "<line x1=\"{x:.0}\" y1=\"{top}\" x2=\"{x:.0}\" y2=\"{bottom}\" class=\"target\"/>"
        );
    }
}

/// Rates become times, so that shorter is better everywhere.
fn share(target: &Target, ratio: f64) -> f64 {
    match target.compare {
        Compare::Rate | Compare::BestRate(_) => 1.0 / ratio,
        _ => ratio,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::tests::some;

    #[test]
    fn a_bar_is_our_share_of_the_peers_time() {
        let svg = svg(&some());
        let bars: Vec<&str> = svg.lines().filter(|line| line.contains("<rect x")).collect();
        assert_eq!(bars.len(), 3, "{svg}");
        assert!(bars[0].contains(r#"width="175""#) && bars[0].contains(">0.70</text>"));
        // Half the time of the peer, but the target is 2.8 times its rate.
        assert!(bars[1].contains(r#"width="125""#) && bars[1].contains(r#"class="missed""#));
        assert!(svg.contains(r#"x1="559""#), "{svg}");
        assert!(bars[2].contains(r#"width="286""#) && bars[2].contains(r#"class="bar""#));
    }
}
