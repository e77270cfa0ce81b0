"""The images of the stack: each is fetched, or built where no registry answers.

python -m course_helpers.images.make    build what is missing or out of date

| image                | from                                                                |
| -------------------- | ------------------------------------------------------------------- |
| redis, postgres      | the registry; without one, `deployment/images/` from Debian packages |
| the engine           | `deployment/engine/`, on Python's image (or its stand-in)            |
| task-maistro         | `langgraph build`, on the engine (or on `BASE_IMAGE`)                |
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dotenv import dotenv_values, set_key

from course_helpers.core import docker_checks
from course_helpers.core.errors import BuildError, CourseError
from course_helpers.core.processes import ending_with_a_sentence
from course_helpers.core.settings import (
    DEPLOYMENT,
    ENV_FILE,
    ROOT,
    Settings,
    load_settings,
    prepare_env_file,
)
from course_helpers.images.archives import load_images
from course_helpers.images.build import CACHES, SOURCES, image_sources, run_shown, sources_hash
from course_helpers.images.debian import STAND_INS, build_stand_in
from course_helpers.images.names import (
    ARCHIVE,
    BUNDLED,
    ENGINE,
    NAMES,
    OFFICIAL,
    PYTHON,
    base_image,
    missing_images,
)

CA_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT")


def load_bundled(folder: Path = ROOT / BUNDLED) -> None:
    """Load the images that came with the course, if it has any and one of them is missing here.

    A setting that names a missing image is then changed to name the one that came along.

    Raises:
        BuildError: they cannot be loaded.
    """
    names = {k: v for k, v in dotenv_values(folder / NAMES).items() if v}
    if any(image_sources(image) is None for image in names.values()):
        print("The images that came with the course ...", flush=True)
        load_images(folder / ARCHIVE)
    for variable in OFFICIAL:
        if variable in names and image_sources(base_image(load_settings(), variable)) is None:
            _use(variable, names[variable])


def image_source() -> str:
    """Check that the stack's images are here, or can be fetched.

    Raises:
        CourseError: neither; the fix names the alternatives.
    """
    try:
        return docker_checks.registry()
    except CourseError as error:
        if not missing_images(docker_checks.TIMEOUT):
            return "no registry answers, but the stack's images are here"
        if (ROOT / BUNDLED / ARCHIVE).is_file():
            return "no registry answers, but the stack's images came with the course"
        fix = f"{error.fix}; or, as root on Debian or Ubuntu: make images"
        raise CourseError(error.what, fix) from None


def make_images() -> None:
    """Fetch or build everything that the stack runs; what is up to date is left alone.

    Raises:
        DockerError: there is no Docker to do it with.
        BuildError: an image can neither be fetched nor built.
        SettingsError: `deployment/.env` cannot be read.
    """
    docker_checks.require(build=True)
    prepare_env_file()
    load_bundled()
    licensed = load_settings().value("BASE_IMAGE")
    for variable in OFFICIAL:
        if variable != "PYTHON_IMAGE" or not licensed:
            _provide(variable)
    settings = load_settings()
    if not licensed:
        build_engine(base_image(settings, "PYTHON_IMAGE"))
    build_agent(settings)


def _provide(variable: str) -> None:
    """Make sure that a base image is here: fetch it, or build a stand-in and use that instead."""
    image = base_image(load_settings(), variable)
    if image in STAND_INS.values():
        build_stand_in(image)
    elif image_sources(image) is not None:
        print(f"{image}: here")
    elif problem := _registry_problem():
        stand_in = STAND_INS[variable]
        print(f"{image}: {problem}, so Debian's packages stand in for it")
        build_stand_in(stand_in)
        _use(variable, stand_in)
    else:
        run_shown(["docker", "pull", image], image)


def _use(variable: str, image: str) -> None:
    """Use another image than the official one from now on."""
    set_key(ENV_FILE, variable, image, quote_mode="never")
    print(f"{variable}={image} is now in {ENV_FILE.name}")


def _registry_problem() -> str | None:
    try:
        docker_checks.registry()
    except CourseError as error:
        return error.what
    return None


def build_engine(python_image: str) -> None:
    """Build the licence-free base image, unless an up-to-date one is here.

    Raises:
        BuildError: the build failed.
    """
    image, folder = f"{ENGINE}:{PYTHON}", DEPLOYMENT / "engine"
    sources = sources_hash(folder, python_image)
    if image_sources(image) == sources:
        print(f"{image}: up to date")
        return
    with _with_certificates(folder) as context:
        run_shown(
            [
                *("docker", "build", "--tag", image, "--label", f"{SOURCES}={sources}"),
                *("--build-arg", f"PYTHON_IMAGE={python_image}", str(context)),
            ],
            image,
        )


@contextmanager
def _with_certificates(folder: Path) -> Iterator[Path]:
    """Yield a copy of a build's folder that holds the certificates this computer trusts.

    In a network that inspects TLS, nothing could be installed inside a build without them.
    """
    bundle = next((os.environ[name] for name in CA_VARIABLES if os.environ.get(name)), None)
    with tempfile.TemporaryDirectory() as temporary:
        context = Path(temporary) / folder.name
        shutil.copytree(folder, context, ignore=shutil.ignore_patterns(*CACHES))
        if bundle and Path(bundle).is_file():
            shutil.copyfile(bundle, context / "certificates" / "this-computer.crt")
        yield context


def build_agent(settings: Settings, deployment: Path = DEPLOYMENT) -> None:
    """Build the agent's image with `langgraph build`.

    Args:
        settings: `API_IMAGE` is its name, `BASE_IMAGE` what it is built on.
        deployment: the folder with `langgraph.json`.

    Raises:
        BuildError: there is no `langgraph.json`, or the build failed.
    """
    image, licensed = settings.value("API_IMAGE", "task-maistro"), settings.value("BASE_IMAGE")
    base = ["--base-image", licensed] if licensed else ["--base-image", ENGINE, "--no-pull"]
    command = [sys.executable, "-m", "langgraph_cli", "build", "--tag", image]
    if not (deployment / "langgraph.json").is_file():
        raise BuildError(
            f"There is no {deployment / 'langgraph.json'}.", "git checkout -- deployment"
        )
    run_shown([*command, "--config", str(deployment / "langgraph.json"), *base], image)


if __name__ == "__main__":
    with ending_with_a_sentence():
        make_images()
