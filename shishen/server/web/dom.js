// Nodes, made with createElement and text only: nothing that an answer says is parsed as HTML.

export function make(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

/** Replace only what changed, so that a selection made while an answer streams survives. */
export function patch(parent, nodes) {
  let same = 0;
  while (same < nodes.length && parent.childNodes[same]?.isEqualNode(nodes[same])) same += 1;
  while (parent.childNodes.length > same) parent.lastChild.remove();
  parent.append(...nodes.slice(same));
}
