"""The site: `pages` makes its pages, `build` lets Sphinx draw them, `look` looks at the result."""
