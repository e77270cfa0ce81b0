"""The licence-free engine: Aegra (Apache-2.0) behind the contract of `langgraph build`.

An image that `langgraph build` makes gets its graphs in `LANGSERVE_GRAPHS`, the rest of
`langgraph.json` in `LANGGRAPH_STORE`, `LANGGRAPH_HTTP`, `LANGGRAPH_AUTH` and
`LANGGRAPH_CHECKPOINTER`, and its databases in `DATABASE_URI` and `REDIS_URI`. This package
translates them for Aegra and adds what Aegra lacks.
"""

AEGRA_VERSION = "0.11.0"  # the one that this package was written against
