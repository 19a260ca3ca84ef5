//! Which shapes the implemented operations use, and on which side.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;

use super::{
    model::{Model, Shape},
    plan::Planned,
};

/// The sides of the wire a shape appears on.
#[derive(Clone, Copy, Default)]
pub struct Sides {
    pub input: bool,
    pub output: bool,
}

/// Everything the generated code of one service needs.
pub struct Reach {
    /// The shapes below inputs and outputs; inputs and outputs themselves are not among them.
    pub shapes: BTreeMap<String, Sides>,
    pub errors: BTreeSet<String>,
}

impl Reach {
    pub fn of(model: &Model, planned: &Planned) -> anyhow::Result<Self> {
        let mut reach = Self {
            shapes: BTreeMap::new(),
            errors: planned.errors.iter().cloned().collect(),
        };
        for name in planned.operations.keys() {
            let operation = model
                .operations
                .get(name)
                .with_context(|| format!("the model has no operation {name}"))?;
            if let Some(input) = &operation.input {
                reach.below(model, &input.shape, |sides| &mut sides.input)?;
            }
            if let Some(output) = &operation.output {
                reach.below(model, &output.shape, |sides| &mut sides.output)?;
            }
            reach
                .errors
                .extend(operation.errors.iter().map(|e| e.shape.clone()));
        }
        Ok(reach)
    }

    fn below(
        &mut self,
        model: &Model,
        name: &str,
        side: fn(&mut Sides) -> &mut bool,
    ) -> anyhow::Result<()> {
        for child in children(model.shape(name)?) {
            let seen = side(self.shapes.entry(child.to_owned()).or_default());
            if !std::mem::replace(seen, true) {
                self.below(model, child, side)?;
            }
        }
        Ok(())
    }
}

fn children(shape: &Shape) -> impl Iterator<Item = &str> {
    let members = shape.members.iter().map(|(_, reference)| reference);
    members
        .chain(&shape.member)
        .chain(&shape.key)
        .chain(&shape.value)
        .map(|reference| reference.shape.as_str())
}

/// Whether a structure holds itself through members that are structures: such a member needs a box.
pub fn holds_itself(model: &Model, container: &str, member: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![member];
    while let Some(name) = open.pop() {
        if name == container {
            return true;
        }
        let Some(shape) = model.shapes.get(name).filter(|s| s.kind == "structure") else {
            continue;
        };
        if seen.insert(name) {
            open.extend(
                shape
                    .members
                    .iter()
                    .map(|(_, reference)| reference.shape.as_str()),
            );
        }
    }
    false
}
