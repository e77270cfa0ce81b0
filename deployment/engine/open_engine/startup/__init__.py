"""From the environment of a container to a server that answers.

configuration   what `langgraph build` and Compose set, as Aegra reads it
databases       both databases awaited, and why one cannot be used, in a sentence
errors          why the server cannot start, and what to do
serving         the server, once all of that is there
"""
