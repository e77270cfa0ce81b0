"""A program that runs in a container of the server's image and prints what the image serves.

It prints JSON: the server's name and the versions of its tables that it can start from, the newest
first; null if it is not the open engine. Alembic reads the versions from the files that Aegra
brings, without a database. `preflight` reads this file; nothing imports it.
"""

import json
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

engine = None
if aegra := find_spec("aegra_api"):
    from alembic.script import ScriptDirectory

    script = ScriptDirectory(str(Path(str(aegra.origin)).parent / "alembic"))
    revisions = [revision.revision for revision in script.walk_revisions()]
    engine = [f"Aegra {version('aegra-api')}", revisions]
print(json.dumps(engine))
