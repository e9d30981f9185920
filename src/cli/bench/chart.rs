//! The result as a chart: one SVG file that needs nothing else, for light and dark pages.

use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

use super::Measured;
use super::compare::Row;
use super::stages::Figures;
use super::stats::{Stats, time};

/// The title, notes, and panels of bars, for the template. The colours can be told apart by everybody.
#[derive(Serialize)]
struct Chart {
    title: String,
    notes: Vec<String>,
    panels: Vec<Panel>,
}

/// Bars on one scale.
#[derive(Serialize)]
struct Panel {
    heading: &'static str,
    bars: Vec<Bar>,
}

#[derive(Serialize)]
struct Bar {
    label: String,
    value: f64,
    /// The value as text.
    words: String,
}

pub(super) fn draw(measured: &Measured) -> Result<String, minijinja::Error> {
    let title = format!("How fast sordino {} redacts", measured.version);
    let notes = [measured.machine.clone(), measured.about()].map(|note| fitted(&note, 85));
    let hour = 3600.0 / measured.input.seconds();
    let all = measured.stages.iter().chain(&measured.processes);
    let heading = "Time for one recorded hour: the median, and the range";
    let times = Panel { heading, bars: all.map(|figures| time_bar(figures, hour)).collect() };
    let rows = measured.comparison.iter().flat_map(|comparison| &comparison.rows);
    let heading = "Times as fast as FFmpeg's usual recipe";
    let speed_ups = Panel { heading, bars: rows.filter_map(speed_up_bar).collect() };
    let mut panels = vec![times, speed_ups];
    panels.retain(|panel| !panel.bars.is_empty());
    render(&Chart { title, notes: notes.into(), panels })
}

fn render(chart: &Chart) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.render_str(include_str!("chart.svg"), chart)
}

fn time_bar(figures: &Figures, hour: f64) -> Bar {
    let Stats { median, least, most } = figures.cost.seconds;
    let scaled = [median, least, most].map(|time| time * hour / f64::from(figures.jobs));
    let [median, least, most] = scaled.map(time);
    let words = format!("{median} ({least} to {most})");
    Bar { label: fitted(&figures.name, 22), value: scaled[0], words }
}

fn speed_up_bar(row: &Row) -> Option<Bar> {
    let value = row.times_as_fast_as_ffmpeg?;
    Some(Bar { label: fitted(&row.input, 22), value, words: format!("{value:.1}") })
}

/// The end of a text that is too long, because the end tells paths apart; without characters that
/// XML forbids.
fn fitted(text: &str, most: usize) -> String {
    let forbidden = |c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}');
    let text = text.replace(forbidden, "\u{fffd}");
    let surplus = text.chars().count().saturating_sub(most);
    if surplus == 0 {
        return text;
    }
    format!("…{}", text.chars().skip(surplus + 1).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(title: &str, bars: &[(&str, f64)]) -> String {
        let bar = |&(label, value): &(&str, f64)| Bar {
            label: fitted(label, 22),
            value,
            words: format!("{value} ms"),
        };
        let panels = vec![Panel { heading: "h", bars: bars.iter().map(bar).collect() }];
        render(&Chart { title: title.into(), notes: Vec::new(), panels }).unwrap()
    }

    #[test]
    fn names_cannot_break_out_of_the_picture() {
        let svg = drawn("</title><script>", &[("<x onload=\"y\">\u{1} & b", 1.0)]);
        assert!(!svg.contains("<script") && !svg.contains("<x ") && !svg.contains('\u{1}'));
        assert!(svg.contains("&lt;x onload=&quot;y&quot;&gt;\u{fffd} &amp; b"), "{svg}");
    }

    #[test]
    fn the_longest_bar_fills_the_scale_and_all_numbers_are_in_the_words() {
        let svg = drawn("t", &[("decode", 10.0), ("whole", 20.0)]);
        assert!(svg.contains(r#"width="160.0" height="18""#), "{svg}");
        assert!(svg.contains(r#"width="320.0" height="18""#), "{svg}");
        assert!(svg.contains("<desc id=\"words\">h: decode 10 ms, whole 20 ms. </desc>"), "{svg}");
    }

    #[test]
    fn nothing_measured_is_an_empty_picture_not_a_broken_one() {
        let svg = drawn("t", &[]);
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
        assert_eq!(fitted("/long/path/a.wav", 6), "…a.wav");
    }
}
