"""Many texts judged by several processes; one that dies or runs out of time costs its own text only."""

from __future__ import annotations

import gc
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from derive.errors import DeriveError
from derive.judge.ignored import without_ignored
from derive.judge.readers import judge
from derive.verify.options import Options
from derive.verify.verdicts import Report

Text = tuple[str, str]  # path and text


def reports(
    texts: Sequence[Text], options: Options, jobs: int = 1, seconds: float | None = None
) -> Iterator[tuple[int, Report]]:
    """Each text's number and report, as they are finished: in any order.

    A single text without a time limit is judged in this process, any other in one of at most `jobs`
    processes. What goes wrong with a text is the sentence `error` of its report.
    """
    if len(texts) == 1 and seconds is None:
        yield 0, report_of(*texts[0], options)
    else:
        yield from _spread(texts, options, max(1, min(jobs, len(texts))), seconds)


def report_of(path: str, text: str, options: Options) -> Report:
    """What the judge says of a text; an error is a sentence in the report."""
    try:
        return without_ignored(judge(path, text, options))
    except DeriveError as error:
        return _failed((path, text), str(error))
    except RecursionError:
        return _failed((path, text), f"{path}: the text is nested too deeply")
    except MemoryError:
        return _failed((path, text), f"{path}: the memory did not suffice to judge it")
    except Exception as error:  # a fault of the judge's must not stop the other files
        reason = " ".join(str(error).split())[:200] or "no reason given"
        return _failed((path, text), f"{path}: the judge failed ({type(error).__name__}: {reason})")


def _failed(text: Text, sentence: str) -> Report:
    return Report(*text, (), error=sentence)


@dataclass
class _Worker:
    """A process, the end of its pipe that is ours, and the text that it is at."""

    process: BaseProcess
    pipe: Connection
    number: int | None = None
    begun: float = 0.0

    def left(self, seconds: float | None) -> float | None:
        """How long the worker may still take; None if there is no limit."""
        return None if seconds is None else self.begun + seconds - time.monotonic()


def _spread(
    texts: Sequence[Text], options: Options, jobs: int, seconds: float | None
) -> Iterator[tuple[int, Report]]:
    # Handed out from the end. Several processes begin with the longest, so that none is left alone with it.
    waiting = list(enumerate(texts))[::-1]
    if jobs > 1:
        waiting.sort(key=lambda numbered: len(numbered[1][1]))
    workers: list[_Worker] = []
    try:
        while waiting or workers:
            while waiting and len(workers) < jobs:
                workers.append(_started(options))
                _hand(workers[-1], waiting)
            for worker, report in _finished(workers, texts, seconds):
                assert worker.number is not None
                yield worker.number, report
                if report.error is None and waiting:
                    _hand(worker, waiting)
                else:
                    workers.remove(worker)
                    _end(worker)
    finally:
        for worker in workers:
            _end(worker)


def _started(options: Options) -> _Worker:
    """A new process. Fork is quick, and no thread of ours runs; elsewhere a fresh interpreter."""
    context = get_context("fork") if sys.platform == "linux" else get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, options), daemon=True)
    gc.freeze()  # a collection in the worker would touch, and so copy, all that it shares with us
    try:
        process.start()
    finally:
        gc.unfreeze()
    theirs.close()
    return _Worker(process, ours)


def _hand(worker: _Worker, waiting: list[tuple[int, Text]]) -> None:
    worker.number, text = waiting.pop()
    worker.begun = time.monotonic()
    with suppress(OSError):  # it has died: the next wait says so
        worker.pipe.send(text)


def _work(pipe: Connection, options: Options) -> None:
    """The life of a worker: a text in, a report out, until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(EOFError, OSError):
        while True:
            path, text = pipe.recv()
            pipe.send(report_of(path, text, options))


def _finished(
    workers: Sequence[_Worker], texts: Sequence[Text], seconds: float | None
) -> list[tuple[_Worker, Report]]:
    """The workers that are done, have died or have used up their time; waits until there is one."""
    left = [limit for w in workers if (limit := w.left(seconds)) is not None]
    ready = wait([w.pipe for w in workers], max(0.0, min(left)) if left else None)
    done = [(w, _received(w, texts)) for w in workers if w.pipe in ready]
    for w in workers:
        limit = w.left(seconds)
        if w.pipe not in ready and limit is not None and limit <= 0:
            assert w.number is not None
            text = texts[w.number]
            sentence = f"{text[0]}: not judged within the time limit of {seconds:g} s"
            done.append((w, _failed(text, sentence)))
    return done


def _received(worker: _Worker, texts: Sequence[Text]) -> Report:
    assert worker.number is not None
    try:
        report = worker.pipe.recv()
        assert isinstance(report, Report)
        return report
    except (EOFError, OSError):
        worker.process.join(1)
        text, status = texts[worker.number], worker.process.exitcode
        killed = status is not None and status < 0
        how = f"signal {-status}" if killed and status else f"status {status}"
        return _failed(text, f"{text[0]}: the process that judged it died ({how})")


def _end(worker: _Worker) -> None:
    worker.pipe.close()
    worker.process.kill()
    worker.process.join()
