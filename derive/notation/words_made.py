"""What prose says that a quantity is made of: "where m_t is the mean of h_t", "m solves F(m) = 0", "… plus a penalty"."""  # noqa: E501

from __future__ import annotations

import re

OF = (
    r"mean|average|sum|product|difference|maximum|minimum|norm|squares?|logarithm|exponential|ratio|quotient|"
    r"projection|transpose|inverse|copy|combination|concatenation|median|roots?|solution|fixed point|"
    r"minimi[sz]er|maximi[sz]er|convolution|interpolation"
)
IS_MADE = re.compile(
    rf"^\W*(?:(?:which )?(?:is|are|denotes?|means)\s+(?:the|an?)\s+(?:[\w-]+ ){{0,3}}(?:{OF}) of\b"
    r"|(?:then |always )?(?:solves?|satisf(?:y|ies)|minimi[sz]es?|maximi[sz]es?|depends? (?:up)?on)\b"
    r"|(?:is|are) (?:[\w-]+ )?(?:computed|calculated|obtained|built|formed|composed|made|derived) "
    r"(?:from|by|with|of|out of)\b"
    r"|(?:is|are) a (?:[\w-]+ )?function of\b)[^.;:!?]*$",
    re.IGNORECASE,
)
GOES_ON = re.compile(
    r"^\s*(?:,?\s*(?:plus|minus|times|multiplied by|divided by|to which|added to|weighted by"
    r"|augmented (?:by|with)|penali[sz]ed (?:by|with)|regulari[sz]ed (?:by|with))|together with)\b",
    re.IGNORECASE,
)


NO_SUBJECT = re.compile(
    r"\b(?:respect to|w\.?\s?r\.?\s?t\.?|of|by|for|in|from|to|with|through|at)\W*$", re.IGNORECASE
)


def is_made(before: str, between: str) -> bool:
    """Whether the words between a name and a formula say that the formula makes it.

    In "the gradient with respect to W is computed by …" it is the gradient that is made: `before` are the
    words before the name.
    """
    return bool(IS_MADE.match(between)) and not NO_SUBJECT.search(before)


def goes_on(between: str) -> bool:
    """Whether the words behind a formula go on with it."""
    return bool(GOES_ON.match(between))
