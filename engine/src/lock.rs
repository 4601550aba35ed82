//! Mutexes that no panic can spoil: what runs under them changes one value, or puts one thing into a collection.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Takes the lock, whatever became of the thread that had it last.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
