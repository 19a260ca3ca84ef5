//! ECR: repositories, who may use them, and what was pushed to them.
//!
//! Layers are in the registry behind this server, and go through [`registry`], whose decisions are made here as well:
//! each request of Docker's registry protocol stands for one or two actions of ECR. Nothing here talks to that registry.

mod batch_check_layer_availability;
mod batch_delete_image;
mod batch_get_image;
mod create_repository;
mod delete_repository;
mod delete_repository_policy;
mod describe_images;
mod describe_repositories;
mod get_authorization_token;
mod get_download_url_for_layer;
mod get_repository_policy;
mod images;
mod link;
mod list_images;
mod list_tags_for_resource;
mod manifest;
mod page;
mod put_image;
mod put_image_tag_mutability;
pub mod registry;
mod repository;
mod set_repository_policy;
mod settings;
mod tag_resource;
mod tags;
mod token;
mod untag_resource;
