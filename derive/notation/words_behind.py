"""Words around a definition that change what it says: "…, up to a constant", "approximately", "plus noise", "if x_t > 0".

What stands between the formula and the end of its sentence is its trail; formulas in it stand in ⟦ ⟧. A definition that its
words change is no definition: what its name is made of is then known, and how is not.
"""  # noqa: E501

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from derive.text.page import Break, Chain, Formula, Page, Prose
from derive.text.spelled import spelled

SENTENCE_END = re.compile(r"[.!?](?=\s|$)")
ENDS_SENTENCE = re.compile(r"[.!?]\s*(?:\\\]|\\\)|\$+|\\end\s*\{[^{}]*\})?\s*$")
IN_TEXT = re.compile(r"\\(?:text|mbox|textrm|textit|mathrm|textnormal)\s*\{([^{}]*)\}")
RELATION = re.compile(
    r"<|>|\\l[te]q?(?![a-z])|\\g[te]q?(?![a-z])|\\[lg]eqslant|≤|≥|=|\\neq?(?![a-z])|\\in(?![a-z])"
)
OF_AN_INDEX = re.compile(
    r"^[\s(]*(?:\d+\s*(?:<|\\leq?|\\lt|≤)\s*)?\\?[a-zA-Z]+(?![_^a-zA-Z'])[\s,]*"
    r"(?:<|>|\\[lg][te]q?(?![a-z])|\\[lg]eqslant|≤|≥|=|\\neq?(?![a-z])|\\in(?![a-z]))"
)


def _any(*words: str) -> str:
    return f"(?:{'|'.join(words)})"


