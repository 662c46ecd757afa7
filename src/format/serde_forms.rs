//! The forms in which values are serialised, with the feature `serde`; without it, these macros declare nothing.

/// Serialises a type as the text that it prints, and parses that again.
macro_rules! serde_as_text {
    ($type:ty) => {
        #[cfg(feature = "serde")]
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::format::as_serde::parsed(deserializer)
            }
        }
    };
}

/// The same where people read it, and the number elsewhere.
macro_rules! serde_as_text_or_number {
    ($type:ty, $integer:ty) => {
        #[cfg(feature = "serde")]
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    return serializer.collect_str(self);
                }
                <$integer>::from(*self).serialize(serializer)
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    return $crate::format::as_serde::parsed(deserializer);
                }
                <$integer>::deserialize(deserializer).map(Self::from)
            }
        }
    };
}

/// Declares that fields of a type are serialised as the type is.
macro_rules! serde_field {
    ($($type:ty)*) => {$(
        #[cfg(feature = "serde")]
        impl $crate::format::as_serde::Field for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serde::Serialize::serialize(self, serializer)
            }

            fn deserialize<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                serde::Deserialize::deserialize(deserializer)
            }
        }
    )*};
}

/// Serialises what prints as text, and is not parsed.
macro_rules! serialize_as_text {
    ($([$($parameter:tt)*] $type:ty),* $(,)?) => {$(
        #[cfg(feature = "serde")]
        impl<$($parameter)*> serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    )*};
}

pub(crate) use {serde_as_text, serde_as_text_or_number, serde_field, serialize_as_text};
