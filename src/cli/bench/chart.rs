//! What was measured, as a picture: one SVG that needs nothing else, light and dark.

use std::fmt::Write as _;

use super::row::{Comparison, Who};
use super::stages::Figures;
use super::subject::Subject;
use super::table::time;

/// A set of bars on one scale.
#[derive(Debug)]
pub(super) struct Panel {
    pub(super) heading: String,
    pub(super) bars: Vec<Bar>,
}

#[derive(Debug)]
pub(super) struct Bar {
    pub(super) label: String,
    pub(super) value: f64,
    /// The value, in words.
    pub(super) words: String,
    /// From where to where it was seen.
    pub(super) range: Option<(f64, f64)>,
    /// What is promised.
    pub(super) mark: Option<f64>,
}

const WIDTH: f64 = 760.0;
const LEFT: f64 = 190.0;
/// The right end of the longest bar; what it says stands behind it.
const RIGHT: f64 = 590.0;
const STEP: f64 = 30.0;
const BAR: f64 = 18.0;
/// The most characters for which there is room, in a label and in a note.
const LABEL: usize = 20;
const NOTE: usize = 85;

/// Colours that can be told apart by everybody, on white and on black.
const STYLE: &str = "\
svg { --page: #ffffff; --ink: #1b1f24; --faint: #5a6570; --bar: #2f6fb0; --mark: #a3340b }
@media (prefers-color-scheme: dark) {
svg { --page: #14181d; --ink: #e8ecf1; --faint: #a3adb8; --bar: #5b9bd9; --mark: #ff9d6b }
}
text { font: 14px system-ui, sans-serif; fill: var(--ink) }
.title { font-size: 18px; font-weight: 600 }
.heading { font-weight: 600 }
.faint { fill: var(--faint) }
.page { fill: var(--page) }
.bar { fill: var(--bar) }
.range { stroke: var(--ink); stroke-width: 2 }
.mark { stroke: var(--mark); stroke-width: 3 }";

/// What the stages take of one recorded hour.
pub(super) fn stages(figures: &[Figures], subject: &Subject) -> Panel {
    let hour = 3600.0 / subject.seconds();
    let bar = |one: &Figures| {
        let wall = one.wall?;
        let value = wall.median * hour;
        let range = Some((wall.least.max(0.0) * hour, wall.most * hour));
        Some(Bar { label: one.name.clone(), value, words: time(value), range, mark: None })
    };
    let bars = figures.iter().filter_map(bar).collect();
    Panel { heading: "Time for one recorded hour, by stage; lines: least to most".into(), bars }
}

/// How many times as fast as FFmpeg; `None` without FFmpeg.
pub(super) fn ratios(comparison: &Comparison) -> Option<Panel> {
    // Where FFmpeg ran but once, it was asked another way, and is off the scale.
    let usual = comparison.rows.iter().filter(|row| !row.is_exact);
    let bar = |row: &super::row::Row| {
        let value = row.ratio(Who::Ffmpeg, Who::Sordino)?;
        let mark = row.promise.ffmpeg;
        let promised = mark.map_or(String::new(), |mark| format!(" ({mark} promised)"));
        let words = format!("{value:.1}{promised}");
        Some(Bar { label: row.input.clone(), value, words, range: None, mark })
    };
    let bars: Vec<_> = usual.filter_map(bar).collect();
    let heading = "Times as fast as FFmpeg's usual recipe; lines: what is promised".into();
    (!bars.is_empty()).then_some(Panel { heading, bars })
}

/// Draws the panels, one below the other.
pub(super) fn draw(title: &str, notes: [&str; 2], panels: &[Panel]) -> String {
    let mut body = String::new();
    let mut y = 104.0;
    for panel in panels {
        y = draw_panel(&mut body, panel, y) + 26.0;
    }
    let [above, below] = notes.map(|note| escaped(&shortened(note, NOTE)));
    let (title, words, height) = (escaped(title), escaped(&words(panels)), y);
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" aria-labelledby="title words">
<title id="title">{title}</title>
<desc id="words">{words}</desc>
<style>{STYLE}</style>
<rect class="page" width="100%" height="100%"/>
<text class="title" x="20" y="32">{title}</text>
<text class="faint" x="20" y="54">{above}</text>
<text class="faint" x="20" y="74">{below}</text>
{body}</svg>
"#
    )
}

