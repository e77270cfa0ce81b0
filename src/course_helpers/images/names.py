"""The names of the stack's images, and which of them are missing here."""

from __future__ import annotations

from course_helpers.core.settings import Settings, load_settings
from course_helpers.images.build import INSPECT_TIMEOUT, image_sources

ENGINE = "task-maistro-engine"
PYTHON = "3.13"  # "python_version" in langgraph.json, which `langgraph build` adds as the tag
OFFICIAL = {
    "PYTHON_IMAGE": f"python:{PYTHON}-slim",
    "REDIS_IMAGE": "redis:8",
    "POSTGRES_IMAGE": "pgvector/pgvector:pg17",
}
BUNDLED = "images"  # the folder of a bundle (`make bundle`) that holds the next two
NAMES, ARCHIVE = "images.env", "images.tar.gz"


def base_image(settings: Settings, variable: str) -> str:
    """Return which image is used for Python, Redis or Postgres."""
    return settings.value(variable, OFFICIAL[variable])


def stack_images(settings: Settings) -> list[str]:
    """Return the images that the stack runs, the agent's own last."""
    databases = [base_image(settings, name) for name in ("REDIS_IMAGE", "POSTGRES_IMAGE")]
    return [*databases, settings.value("API_IMAGE", "task-maistro")]


def missing_images(timeout: float = INSPECT_TIMEOUT) -> list[str]:
    """Return the images of the stack that are not on this computer.

    Args:
        timeout: seconds for Docker to answer.

    Raises:
        DockerError: Docker does not answer.
    """
    wanted = stack_images(load_settings())
    return [image for image in wanted if image_sources(image, timeout) is None]