LEAD = (
    r"^[\s,(–—:-]*(?:(?:and|but|then|here|each|this|that|which|it|they|possibly|perhaps|usually|is|are|"
    r"was|being|holds?|valid|true|taken|understood|first|again|all|where|defined|given|subsequently|"
    r"afterwards|later|finally|additionally|further|also|always)\s+){0,4}"
)
BARE = r"^[\s,(–—-]*"
SHARES = _any(
    *(
        "plus",
        "minus",
        "times",
        "added to",
        "to which",
        "from which",
        "multiplied by",
        "divided by",
    ),
    *("scaled by", "weighted by", "over its"),
)
UP_TO = (
    r"up to (?:(?:an?|some|the|its|possible|irrelevant|unimportant|additive|multiplicative|overall|global|"
    r"small|positive)\s+){0,3}(?:constants?|factors?|terms?|signs?|scal\w+|normali\w+|proportional\w*|"
    r"order\w*|errors?|noise|rounding|regulari\w+|corrections?|shifts?|offsets?|rotations?|permutations?|"
    r"higher|⟦\s*\\?(?:mathcal|[Oo]\())"
)
NEARLY = _any(
    *("approximately", r"approx\b", "roughly", "more or less", "almost", "nearly"),
    r"to (?:a )?(?:very )?(?:first|second|third|leading|lowest|zeroth)[ -]\w+",
    *("in expectation", "on average", "in the mean", r"in (?:the )?limit", "asymptotically"),
    r"in (?:distribution|law|probability)\b",
    r"with (?:(?:high|low|some|a certain) )?probability\b",
    *(r"a\.\s?s\.", r"modulo\b", r"mod\b", "in absolute value", "in magnitude"),
    "give or take",
    *("ungefähr", "näherungsweise", "bis auf", "environ", r"à une? [\w ]+ près", "aproximadamente"),
    *("salvo", "近似", "约为", "大约"),
)
TH = "(?:second|other|third|fourth|fifth|tenth|⟦[^⟧]*⟧)"
AT_TIMES = _any(
    *(r"only\b", r"(?:at|on|for|in) (?:even|odd)\b", "(?:even|odd) (?:steps?|times?|layers?|⟦)"),
    *(rf"(?:(?:at|on|for|in) )?every {TH}", r"(?:at |on |in )?alternat(?:e|ing)\b"),
    r"(?:in|for|during|at) (?:the )?(?:first|second|last|later|early) (?:epochs?|half|part|phase|few)\b",
    r"(?:at|during) (?:test|training|inference)(?: time)?\b",
    *(
        r"during (?:testing|training|inference)\b",
        r"except (?:during|at|on|in|near|after|before)\b",
        r"(?:most|much|some|part) of the time\b",
        r"nur (?:für|wenn|falls)\b",
        r"seulement\b",
        r"sólo\b",
        "仅",
    ),
)
NOT_ITSELF = (
    r"(?! (?:error|loss|cost|norm|distance|difference|residual|self|attention|version|form|linear|unit|"
    r"euclidean|l2|deviation|sum|hinge|exponential|gradient|recurrent|cell|network|architecture|model)\w*)"
)
AFTERWARDS = _any(
    r"(?:clipped|rounded|squared|normali[sz]ed|averaged|summed|truncated|thresholded|rectified|masked|"
    r"reset (?:to|at|when|every|after)|standardi[sz]ed|quanti[sz]ed|discreti[sz]ed|perturbed|corrupted|"
    r"multiplied|divided|raised to|reversed|smoothed|regulari[sz]ed|detached|passed through|wrapped|"
    r"floored|saturated|rescaled|scaled|modulated|gated|doubled|halved|negated|inverted|damped|filtered|"
    rf"(?:layer|batch)-?normali[sz]ed|binari[sz]ed|dropped|replaced|to the power)\b{NOT_ITSELF}",
    r"followed by (?:an? |the )?(?:\w+ )?(?:softmax|tanh|sigmoid|relu|nonlinearity|non-linearity|dropout|"
    r"normali[sz]ation|clipping|projection|rounding|threshold\w*|pooling|activation)\b",
    r"after (?:\w+ ){0,2}(?:normali[sz]ation|clipping|rounding|dropout|scaling|masking|averaging|"
    r"projection)\b",
    r"with (?:(?:the|its|an?|some|added|additive|multiplicative|gaussian|small|white) ){0,3}"
    r"(?:noise|dropout|clipping|saturation|jitter)\b(?!\s*⟦)",
    r"with (?:[\w-]+ |⟦[^⟧]*⟧ ){0,3}(?:added|subtracted|removed|reversed|flipped|changed|stopped|"
    r"detached|blocked)\b",
)
AT_ANOTHER = r"⟦[^⟧]*[-−]\s*\d[^⟧]*⟧"  # s_{t-1}
STOPS = _any(
    r"(?:the |its |no )?gradients?\b[^⟦]{0,40}\b(?:stopp\w*|detach\w*|block\w*|cut|"
    r"not (?:propagat|flow|pass)\w*|no gradients?)\b",
    r"(?:no gradients?|detach\w*|stop\w* gradients?)\b",
    rf"(?:with |in which )?{AT_ANOTHER} (?:(?:is|are|being) )?(?:detached|frozen|held (?:fixed|constant)|"
    r"(?:treated|taken|regarded) as (?:an? )?constants?)\b",
    rf"(?:treating|taking|regarding|holding) {AT_ANOTHER} (?:as (?:an? )?constants?|fixed|constant)\b",
)
OTHERWISE = re.compile(
    r"(?P<value>⟦[^⟧]*⟧)?\W*\b(?:otherwise|elsewhere|or else|sonst|sinon|en otro caso)\b|否则",
    re.IGNORECASE,
)
STATES = (
    r"(?:open|closed|active|inactive|positive|negative|non-?negative|non-?zero|zero|on|off|large|small|true|"
    r"false|even|odd|defined|present|absent|nonzero|saturated|missing)\b"
)
OR_VALUE = _any(
    r"nothing else (?:if|when)\b",
    r"or (?:zero|nothing|⟦\s*-?\d[^⟧]*⟧|\d)",
    r"or (?:more|less)\b(?! \w+ly\b)",
)
IF = _any(
    *(
        "if",
        "when",
        "whenever",
        "unless",
        "as long as",
        "so long as",
        r"provided(?: that)?",
        "save for",
    ),
    *(r"except(?: (?:for|when|if|that))?", "only (?:if|when|for|at|in)"),
    *("falls", "wenn", "si", "lorsque", "cuando", "当", "如果"),
)
ON_FORMULA = re.compile(
    rf"(?!.{{0,40}}\bwhere\b){LEAD}(?:{IF}|for|for all|on)\s*⟦(?P<formula>[^⟧]*)⟧(?P<rest>[^⟦]*)",
    re.IGNORECASE,
)
ON_WORDS = re.compile(
    rf"{LEAD}{IF}\s+(?!⟦|we\b|one\b|you\b|(?:needed|necessary|possible|required|no confusion|there|it|they|"
    r"this|written|seen|\w+ing|\w+ed)\b|the \w+ (?:is|are) (?:clear|understood|omitted|suppressed|written))"
    r"[^⟦]*\w",
    re.IGNORECASE,
)
IS_ADDED = r"[^⟦.;]{0,40}\b(?:is|are) (?:then |also )?(?:added|subtracted)\b"
CHANGES = re.compile(
    rf"{LEAD}(?:where(?:ver)? )?(?:{STATES}$|{IS_ADDED}|{SHARES}\b|{UP_TO}|{NEARLY}|{AT_TIMES}|{AFTERWARDS}"
    rf"|{OR_VALUE}|{STOPS})",
    re.IGNORECASE,
)
ONLY = re.compile(
    rf"{BARE}(?:for|at|in|if|when|during|on)\b(?:[^.;]){{0,60}}\bonly\b", re.IGNORECASE
)
OF_THE_LAST = re.compile(
    r"^\s*(?:however, |but )?(?:this|it|that|the (?:above |last |first )?(?:formula|equation|relation|"
    r"recursion|definition|expression|identity|update)|eq\w*\.?(?: \(?\w+\)?)?)\s+"
    r"(?:only |merely |just |of course |strictly )?"
    r"(?P<how>(?:holds?|applies|"
    r"is (?:only |merely |just )?(?:true|valid|exact|correct|right|so|the case|an?\b))"
    r".*)$",
    re.IGNORECASE | re.DOTALL,
)
VERB = re.compile(
    r"^(?:holds?|applies|is)\s+(?:true|valid|exact|correct|right|so|the case)?", re.IGNORECASE
)
ADDED = re.compile(
    r"^\s*(?:to (?:this|it|these),? (?:(?:we|one|you) (?:\w+ )?adds?\b|is added\b|are added\b)|"
    r"(?:we|one) (?:then |also |further )?adds? (?:[\w-]+ ){0,4}to (?:it|this|these|them)\b|"
    r"(?:an? |the |some )?(?:\w+ ){0,2}(?:noise|penalty|regulari[sz]er|regulari[sz]ation|term|constant|"
    r"jitter|decay|dropout) (?:is|are) (?:then |also |further )?(?:added|subtracted|applied)\b)",
    re.IGNORECASE,
)
WORKED_ON = (
    r"(?:clip|round|normali[sz]e|squash|mask|rescale|scale|threshold|detach|perturb|quanti[sz]e|smooth|"
    r"regulari[sz]e|truncate|binari[sz]e)"
)
THEN = r"(?:then|finally|subsequently|afterwards|also|further|additionally|always)"
WORKED_ON_AFTERWARDS = re.compile(
    rf"^\s*(?:(?:and|{THEN}|after that|in addition|next),?\s+)*(?:"
    r"(?:the result(?:ing \w+)?|this|it)(?: vector| value)? (?:is|are) (?:\w+ )?"
    rf"(?:layer-|batch-)?{AFTERWARDS}"
    rf"|(?:the \w+|⟦[^⟧]*⟧) (?:is|are) {THEN} {AFTERWARDS}"
    rf"|(?:we|one|you) (?:{THEN} )?(?:adds?\b[^⟦.;]{{0,20}}\bnoise|"
    rf"{WORKED_ON} (?:it|this|the (?:result|state))\b))"
    rf"|^\s*(?:{THEN}|after that|in addition|next),?\s+(?:the \w+|⟦[^⟧]*⟧) (?:is|are) {AFTERWARDS}",
    re.IGNORECASE,
)
SAID_BEFORE = re.compile(
    rf"(?:^|[.;:!?]\s)\s*(?:{UP_TO}|{NEARLY}|plus or minus\b|{AT_TIMES})[^.;:!?]*$"
    r"|\b(?:approximately|roughly|nearly|almost|more or less|up to \w+(?: \w+){0,2}|to first order|"
    r"on average|ungefähr|näherungsweise|environ|aproximadamente)\W*"
    r"(?:given by|equal to|equals|the|as)?\W*$",
    re.IGNORECASE,
)
DENIED = re.compile(
    r"\b(?:is not|are not|isn't|aren't|never|rather than|instead of|in contrast to|unlike|not simply|"
    r"not just|nicht|kein|n'est pas|no es|不是|if (?:we|it|they|the \w+|one) (?:had|were)|as if)\W*"
    r"(?:given by|equal to|the|as|of)?\W*$",
    re.IGNORECASE,
)
CONDITION_BEFORE = re.compile(
    r"(?:^\s*|[,.;:]\s*|\b(?:and|but|only)\s+)"
    r"(?P<how>if|when|whenever|unless|except(?: \w+)?|for|where|falls|wenn|si)\s*"
    r"⟦(?P<formula>[^⟧]*)⟧(?P<rest>[^⟦]*)$",
    re.IGNORECASE,
)
MOST_BETWEEN = 60
STATE_BEFORE = re.compile(
    r"(?:^\s*|[,.;:]\s*)(?:unless|(?:if|when|whenever) (?:the |a |an |its |all )?(?:\w+ ){1,2}(?:is|are) "
    rf"{STATES})",
    re.IGNORECASE,
)
MODULO = re.compile(r"\\[pb]?mod(?![a-z])")
OF_A_SPACE = re.compile(
    r"^[^=<>,;]*\\in\s*(?:\\mathbb\s*\{?[RC]\}?|\\Re(?![a-z])|\\R(?![a-z])|[ℝℂ])"
    r"(?:\s*\^(?!\{?[+*-])(?:\{[^<>=]*\}|\w))?[)\s]*$"
)
"""A shape, W^1 \\in \\mathbb{R}^{3 \\times 2}: it says what a quantity is, and is no condition on it."""
UNKNOWN_TERM = re.compile(
    r"[+-](?:\\?[a-zA-Z]+\s*)?(?:\\(?:text|mathrm|operatorname|mbox)\{[^{}]*(?:penal|regul|noise|term|"
    r"correct|rest\b|remainder|other|h\.\s?o\.\s?t|higher|error|prior|decay)[^{}]*\}(?!\s*[(_])|"
    r"\\?(?:mathcal\{?O\}?|\b[Oo])\((?:1|\\?[a-zA-Z]+\^))"
)


