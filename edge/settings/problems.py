"""What may be wrong with settings, and how it is told: where, which rule, what was found, what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake in one file."""

    file: str
    line: int
    """From 1; 0 when the file as a whole is meant."""
    column: int
    """From 1; 0 when the file as a whole is meant."""
    key: str
    """The path of keys, e.g. `view.look[1].x0`; empty when the file as a whole is meant."""
    rule: str
    got: str
    """What stands there; never a secret."""
    fix: str

    @property
    def place(self) -> str:
        """`config/north.yaml:12:3`, as editors and compilers write it."""
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file

    def as_dict(self) -> dict[str, str | int]:
        """For programs."""
        return asdict(self)

    def __str__(self) -> str:
        key = f" {self.key}:" if self.key else ""
        return f"{self.place}:{key} {self.rule}; got {self.got}; {self.fix}"


class SettingsWrong(Exception):
    """The settings cannot be used: every problem that was found, by line. The program refuses to start."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        assert problems, "SettingsWrong without a problem"
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.file, problem.line, problem.column)))
        super().__init__("\n".join(str(problem) for problem in self.problems))
