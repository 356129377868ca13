//! The little that is read from EC2's XML, and how parts of it are replaced.

use std::ops::Range;

use roxmltree::Node;

/// The child element of that name.
pub(crate) fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|child| child.tag_name().name() == name)
}

/// The text of the element at the end of a path of names, empty where there is none.
pub(crate) fn text<'a>(node: Node<'a, '_>, path: &[&str]) -> &'a str {
    let found = path.iter().try_fold(node, |node, name| child(node, name));
    found.and_then(|node| node.text()).unwrap_or_default()
}

/// The `item`s of the list at the child `name`.
pub(crate) fn items<'a, 'i>(
    node: Node<'a, 'i>,
    name: &str,
) -> impl Iterator<Item = Node<'a, 'i>> + use<'a, 'i> {
    let list = child(node, name);
    let children = list.into_iter().flat_map(|list| list.children());
    children.filter(|child| child.tag_name().name() == "item")
}

/// The text with ranges replaced; they do not overlap and are in order.
pub(crate) fn replaced(text: &str, edits: &[(Range<usize>, String)]) -> String {
    let mut out = String::new();
    let mut from = 0;
    for (range, with) in edits {
        out.push_str(text.get(from..range.start).unwrap_or_default());
        out.push_str(with);
        from = range.end;
    }
    out + text.get(from..).unwrap_or_default()
}
