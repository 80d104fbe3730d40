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


VALUES = (
    r"eigenvalue|eigenvector|determinant|trace|limit|integral|expectation|variance|deviation|image|output|"
    r"prediction|estimate|transform|entropy|length|component|softmax|sigmoid|tanh|nonlinearity|zero|argmin|"
    r"argmax|equilibrium|steady state|response|version|approximation|residual|error|distance|similarity|"
    r"function|outcome|result|value|stationary point|minimum|maximum|mask|weight"
)
FOUND = (
    r"computed|calculated|obtained|built|formed|composed|made|derived|determined|generated|defined|given|"
    r"chosen|produced|predicted|drawn|sampled|learned|implied|found|constructed|selected|updated|controlled|"
    r"modulated|parametri[sz]ed|parameteri[sz]ed|influenced|driven|set"
)
SAYS_MADE = re.compile(
    r"^\W*(?:(?:(?:which |that )?(?:is|are|denotes?|means|being|equals|be)\s+)?(?:the|an?)\s+"
    rf"(?:[\w-]+ ){{0,3}}(?:{OF}|{VALUES})(?:(?:\s+\w+)? (?:of|to|for)\b|\s*$)"
    r"|(?:which |that |then |always |implicitly |itself |also |in turn |usually |generally )*"
    r"(?:solv(?:es?|ing)|satisf(?:y|ies|ying)|"
    r"minimi[sz](?:es?|ing)|maximi[sz](?:es?|ing)|"
    r"obey(?:s|ing)?|fulfil\w*|depend(?:s|ing)? (?:\w+ )?(?:up)?on|results? from|"
    r"comes from)\b"
    r"|(?:(?:which|that) )?(?:(?:is|are|be) )?(?:\w+ly |then |itself |here )*"
    rf"(?:{FOUND})\s(?:\w+ly )?(?:from|by|with|of|out of|via|through|using|as|such|so|in terms)\b"
    r"|(?:is|are|as|be|being) (?:itself )?(?:some |an? )(?:[\w-]+ )*function of\b"
    r"|(?:changes|moves|grows|varies) with\b"
    r"|(?:löst|erfüllt|hängt von|ist die lösung|ist der fixpunkt|résout|vérifie|satisfait|dépend de|"
    r"satisface|resuelve|depende de)\b|满足|取决于|是方程)[^.;:!?]*$",
    re.IGNORECASE,
)


def says_made(before: str, between: str) -> bool:
    """Whether the words between a name and a formula may say that it is made of what the formula names; wider than `is_made`."""  # noqa: E501
    return bool(SAYS_MADE.match(between)) and not NO_SUBJECT.search(before)


def goes_on(between: str) -> bool:
    """Whether the words behind a formula go on with it."""
    return bool(GOES_ON.match(between))
