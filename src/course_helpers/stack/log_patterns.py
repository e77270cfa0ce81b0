"""Known failures, recognised by a line of a container's log or of Compose's or a build's output.

A row of the table: the failure's name, a regular expression, what happened, and what to do about
it. The first row that matches a line counts. The text of a named group replaces its braces in the
sentences.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

API = "langgraph-api"


class Pattern(NamedTuple):
    """One row of the table.

    Attributes:
        name: of the failure.
        regex: searched for in a line.
        what: what happened, as a clause.
        fix: what to do, best a command.
        service: whose log the line must be in; empty for any.
        ends: whether it can end a container; if not, it disturbs a running one.
    """

    name: str
    regex: re.Pattern[str]
    what: str
    fix: str
    service: str = ""
    ends: bool = True


def _rows(
    *rows: tuple[str, str, str, str], service: str = "", ends: bool = True
) -> Iterable[Pattern]:
    return [Pattern(n, re.compile(r), what, fix, service, ends) for n, r, what, fix in rows]


def _error(exception: str) -> str:
    """Return the regular expression of an exception, as a traceback or the engine says it."""
    return rf'(?P<said>(?:[A-Z]\w{{1,60}}[(:]+[ "]*)?{exception}.*?)(?:\.? To fix it: .*)?$'


_PLUGIN = (
    "update Docker Desktop, or: sudo apt-get install docker-compose-plugin (Debian: docker-compose)"
)
_DOCKER = "update Docker: https://docs.docker.com/get-docker/"
_FREE = ", or leave BASE_IMAGE empty for the licence-free engine; then: make images up"
_DELETE = "make down VOLUMES=1 (this deletes the stack's data), then: make up"
_QUEUE = (
    "make down, then: docker volume rm task-maistro_redis-data (only the queue: threads and "
    "memories are in Postgres), then: make up"
)
_HOSTS = (
    "leave DATABASE_URI and REDIS_URI to compose (make up), or name hosts that the container can "
    "reach: langgraph-postgres, langgraph-redis"
)
_WHERE = r"[^(]*(?P<where>(?:\(/deps/[^)]*\))?)"  # the place in the graph that the engine names

# fmt: off
_DOCKER_AND_COMPOSE = _rows(
    ("engine not running", r"Cannot connect to the Docker daemon|error during connect: .*docker",
     "no Docker engine answers", "start Docker Desktop, or run: sudo systemctl start docker"),
    ("no right to Docker", r"permission denied while trying to connect to the [Dd]ocker",
     "you have no right to Docker's socket",
     "sudo usermod -aG docker $USER, then log out and in again"),
    ("no Compose", r"unknown (?:shorthand )?flag: (?:--file|'f' in -f)|'compose' is not a docker",
     "Docker has no Compose plugin", _PLUGIN),
    ("Compose too old", r"'name' does not match any of the regexes"
     r"|Unsupported config option for services|env_file.* (?:must|should) be a string",
     "this Docker Compose is too old to read deployment/docker-compose.yml", _PLUGIN),
    ("Docker too old", r'"json" is not valid JSON',
     "this Docker is too old for the langgraph command", _DOCKER),
    ("Docker not in WSL", r"langgraph_cli\.docker\.check_capabilities",
     "the langgraph command finds no Docker engine that tells its version",
     f"in WSL 2, switch on Docker Desktop's WSL integration; else {_DOCKER}"),
    ("no passwords", r'is missing a value: is not set, run "make up" first',
     "the databases have no passwords yet", "make up (it makes them)"),
    ("port taken", r"(?:listen tcp\S*|Bind for|bind host port(?: for)?) \S*?:(?P<port>\d+)\b.*"
     r"(?:address already in use|already allocated|forbidden by its access permissions)",
     "port {port} is held by another program",
     "stop that program, or write another port into deployment/.env: API_PORT=8124; then: make up"),
    ("no port", r"[Ii]nvalid hostPort: (?P<port>\S+)", "{port} is no port",
     "write one from 1024 to 65535 into deployment/.env: API_PORT=8123; then: make up"),
    ("no image", r"(?:[Nn]o such image:|pull access denied for|manifest for) "
     r"(?P<image>[\w./-]+(?::[\w.-]+)?)", "there is no image {image} here", "make images"),
    ("too many pulls", r"toomanyrequests: ",
     "Docker Hub lets this network pull no more for now", "docker login, then: make images"),
    ("no registry", r"https://\S+/v2/.*(?:dial tcp|timeout|refused|no such host)",
     "an image is not here, and no registry answers",
     "make images (it builds what it cannot fetch), or connect to a network"),
    ("program not in image", r'exec: "(?P<program>[^"]+)": (?:stat|executable|permission)',
     "its image has no program {program}",
     "check API_IMAGE, POSTGRES_IMAGE and REDIS_IMAGE in deployment/.env, then: make images up"),
    ("Windows line ends", r"^exec (?P<program>\S+): no such file or directory",
     "its image cannot run {program}, most often because that has the line ends of Windows",
     "save it with those of Unix (LF), then: make images up"),
    ("other processor", r"exec format error",
     "the image is made for another kind of processor", "build it on this computer: make images"),
    ("dependency failed", r"dependency failed to start: container (?P<container>\S+) (?P<how>.+)",
     "container {container} {how}", "look at: make logs"),
    ("requirements contradict",
     r"[Bb]ecause (?P<why>[^,]+), we can conclude that your requirements are unsatisfiable",
     "no versions fit together: {why}",
     "change one of these in deployment/requirements.txt, then: make images"),
)
_LICENSED_SERVER = _rows(
    ("licence", r"[Ll]icense verification failed|License key is not valid"
     r"|configure the LANGGRAPH_CLOUD_LICENSE_KEY",
     "the licensed server found no valid key",
     f"put LANGSMITH_API_KEY or LANGGRAPH_CLOUD_LICENSE_KEY into deployment/.env{_FREE}"),
    ("licence not checked", r"Error checking Langsmith access",
     "the licensed server cannot reach LangSmith, which checks its key",
     f"give it a way to api.smith.langchain.com{_FREE}"),
    ("variable missing", r"Config '(?P<variable>\w+)' is missing, and has no default",
     "{variable} is not set", "start it with deployment/docker-compose.yml: make up"),
    ("migration",
     r"\[error *\] migrate: |Dirty database version|errors\.Undefined(?:Column|Table): ",
     "its tables are of another version, and the server cannot migrate them", _DELETE),
)
_GRAPH = _rows(
    ("syntax", _error(r"(?:Syntax|Indentation|Tab)Error: "),
     "the graph cannot be read: {said}", "correct that line, then: make images up"),
    ("package of another version",
     _error(r"No module named '(?:langgraph|langchain|aegra)\w*\.[\w.]+'"),
     "the image has another version of a package than its code needs: {said}",
     "let deployment/requirements.txt pin no langgraph or langchain-core that is older than the "
     "server's; then: make images up"),
    ("package missing", _error(r"No module named '"),
     "the graph cannot be imported: {said}",
     "write the package into deployment/requirements.txt, or put the file beside the graph; then: "
     "make images up"),
    ("name not in package", _error(r"cannot import name '\w+' from '(?P<package>\w+)[\w.]*'"),
     "the graph cannot be imported: {said}",
     "correct the import, or ask in deployment/requirements.txt for a version of {package} that "
     "has the name; then: make images up"),
    ("key missing", r"(?:credentials|api_key|Did not find|KeyError: ').*?"
     rf"(?P<key>[A-Z][A-Z0-9_]*_(?:KEY|TOKEN))\b{_WHERE}",
     "{key} is not set, and the graph asks for it on import {where}",
     "write it into deployment/.env: {key}=…; then: make up"),
    ("variable not in graph", r"Graph export not found: (?P<variable>\S+) in (?P<file>/\S+\.py)",
     "there is no variable {variable} in {file}",
     "correct deployment/langgraph.json, then: make images up"),
    ("read-only", rf"OSError: \[Errno 30\] Read-only file system: '(?P<path>[^']*)'{_WHERE}",
     "the graph writes to {path}, but a container's file system is read-only {where}",
     "write to /tmp (lost at the end), or keep it in the store; then: make images up"),
    ("permission", rf"PermissionError: \[Errno 13\] Permission denied: '(?P<path>[^']*)'{_WHERE}",
     "the graph, which does not run as root, has no right to {path} {where}",
     "use a path under /tmp or in the graph's own folder, then: make images up"),
)
_DATABASES = _rows(
    ("too many clients", r"engine: Postgres does not answer .*too many clients",
     "Postgres has no connection left", "run fewer servers on this database, then: make up"),
    ("database on localhost",
     r"engine: (?P<db>\w+) does not answer at (?P<at>(?:localhost|127\.[\d.]+|::1):\d+)",
     "{db} does not answer at {at}, which in a container is the container itself", _HOSTS),
    ("database host unknown",
     r"engine: (?P<db>\w+) does not answer at (?P<host>\S+?):\d+: .*(?:resolve|not known)",
     "there is no host {host}, where {db} should be", _HOSTS),
    ("database not answering", r"engine: (?P<db>\w+) does not answer at (?P<at>\S+): ",
     "{db} does not answer at {at}", f"see whether it runs: docker ps; else {_HOSTS}"),
    ("no Postgres address",
     r'missing "=" after .* in connection info string|invalid (?:dsn|connection option)',
     "DATABASE_URI is not an address",
     "leave it to compose (make up), or write postgresql://USER:PASSWORD@HOST:5432/NAME"),
    ("no Redis address", r"Redis URL must specify one of the following schemes",
     "REDIS_URI is not an address",
     "leave it to compose (make up), or write redis://:PASSWORD@HOST:6379/0"),
    ("Redis without a password", r"ResponseError: DENIED Redis is running in protected mode",
     "Redis has no password, and so takes no connection from another container",
     "give it one as deployment/docker-compose.yml does, then: make up"),
    ("Postgres password", r"OperationalError: .*password authentication failed",
     "Postgres refuses the password",
     f"put the one that the volume was made with into deployment/.env, or: {_DELETE}"),
    ("Postgres unreachable",
     r'OperationalError: .*server at "(?P<host>[^"]+)", port (?P<port>\d+) failed: (?P<why>.+)',
     "Postgres does not answer at {host}:{port}: {why}", _HOSTS),
    ("Redis unreachable",
     r"ConnectionError: Error -?\d+ connecting to (?P<at>\S+?)\. (?P<why>.+?)\.*$",
     "Redis does not answer at {at}: {why}", _HOSTS),
)
_POSTGRES = _rows(
    ("Postgres version",
     r"initialized by PostgreSQL version (?P<old>\d+), .* this version (?P<new>\d+)",
     "the data's volume was made by another version of PostgreSQL ({old}, this is {new})",
     f"use an image of that one (POSTGRES_IMAGE in deployment/.env), or: {_DELETE}"),
    ("Postgres damaged", r"PG_CONTROL_VERSION|could not find the database system"
     r"|could not locate a valid checkpoint|could not access the server configuration file",
     "the database's files are damaged or incomplete", f"bring back a backup, or: {_DELETE}"),
    ("Postgres lock file", r'lock file "(?P<file>[^"]+)" (?:is empty|already exists)',
     "{file} in the data's volume says that another Postgres is at work there",
     "if there is none (docker ps), delete that file; then: make up"),
    ("no superuser password",
     r"POSTGRES_PASSWORD: must be set|superuser password is not specified",
     "POSTGRES_PASSWORD is empty", "make up (it makes one)"),
)
_REDIS = _rows(
    ("Redis version", r"Can't handle RDB format version (?P<new>\d+)",
     "the data's volume was made by another version of Redis (its format is {new})",
     f"use a newer image (REDIS_IMAGE in deployment/.env), or: {_QUEUE}"),
    ("Redis damaged", r"Bad file format reading the append only file|Unable to obtain the AOF file"
     r"|Short read or OOM loading DB|Wrong signature trying to load DB",
     "Redis' files are damaged or incomplete", _QUEUE),
    ("Redis option", r">>> '(?P<option>.+)'$", "Redis does not understand the option {option}",
     "correct the command of langgraph-redis in deployment/docker-compose.yml, then: make up"),
)
_VOLUMES = _rows(
    ("disk full", r"^(?!.*MISCONF).*(?:No space left on device|Check free disk space)"
     r"|Short write while writing to the AOF",
     "the disk is full", "make room, for instance: docker system prune; then: make up"),
    ("volume of another user", r"has wrong ownership|has invalid permissions"
     r"|(?:could not|Can't) .*: Permission denied|(?:chown|chmod|could not change) .*not permitted",
     "the data's volume belongs to another user", _DELETE),
    ("volume read-only", r"could not create \S+ .*: Read-only file system",
     "the data's volume is read-only",
     "mount it as deployment/docker-compose.yml does, then: make up"),
    ("volume not empty", r"directory .* exists but is not empty",
     "the data's volume holds files, but no database", _DELETE),
)
_WRONG_IMAGE = _rows(
    ("database's image", r"Redis is starting|starting PostgreSQL|POSTGRES_PASSWORD: must be set"
     r"|superuser password is not specified",
     "its image is a database's, not the agent's",
     "write into deployment/.env: API_IMAGE=task-maistro; then: make images up"),
    service=API,
)
_RUNNING = _rows(
    ("blocking call", r"Blocking call to (?P<call>[\w.]+)",
     "the graph makes a blocking call in async code: {call}",
     "await an async function instead, or: await asyncio.to_thread(…); then: make images up"),
    ("Redis cannot write", r"MISCONF ", "Redis takes no data, because it cannot save it",
     "is its disk full? Look at langgraph-redis: make logs; then: make up"),
    ("Redis full", r"command not allowed when used memory > 'maxmemory'",
     "Redis has reached its own memory limit",
     "raise its maxmemory in deployment/docker-compose.yml, then: make up"),
    ("Redis lost", r"Redis (?:BLPOP failed|does not answer)|Cancel listener disconnected",
     "the server has lost Redis", "look at langgraph-redis: make logs; then: make up"),
    ("too many clients", r"too many clients already",
     "Postgres has no connection left", "run fewer servers on this database, then: make up"),
    ("Postgres lost", r"readiness check failed: database|Looking for forgotten runs failed: "
     r"|Error in (?:lease reaper|cron scheduler tick): ",
     "the server has lost Postgres", "look at langgraph-postgres: make logs; then: make up"),
    ends=False,
)
_ENGINE = _rows(  # what it says itself, with its own fix (its startup/errors.py)
    ("engine", r"^engine: (?P<what>.+?)[.?]* "
     r"To fix it: (?P<fix>.+?)\.?$", "{what}", "{fix}"),
)
# fmt: on
PATTERNS = (
    *(*_WRONG_IMAGE, *_DOCKER_AND_COMPOSE, *_LICENSED_SERVER, *_GRAPH, *_DATABASES, *_POSTGRES),
    *(*_REDIS, *_VOLUMES, *_RUNNING, *_ENGINE),
)
