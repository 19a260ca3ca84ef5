//! Starts a task from an ECS agent payload: resolves secrets, drives a container runtime
