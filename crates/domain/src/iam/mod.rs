//! IAM: users, roles, access keys and policies.
//!
//! An operation on something that exists authorises on its ARN before it says whether it exists. Each write ends with
//! [`note_change`](crate::identity), so that no server goes on deciding by what was replaced.

mod answer;
mod attachments;
mod document;
mod inline;
mod keys;
mod locate;
mod page;
mod tags;
mod trust;
mod usage;

mod attach_role_policy;
mod attach_user_policy;
mod create_access_key;
mod create_policy;
mod create_role;
mod create_user;
mod delete_access_key;
mod delete_policy;
mod delete_role;
mod delete_role_policy;
mod delete_user;
mod delete_user_policy;
mod detach_role_policy;
mod detach_user_policy;
mod get_policy;
mod get_policy_version;
mod get_role;
mod get_role_policy;
mod get_user;
mod get_user_policy;
mod list_access_keys;
mod list_attached_role_policies;
mod list_attached_user_policies;
mod list_policies;
mod list_role_policies;
mod list_roles;
mod list_user_policies;
mod list_users;
mod put_role_policy;
mod put_user_policy;
mod update_access_key;
mod update_assume_role_policy;
