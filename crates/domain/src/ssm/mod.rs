//! Parameter Store: one file per operation, and what they share.
//!
//! Names and selectors are read in [`names`], and every parameter that an operation reads or deletes is found through
//! [`locate`], which authorises before it tells whether there is one. Values are sealed and opened in [`sealing`]
//! alone, whatever their type.

mod answer;
mod data_type;
mod delete_parameter;
mod delete_parameters;
mod describe_parameters;
mod errors;
mod expire;
mod filters;
mod get_parameter;
mod get_parameters;
mod get_parameters_by_path;
mod locate;
mod names;
mod policies;
mod put_parameter;
mod reference;
mod scan;
mod sealing;
mod tier;
mod value;

pub use expire::delete_expired_parameters;
pub(crate) use sealing::plain_purpose;
