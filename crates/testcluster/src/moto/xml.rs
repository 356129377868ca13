//! The little that is read from the XML of EC2, IAM and SQS.

use roxmltree::{Document, Node};

/// The text of the first element of that name, anywhere.
pub(super) fn first(xml: &str, name: &str) -> Option<String> {
    let document = Document::parse(xml).ok()?;
    let found = document.descendants().find(|node| node.tag_name().name() == name)?;
    Some(found.text().unwrap_or_default().to_owned())
}

/// The `Value` beside a `Name` of that text, anywhere, as SQS lists attributes.
pub(super) fn attribute(xml: &str, name: &str) -> Option<String> {
    let document = Document::parse(xml).ok()?;
    let mut all = document.descendants().filter(|node| node.tag_name().name() == "Attribute");
    let found = all.find(|node| text(*node, &["Name"]) == name)?;
    Some(text(found, &["Value"]))
}

/// The child element of that name.
pub(super) fn child<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    node.children().find(|child| child.tag_name().name() == name)
}

/// The text of the element at the end of a path of names, empty where there is none.
pub(super) fn text(node: Node<'_, '_>, path: &[&str]) -> String {
    let found = path.iter().try_fold(node, |node, name| child(node, name));
    found.and_then(|node| node.text()).unwrap_or_default().to_owned()
}

/// The `item`s of the list at the child `name`.
pub(super) fn items<'a, 'input>(
    node: Node<'a, 'input>,
    name: &str,
) -> impl Iterator<Item = Node<'a, 'input>> {
    let list = child(node, name);
    list.into_iter()
        .flat_map(|list| list.children().filter(|child| child.tag_name().name() == "item"))
}
