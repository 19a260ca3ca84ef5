//! What would cost most to make again for every use of a key: unsealed material, and compiled key policies.
//!
//! Neither can be out of date. Material never changes under its id, and a policy is looked up by its own text, which
//! comes from the key's row each time.

use std::{
    borrow::Borrow,
    collections::{HashMap, VecDeque},
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use crypto::kms::{KeyMaterial, MaterialId};
use policy::{Policy, PolicyError, PolicyKind};
use store::kms::KeyAddress;

const MATERIALS: usize = 1024;
const POLICIES: usize = 256;

/// Lately used key material and key policies, in memory only. Material is zeroed when it falls out.
pub struct Cache {
    materials: Mutex<Recent<MaterialId, Arc<(KeyAddress, KeyMaterial)>>>,
    policies: Mutex<Recent<Arc<str>, Arc<Policy>>>,
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            materials: Mutex::new(Recent::new(MATERIALS)),
            policies: Mutex::new(Recent::new(POLICIES)),
        }
    }
}

impl Cache {
    /// Material that was unsealed before, with the key it belongs to.
    pub(super) fn material(&self, id: &MaterialId) -> Option<Arc<(KeyAddress, KeyMaterial)>> {
        let materials = self.materials.lock();
        materials.unwrap_or_else(PoisonError::into_inner).get(id)
    }

    pub(super) fn keep_material(
        &self,
        owner: KeyAddress,
        material: KeyMaterial,
    ) -> Arc<(KeyAddress, KeyMaterial)> {
        let id = material.id();
        let entry = Arc::new((owner, material));
        let materials = self.materials.lock();
        materials
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id, Arc::clone(&entry));
        entry
    }

    /// Drops the material of a key that is gone.
    pub(super) fn forget_materials_of(&self, owner: &KeyAddress) {
        let materials = self.materials.lock();
        materials
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|entry| entry.0 != *owner);
    }

    /// A key policy, compiled.
    pub(super) fn policy(&self, text: &str) -> Result<Arc<Policy>, PolicyError> {
        let known = self.policies.lock();
        if let Some(policy) = known.unwrap_or_else(PoisonError::into_inner).get(text) {
            return Ok(policy);
        }
        let policy = Arc::new(Policy::parse(text, PolicyKind::Resource)?);
        let known = self.policies.lock();
        known
            .unwrap_or_else(PoisonError::into_inner)
            .insert(text.into(), Arc::clone(&policy));
        Ok(policy)
    }
}

/// A map that forgets its oldest entry when it is full.
struct Recent<K, V> {
    entries: HashMap<K, V>,
    order: VecDeque<K>,
    capacity: usize,
}

impl<K: Clone + Eq + Hash, V: Clone> Recent<K, V> {
    fn new(capacity: usize) -> Self {
        Self {
            entries: HashMap::new(),
            order: VecDeque::new(),
            capacity,
        }
    }

    fn get<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.entries.get(key).cloned()
    }

    fn retain(&mut self, keep: impl Fn(&V) -> bool) {
        self.entries.retain(|_, value| keep(value));
        let entries = &self.entries;
        self.order.retain(|key| entries.contains_key(key));
    }

    fn insert(&mut self, key: K, value: V) {
        if self.entries.insert(key.clone(), value).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > self.capacity
            && let Some(oldest) = self.order.pop_front()
        {
            self.entries.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_map_forgets_its_oldest_entry() {
        let mut recent = Recent::new(2);
        for key in ["a", "b", "b", "c"] {
            recent.insert(key, key.len());
        }
        assert_eq!(recent.get("a"), None);
        assert_eq!((recent.get("b"), recent.get("c")), (Some(1), Some(1)));
        assert_eq!(recent.entries.len(), recent.order.len());
    }

    #[test]
    fn what_is_forgotten_on_purpose_makes_room() {
        let mut recent = Recent::new(2);
        recent.insert("a", 1);
        recent.insert("b", 2);
        recent.retain(|value| *value != 1);
        recent.insert("c", 3);
        assert_eq!(
            (recent.get("a"), recent.get("b"), recent.get("c")),
            (None, Some(2), Some(3))
        );
        assert_eq!(recent.entries.len(), recent.order.len());
    }
}
