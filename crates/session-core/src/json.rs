//! Values as JSON text.

use std::fmt::Display;

use serde::de::DeserializeOwned;
use serde::ser::{self, Error as _, Serialize};
use serde_json::Error as JsonError;

use crate::body::Text;
use crate::error::Error;

/// The value in `json`, which is under `key`.
pub(crate) fn decode<T: DeserializeOwned>(key: &str, json: &str) -> Result<T, Error> {
    serde_json::from_str(json).map_err(|error| Error::Decode {
        key: key.to_owned(),
        expected: std::any::type_name::<T>(),
        found: match json.as_bytes().first() {
            Some(b'{') => "an object",
            Some(b'[') => "an array",
            Some(b'"') => "a string",
            Some(b't' | b'f') => "a boolean",
            Some(b'n') => "null",
            _ => "a number",
        },
        missing_field: missing_field(&error),
        column: error.column(),
    })
}

/// The field that a struct has and the value has not. Other messages of serde may quote the value.
fn missing_field(error: &JsonError) -> Option<String> {
    let message = error.to_string();
    let field = message.strip_prefix("missing field `")?.split('`').next()?;
    Some(field.to_owned())
}

/// `value` as JSON text; `None` for `null`.
///
/// JSON has no NaN and no infinity, and serde_json writes `null` for them. They are an error here,
/// because they would be lost silently. So is a value that is nested so deeply that serde_json
/// would not read it again.
pub(crate) fn encode<V: Serialize + ?Sized>(key: &str, value: &V) -> Result<Option<Text>, Error> {
    let fail = |source| Error::Encode { key: key.to_owned(), source };
    /// serde_json's limit is 128.
    const MAY_BE_TOO_DEEP: usize = 100;
    let json = serde_json::to_string(value).map_err(fail)?;
    let opening = json.bytes().filter(|byte| matches!(byte, b'[' | b'{'));
    if opening.count() > MAY_BE_TOO_DEEP {
        serde_json::from_str::<serde_json::Value>(&json).map_err(fail)?;
    }
    if json.contains("null") {
        value.serialize(Finite).map_err(fail)?;
    }
    Ok((json != "null").then(|| json.into()))
}

/// A serializer that writes nothing and fails on a float that is not finite, at any depth.
#[derive(Clone, Copy)]
struct Finite;

fn float(finite: bool) -> Result<(), JsonError> {
    match finite {
        true => Ok(()),
        false => Err(JsonError::custom("a float that is not finite has no JSON form")),
    }
}
macro_rules! pass {
    ($($method:ident($($kind:ty),*)),* $(,)?) => {$(
        fn $method(self, $(_: $kind),*) -> Result<(), JsonError> {
            Ok(())
        }
    )*};
}

macro_rules! open {
    ($($method:ident($($kind:ty),*) -> $compound:ident),* $(,)?) => {$(
        fn $method(self, $(_: $kind),*) -> Result<Self, JsonError> {
            Ok(self)
        }
    )*};
}

impl ser::Serializer for Finite {
    type Ok = ();
    type Error = JsonError;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    fn serialize_f32(self, v: f32) -> Result<(), JsonError> {
        float(v.is_finite())
    }

    fn serialize_f64(self, v: f64) -> Result<(), JsonError> {
        float(v.is_finite())
    }

    pass! {
        serialize_bool(bool),
        serialize_i8(i8), serialize_i16(i16), serialize_i32(i32), serialize_i64(i64), serialize_i128(i128),
        serialize_u8(u8), serialize_u16(u16), serialize_u32(u32), serialize_u64(u64), serialize_u128(u128),
        serialize_char(char), serialize_str(&str), serialize_bytes(&[u8]),
        serialize_none(), serialize_unit(), serialize_unit_struct(&'static str),
        serialize_unit_variant(&'static str, u32, &'static str),
    }

    open! {
        serialize_seq(Option<usize>) -> SerializeSeq,
        serialize_tuple(usize) -> SerializeTuple,
        serialize_tuple_struct(&'static str, usize) -> SerializeTupleStruct,
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> SerializeTupleVariant,
        serialize_map(Option<usize>) -> SerializeMap,
        serialize_struct(&'static str, usize) -> SerializeStruct,
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> SerializeStructVariant,
    }

    fn serialize_some<V: Serialize + ?Sized>(self, value: &V) -> Result<(), JsonError> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<V: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &V,
    ) -> Result<(), JsonError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<V: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &V,
    ) -> Result<(), JsonError> {
        value.serialize(self)
    }

    fn collect_str<V: Display + ?Sized>(self, _: &V) -> Result<(), JsonError> {
        Ok(())
    }
}

macro_rules! elements {
    ($($compound:ident: $method:ident),* $(,)?) => {$(
        impl ser::$compound for Finite {
            type Ok = ();
            type Error = JsonError;

            fn $method<V: Serialize + ?Sized>(&mut self, value: &V) -> Result<(), JsonError> {
                value.serialize(*self)
            }

            fn end(self) -> Result<(), JsonError> {
                Ok(())
            }
        }
    )*};
}

elements! {
    SerializeSeq: serialize_element,
    SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field,
    SerializeTupleVariant: serialize_field,
}

macro_rules! fields {
    ($($compound:ident),*) => {$(
        impl ser::$compound for Finite {
            type Ok = ();
            type Error = JsonError;

            fn serialize_field<V: Serialize + ?Sized>(
                &mut self,
                _: &'static str,
                value: &V,
            ) -> Result<(), JsonError> {
                value.serialize(*self)
            }

            fn end(self) -> Result<(), JsonError> {
                Ok(())
            }
        }
    )*};
}

fields!(SerializeStruct, SerializeStructVariant);

impl ser::SerializeMap for Finite {
    type Ok = ();
    type Error = JsonError;

    fn serialize_key<K: Serialize + ?Sized>(&mut self, _: &K) -> Result<(), JsonError> {
        Ok(())
    }

    fn serialize_value<V: Serialize + ?Sized>(&mut self, value: &V) -> Result<(), JsonError> {
        value.serialize(*self)
    }

    fn end(self) -> Result<(), JsonError> {
        Ok(())
    }
}

#[cfg(test)]
#[path = "../tests/unit/json.rs"]
mod tests;
