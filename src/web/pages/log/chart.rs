//! Drawings made here: SVG with attributes and classes only, so that the policy of the pages needs no exception. What
//! a drawing shows is always in a table beside it; the drawing itself is one sentence to a screen reader.
use crate::web::ui::L;

/// Width and height of the drawing, in its own units, and what its edges take.
const WIDTH: i64 = 760;
const HEIGHT: i64 = 240;
const LEFT: i64 = 72;
const FLOOR: i64 = 200;
const TOP: i64 = 16;
/// Room for a date under the columns.
const LABEL: i64 = 120;

/// One column: what was done below, what was refused above it.
pub(in crate::web::pages) struct Column {
    pub x: i64,
    pub width: i64,
    pub done_y: i64,
    pub done_height: i64,
    pub refused_y: i64,
    pub refused_height: i64,
}

/// Columns over time.
pub(in crate::web::pages) struct Columns {
    pub width: i64,
    pub height: i64,
    pub left: i64,
    pub floor: i64,
    pub days: Vec<Column>,
    /// Height and number of each line across.
    pub ticks: Vec<(i64, String)>,
    /// Place and words of what stands under some columns.
    pub labels: Vec<(i64, String)>,
}

impl Columns {
    /// `values`: what stands under the column, how many done, how many refused.
    pub(in crate::web::pages) fn draw(values: &[(String, i64, i64)], l: &L) -> Self {
        let most = values.iter().map(|(_, done, refused)| done + refused).max().unwrap_or(0);
        let step = step(most);
        let scale = step * (most.max(1) + step - 1).div_euclid(step);
        let count = i64::try_from(values.len()).unwrap_or(1).max(1);
        let pitch = (WIDTH - LEFT).div_euclid(count).max(2);
        let height = |value: i64| {
            let exact = value * (FLOOR - TOP);
            // What happened once is seen, however high the other columns are.
            if value > 0 { exact.div_euclid(scale).max(2) } else { 0 }
        };
        let every = (LABEL + pitch - 1).div_euclid(pitch).max(1);
        let mut days = Vec::new();
        let mut labels = Vec::new();
        for ((label, done, refused), at) in values.iter().zip(0..) {
            let x = LEFT + at * pitch;
            let (done_height, refused_height) = (height(*done), height(*refused));
            days.push(Column {
                x,
                width: (pitch - pitch.div_euclid(4).max(1)).max(1),
                done_y: FLOOR - done_height,
                done_height,
                refused_y: FLOOR - done_height - refused_height,
                refused_height,
            });
            if at % every == 0 {
                labels.push((x, label.clone()));
            }
        }
        let ticks = (0..=scale.div_euclid(step))
            .map(|tick| (FLOOR - (tick * step * (FLOOR - TOP)).div_euclid(scale), l.number(tick * step)))
            .collect();
        Self { width: WIDTH, height: HEIGHT, left: LEFT, floor: FLOOR, days, ticks, labels }
    }
}

/// The distance between two lines across: 1, 2 or 5 times a power of ten, for four lines at most.
fn step(most: i64) -> i64 {
    let mut unit = 1;
    loop {
        for step in [unit, 2 * unit, 5 * unit] {
            if most <= 4 * step {
                return step;
            }
        }
        unit *= 10;
    }
}

/// A row of a table with its bar: the bar's length in hundredths of the longest one.
pub(super) struct Bar {
    pub label: String,
    pub value: String,
    pub length: i64,
    /// Where the lines are; empty when they cannot be told apart in a search.
    pub href: String,
}

/// Bars beside their numbers.
pub(super) fn bars(values: Vec<(String, i64, String)>, l: &L) -> Vec<Bar> {
    let most = values.iter().map(|(_, value, _)| *value).max().unwrap_or(0).max(1);
    values
        .into_iter()
        .map(|(label, value, href)| Bar {
            label,
            value: l.number(value),
            length: if value > 0 { (value * 100).div_euclid(most).max(1) } else { 0 },
            href,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::ui::Locale;

    #[test]
    fn columns_stand_on_the_floor_and_stay_in_the_frame() {
        let l = L::new(Locale::Fr);
        for count in [1_usize, 7, 30, 92] {
            for most in [0, 1, 3, 17, 999, 1_000_000] {
                let values: Vec<_> = (0..count).map(|day| (format!("jour {day}"), most, most / 3)).collect();
                let drawn = Columns::draw(&values, &l);
                assert_eq!(drawn.days.len(), count);
                for column in &drawn.days {
                    assert_eq!(column.done_y + column.done_height, FLOOR);
                    assert_eq!(column.refused_y + column.refused_height, column.done_y);
                    assert!(column.refused_y >= 0 && column.x + column.width <= WIDTH, "{count} {most}");
                }
                assert!((2..=6).contains(&drawn.ticks.len()), "{most}: {:?}", drawn.ticks);
            }
        }
    }

    #[test]
    fn a_bar_is_as_long_as_its_number() {
        let l = L::new(Locale::En);
        let drawn = bars(
            vec![
                ("a".into(), 200, String::new()),
                ("b".into(), 50, String::new()),
                ("c".into(), 0, String::new()),
            ],
            &l,
        );
        assert_eq!(drawn.iter().map(|bar| bar.length).collect::<Vec<_>>(), [100, 25, 0]);
    }
}
