"""Chinese pages: figures as in English ones, months written 2026年11月."""

from ops_center.web.formats.en.formats import *  # noqa: F403  Django reads the names of this module

YEAR_MONTH_FORMAT = "Y年n月"
MONTH_DAY_FORMAT = "n月j日"
