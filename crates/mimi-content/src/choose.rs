//! Which parts a receiver processes and in which order, section 4.4.

use alloc::vec::Vec;

use crate::PartIndex;
use crate::part::{NestedPart, Part, PartSemantics};

/// What is left of a body after every choice was made: parts without parts below them, in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Choice<'a> {
    parts: Vec<(PartIndex, &'a NestedPart)>,
}

impl NestedPart {
    /// Resolves choices; call it on the body. The caller says how much it likes a single or external part, or
    /// `None` if it cannot process it. Of alternatives the best one stays, the first of equals.
    /// An alternative of several parts is worth its worst part when it is a single unit, else its best. A single unit with a part that
    /// cannot be processed goes as a whole. A null part is worth 0.
    ///
    /// `None` when nothing can be processed.
    ///
    /// ```
    /// use mimi_content::{Disposition, MultiPart, NestedPart, Part, PartSemantics};
    /// let body = NestedPart::new(Disposition::Render, Part::Multi(MultiPart::new(
    ///     PartSemantics::ChooseOne,
    ///     vec![
    ///         NestedPart::single(Disposition::Render, "application/vnd.example", "…"),
    ///         NestedPart::single(Disposition::Render, "text/plain;charset=utf-8", "Hi"),
    ///     ],
    /// )?));
    /// let choice = body.choose(|part| part.content_type()?.starts_with("text/").then_some(1)).unwrap();
    /// assert_eq!(choice.parts().next().unwrap().1.content_type(), Some("text/plain;charset=utf-8"));
    /// # Ok::<(), mimi_content::PartsError>(())
    /// ```
    // req: MC08-4.4-02, MC08-4.4-03, MC08-4.4-04, MC08-4.4-12
    pub fn choose(&self, mut preference: impl FnMut(&NestedPart) -> Option<u32>) -> Option<Choice<'_>> {
        let mut parts = Vec::new();
        resolve(self, &mut 0, &mut preference, &mut parts)?;
        Some(Choice { parts })
    }
}

/// Returns what a part is worth and appends what is left of it; recursion is as deep as parts are, four levels.
fn resolve<'a>(
    part: &'a NestedPart,
    next: &mut usize,
    preference: &mut impl FnMut(&NestedPart) -> Option<u32>,
    left: &mut Vec<(PartIndex, &'a NestedPart)>,
) -> Option<u32> {
    let index = PartIndex(*next);
    *next += 1;
    let multi = match &part.part {
        Part::Null => {
            left.push((index, part));
            return Some(0);
        }
        Part::Single(_) | Part::External(_) => {
            let worth = preference(part)?;
            left.push((index, part));
            return Some(worth);
        }
        Part::Multi(multi) => multi,
    };
    let start = left.len();
    let mut total: Option<u32> = None;
    let mut broken = false;
    for child in multi.parts() {
        let before = left.len();
        let worth = resolve(child, next, preference, left);
        match (multi.semantics(), worth, total) {
            (PartSemantics::SingleUnit, None, _) => broken = true,
            (_, None, _) => {}
            (PartSemantics::SingleUnit, Some(worth), _) => {
                total = Some(total.map_or(worth, |total| total.min(worth)));
            }
            (PartSemantics::ProcessAll, Some(worth), _) => total = total.max(Some(worth)),
            (PartSemantics::ChooseOne, Some(worth), Some(best)) if worth <= best => {
                left.truncate(before);
            }
            (PartSemantics::ChooseOne, Some(worth), _) => {
                left.drain(start..before);
                total = Some(worth);
            }
        }
    }
    if broken || total.is_none() {
        left.truncate(start);
        return None;
    }
    total
}

impl<'a> Choice<'a> {
    /// The parts that are left, in order.
    pub fn parts(&self) -> impl Iterator<Item = (PartIndex, &'a NestedPart)> {
        self.parts.iter().copied()
    }

    /// The parts to handle, in order: those that an earlier handled part names by content ID are left out, whatever
    /// their disposition, as they were handled with it.
    // req: MC08-4.4-09, MC08-4.4-13
    pub fn processing_order(&self) -> Vec<(PartIndex, &'a NestedPart)> {
        self.processing_order_by(NestedPart::cid_references)
    }

    /// The same, with another way to find the references of a part, such as a reader of its media type.
    pub fn processing_order_by(
        &self,
        mut references: impl FnMut(&NestedPart) -> Vec<PartIndex>,
    ) -> Vec<(PartIndex, &'a NestedPart)> {
        let mut referenced: Vec<PartIndex> = Vec::new();
        let mut order = Vec::new();
        for (index, part) in self.parts() {
            if referenced.contains(&index) {
                continue;
            }
            referenced.extend(references(part));
            order.push((index, part));
        }
        order
    }
}
