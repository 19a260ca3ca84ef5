//! Behaviour over the wire: a real server on a free port, with the official clients and with requests made by hand.

mod ecs;
mod iam;
mod kms;
mod sts;
