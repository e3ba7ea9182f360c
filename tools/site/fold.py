"""For Sphinx: sections whose heading begins with 'Further' are folded."""

import re

from docutils import nodes  # type: ignore[import-untyped]
from sphinx.transforms import SphinxTransform

OPEN = '<details class="further"><summary>Open this section; nothing later needs it</summary>\n'


class further(nodes.General, nodes.Element):  # docutils calls a visitor by the class's name
    """What a reader may leave out."""


class FoldFurther(SphinxTransform):
    """Put what stands under such a heading into a node of its own."""

    default_priority = 800

    def apply(self) -> None:
        for section in list(self.document.findall(nodes.section)):
            heading, *inside = section.children
            if isinstance(heading, nodes.title) and re.match(r"Further\b", heading.astext()):
                section.children = [heading]
                section += further("", *inside)


def setup(app) -> dict:
    """Register both with Sphinx."""
    app.add_transform(FoldFurther)
    app.add_node(
        further,
        html=(
            lambda self, node: self.body.append(OPEN),
            lambda self, node: self.body.append("</details>\n"),
        ),
    )
    return {"parallel_read_safe": True}
