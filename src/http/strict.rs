//! Reading a JSON document where what has names is an object: the derived readers would also take a
//! list, and put what is in it under the names in their order.

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{
    DeserializeOwned, Deserializer, Error as _, IntoDeserializer, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Error, Value};

/// What a document says.
///
/// # Errors
/// What does not fit; the sentence may quote values.
pub fn read<T: DeserializeOwned>(value: Value) -> Result<T, Error> {
    T::deserialize(Strict(value))
}

struct Strict(Value);

impl IntoDeserializer<'_, Error> for Strict {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Strict {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Array(items) => {
                let mut items = SeqDeserializer::new(items.into_iter().map(Strict));
                let value = visitor.visit_seq(&mut items)?;
                items.end()?;
                Ok(value)
            }
            Value::Object(map) => {
                let entries = map.into_iter().map(|(key, value)| (key, Self(value)));
                let mut entries = MapDeserializer::new(entries);
                let value = visitor.visit_map(&mut entries)?;
                entries.end()?;
                Ok(value)
            }
            other => other.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if self.0.is_array() {
            return Err(Error::invalid_type(Unexpected::Seq, &"an object"));
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.0.deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::Timestamp;
    use serde::Deserialize;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        name: String,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        id: Option<Uuid>,
        at: Option<Timestamp>,
        #[serde(default)]
        words: BTreeSet<String>,
        #[serde(default)]
        inner: Vec<Inner>,
        #[serde(default)]
        any: Value,
    }

    #[test]
    fn documents_are_read_as_they_are_meant() {
        let document = json!({
            "id": "00000000-0000-0000-0000-000000000000", "at": "1970-01-01T00:00:00Z",
            "words": ["a"], "inner": [{"name": "b"}], "any": [1, {"c": null}]
        });
        let expected: Outer = serde_json::from_value(document.clone()).unwrap();
        assert_eq!(read::<Outer>(document).unwrap(), expected);
    }

    #[test]
    fn what_has_names_is_no_list_at_any_depth() {
        for (list, what) in
            [(json!([null, null, ["a"]]), "outer"), (json!({"inner": [["b"]]}), "inner")]
        {
            assert!(
                serde_json::from_value::<Outer>(list.clone()).is_ok(),
                "{what}: why this exists"
            );
            let refused = read::<Outer>(list).unwrap_err().to_string();
            assert_eq!(refused, "invalid type: sequence, expected an object", "{what}");
        }
        for wrong in [json!("text"), json!({"other": 1}), json!({"words": "a"}), json!({"id": "x"})]
        {
            assert!(read::<Outer>(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
