//! What the generated tables turn into. `structure!`, `enumeration!`, `errors!` and `operation!` read like the
//! definitions they make, with the wire's names and constraints beside each part.

/// A structure with its codec: `pub field: Type = "WireName", CONSTRAINTS;` per member.
macro_rules! structure {
    (
        $(#[$attribute:meta])*
        pub struct $name:ident {
            $(pub $field:ident: $type:ty = $wire:literal $(, $shape:path)?;)*
        }
    ) => {
        $(#[$attribute])*
        pub struct $name {
            $(pub $field: $type,)*
        }

        impl $name {
            /// Every member, as the wire names it.
            pub const MEMBERS: &'static [&'static str] = &[$($wire),*];
        }

        impl $crate::codec::Decode for $name {
            fn decode(
                node: $crate::codec::Node,
                _: &$crate::codec::Shape,
                decoder: &mut $crate::codec::Decoder,
            ) -> Option<Self> {
                let members = &mut decoder.members(node)?;
                // Every member is read before the first failure ends the structure, so that all are reported.
                $(let $field = decoder.member(members, $wire, shape!($($shape)?));)*
                let _ = members;
                Some(Self { $($field: $field?,)* })
            }
        }

        impl $crate::codec::Encode for $name {
            fn encode(&self, _: &$crate::codec::Shape, sink: &mut dyn $crate::codec::Sink) {
                sink.structure(&[$(($wire, &self.$field, shape!($($shape)?)),)*]);
            }
        }
    };
}

/// The constraints of a member, or none.
macro_rules! shape {
    () => {
        &$crate::codec::Shape::ANY
    };
    ($shape:path) => {
        &$shape
    };
}

/// A pattern as AWS prints it, and in the syntax of the `regex` crate.
macro_rules! pattern {
    ($shown:literal, $regex:literal) => {{
        static PATTERN: $crate::codec::Pattern = $crate::codec::Pattern::new($shown, $regex);
        &PATTERN
    }};
}

/// An enumeration of texts.
macro_rules! enumeration {
    (pub enum $name:ident { $($variant:ident = $wire:literal,)* }) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($variant,)*
        }

        impl $name {
            /// Every value, as AWS lists them.
            pub const VALUES: &'static [&'static str] = &[$($wire),*];

            /// The value on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $wire,)*
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::codec::UnknownValue;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($wire => Ok(Self::$variant),)*
                    _ => Err($crate::codec::UnknownValue),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::codec::Decode for $name {
            const IS_VALUE: bool = true;

            fn decode(
                node: $crate::codec::Node,
                shape: &$crate::codec::Shape,
                decoder: &mut $crate::codec::Decoder,
            ) -> Option<Self> {
                decoder.enumeration(node, shape, Self::VALUES)
            }

            fn constraints(_: &$crate::codec::Shape) -> Vec<String> {
                vec![$crate::codec::enum_constraint(Self::VALUES)]
            }
        }

        impl $crate::codec::Encode for $name {
            fn encode(&self, _: &$crate::codec::Shape, sink: &mut dyn $crate::codec::Sink) {
                sink.text(self.as_str());
            }
        }
    };
}

/// The errors of a service: `Variant = "Code", status, case of the message's member;`.
macro_rules! errors {
    ($service:ident; $($variant:ident = $code:literal, $status:literal, $key:ident;)*) => {
        /// What an operation of this service may answer instead of its output. The text is the caller's.
        #[derive(Debug)]
        pub enum Error {
            $($variant(String),)*
            /// What every service may answer.
            Common($crate::CommonError),
        }

        impl $crate::ServiceError for Error {
            fn report(&self) -> $crate::ErrorReport {
                match self {
                    $(Self::$variant(message) => $crate::ErrorReport::modelled(
                        $code,
                        $status,
                        message,
                        $crate::MessageKey::$key,
                    ),)*
                    Self::Common(error) => error.report($crate::Service::$service),
                }
            }

            fn fault(&self) -> Option<&types::Fault> {
                match self {
                    Self::Common($crate::CommonError::Fault(fault)) => Some(fault),
                    _ => None,
                }
            }
        }

        impl From<$crate::CommonError> for Error {
            fn from(error: $crate::CommonError) -> Self {
                Self::Common(error)
            }
        }

        impl From<types::Fault> for Error {
            fn from(fault: types::Fault) -> Self {
                Self::Common(fault.into())
            }
        }

        impl std::fmt::Display for Error {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                $crate::ServiceError::report(self).fmt(f)
            }
        }

        impl std::error::Error for Error {}
    };
}

/// An operation, named by a type without values.
macro_rules! operation {
    ($name:ident, $service:ident, $action:literal, $kind:ident, has_output: $has_output:literal, access: { $($access:tt)* }) => {
        /// The operation itself.
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl $crate::Modeled for $name {
            const SERVICE: $crate::Service = $crate::Service::$service;
            const NAME: &'static str = stringify!($name);
            const ACTION: &'static str = $action;
            const KIND: $crate::Kind = $crate::Kind::$kind;
            const HAS_OUTPUT: bool = $has_output;
            const ACCESS: &'static $crate::OperationAccess = &$crate::OperationAccess { $($access)* };
            type Input = Input;
            type Output = Output;
            type Error = super::Error;
        }
    };
}
