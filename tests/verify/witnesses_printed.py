"""What `verify --why` prints, as formulas that the oracle reads: a table of characters, and nothing of the judge."""  # noqa: E501

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from pathlib import Path

from corpus import Page, read
from reading import Unreadable

from derive.judge.readers import judge
from derive.verify.options import Options
from derive.verify.verdicts import Judged

LOWER = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", "0123456789+-aehijklmnoprstuvx", strict=True))
RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ᵗᵏⁱʲⁿᵐˡᵀ", "0123456789+-tkijnmlT", strict=True))
SIGNS = {"−": "-", "·": r"\cdot ", "Σ": r"\sum", "Π": r"\prod", "⊙": r"\odot ", "ℓ": r"\ell "}
FUNCTIONS = ("tanh", "exp", "log", "sin", "cos", "sqrt", "max", "min")
WORDS = re.compile(rf"(?<![a-z])(?!(?:{'|'.join(FUNCTIONS)})(?![a-z]))[a-zA-Z]{{2,}}")
COMPONENTS = re.compile(r"[ᵢⱼₗ]|,[a-zₐ-ₜ]|Σ_\{[a-z]\}(?!\^)|_\{[^}]*,|\[")
SLOPE = re.compile(r"∂(?P<immediate>⁺?)(?P<of>[^\s/∂()]+)/∂(?P<by>[^\s/∂()]+)")
OVER = re.compile(r"(?P<above>\((?:[^()]|\([^()]*\))*\)[²³]?|[\w₀-₉]+)/(?P<below>\d+)")


KNOWN = re.compile(
    rf"(?:{'|'.join(FUNCTIONS)}|Σ|Π|∂⁺?|[^\W\d_][₀-₉ₐ-ₜᵢ-ᵥ₊₋ⱼ]*|[\d.]+|[²³⁰-⁹]|[ᵗᵏ]|_\{{[a-zA-Z=0-9+-]+\}}|"
    r"\^\{[a-zA-Z]\}|_T|_\{T[+-]?\d*\}|\^\(|\^|[\s()+−\-*/=,·]|≤)*"
)


def _inside(shown: str, at: int) -> int:
    """Where the bracket ends that opens at a place."""
    depth = 0
    for i in range(at, len(shown)):
        depth += (shown[i] == "(") - (shown[i] == ")")
        if depth == 0:
            return i + 1
    raise Unreadable("a bracket without an end")


def _spelled_out(shown: str) -> str:
    """σ(a) by exp, and what is divided by a bracket as its power -1."""
    while (at := shown.find("σ(")) >= 0:
        end = _inside(shown, at + 1)
        shown = f"{shown[:at]}(1 + exp(-{shown[at + 1 : end]}))^(-1){shown[end:]}"
    while (at := shown.find("/(")) >= 0:
        end = _inside(shown, at + 1)
        power = "^(-1)"
        if shown[end : end + 1] in ("²", "^"):
            raise Unreadable("a power below a line")
        shown = f"{shown[:at]} {shown[at + 1 : end]}{power}{shown[end:]}"
    return shown


def latex(shown: str) -> str:
    """∂C/∂hₜ = Σ_{k=t}^{T} a^(k-t) (hₖ − yₖ)²/2, in LaTeX. Unreadable beyond scalars of one index."""
    shown = _spelled_out(shown)
    if not KNOWN.fullmatch(shown) or WORDS.search(shown) or COMPONENTS.search(shown):
        raise Unreadable(f"more than scalars: {shown}")
    shown = SLOPE.sub(
        lambda m: (
            rf"\frac{{∂{'^+' if m['immediate'] else ''} {_name(m['of'])}}}{{∂ {_name(m['by'])}}}"
        ),
        shown,
    )
    shown = OVER.sub(lambda m: rf"\frac{{1}}{{{m['below']}}} {m['above']}", shown)
    shown = re.sub(r"\^\(([^()]*)\)", r"^{\1}", shown)
    for word in FUNCTIONS:
        shown = re.sub(rf"(?<![\\a-zA-Z]){word}(?![a-z])", rf"\\{word} ", shown)
    return _name(shown).replace("∂", r"\partial").replace("ϕ", r"\phi ")


def _name(shown: str) -> str:
    """Characters by characters: hₜ₋₁ as h_{t-1}, θ as \\theta."""
    for table, sign in ((LOWER, "_"), (RAISED, "^")):
        shown = re.sub(
            f"[{''.join(table)}]+",
            lambda m, t=table, s=sign: f"{s}{{{''.join(t[c] for c in m[0])}}}",  # type: ignore[misc]
            shown,
        )
    return "".join(_letter(c) for c in shown)


def _letter(character: str) -> str:
    if character in SIGNS:
        return SIGNS[character]
    name = unicodedata.name(character, "")
    if name.startswith("GREEK SMALL LETTER "):
        return f"\\{name.split()[-1].lower()} ".replace("lamda", "lambda")
    return character


def printed(path: str, text: str, judged: Judged) -> tuple[Page, Judged]:
    """The page that the print of one refutation is: the definitions in force, and the line."""
    (why,) = judge(path, text, Options(why=(judged.id,))).whys
    shown = "".join(f"\\[ {latex(d)} \\]\n" for d, _ in why.uses)
    line = f"{latex(why.left)} = {latex(why.right)}"
    page = read(Path("page.tex"), f"Let\n{shown}Then\n\\[ {line} \\]\n")
    member = page.formulas[-1].members[1]
    return page, replace(judged, start=member.start, end=member.end)
