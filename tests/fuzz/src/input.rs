//! Inputs with holes: `{token}` and the like stand for what only the running product knows, so that a seed found today
//! still reaches as deep tomorrow.
use super::product::Product;

/// Holes filled of one input: some of them are acts of their own.
const MOST: usize = 8;

/// Fills the first holes of an input. What is not a known hole stays as it is.
pub async fn filled(product: &Product, data: &[u8]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(data.len());
    let (mut rest, mut holes) = (data, 0);
    while let Some(byte) = rest.first() {
        let end = rest.iter().take(16).position(|byte| *byte == b'}');
        let name = end.and_then(|end| std::str::from_utf8(&rest[1..end.max(1)]).ok());
        let value = match (byte, name) {
            (b'{', Some(name)) if holes < MOST => product.hole(name).await,
            _ => None,
        };
        match (value, end) {
            (Some(value), Some(end)) => {
                holes += 1;
                whole.extend_from_slice(value.as_bytes());
                rest = &rest[end + 1..];
            }
            _ => {
                whole.push(*byte);
                rest = &rest[1..];
            }
        }
    }
    whole
}

/// The input up to the first line's end, and what follows it.
pub fn lines(data: &[u8]) -> (&[u8], &[u8]) {
    match data.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&data[..end], &data[end + 1..]),
        None => (data, &[]),
    }
}
