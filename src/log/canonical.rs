//! The one form of a part: JSON without spaces, keys sorted by their bytes, texts as serde_json writes them, integers
//! only, nothing absent.
use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::PartError;

/// The canonical bytes of a value; absent members of objects are left out.
pub(super) fn write(value: &Value) -> Result<Vec<u8>, PartError> {
    let mut out = String::new();
    put(value, &mut out)?;
    Ok(out.into_bytes())
}

fn put(value: &Value, out: &mut String) -> Result<(), PartError> {
    match value {
        Value::Number(number) if !number.is_i64() => return Err(PartError::Value),
        Value::Null => return Err(PartError::Value),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                separate(index, out);
                put(item, out)?;
            }
            out.push(']');
        }
        Value::Object(map) => {
            let mut fields: Vec<_> = map.iter().filter(|(_, item)| !item.is_null()).collect();
            fields.sort_by_key(|(key, _)| key.as_str());
            out.push('{');
            for (index, (key, item)) in fields.into_iter().enumerate() {
                separate(index, out);
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                put(item, out)?;
            }
            out.push('}');
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => out.push_str(&value.to_string()),
    }
    Ok(())
}

fn separate(index: usize, out: &mut String) {
    if index > 0 {
        out.push(',');
    }
}

/// Whether [`write()`] could have written these bytes. Writes them again while they are read, without a value in
/// between: a verifier does it for every part of a log.
pub(super) fn check(bytes: &[u8]) -> Result<(), PartError> {
    let text = std::str::from_utf8(bytes).map_err(|_| PartError::NotCanonical)?;
    let mut again = Vec::with_capacity(bytes.len());
    let mut from = serde_json::Deserializer::from_str(text);
    let read = Again(&mut again).deserialize(&mut from).and_then(|()| from.end());
    if read.is_ok() && again == bytes { Ok(()) } else { Err(PartError::NotCanonical) }
}

struct Again<'a>(&'a mut Vec<u8>);

impl Again<'_> {
    fn text<E: Error>(&mut self, text: &str) -> Result<(), E> {
        serde_json::to_writer(&mut *self.0, text).map_err(E::custom)
    }
}

impl<'de> DeserializeSeed<'de> for Again<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Again<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("texts, integers, booleans, lists and objects")
    }
    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.0.extend_from_slice(if value { b"true" } else { b"false" });
        Ok(())
    }
    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.0.extend_from_slice(value.to_string().as_bytes());
        Ok(())
    }
    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.visit_i64(i64::try_from(value).map_err(E::custom)?)
    }
    fn visit_str<E: Error>(mut self, text: &str) -> Result<(), E> {
        self.text(text)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.0.push(b'[');
        let mut first = true;
        loop {
            let before = self.0.len();
            if !first {
                self.0.push(b',');
            }
            if items.next_element_seed(Again(self.0))?.is_none() {
                self.0.truncate(before);
                break;
            }
            first = false;
        }
        self.0.push(b']');
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(mut self, mut fields: A) -> Result<(), A::Error> {
        self.0.push(b'{');
        let mut last: Option<Cow<'de, str>> = None;
        while let Some(Key(key)) = fields.next_key()? {
            if let Some(last) = &last {
                if *last >= key {
                    return Err(A::Error::custom("keys are sorted"));
                }
                self.0.push(b',');
            }
            self.text(&key)?;
            self.0.push(b':');
            fields.next_value_seed(Again(self.0))?;
            last = Some(key);
        }
        self.0.push(b'}');
        Ok(())
    }
}

/// Borrowed where nothing is escaped.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);
