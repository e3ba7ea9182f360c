"""Sphinx settings of the site. `tools/site/build.py` makes the pages and calls Sphinx."""

import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
with (HERE.parents[1] / "pyproject.toml").open("rb") as file:
    PROJECT = tomllib.load(file)["project"]

project = "Tumor recurrence: a popular article beside public data"
author = "the authors of the lessons"
project_copyright = "prose and figures CC BY 4.0, code BSD 3-Clause, data as on their cards"
html_title = "Tumor recurrence lessons"
release = version = PROJECT["version"]
language = "en"

extensions = ["myst_nb", "sphinx_design", "sphinx_copybutton", "tools.site.fold"]
nb_execution_mode = "off"  # the outputs are the lessons' own
nb_merge_streams = True
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
myst_links_external_new_tab = False

myst_heading_slug_func = "tools.site.slugs.jupyter_slug"  # one link works in both

html_theme = "sphinx_book_theme"
html_theme_options = {
    "use_download_button": False,
    "use_fullscreen_button": False,
    "show_toc_level": 2,
    "home_page_in_toc": True,
    "navigation_with_keys": False,
    "secondary_sidebar_items": {"**": ["page-toc"], "index": []},  # room for the board
    "navbar_start": [],
    "navbar_center": [],
    "navbar_end": [],
    "navbar_persistent": [],
    "extra_footer": f'Version {version}. <a href="about.html">About</a>. '
    '<a href="about.html#found-a-mistake">Found a mistake?</a>',
}
html_sidebars = {"**": ["search-button-field", "sbt-sidebar-nav"]}  # its logo is in no landmark
html_favicon = str(HERE / "static/icon.svg")
html_static_path = [str(HERE / "static")]
html_css_files = ["lessons.css"]
html_copy_source = False  # no page's source beside it
html_show_sourcelink = False
html_use_index = False
html_show_sphinx = False
html_last_updated_fmt = None
exclude_patterns = ["_extra"]
