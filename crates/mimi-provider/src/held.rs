//! Values held in memory under a name, each behind a lock of its own, as long as somebody uses them or may do so again soon.
//!
//! There is at most one value of a name at any time. Whoever uses one holds its `Arc`, which is given out under the lock of the whole; and
//! under the same lock nothing leaves but what nobody else holds. So what has left cannot be used any more, and who comes next begins anew.

use std::{
    collections::{BTreeMap, HashMap},
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

/// Values under names; see the module.
#[derive(Debug)]
pub(crate) struct Held<K, V> {
    most: usize,
    inner: Mutex<Inner<K, V>>,
}

#[derive(Debug)]
struct Inner<K, V> {
    values: HashMap<K, Entry<V>>,
    /// The names in the order of their last use, the latest last.
    order: BTreeMap<u64, K>,
    next: u64,
}

#[derive(Debug)]
struct Entry<V> {
    value: Arc<Mutex<V>>,
    place: u64,
    used: Instant,
}

impl<K: Clone + Eq + Hash, V: Default> Held<K, V> {
    /// Holds at most so many, or as many as are in use if these are more.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, inner: Mutex::new(Inner { values: HashMap::new(), order: BTreeMap::new(), next: 0 }) }
    }

    /// The value of a name, a fresh one if there is none, and how many others had to go for it.
    pub(crate) fn get(&self, name: &K, now: Instant) -> (Arc<Mutex<V>>, usize) {
        let mut inner = self.lock();
        let value = inner.touch(name, now);
        let gone = inner.shrink(self.most);
        drop(inner);
        // A room is large: nobody has to wait while its memory is given back.
        (value, gone.len())
    }

    /// The value of a name if there is one; this counts as no use.
    pub(crate) fn peek(&self, name: &K) -> Option<Arc<Mutex<V>>> {
        self.lock().values.get(name).map(|entry| Arc::clone(&entry.value))
    }

    /// The names that were last used before this, the least recently used first.
    pub(crate) fn idle(&self, before: Instant) -> Vec<K> {
        let inner = self.lock();
        let is_idle = |name: &&K| inner.values.get(*name).is_some_and(|entry| entry.used < before);
        inner.order.values().take_while(is_idle).cloned().collect()
    }

    /// Lets go of a value if nobody uses it, it was last used before `before`, and `may_go`; says whether it has gone. Where it was being
    /// used when it panicked, it goes without being asked about.
    pub(crate) fn let_go(&self, name: &K, before: Instant, may_go: impl FnOnce(&V) -> bool) -> bool {
        let mut inner = self.lock();
        let Some(entry) = inner.values.get_mut(name).filter(|entry| entry.used < before) else { return false };
        let Some(value) = Arc::get_mut(&mut entry.value) else { return false };
        if !value.get_mut().map_or(true, |value| may_go(value)) {
            return false;
        }
        let gone = inner.remove(name);
        drop(inner);
        gone.is_some()
    }

    /// How many are held.
    pub(crate) fn len(&self) -> usize {
        self.lock().values.len()
    }

    fn lock(&self) -> MutexGuard<'_, Inner<K, V>> {
        // Nothing of ours panics while the lock is held but for want of memory.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Clone + Eq + Hash, V: Default> Inner<K, V> {
    fn touch(&mut self, name: &K, used: Instant) -> Arc<Mutex<V>> {
        let place = self.next;
        self.next = self.next.wrapping_add(1);
        if let Some(entry) = self.values.get_mut(name) {
            self.order.remove(&entry.place);
            self.order.insert(place, name.clone());
            (entry.place, entry.used) = (place, used);
            return Arc::clone(&entry.value);
        }
        let value = Arc::<Mutex<V>>::default();
        self.values.insert(name.clone(), Entry { value: Arc::clone(&value), place, used });
        self.order.insert(place, name.clone());
        value
    }

    /// Takes out the least recently used ones until there are at most so many; what is in use stays.
    fn shrink(&mut self, most: usize) -> Vec<Entry<V>> {
        let excess = self.values.len().saturating_sub(most);
        if excess == 0 {
            return Vec::new();
        }
        let mut going = Vec::with_capacity(excess);
        for name in self.order.values() {
            if self.values.get_mut(name).is_some_and(|entry| Arc::get_mut(&mut entry.value).is_some()) {
                going.push(name.clone());
                if going.len() == excess {
                    break;
                }
            }
        }
        going.iter().filter_map(|name| self.remove(name)).collect()
    }

    fn remove(&mut self, name: &K) -> Option<Entry<V>> {
        let entry = self.values.remove(name)?;
        self.order.remove(&entry.place);
        Some(entry)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use std::{
        sync::atomic::{AtomicBool, AtomicU64, Ordering},
        time::Duration,
    };

    use super::*;

    type Numbers = Held<u32, Option<u64>>;

    fn put(held: &Numbers, name: u32, value: u64) -> usize {
        let (slot, gone) = held.get(&name, Instant::now());
        *slot.lock().unwrap() = Some(value);
        gone
    }

    fn value(held: &Numbers, name: u32) -> Option<u64> {
        held.peek(&name).and_then(|slot| *slot.lock().unwrap())
    }

    #[test]
    fn the_least_recently_used_goes_first_and_what_is_in_use_stays() {
        let held = Numbers::new(2);
        let in_use = held.get(&1, Instant::now()).0;
        assert_eq!((put(&held, 2, 20), put(&held, 3, 30)), (0, 1));
        assert_eq!((held.len(), value(&held, 2), value(&held, 3)), (2, None, Some(30)));
        // All are in use: there are more than there should be, until they are not.
        let also = held.get(&3, Instant::now()).0;
        assert_eq!((held.get(&4, Instant::now()).1, held.len()), (0, 3));
        *in_use.lock().unwrap() = Some(10);
        drop((in_use, also));
        assert_eq!((put(&held, 1, 11), held.len()), (1, 2));
        assert_eq!((value(&held, 1), value(&held, 3)), (Some(11), None));
    }

    #[test]
    fn only_what_is_idle_unused_and_may_go_is_let_go() {
        let held = Numbers::new(9);
        put(&held, 1, 10);
        let between = Instant::now();
        std::thread::sleep(Duration::from_millis(2));
        put(&held, 2, 20);
        assert_eq!(held.idle(between), [1]);
        let later = Instant::now() + Duration::from_secs(1);
        assert_eq!(held.idle(later), [1, 2]);
        assert!(!held.let_go(&2, between, |_| true), "it was used since");
        assert!(!held.let_go(&1, later, |_| false), "it may not go");
        let in_use = held.peek(&1).unwrap();
        assert!(!held.let_go(&1, later, |_| true), "it is in use");
        drop(in_use);
        assert!(held.let_go(&1, later, |_| true));
        assert!(!held.let_go(&1, later, |_| true), "it is gone already");
        assert_eq!((held.len(), value(&held, 1), value(&held, 2)), (1, None, Some(20)));
    }

    #[test]
    fn what_a_panic_has_left_may_go() {
        let held = Numbers::new(9);
        let slot = held.get(&1, Instant::now()).0;
        let thread = std::thread::spawn(move || {
            let _used = slot.lock().unwrap();
            panic!("on purpose");
        });
        assert!(thread.join().is_err());
        assert!(held.let_go(&1, Instant::now() + Duration::from_secs(1), |_| false));
    }

    /// The disk is a number for each name; a value is loaded from it, counted up, and written back while it is not locked, as the rooms
    /// do it. Were there two values of one name, or one that was loaded while another was on its way to the disk, counts would be lost.
    #[test]
    fn nothing_is_decided_on_a_stale_value_however_often_values_leave() {
        const NAMES: u32 = 5;
        const ROUNDS: u64 = 3000;
        let held = Numbers::new(2);
        let disk: Vec<AtomicU64> = (0..NAMES).map(|_| AtomicU64::new(0)).collect();
        let stop = AtomicBool::new(false);
        let gone = AtomicU64::new(0);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let now = Instant::now();
                    let left = held.idle(now).iter().filter(|name| held.let_go(name, now, |_| true)).count();
                    gone.fetch_add(left as u64, Ordering::Relaxed);
                    std::thread::yield_now();
                }
            });
            let visitors: Vec<_> = (0..4u64)
                .map(|thread| {
                    let (held, disk, gone) = (&held, &disk, &gone);
                    scope.spawn(move || {
                        for round in 0..ROUNDS {
                            let name = u32::try_from((round * 7 + thread * 3) % u64::from(NAMES)).unwrap();
                            let (slot, left) = held.get(&name, Instant::now());
                            gone.fetch_add(left as u64, Ordering::Relaxed);
                            let mut value = slot.lock().unwrap();
                            let stored = &disk[name as usize];
                            let counted = value.unwrap_or_else(|| stored.load(Ordering::SeqCst)) + 1;
                            *value = Some(counted);
                            drop(value);
                            std::thread::yield_now();
                            // Writes of the same value arrive in any order here.
                            stored.fetch_max(counted, Ordering::SeqCst);
                        }
                    })
                })
                .collect();
            visitors.into_iter().for_each(|visitor| visitor.join().unwrap());
            stop.store(true, Ordering::Relaxed);
        });
        let counted: u64 = disk.iter().map(|stored| stored.load(Ordering::SeqCst)).sum();
        assert_eq!(counted, 4 * ROUNDS);
        assert!(gone.load(Ordering::Relaxed) > 100, "hardly anything left: {gone:?}");
    }
}
