"""Time zones after dates: abbreviations, or places."""

import calendar

#: Name of a time zone after a date: an abbreviation, or a place of the time zone database.
ZONE = r" (?P<zone>[A-Z]{2,5}|[A-Z][A-Za-z_]+(?:/[A-Z][A-Za-z_]+)+)$"
#: Capital letters after a date that name no time zone.
NO_ZONES = ("AM", "PM", *(name.upper() for name in (*calendar.month_abbr, *calendar.month_name)))
#: Hours from UTC of the usual abbreviations, and a place with that time.
ABBREVIATIONS = {
    "UTC": (0, "UTC"),
    "GMT": (0, "Europe/London"),
    "BST": (1, "Europe/London"),
    "WET": (0, "Europe/Lisbon"),
    "WEST": (1, "Europe/Lisbon"),
    "CET": (1, "Europe/Brussels"),
    "CEST": (2, "Europe/Brussels"),
    "EET": (2, "Europe/Athens"),
    "EEST": (3, "Europe/Athens"),
    "EST": (-5, "America/New_York"),
    "EDT": (-4, "America/New_York"),
    "CST": (-6, "America/Chicago"),
    "CDT": (-5, "America/Chicago"),
    "MST": (-7, "America/Denver"),
    "MDT": (-6, "America/Denver"),
    "PST": (-8, "America/Los_Angeles"),
    "PDT": (-7, "America/Los_Angeles"),
}
