//! Writes answers down as JSON (RFC 8259). What has to be escaped, and numbers, are left to
//! `serde_json`; but that looks at every letter of every key and at all text again, which is most of
//! the work of a long list. Keys of a structure are known when the program is built, and most text
//! holds nothing to escape, which is seen of many letters at once. The result is the same to the byte.

use serde::Serialize;
use serde::ser::{
    Error as _, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
    SerializeTuple, SerializeTupleStruct, SerializeTupleVariant, Serializer,
};
use serde_json::Error;

/// The name by which `serde_json` knows a document that is passed on as it is (`RawValue`).
const RAW: &str = "$serde_json::private::RawValue";

/// Adds a document to the end of `out`.
///
/// # Errors
/// When it cannot be JSON, such as a map whose keys are no text; `out` then ends in a part of it.
pub fn write(out: &mut Vec<u8>, document: &impl Serialize) -> Result<(), Error> {
    document.serialize(Writer { out, raw: false })
}

struct Writer<'o> {
    out: &'o mut Vec<u8>,
    /// Whether the text that comes is a document already.
    raw: bool,
}

/// An array or an object that has begun.
struct Open<'o> {
    out: &'o mut Vec<u8>,
    /// Whether there is nothing in it so far.
    empty: bool,
    /// What ends it; nothing for a document that is passed on.
    end: &'static [u8],
}

impl<'o> Writer<'o> {
    const fn on(out: &'o mut Vec<u8>) -> Self {
        Self { out, raw: false }
    }

    fn open(self, begin: &[u8], end: &'static [u8]) -> Open<'o> {
        self.out.extend_from_slice(begin);
        Open { out: self.out, empty: true, end }
    }

    /// The value of a variant that has one is an object with the name of the variant as its key.
    fn variant(self, name: &str) -> Result<Self, Error> {
        self.out.push(b'{');
        text(self.out, name)?;
        self.out.push(b':');
        Ok(self)
    }

    fn number(self, number: impl Serialize) -> Result<(), Error> {
        serde_json::to_writer(self.out, &number)
    }
}

/// Whether a text is written as it is: neither a quotation mark nor a backslash nor one of the
/// control characters is in it (RFC 8259, section 7). Eight bytes are looked at together; the last
/// eight may have some in common with those before.
fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    if let Some(last) = bytes.last_chunk() {
        let (eights, _) = bytes.as_chunks();
        return eights.iter().chain([last]).all(|eight| are_plain(u64::from_ne_bytes(*eight)));
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let [first, last] = [first, last].map(|four| u64::from(u32::from_ne_bytes(*four)));
        return are_plain(first << 32 | last);
    }
    bytes.iter().all(|byte| are_plain(EACH * u64::from(*byte)))
}

/// One in each of eight bytes.
const EACH: u64 = u64::MAX / 0xff;

/// What [`is_plain`] asks, of eight bytes. A subtraction borrows from the highest bit of a byte if
/// what is left is less than what is taken, which is how a zero and a small number are told.
const fn are_plain(eight: u64) -> bool {
    const fn less(eight: u64, than: u8) -> u64 {
        eight.wrapping_sub(EACH * than as u64) & !eight
    }
    const fn is(eight: u64, byte: u8) -> u64 {
        less(eight ^ (EACH * byte as u64), 1)
    }
    (less(eight, b' ') | is(eight, b'"') | is(eight, b'\\')) & (EACH << 7) == 0
}

fn text(out: &mut Vec<u8>, text: &str) -> Result<(), Error> {
    if !is_plain(text) {
        return serde_json::to_writer(out, text);
    }
    out.reserve(text.len() + 2);
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
    Ok(())
}

impl Open<'_> {
    fn next(&mut self) {
        if !self.empty {
            self.out.push(b',');
        }
        self.empty = false;
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.next();
        value.serialize(Writer::on(self.out))
    }

    /// A key that was written in the program, where nothing has to be escaped.
    #[inline]
    fn field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Error> {
        if self.end.is_empty() {
            return value.serialize(Writer { out: self.out, raw: true });
        }
        debug_assert!(is_plain(key), "{key} would have to be escaped");
        self.next();
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
        value.serialize(Writer::on(self.out))
    }

    fn close(self) {
        self.out.extend_from_slice(self.end);
    }
}

/// What `serde_json` writes as well as anybody.
macro_rules! numbers {
    ($($name:ident: $kind:ty),*) => {
        $(fn $name(self, value: $kind) -> Result<(), Error> {
            self.number(value)
        })*
    };
}

