//! Parameters as they arrive, in a query string or a form body (RFC 6749 §3.1, §3.2 and appendix B).
use std::collections::BTreeMap;

/// The decoded parameters of one request. Those without a value count as absent (RFC 6749 §3.1).
#[derive(Clone, Debug, Default)]
pub struct Params(BTreeMap<String, Value>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    One(String),
    Many,
    Malformed,
}

/// A parameter cannot be taken: sent more than once, or not text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadParam {
    #[error("the parameter {0} was sent more than once")]
    Repeated(&'static str),
    #[error("the parameter {0} is not encoded text")]
    Malformed(&'static str),
}

impl Params {
    /// Reads `a=1&b=2`. Never fails: what is wrong with a parameter is told when that parameter is asked for,
    /// so that an unknown one can be ignored whatever it contains.
    pub fn parse(encoded: &[u8]) -> Self {
        let mut params = Self::default();
        for pair in encoded.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let (name, value) = match pair.iter().position(|byte| *byte == b'=') {
                Some(at) => pair.split_at(at),
                None => (pair, [].as_slice()),
            };
            let Some(name) = decode(name) else { continue };
            let value =
                decode(value.strip_prefix(b"=").unwrap_or(value)).map_or(Value::Malformed, Value::One);
            params.add(name, value);
        }
        params
    }

    fn add(&mut self, name: String, value: Value) {
        let value = if self.0.contains_key(&name) { Value::Many } else { value };
        self.0.insert(name, value);
    }

    /// The value of `name`; none if absent or empty.
    pub fn get(&self, name: &'static str) -> Result<Option<&str>, BadParam> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::One(value)) if value.is_empty() => Ok(None),
            Some(Value::One(value)) => Ok(Some(value)),
            Some(Value::Many) => Err(BadParam::Repeated(name)),
            Some(Value::Malformed) => Err(BadParam::Malformed(name)),
        }
    }

    /// Whether `name` was sent with a value, or in a form that cannot be read.
    pub fn has(&self, name: &'static str) -> bool {
        !matches!(self.get(name), Ok(None))
    }
}

/// Decodes one `application/x-www-form-urlencoded` component. None if it is not UTF-8, or holds a NUL, which no
/// legitimate parameter does and PostgreSQL cannot store.
pub fn decode(component: &[u8]) -> Option<String> {
    let mut bytes = Vec::with_capacity(component.len());
    let mut rest = component.iter();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let pair = [*rest.next()?, *rest.next()?];
                bytes.push(*data_encoding::HEXLOWER_PERMISSIVE.decode(&pair).ok()?.first()?);
            }
            other => bytes.push(*other),
        }
    }
    String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn empty_is_absent_and_twice_is_refused() {
        let params = Params::parse(b"a=1&b=&c&d=1&d=1&e=%ff&f=a%00b&&=x&g=a+b%2Bc&h=%4&i=%zz");
        assert_eq!(params.get("a"), Ok(Some("1")));
        assert_eq!(params.get("b"), Ok(None));
        assert_eq!(params.get("c"), Ok(None));
        assert_eq!(params.get("d"), Err(BadParam::Repeated("d")));
        assert_eq!(params.get("g"), Ok(Some("a b+c")));
        for name in ["e", "f", "h", "i"] {
            assert_eq!(params.get(name), Err(BadParam::Malformed(name)));
            assert!(params.has(name));
        }
        assert!(!params.has("b") && !params.has("nothing"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let params = Params::parse(&bytes);
            let _ = params.get("state");
        }

        #[test]
        fn what_is_encoded_comes_back(value in "[^\0]{1,60}") {
            let encoded = form_urlencoded::Serializer::new(String::new()).append_pair("state", &value).finish();
            let params = Params::parse(encoded.as_bytes());
            prop_assert_eq!(params.get("state"), Ok(Some(value.as_str())));
        }
    }
}
