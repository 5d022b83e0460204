//! Times as the API writes and reads them: ISO 8601 with a zone.

use cuecard_protocol::Millis;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::ToSchema;

use crate::timestamp;

/// A point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(value_type = String, format = DateTime, examples("2026-11-20T08:50:10.765Z"))]
pub struct Time(pub Millis);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&timestamp::write(self.0))
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        timestamp::read(&text).map(Self).ok_or_else(|| {
            de::Error::custom(
                "no time, expected ISO 8601 with a zone, such as 2026-11-20T08:50:10.765Z",
            )
        })
    }
}
