//! Texts and values of statements over several rows.
use std::iter::repeat_n;

/// `($1, $2), ($3, $4)` for two rows of two.
pub(super) fn rows(count: usize, width: usize) -> String {
    let row = |first: usize| format!("({})", numbered(first, width));
    (0..count).map(|n| row(n * width + 1)).collect::<Vec<_>>().join(", ")
}

/// The places of a list of `count` values whose first is `$first`, for [`padded`] values.
pub(super) fn list(first: usize, count: usize) -> String {
    numbered(first, count.next_power_of_two())
}

/// The values of a list, the last one repeated up to a power of two: a statement has few texts, so that the engines
/// keep each of them prepared.
pub(super) fn padded<T>(values: &[T]) -> impl Iterator<Item = &T> {
    let missing = values.len().next_power_of_two() - values.len();
    values.iter().chain(values.last().into_iter().flat_map(move |last| repeat_n(last, missing)))
}

/// `$first, …` for `count` values.
pub(super) fn numbered(first: usize, count: usize) -> String {
    (first..first + count).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_values_go_together() {
        assert_eq!(rows(2, 3), "($1, $2, $3), ($4, $5, $6)");
        for count in 1..20 {
            let values: Vec<usize> = (0..count).collect();
            assert_eq!(padded(&values).count(), list(3, count).split(", ").count());
            assert!(padded(&values).all(|value| *value < count));
        }
        assert_eq!(list(3, 3), "$3, $4, $5, $6");
        assert_eq!(padded(&["a", "b", "c"]).copied().collect::<String>(), "abcc");
    }
}