/// Gives where it ends.
fn draw_panel(body: &mut String, panel: &Panel, top: f64) -> f64 {
    let reach = |bar: &Bar| {
        let most = bar.range.map_or(0.0, |(_, most)| most);
        bar.value.max(most).max(bar.mark.unwrap_or(0.0))
    };
    let most = panel.bars.iter().map(reach).fold(f64::MIN_POSITIVE, f64::max);
    let x = |value: f64| LEFT + (RIGHT - LEFT) * value / most;
    // Writing to a string cannot fail.
    let _ = writeln!(
        body,
        r#"<text class="heading" x="20" y="{top}">{}</text>"#,
        escaped(&panel.heading)
    );
    let mut y = top + 14.0;
    for bar in &panel.bars {
        let (middle, base, end) = (y + BAR / 2.0, y + BAR - 4.0, x(bar.value));
        let label = escaped(&shortened(&bar.label, LABEL));
        let _ = writeln!(
            body,
            r#"<text x="{}" y="{base}" text-anchor="end">{label}</text>"#,
            LEFT - 10.0
        );
        let width = (end - LEFT).max(1.0);
        let _ = writeln!(
            body,
            r#"<rect class="bar" x="{LEFT}" y="{y}" width="{width:.1}" height="{BAR}" rx="2"/>"#
        );
        if let Some((from, to)) = bar.range {
            let _ = writeln!(
                body,
                r#"<line class="range" x1="{:.1}" x2="{:.1}" y1="{middle}" y2="{middle}"/>"#,
                x(from),
                x(to)
            );
        }
        if let Some(mark) = bar.mark {
            let (at, above, below) = (x(mark), y - 3.0, y + BAR + 3.0);
            let _ = writeln!(
                body,
                r#"<line class="mark" x1="{at:.1}" x2="{at:.1}" y1="{above}" y2="{below}"/>"#
            );
        }
        let behind = x(reach(bar)) + 8.0;
        let _ =
            writeln!(body, r#"<text x="{behind:.1}" y="{base}">{}</text>"#, escaped(&bar.words));
        y += STEP;
    }
    y
}

/// All of it, for those who do not see it.
fn words(panels: &[Panel]) -> String {
    let panel = |panel: &Panel| {
        let bars = panel.bars.iter().map(|bar| format!("{}: {}", bar.label, bar.words));
        format!("{}. {}.", panel.heading, bars.collect::<Vec<_>>().join("; "))
    };
    panels.iter().map(panel).collect::<Vec<_>>().join(" ")
}

/// The end of a text that is too long for its place: of paths that is what tells them apart.
fn shortened(text: &str, most: usize) -> String {
    let count = text.chars().count();
    if count <= most {
        return text.to_owned();
    }
    let end: String = text.chars().skip(count - most + 1).collect();
    format!("…{end}")
}

/// Names of files may hold anything; characters that XML forbids too.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            control if control.is_control() || matches!(control, '\u{fffe}' | '\u{ffff}') => {
                escaped.push('\u{fffd}');
            }
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(label: &str, value: f64, mark: Option<f64>) -> Bar {
        let range = Some((value / 2.0, value * 2.0));
        Bar { label: label.into(), value, words: format!("{value} ms"), range, mark }
    }

    #[test]
    fn names_cannot_break_out_of_the_picture() {
        let panel =
            Panel { heading: "a & b".into(), bars: vec![bar("<x onload=\"y\">\u{1}", 1.0, None)] };
        let svg = draw("</title><script>", ["n", "m"], &[panel]);
        assert!(!svg.contains("<script") && !svg.contains("<x ") && !svg.contains('\u{1}'));
        assert!(
            svg.contains("a &amp; b") && svg.contains("&lt;x onload=&quot;y&quot;&gt;\u{fffd}")
        );
    }

    #[test]
    fn the_longest_bar_fills_the_scale_and_all_numbers_are_in_the_words() {
        let bars = vec![bar("decode", 10.0, None), bar("whole", 20.0, Some(80.0))];
        let svg = draw("t", ["n", "m"], &[Panel { heading: "h".into(), bars }]);
        assert!(svg.contains(r#"width="50.0" height="18""#), "{svg}");
        assert!(svg.contains(r#"width="100.0" height="18""#), "{svg}");
        assert!(svg.contains(r#"<line class="mark" x1="590.0""#), "{svg}");
        assert!(svg.contains("<desc id=\"words\">h. decode: 10 ms; whole: 20 ms.</desc>"), "{svg}");
    }

    #[test]
    fn nothing_measured_is_an_empty_picture_not_a_broken_one() {
        let svg = draw("t", ["n", "m"], &[Panel { heading: "h".into(), bars: Vec::new() }]);
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
        assert_eq!(shortened("/long/path/a.wav", 6), "…a.wav");
    }
}
