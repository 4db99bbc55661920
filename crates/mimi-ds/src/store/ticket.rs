//! The receipt for submitted effects. It can be waited for by a thread, and polled by a task of any runtime: many decisions that wait for
//! one flush need no thread each.

use std::{
    pin::Pin,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use super::StoreError;

/// The receipt for submitted effects. As a future it gives what [`Ticket::wait`] gives.
#[derive(Debug)]
#[must_use = "the effects are durable only once the ticket says so"]
pub struct Ticket(Arc<Shared>);

/// The end of a ticket on which its result is given. Dropped without one it says [`StoreError::Closed`].
#[derive(Debug)]
pub struct Outcome(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    told: Condvar,
}

#[derive(Debug, Default)]
struct State {
    result: Option<Result<(), StoreError>>,
    waker: Option<Waker>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while the lock is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, result: Result<(), StoreError>) {
        let mut state = self.lock();
        if state.result.is_some() {
            return;
        }
        state.result = Some(result);
        let waker = state.waker.take();
        drop(state);
        self.told.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Ticket {
    /// A ticket and the end on which its result is given; for implementations of [`Store`](super::Store).
    pub fn pair() -> (Outcome, Self) {
        let shared = Arc::<Shared>::default();
        (Outcome(Arc::clone(&shared)), Self(shared))
    }

    /// Waits until the effects are durable.
    ///
    /// # Errors
    /// A conflict or a failure of the store: none of the effects has happened. [`StoreError::Closed`]: the writer is
    /// gone without an answer, so that this is unknown.
    pub fn wait(self) -> Result<(), StoreError> {
        let mut state = self.0.lock();
        loop {
            if let Some(result) = &state.result {
                return result.clone();
            }
            state = self.0.told.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Future for Ticket {
    type Output = Result<(), StoreError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.0.lock();
        if let Some(result) = &state.result {
            return Poll::Ready(result.clone());
        }
        if !state.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            state.waker = Some(context.waker().clone());
        }
        Poll::Pending
    }
}

impl Outcome {
    /// Gives the result to whoever waits, if anybody does.
    pub fn tell(self, result: Result<(), StoreError>) {
        self.0.tell(result);
    }
}

impl Drop for Outcome {
    fn drop(&mut self) {
        self.0.tell(Err(StoreError::Closed));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use std::{
        pin::pin,
        sync::atomic::{AtomicUsize, Ordering},
        task::Wake,
        time::Duration,
    };

    use super::*;
    use crate::store::Conflict;

    #[derive(Default)]
    struct Counted(AtomicUsize);

    impl Wake for Counted {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_thread_is_told_whether_the_result_comes_before_or_while_it_waits() {
        let conflict = Err(StoreError::Conflict(Conflict::LogSequence));
        let (outcome, ticket) = Ticket::pair();
        outcome.tell(conflict.clone());
        assert_eq!(ticket.wait(), conflict);
        let (outcome, ticket) = Ticket::pair();
        let waits = std::thread::spawn(move || ticket.wait());
        std::thread::sleep(Duration::from_millis(5));
        outcome.tell(Ok(()));
        assert_eq!(waits.join().unwrap(), Ok(()));
    }

    #[test]
    fn a_task_is_woken_once_and_then_finds_the_result() {
        let (outcome, ticket) = Ticket::pair();
        let counted = Arc::<Counted>::default();
        let waker = Waker::from(counted.clone());
        let mut ticket = pin!(ticket);
        for _ in 0..2 {
            assert_eq!(ticket.as_mut().poll(&mut Context::from_waker(&waker)), Poll::Pending);
        }
        outcome.tell(Ok(()));
        assert_eq!(counted.0.load(Ordering::SeqCst), 1);
        assert_eq!(ticket.as_mut().poll(&mut Context::from_waker(&waker)), Poll::Ready(Ok(())));
    }

    #[test]
    fn an_outcome_that_is_lost_says_that_nothing_is_known() {
        let (outcome, ticket) = Ticket::pair();
        drop(outcome);
        assert_eq!(ticket.wait(), Err(StoreError::Closed));
        let (outcome, ticket) = Ticket::pair();
        drop(ticket);
        outcome.tell(Ok(()));
    }
}