@dataclass(frozen=True, slots=True)
class Around:
    """The words of a formula's sentence before and behind it, and the sentence after that."""

    lead: str = ""
    trail: str = ""
    next: str = ""


def words_around(page: Page) -> dict[int, Around]:
    """The words around each formula of a page."""
    found: dict[int, list[str]] = {}
    open_: list[int] = []
    own: dict[int, Formula] = {}
    source = page.source.text
    paused = False
    before = ""
    leads: dict[int, str] = {}

    def add(text: str) -> None:
        for number in open_:
            found[number].append(text)

    for item in page.items:
        match item:
            case Prose():
                if paused and not re.match(r"\s*[a-z,(]", item.text):
                    open_.clear()
                paused = False
                add(item.text)
                before += " " + item.text
            case Formula():
                shown = f" ⟦{'; '.join(_shown(c) for c in item.chains)}⟧ "
                if item.display:
                    open_.clear()
                else:
                    add(shown)
                leads[item.number] = SENTENCE_END.split(before)[-1]
                before = "" if item.display else before + shown
                paused = False
                open_.append(item.number)
                own[item.number] = item
                found[item.number] = []
            case Break(kind="paragraph"):
                open_[:] = [n for n in open_ if own[n].display and not "".join(found[n]).strip()]
                paused = bool(open_)
                before = before if before.rstrip().endswith((":", ",")) else ""
            case _:
                open_.clear()
                before = ""
    found_all = {}
    for n, parts in found.items():
        ended = bool(ENDS_SENTENCE.search(source[own[n].start : own[n].end]))
        found_all[n] = Around(leads[n], *_two_sentences("".join(parts), ended))
    return found_all


