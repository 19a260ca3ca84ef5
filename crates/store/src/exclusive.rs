//! A value that only its owner touches, so that what holds it may still be shared.

use std::sync::{Mutex, PoisonError};

/// Makes a `Send` value part of something `Sync`. It is reached through `&mut` alone, so the mutex inside is never
/// locked. sqlx's connections are not `Sync`, and a request context that holds one is borrowed across awaits.
pub(crate) struct Exclusive<T>(Mutex<T>);

impl<T> Exclusive<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn into_inner(self) -> T {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}