impl<'o> Serializer for Writer<'o> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Open<'o>;
    type SerializeTuple = Open<'o>;
    type SerializeTupleStruct = Open<'o>;
    type SerializeTupleVariant = Open<'o>;
    type SerializeMap = Open<'o>;
    type SerializeStruct = Open<'o>;
    type SerializeStructVariant = Open<'o>;

    numbers!(
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_i128: i128, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32,
        serialize_u64: u64, serialize_u128: u128, serialize_f32: f32, serialize_f64: f64
    );

    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), Error> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    #[inline]
    fn serialize_str(self, value: &str) -> Result<(), Error> {
        if self.raw {
            self.out.extend_from_slice(value.as_bytes());
            return Ok(());
        }
        text(self.out, value)
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Error> {
        self.collect_seq(value)
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.out.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
    ) -> Result<(), Error> {
        self.serialize_str(name)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        let Self { out, .. } = self.variant(name)?;
        value.serialize(Writer::on(out))?;
        out.push(b'}');
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Open<'o>, Error> {
        Ok(self.open(b"[", b"]"))
    }

    fn serialize_tuple(self, _: usize) -> Result<Open<'o>, Error> {
        Ok(self.open(b"[", b"]"))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Open<'o>, Error> {
        Ok(self.open(b"[", b"]"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Open<'o>, Error> {
        Ok(self.variant(name)?.open(b"[", b"]}"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Open<'o>, Error> {
        Ok(self.open(b"{", b"}"))
    }

    #[inline]
    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Open<'o>, Error> {
        Ok(if name == RAW { self.open(b"", b"") } else { self.open(b"{", b"}") })
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Open<'o>, Error> {
        Ok(self.variant(name)?.open(b"{", b"}}"))
    }
}

/// What has values and no keys.
macro_rules! arrays {
    ($($kind:ident: $add:ident),*) => {
        $(impl $kind for Open<'_> {
            type Ok = ();
            type Error = Error;

            fn $add<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                self.element(value)
            }

            fn end(self) -> Result<(), Error> {
                self.close();
                Ok(())
            }
        })*
    };
}

arrays!(
    SerializeSeq: serialize_element, SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field, SerializeTupleVariant: serialize_field
);

/// What has keys that were written in the program.
macro_rules! structures {
    ($($kind:ident),*) => {
        $(impl $kind for Open<'_> {
            type Ok = ();
            type Error = Error;

            #[inline]
            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Result<(), Error> {
                self.field(key, value)
            }

            fn end(self) -> Result<(), Error> {
                self.close();
                Ok(())
            }
        })*
    };
}

structures!(SerializeStruct, SerializeStructVariant);

impl SerializeMap for Open<'_> {
    type Ok = ();
    type Error = Error;

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.next();
        let begin = self.out.len();
        key.serialize(Writer::on(self.out))?;
        match self.out.get(begin) {
            Some(b'"') => Ok(()),
            _ => Err(Error::custom("a key is not text")),
        }
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.out.push(b':');
        value.serialize(Writer::on(self.out))
    }

    fn end(self) -> Result<(), Error> {
        self.close();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::value::{RawValue, to_raw_value};
    use serde_json::{Value, json};

    use super::*;

    #[derive(Serialize)]
    enum Shape {
        Point,
        Circle(f64),
        Line(i8, u64),
        Box { width: u16, lid: Option<&'static str> },
    }

    #[derive(Serialize)]
    struct Unit;

    #[derive(Serialize)]
    struct Pair(bool, ());

    #[derive(Serialize)]
    struct Inner {
        #[serde(rename = "type")]
        kind: char,
    }

    #[derive(Serialize)]
    struct Everything {
        id: uuid::Uuid,
        shapes: Vec<Shape>,
        unit: Unit,
        pair: Pair,
        passed_on: Box<RawValue>,
        #[serde(skip_serializing_if = "Option::is_none")]
        skipped: Option<()>,
        #[serde(flatten)]
        inner: Inner,
        map: BTreeMap<String, Value>,
        tuple: (i128, f32),
    }

    fn written(document: &impl Serialize) -> String {
        let mut out = Vec::new();
        write(&mut out, document).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn everything_is_written_as_serde_json_writes_it() {
        let everything = Everything {
            id: uuid::Uuid::from_u128(7),
            shapes: vec![
                Shape::Point,
                Shape::Circle(f64::NAN),
                Shape::Line(-1, u64::MAX),
                Shape::Box { width: 3, lid: Some("on") },
                Shape::Box { width: 3, lid: None },
            ],
            unit: Unit,
            pair: Pair(true, ()),
            passed_on: to_raw_value(&json!({"b": 1.50, "a": [null, "\u{e9}"]})).unwrap(),
            skipped: None,
            inner: Inner { kind: '"' },
            map: BTreeMap::from([("\\".to_owned(), json!({"": [[], {}, 1e300]}))]),
            tuple: (i128::MIN, 0.1),
        };
        assert_eq!(written(&everything), serde_json::to_string(&everything).unwrap());
    }

    #[test]
    fn whatever_a_text_holds_is_escaped_wherever_it_is() {
        for letter in (0..0x180).filter_map(char::from_u32).chain(['\u{2028}', '\u{1f600}']) {
            for length in 0..20 {
                for place in 0..=length {
                    let mut text = "x".repeat(length);
                    text.insert(place, letter);
                    assert_eq!(written(&text), serde_json::to_string(&text).unwrap());
                    let as_key = BTreeMap::from([(&text, 1)]);
                    assert_eq!(written(&as_key), serde_json::to_string(&as_key).unwrap());
                }
            }
        }
    }

    #[test]
    fn what_json_cannot_hold_is_an_error() {
        let mut out = Vec::new();
        for error in [
            write(&mut out, &BTreeMap::from([((1, 2), 3)])),
            write(&mut out, &BTreeMap::from([(1, 2)])),
        ] {
            assert!(error.is_err());
        }
    }
}
