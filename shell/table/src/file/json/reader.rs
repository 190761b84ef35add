//! A JSON document whose objects keep the order of their keys.

use std::fmt;

use hailer_protocol::value::Value;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value as Json;

/// The keys and values of an object, in their order.
pub(super) type Entries = Vec<(String, Node)>;

/// One JSON value.
#[derive(Debug)]
pub(super) enum Node {
    /// Null, a boolean, a number or a string.
    Scalar(Value),
    /// `[…]`.
    List(Vec<Self>),
    /// `{…}`.
    Object(Entries),
}

impl Node {
    /// Returns it as others print it.
    pub(super) fn to_json(&self) -> Json {
        match self {
            Self::Scalar(value) => crate::export::json::value(value),
            Self::List(list) => list.iter().map(Self::to_json).collect(),
            Self::Object(entries) => {
                let entries = entries
                    .iter()
                    .map(|(key, node)| (key.clone(), node.to_json()));
                Json::Object(entries.collect())
            }
        }
    }
}

/// Returns whole seconds as a duration, if they fit.
pub(super) const fn integer_seconds(seconds: i64) -> Option<i64> {
    seconds.checked_mul(1_000_000_000)
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Null))
    }

    fn visit_bool<E>(self, b: bool) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Bool(b)))
    }

    fn visit_i64<E>(self, n: i64) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Int(n)))
    }

    fn visit_u64<E>(self, n: u64) -> Result<Node, E> {
        // What does not fit keeps its digits, and is text.
        let value = i64::try_from(n).map_or_else(|_| Value::Str(n.to_string()), Value::Int);
        Ok(Node::Scalar(value))
    }

    fn visit_f64<E>(self, x: f64) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Float(x)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Scalar(Value::from(text)))
    }

    fn visit_string<E>(self, text: String) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Str(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element()? {
            list.push(element);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut object = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            object.push(entry);
        }
        Ok(Node::Object(object))
    }
}
