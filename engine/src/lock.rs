//! Taking a lock that nobody leaves half done.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Takes the lock. Nothing that runs under the locks of this crate can leave what they guard half done, so one that a
/// panic went through is as good as any.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
