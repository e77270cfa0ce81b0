"""The learner's own files: `deployment/.env` and the copies of the lessons in `work/`.

Git ignores both, so that neither `git pull` nor the tests ever meet a learner's edits.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from course_helpers.core.errors import CourseError
from course_helpers.core.settings import ROOT


def find_lessons(root: Path = ROOT) -> list[Path]:
    """Return the lessons' notebooks, in order.

    Raises:
        CourseError: there are none.
    """
    lessons = sorted((root / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    if not lessons:
        raise CourseError(
            f"{root / 'notebooks'} holds no lesson.", "fetch the course again, for instance by git"
        )
    return lessons


def make_working_copies(root: Path = ROOT) -> list[Path]:
    """Copy the notebooks and pictures that are not in `work/` yet; never touch what is there.

    Returns:
        The notebooks made.
    """
    work = root / "work"
    work.mkdir(exist_ok=True)
    notebooks = [*find_lessons(root), *(root / "notebooks").glob("reference.ipynb")]
    missing = [n for n in notebooks if not (work / n.name).exists()]
    for lesson in missing:
        _copy_lesson(lesson, work / lesson.name)
    images = root / "notebooks" / "images"
    for image in images.rglob("*"):
        target = work / "images" / image.relative_to(images)
        if image.is_file() and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(image, target)
    return [work / lesson.name for lesson in missing]


def _copy_lesson(lesson: Path, target: Path) -> None:
    """Copy a notebook without outputs: what a learner then sees, the learner has run.

    Stored outputs would look like success before anything ran, and their widgets are dead.
    """
    notebook = json.loads(lesson.read_text(encoding="utf-8"))  # nbformat takes 1.5 s to import
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    notebook["metadata"].pop("widgets", None)
    target.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def reset_lesson(number: str, root: Path = ROOT) -> tuple[Path, Path | None]:
    """Give a lesson a fresh working copy and keep the old one under a numbered name.

    Args:
        number: the lesson's number, for instance "4" or "04".

    Returns:
        The fresh copy, and the kept one (None if there was none).

    Raises:
        CourseError: there is no such lesson.
    """
    lessons = {lesson.name[:2]: lesson for lesson in find_lessons(root)}
    lesson = lessons.get(number.zfill(2)) if number.isdecimal() else None
    if lesson is None:
        known = ", ".join(path.stem for path in lessons.values())
        raise CourseError(
            f"There is no lesson {number!r} (there is {known}).",
            f"name one by its number: make reset LESSON={next(iter(lessons))}",
        )
    copy, kept = root / "work" / lesson.name, None
    if copy.exists():
        kept = _free_name(copy)
        copy.rename(kept)
    make_working_copies(root)
    return copy, kept


def _free_name(copy: Path) -> Path:
    """Return the first unused name of the form `04_name.old-1.ipynb`."""
    number = 1
    while (kept := copy.with_name(f"{copy.stem}.old-{number}.ipynb")).exists():
        number += 1
    return kept
