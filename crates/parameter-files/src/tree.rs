//! A hierarchy as lines of text.

/// A parameter in a hierarchy: its name, and what is told about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The whole name with its leading slash.
    pub path: String,
    pub about: String,
}

/// Draws what lies below a path, which has no slash at its end and is empty for the top.
pub fn tree(path: &str, nodes: &[Node]) -> String {
    let mut top = Branch::default();
    for node in nodes {
        let below = node.path.strip_prefix(path).unwrap_or(&node.path);
        let levels: Vec<_> = below.split('/').filter(|level| !level.is_empty()).collect();
        top.grow(&levels, &node.about);
    }
    let mut out = String::from(if path.is_empty() { "/" } else { path });
    out.push('\n');
    top.draw(&mut out, "");
    out
}

#[derive(Default)]
struct Branch<'n> {
    about: Option<&'n str>,
    below: Vec<(&'n str, Branch<'n>)>,
}

impl<'n> Branch<'n> {
    fn grow(&mut self, levels: &[&'n str], about: &'n str) {
        let Some((first, rest)) = levels.split_first() else {
            self.about = Some(about);
            return;
        };
        if let Some((_, branch)) = self.below.iter_mut().find(|(name, _)| name == first) {
            return branch.grow(rest, about);
        }
        let mut branch = Self::default();
        branch.grow(rest, about);
        self.below.push((first, branch));
    }

    fn draw(&self, out: &mut String, indent: &str) {
        for (number, (name, branch)) in self.below.iter().enumerate() {
            let last = number + 1 == self.below.len();
            out.push_str(indent);
            out.push_str(if last { "└── " } else { "├── " });
            out.push_str(name);
            if let Some(about) = branch.about {
                out.push_str("  ");
                out.push_str(about);
            }
            out.push('\n');
            let deeper = if last { "    " } else { "│   " };
            branch.draw(out, &format!("{indent}{deeper}"));
        }
    }
}
