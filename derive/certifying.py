"""`derive prove --certificate`: the theorem as a file for Coq, checked where coqc is installed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from derive.errors import DeriveError

if TYPE_CHECKING:
    from derive.algebra.expression import Variable
    from derive.document import Layers
    from derive.model.recurrence import Recurrence
    from derive.proof.kernel import Theorem


def refuse_misuse(path: Path | None, maps: bool, horizon: int | None, output: Path | None) -> None:
    """What cannot be asked of --certificate: another T, a name that coqc does not take."""
    if path is None:
        if maps:
            raise DeriveError("expected --certificate FILE.v with --maps")
        return
    if horizon is not None:
        raise DeriveError("a certificate is for every T: expected --certificate without -T")
    if path.suffix != ".v" or not (path.stem.isascii() and path.stem.isidentifier()):
        raise DeriveError(
            f"expected --certificate FILE.v, with letters, digits and _ alone, found {path.name!r}"
        )
    if output is not None and output.absolute() == path.absolute():
        raise DeriveError(f"expected two files for -o and --certificate, found {str(path)!r} twice")


def certify(
    recurrence: Recurrence, theorems: Mapping[Variable, Theorem], path: Path, maps: bool
) -> Layers:
    """Writes the Coq file unless coqc is there and rejects it; which of them checked it.

    Where there is none the proof is shown all the same, with the reason.
    """
    from derive import document
    from derive.coq import NoCoq, accept
    from derive.proof.certificate import certificate
    from derive.proof.rules import Unproved
    from derive.writing import write_atomically

    maps = maps or bool(recurrence.shapes)
    try:
        found = [certificate(theorem, by, maps) for by, theorem in theorems.items()]
    except Unproved as error:
        return document.Layers(reason=error.sentence)
    text = document.certificate(recurrence, found)
    version = reason = ""
    try:
        version = accept(text, len(found))
    except NoCoq as error:
        reason = error.sentence
    write_atomically(path, text.encode("utf-8"))
    return document.Layers(str(path), version, reason, document.hypotheses(found))
