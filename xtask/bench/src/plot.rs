//! The figures as a picture: bars, scenario by scenario.

use std::fmt::Write as _;

use crate::{Figure, Figures};

const ROW: usize = 18;
const LEFT: usize = 330;
const WIDTH: f64 = 520.0;
const TITLE: &str =
    "<text x=\"10\" y=\"18\">Nanoseconds, where no other unit stands; shorter is better</text>\n";

/// A bar that is longer than so many of our longest in its group is cut, or nobody would see ours.
const CUT: f64 = 4.0;

/// One bar for each case, all of a group to one scale; ours stands out.
pub(crate) fn svg(figures: &Figures) -> String {
    let (mut body, mut y, mut last) = (TITLE.to_owned(), ROW, ("", ""));
    for figure in &figures.0 {
        if figure.group != last.0 {
            y += 2 * ROW;
            let _ = writeln!(
                body,
                "<text x=\"10\" y=\"{y}\" class=\"group\">{}</text>",
                figure.group
            );
        }
        y += ROW;
        if (figure.group, figure.scenario.as_str()) != last {
            y += ROW / 3;
            let _ = writeln!(body, "<text x=\"10\" y=\"{y}\">{}</text>", figure.scenario);
        }
        last = (figure.group, &figure.scenario);
        bar(&mut body, y, figure, scale(figures, figure.group));
    }
    let (width, height) = (LEFT + WIDTH as usize + 120, y + 2 * ROW);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <style>.group {{ font-weight: bold; font-size: 14px }} .ours {{ fill: #2563eb }} .other {{ fill: #9ca3af }} text {{ fill: #374151 }}</style>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n{body}</svg>\n"
    )
}

fn bar(body: &mut String, y: usize, figure: &Figure, longest: f64) {
    let length = (figure.median() / longest).min(1.0) * WIDTH;
    let unit = match figure.is_time() {
        true => String::new(),
        false => format!(" {}", figure.unit),
    };
    let cut = if figure.median() > longest {
        ", cut"
    } else {
        ""
    };
    let class = if figure.subject.starts_with("ours") {
        "ours"
    } else {
        "other"
    };
    let (text, end) = (LEFT - 8, LEFT as f64 + length + 6.0);
    let _ = writeln!(
        body,
        "<text x=\"{text}\" y=\"{y}\" text-anchor=\"end\">{}</text>\
         <rect x=\"{LEFT}\" y=\"{}\" width=\"{length:.1}\" height=\"{}\" class=\"{class}\"/>\
         <text x=\"{end:.1}\" y=\"{y}\">{:.0}{unit}{cut}</text>",
        figure.subject,
        y - ROW + 7,
        ROW - 5,
        figure.median(),
    );
}

/// What the longest bar of a group stands for.
fn scale(figures: &Figures, group: &str) -> f64 {
    let longest = |is_wanted: fn(&Figure) -> bool| {
        let of_group = figures.0.iter().filter(|figure| figure.group == group);
        let wanted = of_group.filter(|figure| is_wanted(figure));
        wanted.map(Figure::median).fold(0.0, f64::max)
    };
    let (ours, all) = (
        longest(|figure| figure.subject == "ours"),
        longest(|_| true),
    );
    let scale = if ours > 0.0 { all.min(CUT * ours) } else { all };
    // Of nothing but zeros, no bar has a length.
    scale.max(f64::MIN_POSITIVE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::tests::some;

    #[test]
    fn a_bar_is_as_long_as_its_figure_and_no_longer_than_four_of_ours() {
        let svg = svg(&some());
        let bars: Vec<_> = svg
            .lines()
            .filter(|line| line.contains("text-anchor"))
            .collect();
        let ours = &bars[3];
        assert!(ours.contains(r#"width="130.0""#) && ours.contains(r#"class="ours""#));
        assert!(ours.contains(">200</text>"), "{ours}");
        let slow = &bars[5];
        assert!(slow.contains(r#"width="520.0""#) && slow.contains(">9100, cut</text>"));
        // Another group has another scale.
        assert!(bars[7].contains(r#"width="520.0""#) && bars[7].contains(">55</text>"));
        assert_eq!(svg.matches(">read</text>").count(), 2);
        // What is no time says what it is.
        assert!(bars[0].contains(">200 bytes</text>"), "{}", bars[0]);
    }
}
