//! The figures as a picture: bars, scenario by scenario.

use std::fmt::Write as _;

use crate::{Figure, Figures};

const ROW: usize = 18;
const LEFT: usize = 330;
const WIDTH: f64 = 520.0;

/// One bar for each case, to the scale of the longest in its group; ours stands out.
pub(crate) fn svg(figures: &Figures) -> String {
    let (mut body, mut y, mut last) = (String::new(), 0, ("", ""));
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
        bar(&mut body, y, figure, longest(figures, figure.group));
    }
    let (width, height) = (LEFT + WIDTH as usize + 110, y + 2 * ROW);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <style>.group {{ font-weight: bold; font-size: 14px }} .ours {{ fill: #2563eb }} .other {{ fill: #9ca3af }} text {{ fill: #374151 }}</style>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n{body}</svg>\n"
    )
}

fn bar(body: &mut String, y: usize, figure: &Figure, longest: f64) {
    let length = figure.median() / longest * WIDTH;
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
         <text x=\"{end:.1}\" y=\"{y}\">{:.0}</text>",
        figure.subject,
        y - ROW + 7,
        ROW - 5,
        figure.median(),
    );
}

fn longest(figures: &Figures, group: &str) -> f64 {
    let of_group = figures.0.iter().filter(|figure| figure.group == group);
    of_group.map(Figure::median).fold(1.0, f64::max)
}
