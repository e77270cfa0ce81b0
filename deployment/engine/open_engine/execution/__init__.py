"""A run from its request to what follows it.

after_run         what follows a run: its thread's status, its webhook, the next run
cancelling        a run ended before its time, interrupted or rolled back
creation          a run made, under the lock of its thread
events            a run's events: kept, replayed and followed
failures          why a run failed, by the error's own type and message
lost_connection   a run whose database breaks away goes on from its last checkpoint
outcomes          a run's status, as on a LangGraph server
queue             one active run a thread, in order, on whichever replica
run_request       a run as a client asks for it
webhooks          the request that tells somebody of a run's end
"""
