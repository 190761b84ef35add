//! A JSON document whose objects keep the order in which their keys were printed.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::value::Value;

/// One JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json {
    /// Null, a boolean, a number or a string.
    Scalar(Value),
    /// `[…]`.
    List(Vec<Self>),
    /// `{…}`, in printed order.
    Object(Vec<(String, Self)>),
}

impl Json {
    /// Prints the value as JSON text.
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        self.push_text(&mut out);
        out
    }

    fn push_text(&self, out: &mut String) {
        match self {
            Self::Scalar(Value::Str(s)) => push_string(s, out),
            Self::Scalar(Value::Null) => out.push_str("null"),
            Self::Scalar(value) => out.push_str(&crate::units::display_value(value)),
            Self::List(elements) => {
                out.push('[');
                for (n, element) in elements.iter().enumerate() {
                    if n > 0 {
                        out.push(',');
                    }
                    element.push_text(out);
                }
                out.push(']');
            }
            Self::Object(entries) => {
                out.push('{');
                for (n, (key, value)) in entries.iter().enumerate() {
                    if n > 0 {
                        out.push(',');
                    }
                    push_string(key, out);
                    out.push(':');
                    value.push_text(out);
                }
                out.push('}');
            }
        }
    }
}

fn push_string(s: &str, out: &mut String) {
    out.push_str(&serde_json::Value::from(s).to_string());
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Scalar(Value::Null))
    }

    fn visit_bool<E>(self, b: bool) -> Result<Json, E> {
        Ok(Json::Scalar(Value::Bool(b)))
    }

    fn visit_i64<E>(self, n: i64) -> Result<Json, E> {
        Ok(Json::Scalar(Value::Int(n)))
    }

    /// What does not fit 64 bits with a sign keeps its digits as text: such numbers are ids.
    fn visit_u64<E>(self, n: u64) -> Result<Json, E> {
        Ok(Json::Scalar(
            i64::try_from(n).map_or_else(|_| Value::Str(n.to_string()), Value::Int),
        ))
    }

    fn visit_f64<E>(self, x: f64) -> Result<Json, E> {
        Ok(Json::Scalar(Value::Float(x)))
    }

    fn visit_str<E>(self, s: &str) -> Result<Json, E> {
        Ok(Json::Scalar(Value::from(s)))
    }

    fn visit_string<E>(self, s: String) -> Result<Json, E> {
        Ok(Json::Scalar(Value::Str(s)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Json, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = sequence.next_element()? {
            elements.push(element);
        }
        Ok(Json::List(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Json::Object(entries))
    }
}
