//! Form bodies with brackets: `items[0][price]=price_1&metadata[a]=b` as a tree.

use crate::refusal::Refusal;

/// A parameter: a text, or parameters by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tree {
    /// A text.
    Leaf(String),
    /// Parameters by name, in the order in which they came.
    Branch(Vec<(String, Tree)>),
}

/// Reads a form body or a query.
pub(crate) fn parse(text: &[u8]) -> Result<Tree, Refusal> {
    let mut root = Tree::Branch(Vec::new());
    for (name, value) in url::form_urlencoded::parse(text) {
        let steps = steps_of(&name).ok_or_else(|| Refusal::bad(&name, format!("Invalid parameter name: {name}")))?;
        insert(&mut root, &steps, value.into_owned()).ok_or_else(|| Refusal::bad(&name, "Invalid hash"))?;
    }
    Ok(root)
}

/// `a[b][]` as `a`, `b`, and an empty step for the next place of a list.
fn steps_of(name: &str) -> Option<Vec<&str>> {
    let (head, mut rest) = name.split_at_checked(name.find('[').unwrap_or(name.len()))?;
    let mut steps = vec![head];
    while !rest.is_empty() {
        let (step, after) = rest.strip_prefix('[')?.split_once(']')?;
        steps.push(step);
        rest = after;
    }
    (!head.is_empty()).then_some(steps)
}

fn insert(tree: &mut Tree, steps: &[&str], value: String) -> Option<()> {
    let Some((step, rest)) = steps.split_first() else {
        *tree = Tree::Leaf(value);
        return Some(());
    };
    let Tree::Branch(branches) = tree else { return None };
    let name = if step.is_empty() { branches.len().to_string() } else { (*step).to_owned() };
    if let Some((_, below)) = branches.iter_mut().find(|(known, _)| *known == name) {
        return insert(below, rest, value);
    }
    let mut below = if rest.is_empty() { Tree::Leaf(String::new()) } else { Tree::Branch(Vec::new()) };
    insert(&mut below, rest, value)?;
    branches.push((name, below));
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(text: &str) -> Tree {
        Tree::Leaf(text.to_owned())
    }

    fn branch(rows: Vec<(&str, Tree)>) -> Tree {
        Tree::Branch(rows.into_iter().map(|(name, tree)| (name.to_owned(), tree)).collect())
    }

    #[test]
    fn brackets_make_a_tree_and_empty_ones_count_up() {
        let read =
            parse(b"items[0][price]=price_1&items[0][quantity]=2&expand[]=a&expand[]=b&email=a%40b").expect("a form");
        let item = branch(vec![("price", leaf("price_1")), ("quantity", leaf("2"))]);
        let expand = branch(vec![("0", leaf("a")), ("1", leaf("b"))]);
        assert_eq!(
            read,
            branch(vec![("items", branch(vec![("0", item)])), ("expand", expand), ("email", leaf("a@b"))])
        );
    }

    #[test]
    fn a_name_that_is_text_and_hash_at_once_is_refused() {
        for text in ["a=1&a[b]=2", "a[b=1", "[a]=1", "a]b[=1"] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