def _shown(chain: Chain) -> str:
    return "".join(f"{m.relation}{spelled(m.tree)}" for m in chain.members)


def _two_sentences(text: str, ended: bool) -> tuple[str, str]:
    if ended or re.match(r"\s*[A-Z]", text):
        text = ". " + text
    first = SENTENCE_END.search(text)
    if first is None:
        return text, ""
    rest = text[first.end() :]
    second = SENTENCE_END.search(rest)
    return text[: first.start()], rest[: second.start()] if second else rest


def worded(chain: Chain, following: Sequence[Chain]) -> Iterator[str]:
    """The words and conditions inside a formula behind an equation, as trails; `following` are the formula's next chains."""  # noqa: E501
    if chain.words:
        yield chain.words
    for row in chain.conditions:
        yield _with_words(spelled(row))
    for other in following:
        if len(other.members) != 1 or other.continues:
            break
        shown = spelled(other.members[0].tree)
        if shown.startswith(("\\pmod", "\\left.\\right|")):
            yield "modulo"
        elif "\\text" in shown or RELATION.search(shown):
            said = _with_words(shown)
            yield f"if {said}" if said.startswith("⟦") else said


def _with_words(shown: str) -> str:
    """\\text{ if }x_t>0 as: if ⟦x_t>0⟧."""
    parts = re.split(r"(\\(?:text|mbox|textrm|textit|textnormal)\s*\{[^{}]*\})", shown)
    found = []
    for part in parts:
        words = IN_TEXT.fullmatch(part)
        if words:
            found.append(f" {words[1]} ")
        elif part.strip(" ,;()|.") not in ("", "\\left", "\\right"):
            found.append(f"⟦{part.strip()}⟧")
    return " ".join("".join(found).split())


