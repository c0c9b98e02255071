"""Reads case files: YAML whose scalars all stay text, one case a file, refused with file, key and reason.

A directory is read whole: every problem of every file is reported at once.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from orchestration.conformance.case import Case
from orchestration.conformance.values import Strict

SUITE_FILE = "suite.yml"
Model = TypeVar("Model", bound=BaseModel)
DEFAULT_AS_OF = date(2028, 1, 1)


class CaseError(ValueError):
    """Case files that cannot be read; one line a problem, each naming file, key and reason."""


class SuiteOptions(Strict):
    """``suite.yml``: what holds for every case of a directory."""

    as_of: date = DEFAULT_AS_OF


@dataclass(frozen=True)
class Suite:
    """The cases of a directory and the cut-off they are measured at."""

    folder: Path
    as_of: datetime
    cases: tuple[Case, ...]


class _TextLoader(yaml.BaseLoader):
    """Every scalar is text, and a key given twice is an error instead of a silent last word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    "", None, f"key {key.value!r} is given twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_case(path: Path) -> Case:
    """One case. Errors: CaseError naming the file, the key and what is wrong with it."""
    return _read(path, Case)


def read_suite(folder: Path) -> Suite:
    """Every ``*.yml`` below a folder, in order of case id. Errors: CaseError with all problems."""
    if not folder.is_dir():
        raise CaseError(f"{folder}: no such directory of cases")
    cases: dict[str, tuple[Path, Case]] = {}
    problems = []
    options = SuiteOptions()
    for path in sorted([*folder.rglob("*.yml"), *folder.rglob("*.yaml")]):
        try:
            if path.name == SUITE_FILE:
                options = _read(path, SuiteOptions)
                continue
            case = read_case(path)
        except CaseError as error:
            problems.append(str(error))
            continue
        if case.id in cases:
            problems.append(f"{path}: id: {case.id!r} is also the id of {cases[case.id][0]}")
        cases[case.id] = (path, case)
    if not cases and not problems:
        problems.append(f"{folder}: no case files (*.yml) in it")
    if problems:
        raise CaseError("\n".join(problems))
    as_of = datetime.combine(options.as_of, datetime.min.time(), UTC)
    return Suite(folder, as_of, tuple(case for _, (_, case) in sorted(cases.items())))


def _read(path: Path, model: type[Model]) -> Model:
    try:
        content = yaml.load(path.read_text(), Loader=_TextLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CaseError(f"{path}: not readable as YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise CaseError(f"{path}: holds {type(content).__name__}, not a mapping of keys")
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise CaseError("\n".join(_problems(path, error))) from error


def _problems(path: Path, error: ValidationError) -> Iterable[str]:
    found = error.errors()
    for problem in found:
        # A list that is empty because its members were refused is not a second mistake.
        within = len(problem["loc"])
        if problem["type"] == "too_short" and any(
            other is not problem and other["loc"][:within] == problem["loc"] for other in found
        ):
            continue
        key = _key(problem["loc"])
        message = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            message = "unknown key; FORMAT.md lists those a case may have"
        yield f"{path}: {key + ': ' if key else ''}{message}"


def _key(location: tuple[int | str, ...]) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")
