//! What is an object in the document is one in the JSON, at any depth. serde takes a list in its place for the fields in their
//! order, which no caller means and any change of ours would break.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor};

/// A reader of JSON to which a struct is an object and never a list, and the same around whatever it leads to: visitors,
/// elements, members, variants. Lists and tuples stay lists. What is read as any JSON at all, as the content of a tagged enum
/// is, is not looked into: no request has a struct there.
pub(super) struct Objects<X>(pub(super) X);

/// Reads that lead to no object.
macro_rules! plainly {
    ($($read:ident)*) => {
        $(fn $read<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.0.$read(visitor)
        })*
    };
}

/// Reads that may lead to one.
macro_rules! within {
    ($($read:ident($($name:ident: $of:ty),*);)*) => {
        $(fn $read<V: Visitor<'de>>(self, $($name: $of,)* visitor: V) -> Result<V::Value, D::Error> {
            self.0.$read($($name,)* Objects(visitor))
        })*
    };
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Objects<D> {
    type Error = D::Error;

    plainly! {
        deserialize_any deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64
        deserialize_char deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf deserialize_unit
        deserialize_identifier deserialize_ignored_any
    }

    within! {
        deserialize_option();
        deserialize_newtype_struct(name: &'static str);
        deserialize_seq();
        deserialize_tuple(len: usize);
        deserialize_tuple_struct(name: &'static str, len: usize);
        deserialize_map();
        deserialize_enum(name: &'static str, variants: &'static [&'static str]);
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_unit_struct(name, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(Objects(visitor))
    }

    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Objects<V> {
    type Value = V::Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(formatter)
    }

    fn visit_none<E: de::Error>(self) -> Result<V::Value, E> {
        self.0.visit_none()
    }

    fn visit_unit<E: de::Error>(self) -> Result<V::Value, E> {
        self.0.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<V::Value, D::Error> {
        self.0.visit_some(Objects(from))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, from: D) -> Result<V::Value, D::Error> {
        self.0.visit_newtype_struct(Objects(from))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<V::Value, A::Error> {
        self.0.visit_seq(Objects(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(Objects(members))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, choice: A) -> Result<V::Value, A::Error> {
        self.0.visit_enum(Objects(choice))
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Objects<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<S::Value, D::Error> {
        self.0.deserialize(Objects(from))
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Objects<A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.0.next_element_seed(Objects(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Objects<A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.0.next_key_seed(seed)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.0.next_value_seed(Objects(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: EnumAccess<'de>> EnumAccess<'de> for Objects<A> {
    type Error = A::Error;
    type Variant = Objects<A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self::Variant), A::Error> {
        self.0.variant_seed(seed).map(|(name, variant)| (name, Objects(variant)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Objects<A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.0.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        self.0.newtype_variant_seed(Objects(seed))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.0.tuple_variant(len, Objects(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, A::Error> {
        self.0.newtype_variant_seed(Members(visitor))
    }
}

/// The fields of a variant, of an object alone.
struct Members<V>(V);

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for Members<V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<V::Value, D::Error> {
        from.deserialize_map(Objects(self.0))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde_json::json;

    use crate::body::from_json;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Limits {
        few: u32,
        many: Option<u32>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Named(Limits);

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Choice {
        Nothing,
        One(Limits),
        Pair(u8, Limits),
        Fields { few: u32 },
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Asked {
        limits: Option<Limits>,
        named: Option<Named>,
        each: Vec<Limits>,
        by_name: BTreeMap<String, Limits>,
        pair: Option<(u8, Limits)>,
        choices: Vec<Choice>,
        within: Option<Box<Asked>>,
        numbers: Vec<i64>,
    }

    #[test]
    fn a_list_in_place_of_an_object_is_refused_at_its_place() {
        for (body, pointer) in [
            (json!({"limits": [1, 2]}), "/limits"),
            (json!({"limits": []}), "/limits"),
            (json!({"limits": [null, null]}), "/limits"),
            (json!({"named": [1, 2]}), "/named"),
            (json!({"each": [{"few": 1}, [1, 2]]}), "/each/1"),
            (json!({"by_name": {"a/b": [1, 2]}}), "/by_name/a~1b"),
            (json!({"pair": [1, [1, 2]]}), "/pair/1"),
            (json!({"choices": ["nothing", {"one": [1, 2]}]}), "/choices/1"),
            (json!({"choices": [{"pair": [1, [1, 2]]}]}), "/choices/0/1"),
            (json!({"choices": [{"fields": [1]}]}), "/choices/0"),
            (json!({"within": {"within": {"limits": [1, 2]}}}), "/within/within/limits"),
            (json!({"within": []}), "/within"),
        ] {
            let problem = from_json::<Asked>(body.to_string().as_bytes()).expect_err("refused");
            let told = problem.errors().first().and_then(|error| error.pointer.as_deref());
            assert_eq!((problem.status().as_u16(), told), (400, Some(pointer)), "{body}: {problem:?}");
        }
    }

    #[test]
    fn whatever_is_of_its_form_is_read_as_before() {
        for body in [
            json!({}),
            json!({"limits": {"few": 1, "many": null}, "named": {"few": 2}}),
            json!({"limits": null, "each": [{"few": 1}, {"many": 3, "few": 2}], "by_name": {"a": {"few": 1}}}),
            json!({"pair": [1, {"few": 1}], "numbers": [1, -2]}),
            json!({"choices": ["nothing", {"one": {"few": 1}}, {"pair": [1, {"few": 2}]}, {"fields": {"few": 3}}]}),
            json!({"within": {"within": {"each": []}}}),
        ] {
            let expected: Asked = serde_json::from_value(body.clone()).expect("of its form");
            assert_eq!(from_json::<Asked>(body.to_string().as_bytes()).expect("of its form"), expected, "{body}");
        }
    }
}
