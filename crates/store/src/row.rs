//! Values on their way into a statement and out of a row.

use std::sync::Arc;

use sqlx::{
    Row as _,
    any::{AnyArguments, AnyRow},
};
use types::{AccountId, Fault, Region, Tag, Timestamp};

/// One bound value. Build a list of them with [`args!`](crate::args).
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Arg {
    Int(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

/// The values of `$1`, `$2`, … of a statement, each converted into an [`Arg`].
#[macro_export]
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::Arg::from($value)),*] };
}

macro_rules! into_arg {
    ($($variant:ident: $from:ty, $value:ident => $convert:expr;)*) => {$(
        impl From<$from> for Arg {
            fn from($value: $from) -> Self { Self::$variant(Some($convert)) }
        }
        impl From<Option<$from>> for Arg {
            fn from(value: Option<$from>) -> Self { Self::$variant(value.map(|$value| $convert)) }
        }
    )*};
}

into_arg! {
    Int: i64, v => v;
    Int: i32, v => i64::from(v);
    Int: bool, v => i64::from(v);
    Int: Timestamp, v => v.as_millis();
    Text: &str, v => v.to_owned();
    Text: &String, v => v.clone();
    Text: String, v => v;
    Text: &AccountId, v => v.as_str().to_owned();
    Text: &Region, v => v.as_str().to_owned();
    Text: &[Tag], v => tags_to_json(v);
    Bytes: &[u8], v => v.to_vec();
    Bytes: &Vec<u8>, v => v.clone();
    Bytes: Vec<u8>, v => v;
}

impl Arg {
    /// About how many bytes it takes.
    pub(crate) fn size(&self) -> usize {
        let content = match self {
            Self::Int(_) => 0,
            Self::Text(text) => text.as_ref().map_or(0, String::len),
            Self::Bytes(bytes) => bytes.as_ref().map_or(0, Vec::len),
        };
        size_of::<Self>() + content
    }
}

/// Binds the list in order.
pub(crate) fn bind(args: Vec<Arg>) -> Result<AnyArguments, Fault> {
    use sqlx::Arguments as _;
    let mut bound = AnyArguments::default();
    for arg in args {
        match arg {
            Arg::Int(v) => bound.add(v),
            Arg::Text(v) => bound.add(v),
            Arg::Bytes(v) => bound.add(v),
        }
        .map_err(Fault::new)?;
    }
    Ok(bound)
}

/// One row of an answer, read by column name. Cheap to clone.
#[derive(Clone)]
pub struct Row(Arc<AnyRow>);

impl From<AnyRow> for Row {
    fn from(row: AnyRow) -> Self {
        Self(Arc::new(row))
    }
}

macro_rules! columns {
    ($($(#[$doc:meta])* $name:ident, $opt:ident -> $out:ty, $raw:ty, $value:ident => $convert:expr;)*) => {$(
        $(#[$doc])*
        pub fn $name(&self, column: &str) -> Result<$out, Fault> {
            let $value: $raw = self.0.try_get(column).map_err(Fault::new)?;
            Ok($convert)
        }

        $(#[$doc])*
        /// `None` where the column is NULL.
        pub fn $opt(&self, column: &str) -> Result<Option<$out>, Fault> {
            let value: Option<$raw> = self.0.try_get(column).map_err(Fault::new)?;
            Ok(value.map(|$value| $convert))
        }
    )*};
}

impl Row {
    columns! {
        /// A BIGINT.
        int, opt_int -> i64, i64, v => v;
        /// A BIGINT that stands for yes or no.
        bool, opt_bool -> bool, i64, v => v != 0;
        /// A BIGINT of milliseconds since the epoch.
        timestamp, opt_timestamp -> Timestamp, i64, v => Timestamp::from_millis(v);
        /// A TEXT.
        text, opt_text -> String, String, v => v;
        /// Bytes.
        bytes, opt_bytes -> Vec<u8>, Vec<u8>, v => v;
    }

    /// About how many bytes it takes.
    pub(crate) fn size(&self) -> usize {
        let content = |column| {
            let text = self.0.try_get::<&str, _>(column).map(str::len);
            text.or_else(|_| self.0.try_get::<&[u8], _>(column).map(<[u8]>::len))
        };
        (0..self.0.len())
            .map(|column| size_of::<Arg>() + content(column).unwrap_or(0))
            .sum()
    }

    /// A TEXT that holds a JSON list of tags; `None` where the column is NULL.
    pub fn opt_tags(&self, column: &str) -> Result<Option<Vec<Tag>>, Fault> {
        self.opt_text(column)?
            .map(|text| serde_json::from_str(&text).map_err(Fault::new))
            .transpose()
    }

    /// As [`parse`](Self::parse); `None` where the column is NULL.
    pub fn opt_parse<T>(&self, column: &str) -> Result<Option<T>, Fault>
    where
        T: std::str::FromStr,
        T::Err: std::error::Error + Send + Sync + 'static,
    {
        self.opt_text(column)?
            .map(|text| text.parse().map_err(Fault::new))
            .transpose()
    }

    /// A TEXT with a type of its own: an account id, a region, an enumeration.
    pub fn parse<T>(&self, column: &str) -> Result<T, Fault>
    where
        T: std::str::FromStr,
        T::Err: std::error::Error + Send + Sync + 'static,
    {
        self.text(column)?.parse().map_err(Fault::new)
    }
}

/// `$1, $2, …` up to `count`, for a list of values.
pub(crate) fn placeholders(count: usize) -> String {
    let each: Vec<_> = (1..=count).map(|n| format!("${n}")).collect();
    each.join(", ")
}

fn tags_to_json(tags: &[Tag]) -> String {
    serde_json::to_string(tags).expect("two texts are always JSON")
}
