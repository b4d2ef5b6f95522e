//! JSON has no NaN and no infinity, and serde_json writes `null` for them; a session refuses them instead of losing them.

use std::fmt::Display;

use serde::ser::{self, Error as _, Serialize};
use serde_json::Error;

/// Fails if `value` holds a float that is not finite, at any depth.
pub(crate) fn check<V: Serialize + ?Sized>(value: &V) -> Result<(), Error> {
    value.serialize(Finite)
}

#[derive(Clone, Copy)]
struct Finite;

fn float(finite: bool) -> Result<(), Error> {
    if finite {
        Ok(())
    } else {
        Err(Error::custom("a float that is not finite has no JSON form"))
    }
}

macro_rules! pass {
    ($($method:ident($($kind:ty),*)),* $(,)?) => {$(
        fn $method(self, $(_: $kind),*) -> Result<(), Error> {
            Ok(())
        }
    )*};
}

macro_rules! open {
    ($($method:ident($($kind:ty),*) -> $compound:ident),* $(,)?) => {$(
        fn $method(self, $(_: $kind),*) -> Result<Self, Error> {
            Ok(self)
        }
    )*};
}

impl ser::Serializer for Finite {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    fn serialize_f32(self, v: f32) -> Result<(), Error> {
        float(v.is_finite())
    }

    fn serialize_f64(self, v: f64) -> Result<(), Error> {
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

    fn serialize_some<V: Serialize + ?Sized>(self, value: &V) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<V: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &V,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<V: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &V,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    fn collect_str<V: Display + ?Sized>(self, _: &V) -> Result<(), Error> {
        Ok(())
    }
}

macro_rules! elements {
    ($($compound:ident: $method:ident),* $(,)?) => {$(
        impl ser::$compound for Finite {
            type Ok = ();
            type Error = Error;

            fn $method<V: Serialize + ?Sized>(&mut self, value: &V) -> Result<(), Error> {
                value.serialize(*self)
            }

            fn end(self) -> Result<(), Error> {
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
            type Error = Error;

            fn serialize_field<V: Serialize + ?Sized>(
                &mut self,
                _: &'static str,
                value: &V,
            ) -> Result<(), Error> {
                value.serialize(*self)
            }

            fn end(self) -> Result<(), Error> {
                Ok(())
            }
        }
    )*};
}

fields!(SerializeStruct, SerializeStructVariant);

impl ser::SerializeMap for Finite {
    type Ok = ();
    type Error = Error;

    fn serialize_key<K: Serialize + ?Sized>(&mut self, _: &K) -> Result<(), Error> {
        Ok(())
    }

    fn serialize_value<V: Serialize + ?Sized>(&mut self, value: &V) -> Result<(), Error> {
        value.serialize(*self)
    }

    fn end(self) -> Result<(), Error> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::check;

    #[test]
    fn refuses_what_json_cannot_hold_at_any_depth() {
        assert!(check(&f64::NAN).is_err());
        assert!(check(&Some(vec![(1, f32::INFINITY)])).is_err());
        assert!(check(&BTreeMap::from([("a", [f64::NEG_INFINITY])])).is_err());
        assert!(check(&Result::<f64, ()>::Ok(f64::NAN)).is_err());
        assert!(check(&(1.5, "x", None::<f64>, ())).is_ok());
    }
}
