//! Parameter Store: one file per operation, and what they share.
//!
//! Names and selectors are read in [`names`], and every parameter that an operation reads or deletes is found through
//! [`locate`], which authorises before it tells whether there is one. Values are sealed and opened in [`sealing`]
//! alone, whatever their type. What policies ask for in time is done by [`act_on_policies`].

mod add_tags_to_resource;
mod answer;
mod data_type;
mod delete_parameter;
mod delete_parameters;
mod describe_parameters;
mod errors;
mod filters;
mod get_parameter;
mod get_parameter_history;
mod get_parameters;
mod get_parameters_by_path;
mod get_service_setting;
mod label_parameter_version;
mod labels;
mod list_tags_for_resource;
mod locate;
mod names;
mod policies;
mod policy_actions;
mod put_parameter;
pub mod readers;
mod reference;
mod remove_tags_from_resource;
mod reset_service_setting;
mod same_content;
mod scan;
mod sealing;
mod settings;
mod tags;
mod tier;
mod unlabel_parameter_version;
mod update_service_setting;
mod value;

pub use policy_actions::{PolicyAction, act_on_policies};
pub(crate) use same_content::same_content;
pub(crate) use sealing::plain_purpose;
