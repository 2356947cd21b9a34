"""Names of columns whose numbers are no amounts, but stand for something."""

import re

_UNITS = (
    "subj|subject|patient|participant|respondent|individual|pupil|student|person|household|firm|"
    "animal|chick|pig|rat|tree|plot|block|batch|cluster|county|district|site|center|centre"
)
"""What data has rows of: in the singular, so that a number is that of one, and not how many."""

_GROUPS = "race|ethnicity|religion|region|country|state|industry|occupation|location|species"
"""What units are grouped by, which has no order."""

_OF_MANY = f"study|school|class|town|unit|family|child|case|user|choice|{_UNITS}|{_GROUPS}"

_OF_ROW = re.compile(
    r"^(unnamed: *\d+|row(name|num|number|id)?s?|index|uuid|guid|school|family|child|kid)$", re.I
)
_OF_UNIT = re.compile(
    rf"(^|[_. ])[pchu]?id(no|nr|num)?$|^id([_. ]|$)|^nr$|code$|fips$|^zip$"
    rf"|^({_UNITS}|{_GROUPS})$|({_OF_MANY})[_. ]?(id|nr)$",
    re.I,
)
_IN_CAPITALS = re.compile(r"[a-z](ID|NR)$")


def names_a_unit(name: object) -> bool:
    """Returns whether a column's name says that its numbers stand for units or groups of them.

    A number may come in several rows, those of one patient or one country.

    Args:
      name: The name, as data sets have it: `id`, `patient_id`, `Subject`, `schoolNR`, `zip code`.
    """
    text = str(name)
    return bool(_OF_UNIT.search(text) or _IN_CAPITALS.search(text))


def names_a_row(name: object) -> bool:
    """Returns whether a column's name says that numbers that differ in every row are names."""
    return names_a_unit(name) or bool(_OF_ROW.search(str(name)))
