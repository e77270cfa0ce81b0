"""What the server answers, in front of Aegra's own routes: the first that fits.

assistant_requests   what a client may ask of assistants
assistant_service    assistants as Aegra keeps them, by a LangGraph server's rules
assistants           assistants and their versions
cron_requests        what a client may ask of crons
crons                runs at set times
info                 `/ok`, `/info`, `/metrics`
pages                the pages of a search
paths                the `extract` of a search for threads
refusals             how the server refuses: `detail`, with the field that is wrong
run_answers          a run's result or its events as an answer
runs                 runs, with and without a thread
store                the store, by the namespaces that graphs use
thread_pruning       threads deleted by their ids, or cut down to their newest state
thread_search        threads found and counted
thread_states        a thread's state: read, updated, and its history
thread_stream        the events of all runs of a thread
threads              threads: made, read, changed, copied and deleted
"""
