"""What is kept in Postgres: threads, their states and checkpoints, and who may touch them.

access        which threads a caller may touch
checkpoints   a thread's checkpoints copied and deleted
graphs        a thread's graph, opened to read or write a state
locks         the lock of a thread, which all replicas respect
records       each thread's values, kept beside it for searches
tables        our own table
threads       threads as a LangGraph server shows them
views         states and runs as a LangGraph server shows them
"""