def changes(trail: str, behind: str = "") -> bool:
    """Whether the words behind a definition, or the sentence after them, say that it is not all."""
    if CHANGES.match(trail) or ONLY.match(trail) or ON_WORDS.match(trail):
        return True
    otherwise = OTHERWISE.search(trail)
    if otherwise is not None and "=" not in (otherwise["value"] or ""):
        return True
    on = ON_FORMULA.match(trail)
    if on is not None and _is_condition(on["formula"], on["rest"], trail):
        return True
    last = OF_THE_LAST.match(behind)
    if last is not None:
        how = VERB.sub("", last["how"])
        return changes(how) or bool(re.search(r"\bonly\b|\bapproximat\w+", behind, re.IGNORECASE))
    return bool(ADDED.match(behind) or WORKED_ON_AFTERWARDS.match(behind))


def reassigned(head: str, trail: str) -> bool:
    r"""Whether the words behind a definition give its head another value: ⟦s_t\leftarrow g_t s_t⟧."""
    own = rf"⟦\s*{re.escape(head.strip())}\s*"
    arrow = r"(?:\\leftarrow|\\gets|←|:=)"
    replaced = (
        r"⟧\s*(?:is|are|gets) (?:\w+ )?(?:replaced|overwritten|reset|set|multiplied|clipped)\b"
    )
    return bool(re.search(rf"{own}(?:{arrow}|{replaced})", trail))


def _is_condition(formula: str, rest: str, trail: str) -> bool:
    """Whether ⟦x_t>0⟧ is a condition on a quantity, or "for ⟦t⟧ odd" one on its steps."""
    if re.match(r"\s*(?:odd|even|only)\b", rest, re.IGNORECASE):
        return True
    if re.match(rf"\s*(?:(?:is|are) {STATES}|vanish)", rest, re.IGNORECASE):
        return bool(re.match(rf"{LEAD}{IF}\s*⟦", trail, re.IGNORECASE))
    if not RELATION.search(formula) or OF_AN_INDEX.match(formula) or OF_A_SPACE.search(formula):
        return False
    if re.search(r"=|\\in(?![a-z])", formula) and not re.match(
        rf"{LEAD}{IF}\s*⟦", trail, re.IGNORECASE
    ):
        return False
    return bool(re.search(r"[a-zA-Z}]\s*[_^]|\\\|", formula))


def changed_before(lead: str) -> bool:
    """Whether the words of its sentence before a definition say that it is not all, or not always, so."""
    if SAID_BEFORE.search(lead) or STATE_BEFORE.search(lead):
        return True
    on = CONDITION_BEFORE.search(lead)
    if on is None or re.search("[A-Z]", on["rest"]) or len(on["rest"]) > MOST_BETWEEN:
        return False
    if on["how"].lower().startswith(("unless", "except")) or re.match(r"\s*only\b", on["rest"]):
        return True
    return (
        _is_condition(on["formula"], on["rest"], f"if ⟦{on['formula']}⟧")
        and "=" not in on["formula"]
    )


def has_unknown_term(right: str) -> bool:
    """Whether a side ends in what is not said: + penalty, + O(h^2)."""
    return bool(UNKNOWN_TERM.search(right) or MODULO.search(right))


def denied(before: str) -> bool:
    """Whether the words before an equation say that it does not hold: "the state is not", "instead of"."""
    return bool(DENIED.search(before))
