//! Values kept as the octets they came in, with what was read from them.

use crate::codec::{DecodeError, Reader};

/// What can be read from the octets of a value.
pub(crate) trait Parsed: Sized {
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError>;
}

/// Declares a type that holds octets and the view that was read from them.
macro_rules! parsed_bytes {
    ($(#[$doc:meta])+ $name:ident($view:ident)) => {
        $(#[$doc])+
        #[derive(Clone, PartialEq, Eq, Hash)]
        pub struct $name {
            bytes: Vec<u8>,
            view: $view,
        }

        impl $name {
            /// The octets, as they stand on the wire.
            pub fn as_bytes(&self) -> &[u8] {
                &self.bytes
            }

            /// What was read from the octets.
            pub fn view(&self) -> &$view {
                &self.view
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name))
                    .field("octets", &self.bytes.len())
                    .field("view", &self.view)
                    .finish()
            }
        }

        impl $crate::codec::Wire for $name {
            fn decode(r: &mut $crate::codec::Reader<'_>) -> Result<Self, $crate::codec::DecodeError> {
                let (bytes, view) = r.capture(<$view as $crate::mls::bytes::Parsed>::read)?;
                Ok(Self { bytes: bytes.to_vec(), view })
            }

            fn encode(&self, out: &mut Vec<u8>) -> Result<(), $crate::codec::EncodeError> {
                out.extend_from_slice(&self.bytes);
                Ok(())
            }
        }
    };
}
pub(crate) use parsed_bytes;
